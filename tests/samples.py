"""Small values of the engine's data classes, for unit tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmap_spec.candidate import Profile
from mmap_spec.clauses import Clause
from mmap_spec.descriptors import Deviation
from mmap_spec.verdicts import Result

LINUX_313 = {
    "api": (3, 13),
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_release": "6.1",
    "platform_machine": "x86_64",
    "platform_version": "#1",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "implementation_version": "3.13.2",
    "python_full_version": "3.13.2",
    "executable": "python3",
    "pointer_size": 8,
    "ssize_max": (1 << 63) - 1,
    "long_max": (1 << 63) - 1,
    "int_max": (1 << 31) - 1,
    "page_size": 4096,
    "granularity": 4096,
    "gil": True,
    "debug": False,
    "refcounting": True,
}


def profile(**changes: Any) -> Profile:
    """CPython 3.13.2 on 64-bit Linux, with changes."""
    return Profile(**{**LINUX_313, **changes})


def clause(name: str = "topic.name", level: str = "must", **more: Any) -> Clause:
    """A clause that applies everywhere, unless more is said."""
    return Clause(name, level, "A sentence about maps.", ("docs: mmap",), **more)


def deviation(name: str = "topic.name", **changes: Any) -> Deviation:
    """A known deviation that covers every failure, with changes."""
    fields = {
        "clause": name,
        "reason": "it is known",
        "when": None,
        "outcome": ("fail", "crash", "hang"),
        "link": None,
        "file": Path("expected.toml"),
    }
    return Deviation(**{**fields, **changes})


def result(outcome: str, *clauses: str, found: str = "", program: str = "") -> Result:
    """What a test of some clauses came to."""
    return Result("test_topic.py::test", clauses or ("topic.name",), outcome, 0.25, found, program)
