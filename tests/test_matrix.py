"""Candidates side by side: `run --jobs`, `matrix`, what it keeps, how it is interrupted."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from judging import DEADLINE, TESTS, environment, mmap_spec_command, write_impl
from mmap_spec import descriptors, launcher, matrix, runs, versions
from mmap_spec.clauses import catalogue
from mmap_spec.report import progress, results, stream
from mmap_spec.verdicts import Verdict
from processes import ended, fifo, hear, still_alive
from samples import LINUX_313, result

HOLDS = "read_byte.last"
CANDIDATES = {"right": "real", "wrong": "failing", "dead": "crashing", "broken": "not_importable"}


@pytest.fixture
def ground(tmp_path) -> Path:
    """A folder with candidates of several kinds, and an interpreter that is nowhere."""
    for name, module in CANDIDATES.items():
        write_impl(tmp_path / "impls" / name, module=module, path=[str(TESTS / "candidates")])
    return tmp_path


def judged(ground: Path) -> dict[str, results.Judged]:
    """The newest result of each candidate."""
    found = results.by_candidate([ground / "results"])
    return {name: newest for name, (newest, *_) in found.items()}


def run_matrix(ground: Path, *names: str, status: int, more: tuple[str, ...] = ()) -> str:
    chosen = [f"--impl={name}" for name in names]
    done = mmap_spec_command("matrix", *chosen, f"--clause={HOLDS}", *more, cwd=ground)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


# -- side by side ------------------------------------------------------------


def test_jobs_print_each_candidate_whole(ground):
    """What each candidate's run says stands together; the worst status counts."""
    done = mmap_spec_command(
        "run", "--impl=right", "--impl=wrong", "--jobs=2", f"--clause={HOLDS}", cwd=ground
    )
    assert done.returncode == 1, done.stderr
    parts = dict(part.split("\n", 1) for part in done.stdout.split("\n== ")[1:])
    assert set(parts) == {"right", "wrong"}
    for name, text in parts.items():
        assert text.startswith(f"candidate: {name} ({name}, import")
        assert text.strip().splitlines()[-1].endswith(f"--impl={name} --clause={HOLDS}")
    assert (f"FAIL  {HOLDS}" in parts["wrong"], f"FAIL  {HOLDS}" in parts["right"]) == (True, False)


def test_each_has_a_core_of_its_own(ground):
    """Two runs side by side do not crowd on one core, where there are two."""
    source = (
        "import json, os, sys; from mmap_spec import launcher, links; "
        "core = launcher.share_core(int(sys.argv[1])); "
        "print(json.dumps([core, [*os.sched_getaffinity(0)], [*links.CORES]]))"
    )
    said = []
    for index in (0, 1):
        command = [sys.executable, "-c", source, str(index)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, preexec_fn=all_cores
        )
        core, bound, every = json.loads(done.stdout)
        assert core in every
        assert bound == [core]
        said.append(core)
    assert len(set(said)) == min(2, len(every))


def all_cores() -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


# -- the matrix --------------------------------------------------------------


def test_every_kind(ground):
    """Green, red, killed and not importable: each is a row and a result, none stops the others."""
    said = run_matrix(ground, *CANDIDATES, status=3)
    found = judged(ground)
    kinds = {name: one.status for name, one in found.items()}
    assert kinds == {"right": "partial", "wrong": "partial", "dead": "partial", "broken": "absent"}
    assert found["right"].lines[HOLDS]["verdict"] == "pass"
    assert found["wrong"].lines[HOLDS]["verdict"] == "fail"
    assert found["dead"].lines[HOLDS]["verdict"] == "crash"
    assert "a library of this module is missing" in found["broken"].head["absent"]
    rows = {line.split()[0]: line.split()[1] for line in said.splitlines() if line.strip()}
    assert (rows["right"], rows["wrong"], rows["dead"]) == ("green", "red", "red")
    assert rows["broken"] == "incomplete"
    assert f"FAIL  {HOLDS}" in (ground / "results" / "wrong.txt").read_text()


def test_absent_interpreter(ground):
    """An interpreter that is not here is a row with the remedy, and no failure."""
    (ground / "impls" / "interpreters.toml").write_text(
        '[interpreter.elsewhere]\nfind = ["no-such-python"]\nhint = "grow one"\n'
    )
    said = run_matrix(ground, "right@elsewhere", "right", status=0)
    assert "elsewhere is not on this machine. grow one" in said
    assert said.startswith("to judge: 1, 2 at a time; judged before: 0; absent: 1\n")
    assert "1 absent" in said
    found = judged(ground)
    assert found["right@elsewhere"].status == "absent"
    assert found["right"].lines[HOLDS]["verdict"] == "pass"


def test_wildcards_and_the_interpreters_of_an_implementation(ground, monkeypatch):
    """Every implementation on every interpreter that its impl.toml names."""
    write_impl(ground / "impls" / "choosy", module="real", interpreters=["python3.1?", "own"])
    (ground / "impls" / "interpreters.toml").write_text('[interpreter.own]\ncommand = ["x"]\n')
    monkeypatch.chdir(ground)
    names = matrix.candidates()
    assert {name for name in names if name.startswith("choosy@")} == {
        f"choosy@{name}"
        for name in descriptors.load_interpreters()
        if name == "own" or (name.startswith("python3.1") and len(name) == len("python3.1x"))
    }
    assert {"right@own", "right@python3.8", "stdlib@pypy3"} <= set(names)


def test_a_rerun_keeps_what_holds(ground):
    """Complete results of this battery and candidate are kept, others judged again and filed."""
    run_matrix(ground, "right", "wrong", status=1)
    before = {path.name: path.read_bytes() for path in (ground / "results").glob("*.jsonl")}
    said = run_matrix(ground, "right", "wrong", status=1)
    after = {path.name: path.read_bytes() for path in (ground / "results").glob("*.jsonl")}
    assert before == after
    assert said.count("kept") == 2
    expected = ground / "impls" / "wrong" / "expected.toml"
    expected.write_text(f'[[deviation]]\nclause = "{HOLDS}"\nreason = "we know"\n')
    said = run_matrix(ground, "right", "wrong", status=0)
    assert said.count("kept") == 1
    assert judged(ground)["wrong"].lines[HOLDS]["verdict"] == "known"
    earlier = list((ground / "results" / results.EARLIER).iterdir())
    assert [results.read(path).lines[HOLDS]["verdict"] for path in earlier] == ["fail"]


def pretend(ground: Path, name: str, complete: bool = True, **head: object) -> Path:
    """A result of a candidate as a run of today would have written it; ``head`` changes it."""
    spec = launcher.parse(name)
    first = stream.header(name, {**LINUX_313, "api": "3.13"}, 1, **stream.describe(spec)) | head
    path = ground / "results" / f"{name}.jsonl"
    verdicts = [Verdict(catalogue()[HOLDS], "pass", results=(result("pass", HOLDS),))]
    stream.write(path, first, verdicts, complete, 0, 1.0)
    return path


@pytest.mark.parametrize(
    ("spoil", "state"),
    [
        ({}, "kept"),
        ({"complete": False}, "waiting"),
        ({"battery_version": "another"}, "waiting"),
        ({"candidate_version": "another"}, "waiting"),
        ({"clauses": 2}, "waiting"),
    ],
    ids=["same", "incomplete", "battery", "candidate", "selection"],
)
def test_what_is_judged_again(ground, monkeypatch, spoil, state):
    """All but a complete result of the same battery, candidate and clauses."""
    monkeypatch.chdir(ground)
    pretend(ground, "right", **spoil)
    (row,) = matrix.plan(["right"], ground / "results", 1, again=False)
    assert row.state == state
    (row,) = matrix.plan(["right"], ground / "results", 1, again=True)
    assert row.state == "waiting"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_interrupted(ground, monkeypatch, number):
    """Half-way ended: no process is left and no half a file; what is done stays done."""
    monkeypatch.chdir(ground)
    kept = pretend(ground, "right").read_bytes()
    write_impl(
        ground / "impls" / "hangs", module="hanging", path=[str(TESTS / "candidates")],
        env={"READY": str(ground / "ready"), "PIDS": str(ground / "pids")},
    )  # fmt: skip
    arguments = ["--impl=hangs", "--impl=right", f"--clause={HOLDS}"]
    command = [sys.executable, "-m", "mmap_spec", "matrix", *arguments]
    with (
        fifo(ground / "ready") as wait,
        subprocess.Popen(
            command, cwd=ground, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear,
        ) as child,
    ):  # fmt: skip
        worker = int(wait())
        child.send_signal(number)
        _, errors = child.communicate(timeout=DEADLINE)
    assert child.returncode == 3, errors
    assert "interrupted" in errors
    assert ended(worker, 20)
    assert still_alive(ground / "pids") == []
    names = sorted(path.name for path in (ground / "results").iterdir())
    assert names == ["right.jsonl"]
    assert (ground / "results" / "right.jsonl").read_bytes() == kept


def test_progress_on_a_terminal(ground):
    """On a terminal a table changes while candidates are judged; in a pipe nothing does."""
    primary, secondary = pty.openpty()
    command = [sys.executable, "-m", "mmap_spec", "matrix", "--impl=right", "--topic=read_byte"]
    with subprocess.Popen(
        command, cwd=ground, env=environment({"TERM": "xterm", "COLUMNS": "100"}),
        stdin=secondary, stdout=secondary, stderr=secondary, start_new_session=True,
    ) as child:  # fmt: skip
        os.close(secondary)
        said = read_all(primary)
    assert child.returncode == 0, said
    assert "\x1b[?25l" in said  # a live display hides the cursor
    assert "\x1b[?25h" in said  # and gives it back
    piped = mmap_spec_command(
        "matrix", "--impl=right", "--topic=read_byte", "--again", cwd=ground
    ).stdout
    assert "\x1b" not in piped
    assert piped.splitlines()[1].startswith("right: green · ")


def read_all(descriptor: int) -> str:
    """What a terminal gets until its other end is closed."""
    found = b""
    while select.select([descriptor], [], [], DEADLINE)[0]:
        try:
            more = os.read(descriptor, 65536)
        except OSError:  # Linux: everybody has closed it
            break
        if not more:
            break
        found += more
    os.close(descriptor)
    return found.decode("utf-8", "replace")


def test_tally(tmp_path):
    """The numbers that a run leaves for the table."""
    path = tmp_path / "tally"
    assert progress.tally(path) == (0, 0, 0)
    writer = progress.Tally(path)
    assert progress.tally(path) == (0, 0, 0)
    writer.expect(12345)
    writer.count(False)
    writer.count(True)
    assert progress.tally(path) == (2, 1, 12345)
    writer.stop()
    assert progress.tally(path) == (2, 1, 12345)


# -- versions ----------------------------------------------------------------


def test_version_of_a_candidate(ground, monkeypatch):
    """Another module, source, deviation or interpreter is another candidate; the same is not."""
    monkeypatch.chdir(ground)
    sources = ground / "src"
    sources.mkdir()
    (sources / "own.py").write_text("x = 1\n")

    def version(**keys) -> str:
        write_impl(ground / "impls" / "own", **{"module": "own", "path": [str(sources)], **keys})
        return versions.candidate(launcher.parse("own"))

    first = version()
    assert version() == first
    found = {first, version(module="other"), version(api="3.9"), version(env={"A": "1"})}
    (sources / "own.py").write_text("x = 2\n")
    found.add(version())
    (ground / "impls" / "own" / "expected.toml").write_text(
        f'[[deviation]]\nclause = "{HOLDS}"\nreason = "known"\n'
    )
    found.add(version())
    found.add(versions.candidate(launcher.parse("own@/bin/sh")))
    assert len(found) == 7


def test_stream_of_an_absent_candidate(tmp_path):
    """It can be read back, and is never green."""
    stream.write_absent(tmp_path / "a.jsonl", "x@y", "not here")
    one = results.read(tmp_path / "a.jsonl")
    assert (one.name, one.status, one.lines, one.held("must")) == ("x@y", "absent", {}, (0, 0))


def test_severity():
    """Wrong usage says most, then not started, then red."""
    assert sorted([2, 0, 3, 1], key=runs.severity) == [0, 1, 3, 2]


def test_what_begins_first(ground):
    """Runs that cannot be side by side, then those of unknown length, then the longest."""
    seconds = {"short": 10, "wine": 20, "new": None, "long": 50}
    rows = []
    for name, last in seconds.items():
        row = matrix.Row(name, ground / f"{name}.jsonl")
        row.spec = SimpleNamespace(interpreter=SimpleNamespace(shares="server" * (name == "wine")))
        row.judged = last and SimpleNamespace(foot={"seconds": last})
        rows.append(row)
    ordered = sorted(rows, key=matrix.urgency, reverse=True)
    assert [row.name for row in ordered] == ["wine", "new", "long", "short"]


def test_what_is_shared():
    """Of runs that share something one goes at a time, while others overtake it."""
    shared = {"a": "server", "b": "server", "c": "", "d": ""}
    planned = [runs.Run(name, (), shares) for name, shares in shared.items()]
    crew = runs.Crew(planned, lambda run: None)
    a, c, d, b = planned[0], planned[2], planned[3], planned[1]
    assert [crew._take(), crew._take(), crew._take()] == [a, c, d]
    waiting = ThreadPoolExecutor(1)
    taken = waiting.submit(crew._take)
    crew._give_back(c)
    with pytest.raises(TimeoutError):
        taken.result(timeout=0.2)
    crew._give_back(a)
    assert taken.result(timeout=10) == b
    assert crew._take() is None
    waiting.shutdown()
