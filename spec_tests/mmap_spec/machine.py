"""The state machine: random steps over several files and several maps of each at once.

Each action draws a step that the state allows, ``lockstep.py`` takes it on the candidate and
on the model.  The machines differ in which maps they make; ``Everything`` makes all.
What a known deviation of the candidate covers is not drawn.
"""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from mmap_spec import alphabets, strategies
from mmap_spec.alphabets import Avoiding, Reckless
from mmap_spec.candidate import Candidate, Profile
from mmap_spec.lockstep import Lockstep
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
Action = Callable[[Any, st.DataObject], None]
When = Callable[[Any], Any]
MAPS = 4  # alive at a time, and files
LARGE = 9000  # bytes: more than two pages of 4096


def action(weight: int, when: When = lambda self: True) -> Callable[[Action], Action]:
    """Mark a method that takes a step: how often it is chosen, and in which states it can be."""

    def mark(method: Action) -> Action:
        method.chosen = (weight, when)  # type: ignore[attr-defined]
        return method

    return mark


class Machine(RuleBasedStateMachine):
    """What all machines do; ``of_file`` and ``of_memory`` say which maps they make."""

    actions: ClassVar[dict[str, tuple[int, When]]] = {}

    candidate: ClassVar[Candidate]
    covered: ClassVar[Counter[tuple[str, str, str]]]
    hazards: ClassVar[bool] = False
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
        self.page = self.candidate.profile.page_size
        self.avoiding: Avoiding = self.candidate
        if self.hazards:
            self.avoiding = reckless(self.candidate.profile)

    # -- what the rules use -------------------------------------------------

    def step(self, do: str, on: int = 0, *args: Any, **options: Any) -> None:
        """Take a step; one that the model cannot judge here is not taken."""
        with contextlib.suppress(Unspecified):
            self.both.perform(Step(do, on, args, tuple(options.items())))

    def avoids(self, clauses: str) -> bool:
        """Whether one of the clauses is a known deviation, whose hazard is left out."""
        return any(map(self.avoiding.avoids, clauses.split()))

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

    def some_map(self, data: st.DataObject) -> int:
        """An open map, less often a closed one."""
        open_maps = self.open_maps()
        closed = [n for n in self.world.live() if self.world.maps[n].closed]
        if closed and (not open_maps or data.draw(st.integers(0, 7)) == 7):
            return data.draw(st.sampled_from(closed))
        return data.draw(st.sampled_from(open_maps))

    def size(self, data: st.DataObject) -> int:
        """A length of a map or file in bytes."""
        page = self.page
        return data.draw(st.sampled_from([1, 10, 100, page - 1, page, page + 1, LARGE]))

    def call(self, data: st.DataObject, *names: str) -> None:
        """One of the methods, with arguments of its alphabet."""
        number = self.some_map(data)
        mapping = self.world.maps[number]
        length = 1 if mapping.closed else len(mapping)
        name = data.draw(st.sampled_from(names))
        args = data.draw(alphabets.every(self.avoiding, length)[name])
        self.step(name, number, *args)

    # -- making -------------------------------------------------------------

    def make_file(self, data: st.DataObject) -> None:
        extra = data.draw(st.sampled_from([0, 0, self.candidate.profile.granularity]))
        self.step("file", 0, pattern(extra + self.size(data)))

    def make_map(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.descriptors()))
        size = self.world.descriptors[number].entry.file.size
        granule = self.candidate.profile.granularity
        options = dict(data.draw(st.sampled_from(self.of_file)))
        offset, length = 0, 0
        if data.draw(st.integers(0, 7)) == 7:  # as likely wrong as right
            offset = data.draw(st.sampled_from([granule, 2 * granule, 1]))
            length = data.draw(st.sampled_from([1, self.page, size, size + 1]))
        elif data.draw(st.booleans()):
            offset = data.draw(st.sampled_from(range(0, max(size, 1), granule)))
            length = data.draw(st.sampled_from([0, 1, (size - offset) // 2, size - offset]))
        if offset:
            options["offset"] = offset
        self.step("map", number, length, **self.with_trackfd(data, options))

    def make_memory(self, data: st.DataObject) -> None:
        options = dict(data.draw(st.sampled_from(self.of_memory)))
        self.step("anonymous", 0, pattern(self.size(data)), **self.with_trackfd(data, options))

    def with_trackfd(self, data: st.DataObject, options: dict[str, Any]) -> dict[str, Any]:
        if self.candidate.profile.api >= (3, 13) and data.draw(st.integers(0, 7)) == 7:
            return {**options, "trackfd": data.draw(st.booleans())}
        return options

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """One rule for all actions: Hypothesis would switch most of several off in each example."""
        names = [
            name
            for name, (weight, when) in self.actions.items()
            if when(self)
            for _ in range(weight)
        ]
        getattr(self, data.draw(st.sampled_from(names)))(data)

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        if self.of_file:
            self.make_file(data)
            options = data.draw(st.sampled_from(self.of_file))
            self.step("map", 0, 0, **self.with_trackfd(data, options))
        else:
            self.make_memory(data)

    @action(2, lambda self: self.of_file and self.has_room() and self.descriptors())
    def new_map(self, data: st.DataObject) -> None:
        self.make_map(data)

    @action(1, lambda self: self.of_memory and self.has_room())
    def new_memory(self, data: st.DataObject) -> None:
        self.make_memory(data)

    # -- methods ------------------------------------------------------------

    @action(2, has_maps)
    def read_or_seek(self, data: st.DataObject) -> None:
        self.call(data, "read", "read_byte", "readline", "seek", "seek", "tell", "seekable")

    @action(2, has_maps)
    def write(self, data: st.DataObject) -> None:
        self.call(data, "write", "write_byte")

    @action(2, has_maps)
    def item_or_slice(self, data: st.DataObject) -> None:
        self.call(data, "__getitem__", "__getitem__", "__len__", "__contains__", "__delitem__")

    @action(2, has_maps)
    def assign(self, data: st.DataObject) -> None:
        self.call(data, "__setitem__")

    @action(1, has_maps)
    def move(self, data: st.DataObject) -> None:
        self.call(data, "move")

    @action(2, has_maps)
    def search(self, data: st.DataObject) -> None:
        number = self.some_map(data)
        mapping = self.world.maps[number]
        contents = b"?" if mapping.closed else mapping.contents.ljust(len(mapping), b"\0")
        alphabet = alphabets.searching(self.avoiding, contents)
        name = data.draw(st.sampled_from(["find", "rfind"]))
        self.step(name, number, *data.draw(alphabet[name]))

    @action(1, has_maps)
    def iterate_or_enter(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(["joined", "__enter__"]))
        self.step(name, self.some_map(data))

    @action(1, has_maps)
    def ask_or_flush(self, data: st.DataObject) -> None:
        self.call(data, "size", "flush")

    @action(1, lambda self: self.has_maps() and not self.candidate.profile.windows)
    def advise(self, data: st.DataObject) -> None:
        number = self.some_map(data)
        mapping = self.world.maps[number]
        args = alphabets.every(self.avoiding, 1 if mapping.closed else len(mapping))["madvise"]
        self.step("madvise", number, *data.draw(args), advice=data.draw(st.sampled_from(ADVICE)))

    @action(2, has_maps)
    def resize(self, data: st.DataObject) -> None:
        number = self.some_map(data)
        mapping = self.world.maps[number]
        (size,) = data.draw(alphabets.every(self.avoiding, 1)["resize"])
        if not self.is_hazard(mapping, size):
            self.step("resize", number, size)

    def is_hazard(self, mapping: Mapping, size: int) -> bool:
        """Whether a known deviation of the candidate covers this resize."""
        if mapping.closed:
            return False
        if mapping.file is not None and not mapping.shared:
            return self.avoids("resize.private-file-shrink resize.private-file-growth")
        grows = mapping.file is None and mapping.shared and size > len(mapping)
        names = "resize.shared-anonymous-growth resize.shared-anonymous-growth-in-page"
        return grows and self.avoids(names)

    # -- the end of things --------------------------------------------------

    @action(1, has_maps)
    def close(self, data: st.DataObject) -> None:
        how = data.draw(st.sampled_from(["close", "__exit__", "drop"]))
        args = (None, None, None) if how == "__exit__" else ()
        self.step(how, self.some_map(data), *args)

    # -- files behind the maps' back ------------------------------------------

    @action(1, lambda self: self.of_file)
    def handle_file(self, data: st.DataObject) -> None:
        """Make or open a file, close a descriptor, remove a name."""
        possible = ["new"] if len(self.descriptors()) < MAPS else []
        possible += ["open"] if self.linked() and possible else []
        possible += ["close-descriptor"] if self.descriptors() else []
        possible += ["unlink"] if self.linked() and not self.candidate.profile.windows else []
        do = data.draw(st.sampled_from(possible))
        if do == "new":
            self.make_file(data)
        elif do == "open":
            mode = data.draw(st.sampled_from(["rb", "r+b"]))
            self.step(do, data.draw(st.sampled_from(self.linked())), mode=mode)
        else:
            among = self.linked() if do == "unlink" else self.descriptors()
            self.step(do, data.draw(st.sampled_from(among)))

    @action(1, lambda self: self.writable())
    def change_file(self, data: st.DataObject) -> None:
        """pwrite() or append, behind the maps' back."""
        new = data.draw(st.binary(max_size=20))
        number = data.draw(st.sampled_from(self.writable()))
        entry = self.world.descriptors[number].entry
        if entry.linked and data.draw(st.booleans()):
            self.step("append", self.world.files.index(entry), new)
        else:
            self.step("pwrite", number, new, data.draw(st.integers(0, entry.file.size + 2)))

    @action(1, lambda self: self.writable())
    def truncate(self, data: st.DataObject) -> None:
        """Longer or shorter; a map that cannot take it keeps its pages."""
        number = data.draw(st.sampled_from(self.writable()))
        size = self.world.descriptors[number].entry.file.size
        near = st.sampled_from([0, 1, max(0, size - 1), size + 1, size + self.page])
        self.step("truncate", number, data.draw(near | st.integers(0, size)))

    # -- views and processes ------------------------------------------------

    @action(1, lambda self: self.has_maps() and len(self.views()) < MAPS)
    def export(self, data: st.DataObject) -> None:
        self.step("view", self.some_map(data))

    @action(2, lambda self: self.views())
    def use_view(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.views()))
        length = self.world.views[number].length
        start = data.draw(st.integers(0, length))
        stop = data.draw(st.integers(start, min(length, start + 20)))
        if data.draw(st.booleans()):
            self.step("view-put", number, start, pattern(stop - start))
        else:
            self.step("view-get", number, start, stop)

    @action(1, lambda self: self.views())
    def release(self, data: st.DataObject) -> None:
        self.step("release", data.draw(st.sampled_from(self.views())))


class Processes(Machine):
    """With children that read and write the maps."""

    @action(1, lambda self: self.open_maps() and not self.candidate.profile.windows)
    def fork(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.open_maps()))
        reach = self.world.maps[number].reach
        start = data.draw(st.integers(0, reach))
        size = data.draw(st.integers(0, min(20, reach - start)))
        self.step("fork", number, start, bytes(reversed(pattern(size))))


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
    """A machine as a test: the gate's settings, Deviation or CandidateDied for what it finds."""
    run_state_machine_as_test(machine(kind, candidate), settings=strategies.machine_settings())
