"""Programs in other interpreters and processes that use the judged module."""

from __future__ import annotations

import textwrap
from typing import Any

from mmap_spec.candidate import Candidate

IMPORT = """
import importlib, sys
sys.path[:] = {path!r}
mmap = importlib.import_module({name!r})
"""
RUN = """
import subprocess, sys
done = subprocess.run(
    [sys.executable, "-W", "always::ResourceWarning", "-c", text, *arguments],
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
    **options
)
result = done.returncode, done.stdout.decode().split()
"""


def program(candidate: Candidate, source: str) -> str:
    """A program for another interpreter that imports the judged module as ``mmap``."""
    path = candidate.run("import sys\nresult = list(sys.path)")
    name = candidate.run("result = mmap.__name__")
    return IMPORT.format(path=path, name=name) + textwrap.dedent(source)


def child(
    candidate: Candidate, source: str, *arguments: str, **options: Any
) -> tuple[int, list[str]]:
    """Run a program in a process of its own; its exit status and the words that it printed.

    ``arguments`` are its ``sys.argv[1:]``, ``options`` are those of ``subprocess.run``.
    """
    text = program(candidate, source)
    status, words = candidate.run(RUN, text=text, arguments=list(arguments), options=options)
    return status, words
