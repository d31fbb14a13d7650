"""The checks call every public name of the type."""

import importlib.util
from pathlib import Path

import pytest

import mmap_reference

CHECKS = Path(__file__).parent.parent / "checks"


def check(name):
    """A file of checks/, imported."""
    spec = importlib.util.spec_from_file_location(name, CHECKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def missing(name, module):
    """Of a check: the names that it does not call."""
    return module.missing(mmap_reference) if name == "faults" else module.missing()


@pytest.mark.parametrize("name", ["faults", "leaks"])
def test_every_public_name_is_called(name):
    """No method was forgotten."""
    assert missing(name, check(name)) == []


@pytest.mark.parametrize(("name", "operation"), [("faults", "tell"), ("leaks", "tell")])
def test_forgotten_method_is_named(name, operation):
    """Without its operation, a method is found missing."""
    module = check(name)
    del module.OPERATIONS[operation]
    assert missing(name, module) == [operation]
