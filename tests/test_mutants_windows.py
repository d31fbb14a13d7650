"""The mutants for Windows: which sources, and on what they can be judged."""

from __future__ import annotations

import os
import sys

from mmap_spec.descriptors import Interpreter
from mutants import windows
from mutants.__main__ import REPOSITORY, main


def test_other_interpreters_are_wrong_usage(capsys):
    """An interpreter that is no CPython for Windows: status 2, and its folder is named."""
    assert main([f"--interpreter={sys.executable}", "--list"]) == 2
    assert "is no CPython for Windows" in capsys.readouterr().err


def test_sources(tmp_path):
    """Mutated is what setup.py compiles for Windows; it is told so, and nobody else."""
    (tmp_path / "libs").mkdir()
    python = Interpreter("there", (str(tmp_path / "python"),))
    recipe = windows.recipe_for(python, REPOSITORY / "reference", "mmap_reference")
    names = {path.name for path in recipe.sources}
    assert {"os_windows.c", "guard_windows.c", "signature_windows.c", "object.c"} <= names
    assert not {name for name in names if name.endswith("_posix.c")}
    assert windows.SETUP not in os.environ
