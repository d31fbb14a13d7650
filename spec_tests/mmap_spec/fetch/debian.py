"""The recipe ``debian``: a Python of another Debian release, beside the system.

Nothing is installed: the packages are unpacked into a folder, and the program is told to use
the C library of that folder, which may be newer than this system's, or for another architecture.
apt checks what it downloads against the keys of Debian.  Which versions a release holds is for
the release to say: a file ``packages`` in the folder keeps what came.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mmap_spec.fetch.downloads import CannotFetch, Say, need, run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
RECORD = """
    for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb --show "$deb"; done > "$1/packages"
"""
OPTIONS = [
    "--variant=extract",  # no program of the packages is run
    "--mode=chrootless",  # so none of root's rights are needed,
    "--skip=check/chrootless",  # and root runs no risk
    # A mirror that lags behind will do; signatures are checked all the same.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    f"--extract-hook={RECORD}",
]
# Without its bytecode each start of the interpreter would take three times as long.
COMPILE = (
    "import compileall, sysconfig;"
    "compileall.compile_dir(sysconfig.get_path('stdlib'), maxlevels=2, quiet=2)"
)


def recipe(details: dict[str, Any], scratch: Path, final: Path, say: Say) -> None:
    """Fill ``scratch`` with a release's packages; its ``python`` will run in ``final``."""
    program = details["program"]
    what = f"{program} of Debian {details['suite']}"
    for name in ("mmdebstrap", "patchelf"):
        need(name, "mmdebstrap patchelf", what)
    say(f"unpacking {what} with what it needs, from the mirror that apt uses here")
    unpack(details, scratch, what)
    target = scratch / "usr" / "bin" / program
    if not target.exists():
        raise CannotFetch(f"{what}: its packages hold no usr/bin/{program}")
    libraries = library_folders(scratch)
    loader = loader_of(target, scratch)
    link_headers(scratch)
    place_headers(scratch, final)
    say("compiling its library")
    compile_library(target, loader, libraries)
    bind(target, final / loader.relative_to(scratch), [final / f for f in libraries])
    (scratch / "python").symlink_to(target.relative_to(scratch))


def unpack(details: dict[str, Any], folder: Path, what: str) -> None:
    """Download the packages and those that they need, check and unpack them."""
    if not KEYRING.exists():
        raise CannotFetch(f"{what} needs {KEYRING}: apt-get install debian-archive-keyring")
    suite = details["suite"]
    command = ["mmdebstrap", *OPTIONS, f"--include={','.join(details['packages'])}"]
    if "architecture" in details:
        command.append(f"--architectures={details['architecture']}")
    source = f"deb [signed-by={KEYRING}] {mirror(what)} {suite} main"
    quiet: dict[str, Any] = {}
    if not sys.stderr.isatty():
        command.append("--quiet")
        quiet["stderr"] = subprocess.PIPE
    run([*command, suite, str(folder), source], what, **quiet)


def mirror(what: str) -> str:
    """The address of the Debian mirror that this system's apt is set up with."""
    wanted = "$(ORIGIN)\t$(LABEL)\t$(REPO_URI)"
    need("apt-get", "apt", what)
    command = ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for line in said.splitlines():
        origin, label, address = line.split("\t")
        if origin == label == "Debian":  # security updates have another label
            return address
    raise CannotFetch(
        f"{what}: apt knows no Debian mirror here: apt-get update; on another system than Debian "
        "add one to apt's sources first"
    )


def library_folders(tree: Path) -> list[Path]:
    """Where the shared libraries of a tree are, relative to it: beside its C library, or so."""
    triplets = {path.parent.name for path in tree.glob("**/libc.so.6")}
    folders = [Path(top) / triplet for triplet in triplets for top in ("usr/lib", "lib")]
    return [folder for folder in folders if (tree / folder).is_dir()]


def loader_of(program: Path, tree: Path) -> Path:
    """The program's dynamic loader as the tree has it."""
    command = ["patchelf", "--print-interpreter", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    name = done.stdout.strip().lstrip("/")
    for path in (tree / name, tree / "usr" / name):
        if path.exists():
            return path
    raise CannotFetch(f"{program.name}: its packages hold no {name}")


def compile_library(program: Path, loader: Path, libraries: list[Path]) -> None:
    """Byte-compile the interpreter's standard library, where the tree lies now."""
    tree = program.parents[2]
    command = [str(loader), "--library-path", ":".join(str(tree / path) for path in libraries)]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    run(
        [*command, str(program), "-I", "-c", COMPILE],
        f"{program.name}'s library",
        env=env,
        stderr=subprocess.PIPE,
    )


def bind(program: Path, loader: Path, libraries: list[Path]) -> None:
    """Make a program use the loader and the libraries of its own tree."""
    path = ":".join(map(str, libraries))
    command = ["patchelf", "--set-interpreter", str(loader), "--force-rpath", "--set-rpath", path]
    run([*command, str(program)], program.name, stderr=subprocess.PIPE)


def link_headers(tree: Path) -> None:
    """Let extensions find ``<TRIPLET/pythonX.Y/pyconfig.h>``, which Python.h includes.

    It lies two folders above Python.h, beside the C library's headers, and those are not to
    be used: what is built here is for the compiler's own.
    """
    for headers in tree.glob("usr/include/*/python3*"):
        plain = tree / "usr" / "include" / headers.name
        if plain.is_dir():
            place = plain / headers.parent.name
            place.mkdir()
            (place / headers.name).symlink_to(os.path.relpath(headers, place))


def place_headers(tree: Path, final: Path) -> None:
    """Tell what builds extensions where Python.h will be; up to 3.13 that is written down."""
    for path in tree.glob("usr/lib/python3*/_sysconfigdata_*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("'/usr/include/", f"'{final}/usr/include/"), encoding="utf-8")
