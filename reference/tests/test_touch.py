"""Searches and copies: short ones (memory.c), and of a size at which others may run (touch.c)."""

import pytest

from mmap_reference import PAGESIZE as PAGE
from mmap_reference import mmap

PART = 256 << 10  # searched in a first step
SIZE = 3 * PART


@pytest.fixture
def m():
    """Zeros."""
    return mmap(-1, SIZE)


@pytest.mark.parametrize("length", [1, 2, 300, PART - 1, PART, PART + 1])
@pytest.mark.parametrize("edge", [0, PART, 2 * PART, SIZE])
def test_needle_at_the_edge_of_a_part(m, length, edge):
    """It is found wherever it begins, from both sides, and not one byte off."""
    needle = b"n" * length
    for place in {edge - length, edge - length + 1, edge - length // 2, edge - 1, edge, edge + 1}:
        if not 0 <= place <= SIZE - length:
            continue
        m[place : place + length] = needle
        assert m.find(needle, 0) == m.rfind(needle, 0) == place
        assert m.find(needle, place) == m.rfind(needle, place, place + length) == place
        assert m.find(needle, place + 1) == m.rfind(needle, 0, place + length - 1) == -1
        m[place : place + length] = bytes(length)


@pytest.mark.parametrize("first", [0, 5, PART - 1, PART, PART + 7])
@pytest.mark.parametrize("last", [SIZE - 1, 2 * PART + 1, PART + 9])
def test_first_and_last(m, first, last):
    """Of two occurrences each search finds its own."""
    m[first] = m[last] = 110
    assert (m.find(b"n", 0), m.rfind(b"n", 0)) == (first, last)
    assert m.find(b"n", first + 1) == last
    assert m.rfind(b"n", 0, last) == first


@pytest.mark.parametrize("size", [PART - 1, PART, 2 * PART + 1])
@pytest.mark.parametrize("step", [1, 2, -1, -2])
def test_copies(m, size, step):
    """Slices in and out, and the position behind them."""
    content = bytes(i * 7 % 251 for i in range(1000)) * (SIZE // 1000 + 1)
    content = content[:SIZE]
    m[:] = content
    assert m.read(size) == content[:size]
    assert m.tell() == size
    assert m.write(content[:100]) == 100
    m[:] = content
    assert m[:size:step] == content[:size:step]
    m[:size:step] = content[1 : 1 + len(range(SIZE)[:size:step])]
    copy = bytearray(content)
    copy[:size:step] = content[1 : 1 + len(range(SIZE)[:size:step])]
    assert m[:] == copy
    m.move(3, 0, size)
    copy[3 : 3 + size] = copy[:size]
    assert m[:] == copy


@pytest.mark.parametrize("end", [PAGE, PAGE - 1, PAGE - 63, PAGE - 64, PAGE - 65, 2 * PAGE])
def test_short_searches(end):
    """In up to 70 bytes, before and over the end of a page, only what is asked for counts."""
    contents = bytes(b"abcd"[i * i % 7 % 4] for i in range(2 * PAGE))
    m = mmap(-1, len(contents))
    m[:] = contents
    for size in range(71):
        for stop in (end, min(end + size // 2, len(contents))):
            start = stop - size
            for needle in (b"", b"a", b"d", b"e", contents[start : start + 2], b"ae", b"eeeee"):
                asked = needle, start, stop
                assert m.find(*asked) == contents.find(*asked), asked
                assert m.rfind(*asked) == contents.rfind(*asked), asked
