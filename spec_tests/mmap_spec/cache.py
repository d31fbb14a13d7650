"""The folder for what can be made again: built implementations, fetched interpreters."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs


def cache() -> Path:
    """Its path; ``MMAP_SPEC_CACHE`` replaces the user's usual one."""
    return Path(os.environ.get("MMAP_SPEC_CACHE") or platformdirs.user_cache_dir("mmap-spec"))


def make_once(target: Path, make: Callable[[Path], None]) -> Path:
    """``target``, a file or folder; made by ``make(scratch path)`` if it is not there yet.

    It is made beside its place and moved there when it is complete: who finds it finds all
    of it, and what an interruption leaves is never taken for it.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=target.parent))
    try:
        make(scratch / target.name)
        (scratch / target.name).rename(target)
    except OSError:
        if not target.exists():  # otherwise another process was faster
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target
