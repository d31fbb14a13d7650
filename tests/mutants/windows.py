"""Mutants for Windows: compiled by mingw-w64 on another system, judged on a CPython for Windows.

Who outlives the battery has to stand the C tests of the operating system's layer, too, in which
calls of Windows fail that no program can make fail.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from mmap_spec.descriptors import Interpreter

from mutants.building import Builder, Recipe, read_recipe
from mutants.campaign import Campaign
from mutants.killing import Battery, Found
from mutants.operators import Mutant
from mutants.records import BadRecord

JUDGEMENTS = Path(__file__).with_name("survivors_windows.toml")
LEVEL = 90.0  # per cent of the mutants that are not equivalent
SETUP = "MMAP_REFERENCE_WINDOWS"  # tells setup.py the folder of a CPython for Windows
CTESTS = "(C tests)"  # stands for a clause
RUN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"  # another program

# What covering.py has for POSIX, for Windows.
SHARE = """
#include <windows.h>
static void *
share(const char *path, size_t size)
{
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE section = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, (DWORD)size, NULL);
    void *shared = section == NULL ? NULL : MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    CloseHandle(section);
    CloseHandle(file);
    return shared;
}
"""


def home_of(python: Interpreter) -> Path:
    """The folder of a CPython for Windows, with its headers and import libraries."""
    folder = Path(python.command[0]).resolve().parent
    if not (folder / "libs").is_dir():
        raise BadRecord(f"--interpreter={python.id}: {folder} is no CPython for Windows")
    return folder


def recipe_for(python: Interpreter, folder: Path, module: str) -> Recipe:
    """What the setup.py of a folder says where it builds for a CPython for Windows."""
    os.environ[SETUP] = str(home_of(python))
    try:
        return read_recipe(folder, module)
    finally:
        del os.environ[SETUP]


def compiler_of(recipe: Recipe) -> ModuleType:
    """mingw.py, which lies beside setup.py and says how to compile for Windows."""
    spec = importlib.util.spec_from_file_location("mingw", recipe.folder / "mingw.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class WindowsBuilder(Builder):
    """Builds for a CPython for Windows."""

    share = SHARE

    def __init__(self, recipe: Recipe, folder: Path, python: Interpreter) -> None:
        super().__init__(recipe, folder)
        mingw = compiler_of(recipe)
        mingw.need_compiler()
        home = home_of(python)
        self.interpreter = python.id
        self.compiler = [mingw.COMPILER]
        self.python = [*mingw.FLAGS, "-DMS_WIN64=", "-I", str(home / "include")]
        self.libraries = [mingw.import_library(home), *mingw.LIBRARIES]
        self.suffix = ".pyd"


class WindowsCampaign(Campaign):
    """A campaign on a CPython for Windows; the other parameters are those of every campaign."""

    def __init__(self, python: Interpreter, recipe: Recipe, folder: Path, **options: Any) -> None:
        self.python = python
        super().__init__(recipe, folder=folder / python.id, **options)
        self.battery = self.judges()

    def make_builder(self) -> Builder:
        return WindowsBuilder(self.recipe, self.folder, self.python)

    def judges(self) -> str:
        """A hash of all that judges: the battery and the C tests."""
        digest = hashlib.sha256(self.battery.encode())
        for path in sorted((self.recipe.folder / "ctests").glob("*")):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
        return digest.hexdigest()[:16]

    def kill_one(
        self, battery: Battery, mutant: Mutant, tests: list[str], limit: float, slot: int
    ) -> Found:
        """In a child: by the battery, else by the C tests."""
        found = super().kill_one(battery, mutant, tests, limit, slot)
        if not found.outcome:
            said = self.failed_ctests(mutant)
            if said:
                found.outcome, found.test = "fail", "ctests"
                found.clauses, found.text = (CTESTS,), said
        return found

    def failed_ctests(self, mutant: Mutant) -> str:
        """What the C tests of the mutant's file say that they find wrong; "" if nothing."""
        test = f"test_{mutant.file}"
        project = self.recipe.folder
        if not (project / "ctests" / test).exists():
            return ""
        folder = self.place(mutant) / "project"
        sources = self.recipe.files[mutant.file].parent.relative_to(project)
        shutil.copytree(project / "ctests", folder / "ctests")
        shutil.copytree(project / sources, folder / sources)
        shutil.copy(project / "mingw.py", folder)
        text = self.recipe.files[mutant.file].read_bytes()
        changed = text[: mutant.start] + mutant.text.encode() + text[mutant.end :]
        (folder / sources / mutant.file).write_bytes(changed)
        try:
            return self.run_ctests(folder, test)
        finally:
            shutil.rmtree(folder)

    def run_ctests(self, folder: Path, test: str) -> str:
        """Build and run a program of C tests; the lines that do not say "ok"."""
        runner = shlex.join([*self.python.command, "-c", RUN])
        env = {**os.environ, "RUNNER": runner, "CFLAGS": "-w"}
        command = [sys.executable, str(folder / "ctests" / "run.py"), "--windows", test]
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return ""
        lines = (done.stdout + done.stderr).splitlines()
        return "\n".join(line for line in lines if not line.startswith("ok"))[:300]
