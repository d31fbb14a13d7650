"""The state machine: random steps over files, maps, views and processes, against the model."""

import pytest

from mmap_spec import corpus, machine
from mmap_spec.clauses import clause

PROGRAMS = [
    pytest.param(program.steps, marks=clause(program.clause), id=name)
    for name, program in corpus.every()
]


@clause("machine.shared")
def test_shared(candidate):
    """Shared maps of several files, for reading and for writing."""
    machine.run(machine.Shared, candidate)


@clause("machine.private")
def test_private(candidate):
    """Private maps beside shared ones."""
    machine.run(machine.Private, candidate)


@clause("machine.memory")
def test_memory(candidate):
    """Anonymous maps."""
    machine.run(machine.Memory, candidate)


@clause("machine.processes")
def test_processes(candidate):
    """Maps of every kind, which children read and write too."""
    machine.run(machine.Processes, candidate)


@pytest.mark.parametrize("steps", PROGRAMS)
def test_program(candidate, steps):
    """A program that showed a mistake of some candidate: each step does what the model says."""
    corpus.replay(candidate, steps)
