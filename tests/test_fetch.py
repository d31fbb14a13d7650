"""``mmap-spec fetch``: what is there is all there, what is not says how to get it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import tomlkit
from mmap_spec import cli, fetch, launcher
from mmap_spec.cache import make_once
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.fetch import downloads, wine
from mmap_spec.fetch.downloads import CannotFetch
from mmap_spec.launcher import CannotStart

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
    assert "little       absent: mmap-spec fetch little" in capsys.readouterr().out.splitlines()
    assert cli.main(["fetch", "lit*"]) == 0
    assert cli.main(["fetch"]) == 0
    assert f"little       {fetch.home('little', DETAILS)}/python" in capsys.readouterr().out


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
        folder.mkdir()
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


# -- building for Windows ---------------------------------------------------


def test_windows_build_names_the_folder():
    """The build is told where the Windows Python lies on this system."""
    spec = launcher.parse("reference")
    facts = {"executable": "Z:\\some\\where\\python.exe"}
    assert launcher.cross_building(spec, facts) == {"MMAP_REFERENCE_WINDOWS": "/some/where"}


def test_windows_build_may_be_impossible():
    """An implementation that cannot be built for Windows here says so."""
    spec = launcher.parse("fmmap")
    with pytest.raises(CannotStart, match=r"no build\.windows"):
        launcher.cross_building(spec, {"executable": "Z:\\python.exe"})
