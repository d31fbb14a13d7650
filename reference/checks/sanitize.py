"""The tests under AddressSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer.

    python sanitize.py [--part PART ...] [--battery MMAP_SPEC] [PYTEST ARGUMENT ...]

c               The C tests, with memory and undefined behaviour watched.
white-box       The white-box tests on a module built the same way, in an interpreter
                that allocates everything by malloc, so that one byte too many is seen.
battery         The conformance suite on that module.
threads         The tests of threads on a module that ThreadSanitizer watches.
battery-threads The suite's topic `threads` on that module.

Without --part, all of them; those of the suite only with --battery, the command
that runs it.  PYTEST ARGUMENTs take the place of all white-box tests.

Needs GCC with its sanitizers, pytest and setuptools.  A finding ends the
program that has it; the exit status is 1 then.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from building import PROJECT, build

MEMORY = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1"
THREADS = "-fsanitize=thread -fno-omit-frame-pointer -g -O1"
# Faults are left to the module and to those who would have them without a
# sanitizer; the interpreter itself ends with memory that it has not freed.
LEAVE_SIGNALS = "handle_segv=0:handle_sigbus=0:handle_abort=0"
# AddressSanitizer keeps freed memory for a while, and ends the process where
# there is none: these topics measure the one and cause the other.
UNDISTORTED = ["--topic=!growth", "--topic=!resources"]
# What makes threads meet, without faults: ThreadSanitizer delivers signals in
# its own way, and cannot always tell that a handler was left.
THREADED = "atomic or position or mixture or starvation or line_that"


def library(name):
    """Where the compiler's run-time library is."""
    command = [*os.environ.get("CC", "gcc").split(), f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def of_memory():
    """The environment of an interpreter whose module is watched for memory."""
    return {
        "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
        "ASAN_OPTIONS": f"detect_leaks=0:{LEAVE_SIGNALS}",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
    }


def of_threads():
    """The environment of an interpreter whose module is watched for races."""
    return {
        "LD_PRELOAD": library("libtsan.so"),
        "TSAN_OPTIONS": f"{LEAVE_SIGNALS}:die_after_fork=0",
    }


def run(title, command, environment):
    """Say what is run, and run it; whether it was well."""
    print(f"== {title}", flush=True)
    environment = {**os.environ, **environment}
    status = subprocess.run(command, env=environment, check=False).returncode
    print(f"-- {title}: exit status {status}", flush=True)
    return status == 0


def interpreter():
    """The program itself: a wrapper written in a shell would be watched too."""
    return str(Path(sys.executable).resolve())


def pytest(arguments):
    """A command for the white-box tests, with this interpreter's packages."""
    start = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); import pytest; "
    start += "sys.exit(int(pytest.main()))"
    paths = ":".join(path for path in sys.path if path.endswith("-packages"))
    configuration = ["-p", "no:cacheprovider", "-q", "-c", PROJECT / "pyproject.toml"]
    return [interpreter(), "-c", start, paths, *configuration, *arguments]


def built(folder, flags):
    """The folder with a module that is watched; built once."""
    path = folder / "lib"
    return path if path.exists() else build(folder, CFLAGS=flags, LDFLAGS=flags)


def c_tests(folder, options):
    """The tests of what knows no Python."""
    watched = {"CFLAGS": MEMORY, "ASAN_OPTIONS": LEAVE_SIGNALS}
    return run("C tests, memory", [interpreter(), PROJECT / "ctests" / "run.py"], watched)


def white_box_tests(folder, options):
    """The tests of the installed module."""
    path = built(folder / "memory", MEMORY)
    environment = {**of_memory(), "PYTHONPATH": str(path)}
    arguments = options.pytest or [PROJECT / "tests", "-k", "not owns_one_import_name"]
    return run("white-box tests, memory", pytest(arguments), environment)


def fixed_addresses():
    """ThreadSanitizer wants the addresses where they were when it was written."""
    return ["setarch", "-R"] if shutil.which("setarch") else []


def suite(folder, environment, options, *arguments):
    """The conformance suite on the module built there, in a worker that is watched."""
    descriptor = folder / "impl.toml"
    lines = "\n".join(f"{k} = {json.dumps(v)}" for k, v in environment.items())
    descriptor.write_text(
        f'title = "the reference, watched"\nmodule = "mmap_reference"\napi = "3.15"\n'
        f'path = ["lib"]\n\n[env]\n{lines}\n'
    )
    impl = f"--impl={descriptor}@{interpreter()}"
    title = f"conformance suite, {folder.name}"
    command = [*fixed_addresses(), options.battery, "run", impl, *arguments]
    return run(title, command, {})


def suite_on_memory(folder, options):
    """The whole suite, but for what a sanitizer distorts."""
    built(folder / "memory", MEMORY)
    return suite(folder / "memory", of_memory(), options, *UNDISTORTED)


def thread_tests(folder, options):
    """The tests in which threads meet."""
    path = built(folder / "threads", THREADS)
    environment = {**of_threads(), "PYTHONPATH": str(path)}
    tests = PROJECT / "tests" / "test_threads.py"
    # What is found is printed in the middle of a test.
    watched = pytest([tests, "-k", THREADED, "--capture=no"])
    return run("tests of threads", [*fixed_addresses(), *watched], environment)


def suite_on_threads(folder, options):
    """The suite's tests in which threads meet."""
    built(folder / "threads", THREADS)
    return suite(folder / "threads", of_threads(), options, "--topic=threads")


PARTS = {
    "c": c_tests,
    "white-box": white_box_tests,
    "battery": suite_on_memory,
    "threads": thread_tests,
    "battery-threads": suite_on_threads,
}
OF_THE_SUITE = {"battery", "battery-threads"}


def parts(parser, options):
    """Those that are asked for, in order."""
    asked = options.part or [p for p in PARTS if options.battery or p not in OF_THE_SUITE]
    if OF_THE_SUITE.intersection(asked) and not options.battery:
        parser.error("the suite's parts need its command: --battery MMAP_SPEC")
    return [part for name, part in PARTS.items() if name in asked]


def main():
    """All of it; 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", action="append", choices=PARTS, help="repeatable")
    parser.add_argument("--battery", metavar="MMAP_SPEC", help="command of the conformance suite")
    parser.add_argument("pytest", nargs="*", help="arguments instead of all white-box tests")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        results = [part(Path(name), options) for part in parts(parser, options)]
    print("nothing found" if all(results) else "FOUND: see above")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
