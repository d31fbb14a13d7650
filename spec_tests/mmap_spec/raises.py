"""The judgement of ``candidate.raises``: the right exception, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mmap_spec import program

if TYPE_CHECKING:
    from mmap_spec.candidate import Candidate


class Raises:
    """The context manager of ``Candidate.raises``; ``value`` is the exception."""

    def __init__(
        self,
        candidate: Candidate,
        types: tuple[type[BaseException], ...],
        symbols: tuple[str, ...],
        winerrors: tuple[int, ...],
        state: bool,
    ) -> None:
        self._candidate = candidate
        self._types = types
        self._symbols = symbols
        self._winerrors = winerrors
        self._compare = state
        self._before: dict[str, Any] = {}
        self.value: BaseException | None = None

    def __enter__(self) -> Raises:
        if self._compare:
            self._before = self._candidate.state()
        self._steps = len(self._candidate.session.journal)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        __tracebackhide__ = True
        steps = self._candidate.session.journal[self._steps :]
        if steps:
            steps[-1].expected = self._wanted()
        if error is None:
            value = program.short(steps[-1].value) if steps else "nothing"
            raise AssertionError(f"expected {self._wanted()}, but the operation returned {value}")
        if not hasattr(error, "remote"):
            return False
        self.value = error
        if not any(
            type(error).__name__ == wanted.__name__  # an exit arrives as a class of that name
            or (wanted is OSError and isinstance(error, OSError))
            for wanted in self._types
        ):
            self._fail(error)
        if self._symbols and getattr(error, "symbol", None) not in self._symbols:
            self._fail(error)
        if self._winerrors and error.remote["winerror"] not in self._winerrors:
            self._fail(error)
        if self._compare:
            changes = list(differences(self._before, self._candidate.state()))
            if changes:
                raise AssertionError(
                    f"{type(error).__name__} was raised, but left changes: " + "; ".join(changes)
                )
        return True

    def _wanted(self) -> str:
        text = " or ".join(wanted.__name__ for wanted in self._types)
        if self._symbols:
            text += " with errno " + " or ".join(self._symbols)
        if self._winerrors:
            text += " with winerror " + " or ".join(map(str, self._winerrors))
        return text

    def _fail(self, error: Any) -> None:
        got: str = type(error).__name__
        if issubclass(type(error), OSError):
            got += f" (errno {error.symbol}, winerror {error.remote['winerror']})"
        raise AssertionError(f"expected {self._wanted()}, got {got}: {error}") from None


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """How two snapshots differ, a phrase each."""
    for number, old in before["maps"].items():
        new = after["maps"].get(number)
        if new != old:
            yield from (
                f"{key} of the mapping {old.get(key)} -> {(new or {}).get(key)}"
                for key in sorted(set(old) | set(new or {}))
                if old.get(key) != (new or {}).get(key)
            )
    for name in sorted(set(before["files"]) | set(after["files"])):
        old, new = before["files"].get(name), after["files"].get(name)
        if old != new:
            yield f"file {name}: [size, checksum] {old} -> {new}"
    if before["descriptors"] != after["descriptors"]:
        yield f"open descriptors {before['descriptors']} -> {after['descriptors']}"
