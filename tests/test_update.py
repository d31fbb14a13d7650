"""How `mmap-spec update` revises an expected.toml."""

from __future__ import annotations

import pytest
from judging import mmap_spec_command
from mmap_spec import descriptors, update
from mmap_spec.descriptors import Deviation
from samples import profile

HERE = 'implementation_name == "cpython" and python_full_version == "3.13.2"'


def line(clause: str, verdict: str, level: str = "must", found: str = "") -> dict:
    """A clause's line of a result stream."""
    tests = [{"outcome": verdict, "found": found}]
    return {"id": clause, "level": level, "verdict": verdict, "tests": tests}


def data(**changes) -> dict:
    """A profile as it stands in a result stream."""
    return {**profile(**changes).__dict__, "api": "3.13"}


def revised(tmp_path, text: str, *lines: dict, **changes) -> tuple[list[Deviation], str]:
    """The entries after a run, read back, and the text."""
    new, _ = update.revise(text, list(lines), data(**changes))
    path = tmp_path / "expected.toml"
    path.write_text(new)
    return descriptors.load_expected(path), new


def applies(entry: Deviation, **changes) -> bool:
    return entry.applies(profile(**changes).markers())


def entry_text(clause: str, when: str | None = None, outcome: str = "fail") -> str:
    """One entry as a person would write it."""
    condition = f"when = '{when}'\n" if when else ""
    return (
        f'[[deviation]]\nclause = "{clause}"\n{condition}outcome = "{outcome}"\nreason = "known"\n'
    )


@pytest.mark.parametrize("outcome", ["fail", "crash", "hang"])
def test_new_failure(tmp_path, outcome):
    """An entry for exactly this interpreter and outcome, marked as unreviewed."""
    found = "expected ValueError,\n   got  TypeError " + "x" * 300
    (entry,), _ = revised(tmp_path, "", line("a.b", outcome, found=found))
    assert (entry.clause, entry.outcome, entry.when) == ("a.b", (outcome,), HERE)
    assert entry.reason.startswith("unreviewed: expected ValueError, got TypeError x")
    assert applies(entry)
    assert not applies(entry, python_full_version="3.13.1")
    assert not applies(entry, implementation_name="pypy")


def test_pointers_of_four_bytes(tmp_path):
    """A 32-bit interpreter is told from the 64-bit one of the same version, in both directions."""
    (entry,), _ = revised(tmp_path, "", line("a.b", "fail"), pointer_size=4)
    assert applies(entry, pointer_size=4)
    assert not applies(entry)
    (entry,), _ = revised(tmp_path, entry_text("a.b"), line("a.b", "stale"), pointer_size=4)
    assert applies(entry)
    assert not applies(entry, pointer_size=4)


def test_new_failure_elsewhere(tmp_path):
    """Another implementation is named by its own version, another platform by its name."""
    (entry,), _ = revised(
        tmp_path, "", line("a.b", "fail"),
        implementation_name="pypy", implementation_version="7.3.11", sys_platform="win32",
    )  # fmt: skip
    assert entry.when == (
        'implementation_name == "pypy" and implementation_version == "7.3.11" '
        'and sys_platform == "win32"'
    )


def test_second_interpreter(tmp_path):
    """The same unreviewed failure on another interpreter widens the entry."""
    _, text = revised(tmp_path, "", line("a.b", "fail"))
    (entry,), _ = revised(tmp_path, text, line("a.b", "fail"), python_full_version="3.12.1")
    assert applies(entry)
    assert applies(entry, python_full_version="3.12.1")
    assert not applies(entry, python_full_version="3.12.2")


def test_second_interpreter_of_a_reviewed_entry(tmp_path):
    """What a person has written is not widened: there is an entry more."""
    text = entry_text("a.b", 'python_full_version == "3.12.1"')
    entries, _ = revised(tmp_path, text, line("a.b", "fail"))
    assert [(entry.reason, applies(entry)) for entry in entries] == [
        ("known", False),
        ("unreviewed: ", True),
    ]


def test_what_is_not_recorded(tmp_path):
    """Only failures that make a run red get an entry."""
    lines = [line("a.b", "fail", level="may")]
    lines += [line("a.c", verdict) for verdict in ("pass", "known", "not-applicable", "untestable")]
    lines += [line("a.d", "harness-error")]
    entries, text = revised(tmp_path, "# nothing\n", *lines)
    assert (entries, text) == ([], "# nothing\n")


def test_entry_that_holds(tmp_path):
    """An entry for this interpreter alone is removed."""
    entries, _ = revised(
        tmp_path, entry_text("a.b", HERE) + entry_text("a.c"), line("a.b", "stale")
    )
    assert [entry.clause for entry in entries] == ["a.c"]


@pytest.mark.parametrize(
    "when",
    [
        None,
        'implementation_name == "cpython"',
        'python_full_version < "3.13.16" or python_version == "3.14"',
        f'python_version == "3.9" or {HERE}',
        f'{HERE} or python_version == "3.9"',
    ],
)
def test_entry_that_holds_here_only(tmp_path, when):
    """A wider entry is narrowed: it goes on where it was, but for this interpreter."""
    (entry,), _ = revised(tmp_path, entry_text("a.b", when), line("a.b", "stale"))
    before = Deviation("a.b", "", when, ("fail",), None, tmp_path)
    assert applies(before)
    assert not applies(entry)
    for other in ({"python_full_version": "3.9.1"}, {"python_full_version": "3.13.1"}):
        assert applies(entry, **other) == applies(before, **other)


def test_the_entry_that_holds_is_the_one_that_applies(tmp_path):
    """Of several entries for a clause, that for this interpreter is narrowed and no other."""
    windows = 'sys_platform == "win32"'
    text = entry_text("a.b", windows) + entry_text("a.b", 'sys_platform == "linux"')
    entries, _ = revised(tmp_path, text, line("a.b", "stale"))
    assert entries[0].when == windows
    assert not any(applies(entry) for entry in entries)


def test_other_outcome(tmp_path):
    """A listed clause that fails in another way gets that outcome too, and keeps its reason."""
    (entry,), _ = revised(tmp_path, entry_text("a.b", outcome="fail"), line("a.b", "crash"))
    assert (entry.outcome, entry.reason) == (("fail", "crash"), "known")


def test_other_outcome_elsewhere(tmp_path):
    """An entry that does not apply here is left alone."""
    text = entry_text("a.b", 'sys_platform == "win32"')
    entries, _ = revised(tmp_path, text, line("a.b", "crash"))
    assert [entry.outcome for entry in entries] == [("fail",), ("crash",)]


def test_comments_and_order_stay(tmp_path):
    """What people wrote between the entries survives."""
    text = (
        "# The first comment.\n\n"
        + entry_text("a.b")
        + "\n# About a.a.\n\n"
        + entry_text("a.a", HERE)
    )
    _, new = revised(tmp_path, text, line("a.c", "fail"))
    assert new.startswith(text.rstrip("\n"))
    assert revised(tmp_path, text, line("a.b", "pass"))[1] == text


def test_changes_are_told():
    """A sentence for each change."""
    text = entry_text("a.b", HERE) + entry_text("a.c")
    lines = [line("a.b", "stale"), line("a.c", "stale"), line("a.d", "fail"), line("a.e", "pass")]
    _, changes = update.revise(text, lines, data())
    assert changes == [
        "removed a.b: it holds",
        f"narrowed a.c: it holds where {HERE}",
        f"added a.d: fail where {HERE}",
    ]


def test_inherited_entry():
    """An entry that is not in this file cannot be narrowed here, and that is said."""
    text, changes = update.revise("", [line("a.b", "stale")], data())
    assert (text, changes) == (
        "",
        ["a.b holds, but its entry is inherited: narrow it by hand"],
    )


def test_module_without_a_folder(tmp_path):
    """A module's name alone has no file to write into."""
    done = mmap_spec_command("update", "--impl=my_pkg.mmap", cwd=tmp_path)
    assert done.returncode == 2
    assert "has no folder to write into; make impls/my_pkg.mmap/impl.toml" in done.stderr


def test_candidate_that_does_not_start(tmp_path):
    """Nothing is written where there was no run."""
    (tmp_path / "impls" / "mine").mkdir(parents=True)
    (tmp_path / "impls" / "mine" / "impl.toml").write_text('title = "x"\nmodule = "absent_mmap"\n')
    done = mmap_spec_command("update", "--impl=mine", cwd=tmp_path)
    assert done.returncode == 3
    assert "nothing was changed" in done.stderr
    assert [path.name for path in (tmp_path / "impls" / "mine").iterdir()] == ["impl.toml"]
