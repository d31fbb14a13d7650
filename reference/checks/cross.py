"""Compile every source for systems that are not here, with zig; nothing is run.

    python cross.py [TARGET...]

Needs the package ``ziglang``, and takes the headers of the Python that runs
this: they are the same everywhere but for what the compiler is asked, and
fit 64-bit POSIX systems.  For Windows, where they do not fit, the files that
know no Python are compiled.  Warnings are errors.
"""

import ast
import re
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = PROJECT / "src" / "_mmap"
FLAGS = ["-std=c11", "-O1", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"]

TARGETS = [
    "aarch64-macos",
    "x86_64-macos",
    "x86_64-freebsd",
    "aarch64-freebsd",
    "x86_64-netbsd",
    "x86_64-linux-musl",
    "aarch64-linux-gnu",
    "aarch64-linux-musl",
    "s390x-linux-gnu",
    "x86_64-windows-gnu",
    "aarch64-windows-gnu",
]


def listed():
    """The sources that setup.py names."""
    tree = ast.parse((PROJECT / "setup.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "SOURCES":
            return ast.literal_eval(node.value)
    raise SystemExit("setup.py has no list SOURCES")


def knows_python(path, seen=()):
    """Whether a file includes Python.h, by itself or by others of ours."""
    names = re.findall(r'^#\s*include\s+["<](.+?)[">]', path.read_text(), re.M)
    ours = [SOURCES / name for name in names if name not in seen and (SOURCES / name).exists()]
    return "Python.h" in names or any(knows_python(file, (*seen, *names)) for file in ours)


def sources_for(target):
    """The files to compile for a target."""
    other = "_posix.c" if "windows" in target else "_windows.c"
    found = [SOURCES / name for name in listed() if not name.endswith(other)]
    if "windows" in target:
        found = [path for path in found if not knows_python(path)]
    return found


def compile_one(target, path, folder):
    """What the compiler says of one file; empty if it is content."""
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *FLAGS, "-c", str(path)]
    command += ["-I", sysconfig.get_path("include"), "-o", str(Path(folder, path.name + ".o"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode != 0 else ""


def main():
    """Compile for every target; 1 if one failed."""
    status = 0
    for target in sys.argv[1:] or TARGETS:
        paths = sources_for(target)
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            said = list(pool.map(lambda path: compile_one(target, path, folder), paths))  # noqa: B023
        wrong = [text for text in said if text]
        print(f"{'BAD' if wrong else 'ok '} {target}: {len(paths)} files", flush=True)
        print("\n".join(wrong), end="")
        status = 1 if wrong else status
    return status


if __name__ == "__main__":
    sys.exit(main())
