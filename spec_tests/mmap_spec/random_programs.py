"""Random programs over several files and mappings, as plain data, and how to play them.

A program is a list of steps that name what earlier steps made by its number, so
that the same program can be played on any candidate; ``compare.py`` does that.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from mmap_spec.candidate import Candidate, CandidateDied, Raised, RemoteFile, Returned, calls
from mmap_spec.strategies import ALPHABET, integers_near, needles_in, pattern

SIZES = (1, 2, 10, 4095, 4096, 4097, 9000)
HUGE = (2**31 - 1, 2**31, 2**63 - 1, 2**63, 2**64, -(2**31), -(2**63), -(2**63) - 1)
ACCESSES = ("ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY")
OPENINGS = ("anonymous", "mapped")  # the kinds of step that make a mapping
LOOK = "file size"  # the kind of step that only looks at what the others left behind
SLOTS = {"close": (), "resize": (1,), "seek": (0,)}  # what a hostile index does first


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: what it does, to which of the mappings made before, with which arguments."""

    kind: str  # an opening, "call", "get", "set", "delete", "export", "release" or a look
    name: str = ""
    mapping: int = 0
    args: tuple[Any, ...] = ()


@dataclasses.dataclass(frozen=True)
class HostileIndex:
    """An integer whose conversion first does something to the mapping of its step."""

    answer: int
    deed: str


def deeds(step: Step) -> frozenset[str]:
    """What the hostile arguments of a step do."""
    return frozenset(arg.deed for arg in step.args if isinstance(arg, HostileIndex))


# -- generating -------------------------------------------------------------


def integers(hostile: bool = True) -> st.SearchStrategy[Any]:
    """Integers for any slot: near a size, huge, and, seldom, hostile."""
    near = st.sampled_from(SIZES).flatmap(lambda size: integers_near(size))
    small = st.integers(-3, 12)
    plain = st.one_of(small, near, st.sampled_from(HUGE))
    if not hostile:
        return plain
    return st.one_of(
        plain, plain, plain, st.builds(HostileIndex, small, st.sampled_from(list(SLOTS)))
    )


DATA = st.one_of(
    st.lists(st.sampled_from(list(ALPHABET)), max_size=6).map(bytes),
    st.sampled_from(SIZES).map(pattern),
)
NEEDLES = needles_in(pattern(64)) | DATA
KEYS = st.one_of(integers(), st.builds(slice, *[st.none() | integers(hostile=False)] * 3))
METHODS: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "find": st.tuples(NEEDLES)
    | st.tuples(NEEDLES, integers())
    | st.tuples(NEEDLES, *[integers()] * 2),
    "rfind": st.tuples(NEEDLES)
    | st.tuples(NEEDLES, integers())
    | st.tuples(NEEDLES, *[integers()] * 2),
    "read": st.tuples() | st.tuples(st.none() | integers()),
    "read_byte": st.tuples(),
    "readline": st.tuples(),
    "write": st.tuples(DATA),
    "write_byte": st.tuples(integers()),
    "seek": st.tuples(integers()) | st.tuples(integers(), st.integers(-1, 4)),
    "tell": st.tuples(),
    "size": st.tuples(),
    "move": st.tuples(*[integers()] * 3),
    "resize": st.tuples(integers()),
    "flush": st.tuples() | st.tuples(integers()) | st.tuples(*[integers()] * 2),
    "close": st.tuples(),
    "__len__": st.tuples(),
    "seekable": st.tuples(),
}


@st.composite
def programs(draw: st.DrawFn, max_steps: int = 10) -> list[Step]:
    """A program: one or two mappings, then steps on them."""
    steps = [draw(openings()) for _ in range(draw(st.integers(1, 2)))]
    mappings = len(steps)
    for _ in range(draw(st.integers(1, max_steps))):
        target = draw(st.integers(0, mappings - 1))
        kind = draw(st.sampled_from(["call"] * 6 + ["get", "set", "delete", "export", "release"]))
        if kind == "call":
            name = draw(st.sampled_from(list(METHODS)))
            steps.append(Step("call", name, target, draw(METHODS[name])))
        elif kind in ("get", "delete"):
            steps.append(Step(kind, kind, target, (draw(KEYS),)))
        elif kind == "set":
            steps.append(Step(kind, kind, target, (draw(KEYS), draw(integers() | DATA))))
        else:
            steps.append(Step(kind, kind, target))
        if steps[-1].name == "resize":
            steps.append(Step(LOOK, LOOK, target))
    return steps


def openings() -> st.SearchStrategy[Step]:
    """The first steps: a mapping of a new file, or of anonymous memory."""
    contents = st.sampled_from(SIZES).map(pattern)
    mapped = st.tuples(contents, st.sampled_from(ACCESSES))
    return st.builds(Step, st.just("mapped"), st.just("mmap"), st.just(0), mapped) | st.builds(
        Step, st.just("anonymous"), st.just("mmap"), st.just(0), st.tuples(contents)
    )


# -- cutting down -----------------------------------------------------------


def minimise(steps: list[Step], shows: Callable[[list[Step]], bool]) -> list[Step]:
    """A shorter program of which ``shows`` still holds; its last step stays the last.

    One pass over steps and arguments, and not a search for the shortest: to play a program can cost
    the life of a worker.
    """
    for index in reversed(range(len(steps) - 1)):
        shorter = without(steps, index)
        if shorter and shows(shorter):
            steps = shorter
    for index in range(len(steps)):
        for place in range(len(steps[index].args)):
            for simpler in simplifications(steps[index], place):
                changed = [*steps[:index], simpler, *steps[index + 1 :]]
                if shows(changed):
                    steps = changed
                    break
    return steps


def without(steps: list[Step], index: int) -> list[Step] | None:
    """The program without one step; None if that is a mapping which others use."""
    rest = [*steps[:index], *steps[index + 1 :]]
    if steps[index].kind not in OPENINGS:
        return rest
    number = sum(step.kind in OPENINGS for step in steps[:index])
    acting = [step for step in rest if step.kind not in OPENINGS]
    if any(step.mapping == number for step in acting):
        return None
    return [
        dataclasses.replace(step, mapping=step.mapping - (step.mapping > number)) for step in rest
    ]


def simplifications(step: Step, place: int) -> Iterator[Step]:
    """The step with the argument at a place simpler, the simplest first."""
    arg = step.args[place]
    simpler: tuple[Any, ...] = ()
    if type(arg) is bytes:
        sizes = (0, 1, 10) if step.kind not in OPENINGS else (1, 10)
        simpler = tuple(arg[:size] for size in sizes if size < len(arg))
    elif type(arg) is int:
        simpler = tuple(value for value in (0, 1) if arg not in (0, 1))
    elif isinstance(arg, HostileIndex):
        simpler = (arg.answer,)
    for value in simpler:
        args = (*step.args[:place], value, *step.args[place + 1 :])
        yield dataclasses.replace(step, args=args)


# -- playing ----------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Died:
    """The worker ended in this step; nothing can follow."""

    how: str


@dataclasses.dataclass(frozen=True)
class Converted:
    """A step with a hostile argument: what came of it, and how often that was converted."""

    outcome: Returned | Raised
    conversions: int


Outcome = Returned | Raised | Died | Converted


class Player:
    """Plays programs on one candidate, from a fresh start each."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self._mappings: list[Any] = []
        self._files: list[RemoteFile | None] = []
        self._views: list[list[Any]] = []
        self._hostile: Any = None

    def play(self, steps: list[Step]) -> list[Outcome]:
        """What each step did; ends with a death."""
        self.candidate.reset()
        self._mappings, self._files, self._views = [], [], []
        outcomes: list[Outcome] = []
        for step in steps:
            try:
                self._hostile = None
                outcome = self.candidate.outcome(self._perform, step)
                if self._hostile is None:
                    outcomes.append(outcome)
                else:
                    outcomes.append(Converted(outcome, calls(self._hostile)))
            except CandidateDied as death:
                outcomes.append(Died(death.how))
                break
        return outcomes

    def _perform(self, step: Step) -> Any:
        if step.kind in OPENINGS:
            return self._open(step)
        if step.kind == LOOK:
            file = self._files[step.mapping]
            return None if file is None else file.size()
        mapping = self._mappings[step.mapping]
        args = [self._argument(mapping, arg) for arg in step.args]
        if step.kind == "export":
            self._views[step.mapping].append(self.candidate.builtins.memoryview(mapping))
            return None
        if step.kind == "release":
            return [view.release() for view in self._views[step.mapping]]
        deed: Callable[..., Any] = {
            "call": lambda *args: getattr(mapping, step.name)(*args),
            "get": mapping.__getitem__,
            "set": mapping.__setitem__,
            "delete": mapping.__delitem__,
        }[step.kind]
        return deed(*args)

    def _open(self, step: Step) -> None:
        if step.kind == "anonymous":
            file = None
            mapping = self.candidate.anonymous(*step.args)
        else:
            contents, access = step.args
            file = self.candidate.file(contents)
            mode = getattr(self.candidate.mmap, access)
            mapping = self.candidate.mmap.mmap(file.fd, 0, access=mode)
        self._mappings.append(mapping)
        self._files.append(file)
        self._views.append([])

    def _argument(self, mapping: Any, value: Any) -> Any:
        if not isinstance(value, HostileIndex):
            return value
        deed = functools.partial(getattr(mapping, value.deed), *SLOTS[value.deed])
        self._hostile = self.candidate.hostile(value.answer, do=[deed])
        return self._hostile
