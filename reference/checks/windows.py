"""Build the module for CPythons for Windows, on another system, and try it there.

    python windows.py PYTHON...

Each PYTHON is a program that runs a CPython for Windows; it lies in the
folder of that CPython, with its headers and import library.  With each, the
module is built by mingw-w64, warnings being errors, imported and used; the
tests in C are run once.  ``mmap-spec fetch 'wine-*'`` makes such programs.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import building

CTESTS = building.PROJECT / "ctests" / "run.py"

# Runs another Windows program.
RUN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"

# What a module that was built for the wrong Python, or linked with the wrong
# C library, does not get right.
TRY = """
import os, platform, sys, tempfile
sys.path.insert(0, sys.argv[1])
import mmap_reference as mmap

with tempfile.TemporaryFile() as file:
    file.write(b"0123456789" * 10000)
    file.flush()
    with mmap.mmap(file.fileno(), 0) as m:
        assert m.find(b"90", 5000) == 5009, m.find(b"90", 5000)
        m.resize(200000)
        assert m.size() == os.fstat(file.fileno()).st_size == 200000
try:
    mmap.mmap(999, 10)
except OSError as error:
    assert error.winerror == 6, error
else:
    raise AssertionError("there is no descriptor 999")
print("ok  CPython", platform.python_version(), "imports and uses", mmap.mmap)
"""


def succeeds(command, **environment):
    """Run a command and show what it says; true if it exits with 0.

    What it says comes by a pipe, for Wine has trouble with files as standard streams.
    """
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    environment = {**os.environ, **environment}
    with subprocess.Popen(command, env=environment, text=True, **streams) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
    return process.returncode == 0


def try_module(python, folder):
    """Build and use the module; true if that works."""
    home = str(Path(python).resolve().parent)
    built = building.build(folder, MMAP_REFERENCE_WINDOWS=home)
    return succeeds([python, "-c", TRY, str(built)])


def run_ctests(python):
    """Compile and run the tests in C; true if they pass."""
    runner = shlex.join([python, "-c", RUN])
    return succeeds([sys.executable, str(CTESTS), "--windows"], RUNNER=runner)


def main():
    """Try every Python; 1 if anything failed, 2 without one."""
    pythons = sys.argv[1:]
    if not pythons:
        print("windows.py: no CPython for Windows is given: mmap-spec fetch 'wine-*'")
        return 2
    well = True
    with tempfile.TemporaryDirectory() as folder:
        for number, python in enumerate(pythons):
            well = try_module(python, Path(folder, str(number))) and well
        well = run_ctests(pythons[-1]) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
