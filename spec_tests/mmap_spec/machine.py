"""The state machine: random steps over several files and several maps of each at once.

Each action draws a step that the state allows, ``lockstep.py`` takes it on the candidate and
on the model.  The machines differ in which maps they make.
What a known deviation of the candidate covers is not drawn.
"""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from mmap_spec import alphabets, corpus, strategies
from mmap_spec.alphabets import Avoiding, Reckless
from mmap_spec.candidate import Candidate, CandidateDied, Profile
from mmap_spec.lockstep import Deviation, Lockstep, signature
from mmap_spec.model import Mapping, Unspecified
from mmap_spec.steps import Step
from mmap_spec.strategies import pattern

SHARED: tuple[dict[str, Any], ...] = (
    {},
    {"access": "ACCESS_WRITE"},
    {"flags": "MAP_SHARED"},
    {"prot": "PROT_READ|PROT_WRITE"},
)
READ: tuple[dict[str, Any], ...] = ({"access": "ACCESS_READ"}, {"prot": "PROT_READ"})
COPY: tuple[dict[str, Any], ...] = ({"access": "ACCESS_COPY"}, {"flags": "MAP_PRIVATE"})
ADVICE = ("MADV_NORMAL", "MADV_RANDOM", "MADV_SEQUENTIAL", "MADV_WILLNEED", "MADV_DONTNEED")
T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]
Action = Callable[[Any, Draw], Step | None]
When = Callable[[Any], Any]
MAPS = 4  # alive at a time, and files
LARGE = 9000  # bytes: more than two pages of 4096


def pick(draw: Draw, options: Sequence[T]) -> T:
    """One of the options; without a strategy of its own, which would have to be checked anew."""
    return options[draw(st.integers(0, len(options) - 1))]


def action(weight: int, when: When = lambda self: True) -> Callable[[Action], Action]:
    """Mark a method that draws a step: how often it is chosen, and in which states it can be."""

    def mark(method: Action) -> Action:
        method.chosen = (weight, when)  # type: ignore[attr-defined]
        return method

    return mark


@st.composite
def drawn(draw: Draw, action: Callable[[Draw], Step | None]) -> Step | None:
    """What an action draws, as one draw: each of Hypothesis' data objects costs more than it."""
    return action(draw)


class Machine(RuleBasedStateMachine):
    """What all machines do; ``of_file`` and ``of_memory`` say which maps they make."""

    actions: ClassVar[dict[str, tuple[int, When]]] = {}

    candidate: ClassVar[Candidate]
    covered: ClassVar[Counter[tuple[str, str, str]]]
    hazards: ClassVar[bool] = False
    taken: ClassVar[list[Step]]  # by the last example
    of_file: ClassVar[tuple[dict[str, Any], ...]] = SHARED + READ + COPY
    of_memory: ClassVar[tuple[dict[str, Any], ...]] = SHARED[:3] + READ[:1] + COPY

    def __init_subclass__(cls) -> None:
        """Collect the actions, in an order that does not depend on anything."""
        marked = {name: getattr(getattr(cls, name), "chosen", None) for name in sorted(dir(cls))}
        cls.actions = {name: chosen for name, chosen in marked.items() if chosen}

    def __init__(self) -> None:
        super().__init__()
        self.both = Lockstep(self.candidate, self.covered, hazards=self.hazards)
        self.world = self.both.world
        type(self).taken = self.both.steps
        self.page = self.candidate.profile.page_size
        self.avoiding: Avoiding = self.candidate
        if self.hazards:
            self.avoiding = reckless(self.candidate.profile)
        self.next = drawn(self.any_action)

    # -- taking -------------------------------------------------------------

    def step(self, step: Step) -> None:
        """Take a step; one that the model cannot judge here is not taken."""
        with contextlib.suppress(Unspecified):
            self.both.perform(step)

    def take(self, step: Step | None) -> None:
        """What an action has drawn, if that is anything."""
        if step is not None:
            self.step(step)

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """A map, and its file."""
        for action in [self.make_file, self.map_file] if self.of_file else [self.new_memory]:
            self.take(data.draw(drawn(action)))

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """One rule for all actions: Hypothesis would switch most of several off in each example."""
        self.take(data.draw(self.next))

    def any_action(self, draw: Draw) -> Step | None:
        """A step of one of the actions that the state allows."""
        names = [
            name
            for name, (weight, when) in self.actions.items()
            if when(self)
            for _ in range(weight)
        ]
        step: Step | None = getattr(self, pick(draw, names))(draw)
        return step

    # -- what the actions use -----------------------------------------------

    def open_maps(self) -> list[int]:
        return [n for n in self.world.live() if not self.world.maps[n].closed]

    def has_maps(self) -> bool:
        return next(self.world.live(), None) is not None

    def has_room(self) -> bool:
        return len(self.open_maps()) < MAPS

    def descriptors(self) -> list[int]:
        return [n for n, opened in enumerate(self.world.descriptors) if opened.open]

    def writable(self) -> list[int]:
        return [n for n in self.descriptors() if self.world.descriptors[n].writable]

    def linked(self) -> list[int]:
        return [n for n, entry in enumerate(self.world.files) if entry.linked]

    def views(self) -> list[int]:
        return [n for n, view in enumerate(self.world.views) if not view.released]

    def some_map(self, draw: Draw) -> int:
        """An open map, less often a closed one."""
        open_maps = self.open_maps()
        closed = [n for n in self.world.live() if self.world.maps[n].closed]
        if closed and (not open_maps or draw(st.integers(0, 7)) == 7):
            return pick(draw, closed)
        return pick(draw, open_maps)

    def size(self, draw: Draw) -> int:
        """A length of a map or file in bytes."""
        page = self.page
        return pick(draw, [1, 10, 100, page - 1, page, page + 1, LARGE])

    def call(self, draw: Draw, *names: str) -> Step:
        """One of the methods, with arguments of its alphabet."""
        number = self.some_map(draw)
        mapping = self.world.maps[number]
        length = 1 if mapping.closed else len(mapping)
        name = pick(draw, names)
        args = draw(alphabets.every(self.avoiding, length)[name])
        return Step.of(name, number, *args)

    # -- making -------------------------------------------------------------

    def make_file(self, draw: Draw) -> Step:
        extra = pick(draw, [0, 0, self.candidate.profile.granularity])
        return Step.of("file", 0, pattern(extra + self.size(draw)))

    def with_trackfd(self, draw: Draw, options: dict[str, Any]) -> dict[str, Any]:
        if self.candidate.profile.api >= (3, 13) and draw(st.integers(0, 7)) == 7:
            return {**options, "trackfd": draw(st.booleans())}
        return options

    def map_file(self, draw: Draw) -> Step:
        """The first map, of a whole file."""
        return Step.of("map", 0, 0, **self.with_trackfd(draw, pick(draw, self.of_file)))

    @action(2, lambda self: self.of_file and self.has_room() and self.descriptors())
    def new_map(self, draw: Draw) -> Step:
        number = pick(draw, self.descriptors())
        size = self.world.descriptors[number].entry.file.size
        granule = self.candidate.profile.granularity
        options = dict(pick(draw, self.of_file))
        offset, length = 0, 0
        if draw(st.integers(0, 7)) == 7:  # as likely wrong as right
            offset = pick(draw, [granule, 2 * granule, 1])
            length = pick(draw, [1, self.page, size, size + 1])
        elif draw(st.booleans()):
            offset = pick(draw, range(0, max(size, 1), granule))
            length = pick(draw, [0, 1, (size - offset) // 2, size - offset])
        if offset:
            options["offset"] = offset
        return Step.of("map", number, length, **self.with_trackfd(draw, options))

    @action(1, lambda self: self.of_memory and self.has_room())
    def new_memory(self, draw: Draw) -> Step:
        options = dict(pick(draw, self.of_memory))
        return Step.of("anonymous", 0, pattern(self.size(draw)), **self.with_trackfd(draw, options))

    # -- methods ------------------------------------------------------------

    @action(2, has_maps)
    def read_or_seek(self, draw: Draw) -> Step:
        return self.call(draw, "read", "read_byte", "readline", "seek", "seek", "tell", "seekable")

    @action(2, has_maps)
    def write(self, draw: Draw) -> Step:
        return self.call(draw, "write", "write_byte")

    @action(2, has_maps)
    def item_or_slice(self, draw: Draw) -> Step:
        names = ("__getitem__", "__getitem__", "__len__", "__contains__", "__delitem__")
        return self.call(draw, *names)

    @action(2, has_maps)
    def assign(self, draw: Draw) -> Step:
        return self.call(draw, "__setitem__")

    @action(1, has_maps)
    def move(self, draw: Draw) -> Step:
        return self.call(draw, "move")

    @action(2, has_maps)
    def search(self, draw: Draw) -> Step:
        number = self.some_map(draw)
        mapping = self.world.maps[number]
        contents = b"?" if mapping.closed else mapping.contents.ljust(len(mapping), b"\0")
        alphabet = alphabets.searching(self.avoiding, contents)
        name = pick(draw, ["find", "rfind"])
        return Step.of(name, number, *draw(alphabet[name]))

    @action(1, has_maps)
    def iterate_or_enter(self, draw: Draw) -> Step:
        joined = [] if self.avoiding.avoids("iteration.bytes iteration.join") else ["joined"]
        name = pick(draw, [*joined, "__enter__"])
        return Step.of(name, self.some_map(draw))

    @action(1, has_maps)
    def ask_or_flush(self, draw: Draw) -> Step:
        return self.call(draw, "size", "flush")

    @action(1, lambda self: self.has_maps() and not self.candidate.profile.windows)
    def advise(self, draw: Draw) -> Step:
        number = self.some_map(draw)
        mapping = self.world.maps[number]
        args = alphabets.every(self.avoiding, 1 if mapping.closed else len(mapping))["madvise"]
        return Step.of("madvise", number, *draw(args), advice=pick(draw, ADVICE))

    @action(2, has_maps)
    def resize(self, draw: Draw) -> Step | None:
        number = self.some_map(draw)
        mapping = self.world.maps[number]
        (size,) = draw(alphabets.every(self.avoiding, 1)["resize"])
        return None if self.is_hazard(mapping, size) else Step.of("resize", number, size)

    def is_hazard(self, mapping: Mapping, size: int) -> bool:
        """Whether a known deviation of the candidate covers this resize."""
        if mapping.closed:
            return False
        if mapping.file is not None and not mapping.shared:
            return self.avoiding.avoids("resize.private-file-shrink resize.private-file-growth")
        grows = mapping.file is None and mapping.shared and size > len(mapping)
        names = "resize.shared-anonymous-growth resize.shared-anonymous-growth-in-page"
        return grows and self.avoiding.avoids(names)

    # -- the end of things --------------------------------------------------

    @action(1, has_maps)
    def close(self, draw: Draw) -> Step:
        how = pick(draw, ["close", "__exit__", "drop"])
        args = (None, None, None) if how == "__exit__" else ()
        return Step.of(how, self.some_map(draw), *args)

    # -- files behind the maps' back ------------------------------------------

    @action(1, lambda self: self.of_file)
    def handle_file(self, draw: Draw) -> Step:
        """Make or open a file, close a descriptor, remove a name."""
        possible = ["new"] if len(self.descriptors()) < MAPS else []
        possible += ["open"] if self.linked() and possible else []
        possible += ["close-descriptor"] if self.descriptors() else []
        possible += ["unlink"] if self.linked() and not self.candidate.profile.windows else []
        do = pick(draw, possible)
        if do == "new":
            return self.make_file(draw)
        if do == "open":
            mode = pick(draw, ["rb", "r+b"])
            return Step.of(do, pick(draw, self.linked()), mode=mode)
        among = self.linked() if do == "unlink" else self.descriptors()
        return Step.of(do, pick(draw, among))

    @action(1, lambda self: self.writable())
    def change_file(self, draw: Draw) -> Step:
        """pwrite() or append, behind the maps' back."""
        new = draw(st.binary(max_size=20))
        number = pick(draw, self.writable())
        entry = self.world.descriptors[number].entry
        if entry.linked and draw(st.booleans()):
            return Step.of("append", self.world.files.index(entry), new)
        return Step.of("pwrite", number, new, draw(st.integers(0, entry.file.size + 2)))

    @action(1, lambda self: self.writable())
    def truncate(self, draw: Draw) -> Step:
        """Longer or shorter; a map that cannot take it keeps its pages."""
        number = pick(draw, self.writable())
        size = self.world.descriptors[number].entry.file.size
        near = st.sampled_from([0, 1, max(0, size - 1), size + 1, size + self.page])
        return Step.of("truncate", number, draw(near | st.integers(0, size)))

    # -- views and processes ------------------------------------------------

    @action(1, lambda self: self.has_maps() and len(self.views()) < MAPS)
    def export(self, draw: Draw) -> Step:
        return Step.of("view", self.some_map(draw))

    @action(2, lambda self: self.views())
    def use_view(self, draw: Draw) -> Step:
        number = pick(draw, self.views())
        length = self.world.views[number].length
        start = draw(st.integers(0, length))
        stop = draw(st.integers(start, min(length, start + 20)))
        if draw(st.booleans()):
            return Step.of("view-put", number, start, pattern(stop - start))
        return Step.of("view-get", number, start, stop)

    @action(1, lambda self: self.views())
    def release(self, draw: Draw) -> Step:
        return Step.of("release", pick(draw, self.views()))


class Processes(Machine):
    """With children that read and write the maps."""

    @action(1, lambda self: self.open_maps() and not self.candidate.profile.windows)
    def fork(self, draw: Draw) -> Step:
        number = pick(draw, self.open_maps())
        reach = self.world.maps[number].reach
        start = draw(st.integers(0, reach))
        size = draw(st.integers(0, min(20, reach - start)))
        return Step.of("fork", number, start, bytes(reversed(pattern(size))))


class Shared(Machine):
    """Shared maps of files, for writing and for reading, and what is done to the files."""

    of_file = SHARED + READ
    of_memory = ()


class Private(Machine):
    """Private maps of files, beside shared ones."""

    of_file = COPY + SHARED[:1]
    of_memory = ()


class Memory(Machine):
    """Anonymous maps."""

    of_file = ()


@functools.cache
def reckless(profile: Profile) -> Reckless:
    """One for all examples: alphabets are kept by it."""
    return Reckless(profile)


def machine(
    kind: type[Machine],
    candidate: Candidate,
    covered: Counter[tuple[str, str, str]] | None = None,
    *,
    hazards: bool = False,
) -> type[Machine]:
    """A machine of this kind for a candidate; each instance of it is an example.

    ``covered`` counts (operation, state, outcome); ``hazards``: nothing is left out.
    """
    members = {
        "candidate": candidate,
        "covered": Counter() if covered is None else covered,
        "hazards": hazards,
    }
    return type(kind.__name__, (kind,), members)


def run(kind: type[Machine], candidate: Candidate) -> None:
    """A machine as a test: Deviation or CandidateDied, for the fewest steps that show it."""
    test = machine(kind, candidate)
    try:
        run_state_machine_as_test(test, settings=strategies.machine_settings())
    except (Deviation, CandidateDied) as failure:
        corpus.replay(candidate, corpus.shortest(candidate, test.taken, signature(failure)))
        raise
