"""The table of parameters names every method of the class, and every parameter of each."""

from __future__ import annotations

import mmap

import pytest
from mmap_spec.clauses import catalogue
from mmap_spec.parameters import EVERY, WITHOUT

METHODS = {name for name, member in vars(mmap.mmap).items() if callable(member)}
OTHERS = set(WITHOUT) & METHODS - {"__buffer__", "__exit__", "__new__"}
HERE = [p for p in EVERY if p.operation in METHODS and p.place != "flags"]  # not of this Python
TAKEN = {name: {p.place for p in EVERY if p.operation == name} for name in METHODS - set(WITHOUT)}


def a_map() -> mmap.mmap:
    return mmap.mmap(-1, 200, flags=mmap.MAP_PRIVATE)


def test_every_method():
    """Each callable of the class is in the table, or among those that cannot be; none in both."""
    listed = {parameter.operation for parameter in EVERY}
    assert METHODS - listed - set(WITHOUT) == set()
    assert listed & set(WITHOUT) == set()


def test_clauses_of_hazards():
    """The clauses that judge closing and resizing arguments exist."""
    named = {name for parameter in EVERY for name in (parameter.closing, parameter.sizing)}
    assert named - {""} - set(catalogue()) == set()


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_every_parameter(name):
    """Each of a method's arguments has an entry, and there cannot be one more."""
    longest = max((p.arguments for p in EVERY if p.operation == name), key=len)
    assert TAKEN[name] - {"flags"} == set(range(len(longest)))
    with a_map() as m, pytest.raises(TypeError):
        getattr(m, name)(*longest, 0)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_the_others_take_no_integer(name):
    """What the table leaves out refuses an integer."""
    with a_map() as m, pytest.raises(TypeError):
        getattr(m, name)(1)


@pytest.mark.parametrize("parameter", HERE, ids=str)
def test_arguments_succeed(parameter):
    """So that a test sees what a hostile argument changes; items cannot be deleted."""
    with a_map() as m:
        m[:100] = bytes(range(100))
        if parameter.operation == "__delitem__":
            with pytest.raises(TypeError):
                parameter.call(m, parameter.value)
        else:
            parameter.call(m, parameter.value)
