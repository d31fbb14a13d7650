"""``mmap-spec fetch``: what is there is all there, what is not says how to get it."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import pytest
import tomlkit
from mmap_spec import cli, fetch, launcher, matrix
from mmap_spec.cache import make_once
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.fetch import debian, downloads, pyodide, wine
from mmap_spec.fetch.downloads import CannotFetch
from mmap_spec.links import CannotStart

DETAILS = {"recipe": "easy", "version": "1"}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder with a cache, and an interpreters.toml of ours with one entry, ``little``."""
    (tmp_path / "impls").mkdir()
    text = tomlkit.dumps({"interpreter": {"little": {"fetch": DETAILS}}})
    (tmp_path / "impls" / "interpreters.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMAP_SPEC_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """What a recipe called ``easy`` has made: a script for this interpreter."""
    names: list[str] = []

    def easy(details, scratch, final, say):
        names.append(final.name)
        scratch.mkdir()
        (scratch / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (scratch / "python").chmod(0o755)

    monkeypatch.setitem(fetch.RECIPES, "easy", easy)
    return names


# -- make_once --------------------------------------------------------------


def test_what_is_there_is_not_made_again(tmp_path):
    """The second call finds what the first has made."""
    calls = []

    def make(scratch):
        calls.append(scratch)
        scratch.write_text("once")

    for _ in range(2):
        assert make_once(tmp_path / "deep" / "file", make).read_text() == "once"
    assert len(calls) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_leaves_nothing(tmp_path, error):
    """What was half made is neither found nor left behind."""

    def make(scratch):
        scratch.write_text("half of it")
        raise error

    with pytest.raises(error):
        make_once(tmp_path / "file", make)
    assert list(tmp_path.iterdir()) == []


def test_another_process_may_be_faster(tmp_path):
    """A folder that somebody else has made meanwhile is as good as ours."""
    target = tmp_path / "folder"

    def make(scratch):
        scratch.mkdir()
        target.mkdir()
        (target / "theirs").touch()

    assert [path.name for path in make_once(target, make).iterdir()] == ["theirs"]


# -- fetch ------------------------------------------------------------------


def test_absent_says_how_to_get_it(here):
    """An interpreter that can be fetched is reported as absent, with the command."""
    with pytest.raises(CannotStart, match=r"little is not on this machine. mmap-spec fetch little"):
        launcher.parse("stdlib@little")


def test_fetched_is_found(here, made):
    """What was fetched is an interpreter like any other, and is not fetched again."""
    program = fetch.fetch("little", print)
    assert fetch.fetch("little", print) == program
    assert len(made) == 1
    assert launcher.parse("stdlib@little").interpreter.command == (program,)
    assert subprocess.check_output([program, "-c", "print(6)"]) == b"6\n"


def test_other_details_are_another_interpreter(made, here):
    """A new version does not pass for the old one."""
    old = fetch.home("little", DETAILS)
    assert old != fetch.home("little", {**DETAILS, "version": "2"})


def test_command_lists_and_fetches(here, made, capsys):
    """Without a name the command lists what there is; with a pattern it fetches."""
    assert cli.main(["fetch"]) == 0
    said = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["little", "absent: mmap-spec fetch little"] in said
    assert cli.main(["fetch", "lit*"]) == 0
    assert cli.main(["fetch"]) == 0
    said = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["little", f"{fetch.home('little', DETAILS)}/python"] in said


def test_unknown_name_is_wrong_usage(here, capsys):
    """A name that cannot be fetched: status 2, and the nearest known one."""
    assert cli.main(["fetch", "litle"]) == 2
    assert "did you mean 'little'?" in capsys.readouterr().err


def test_unknown_recipe(here):
    """A recipe that does not exist is an error of the file."""
    with pytest.raises(BadDescriptor, match="little: unknown recipe"):
        fetch.fetch("little", print)


def test_missing_program_names_the_package():
    """A program that is missing is named with the command that installs it."""
    with pytest.raises(CannotFetch, match="apt-get install some-package"):
        downloads.need("no-such-program", "some-package", "a test")


# -- the recipe wine --------------------------------------------------------


def windows_package(path: Path) -> str:
    """Write a source distribution like the real ones; its sha256."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("cp399/python.exe", b"MZ")
        archive.writestr("cp399/include/Python.h", b"")
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("package-1/src/data.zip")
        member.size = len(inner.getvalue())
        archive.addfile(member, io.BytesIO(inner.getvalue()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def registry(tmp_path, monkeypatch) -> str:
    """pip finds one package, ours; its sha256."""
    package = tmp_path / "package-1.tar.gz"
    digest = windows_package(package)

    def run(command, what, **options):
        folder = Path(command[command.index("--dest") + 1])
        (folder / package.name).write_bytes(package.read_bytes())

    monkeypatch.setattr(downloads, "run", run)
    monkeypatch.setenv("MMAP_SPEC_CACHE", str(tmp_path / "cache"))
    return digest


def test_download_is_checked(registry):
    """A package with another sha256 than the pinned one is refused, and not kept."""
    with pytest.raises(CannotFetch, match=f"its sha256 is {registry}, not {'0' * 64}"):
        downloads.source_distribution("package", "1", "0" * 64, print)
    path = downloads.source_distribution("package", "1", registry, print)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_windows_python_is_unpacked(registry, tmp_path):
    """The folder of the zip becomes the folder of the interpreter."""
    archive = downloads.source_distribution("package", "1", registry, print)
    wine.unpack(archive, "data.zip", tmp_path / "python")
    assert (tmp_path / "python" / "python.exe").read_bytes() == b"MZ"
    assert (tmp_path / "python" / "include" / "Python.h").exists()
    with pytest.raises(CannotFetch, match=r"holds no other\.zip"):
        wine.unpack(archive, "other.zip", tmp_path / "nothing")


def test_script_survives_odd_names(tmp_path):
    """The script that starts Wine is right where folders have blanks and quotes."""
    script = tmp_path / "python"
    wine.write_script(script, tmp_path / "a 'b'", tmp_path / 'c "d"' / "python.exe")
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert str(tmp_path / 'c "d"') in script.read_text()


# -- the recipe debian ------------------------------------------------------

# What the recipe calls, as scripts of ours.  The tree that is unpacked has a loader that runs
# its program, and a program that says that it was called.
PROGRAMS = {
    "apt-get": """
        printf 'Debian\\tDebian-Security\\tscheme://host/security\\n'
        printf 'Debian\\tDebian\\tscheme://host/debian\\n'
    """,
    "mmdebstrap": """
        set -f; echo mmdebstrap $* >> "$LOG"  # on one line
        for next; do folder=$argument; argument=$next; done  # the last but one
        mkdir -p "$folder" && cd "$folder"
        mkdir -p usr/bin usr/lib/some-arch lib
        mkdir -p usr/include/some-arch/python3.99 usr/include/python3.99 usr/lib/python3.99
        echo "{'INCLUDEPY': '/usr/include/python3.99'}" > usr/lib/python3.99/_sysconfigdata_some.py
        touch usr/lib/some-arch/libc.so.6 usr/include/some-arch/python3.99/pyconfig.h
        printf '#!/bin/sh\\nshift 2\\nexec "$@"\\n' > lib/ld.so
        printf '#!/bin/sh\\necho "program $*" >> "$LOG"\\n' > usr/bin/python3.99
        chmod +x lib/ld.so usr/bin/python3.99
    """,
    "patchelf": """
        if [ "$1" = --print-interpreter ]; then echo /lib/ld.so && exit; fi
        echo "patchelf $*" >> "$LOG"
    """,
}
DEBIAN = {"recipe": "debian", "suite": "some", "program": "python3.99", "packages": ["one", "two"]}


@pytest.fixture
def debian_host(tmp_path, monkeypatch) -> Path:
    """A machine that has what the recipe needs; the file in which the calls are written."""
    (tmp_path / "bin").mkdir()
    for name, script in PROGRAMS.items():
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n" + textwrap.dedent(script))
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "keyring").touch()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "keyring")
    return tmp_path / "log"


def test_debian_is_unpacked_and_bound(debian_host, tmp_path):
    """The packages are asked for by name and checked; the program uses its own tree's loader."""
    scratch, final = tmp_path / "scratch", tmp_path / "final"
    debian.recipe({**DEBIAN, "architecture": "odd"}, scratch, final, print)
    unpacked, compiled, bound = debian_host.read_text().splitlines()
    source = f"deb [signed-by={tmp_path}/keyring] scheme://host/debian some main"
    assert unpacked.endswith(
        f"--include=one,two --architectures=odd --quiet some {scratch} {source}"
    )
    assert compiled.startswith("program -I -c import compileall")
    assert f"--set-interpreter {final}/lib/ld.so " in bound
    assert f"--set-rpath {final}/usr/lib/some-arch {scratch}/usr/bin/python3.99" in bound
    assert (scratch / "python").resolve() == scratch / "usr" / "bin" / "python3.99"
    headers = scratch / "usr" / "include" / "python3.99" / "some-arch" / "python3.99"
    assert (headers / "pyconfig.h").exists()
    scratch.rename(final)
    configuration = (final / "usr" / "lib" / "python3.99" / "_sysconfigdata_some.py").read_text()
    assert configuration == f"{{'INCLUDEPY': '{final}/usr/include/python3.99'}}\n"
    headers = final / "usr" / "include" / "python3.99" / "some-arch" / "python3.99"
    assert (headers / "pyconfig.h").exists()


def test_debian_without_the_program(debian_host, tmp_path):
    """Packages that do not hold the program are an error that names it."""
    details = {**DEBIAN, "program": "python4"}
    with pytest.raises(CannotFetch, match="hold no usr/bin/python4"):
        debian.recipe(details, tmp_path / "scratch", tmp_path / "final", print)


@pytest.mark.parametrize(
    ("absent", "remedy"),
    [("mmdebstrap", "mmdebstrap patchelf"), ("keyring", "debian-archive-keyring")],
)
def test_debian_needs(debian_host, tmp_path, monkeypatch, capsys, absent, remedy):
    """What the machine lacks is named with the command that installs it; status 3."""
    text = tomlkit.dumps({"interpreter": {"odd": {"fetch": DEBIAN}}})
    (tmp_path / "impls").mkdir()
    (tmp_path / "impls" / "interpreters.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMAP_SPEC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads.shutil, "which", lambda name: None if name == absent else name)
    (tmp_path / "keyring").rename(tmp_path / ("keyring" if absent != "keyring" else "gone"))
    assert cli.main(["fetch", "odd"]) == 3
    assert f"apt-get install {remedy}" in capsys.readouterr().err
    assert list((tmp_path / "cache" / "interpreters").iterdir()) == []


def test_debian_needs_a_mirror(debian_host, tmp_path):
    """Where apt knows no mirror of Debian, that is what is said; so is what mmdebstrap said."""
    (tmp_path / "bin" / "mmdebstrap").write_text("#!/bin/sh\necho no such suite >&2; exit 9\n")
    with pytest.raises(CannotFetch, match=r"(?s)exit status 9.*no such suite"):
        debian.recipe(DEBIAN, tmp_path / "scratch", tmp_path / "final", print)
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\nprintf 'Other\\tOther\\tx://y\\n'\n")
    with pytest.raises(CannotFetch, match="apt-get update"):
        debian.recipe(DEBIAN, tmp_path / "scratch", tmp_path / "final", print)


# -- the recipe pyodide -----------------------------------------------------


def test_pyodide_is_a_command(tmp_path, monkeypatch):
    """The package is checked and unpacked; the command hands its arguments to Node.js."""
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("package/pyodide.mjs"))

    def run(command, what, **options):
        if command[0] == "npm":
            target = Path(command[command.index("--pack-destination") + 1])
            (target / package.name).write_bytes(package.read_bytes())
        else:
            Path(command[2], "memory.snapshot").touch()

    monkeypatch.setattr(downloads, "run", run)
    monkeypatch.setattr(pyodide, "run", run)
    monkeypatch.setenv("MMAP_SPEC_CACHE", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    for name in ("node", "npm"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    details = {"package": "some", "version": "1", "sha256": "0" * 64}
    scratch, final = tmp_path / "scratch", tmp_path / "a 'b'"
    with pytest.raises(CannotFetch, match="its sha256 is"):
        pyodide.recipe(details, scratch, final, print)
    details["sha256"] = hashlib.sha256(package.read_bytes()).hexdigest()
    pyodide.recipe(details, scratch, final, print)
    assert (scratch / "package" / "memory.snapshot").exists()
    scratch.rename(final)
    said = subprocess.check_output([final / "python", "worker.py", "x y"], text=True)
    host = final / "pyodide_host.mjs"
    assert said.splitlines() == [str(host), str(final / "package"), "worker.py", "x y"]
    assert host.exists()


# -- a pip for interpreters without one -------------------------------------


def test_pip_is_brought_once(tmp_path, monkeypatch):
    """The host's pip fetches the newest one for a version of Python, and says if it cannot."""
    calls = []

    def run(command, **options):
        calls.append(command)
        if len(calls) > 1:
            Path(command[command.index("--target") + 1], "pip").mkdir(parents=True)
        return subprocess.CompletedProcess(command, len(calls) == 1, "", "no network")

    monkeypatch.setenv("MMAP_SPEC_CACHE", str(tmp_path))
    monkeypatch.setattr(launcher.subprocess, "run", run)
    with pytest.raises(CannotStart, match=r"(?s)needs one.*no network"):
        launcher.brought_pip("3.99")
    for _ in range(2):
        assert (launcher.brought_pip("3.99") / "pip").is_dir()
    assert len(calls) == 2
    assert calls[1][calls[1].index("--python-version") + 1] == "3.99"


# -- building for Windows ---------------------------------------------------


def test_windows_build_names_the_folder(monkeypatch):
    """The build is told where the Windows Python lies on this system."""
    monkeypatch.setattr(launcher.shutil, "which", lambda program: program)
    spec = launcher.parse("reference")
    facts = {"executable": "Z:\\some\\where\\python.exe"}
    assert launcher.cross_building(spec, facts) == {"MMAP_REFERENCE_WINDOWS": "/some/where"}


def test_windows_build_needs_a_compiler(monkeypatch):
    """Where it is missing, the candidate is absent, and what is said names the package."""
    monkeypatch.setattr(launcher, "find_program", lambda name, entry: sys.executable)
    assert launcher.parse("stdlib@wine-3.13").interpreter.recipe == "wine"
    monkeypatch.setattr(launcher.shutil, "which", lambda program: None)
    with pytest.raises(CannotStart, match=r"mingw32-gcc.*apt-get install gcc-mingw-w64-x86-64"):
        launcher.parse("reference@wine-3.13")
    assert launcher.parse("stdlib@wine-3.13").interpreter.id == "wine-3.13"
    (row,) = matrix.plan(["reference@wine-3.13"], Path("results"), 1, again=True)
    assert (row.state, "apt-get install gcc-mingw" in row.absent) == ("absent", True)


def test_windows_build_may_be_impossible():
    """An implementation that cannot be built for Windows here says so."""
    spec = launcher.parse("fmmap")
    with pytest.raises(CannotStart, match=r"no build\.windows"):
        launcher.cross_building(spec, {"executable": "Z:\\python.exe"})
