"""Exploring: the command, the corpus file, the reduction of what is found."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import TESTS, environment, mmap_spec_command, write_impl
from mmap_spec import corpus, steps
from mmap_spec.corpus import Program
from mmap_spec.descriptors import BadDescriptor, load
from mmap_spec.memory import File
from mmap_spec.model import Unspecified
from mmap_spec.program import pattern
from mmap_spec.reduce import reduce, without
from mmap_spec.steps import Step
from mmap_spec.world import World
from processes import DEADLINE, ended
from test_model import LATEST, PAGE

VALUES = (
    st.none()
    | st.integers(-(2**70), 2**70)
    | st.binary(max_size=60)
    | st.integers(0, 9000).map(pattern)
    | st.builds(slice, *[st.none() | st.integers(-9, 9)] * 3)
)
STEPS = st.builds(
    Step,
    st.sampled_from(steps.EVERY).filter(lambda do: do not in ("file", "anonymous")),
    st.integers(0, 5),
    st.lists(VALUES, max_size=3).map(tuple),
    st.sampled_from([(), (("access", "ACCESS_COPY"), ("offset", 4096)), (("trackfd", False),)]),
)


def world():
    return World(LATEST, granularity=PAGE, hardened=True)


# -- the corpus file ----------------------------------------------------------


@settings(deadline=None)
@given(taken=st.lists(STEPS, min_size=1, max_size=6))
def test_steps_survive_the_file(tmp_path_factory, taken):
    """What is written is what is read, and keeps the schema."""
    path = tmp_path_factory.mktemp("corpus") / "c.toml"
    corpus.add(path, Program("a", "find.default-start", tuple(taken), 'found " there\n'))
    (read,) = corpus.read(path)
    assert read == Program("a", "find.default-start", tuple(taken), 'found " there\n')


def test_what_is_there_stays(tmp_path):
    """Comments and earlier programs are kept; a new one comes behind them."""
    path = tmp_path / "c.toml"
    one, two = (Program(name, "find.default-start", (Step("file", 0, (b"x",)),)) for name in "ab")
    corpus.add(path, one)
    path.write_text("# mine\n" + path.read_text())
    corpus.add(path, two)
    assert path.read_text().startswith("# mine\n")
    assert corpus.read(path) == [one, two]
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_lost_when_writing_fails(tmp_path, monkeypatch):
    """The file is the old one or the new one, never half of it."""
    path = tmp_path / "c.toml"
    corpus.add(path, Program("a", "find.default-start", (Step("file", 0, (b"x",)),)))
    before = path.read_text()

    def fails(*args):
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no space"):
        corpus.add(path, Program("b", "find.default-start", (Step("tell"),)))
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


GOOD = {"name": "a", "clause": "find.default-start", "steps": [{"do": "file", "args": ["x"]}]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clause": "find.defualt-start"}, "did you mean 'find.default-start'?"),
        ({"claus": "x"}, "unknown key 'claus'; did you mean 'clause'?"),
        ({"steps": [{"do": "fnd"}]}, "'fnd' is not one of"),
        ({"steps": [{"do": "find", "on": -1}]}, "-1 is less than the minimum"),
        ({"steps": [{"do": "map", "options": {"acces": "ACCESS_READ"}}]}, "'acces'"),
        ({"steps": [{"do": "find", "args": [{"patern": 3}]}]}, "{'patern': 3}"),
        ({"steps": []}, "[] should be non-empty"),
        ({"name": "A b"}, "'A b' does not match"),
    ],
)
def test_wrong_entries_are_refused(tmp_path, change, said):
    """The message names the file and what is wrong."""
    path = tmp_path / "c.toml"
    path.write_text(tomlkit.dumps({"program": [{**GOOD, **change}]}))
    with pytest.raises(BadDescriptor) as refused:
        corpus.read(path)
    assert str(path) in str(refused.value)
    assert said in str(refused.value)


def test_a_name_is_used_once(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(tomlkit.dumps({"program": [GOOD, GOOD]}))
    with pytest.raises(BadDescriptor, match="the name 'a' stands there twice"):
        corpus.read(path)
    assert corpus.free_name("__len__-past end", ["len-past-end-1"]) == "len-past-end-2"


def test_every_operation_can_be_written():
    """The schema knows the steps that there are, no more and no less."""
    schema = load.__globals__["schema"]("corpus")
    assert sorted(schema["$defs"]["step"]["properties"]["do"]["enum"]) == sorted(steps.EVERY)


@pytest.mark.parametrize("path", sorted(corpus.FOLDER.glob("*.toml")), ids=lambda path: path.name)
def test_the_committed_corpus_is_judged(path):
    """The model has an answer to every step: none of the programs is replayed for nothing."""
    for entry in corpus.read(path):
        here = world()
        for step in entry.steps:
            here.perform(step)
    assert corpus.read(path)


# -- reducing -----------------------------------------------------------------


def test_steps_that_are_not_needed_are_left_out():
    """With what they made, and the numbers of the others follow."""
    taken = [
        Step("file", 0, (b"one",)),
        Step("file", 0, (b"two",)),
        Step("map", 0, (0,)),
        Step("map", 1, (0,)),
        Step("view", 0),
        Step("tell", 0),
        Step("view", 1),
        Step("view-put", 1, (0, b"x")),
    ]
    assert without(taken, 0, world()) == [
        Step("file", 0, (b"two",)),
        Step("map", 0, (0,)),
        Step("view", 0),
        Step("view-put", 0, (0, b"x")),
    ]

    def fails(program):
        here = world()
        for step in program:
            try:
                here.perform(step)
            except Unspecified:
                return False
        return any(m.contents[:1] == b"x" for m in here.maps)

    assert reduce(taken, world, fails) == without(taken, 0, world())


# -- the command --------------------------------------------------------------


def explore(impl, folder, *options):
    """The command, as a user types it."""
    return mmap_spec_command("explore", f"--impl={impl}", *options, cwd=folder)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A run on a miniature that is wrong, up to its first find."""
    folder = tmp_path_factory.mktemp("explore")
    impl = write_impl(
        folder / "wrong",
        module="miniatures.judged",
        path=[str(TESTS)],
        env={"MINIATURE": "wrong_closing.CloseIgnoresExports"},
        extends="stdlib",
    )
    return folder, impl, explore(impl, folder, "--minutes=5", "--seed=3", "--finds=1")


def test_a_find_is_red_and_shrunk(found):
    """Exit status 1; a program of a few steps is printed and written."""
    folder, impl, done = found
    assert done.returncode == 1, done.stderr
    (entry,) = corpus.read(folder / corpus.LOCAL)
    assert [step.do for step in entry.steps][-1] == "view"
    assert len(entry.steps) <= 3
    assert entry.clause.startswith("machine.")
    assert "did not refuse close() with BufferError" in entry.found
    assert "memoryview(m)" in done.stdout
    assert "seed 3, corpus mmap-corpus.toml" in done.stdout.splitlines()[1]
    assert f"replay: mmap-spec explore --impl={impl} --minutes=5 --seed=3" in done.stdout
    assert "1 new" in done.stdout


def test_the_gate_replays_the_find(found):
    """It is red where the mistake is, and names the program; green where it is not."""
    folder, impl, _ = found
    test = "test_machine.py::test_program"
    done = mmap_spec_command("replay", f"--impl={impl}", test, cwd=folder)
    assert done.returncode == 1
    assert f"mmap-corpus:{corpus.read(folder / corpus.LOCAL)[0].name}" in done.stdout
    good = mmap_spec_command("replay", "--impl=stdlib", test, cwd=folder)
    assert good.returncode == 0, good.stdout


def test_what_is_known_is_not_new(found):
    """What the programs of the corpus file show is looked for first, and is no find any more."""
    folder, impl, done = found
    before = (folder / corpus.LOCAL).read_text()
    again = explore(impl, folder, "--minutes=0.0001", "--seed=3")
    assert again.returncode == 0
    assert known(again.stdout) == tuple(number + 1 for number in known(done.stdout))
    assert "0 new" in again.stdout
    assert (folder / corpus.LOCAL).read_text() == before


def known(said):
    """How many programs are known, and how many of them fail, by the line that says so."""
    numbers = re.search(r"\((\d+) programs known in all, (\d+) of them fail here\)", said)
    return tuple(map(int, numbers.groups()))


def test_what_was_reached_is_shown(found):
    """A row an operation, a column a state, how often and with what outcomes."""
    _, _, done = found
    lines = done.stdout.splitlines()
    (head,) = [line for line in lines if line.startswith("operation ")]
    assert "shared" in head
    assert any(line.startswith("view ") for line in lines)
    assert any(line.startswith("outcomes: ") for line in lines)


def test_a_signal_is_found(tmp_path):
    """A file that becomes shorter under a map kills the standard library: five steps at most."""
    done = explore("stdlib", tmp_path, "--minutes=5", "--seed=1", "--finds=1", "--hazards")
    assert done.returncode == 1, done.stderr
    (entry,) = corpus.read(tmp_path / corpus.LOCAL)
    assert "died by SIGBUS" in entry.found
    assert len(entry.steps) <= 5
    assert "# died by SIGBUS" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(tmp_path, number):
    """Exit status 3, the totals are shown, and no worker is left."""
    command = [sys.executable, "-m", "mmap_spec", "explore", "--impl=stdlib", "--minutes=60"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            assert run.stdout.readline().startswith("candidate: stdlib")
            assert run.stdout.readline().startswith("exploring for 60 min")
            deadline = time.monotonic() + DEADLINE
            while not (workers := children(run.pid)):  # the last one may just have died
                assert time.monotonic() < deadline
            run.send_signal(number)
            said, _ = run.communicate(timeout=DEADLINE)
        finally:
            run.kill()
    assert run.returncode == 3
    assert said.splitlines()[-1].startswith("INTERRUPTED · 0 new")
    assert all(ended(pid, 20) for pid in workers)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(number) for number in file.read().split()]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--minutes=0"], "--minutes"),
        (["--finds=0"], "--finds"),
        (["--corpus=wrong.toml"], "wrong.toml: not TOML"),
        (["--corpus=none/c.toml"], "none"),
    ],
)
def test_bad_usage(tmp_path, options, said):
    """Exit status 2, and a message that names what is wrong."""
    (tmp_path / "wrong.toml").write_text("[")
    done = explore("stdlib", tmp_path, *options)
    assert done.returncode == 2
    assert said in done.stderr


def test_file_of_the_model():
    """A file that is cut shows zeros behind its end; what a map puts there may stay."""
    file = File(b"abcdef", PAGE)
    file.truncate(2)
    assert (file.size, file.contents) == (2, b"ab")
    file.put(3, b"x")
    file.truncate(5)
    assert file.contents == b"ab\0x\0"
    assert not file.shows(0, b"ab\0y\0")
    assert file.shows(0, b"ab\0\0\0")
    assert not file.shows(0, b"ab\0x\0")
    assert file.pwrite(b"z", 2 * PAGE) == 1
    assert (file.size, file.contents[-2:]) == (2 * PAGE + 1, b"\0z")
    assert file.pwrite(b"", 9 * PAGE) == 0
    assert file.size == 2 * PAGE + 1
