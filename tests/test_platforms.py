"""The page of differences between platforms, and the pairs of clauses that it is made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mmap_spec import cli
from mmap_spec.clauses import catalogue
from mmap_spec.descriptors import marker
from mmap_spec.report import platforms

SYSTEMS = ("linux", "win32", "darwin", "emscripten")
PAIRS = [pytest.param(*pair, id=pair[1].id) for pair in platforms.pairs()]


def systems(clause) -> set[str]:
    """The platforms on which a clause holds."""
    if clause.when is None:
        return set(SYSTEMS)
    test = marker(clause.when, clause.id)
    return {name for name in SYSTEMS if test.evaluate({"sys_platform": name})}


def result(path: Path, name: str, verdicts: dict[str, str]) -> str:
    """A result stream with these verdicts."""
    profile = dict.fromkeys(
        ("platform_python_implementation", "python_full_version", "platform_system"), name
    )
    profile |= {"platform_release": "1", "platform_version": "2"}
    lines: list[dict] = [
        {"kind": "header", "format": 1, "candidate": name, "profile": profile, "clauses": 2}
        | {"battery": "1", "started": "2026-01-01T00:00:00+00:00"}
    ]
    lines += [
        {"kind": "clause", "id": key, "level": "must", "verdict": verdict, "tests": []}
        for key, verdict in verdicts.items()
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_there_are_pairs():
    """The checks below are about something."""
    assert len(PAIRS) >= 10


@pytest.mark.parametrize(("general", "special"), PAIRS)
def test_pairs_exclude_one_another(general, special):
    """What stands instead of another clause holds where that one does not."""
    assert systems(general)
    assert systems(special)
    assert not systems(general) & systems(special)


def test_every_counterpart_exists():
    """``instead`` names a clause."""
    named = {clause.instead for clause in catalogue().values() if clause.instead}
    assert named <= set(catalogue())


def test_page_shows_both_runs(tmp_path, capsys):
    """Both sentences stand in a row, with the verdicts of their own runs."""
    first = result(tmp_path / "a.jsonl", "here", {"offset.unaligned": "pass"})
    second = result(tmp_path / "b.jsonl", "there", {"windows.unaligned": "fail"})
    assert cli.main(["report", first, second, "--platforms", str(tmp_path / "page.md")]) == 0
    page = (tmp_path / "page.md").read_text()
    assert "| here | there |" in page
    (row,) = [line for line in page.splitlines() if "`windows.unaligned`" in line]
    left, right = row.split(" | ")
    assert "`offset.unaligned` (must): **pass**" in left
    assert "`windows.unaligned` (must): **fail**" in right
    (row,) = [line for line in page.splitlines() if "`windows.extends`" in line]
    assert row.count(platforms.UNTRIED) == 2


def test_committed_page_is_of_this_catalogue():
    """docs/platforms.md shows every pair, with today's sentences."""
    page = (Path(__file__).parents[1] / "docs" / "platforms.md").read_text()
    for pair in platforms.pairs():
        for clause in pair:
            assert f"{clause.text}<br>`{clause.id}` ({clause.level}): **" in page


def test_page_needs_two_results(tmp_path, capsys):
    """One result is wrong usage."""
    first = result(tmp_path / "a.jsonl", "here", {})
    assert cli.main(["report", first, "--platforms", str(tmp_path / "page.md")]) == 2
    assert "--platforms needs two results, not 1" in capsys.readouterr().err
