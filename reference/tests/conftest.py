"""Fixtures of the reference's own tests.  They run on the installed module."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from meeting import sparse_map, stalled_map


@pytest.fixture
def page():
    """Bytes of a page."""
    return os.sysconf("SC_PAGESIZE")


@pytest.fixture
def sources():
    """The folder of the C sources."""
    return Path(__file__).resolve().parent.parent / "src" / "_mmap"


@pytest.fixture
def file(tmp_path, page):
    """A file of three pages, not uniform, open for reading and writing."""
    content = b"".join(bytes([i % 251]) * 16 for i in range(3 * page // 16))
    with open(tmp_path / "file", "w+b", buffering=0) as opened:
        opened.write(content)
        yield opened


@pytest.fixture
def run_python():
    """Run a program in a fresh interpreter; fail with its output."""

    def run(program, *options):
        done = subprocess.run(
            [sys.executable, *options, "-c", program],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def stalled():
    """A map of private memory that stops whoever touches its 150th page."""
    with stalled_map() as m:
        yield m


@pytest.fixture
def sparse():
    """A map of a file without pages that does the same."""
    with sparse_map() as m:
        yield m
