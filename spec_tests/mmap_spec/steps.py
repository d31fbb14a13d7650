"""Steps: what a program over files, mappings and views does, as plain data.

A step names what earlier steps made by its number, each sort counted from 0, so that
the same program can be played on any candidate, and be written down as TOML
(``corpus.py``).  ``world.py`` says what each step may do, ``lockstep.py`` does it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as Table
from typing import Any

from mmap_spec.program import pattern

LONG = 40  # bytes that are still readable as text
OPENING = ("file", "open", "map", "anonymous")
ON_FILES = ("open", "unlink", "append")
ON_DESCRIPTORS = ("map", "close-descriptor", "pwrite", "truncate")
ON_VIEWS = ("view-get", "view-put", "release")
MAKING = (*OPENING, "view")  # what they make gets a number
CALLS = (
    *("read", "read_byte", "readline", "write", "write_byte", "seek", "tell", "seekable"),
    *("find", "rfind", "move", "size", "flush", "madvise", "resize", "close"),
)
SYNTAX = (
    *("__getitem__", "__setitem__", "__delitem__", "__len__", "__contains__"),
    *("__enter__", "__exit__", "joined"),
)
ON_MAPS = (*CALLS, *SYNTAX, "view", "fork", "drop")
EVERY = tuple(dict.fromkeys(OPENING + ON_FILES + ON_DESCRIPTORS + ON_VIEWS + ON_MAPS))


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: what it does, on which file, descriptor, map or view, with which arguments.

    ``options`` are keyword arguments; constants of the module are given by name.
    """

    do: str
    on: int = 0
    args: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        shown = [short(arg) for arg in self.args]
        shown += [f"{key}={value}" for key, value in self.options]
        return f"{self.do} {self.on} ({', '.join(shown)})"

    @classmethod
    def of(cls, do: str, on: int = 0, *args: Any, **options: Any) -> Step:
        """A step, written as a call."""
        return cls(do, on, args, tuple(options.items()))

    def to_data(self) -> dict[str, Any]:
        """The step as TOML can hold it."""
        data: dict[str, Any] = {"do": self.do}
        if self.do not in ("file", "anonymous"):
            data["on"] = self.on
        if self.args:
            data["args"] = [value_to_data(arg) for arg in self.args]
        if self.options:
            data["options"] = dict(self.options)
        return data

    @classmethod
    def from_data(cls, data: Table[str, Any]) -> Step:
        """The step of a TOML table that corpus.schema.json allows."""
        args = tuple(value_from_data(arg) for arg in data.get("args", []))
        return cls(data["do"], data.get("on", 0), args, tuple(data.get("options", {}).items()))


def short(value: Any, limit: int = 60) -> str:
    """A value on one line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def value_to_data(value: Any) -> Any:
    """Integers as they are, bytes as text of their code points, the rest as a table."""
    if value is None:
        return {"none": True}
    if isinstance(value, slice):
        parts = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"slice": {key: part for key, part in parts.items() if part is not None}}
    if isinstance(value, bytes):
        if len(value) > 8 and value == pattern(len(value)):
            return {"pattern": len(value)}
        if len(value) > 8 and value == value[:1] * len(value):
            return {"repeat": value[:1].decode("latin-1"), "times": len(value)}
        return value.decode("latin-1") if len(value) <= LONG else {"hex": value.hex()}
    return value


def value_from_data(data: Any) -> Any:
    """The inverse of ``value_to_data``."""
    if isinstance(data, str):
        return data.encode("latin-1")
    if not isinstance(data, dict):
        return data
    if "pattern" in data:
        return pattern(data["pattern"])
    if "repeat" in data:
        return data["repeat"].encode("latin-1") * data["times"]
    if "hex" in data:
        return bytes.fromhex(data["hex"])
    if "slice" in data:
        return slice(*(data["slice"].get(part) for part in ("start", "stop", "step")))
    return None
