"""From outcomes to verdicts, totals and exit status: the table of docs/verdicts.md."""

from __future__ import annotations

import pytest
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.verdicts import (
    Result,
    Verdict,
    counts,
    exit_status,
    judge,
    judge_clause,
    listed,
    summary,
)
from samples import clause, deviation, profile, result

ANY = ("fail", "crash", "hang")

# (outcomes of the clause's tests, outcomes that expected.toml lists or None, verdict, gate is red)
TABLE = [
    (["pass"], None, "pass", False),
    (["pass", "pass"], None, "pass", False),
    (["fail"], None, "fail", True),
    (["crash"], None, "crash", True),
    (["hang"], None, "hang", True),
    (["fail"], ANY, "known", False),
    (["crash"], ANY, "known", False),
    (["hang"], ANY, "known", False),
    (["fail"], ("fail",), "known", False),
    (["crash"], ("fail",), "crash", True),
    (["hang"], ("fail", "crash"), "hang", True),
    (["fail"], ("crash",), "fail", True),
    (["pass"], ANY, "stale", True),
    (["pass", "pass"], ("crash",), "stale", True),
    (["pass", "fail"], ANY, "known", False),
    (["pass", "fail"], None, "fail", True),
    (["fail", "crash"], None, "crash", True),
    (["fail", "hang"], None, "hang", True),
    (["hang", "crash"], None, "crash", True),
    (["fail", "crash"], ("fail",), "crash", True),
    ([], None, "untestable", True),
    ([], ANY, "untestable", True),
    (["untestable"], None, "untestable", True),
    (["untestable"], ANY, "untestable", True),
    (["untestable", "pass"], None, "untestable", True),
    (["harness-error"], None, "harness-error", True),
    (["harness-error"], ANY, "harness-error", True),
    (["harness-error", "pass"], None, "harness-error", True),
    (["harness-error", "fail"], None, "harness-error", True),
    (["harness-error", "crash"], ANY, "harness-error", True),
]


@pytest.mark.parametrize(("outcomes", "known", "verdict", "red"), TABLE)
def test_table(outcomes, known, verdict, red):
    entry = deviation(outcome=known) if known else None
    judged = judge_clause(clause(), profile(), entry, [result(outcome) for outcome in outcomes])
    assert (judged.verdict, judged.red) == (verdict, red)
    assert exit_status([judged], complete=True) == int(red)


@pytest.mark.parametrize(("outcomes", "known", "verdict", "red"), TABLE)
def test_may_is_never_red(outcomes, known, verdict, red):
    """A clause of level may is recorded, and its verdict is the same, but the gate stays green."""
    entry = deviation(outcome=known) if known else None
    results = [result(outcome) for outcome in outcomes]
    judged = judge_clause(clause(level="may"), profile(), entry, results)
    assert (judged.verdict, judged.red) == (verdict, False)
    assert exit_status([judged], complete=True) == 0


@pytest.mark.parametrize("level", ["must", "should"])
def test_should_is_judged_like_must(level):
    judged = judge_clause(clause(level=level), profile(), None, [result("fail")])
    assert judged.red


@pytest.mark.parametrize(
    ("more", "api", "applies"),
    [
        ({}, (3, 8), True),
        ({"since": (3, 13)}, (3, 12), False),
        ({"since": (3, 13)}, (3, 13), True),
        ({"since": (3, 9)}, (3, 10), True),
        ({"until": (3, 12)}, (3, 12), True),
        ({"until": (3, 12)}, (3, 13), False),
        ({"until": (3, 9)}, (3, 10), False),
        ({"since": (3, 10), "until": (3, 12)}, (3, 9), False),
        ({"when": 'sys_platform == "win32"'}, (3, 13), False),
        ({"when": 'sys_platform == "linux" and python_version >= "3.9"'}, (3, 13), True),
        ({"when": 'python_full_version < "3.13.2"'}, (3, 13), False),
        ({"when": 'python_full_version < "3.13.10"'}, (3, 13), True),
        ({"untestable": "no program sees it"}, (3, 13), False),
    ],
)
def test_not_applicable(more, api, applies):
    """What the marker or the API version excludes is not judged, whatever its tests say."""
    judged = judge_clause(clause(**more), profile(api=api), None, [result("fail")])
    assert judged.verdict == ("fail" if applies else "not-applicable")
    assert judged.red is applies


def test_not_applicable_although_listed():
    """A deviation listed for a clause that does not apply is not stale."""
    judged = judge_clause(clause(since=(3, 15)), profile(), deviation(), [])
    assert (judged.verdict, judged.red) == ("not-applicable", False)


def test_reasons():
    """What a verdict rests on stands in its reason."""
    holds = judge_clause(clause(), profile(), deviation(), [result("pass")])
    assert holds.reason == "listed in expected.toml, but it holds"
    known = judge_clause(clause(), profile(), deviation(link="https://x/1"), [result("fail")])
    assert (known.reason, known.link) == ("it is known", "https://x/1")
    other = judge_clause(clause(), profile(), deviation(outcome=("fail",)), [result("crash")])
    assert other.reason == "listed as fail, but it is a crash"
    ours = judge_clause(clause(), profile(), None, [result("harness-error", found="our bug")])
    assert ours.reason == "our bug"


def test_judge_gives_each_selected_clause_a_verdict():
    """In the catalogue's order; a test of two clauses counts for both, others are left out."""
    selected = {name: clause(name) for name in ("b.one", "a.two", "c.three")}
    results = [result("fail", "a.two", "b.one"), result("pass", "b.one"), result("fail", "d.four")]
    verdicts = judge(selected, profile(), {"a.two": deviation("a.two")}, results)
    assert [(v.clause.id, v.verdict) for v in verdicts] == [
        ("b.one", "fail"),
        ("a.two", "known"),
        ("c.three", "untestable"),
    ]
    assert [len(v.results) for v in verdicts] == [2, 1, 0]


def test_listed_by_condition():
    """Of two entries for a clause, the one whose condition holds counts."""
    old = deviation("a.b", when='python_version < "3.10"', reason="old")
    new = deviation("a.b", when='python_version >= "3.10"', reason="new")
    other = deviation("a.c", when='implementation_name == "pypy"')
    catalogue = {"a.b": clause("a.b"), "a.c": clause("a.c")}
    assert listed([old, new, other], catalogue, profile()) == {"a.b": new}


def test_listed_unknown_clause():
    """An entry that matches no clause is an error, also where its condition does not hold."""
    entry = deviation("find.defualt-start", when='sys_platform == "win32"')
    with pytest.raises(
        BadDescriptor, match=r"no clause 'find.defualt-start'; did you mean 'find.d"
    ):
        listed([entry], {"find.default-start": clause("find.default-start")}, profile())


def test_listed_twice():
    """Two entries for one clause that apply at once contradict one another."""
    entries = [deviation("a.b"), deviation("a.b", when='sys_platform == "linux"')]
    with pytest.raises(BadDescriptor, match=r"two entries for 'a.b' apply at once"):
        listed(entries, {"a.b": clause("a.b")}, profile())


@pytest.mark.parametrize(
    ("verdicts", "complete", "status"),
    [
        ([], True, 0),
        (["pass", "known", "not-applicable"], True, 0),
        (["pass", "fail"], True, 1),
        (["stale"], True, 1),
        (["untestable"], True, 1),
        (["harness-error"], True, 1),
        (["pass"], False, 3),
        (["fail"], False, 3),
    ],
)
def test_exit_status(verdicts, complete, status):
    assert exit_status([Verdict(clause(), name) for name in verdicts], complete) == status


SOME = [
    Verdict(clause("a.a"), "pass"),
    Verdict(clause("a.b"), "known"),
    Verdict(clause("a.c"), "stale"),
    Verdict(clause("a.d"), "crash"),
    Verdict(clause("a.e"), "not-applicable"),
    Verdict(clause("a.f"), "untestable"),
    Verdict(clause("a.g"), "harness-error"),
    Verdict(clause("a.h", "should"), "fail"),
    Verdict(clause("a.i", "should"), "pass"),
    Verdict(clause("a.j", "may"), "fail"),
    Verdict(clause("a.k", "may"), "pass"),
]


def test_counts():
    """A known deviation counts as judged and not as held; may is counted apart."""
    totals = counts(SOME)
    assert totals["levels"] == {
        "must": {"held": 2, "judged": 6},
        "should": {"held": 1, "judged": 2},
        "may": {"held": 1, "judged": 2},
    }
    assert totals["may"] == {"fail": 1, "pass": 1}
    assert totals["verdicts"] == {
        "pass": 2, "known": 1, "stale": 1, "crash": 1, "fail": 1,
        "not-applicable": 1, "untestable": 1, "harness-error": 1,
    }  # fmt: skip


def test_summary():
    """The last line says everything that is red, and how to do it again."""
    assert summary(SOME, 17.6, True, "mmap-spec run") == (
        "2/6 must · 1/2 should · 1 known · 2 new · 1 stale · 1 untestable · 1 harness-error · "
        "1 not applicable · 18 s · replay: mmap-spec run"
    )


def test_summary_of_an_incomplete_run():
    """An incomplete run cannot be taken for a whole one."""
    assert summary(SOME[:1], 1, False, "again").startswith("INCOMPLETE · 1/1 must")


def test_result_travels():
    """A result survives its way through JSON data, as pytest-xdist sends it."""
    sent = Result("t.py::a", ("a.b", "c.d"), "fail", 1.5, "found", "program")
    assert Result.from_data(sent.to_data()) == sent
