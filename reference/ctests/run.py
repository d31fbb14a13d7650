"""Compile and run the tests of the C code that knows no Python.

    python run.py

``CC`` (default ``cc``) and ``CFLAGS`` are taken from the environment.  Each
``test_*.c`` becomes a program that prints a line for each of its tests, and
exits non-zero if one failed; so does this script.  ``test_search.c`` is run
once with each search kernel, and those that this processor lacks are named.

    python run.py test_search.c

runs that program only.  ``RUNNER`` is put before each program: an emulator,
say, where ``CC`` compiles for another processor.

    python run.py --windows

compiles for Windows with mingw-w64; ``RUNNER`` is then a command that runs a
Windows program.
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

sys.path.insert(0, str(HERE.parent))
import mingw  # noqa: E402 - beside setup.py

SEARCH = sorted(path.name for path in SOURCES.glob("search*.c"))

# Program -> the sources that it is linked with.
PROGRAMS = {
    "test_os_posix.c": [],  # includes os_posix.c, to replace its system calls
    "test_guard_posix.c": ["guard_posix.c", "guard_few.c"],
    "test_guard_plain.c": [],  # includes what it tests, to leave fixups out
    "test_search.c": SEARCH,
}
WINDOWS_PROGRAMS = {
    "test_os_windows.c": [],  # includes os_windows.c, to replace its calls of Windows
    "test_guard_windows.c": ["guard_windows.c"],
    "test_search.c": SEARCH,
}


def build(program, sources, folder, windows):
    """Compile one program into a folder; return its path."""
    target = Path(folder, program).with_suffix(".exe" if windows else "")
    compiler = [mingw.COMPILER, *mingw.FLAGS] if windows else ["cc"]
    if "CC" in os.environ:
        compiler = shlex.split(os.environ["CC"])
    command = [
        *compiler,
        *FLAGS,
        *shlex.split(os.environ.get("CFLAGS", "")),
        str(HERE / program),
        *(str(SOURCES / name) for name in sources),
        *(mingw.LIBRARIES if windows else ["-lm", "-pthread"]),
        "-o",
        str(target),
    ]
    subprocess.run(command, check=True)
    return target


def run(path, *arguments):
    """Start a built program; what is wrong with how it ended, if anything.

    Its last line counts, too: under Wine the status of a crash can be 0.
    """
    command = [*shlex.split(os.environ.get("RUNNER", "")), path, *arguments]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line
    if process.returncode != 0:
        return f"exit status {process.returncode}"
    return "" if last.endswith(" passed, 0 failed\n") else "it did not come to its end"


def kernels(path):
    """The search kernels that run here, of those that were compiled."""
    command = [*shlex.split(os.environ.get("RUNNER", "")), path, "--kernels"]
    listed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    for line in listed.stdout.splitlines():
        name, state = line.split()
        if state == "runs":
            yield name
        else:
            print(f"NOT RUN: {name}, which this processor lacks", flush=True)


def main():
    """Build and run every program; 1 if any test failed."""
    status = 0
    windows = "--windows" in sys.argv
    programs = WINDOWS_PROGRAMS if windows else PROGRAMS
    if windows:
        mingw.need_compiler()
    with tempfile.TemporaryDirectory() as folder:
        for program in [name for name in sys.argv[1:] if name != "--windows"] or programs:
            path = build(program, programs[program], folder, windows)
            variants = kernels(path) if program == "test_search.c" else [None]
            for variant in variants:
                title = program if variant is None else f"{program} {variant}"
                print(f"{title}:", flush=True)
                problem = run(path) if variant is None else run(path, variant)
                if problem:
                    print(f"{title}: {problem}")
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
