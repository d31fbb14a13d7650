"""Random programs of map operations, driven by libFuzzer, under sanitizers.

    python fuzz.py                      ten minutes
    python fuzz.py --minutes 1
    python fuzz.py --replay crash-...   one program again

Builds the module with Clang's libFuzzer, AddressSanitizer and
UndefinedBehaviorSanitizer into one program with Python, and runs it, on one
processor, from the programs in corpus/.  What it finds is written to the
working folder as crash-*, and the exit status is 1; it is 3 without clang.
New programs that reach new code are kept only with --keep, which also drops
those that have become superfluous.

Needs clang with its run-time libraries, and the headers and the library of
this Python.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent / "src" / "_mmap"
CORPUS = HERE / "corpus"
MISSING = """fuzz.py: {what}.
On Debian and Ubuntu: apt-get install clang libclang-rt-dev
(libclang-rt-14-dev, if clang is clang-14; CC names another clang)."""

SANITIZERS = "address,undefined"
FLAGS = ["-std=c11", "-g", "-O1", "-fno-omit-frame-pointer", "-fvisibility=hidden"]
# Python and libFuzzer end with memory that they have not freed.  Faults come
# to the handler of the module first, and what it passes on is reported.
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "PYTHONMALLOC": "malloc",
    "MMAP_FUZZ_FOLDER": str(HERE),
}


def cannot_start(what):
    """Say what is missing and where to get it: exit status 3."""
    print(MISSING.format(what=what), file=sys.stderr)
    sys.exit(3)


def compiler():
    """The command of clang; ends the program where there is none."""
    name = os.environ.get("CC") or next(
        filter(shutil.which, ["clang", *(f"clang-{number}" for number in range(30, 10, -1))]), None
    )
    if name is None or "clang" not in name:
        cannot_start(f"clang is needed, and there is {name or 'none'}")
    probe = subprocess.run(
        [name, "-fsanitize=fuzzer", "-x", "c", "-", "-o", os.devnull],
        input="int LLVMFuzzerTestOneInput(void *a, long n) { return a == 0 && n; }",
        capture_output=True,
        text=True,
    )
    if probe.returncode != 0:
        cannot_start(f"{name} cannot link libFuzzer:\n{probe.stderr.strip()}")
    return name


def build(folder):
    """Build the program into a folder; its path."""
    target = Path(folder, "fuzz")
    variable = sysconfig.get_config_var
    library = variable("LIBDIR")
    command = [compiler(), *FLAGS, f"-fsanitize=fuzzer,{SANITIZERS}", "-fno-sanitize-recover=all"]
    command += [f"-I{sysconfig.get_path('include')}", HERE / "harness.c"]
    command += [path for path in SOURCES.glob("*.c") if not path.stem.endswith("_windows")]
    command += [f"-L{library}", f"-Wl,-rpath,{library}", f"-lpython{variable('LDVERSION')}"]
    command += [*variable("LIBS").split(), "-lm", "-ldl", "-pthread", "-o", target]
    subprocess.run(command, check=True)
    return target


def run(program, *arguments):
    """Start it; its exit status."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONHOME": sys.base_prefix}
    return subprocess.run([program, *arguments], env=environment, check=False).returncode


def fuzz(program, folder, minutes, keep):
    """Run for so long; 0 if nothing was found."""
    grown = Path(folder, "grown")
    grown.mkdir()
    limits = [f"-max_total_time={round(minutes * 60)}", "-max_len=400", "-timeout=60"]
    status = run(program, *limits, "-rss_limit_mb=4096", "-print_final_stats=1", grown, CORPUS)
    if status == 0 and keep:
        smallest = Path(folder, "smallest")
        smallest.mkdir()
        merge = ["-merge=1", "-use_counters=0", "-max_len=400"]  # by code, not by how often
        status = run(program, *merge, smallest, CORPUS, grown)
        if status == 0:
            shutil.rmtree(CORPUS)
            shutil.copytree(smallest, CORPUS)
    return status


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--keep", action="store_true", help="keep programs that reach new code")
    parser.add_argument("--replay", metavar="FILE", help="run one program, and stop")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder)
        if options.replay:
            status = run(program, options.replay)
        else:
            status = fuzz(program, folder, options.minutes, options.keep)
    print("nothing found" if status == 0 else "FOUND: see above")
    return 0 if status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
