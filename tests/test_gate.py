"""The gate as a whole: strict in both directions, deterministic, and what the commands print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tomlkit
from judging import (
    TESTS,
    Judgement,
    environment,
    judge,
    judgement,
    mmap_spec_command,
    write_impl,
)
from mmap_spec import clauses, descriptors, launcher
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report import stream
from mmap_spec.verdicts import listed

HOLDS = "read_byte.last"


# -- known deviations, strict in both directions ----------------------------


@pytest.fixture(scope="module")
def deviation() -> descriptors.Deviation:
    """One of the standard library's known deviations that applies to this interpreter: a fail."""
    candidate = launcher.start(launcher.parse("stdlib"))
    candidate.close()
    entries = descriptors.find("stdlib").deviations()
    found = listed(entries, clauses.catalogue(), candidate.profile)
    return next(entry for entry in found.values() if entry.outcome == ("fail",))


class Copy:
    """A copy of the standard library's descriptor, elsewhere, with an expected.toml of its own."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.path = write_impl(folder / "copy", module="mmap")
        self.expected = self.path.with_name("expected.toml")
        self.expected.write_text((descriptors.find("stdlib").folder / "expected.toml").read_text())
        self.report = folder / "report.jsonl"

    def edit(self, change) -> None:
        """Apply a function to the list of entries."""
        document = tomlkit.parse(self.expected.read_text()).unwrap()
        document["deviation"] = change(document["deviation"])
        self.expected.write_text(tomlkit.dumps(document))

    def judge(self, *names: str) -> Judgement:
        return judge(self.path, names, self.report)


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Copy:
    return Copy(tmp_path, monkeypatch)


def test_unchanged_copy(copy, deviation):
    """The control: what is listed is known, and green."""
    judged = copy.judge(deviation.clause, HOLDS)
    assert judged.verdicts() == {deviation.clause: "known", HOLDS: "pass"}
    assert judged.status == 0


def test_deviation_removed(copy, deviation, capsys):
    """A failure that is not listed any more is red, and named."""
    copy.edit(lambda entries: [e for e in entries if e["clause"] != deviation.clause])
    judged = copy.judge(deviation.clause, HOLDS)
    assert judged.verdicts() == {deviation.clause: "fail", HOLDS: "pass"}
    assert judged.status == 1
    assert f"FAIL  {deviation.clause}" in capsys.readouterr().out


def test_deviation_invented(copy, capsys):
    """An entry for a clause that holds is red, and named."""
    entry = {"clause": HOLDS, "reason": "we thought so"}
    copy.edit(lambda entries: [*entries, entry])
    judged = copy.judge(HOLDS)
    assert (judged.verdicts(), judged.status) == ({HOLDS: "stale"}, 1)
    assert f"STALE  {HOLDS}: listed in {copy.expected}, but it holds" in capsys.readouterr().out


def test_deviation_of_another_outcome(copy, deviation):
    """A known crash does not cover a wrong answer."""
    copy.edit(
        lambda entries: [
            {**e, "outcome": "crash"} if e["clause"] == deviation.clause else e for e in entries
        ]
    )
    judged = copy.judge(deviation.clause)
    assert (judged.verdicts(), judged.status) == ({deviation.clause: "fail"}, 1)


def test_deviation_of_an_unknown_clause(copy, deviation):
    """An entry that matches no clause is wrong usage, and the nearest one is named."""
    wrong = deviation.clause + "x"
    copy.edit(lambda entries: [*entries, {"clause": wrong, "reason": "mistyped"}])
    done = mmap_spec_command(
        "run", f"--impl={copy.path}", f"--clause={HOLDS}", cwd=copy.path.parent
    )
    assert done.returncode == 2
    assert f"no clause '{wrong}'; did you mean '{deviation.clause}'?" in done.stderr


# -- determinism ------------------------------------------------------------


def verdict_lines(report: Path) -> list[dict]:
    """The clause lines of a result stream, without the times that the tests took."""
    _, lines, _ = stream.read(report)
    for line in lines:
        for test in line["tests"]:
            del test["seconds"]
        line["tests"].sort(key=lambda test: test["test"])
    return lines


def test_three_runs(tmp_path):
    """Alone, on two processes, with another hash seed: the same verdicts and findings."""
    found = []
    for seed, processes in (("1", "0"), ("2", "2"), ("3", "0")):
        report = tmp_path / f"report-{seed}.jsonl"
        chosen = [f"--clause={name}" for name in ("move.overlap-*", "readline.lines")]
        arguments = [*chosen, "-n", processes, f"--report={report}"]
        impl = write_impl(
            tmp_path / "mini", module="miniatures.judged", path=[str(TESTS)],
            env={"MINIATURE": "wrong_memory.MoveCopiesForwards"},
        )  # fmt: skip
        done = mmap_spec_command(
            "run", f"--impl={impl}", *arguments, cwd=tmp_path, env={"PYTHONHASHSEED": seed}
        )
        assert done.returncode == 1, done.stdout + done.stderr
        found.append(verdict_lines(report))
    assert {"fail", "pass"} <= {line["verdict"] for line in found[0]}
    assert found[0] == found[1] == found[2]


# -- run --------------------------------------------------------------------


@pytest.fixture
def candidates(tmp_path) -> Path:
    """A folder with the candidates ``right``, ``wrong`` and ``absent`` in impls/."""
    for name, module in (("right", "real"), ("wrong", "failing"), ("absent", "absent_module")):
        write_impl(tmp_path / "impls" / name, module=module, path=[str(TESTS / "candidates")])
    return tmp_path


def test_several_candidates(candidates):
    """Each is judged, and has its own report; the worst exit status counts."""
    arguments = [f"--clause={HOLDS}", "--report=out/r.jsonl", "--junit=out/r.xml"]
    done = mmap_spec_command("run", "--impl=right", "--impl=wrong", *arguments, cwd=candidates)
    assert done.returncode == 1, done.stderr
    assert sorted(path.name for path in (candidates / "out").iterdir()) == [
        "r-right.jsonl", "r-right.xml", "r-wrong.jsonl", "r-wrong.xml",
    ]  # fmt: skip
    verdicts = {
        name: judgement(0, candidates / "out" / f"r-{name}.jsonl").verdicts()[HOLDS]
        for name in ("right", "wrong")
    }
    assert verdicts == {"right": "pass", "wrong": "fail"}
    suite = ElementTree.parse(candidates / "out" / "r-wrong.xml").getroot()
    assert suite.find(f"testcase[@name='{HOLDS}']/failure").get("type") == "fail"


def test_candidate_that_does_not_start_among_others(candidates):
    """Not started says more than red."""
    arguments = ["--impl=wrong", "--impl=absent", f"--clause={HOLDS}"]
    done = mmap_spec_command("run", *arguments, cwd=candidates)
    assert done.returncode == 3
    assert "import absent_module failed" in done.stdout + done.stderr


def test_announcement_and_last_line(candidates):
    """What will be done before it is done; at the end the totals."""
    arguments = ["--impl=wrong", "--clause=read_byte.*", "--level=must"]
    done = mmap_spec_command("run", *arguments, cwd=candidates)
    lines = done.stdout.splitlines()
    chosen = clauses.select(["read_byte.*"], levels=["must"])
    assert lines[0] == "candidate: wrong (wrong, import failing)"
    assert lines[1].startswith("profile:   ")
    assert f"{len(chosen)} selected of {len(clauses.catalogue())}" in lines[2]
    assert "0 known deviations match" in lines[2]
    assert lines[-1].endswith(
        "replay: mmap-spec run --impl=wrong '--clause=read_byte.*' --level=must"
    )
    assert " new · " in lines[-1]


def test_replay(candidates):
    """The command that a failure names runs that test again, on that candidate."""
    test = "test_read_byte.py::test_last_byte"
    done = mmap_spec_command("replay", "--impl=wrong", test, cwd=candidates)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"FAIL  {HOLDS} (must)  on wrong" in done.stdout
    assert mmap_spec_command("replay", "--impl=right", test, cwd=candidates).returncode == 0


def test_replay_of_nothing(candidates):
    """A test that does not exist is wrong usage, not green."""
    done = mmap_spec_command("replay", "--impl=right", "test_read_byte.py::no_such", cwd=candidates)
    assert done.returncode == 2, done.stdout


def test_user_configuration_is_left_out(candidates):
    """A pytest.ini and a conftest.py in the current folder are the user's own business."""
    (candidates / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (candidates / "conftest.py").write_text("raise RuntimeError\n")
    done = mmap_spec_command("run", "--impl=right", f"--clause={HOLDS}", cwd=candidates)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in candidates.iterdir()} == {"impls", "pytest.ini", "conftest.py"}


# -- list and smoke ---------------------------------------------------------


def test_list(tmp_path):
    """All ids, or those that the filters leave."""
    done = mmap_spec_command("list", "--ids", cwd=tmp_path)
    assert done.stdout.split() == list(clauses.catalogue())
    done = mmap_spec_command("list", "--topic=read*", "--level=should", cwd=tmp_path)
    chosen = clauses.select(topics=["read*"], levels=["should"])
    assert f"{len(chosen)} clauses of {len(clauses.catalogue())}" in done.stdout
    assert all(name in done.stdout for name in chosen)


def test_what_is_left_out():
    """A glob after ! leaves out what it matches, of all or of what others name."""
    every = clauses.catalogue()
    others = clauses.select(topics=["!read*"])
    assert set(others) == {k for k in every if not every[k].topic.startswith("read")}
    assert "find.lowest" not in clauses.select(["!find.lowest"], ["find"])
    assert "find.absent" in clauses.select(["!find.lowest"], ["find"])
    with pytest.raises(BadDescriptor, match="--topic !raed: no clause"):
        clauses.select(topics=["!raed"])


def test_list_into_a_closed_pipe(tmp_path):
    """`mmap-spec list | head` complains about nothing."""
    with subprocess.Popen(
        [sys.executable, "-m", "mmap_spec", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as command:
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 0


def test_smoke(candidates):
    """Whether an adapter answers, and what it answers wrongly."""
    (candidates / "broken.py").write_text(
        "import mmap as real\nfrom mmap import *\n"
        "class mmap(real.mmap):\n    def __getitem__(self, key): return b'other'\n"
    )
    env = {"PYTHONPATH": str(candidates)}
    done = mmap_spec_command("smoke", "--impl=right", "--impl=broken", cwd=candidates, env=env)
    assert done.returncode == 1
    assert [line[:3] for line in done.stdout.splitlines()] == ["ok ", "BAD", "   "]
    assert "and got b'other'" in done.stdout
    assert mmap_spec_command("smoke", "--impl=absent", cwd=candidates).returncode == 3


def test_installed_descriptor(tmp_path):
    """A package brings its own descriptor through the entry-point group mmap_spec.impls."""
    package = tmp_path / "their_pkg"
    write_impl(package, module="mmap", env={"A": "b"})
    (package / "__init__.py").write_text(
        "from pathlib import Path\nimpl = Path(__file__).with_name('impl.toml')\n"
    )
    info = tmp_path / "their_pkg-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-pkg\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[mmap_spec.impls]\ntheirs = their_pkg:impl\n")
    (tmp_path / "empty").mkdir()
    done = mmap_spec_command(
        "smoke", "--impl=theirs", cwd=tmp_path / "empty", env={"PYTHONPATH": str(tmp_path)}
    )
    assert (done.returncode, done.stdout[:11]) == (0, "ok  theirs:"), done.stderr


# -- the verdicts of the standard library -----------------------------------


def test_in_process(tmp_path):
    """Without a worker the verdicts are the same."""
    report = tmp_path / "report.jsonl"
    arguments = ["--impl=stdlib", "--topic=read_byte", "--in-process", f"--report={report}"]
    done = mmap_spec_command("run", *arguments, cwd=tmp_path)
    judged = judgement(done.returncode, report)
    assert set(judged.verdicts().values()) == {"pass"}
    assert judged.status == 0


def test_profile_in_the_report(tmp_path):
    """The report says what was judged by."""
    head = judge("stdlib", [HOLDS], tmp_path / "report.jsonl").head
    assert head["candidate"] == "stdlib"
    assert head["profile"]["executable"] == sys.executable
    assert json.dumps(head)
    assert os.fspath(tmp_path) not in json.dumps(head)
