"""What a candidate is: its profile, and what a test can do with it.

Whatever a test does to ``candidate.mmap`` is sent to the worker; what comes back
is a value, a remote (``remote.py``), or an exception that arrives as the local
built-in class.  Every operation is written into the session's journal
(``session.py``), from which ``program.py`` makes a stand-alone program.
"""

from __future__ import annotations

import dataclasses
import functools
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from mmap_spec import program
from mmap_spec.outcomes import CandidateDied, CandidateHung, Raised, Returned, Untestable
from mmap_spec.program import text_of
from mmap_spec.protocol import ProtocolError, decode, encode
from mmap_spec.raises import Raises
from mmap_spec.remote import Descriptor, Remote, RemoteMethod
from mmap_spec.session import Link, LinkDied, Session

__all__ = [
    "Candidate",
    "CandidateDied",
    "CandidateHung",
    "Link",
    "LinkDied",
    "Profile",
    "Raised",
    "Remote",
    "RemoteFile",
    "RemoteMethod",
    "Returned",
    "Session",
    "Untestable",
    "calls",
]


def machine(name: str, pointer_size: int) -> str:
    """The machine for markers: it may run programs whose pointers are shorter than its own."""
    return name if pointer_size == 8 else f"{name} {8 * pointer_size}-bit"


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a candidate is judged by.  Sizes in bytes, limits inclusive."""

    api: tuple[int, int]
    os_name: str
    sys_platform: str
    platform_system: str
    platform_release: str
    platform_machine: str
    platform_version: str
    platform_python_implementation: str
    implementation_name: str
    implementation_version: str
    python_full_version: str
    executable: str
    pointer_size: int
    ssize_max: int
    long_max: int
    int_max: int
    page_size: int
    granularity: int
    gil: bool
    debug: bool
    refcounting: bool

    @property
    def python_version(self) -> tuple[int, int]:
        major, minor = self.python_full_version.split(".")[:2]
        return int(major), int(minor)

    @property
    def windows(self) -> bool:
        return self.sys_platform == "win32"

    def markers(self) -> dict[str, str]:
        """The environment for PEP 508 markers."""
        names = [
            "os_name",
            "sys_platform",
            "platform_system",
            "platform_release",
            "platform_machine",
            "platform_version",
            "platform_python_implementation",
            "implementation_name",
            "implementation_version",
            "python_full_version",
        ]
        environment: dict[str, str] = {name: getattr(self, name) for name in names}
        environment["python_version"] = "{}.{}".format(*self.python_version)
        environment["platform_machine"] = machine(self.platform_machine, self.pointer_size)
        return environment

    def describe(self) -> str:
        """One line for people."""
        return (
            f"{self.platform_python_implementation} {self.python_full_version} on "
            f"{self.platform_system} {self.platform_machine}, API {self.api[0]}.{self.api[1]}, "
            f"{8 * self.pointer_size}-bit, page {self.page_size}, granularity {self.granularity}"
            + (", no GIL" if not self.gil else "")
            + (", debug build" if self.debug else "")
        )


class Path(str):
    """A path in the candidate's world; ``_code`` names it in programs."""

    _code: str


class RemoteFile:
    """A file of the example's folder, open in the worker."""

    def __init__(self, candidate: Candidate, name: str, fd: Descriptor, path: Path) -> None:
        self._candidate = candidate
        self._name = name
        self.fd = fd
        self.path = path

    def size(self) -> int:
        """The file's size in bytes, by its descriptor."""
        return int(self._candidate.os.fstat(self.fd).st_size)

    def contents(self) -> bytes:
        """All bytes of the file, read through a descriptor of its own."""
        session = self._candidate.session
        code = f"open({self._name!r}, 'rb').read()"
        return bytes(session.perform({"op": "read-file", "path": self._name}, code))

    def pwrite(self, data: bytes, offset: int) -> int:
        """Write behind the mapping's back."""
        system = self._candidate.os
        if self._candidate.profile.windows:  # it has no pwrite()
            system.lseek(self.fd, offset, 0)
            return int(system.write(self.fd, data))
        return int(system.pwrite(self.fd, data, offset))

    def truncate(self, size: int) -> None:
        """Change the file's size behind the mapping's back."""
        self._candidate.os.ftruncate(self.fd, size)

    def close(self) -> None:
        """Close the descriptor."""
        self._candidate.os.close(self.fd)

    def reopen(self, mode: str) -> RemoteFile:
        """The same path opened once more, with a descriptor of its own."""
        return self._candidate.open_file(self._name, mode)


class Candidate:
    """What is judged: a module on an interpreter, behind a worker."""

    def __init__(
        self,
        spec: str,
        session: Session,
        *,
        api: tuple[int, int] | None = None,
        deviations: Callable[[Profile], frozenset[str]] = lambda profile: frozenset(),
        at_close: Callable[[], None] = lambda: None,
    ) -> None:
        self.spec = spec
        self.session = session
        self._at_close = at_close
        facts = session.open()
        major, minor = facts["python_version"].split(".")
        self.profile = Profile(
            api=api or (int(major), int(minor)),
            page_size=self.mmap.PAGESIZE,
            granularity=self.mmap.ALLOCATIONGRANULARITY,
            **{key: value for key, value in facts.items() if key != "python_version"},
        )
        self._deviations = deviations(self.profile)

    # objects

    @property
    def mmap(self) -> Remote:
        """The module that is judged."""
        return self.session.module(self.session.judged_name, code="mmap")

    @property
    def os(self) -> Remote:
        return self.session.module("os")

    @property
    def builtins(self) -> Remote:
        return self.session.module("builtins")

    def module(self, name: str) -> Remote:
        """Any module of the candidate's interpreter."""
        return self.session.module(name)

    def anonymous(self, contents: bytes, **kwargs: Any) -> Remote:
        """An anonymous mapping that holds ``contents``, position 0."""
        mapping = self.mmap.mmap(-1, len(contents), **kwargs)
        mapping[:] = contents
        return mapping  # type: ignore[no-any-return]

    def file(self, contents: bytes = b"", mode: str = "r+b") -> RemoteFile:
        """A new file of the example's folder, opened: ``rb``, ``wb``, ``r+b`` or ``ab``."""
        return self.open_file(self.session.new_name("file"), mode, contents)

    def open_file(self, name: str, mode: str, contents: bytes | None = None) -> RemoteFile:
        message: dict[str, Any] = {"op": "file", "name": name, "mode": mode}
        lines = []
        if contents is not None:
            message["contents"] = encode(contents)
            lines.append(f"with open({name!r}, 'wb') as stream:")
            lines.append(f"    stream.write({program.literal(contents)})")
        variable = self.session.new_name("fd")
        flags = {
            "rb": "os.O_RDONLY",
            "wb": "os.O_WRONLY",
            "r+b": "os.O_RDWR",
            "ab": "os.O_WRONLY | os.O_APPEND",
        }[mode]
        lines.append(f"{variable} = os.open({name!r}, {flags} | getattr(os, 'O_BINARY', 0))")
        fd, path = self.session.perform(message, "\n".join(lines), statement=True)
        descriptor, where = Descriptor.named(fd, variable), Path(path)
        where._code = f"os.path.abspath({name!r})"
        return RemoteFile(self, name, descriptor, where)

    def hostile(
        self,
        answer: Any = None,
        do: Sequence[Callable[..., Any]] = (),
        slot: str = "__index__",
        raises: type[BaseException] | None = None,
    ) -> Remote:
        """An object whose ``slot`` does the operations in ``do``, then answers or raises."""
        messages, body = [], []
        for step in do:
            function: Any = step
            args: Sequence[Any] = ()
            kwargs: dict[str, Any] = {}
            if isinstance(step, functools.partial):
                function, args, kwargs = step.func, step.args, step.keywords
            owner, name = (
                (function._owner, function._name)
                if isinstance(function, RemoteMethod)
                else (function, None)
            )
            message, code = Session.call_message(owner, name, args, kwargs)
            messages.append(message)
            body.append(f"        {text_of(code)}")
        message = {"op": "hostile", "slot": slot, "do": messages}
        if raises is None:
            message["answer"] = encode(answer)
            text = program.render(answer)
            text = f"memoryview({text})" if slot == "__buffer__" else text
            body.append(f"        return {text}")
        else:
            message["raises"] = {"exception": {"type": raises.__name__, "args": []}}
            body.append(f"        raise {raises.__name__}")
        kind = self.session.new_name("Hostile")
        lines = [f"class {kind}:", f"    def {slot}(self, *args):", *body]
        if slot == "__eq__":
            lines.append("    __hash__ = object.__hash__")
        return self.session.perform(message, "\n".join([*lines, f"{kind}()"]))  # type: ignore[no-any-return]

    def run(self, source: str, /, **names: Any) -> Any:
        """Run a program in the worker; its variable ``result`` comes back."""
        source = textwrap.dedent(source).strip("\n")
        message = {
            "op": "run",
            "source": source,
            "names": {key: encode(value) for key, value in names.items()},
        }
        given = [
            f"{key} = {program.render(value)}"
            for key, value in names.items()
            if program.render(value) != key
        ]
        lines = [*given, source, "print(globals().get('result'))"]
        value = self.session.perform(message, "\n".join(lines), statement=True)
        step = self.session.journal[-1]
        if step.name is not None:
            step.code_ = "\n".join([*lines[:-1], "result"])
        return value

    # judging

    def raises(
        self,
        types: type[BaseException] | tuple[type[BaseException], ...],
        *,
        errno: str | tuple[str, ...] | None = None,
        winerror: int | tuple[int, ...] | None = None,
        state: bool = True,
    ) -> Raises:
        """The block must raise one of ``types`` and leave everything as it was."""
        return Raises(self, _tuple(types), _tuple(errno), _tuple(winerror), state)

    def outcome(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Returned | Raised:
        """What the operation does, as a value."""
        try:
            return Returned(function(*args, **kwargs))
        except Exception as error:
            if not hasattr(error, "remote"):
                raise
            return Raised(type(error), error.symbol, str(error))  # type: ignore[attr-defined]

    def state(self) -> dict[str, Any]:
        """Mappings, files and descriptors as they are now."""
        value = decode(
            self.session.send({"op": "state"}, "the snapshot of the state"), _no_reference
        )
        return dict(value)

    def collect(self) -> None:
        """A full garbage collection in the worker."""
        self.session.perform({"op": "collect"}, "__import__('gc').collect()", statement=True)

    def avoids(self, clauses: str) -> bool:
        """True where one of the clauses is a known deviation: a generator leaves its hazard out."""
        return not self._deviations.isdisjoint(clauses.split())

    def untestable(self, why: str) -> None:
        """End the test: it applies, but could not be carried out here."""
        raise Untestable(why)

    # life

    def reset(self) -> None:
        self.session.reset()

    def close(self) -> None:
        self.session.close()
        self._at_close()


def calls(hostile: Remote) -> int:
    """How often the hostile object's slot was called."""
    return int(hostile.calls)


def _tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _no_reference(value: dict[str, Any]) -> Any:
    raise ProtocolError(f"a snapshot must not hold references: {value}")
