"""What all tests share: a core for each process, a place for bytecode, a candidate.

A run binds itself to the first core that it may use.  Runs that are started at
the same time would crowd there, and the tests take twice as long: each of
pytest-xdist's processes therefore keeps to a core of its own.
"""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from mmap_spec import launcher
from mmap_spec.candidate import Candidate

if "PYTEST_XDIST_WORKER" in os.environ and hasattr(os, "sched_setaffinity"):
    _cores = sorted(os.sched_getaffinity(0))
    _index = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    os.sched_setaffinity(0, {_cores[_index % len(_cores)]})


def pytest_unconfigure() -> None:
    """Remove the bytecode that the commands of this process have shared."""
    judging = sys.modules.get("judging")
    if judging is not None:
        shutil.rmtree(judging.BYTECODE, ignore_errors=True)


@pytest.fixture(scope="module")
def started() -> Candidate:
    """The standard library's ``mmap``, for as long as a file's tests run."""
    candidate = launcher.start(launcher.parse("stdlib"))
    yield candidate
    candidate.close()


@pytest.fixture
def candidate(started) -> Candidate:
    """The same, with nothing left of the test before."""
    started.reset()
    return started
