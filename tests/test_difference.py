"""The words for long values that are not equal."""

from __future__ import annotations

import pytest
from mmap_spec.report.difference import LONG, explain

LONG_BYTES = bytes(range(256)) * 256


def test_short_values_are_left_to_pytest():
    assert explain("==", b"abc", b"abd") is None


@pytest.mark.parametrize("index", [0, 1, 40_000, len(LONG_BYTES) - 1])
def test_first_difference_of_long_bytes(index):
    other = bytearray(LONG_BYTES)
    other[index] ^= 0xFF
    lines = explain("==", LONG_BYTES, bytes(other))
    assert lines is not None
    assert f"index {index}:" in lines[1]
    assert all(len(line) < LONG for line in lines)
    left, right = lines[2].split(" != ")
    assert left != right


def test_difference_in_a_tuple():
    lines = explain("==", (1, LONG_BYTES, 2), (1, LONG_BYTES[:-1], 2))
    assert lines is not None
    assert lines[1] == "first difference at index 1, (lengths 65536 and 65535) index 65535:"


def test_types_that_differ():
    lines = explain("==", LONG_BYTES, None)
    assert lines is not None
    assert lines[1].startswith("the values: ")
    assert lines[1].endswith(" != None")


def test_other_comparisons_are_cut_short():
    lines = explain("!=", LONG_BYTES, LONG_BYTES)
    assert lines is not None
    assert len(lines) == 1
    assert len(lines[0]) < LONG
