"""What the pytest plugin makes of tests: small batteries of our own, run in this process."""

from __future__ import annotations

import textwrap

import pytest
from judging import BATTERY, TESTS, Judgement, judgement, write_impl
from mmap_spec import plugin

ONE, TWO = "read.count", "write.stores"  # clauses that apply everywhere
OLD, NEW = "flush.no-flags", "limits.flush-flags"  # until 3.14, since 3.15


@pytest.fixture
def run(tmp_path):
    """Runs the source of a test file on a candidate, by some clauses; its judgement."""

    def go(source: str, *clauses: str, options: tuple[str, ...] = (), impl: str = "stdlib"):
        path = tmp_path / f"{tmp_path.name}.py"  # a module's name that no other test has
        head = "import pytest\nfrom mmap_spec.clauses import clause\n"
        path.write_text(head + textwrap.dedent(source))
        report = tmp_path / "report.jsonl"
        arguments = ["-c", str(BATTERY / "pytest.ini"), "--rootdir", str(tmp_path), str(path)]
        arguments += ["-qq", "-s", "--no-header", "--tb=short", "-p", "no:cacheprovider"]
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning", *options]
        arguments += [f"--impl={impl}", f"--report={report}", *(f"--clause={c}" for c in clauses)]
        status = int(pytest.main(arguments, plugins=[plugin]))
        return judgement(status, report) if report.exists() else status

    return go


def test_test_of_two_clauses(run):
    """A failing test of two clauses fails both."""
    judged = run(
        f"""
        @clause({ONE!r}, {TWO!r})
        def test(candidate):
            assert candidate.anonymous(b"abc")[:] == b"xyz"
        """,
        ONE,
        TWO,
    )
    assert judged.verdicts() == {ONE: "fail", TWO: "fail"}
    assert judged.status == 1


@pytest.mark.parametrize("api", ["3.14", "3.15"])
def test_test_runs_only_where_all_its_clauses_apply(run, api):
    """Where one of its clauses does not apply, the test says nothing of the other."""
    judged = run(
        f"""
        @clause({ONE!r}, {NEW!r})
        def test(candidate):
            assert False

        @clause({ONE!r})
        def test_one(candidate):
            pass
        """,
        ONE,
        options=(f"--api={api}",),
    )
    assert judged.verdicts() == {ONE: "pass" if api == "3.14" else "fail"}


@pytest.mark.parametrize(("api", "applies"), [("3.14", OLD), ("3.15", NEW)])
def test_clauses_of_other_versions(run, api, applies):
    """Of a pair that the version divides, one is judged, and the other is not applicable."""
    judged = run(
        f"""
        @clause({OLD!r})
        def test_old(candidate):
            pass

        @clause({NEW!r})
        def test_new(candidate):
            pass
        """,
        OLD,
        NEW,
        options=(f"--api={api}",),
    )
    expected = {OLD: "not-applicable", NEW: "not-applicable", applies: "pass"}
    assert (judged.verdicts(), judged.status) == (expected, 0)


@pytest.mark.parametrize(
    ("mark", "said"),
    [("", "names no clause"), ("@clause('read.cuont')\n", "names unknown clauses ['read.cuont']")],
)
def test_test_without_a_clause(run, capsys, mark, said):
    """A test that names no clause of the catalogue is wrong usage, and nothing is judged."""
    judged = run(f"{mark}def test(candidate):\n    pass\n", ONE)
    status = judged.status if isinstance(judged, Judgement) else judged
    assert status == 4
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "verdict", "found"),
    [
        ("assert 1 == 2, 'text'", "fail", "text"),
        ("assert not m.read()", "fail", "b'abc'"),
        ("m.read_byte(1)", "fail", "TypeError was raised: "),
        ("candidate.run('1 / 0')", "fail", "ZeroDivisionError was raised"),
        ("candidate.run('raise SystemExit(0)')", "fail", "SystemExit was raised"),
        ("candidate.run('import os; os._exit(0)')", "crash", "exited with status 0 in: "),
        ("candidate.untestable('no such device')", "untestable", "no such device"),
        ("1 / 0", "harness-error", "ZeroDivisionError: division by zero"),
        ("m.find(object())", "harness-error", "cannot travel"),
        ("pytest.skip('no time')", "harness-error", "no time"),
        ("raise ValueError('ours')", "harness-error", "ValueError: ours"),
    ],
)
def test_outcomes(run, body, verdict, found):
    """What ends a test decides what its clause comes to; all of it is red."""
    source = (
        f"@clause({ONE!r})\ndef test(candidate):\n    m = candidate.anonymous(b'abc')\n    {body}\n"
    )
    judged = run(source, ONE)
    assert (judged.verdicts(), judged.status) == ({ONE: verdict}, 1)
    assert found in judged.found(ONE)


COLLECTING = f"""
import gc, signal
from hypothesis import given
from hypothesis import strategies as st

seen = []

def interrupt(phase, info):
    if phase == "start":
        signal.raise_signal(signal.SIGINT)

def collect(number):
    seen.append(number)
    gc.callbacks.append(interrupt)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(interrupt)

@clause({ONE!r})
def test_last(candidate):
    assert not seen

@clause({ONE!r})
@given(st.integers())
def test_next_example(candidate, number):
    assert not seen
    collect(number)
"""


@pytest.mark.parametrize("source", ["collect(1)", ""], ids=["test", "example"])
def test_interrupt_that_python_drops(run, source):
    """A signal in a callback of the garbage collector ends the run at the next test or example."""
    first = f"@clause({ONE!r})\ndef test_first(candidate):\n    {source or 'pass'}\n"
    lost = ("-W", "ignore::pytest.PytestUnraisableExceptionWarning")
    judged = run(COLLECTING.replace("@clause", first + "@clause", 1), ONE, options=lost)
    assert (judged.status, judged.footer) == (3, None)
    assert judged.verdicts() == {ONE: "pass"}, "no test has seen the signal"


def test_failing_fixture(run):
    """What fails before the test is our fault."""
    judged = run(
        f"""
        @pytest.fixture
        def broken():
            raise OSError("no disk")

        @clause({ONE!r})
        def test(candidate, broken):
            pass
        """,
        ONE,
    )
    assert (judged.verdicts(), judged.status) == ({ONE: "harness-error"}, 1)


def test_known_failure(run, tmp_path, capsys):
    """A known deviation is no failure of the run, and its text is not shown."""
    impl = write_impl(tmp_path / "own", module="mmap")
    entry = f'[[deviation]]\nclause = "{ONE}"\noutcome = "fail"\nreason = "we know"\n'
    impl.with_name("expected.toml").write_text(entry)
    source = f"@clause({ONE!r})\ndef test(candidate):\n    assert False, 'the text'\n"
    judged = run(source, ONE, impl=str(impl))
    assert (judged.verdicts(), judged.status) == ({ONE: "known"}, 0)
    assert judged.clauses[ONE]["reason"] == "we know"
    assert "the text" not in capsys.readouterr().out


def test_no_test_of_a_clause(run):
    """A clause that applies and that no test has tested is red."""
    judged = run(f"@clause({ONE!r})\ndef test(candidate):\n    pass\n", ONE, TWO)
    assert judged.verdicts() == {ONE: "pass", TWO: "untestable"}
    assert judged.status == 1


def test_stopped_run(run, capsys):
    """A run that was told to stop at the first failure is incomplete, and is not green or red."""
    judged = run(
        f"""
        @clause({ONE!r})
        def test_one(candidate):
            assert False

        @clause({TWO!r})
        def test_two(candidate):
            pass
        """,
        ONE,
        TWO,
        options=("-x",),
    )
    assert (judged.status, judged.footer) == (3, None)
    assert "\nINCOMPLETE · 0/2 must" in capsys.readouterr().out


def test_fresh_examples(run):
    """Every example of a property starts without maps, files and descriptors of the last."""
    judged = run(
        f"""
        from hypothesis import given, strategies as st
        seen = []

        @clause({ONE!r})
        @given(number=st.integers())
        def test(candidate, number):
            state = candidate.state()
            assert (state["maps"], state["files"]) == ({{}}, {{}})
            seen.append(state["descriptors"])
            assert len(set(seen)) == 1
            candidate.file(b"abc")
            m = candidate.anonymous(b"abc")
            assert len(candidate.state()["maps"]) == 1

        @clause({ONE!r})
        def test_examples(candidate):
            assert len(seen) > 10
        """,
        ONE,
    )
    assert judged.verdicts() == {ONE: "pass"}, judged.found(ONE)


def test_smallest_example(run):
    """The program of a failing property is that of its smallest example."""
    judged = run(
        f"""
        from hypothesis import given, strategies as st

        @clause({ONE!r})
        @given(data=st.binary(min_size=1, max_size=200))
        def test(candidate, data):
            m = candidate.anonymous(data)
            assert m.read() == data or len(data) < 3
            assert len(data) < 3
        """,
        ONE,
    )
    (program,) = judged.programs(ONE)
    assert "m[:] = b'\\x00\\x00\\x00'\n" in program


def test_changing_example(run):
    """A property that does not fail again is a fail, told as such."""
    judged = run(
        f"""
        from hypothesis import given, strategies as st
        times = []

        @clause({ONE!r})
        @given(number=st.integers())
        def test(candidate, number):
            times.append(number)
            assert len(times) != 5
        """,
        ONE,
    )
    assert (judged.verdicts(), judged.status) == ({ONE: "fail"}, 1)
    assert "different results" in judged.found(ONE)


def test_may_is_recorded(run, monkeypatch):
    """A failing clause of level may is in the report, and the run stays green."""
    from mmap_spec import clauses

    name = next(c.id for c in clauses.catalogue().values() if c.level == "may" and not c.when)
    source = f"@clause({name!r})\ndef test(candidate):\n    assert False\n"
    judged = run(source, name)
    assert (judged.verdicts(), judged.status) == ({name: "fail"}, 0)


def test_unknown_implementation(run, capsys):
    """Wrong usage of the plugin itself is pytest's usage error."""
    assert run("def test(candidate): pass", ONE, impl="std-lib") == 4
    assert "did you mean 'stdlib'?" in capsys.readouterr().err


def test_candidate_that_does_not_start(run, tmp_path, capsys):
    """Where there is no candidate there is no run: exit status 3, and the reason."""
    impl = write_impl(tmp_path / "own", module="not_importable", path=[str(TESTS / "candidates")])
    assert run("def test(candidate): pass", ONE, impl=str(impl)) == 3
    assert "import not_importable failed" in capsys.readouterr().err
