"""``mmap-spec compare``: what it finds, how short it shows it, and which clause it names.

The candidates are miniatures: one without a mistake beside one whose mistake is known.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from judging import DEADLINE, environment, mmap_spec_command
from miniature_runs import candidate
from mmap_spec import attribution, compare, launcher, runs
from mmap_spec.attribution import Difference, Evidence
from mmap_spec.candidate import Raised, Returned
from mmap_spec.compare import Found
from mmap_spec.random_programs import (
    LOOK,
    Converted,
    Died,
    HostileIndex,
    Player,
    Step,
    deeds,
    minimise,
    without,
)
from mmap_spec.transcripts import Operation
from processes import ended, hear

FAITHFUL = "faithful.Faithful"
RETURNS_NONE = "wrong_file_methods.WriteReturnsNone"
INVENTED = "invented.MoveRefusesEleven"


def look(
    names: Sequence[str], folder: Path, wanted: Callable[[Found], bool], seconds: float = 60
) -> Found:
    """The first difference of some miniatures that is wanted; fails after so many seconds."""
    specs = [candidate(folder / str(index), name) for index, name in enumerate(names)]
    candidates = [launcher.start(launcher.parse(spec)) for spec in specs]
    found: list[Found] = []

    def tell(new: Found) -> bool:
        found.extend([new] if wanted(new) else [])
        return bool(found)

    try:
        compare.search(candidates, seconds, 1, tell)
    finally:
        for each in candidates:
            each.close()
    assert found, f"nothing wanted was found in {seconds} s"
    return found[0]


def group_of(found: Found, names: Sequence[str], folder: Path) -> str:
    """The name of the group that a difference of some miniatures comes into."""
    specs = [candidate(folder / str(index), name) for index, name in enumerate(names)]
    api = sys.version_info[:2]
    groups = compare.grouped([found], specs, {api}, lambda a: runs.alone(a, silent=True))
    (name,) = groups
    return name


def operations(program: str) -> list[str]:
    """The lines of a program that do something to a map."""
    return [
        line.strip() for line in program.splitlines() if line.strip().startswith(("m", "print(m"))
    ]


# -- finding ----------------------------------------------------------------


def test_planted_difference(tmp_path):
    """It is found, cut down to one operation on one map, and named by the clause it breaks."""
    names = [FAITHFUL, RETURNS_NONE]
    found = look(names, tmp_path, lambda new: new.difference.operation == "write")
    assert found.difference.outcomes == ("returned int", "returned None")
    shown = operations(found.program)
    assert len(shown) <= 3, "made, perhaps filled, written"
    assert "m.write(" in shown[-1]
    assert str(tmp_path) in found.program.partition('"""\nimport')[0], "who did what"
    assert "write.returns-count" in group_of(found, names, tmp_path).split(", ")


def test_what_is_left_behind(tmp_path):
    """An operation that comes to the same but leaves another file behind, and its clause."""
    names = [FAITHFUL, "wrong_memory.ResizeLeavesFile"]
    found = look(names, tmp_path, lambda new: attribution.FILE in new.difference.outcomes[0])
    assert found.difference.operation == "resize"
    assert "returned None, leaves the file at " in found.given[0]
    assert found.given[0] != found.given[1]
    last = operations(found.program)[-1]
    assert "m.resize(" in last
    assert found.program.rstrip().splitlines()[-1].startswith("print(stat_result1.st_size)")
    assert "resize.file-size" in group_of(found, names, tmp_path).split(", ")


@pytest.mark.slow
def test_hole_of_the_specification(tmp_path):
    """What no clause names is found as well, and said to have none."""
    names = [FAITHFUL, INVENTED]
    found = look(names, tmp_path, lambda new: "raised KeyError" in new.difference.outcomes)
    assert found.difference.operation == "move"
    assert "11" in operations(found.program)[-1]
    assert group_of(found, names, tmp_path) == "no clause"


def test_three_candidates(tmp_path):
    """Each of three says what it did."""
    found = look(
        [FAITHFUL, RETURNS_NONE, FAITHFUL],
        tmp_path,
        lambda new: new.difference.operation == "write",
    )
    assert found.difference.outcomes == ("returned int", "returned None", "returned int")


def test_death(tmp_path):
    """A candidate that dies is a difference, and the search goes on with the next worker."""
    names = [FAITHFUL, "wrong_sequence.ValueConvertedAfterChecks"]
    found = look(names, tmp_path, lambda new: "died by SIGSEGV" in new.difference.outcomes)
    assert found.difference.operation == "set"
    assert found.difference.deed in ("close", "resize")


# -- the command ------------------------------------------------------------


def test_same_candidates(tmp_path):
    """Nothing to be found: exit status 0."""
    one, other = (candidate(tmp_path / part, FAITHFUL) for part in "ab")
    done = mmap_spec_command("compare", one, other, "--seconds=2", "--seed=1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["candidate:", one], ["candidate:", other]]
    assert lines[2] == "comparing for 2 s, seed 1"
    assert lines[-1].startswith("0 differences · 0 without a clause · ")
    assert lines[-1].endswith(f"mmap-spec compare {one} {other} --seconds=2 --seed=1")


def test_differing_candidates(tmp_path):
    """A difference: exit status 1, its group and its program in front of the last line."""
    one, other = candidate(tmp_path, FAITHFUL), candidate(tmp_path, RETURNS_NONE)
    done = mmap_spec_command("compare", one, other, "--seconds=8", "--seed=1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    before, _, after = done.stdout.partition("looking for the clauses: ")
    assert "m.write(" in before
    assert "write.returns-count" in after
    assert "  write: returned " in after
    assert " without a clause · " in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("stdlib",), 2, "at least two"),
        (("stdlib", "no/impl.toml"), 2, "no/impl.toml"),
        (("stdlib", "stdlib@nothing"), 3, "nothing"),
    ],
)
def test_bad_input(tmp_path, arguments, status, said):
    """One candidate is too few; one that is not there is named."""
    done = mmap_spec_command("compare", *arguments, cwd=tmp_path)
    assert done.returncode == status
    assert said in done.stderr


def test_interrupt(tmp_path):
    """SIGINT in the middle: exit status 3, and no worker and no folder is left."""
    one, other = (candidate(tmp_path / part, FAITHFUL) for part in "ab")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "mmap_spec", "compare", one, other, "--seconds=600"],
        env=environment({"TMPDIR": str(scratch)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear,
    ) as command:
        assert command.stdout is not None
        while "comparing for" not in command.stdout.readline():
            pass
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=DEADLINE)
    assert (command.returncode, said) == (3, "mmap-spec: interrupted\n")
    assert len(children) == 2
    assert all(ended(int(pid)) for pid in children)
    assert os.listdir(scratch) == []


# -- cutting down -----------------------------------------------------------

FIRST = Step("anonymous", "mmap", args=(b"abc",))
SECOND = Step("anonymous", "mmap", args=(b"xyz",))
ON_SECOND = Step("call", "read", mapping=1)


def test_without_an_unused_mapping():
    """The mappings behind it get its number; one that is used stays."""
    steps = [FIRST, SECOND, ON_SECOND]
    assert without(steps, 0) == [SECOND, Step("call", "read", mapping=0)]
    assert without(steps, 1) is None
    assert without(steps, 2) == [FIRST, SECOND]


def test_minimise():
    """Steps and arguments go that are not needed; the last step stays the last."""
    noise = Step("call", "tell")
    last = Step("call", "move", args=(7, 9, 11))
    made = Step("mapped", "mmap", args=(bytes(9000), "ACCESS_WRITE"))
    found = minimise([made, noise, noise, last], lambda steps: steps[-1].args[2:] == (11,))
    assert [step.name for step in found] == ["mmap", "move"]
    assert found[0].args == (b"\0", "ACCESS_WRITE")
    assert found[1].args == (0, 0, 11)


def test_minimise_hostile_arguments():
    """An argument that need not do anything to its map does nothing; others keep their deeds."""
    last = Step("set", "set", args=(HostileIndex(1, "seek"), HostileIndex(7, "resize")))
    found = minimise([FIRST, last], lambda steps: "resize" in deeds(steps[-1]))
    assert found[-1].args == (1, HostileIndex(7, "resize"))


# -- comparing --------------------------------------------------------------

READ = Step("call", "read", args=(HostileIndex(1, "close"),))


@pytest.mark.parametrize(
    ("one", "other", "outcomes"),
    [
        (Returned(1), Returned(1), None),
        (Returned(1), Returned(2), ("returned int", "returned int")),
        (Returned(1), Returned(True), ("returned int", "returned bool")),
        (Raised(OSError, "EINVAL"), Raised(OSError, "ENOMEM"), None),
        (Raised(OSError), Raised(ValueError), ("raised OSError", "raised ValueError")),
        (Died("died by SIGBUS"), Died("died by SIGBUS"), None),
        (Died("died by SIGBUS"), Returned(None), ("died by SIGBUS", "returned None")),
        (
            Converted(Raised(ValueError), 0),
            Converted(Raised(ValueError), 1),
            ("conversions: 0", "conversions: 1"),
        ),
        (
            Converted(Raised(ValueError), 0),
            Converted(Returned(1), 1),
            ("raised ValueError", "returned int"),
        ),
    ],
)
def test_difference(one, other, outcomes):
    """Values with their types, errors by their type, deaths, and how often was converted."""
    parted = compare.difference([READ], [[one], [other]])
    assert parted == (None if outcomes is None else (0, Difference("read", "close", outcomes)))


def test_nothing_follows_a_death():
    """Where both died in the same step, the program is over."""
    died = [Returned(1), Died("died by SIGBUS")]
    assert compare.difference([READ] * 3, [died, died]) is None


LEFT = attribution.FILE


@pytest.mark.parametrize(
    ("sizes", "outcomes"),
    [
        ((0, 0), None),
        ((0, 9000), (f"raised OSError, {LEFT} at size 0", f"raised OSError, {LEFT} at size 1")),
        ((10, 4), (f"raised OSError, {LEFT} at size 1", f"raised OSError, {LEFT} at size 0")),
    ],
)
def test_difference_of_files(sizes, outcomes):
    """What differs is the operation in front of the look, not the look."""
    steps = [Step("call", "resize", args=(HostileIndex(0, "seek"),)), Step(LOOK, LOOK)]
    played = [[Converted(Raised(OSError), 1), Returned(size)] for size in sizes]
    parted = compare.difference(steps, played)
    assert parted == (None if outcomes is None else (1, Difference("resize", "seek", outcomes)))


def test_deeds_of_several_arguments():
    """All of them are named, and a program with more than the deadly ones is deadly, too."""
    step = Step("set", "set", args=(HostileIndex(1, "seek"), HostileIndex(7, "resize")))
    parted = compare.difference([step], [[Died("died by SIGSEGV")], [Returned(None)]])
    assert parted is not None
    assert parted[1].deed == "resize and seek"
    known = {parted[1]: Found(parted[1], (), "")}
    alone = Step("set", "set", args=(1, HostileIndex(7, "resize")))
    assert (compare.lethal([step], known), compare.lethal([alone], known)) == (True, False)
    deadly = Difference("set", "resize", parted[1].outcomes)
    known = {deadly: Found(deadly, (), "")}
    assert (compare.lethal([step], known), compare.lethal([alone], known)) == (True, True)


def test_lethal_programs_are_left_out():
    """A program with a deed of which a candidate is known to die there costs a worker."""
    deadly = Difference("read", "close", ("died by SIGSEGV", "returned bytes"))
    known = {deadly: Found(deadly, (), "")}
    assert compare.lethal([READ], known)
    assert not compare.lethal([Step("call", "read", args=(1,))], known)


# -- naming -----------------------------------------------------------------

PARTED = ("returned None", "raised ValueError")


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        ([], "no clause"),
        ([Evidence(("resize.length",), True, PARTED, 0)], "resize.length"),
        ([Evidence(("resize.length",), False, PARTED, 0)], "left open by resize.length"),
        ([Evidence(("resize.length",), True, PARTED[::-1], 0)], "no clause"),
        ([Evidence(("access.read",), True, PARTED, 0)], "no clause"),
        (
            [
                Evidence(("resize.length",), True, PARTED, 0),
                Evidence(("resize.zero",), True, PARTED, 1),
                Evidence(("resize.negative",), False, PARTED, 0),
            ],
            "resize.length",
        ),
    ],
)
def test_names(evidence, name):
    """A test of the same outcomes names it: a broken one first, of those the clearest."""
    difference = Difference("resize", "", PARTED)
    assert attribution.names(difference, {"resize": evidence}) == name


def test_parting_by_the_file():
    """A test's look at a file speaks of the operation before, if that came to the same."""

    def example(said: str, size: str) -> tuple[Operation, ...]:
        return (
            Operation("m.resize(0)", said, ""),
            Operation("os.fstat(fd1)", "returned an object", ""),
            Operation("stat_result1.st_size", "returned int", size),
        )

    same = [example("raised OSError", "0"), example("raised OSError", "9000")]
    outcomes = attribution.leaving("raised OSError", (0, 9000))
    assert list(attribution.parting(same)) == [("resize", outcomes)]
    other = [example("raised OSError", "0"), example("returned None", "9000")]
    assert list(attribution.parting(other)) == [("resize", ("raised OSError", "returned None"))]


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        ("m.find(b'x', 2)", "find"),
        ("m2[0]", "get"),
        ("m[a:b] = b'x'", "set"),
        ("m[0:2:1]", "get"),
        ("del m[0]", "delete"),
        ("len(m)", "__len__"),
        ("memoryview(m)", "export"),
        ("hostile1.calls", attribution.CONVERTED),
        ("stat_result1.st_size", attribution.FILE),
        ("os.pread(fd1, 3, 0)", ""),
    ],
)
def test_operation_of(code, operation):
    """The name that compare has for an operation, from the line of a test's program."""
    assert attribution.operation_of(code) == operation


def test_player_counts_conversions(tmp_path):
    """A step with a hostile argument says how often that was converted."""
    judged = launcher.start(launcher.parse(candidate(tmp_path, FAITHFUL)))
    try:
        outcomes = Player(judged).play(
            [FIRST, Step("call", "seek", args=(HostileIndex(1, "seek"),))]
        )
    finally:
        judged.close()
    assert outcomes[1] == Converted(Returned(None), 1)
