"""Every miniature is caught by the clause that it breaks, and the run says what it found.

A miniature is a subclass of the real class that is wrong in one thing.  The
control is a subclass without a mistake: it keeps every clause that catches a
miniature, so that a failure is the mistake's and not the technique's.
"""

from __future__ import annotations

import pytest
from judging import TESTS, judge, mmap_spec_command
from miniature_runs import assert_caught, candidate
from miniatures import MINIATURES, Miniature
from miniatures.faithful import Faithful

CONTROLS = sorted({(miniature.control, miniature.on) for miniature in MINIATURES})


@pytest.mark.parametrize("miniature", MINIATURES, ids=lambda miniature: miniature.name)
def test_caught(miniature: Miniature):
    """The clause fails, with a text that tells the mistake, and the run is red."""
    assert_caught(miniature)


@pytest.mark.parametrize(("control", "on"), CONTROLS)
def test_control(tmp_path, control, on):
    """What has no mistake keeps every clause that catches a miniature."""
    clauses = {m.clause for m in MINIATURES if (m.control, m.on) == (control, on)}
    impl = control if control == "stdlib" else candidate(tmp_path, control, on)
    judged = judge(impl, sorted(clauses), tmp_path / "report")
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
