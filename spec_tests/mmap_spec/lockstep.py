"""A candidate and the model, step by step side by side.

After each step the outcomes are compared, and then the states: length, position and
contents of every mapping, read in three ways, size and contents of every file, whether
exports hold a mapping open, and how many descriptors are open.  What does not agree is
a ``Deviation``.
"""

from __future__ import annotations

import dataclasses
import functools
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

from mmap_spec import program
from mmap_spec.candidate import (
    Candidate,
    CandidateDied,
    Raised,
    RemoteFile,
    Returned,
)
from mmap_spec.looks import look, shown
from mmap_spec.model import Mapping, OneOf, Raises
from mmap_spec.protocol import decode, encode
from mmap_spec.remote import Descriptor
from mmap_spec.steps import MAKING, Step, short
from mmap_spec.world import World

TRUNCATION = " ".join(
    f"faults.truncated-{what}"
    for what in "item slice store-item store-slice read write find move-source recovers again"
    " private".split()
)
FORK = """
out, into = os.pipe()
if os.fork() == 0:
    os.write(into, {name}[{start}:{stop}])
    {write}
    os._exit(0)
os.close(into)
os.wait()
print(os.read(out, {size}))
os.close(out)
"""


class Deviation(AssertionError):
    """The candidate did not do what the model says.

    ``signature`` tells deviations apart: the operation, the state of its object, and
    what was expected and seen, without values.  It is ``harmless`` if the states may agree.
    """

    def __init__(self, message: str, signature: tuple[str, ...], *, harmless: bool = False) -> None:
        super().__init__(message)
        self.signature = signature
        self.harmless = harmless


Signature = tuple[str, ...]
Failure = Deviation | CandidateDied


def signature(failure: Failure) -> Signature:
    """What tells failures apart."""
    return getattr(failure, "signature", (type(failure).__name__,))


def agrees(expected: OneOf, outcome: Returned | Raised) -> bool:
    """Whether what the candidate did is among what the model allows."""
    if isinstance(outcome, Returned):
        return expected.allows_value(outcome.value)
    return expected.allows_error(outcome.type, outcome.errno)


def describe(outcome: Returned | Raised) -> str:
    """What the candidate did, on one line."""
    if isinstance(outcome, Returned):
        return f"a result of {program.short(outcome.value)}"
    return str(Raises(outcome.type, outcome.errno)) + f": {outcome.text}"


def brief(expected: OneOf) -> str:
    """What is expected, without values."""
    kinds = [
        outcome.type.__name__ if hasattr(outcome, "type") else "a value"
        for outcome in expected.outcomes
    ]
    return " or ".join(dict.fromkeys(kinds))


def hardened(candidate: Candidate) -> bool:
    """Whether a file may become shorter under a map: no clause of that is a known deviation."""
    return not candidate.avoids(TRUNCATION)


@functools.lru_cache(maxsize=256)
def constant(candidate: Candidate, name: str) -> int:
    """A constant of the judged module, several with ``|`` between, that knows its name."""
    parts = name.split("|")
    value = 0
    for part in parts:
        value |= int(getattr(candidate.mmap, part))
    return Descriptor.named(value, "|".join(f"mmap.{part}" for part in parts))


@dataclasses.dataclass
class Opened:
    """A file of the candidate as one descriptor opened it."""

    file: RemoteFile
    number: int  # of the file


class Lockstep:
    """A fresh example on both sides.  ``covered`` counts (operation, state, outcome)."""

    def __init__(
        self, candidate: Candidate, covered: Counter[tuple[str, str, str]], *, hazards: bool = False
    ) -> None:
        self.candidate = candidate
        self.covered = covered
        profile = candidate.profile
        self.world = World(
            profile,
            granularity=profile.granularity,
            hardened=hazards or hardened(candidate),
        )
        self.steps: list[Step] = []
        candidate.reset()
        self._opened: list[Opened] = []
        self._maps: list[Any] = []
        self._views: list[Any] = []
        self._own: list[int] = []  # of each mapping, the descriptors that it holds
        self._fresh = False  # whether the last step has made a mapping
        self._outside: int | None = None  # descriptors that are not ours
        self._outside = self._descriptors(self._seen()[2])

    # -- a step -------------------------------------------------------------

    def perform(self, step: Step) -> None:
        """One step on both sides; Unspecified if the model cannot say, Deviation if they differ."""
        state = self.world.state_of(step)
        expected = self.world.perform(step)
        self.steps.append(step)
        try:
            outcome = self.candidate.outcome(self._do, step)
        except CandidateDied as death:
            self.covered[step.do, state, "died"] += 1
            death.signature = (step.do, state, brief(expected), death.how)  # type: ignore[attr-defined]
            raise
        said = "returned" if isinstance(outcome, Returned) else outcome.type.__name__
        self.covered[step.do, state, said] += 1
        if not agrees(expected, outcome):
            self._say(expected)
            got = "a value" if isinstance(outcome, Returned) else said
            raise Deviation(
                f"{step}: expected {short(expected)}, got {describe(outcome)}",
                (step.do, state, brief(expected), got),
                harmless=step.do not in MAKING,
            )
        self._take(step, outcome)
        self.compare(step, state)

    def go_on(self, failure: Deviation) -> bool:
        """Whether the example can go on after a deviation: the states agree nevertheless."""
        if not failure.harmless:
            return False
        try:
            self.compare(self.steps[-1], "")
        except Deviation:
            return False
        return True

    def _say(self, expected: OneOf) -> None:
        """Write into the program what was expected of its last operation."""
        journal = self.candidate.session.journal
        if journal:
            journal[-1].expected = short(expected)

    def _do(self, step: Step) -> Any:
        own = getattr(self, "_do_" + step.do.replace("-", "_"), None)
        if own is not None:
            return own(step)
        return getattr(self._maps[step.on], step.do)(*step.args)

    def _take(self, step: Step, outcome: Returned | Raised) -> None:
        """Keep account of what the step has made: each mapping may hold a descriptor of its own."""
        self._fresh = step.do in ("map", "anonymous") and isinstance(outcome, Returned)
        if self._fresh:
            self._own.append(0)
        elif step.do == "drop":
            self._maps[step.on] = None
            self.candidate.collect()
        elif step.do == "release" and not self.candidate.profile.refcounting:
            self.candidate.collect()

    # files

    def _do_file(self, step: Step) -> None:
        self._opened.append(Opened(self.candidate.file(*step.args), len(self.world.files) - 1))

    def _path(self, number: int) -> RemoteFile:
        return next(opened.file for opened in self._opened if opened.number == number)

    def _do_open(self, step: Step) -> None:
        mode = dict(step.options)["mode"]
        self._opened.append(Opened(self._path(step.on).reopen(mode), step.on))

    def _do_close_descriptor(self, step: Step) -> None:
        self._opened[step.on].file.close()

    def _do_unlink(self, step: Step) -> None:
        self.candidate.os.unlink(self._path(step.on).path)

    def _do_append(self, step: Step) -> int:
        file = self._path(step.on).reopen("ab")
        try:
            return int(self.candidate.os.write(file.fd, *step.args))
        finally:
            file.close()

    def _do_pwrite(self, step: Step) -> int:
        return self._opened[step.on].file.pwrite(*step.args)

    def _do_truncate(self, step: Step) -> None:
        self._opened[step.on].file.truncate(*step.args)

    # mappings

    def _options(self, step: Step) -> dict[str, Any]:
        return {
            key: constant(self.candidate, value) if isinstance(value, str) else value
            for key, value in step.options
        }

    def _do_map(self, step: Step) -> None:
        file, (length,) = self._opened[step.on].file, step.args
        self._maps.append(self.candidate.mmap.mmap(file.fd, length, **self._options(step)))

    def _do_anonymous(self, step: Step) -> None:
        contents, options = step.args[0], self._options(step)
        mapping = self.candidate.mmap.mmap(-1, len(contents), **options)
        if len(self._maps) < len(self.world.maps) and not self.world.maps[-1].readonly:
            mapping[:] = contents
        self._maps.append(mapping)

    def _do_joined(self, step: Step) -> Any:
        mapping = self._maps[step.on]
        message = {"op": "call", "on": {"bytes": ""}, "name": "join", "args": [mapping.wire()]}
        return self.candidate.session.perform(message, f"b''.join({mapping._code})")

    def _do___enter__(self, step: Step) -> None:
        mapping = self._maps[step.on]
        if self.candidate.builtins.id(mapping.__enter__()) != self.candidate.builtins.id(mapping):
            raise Deviation("__enter__() returned another object", ("enter", "", "", "another"))

    def _do_madvise(self, step: Step) -> Any:
        advice = constant(self.candidate, dict(step.options)["advice"])
        return self._maps[step.on].madvise(advice, *step.args)

    def _do_drop(self, step: Step) -> None:
        pass  # the last reference goes when the step is taken over

    # views and processes

    def _do_view(self, step: Step) -> None:
        self._views.append(self.candidate.builtins.memoryview(self._maps[step.on]))

    def _do_view_get(self, step: Step) -> Any:
        view, (start, stop) = self._views[step.on], step.args
        part = view[start:stop]
        found = self.candidate.builtins.bytes(part)
        part.release()
        return found

    def _do_view_put(self, step: Step) -> None:
        view, (start, new) = self._views[step.on], step.args
        view[start : start + len(new)] = new

    def _do_release(self, step: Step) -> None:
        self._views[step.on].release()

    def _do_fork(self, step: Step) -> Any:
        mapping, model, (start, new) = self._maps[step.on], self.world.maps[step.on], step.args
        write = f"{mapping._code}[{start}:{start + len(new)}] = {program.render(new)}"
        code = FORK.strip().format(
            name=mapping._code,
            start=start,
            stop=start + len(new),
            size=len(new),
            write="pass" if model.readonly else write,
        )
        args = (mapping, start, new, not model.readonly)
        return shown(self.candidate.session, "fork", code, *args, statement=True)

    # -- the state ----------------------------------------------------------

    def compare(self, step: Step, state: str) -> None:
        """Every view of the state is what the model says."""
        try:
            maps, files, count = self._seen()
        except CandidateDied as death:
            raise self._in_a_read(death, (step.do, state, "state", death.how)) from None
        readable = self._readable_files()
        problems: list[tuple[str, str]] = []
        for (number, *_), seen in zip(readable, files, strict=True):
            problems += self._compare_file(number, seen)
        for number, seen in zip(self.world.live(), maps, strict=True):
            problems += self._compare_map(number, seen)
        problems += self._compare_descriptors(step, count)
        if problems:
            text = "; ".join(problem for _, problem in problems)
            raise Deviation(f"after {step}: {text}", (step.do, state, problems[0][0]))

    def _seen(self) -> tuple[list[list[Any]], list[list[int]], int | None]:
        maps = [
            (self._maps[number], self._reach(number), self.world.maps[number].exports > 0)
            for number in self.world.live()
        ]
        files = [(descriptor, path) for _, descriptor, path in self._readable_files()]
        value = look(self.candidate.session, "everything", maps, files)
        maps_seen, files_seen, count = value["tuple"]
        return maps_seen, files_seen, count

    def _reach(self, number: int) -> int:
        model = self.world.maps[number]
        return 0 if model.closed else model.reach

    def _readable_files(self) -> list[tuple[int, Any, str]]:
        """Of each file that can still be read: its number, a descriptor or None, and its path."""
        found: list[tuple[int, Any, str]] = []
        for number, entry in enumerate(self.world.files):
            descriptors = [
                here.file.fd
                for here, there in zip(self._opened, self.world.descriptors, strict=True)
                if here.number == number and there.open
            ]
            if descriptors:
                found.append((number, descriptors[0], ""))
            elif entry.linked:
                found.append((number, None, str(self._path(number).path)))
        return found

    def _compare_file(self, number: int, seen: list[int]) -> Iterable[tuple[str, str]]:
        file = self.world.files[number].file
        size, checksum = seen
        if size != file.size:
            yield "file size", f"file {number} has {size} bytes, not {file.size}"
        elif checksum != zlib.crc32(file.contents):
            found = self._file_contents(number)
            if not file.shows(0, found):
                where = first_difference(found, file.contents)
                yield "file contents", f"file {number} holds something else {where}"

    def _file_contents(self, number: int) -> bytes:
        here = next(entry for entry in self._readable_files() if entry[0] == number)
        value = look(self.candidate.session, "contents", here[1], here[2])
        return bytes_of(value)

    def _compare_map(self, number: int, seen: list[Any]) -> Iterable[tuple[str, str]]:
        model, name = self.world.maps[number], f"map {number}"
        if model.closed or seen[0] == "closed":
            if (seen[0] == "closed") != model.closed:
                yield "closed", f"{name} is {seen[0]}, but should not be"
            return
        _, length, position, *views, held = seen
        if length != len(model):
            yield "length", f"{name} is {length} long, not {len(model)}"
        if position != model.position:
            yield "position", f"{name} has its position at {position}, not {model.position}"
        if held is not True:
            yield "exports", f"{name} did not refuse close() with BufferError: {held}"
        yield from self._compare_contents(number, model, views)

    def _compare_contents(
        self, number: int, model: Mapping, views: list[Any]
    ) -> Iterable[tuple[str, str]]:
        if views[0] != zlib.crc32(model.contents) and isinstance(views[0], int):
            found = self._contents(number)
            if not model.accepts(found):
                where = first_difference(found, model.contents)
                yield "contents", f"map {number} shows something else {where}"
                return
        elif isinstance(views[0], int):
            model.accepts(model.contents)
        checksum = zlib.crc32(model.contents)
        for way, view in zip(("a slice", "a memoryview", "read()"), views, strict=True):
            if view not in (checksum, None):
                said = "something else" if isinstance(view, int) else view
                yield f"contents by {way}", f"map {number} read by {way}: {said}"

    def _contents(self, number: int) -> bytes:
        mapping = self._maps[number]
        args = [encode(mapping), encode(slice(None, self._reach(number)))]
        message = {"op": "apply", "name": "getitem", "args": args}
        return bytes_of(self.candidate.session.send(message, f"{mapping._code}[:]"))

    # descriptors

    def _descriptors(self, count: int | None) -> int | None:
        """How many descriptors are neither the program's nor known to be a mapping's."""
        if count is None:
            return None
        ours = sum(opened.open for opened in self.world.descriptors)
        return count - ours - sum(self._held())

    def _held(self) -> list[int]:
        return [
            own if not model.closed else 0
            for own, model in zip(self._own, self.world.maps, strict=True)
        ]

    def _compare_descriptors(self, step: Step, count: int | None) -> Iterable[tuple[str, str]]:
        outside = self._descriptors(count)
        if outside is None or self._outside is None or outside == self._outside:
            return
        more = outside - self._outside
        if self._fresh and step.do == "map" and more == 1 and self.world.maps[-1].trackfd:
            self._own[-1] = 1
            return
        yield "descriptors", f"{abs(more)} descriptors {'more' if more > 0 else 'less'} are open"

    def _in_a_read(self, death: CandidateDied, signature: tuple[str, ...]) -> CandidateDied:
        """The candidate died while the state was looked at: the program shows a read of it."""
        names = [self._maps[number]._code for number in self.world.live()]
        reads = ", ".join(f"{name}[:]" for name in names)
        self.candidate.session.journal.append(program.Step(reads, died=death.how))
        shown = type(death)(death.how, reads)
        shown.signature = signature  # type: ignore[attr-defined]
        return shown


def first_difference(found: bytes, expected: bytes) -> str:
    """Where two contents differ first, and how."""
    if len(found) != len(expected):
        return f"of {len(found)} bytes, not {len(expected)}"
    at = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
    return f"from byte {at} on: {found[at : at + 8]!r}, not {expected[at : at + 8]!r}"


def bytes_of(value: Any) -> bytes:
    """Bytes as they travel."""
    return bytes(decode(value, lambda reference: b""))
