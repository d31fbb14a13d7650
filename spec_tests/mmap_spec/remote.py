"""The remotes: stand-ins that read like the objects that live in the worker."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mmap_spec import program
from mmap_spec.outcomes import CandidateDied
from mmap_spec.program import Code
from mmap_spec.protocol import Reference

if TYPE_CHECKING:
    from mmap_spec.session import Session


class Descriptor(int):
    """A file descriptor's number in the candidate's process; ``_code`` names it in programs."""

    _code: str

    @classmethod
    def named(cls, number: int, code: str) -> Descriptor:
        descriptor = cls(number)
        descriptor._code = code
        return descriptor


class Remote(Reference):
    """The stand-in for an object that lives in the worker."""

    __slots__ = ("_born", "_code", "_kind", "_number", "_session")

    def __init__(self, session: Session, number: int, kind: str, code: str) -> None:
        put = functools.partial(object.__setattr__, self)
        put("_session", session)
        put("_number", number)
        put("_kind", kind)
        put("_code", code)
        put("_born", (session.starts, session.examples))

    def wire(self) -> dict[str, Any]:
        if self._born[0] != self._session.starts or self._session.link is None:
            raise CandidateDied("the worker has ended before", self._code)
        return {"ref": self._number}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name in _LOCAL:
            raise AttributeError(name)
        return self._session.get(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.set(self, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self, None, args, kwargs)

    def __repr__(self) -> str:
        return f"<remote {self._kind} {self._code}>"

    def __del__(self) -> None:
        self._session.forget(self)

    def _apply(self, name: str, code: Code, *args: Any, statement: bool = False) -> Any:
        return self._session.apply(name, code, args, statement=statement)

    def __len__(self) -> int:
        return int(self._apply("len", f"len({self._code})", self))

    def __bool__(self) -> bool:
        return bool(self._apply("truth", f"bool({self._code})", self))

    def __hash__(self) -> int:
        return int(self._apply("hash", f"hash({self._code})", self))

    def __getitem__(self, key: Any) -> Any:
        name = self._code
        code = program.lazily(lambda key: f"{name}[{program.subscript(key)}]", key)
        return self._apply("getitem", code, self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        name = self._code

        def make(key: Any, value: Any) -> str:
            return f"{name}[{program.subscript(key)}] = {program.render(value)}"

        code = program.lazily(make, key, value)
        self._apply("setitem", code, self, key, value, statement=True)

    def __delitem__(self, key: Any) -> None:
        code = f"del {self._code}[{program.subscript(key)}]"
        self._apply("delitem", code, self, key, statement=True)

    def __contains__(self, value: Any) -> bool:
        code = f"{program.render(value)} in {self._code}"
        return bool(self._apply("contains", code, self, value))

    def __iter__(self) -> Any:
        return self._apply("iter", f"iter({self._code})", self)

    def __next__(self) -> Any:
        return self._apply("next", f"next({self._code})", self)

    def __reversed__(self) -> Any:
        return self._apply("reversed", f"reversed({self._code})", self)

    def __bytes__(self) -> bytes:
        return bytes(self._apply("bytes", f"bytes({self._code})", self))

    def __enter__(self) -> Any:
        return self._session.call(self, "__enter__", (), {})

    def __exit__(self, *details: Any) -> Any:
        kind, error, _ = details
        known = kind is None or getattr(builtins, kind.__name__, None) is kind
        arguments = (kind, error, None) if known else (Exception, Exception(str(error)), None)
        return self._session.call(self, "__exit__", arguments, {})


def _binary(name: str, sign: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: Remote, other: Any) -> Any:
        return self._apply(name, f"{self._code} {sign} {program.render(other)}", self, other)

    def backward(self: Remote, other: Any) -> Any:
        return self._apply(name, f"{program.render(other)} {sign} {self._code}", other, self)

    return forward, backward


for _name, _function, _sign in [
    ("eq", "eq", "=="),
    ("ne", "ne", "!="),
    ("lt", "lt", "<"),
    ("le", "le", "<="),
    ("gt", "gt", ">"),
    ("ge", "ge", ">="),
    ("add", "add", "+"),
    ("mul", "mul", "*"),
    ("or", "or_", "|"),
    ("mod", "mod", "%"),
]:
    _forward, _backward = _binary(_function, _sign)
    setattr(Remote, f"__{_name}__", _forward)
    if _name in ("add", "mul"):
        setattr(Remote, f"__r{_name}__", _backward)

# Special names that Python, pytest or Hypothesis ask of any local object.
_LOCAL = frozenset(
    f"__{name}__"
    for name in (
        "wrapped signature fspath array index int float length_hint set_name get iter await "
        "tracebackhide test self func"
    ).split()
)


class RemoteMethod(Reference):
    """A callable attribute of a remote, looked up when it is called."""

    def __init__(self, owner: Remote, name: str) -> None:
        self._owner = owner
        self._name = name

    @property
    def _code(self) -> str:
        return f"{self._owner._code}.{self._name}"

    def wire(self) -> dict[str, Any]:
        return {"attribute": [self._owner.wire(), self._name]}

    def resolve(self) -> Remote:
        """The callable itself, as a remote."""
        found: Remote = self._owner._session.get(self._owner, self._name, by_reference=True)
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._owner._session.call(self._owner, self._name, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name in _LOCAL:
            raise AttributeError(name)
        return getattr(self.resolve(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_owner", "_name"):
            object.__setattr__(self, name, value)
        else:
            setattr(self.resolve(), name, value)

    def __repr__(self) -> str:
        return f"<remote method {self._code}>"
