"""What was judged, and by what: fingerprints that tell a result of today from an earlier one."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap_spec.launcher import Spec

HERE = Path(__file__).parent
LENGTH = 12  # hexadecimal digits
# What starts runs, finds their candidates or draws their results decides no verdict.
NOT_JUDGING = ("cli.py", "matrix.py", "runs.py", "update.py", "versions.py", "cache.py")
SOURCES = (".py", ".pyd", ".so", ".c", ".h", ".toml")


@functools.cache
def battery() -> str:
    """The fingerprint of clauses, tests and engine: another one may give other verdicts."""
    files = [path for path in HERE.glob("*.py") if path.name not in NOT_JUDGING]
    files += [*(HERE / "clauses").glob("*.toml"), *(HERE / "battery").glob("*.py")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:LENGTH]


def candidate(spec: Spec) -> str:
    """The fingerprint of an implementation with its known deviations, and of its interpreter."""
    judged = spec.implementation
    known = [(d.clause, d.reason, d.when, d.outcome, d.link) for d in judged.deviations()]
    facts = [judged.module, judged.api, judged.env, judged.requirement, known]
    digest = hashlib.sha256(repr(facts).encode())
    folders = [*judged.path, judged.requirement or ""]
    for path in sources(Path(folder) for folder in folders if folder and Path(folder).is_dir()):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    digest.update(program(spec.interpreter.command).encode())
    return digest.hexdigest()[:LENGTH]


def sources(folders: Iterable[Path]) -> list[Path]:
    """The files below some folders that make an implementation what it is."""
    found = {
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in SOURCES
        and path.is_file()
        and not {"build", "tests", "__pycache__"}.intersection(path.relative_to(folder).parts)
    }
    return sorted(found)


def program(command: tuple[str, ...]) -> str:
    """An interpreter's command, and which file it is now."""
    try:
        found = os.stat(command[0])
    except OSError:
        return repr(command)
    return repr((command, os.path.realpath(command[0]), found.st_size, found.st_mtime_ns))
