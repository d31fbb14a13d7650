"""``mmap-spec diff``: which clauses changed their verdict, and whether something got worse."""

from __future__ import annotations

from pathlib import Path

import pytest
import sample_results
from judging import mmap_spec_command
from mmap_spec.clauses import catalogue
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report import changes, results
from mmap_spec.report.stream import write_absent
from sample_results import CLAUSES, NAMES

MUST = [name for name in NAMES if CLAUSES[name].level == "must"]
FIRST, SECOND, THIRD = MUST[:3]


def streams(folder: Path, old: dict, new: dict, **more: object) -> tuple[Path, Path]:
    """Two results of one candidate."""
    return (
        sample_results.write(folder, "a", old, started="2026-11-01T10:00:00+00:00"),
        sample_results.write(folder, "a", new, started="2026-11-02T10:00:00+00:00", **more),
    )


def said(old: Path, new: Path) -> tuple[int, str]:
    """The exit status and the lines."""
    *lines, status = changes.report([old], [new])
    return status, "\n".join(map(str, lines))


def test_nothing_changed(tmp_path):
    status, text = said(*streams(tmp_path, {FIRST: "fail"}, {FIRST: "fail"}))
    assert status == 0
    assert text.endswith("0 worse, 0 better, 0 otherwise")


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("pass", "fail", "worse"),
        ("pass", "known fail", "worse"),  # listed or not, it is a deviation
        ("fail", "crash", "worse"),
        ("known fail", "known crash", "worse"),
        ("pass", "untestable", "worse"),
        ("fail", "pass", "better"),
        ("crash", "hang", "better"),
        ("known crash", "pass", "better"),
        ("fail", "known fail", "otherwise"),
        ("pass", "stale", "otherwise"),
        ("pass", "not-applicable", "otherwise"),
        ("not-applicable", "fail", "otherwise"),
    ],
)
def test_direction(tmp_path, before, after, direction):
    """1 if something got worse, by what happened and not by what is listed."""
    old, new = streams(tmp_path, {FIRST: before}, {FIRST: after})
    (change,) = changes.compare(results.read(old), results.read(new))
    assert (change.clause, change.direction) == (FIRST, direction)
    status, text = said(old, new)
    assert status == (1 if direction == "worse" else 0)
    assert f"{direction:9}  {FIRST} (must): " in text


def test_worse_ones_first(tmp_path):
    old, new = streams(tmp_path, {FIRST: "fail"}, {SECOND: "fail", THIRD: "not-applicable"})
    found = changes.compare(results.read(old), results.read(new))
    assert [change.clause for change in found] == [SECOND, FIRST, THIRD]


def test_may_is_shown_and_does_not_count(tmp_path):
    """A clause that is only recorded makes nothing red."""
    name = next(key for key, clause in catalogue().items() if clause.level == "may")
    old, new = (sample_results.write(tmp_path, n) for n in ("a", "b"))
    for path, verdict in ((old, "pass"), (new, "fail")):
        text = path.read_text().replace(f'"{FIRST}"', f'"{name}"')
        lines = text.splitlines()
        index = next(i for i, line in enumerate(lines) if f'"id": "{name}"' in line)
        lines[index] = lines[index].replace('"must"', '"may"').replace('"pass"', f'"{verdict}"')
        path.write_text("\n".join(lines) + "\n")
    status, text = said(old, new)
    assert status == 0
    assert f"worse      {name} (may): pass -> fail" in text


def test_clause_that_is_new(tmp_path):
    """A clause that the old battery did not have is neither worse nor better."""
    old, new = streams(tmp_path, {}, {FIRST: "fail"})
    old.write_text(
        "".join(
            line + "\n" for line in old.read_text().splitlines() if f'"id": "{FIRST}"' not in line
        )
    )
    status, text = said(old, new)
    assert status == 0
    assert f"otherwise  {FIRST} (must): no result -> fail" in text


def test_incomplete(tmp_path):
    """3 where the new run did not reach its end, or could not be started."""
    old, new = streams(tmp_path, {}, {}, complete=False)
    assert said(old, new)[0] == 3
    write_absent(new, "a", "gone")
    status, text = said(old, new)
    assert (status, "gone" in text) == (3, True)


def test_other_battery_is_named(tmp_path):
    old, new = streams(tmp_path, {}, {}, battery_version="another")
    assert "by two different batteries" in said(old, new)[1]


def test_folders(tmp_path):
    """Candidates are matched by name; one that is gone makes the comparison incomplete."""
    old, new = tmp_path / "old", tmp_path / "new"
    for name in ("a", "b", "c"):
        sample_results.write(old, name)
    sample_results.write(new, "a")
    sample_results.write(new, "b", {FIRST: "crash"})
    sample_results.write(new, "d")
    status, text = said(old, new)
    assert status == 3
    assert "c: judged before, and not now" in text
    assert "d: not judged before" in text
    assert text.count(" worse  ") == 1
    with pytest.raises(BadDescriptor, match="no candidate is in both"):
        list(
            changes.report(
                [old / "c-2026-11-20.jsonl", old / "a-2026-11-20.jsonl"],
                [new / "d-2026-11-20.jsonl"],
            )
        )


def test_command(tmp_path):
    """Exit status and lines, as a CI job gets them."""
    old, new = streams(tmp_path, {}, {FIRST: "crash"})
    done = mmap_spec_command("diff", old, new, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    must = len(MUST)
    assert done.stdout.splitlines() == [
        f"a: {must}/{must} -> {must - 1}/{must} must, 1 worse, 0 better, 0 otherwise",
        f"  worse      {FIRST} (must): pass -> crash",
    ]
    assert mmap_spec_command("diff", new, old, cwd=tmp_path).returncode == 0
    assert mmap_spec_command("diff", old, tmp_path / "x.jsonl", cwd=tmp_path).returncode == 2
