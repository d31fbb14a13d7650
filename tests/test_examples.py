"""What the documentation tells a newcomer: its commands are run, what they print is compared."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from judging import DEADLINE, environment, mmap_spec_command
from mmap_spec.descriptors import load_expected
from mmap_spec.report import results

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "pread_mmap"
PAGE = (ROOT / "docs" / "adding-a-candidate.md").read_text(encoding="utf-8")


@pytest.fixture
def newcomer(tmp_path) -> Path:
    """A folder with the example's module and a descriptor, as the page tells to make them."""
    shutil.copyfile(EXAMPLE / "pread_mmap.py", tmp_path / "pread_mmap.py")
    (tmp_path / "impls" / "pread").mkdir(parents=True)
    descriptor = re.search(r"```toml\n(title.*?)```", PAGE, re.S)
    assert descriptor, "the page shows no impl.toml"
    (tmp_path / "impls" / "pread" / "impl.toml").write_text(descriptor[1])
    return tmp_path


def console(page: str) -> list[tuple[str, list[str]]]:
    """The commands of a page and the lines that it says they print."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", page, re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def shell(command: str, folder: Path) -> str:
    """What a command prints, `mmap-spec` being this one."""
    command = re.sub(r"^mmap-spec\b", f"{sys.executable} -m mmap_spec", command)
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    return done.stdout


def test_page_of_a_newcomer(newcomer):
    """Each command of docs/adding-a-candidate.md prints the lines that stand there, in order."""
    commands = console(PAGE)
    assert len(commands) >= 9
    for command, wanted in commands:
        said = shell(command, newcomer)
        rest = iter(said.splitlines())
        for line in wanted:
            pattern = ".*".join(map(re.escape, line.split("…")))
            fits = any(re.fullmatch(pattern, other) for other in rest)
            assert fits, f"$ {command}\n{said}\n{line}"


def test_mistyped_key(newcomer):
    """As the page says."""
    path = newcomer / "impls" / "pread" / "impl.toml"
    path.write_text(path.read_text().replace("module", "modul"))
    assert "unknown key 'modul'; did you mean 'module'?" in PAGE
    said = shell("mmap-spec smoke --impl=pread", newcomer)
    assert "unknown key 'modul'; did you mean 'module'?" in said


def test_example_as_a_gate(tmp_path):
    """The example with its known deviations is green."""
    listed = load_expected(EXAMPLE / "expected.toml")
    topics = [f"--topic={name}" for name in {entry.clause.partition(".")[0] for entry in listed}]
    assert len(topics) == 4
    impl = f"--impl={EXAMPLE / 'impl.toml'}"
    done = mmap_spec_command("run", impl, *topics, "--report=r.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    judged = results.read(tmp_path / "r.jsonl")
    assert judged.count("known") > 30
    assert judged.count("pass") > 60


# -- the GitHub Action -------------------------------------------------------


def action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The step of action.yml that judges."""
    command = folder / "mmap-spec"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m mmap_spec "$@"\n')
    command.chmod(0o755)
    env = environment({"MMAP_SPEC": str(command), "GITHUB_STEP_SUMMARY": str(folder / "s.md")})
    return subprocess.run(
        [str(ROOT / "action" / "judge.sh")], cwd=folder, env={**env, **inputs}, text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=False,
    )  # fmt: skip


def test_action(newcomer):
    """Red for what is not listed, with summary, result stream and JUnit XML."""
    done = action(newcomer, IMPL="pread", PYTHON=sys.executable, LEVEL="may should", API="3.9")
    assert done.returncode == 1, done.stdout + done.stderr
    judged = results.read(newcomer / "mmap-spec.jsonl")
    assert judged.head["profile"]["api"] == "3.9"
    assert {line["level"] for line in judged.lines.values()} == {"may", "should"}
    assert (newcomer / "mmap-spec.xml").read_text().startswith("<?xml")
    assert (newcomer / "s.md").read_text().startswith("## mmap conformance")


def test_action_with_a_baseline(newcomer):
    """With an earlier result only what got worse is red; a candidate that does not start is."""
    inputs = {"IMPL": "pread", "LEVEL": "may", "REPORT": "new.jsonl"}
    assert action(newcomer, **inputs).returncode == 0
    (newcomer / "new.jsonl").rename(newcomer / "old.jsonl")
    assert action(newcomer, **inputs, BASELINE="old.jsonl").returncode == 0
    stream = (newcomer / "old.jsonl").read_text()
    assert '"verdict": "fail"' in stream
    (newcomer / "old.jsonl").write_text(stream.replace('"verdict": "fail"', '"verdict": "pass"'))
    done = action(newcomer, **inputs, BASELINE="old.jsonl")
    assert " worse " in done.stdout
    assert done.returncode == 0  # `may` is recorded and never judged
    assert action(newcomer, **{**inputs, "IMPL": "pread@nowhere"}, BASELINE="x").returncode == 3


def test_inputs_of_the_action():
    """Every input reaches the script, and the page names it."""
    text = (ROOT / "action.yml").read_text()
    inputs = re.findall(r"^  (\w+):$", text.partition("\nruns:")[0].partition("inputs:")[2], re.M)
    assert inputs == ["impl", "python", "level", "api", "baseline", "report"]
    script = (ROOT / "action" / "judge.sh").read_text()
    page = (ROOT / "docs" / "ci.md").read_text()
    for name in inputs:
        assert f"{name.upper()}: ${{{{ inputs.{name} }}}}" in text
        assert name.upper() in script
        assert f"| `{name}` |" in page
