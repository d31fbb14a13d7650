"""The state machine: it catches what is wrong, lets pass what is not, and does the same twice."""

from __future__ import annotations

from collections import Counter

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test
from judging import TESTS, write_impl
from mmap_spec import launcher, strategies
from mmap_spec.candidate import CandidateDied
from mmap_spec.lockstep import Deviation, Lockstep
from mmap_spec.machine import Machine, Memory, Private, Processes, Shared, machine
from mmap_spec.model import Unspecified
from mmap_spec.steps import Step
from mmap_spec.world import World
from test_model import LATEST, PAGE, Facts

KINDS = [Shared, Private, Memory, Processes]


@pytest.fixture
def start(tmp_path):
    """Starts a miniature whose other deviations are those of the standard library."""
    started = []

    def start(name):
        impl = write_impl(
            tmp_path / name,
            module="miniatures.judged",
            path=[str(TESTS)],
            env={"MINIATURE": name},
            extends="stdlib",
        )
        started.append(launcher.start(launcher.parse(str(impl))))
        return started[-1]

    yield start
    for candidate in started:
        candidate.close()


def run(kind: type[Machine], candidate, covered=None):
    """The machine with the gate's examples, without shrinking."""
    settings = hypothesis.settings(
        hypothesis.settings.get_profile("gate"),
        max_examples=strategies.machine_settings().max_examples,
        stateful_step_count=strategies.STEPS,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(machine(kind, candidate, covered), settings=settings)


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (Shared, "wrong_closing.CloseIgnoresExports", "did not refuse close() with BufferError"),
        (Shared, "wrong_closing.ExitDoesNotClose", "__exit__"),
        (Shared, "wrong_closing.EnterReturnsView", "__enter__() returned another object"),
        (Private, "wrong_constructor.CopyReachesFile", "holds something else"),
        (Private, "wrong_closing.LengthOfClosedIsZero", "expected ValueError"),
    ],
)
def test_caught(start, kind, name, said):
    """What is wrong in one thing is found by the machine alone."""
    with pytest.raises((Deviation, CandidateDied)) as found:
        run(kind, start(name))
    assert said in str(found.value)
    assert found.value.signature


@pytest.mark.parametrize("kind", KINDS)
def test_control(start, kind):
    """What is not wrong passes, twice with the same steps, and reaches a good part of all."""
    candidate, counts = start("faithful.Faithful"), []
    for _ in range(2):
        counts.append(Counter())
        run(kind, candidate, counts[-1])
    assert counts[0] == counts[1]
    assert len({operation for operation, _, _ in counts[0]}) >= 20
    assert {"returned", "ValueError"} <= {outcome for _, _, outcome in counts[0]}


def test_a_wrong_model_is_seen(start):
    """Each view of the state is compared: what the model says otherwise is a deviation."""
    candidate = start("faithful.Faithful")
    for spoil, kind in [
        (lambda world: setattr(world.maps[0], "position", 1), "position"),
        (lambda world: setattr(world.maps[0], "_length", 2), "length"),
        (lambda world: setattr(world.maps[0], "closed", True), "closed"),
        (lambda world: setattr(world.maps[0], "exports", 1), "exports"),
        (lambda world: setattr(world.files[0].file, "size", 2), "file size"),
        (lambda world: world.files[0].file.put(1, b"x"), "file contents"),
        (lambda world: setattr(world.descriptors[0], "open", False), "descriptors"),
    ]:
        both = Lockstep(candidate, Counter())
        both.perform(Step("file", 0, (b"abc",)))
        both.perform(Step("map", 0, (0,)))
        spoil(both.world)
        with pytest.raises(Deviation) as found:
            both.compare(Step("tell"), "shared")
        assert found.value.signature == ("tell", "shared", kind)


# -- the world ----------------------------------------------------------------


def played(*steps: Step, facts: Facts = LATEST, hardened: bool = False) -> tuple[World, list]:
    """A world after some steps, and what each may do."""
    world = World(facts, granularity=PAGE, hardened=hardened)
    return world, [world.perform(step) for step in steps]


FILE = Step("file", 0, (b"abc" * PAGE,))


def test_a_private_map_may_follow_its_file():
    """Until its page is written; a shared one must."""
    world, _ = played(
        FILE,
        Step("map", 0, (0,)),
        Step("map", 0, (0,), (("flags", "MAP_PRIVATE"),)),
        Step("__setitem__", 1, (PAGE, 1)),
        Step("pwrite", 0, (b"x", 0)),
        Step("pwrite", 0, (b"x", PAGE + 1)),
    )
    shared, private = world.maps
    old = b"abc" * PAGE
    assert shared.contents[:2] == b"xb"
    assert not shared.accepts(old)
    written = old[:PAGE] + b"\1" + old[PAGE + 1 :]
    assert not private.accepts(written[: PAGE + 1] + b"x" + written[PAGE + 2 :])
    assert private.accepts(written)
    assert private.accepts(b"x" + written[1:])


def test_a_file_is_not_cut_under_a_map_that_cannot_take_it():
    """Nor under a view, nor under pages of a private map that are written."""
    cut = Step("truncate", 0, (1,))
    world, _ = played(FILE, Step("map", 0, (0,)))
    with pytest.raises(Unspecified):
        world.perform(cut)
    assert world.files[0].file.size == 3 * PAGE
    world, _ = played(FILE, Step("map", 0, (0,)), Step("view", 0), hardened=True)
    with pytest.raises(Unspecified):
        world.perform(cut)
    private = Step("map", 0, (0,), (("access", "ACCESS_COPY"),))
    world, _ = played(FILE, private, Step("__setitem__", 0, (2 * PAGE, 0)), hardened=True)
    with pytest.raises(Unspecified):
        world.perform(cut)


def test_a_map_beyond_its_file():
    """What is in reach works, the rest is OSError, and a write that reaches both is half open."""
    world, outcomes = played(
        FILE,
        Step("map", 0, (0,)),
        Step("truncate", 0, (1,)),
        Step("__getitem__", 0, (PAGE - 1,)),
        Step("__getitem__", 0, (PAGE,)),
        Step("__getitem__", 0, (slice(5, 5),)),
        Step("find", 0, (b"a",)),
        Step("find", 0, (b"z",)),
        Step("seek", 0, (PAGE - 1,)),
        Step("write", 0, (b"xy",)),
        Step("tell", 0),
        Step("rfind", 0, (b"",)),
        hardened=True,
    )
    assert outcomes[3].allows_value(0)
    assert outcomes[4].allows_error(OSError)
    assert not outcomes[4].allows_value(0)
    assert outcomes[5].allows_value(b"")
    assert outcomes[6].allows_value(0)
    assert outcomes[6].allows_error(OSError)
    assert not outcomes[7].allows_value(-1)
    assert outcomes[9].allows_error(OSError)
    assert outcomes[10].allows_value(PAGE - 1)
    assert outcomes[11].allows_value(3 * PAGE)
    model = world.maps[0]
    assert model.reach == PAGE
    assert model.accepts(b"a" + bytes(PAGE - 2) + b"x")


def test_what_must_not_be_asked():
    """A step for what is not there, or that nobody specifies, changes nothing."""
    world, _ = played(FILE, Step("map", 0, (0,)), Step("close-descriptor", 0))
    for step in [
        Step("tell", 1),
        Step("map", 0, (0,)),
        Step("map", 7, (0,)),
        Step("release", 0),
        Step("open", 3, (), (("mode", "rb"),)),
        Step("fork", 0, (3 * PAGE, b"x")),
    ]:
        with pytest.raises(Unspecified):
            world.perform(step)
    with pytest.raises(Unspecified):
        played(FILE, Step("map", 0, (0,), (("trackfd", False),)), facts=Facts((3, 12)))


def test_children_and_views():
    """What a child writes is shared or not; a dropped map lives as long as its views."""
    world, outcomes = played(
        Step("anonymous", 0, (b"abc",)),
        Step("anonymous", 0, (b"abc",), (("flags", "MAP_PRIVATE"),)),
        Step("fork", 0, (1, b"x")),
        Step("fork", 1, (1, b"x")),
        Step("view", 0),
        Step("drop", 0),
        Step("view-get", 0, (0, 3)),
        Step("release", 0),
        Step("view-get", 0, (0, 3)),
    )
    assert outcomes[2].allows_value(b"b")
    assert world.maps[1].contents == b"abc"
    assert outcomes[6].allows_value(b"axc")
    assert outcomes[8].allows_error(ValueError)
    assert world.maps[0].closed
    assert list(world.live()) == [1]
