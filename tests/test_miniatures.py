"""Every miniature is caught by the clause that it breaks, and the run says what it found.

A miniature is a subclass of the real class that is wrong in one thing.  The
control is a subclass without a mistake: it keeps every clause that catches a
miniature, so that a failure is the mistake's and not the technique's.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import miniatures
import pytest
from judging import TESTS, judge, mmap_spec_command, write_impl
from miniatures import MINIATURES, Miniature
from miniatures.faithful import Faithful

for _module in pkgutil.iter_modules(miniatures.__path__):
    if _module.name.startswith("wrong_"):
        importlib.import_module(f"miniatures.{_module.name}")


def describe(folder: Path, name: str) -> Path:
    """The impl.toml of a miniature, made in ``folder``."""
    return write_impl(
        folder / name, module="miniatures.judged", path=[str(TESTS)], env={"MINIATURE": name}
    )


@pytest.mark.parametrize("miniature", MINIATURES, ids=lambda miniature: miniature.name)
def test_caught(tmp_path, miniature: Miniature):
    """The clause fails, with a text that tells the mistake, and the run is red."""
    judged = judge(describe(tmp_path, miniature.name), [miniature.clause], tmp_path / "report")
    assert (judged.verdicts(), judged.status) == ({miniature.clause: miniature.outcome}, 1)
    assert miniature.found in judged.found(miniature.clause)
    assert judged.programs(miniature.clause)


def test_control(tmp_path):
    """The same technique without a mistake keeps every clause that catches a miniature."""
    clauses = {miniature.clause for miniature in MINIATURES}
    judged = judge(describe(tmp_path, "faithful.Faithful"), sorted(clauses), tmp_path / "report")
    assert judged.verdicts() == dict.fromkeys(clauses, "pass")
    assert judged.status == 0


def test_every_miniature_is_judged():
    """No wrong class lies about that nobody judges."""
    wrong = {f"{c.__module__.rpartition('.')[2]}.{c.__name__}" for c in Faithful.__subclasses__()}
    assert wrong == {miniature.name for miniature in MINIATURES}
    assert len(wrong) == len(MINIATURES)


def test_as_a_module_name(tmp_path):
    """A miniature is judged alike by the command, where only its module's name is given."""
    miniature = MINIATURES[0]
    done = mmap_spec_command(
        "run",
        "--impl=miniatures.judged",
        f"--clause={miniature.clause}",
        cwd=tmp_path,
        env={"PYTHONPATH": str(TESTS), "MINIATURE": miniature.name},
    )
    assert done.returncode == 1, done.stderr
    assert f"FAIL  {miniature.clause} (must)  on miniatures.judged" in done.stdout
    assert miniature.found in done.stdout
