"""The result stream, JUnit XML and the text of a failure."""

from __future__ import annotations

import json
import os
import shlex
from xml.etree import ElementTree

import pytest
from mmap_spec.report import failure, junit, stream
from mmap_spec.verdicts import Verdict
from samples import clause, profile, result

VERDICTS = [
    Verdict(clause("a.pass"), "pass", results=(result("pass", "a.pass"),)),
    Verdict(
        clause("a.fail"),
        "fail",
        results=(
            result("pass", "a.fail"),
            result(
                "fail", "a.fail", found="got 1\n<&> \x00\x1b[31m ü \ud800", program="import mmap"
            ),
        ),
    ),
    Verdict(clause("a.known"), "known", "it is known", "https://example.org/1"),
    Verdict(clause("a.absent"), "not-applicable", "excluded"),
    Verdict(clause("a.ours"), "harness-error", "our bug"),
    Verdict(clause("a.stale"), "stale", "listed, but it holds"),
    Verdict(clause("a.recorded", "may"), "fail", results=(result("fail", "a.recorded"),)),
]


def written(path, complete=True, status=1):
    """A result stream of the verdicts above."""
    head = stream.header("stdlib@this", {**profile().__dict__, "api": "3.13"}, len(VERDICTS))
    stream.write(path, head, VERDICTS, complete, status, 1.25)
    return path


# -- the result stream ------------------------------------------------------


def test_stream(tmp_path):
    """A header, a line a clause in order, a footer; each a line of JSON."""
    path = written(tmp_path / "report.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["header", *["clause"] * len(VERDICTS), "footer"]
    assert [line["id"] for line in lines[1:-1]] == [verdict.clause.id for verdict in VERDICTS]
    assert (lines[0]["candidate"], lines[0]["clauses"]) == ("stdlib@this", len(VERDICTS))
    assert lines[0]["profile"]["python_full_version"] == "3.13.2"
    assert (lines[-1]["exit"], lines[-1]["complete"], lines[-1]["seconds"]) == (1, True, 1.25)
    assert (
        lines[2]["tests"][1]
        == result(
            "fail", "a.fail", found="got 1\n<&> \x00\x1b[31m ü \ud800", program="import mmap"
        ).to_data()
    )
    assert (lines[3]["reason"], lines[3]["link"]) == ("it is known", "https://example.org/1")


def test_stream_is_read(tmp_path):
    head, lines, footer = stream.read(written(tmp_path / "report.jsonl"))
    assert head["kind"] == "header"
    assert [line["verdict"] for line in lines] == [verdict.verdict for verdict in VERDICTS]
    assert footer["levels"]["must"] == {"held": 2, "judged": 5}


def test_incomplete_run_has_no_footer(tmp_path):
    _, lines, footer = stream.read(written(tmp_path / "report.jsonl", complete=False, status=3))
    assert len(lines) == len(VERDICTS)
    assert footer is None


@pytest.mark.parametrize("left", [1, 3, len(VERDICTS) + 1])
def test_truncated_stream(tmp_path, left):
    """A stream that lost its end is recognised as incomplete, wherever it was cut."""
    path = written(tmp_path / "report.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:left]))
    assert stream.read(path)[2] is None


def test_stream_cut_within_a_line(tmp_path):
    """Half a line is no line: the stream is incomplete, and still read."""
    path = written(tmp_path / "report.jsonl")
    path.write_text(path.read_text()[:-30])
    _, lines, footer = stream.read(path)
    assert (len(lines), footer) == (len(VERDICTS), None)


def test_empty_stream(tmp_path):
    """A file without a header is no result stream, and that is said."""
    path = tmp_path / "report.jsonl"
    path.write_text("")
    with pytest.raises(ValueError, match=r"report\.jsonl"):
        stream.read(path)


def test_replaced_in_one_step(tmp_path, monkeypatch):
    """Until the new stream is whole, the old one stays."""
    path = written(tmp_path / "report.jsonl")
    before = path.read_text()
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        written(path, complete=False)
    assert path.read_text() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.jsonl"]


def test_folder_is_made(tmp_path):
    path = written(tmp_path / "results" / "today" / "report.jsonl")
    assert stream.read(path)[2] is not None


def test_text_that_is_no_utf_8(tmp_path):
    """A lone surrogate of a candidate's message neither stops nor spoils the stream."""
    _, lines, _ = stream.read(written(tmp_path / "report.jsonl"))
    assert lines[1]["tests"][1]["found"].endswith("\ud800")


# -- JUnit XML --------------------------------------------------------------


def test_junit():
    """A case a clause; red is failure or error, known and not applicable are skipped."""
    suite = ElementTree.fromstring(junit.render("stdlib@this", VERDICTS, 1.25))
    assert suite.attrib == {
        "name": "mmap-spec stdlib@this", "tests": "7", "failures": "2", "errors": "1",
        "skipped": "2", "time": "1.250",
    }  # fmt: skip
    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert cases == {
        "a.pass": [], "a.fail": ["failure"], "a.known": ["skipped"], "a.absent": ["skipped"],
        "a.ours": ["error"], "a.stale": ["failure"], "a.recorded": [],
    }  # fmt: skip
    failed = suite.find("testcase[@name='a.fail']/failure")
    assert failed.get("type") == "fail"
    assert failed.get("message").startswith("got 1\n<&> ")
    assert failed.text == "import mmap"
    assert suite.find("testcase[@name='a.stale']/failure").get("message") == "listed, but it holds"
    assert suite.find("testcase[@name='a.known']/skipped").get("message") == "known: it is known"
    assert suite.find("testcase[@name='a.fail']").get("time") == "0.500"


@pytest.mark.parametrize(
    "text",
    ["".join(map(chr, range(32))), "\x7f\x85", "\ufffe\uffff", "\ud800", "]]>", "\U0001f600"],
    ids=ascii,
)
def test_junit_is_valid_xml(text):
    """Whatever a candidate says, the file can be parsed and written."""
    verdict = Verdict(clause("a.b"), "fail", results=(result("fail", found=text, program=text),))
    rendered = junit.render("stdlib", [verdict], 0)
    ElementTree.fromstring(rendered.encode("utf-8"))


# -- the text of a failure --------------------------------------------------


def test_failure():
    """Clause, sentence, candidate, what was found, program and replay command."""
    judged = [clause("a.one"), clause("a.two", "should")]
    failed = result("crash", "a.one", "a.two", found="died\nthere", program="import mmap\nm = 1\n")
    text = failure.render("stdlib@x", judged, failed, "mmap-spec replay test")
    assert text == (
        "CRASH  a.one (must)  on stdlib@x\n"
        "  A sentence about maps.\n"
        "  source:  docs: mmap\n"
        "CRASH  a.two (should)  on stdlib@x\n"
        "  A sentence about maps.\n"
        "  source:  docs: mmap\n"
        "  found:   died\n"
        "           there\n"
        "  program:\n"
        "\n"
        "    import mmap\n"
        "    m = 1\n"
        "\n"
        "  replay:  mmap-spec replay test"
    )


def test_replay_command():
    """The command can be pasted into a shell, whatever the candidate is called."""
    spec = "my impl/impl.toml@/opt/my python -X dev"
    command = failure.replay_command(spec, "test_a.py::test[b'\\x00 $']", ["--api=3.9"])
    assert shlex.split(command) == [
        "mmap-spec", "replay", f"--impl={spec}", "--api=3.9", "test_a.py::test[b'\\x00 $']",
    ]  # fmt: skip
