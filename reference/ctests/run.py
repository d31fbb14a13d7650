"""Compile and run the tests of the C code that knows no Python.

    python run.py

``CC`` (default ``cc``) and ``CFLAGS`` are taken from the environment.  Each
``test_*.c`` becomes a program that prints a line for each of its tests, and
exits non-zero if one failed; so does this script.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent / "src" / "_mmap"
FLAGS = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]

# Program -> the sources that it is linked with.
PROGRAMS = {
    "test_os_posix.c": [],  # includes os_posix.c, to replace its system calls
    "test_search.c": ["search.c"],
}


def build(program, folder):
    """Compile one program into a folder; return its path."""
    target = Path(folder, program).with_suffix("")
    command = [
        *shlex.split(os.environ.get("CC", "cc")),
        *FLAGS,
        *shlex.split(os.environ.get("CFLAGS", "")),
        str(HERE / program),
        *(str(SOURCES / name) for name in PROGRAMS[program]),
        "-o",
        str(target),
    ]
    subprocess.run(command, check=True)
    return target


def main():
    """Build and run every program; 1 if any test failed."""
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        for program in PROGRAMS:
            print(f"{program}:", flush=True)
            done = subprocess.run([build(program, folder)], check=False)
            if done.returncode != 0:
                print(f"{program}: exit status {done.returncode}")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
