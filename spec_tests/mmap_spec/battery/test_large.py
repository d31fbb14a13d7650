"""Megabytes: what is right for a few bytes is right for many, wherever memory is touched."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause

SIZE = (1 << 20) + 77  # bytes of a large map
FIRSTS = [0, 4095, 300_001]
STEPS = [2, 3, -1, -2]
# In each quarter of a MiB near its ends, and in the middle.
PLACES = [0, *((i << 18) + by for i in range(1, 4) for by in (-40_000, -1, 0)), SIZE - 50]
LENGTHS = [1, 40, 20_000]
BESIDE = 100_000  # bytes that are searched beside a place


# The rest of most tests runs beside the map: the bytes need not travel.
PROGRAM = """
PART = bytes(i * 167 % 251 for i in range(70001))
def contents(size):
    return (PART * (size // len(PART) + 1))[:size]
m = mmap.mmap(-1, size)
"""


def run(candidate, source, **names):
    """Run a program that sees ``m``, an empty map, its ``size``, and ``contents(size)``."""
    candidate.run(PROGRAM + textwrap.dedent(source), size=SIZE, **names)


@clause("large.read")
@pytest.mark.parametrize("first", FIRSTS)
def test_read(candidate, first):
    """read() returns a MiB at once, and the position is behind it."""
    program = """
        m[:] = contents(size)
        m.seek(first)
        assert m.read(size - 5 - first) == contents(size)[first:-5]
        assert m.tell() == size - 5
        assert m.read() == contents(size)[-5:]
    """
    run(candidate, program, first=first)


@clause("large.readline")
@pytest.mark.parametrize("first", FIRSTS)
def test_readline(candidate, first):
    """readline() finds a newline that is a MiB away, or returns the rest."""
    program = """
        m[size - 2] = 10
        m.seek(first)
        assert m.readline() == bytes(size - first - 2) + b"\\n"
        assert m.tell() == size - 1
        m[size - 2] = 1
        m.seek(first)
        assert m.readline() == bytes(size - first - 2) + b"\\x01\\x00"
        assert m.tell() == size
    """
    run(candidate, program, first=first)


@clause("large.write")
@pytest.mark.parametrize("first", FIRSTS)
def test_write(candidate, first):
    """write() stores a MiB at once, and the position is behind it."""
    program = """
        m.seek(first)
        source = contents(size - first - 5)
        assert m.write(source) == len(source)
        assert m.tell() == size - 5
        assert m[:] == bytes(first) + source + bytes(5)
    """
    run(candidate, program, first=first)


@clause("large.write-refused")
def test_write_refused(candidate):
    """write() raises ValueError where one byte does not fit, and stores none."""
    m = candidate.mmap.mmap(-1, SIZE)
    m.seek(5)
    with candidate.raises(ValueError):
        m.write(b"a" * (SIZE - 4))


@clause("large.slice")
@pytest.mark.parametrize("first", FIRSTS)
def test_slice(candidate, first):
    """m[a:b] returns a MiB from any first byte."""
    program = """
        m[:] = contents(size)
        assert m[first:-1] == contents(size)[first:-1]
    """
    run(candidate, program, first=first)


@clause("large.slice-assigned")
@pytest.mark.parametrize("first", FIRSTS)
def test_slice_assigned(candidate, first):
    """m[a:b] = v stores a MiB at any first byte, and changes nothing else."""
    program = """
        source = contents(size - first - 1)
        m[first:-1] = source
        assert m[:] == bytes(first) + source + bytes(1)
    """
    run(candidate, program, first=first)


@clause("large.step")
@pytest.mark.parametrize("step", STEPS)
def test_step(candidate, step):
    """m[::c] returns every c-th byte of some MiB."""
    program = """
        m[:] = contents(size)
        assert m[::step] == contents(size)[::step]
    """
    run(candidate, program, step=step)


@clause("large.step-assigned")
@pytest.mark.parametrize("step", STEPS)
def test_step_assigned(candidate, step):
    """m[::c] = v stores to every c-th byte of some MiB, and nowhere else."""
    program = """
        expected = bytearray(size)
        source = contents(len(range(size)[::step]))
        expected[::step] = source
        m[::step] = source
        assert m[:] == expected
    """
    run(candidate, program, step=step)


@clause("large.move")
@pytest.mark.parametrize("apart", [1, 4097, SIZE // 2])
def test_move(candidate, apart):
    """move() copies a MiB to a place before or behind it."""
    program = """
        m[:] = data = contents(size)
        m.move(apart, 0, size - apart)
        assert m[:] == data[:apart] + data[: size - apart]
        m[:] = data
        m.move(0, apart, size - apart)
        assert m[:] == data[apart:] + data[size - apart :]
    """
    run(candidate, program, apart=apart)


@clause("large.read", "large.write", "large.slice", "large.slice-assigned", "large.move")
def test_sixteen_mib(candidate):
    """What is right for one MiB is right for more than sixteen."""
    program = """
        size = (1 << 24) + 77
        m = mmap.mmap(-1, size)
        source = contents(size)
        assert m.write(source) == m.tell() == size
        m.seek(1)
        assert m.read() == source[1:]
        assert m[:-1] == source[:-1]
        m.move(0, 1, size - 1)
        assert m[:] == source[1:] + source[-1:]
        m[:] = source[::-1]
        assert m[::-1] == source
    """
    run(candidate, program)


def check_places(candidate, search, length):
    """A needle is found in each place, in the whole map and in a part that just holds it."""
    m = candidate.mmap.mmap(-1, SIZE)
    needle = bytes([1]) * (length - 1) + b"\x02"
    assert m.find(needle) == m.rfind(needle) == -1
    for place in PLACES:
        end = place + length
        if end <= SIZE:
            m[place:end] = needle
            behind, before = (place + 1, end + BESIDE), (max(0, place - BESIDE), end - 1)
            bounds = [(), (place, end), behind, before]
            found = [getattr(m, search)(needle, *bound) for bound in bounds]
            assert found == [place, place, -1, -1]
            m[place:end] = bytes(length)


@clause("large.find")
@pytest.mark.parametrize("length", LENGTHS)
def test_find(candidate, length):
    """find() finds a needle in every part of some MiB, and no other."""
    check_places(candidate, "find", length)


@clause("large.rfind")
@pytest.mark.parametrize("length", LENGTHS)
def test_rfind(candidate, length):
    """rfind() finds a needle in every part of some MiB, and no other."""
    check_places(candidate, "rfind", length)


@clause("large.find")
def test_find_the_first(candidate):
    """find() finds the first of two needles that are MiB apart."""
    m = candidate.mmap.mmap(-1, SIZE)
    for place in PLACES[1:-1]:
        m[place] = m[SIZE - 1] = 7
        assert (m.find(b"\x07"), m.find(b"\x07", place + 1)) == (place, SIZE - 1)
        m[place] = 0


@clause("large.rfind")
def test_rfind_the_last(candidate):
    """rfind() finds the last of two needles that are MiB apart."""
    m = candidate.mmap.mmap(-1, SIZE)
    for place in PLACES[1:-1]:
        m[place] = m[0] = 7
        assert (m.rfind(b"\x07"), m.rfind(b"\x07", 0, place)) == (place, 0)
        m[place] = 0


def check_crossing(candidate, search):
    """A needle is found wherever it crosses a power of two, counted from either end of the map."""
    program = """
        whole = (1 << 24) + 100
        m = mmap.mmap(-1, whole)
        needle = bytes(range(1, 8))
        for k in range(10, 25):
            for place in ((1 << k) - 3, whole - (1 << k) - 4):
                m[place : place + 7] = needle
                assert m.SEARCH(needle, 0) == place, (place, m.SEARCH(needle, 0))
                m[place : place + 7] = bytes(7)
    """
    run(candidate, program.replace("SEARCH", search))


@clause("large.find")
def test_find_crossing(candidate):
    """find() finds a needle wherever it crosses a power of two."""
    check_crossing(candidate, "find")


@clause("large.rfind")
def test_rfind_crossing(candidate):
    """rfind() finds a needle wherever it crosses a power of two."""
    check_crossing(candidate, "rfind")


def check_long(candidate, search, change):
    """Of a needle of 300 KiB every byte counts: it is not found where one of them differs."""
    program = """
        import hashlib
        needle = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(9601))
        changed = bytearray(needle)
        changed[change] ^= 1
        near = bytes(changed)
        for data in (near + needle, needle + near, near):
            m = mmap.mmap(-1, len(data))
            m[:] = data
            assert m.SEARCH(needle, 0) == data.SEARCH(needle)
    """
    run(candidate, program.replace("SEARCH", search), change=change)


each_change = pytest.mark.parametrize("change", [0, 65_536, 150_000, -1])


@clause("large.find")
@each_change
def test_find_long(candidate, change):
    """find() compares every byte of a needle of hundreds of KiB."""
    check_long(candidate, "find", change)


@clause("large.rfind")
@each_change
def test_rfind_long(candidate, change):
    """rfind() compares every byte of a needle of hundreds of KiB."""
    check_long(candidate, "rfind", change)


def check_alone(candidate, search):
    """A byte is found where others than zero are around it, and the length of the needle counts."""
    program = """
        for length in (300_000, 500_000, 600_000, size):
            m = mmap.mmap(-1, length)
            for place in (0, 5, length // 2, length - 1):
                m[:] = bytes([7]) * length
                m[place] = 9
                assert SEARCH(bytes([9]), 0) == place
                assert SEARCH(bytes([9, 8]), 0) == SEARCH(bytes([8]), 0) == -1
    """
    run(candidate, program.replace("SEARCH", f"m.{search}"))


@clause("large.find")
def test_find_alone(candidate):
    """find() finds a byte among others."""
    check_alone(candidate, "find")


@clause("large.rfind")
def test_rfind_alone(candidate):
    """rfind() finds a byte among others."""
    check_alone(candidate, "rfind")


def word(first, second, size):
    """A word without long repetitions and full of near ones: each is the sum of the two before."""
    while len(second) < size:
        first, second = second, second + first
    return second[:size]


near_misses = given(
    haystack=st.sampled_from(
        [
            word(b"b", b"a", 9_000),
            word(b"ab", b"aab", 9_000),
            b"a" * 9_000,
            (b"a" * 299 + b"b") * 30,
            (b"ab" * 50 + b"b") * 90,
        ]
    ),
    place=st.integers(0, 6000),
    length=st.integers(20, 2500),
    changes=st.lists(st.integers(0, 2499), max_size=3),
)


def check_near_misses(candidate, search, haystack, place, length, changes):
    """What is found of a needle that is a part of the contents, with some bytes changed."""
    needle = bytearray(haystack[place : place + length])
    for change in changes:
        needle[change % length] ^= 1
    m = candidate.anonymous(haystack + bytes(needle) + haystack)
    expected = [
        getattr(haystack + needle + haystack, search)(needle),
        getattr(haystack, search)(needle),
    ]
    bounds = [(0,), (0, len(haystack))]
    assert [getattr(m, search)(bytes(needle), *bound) for bound in bounds] == expected


@clause("large.find-near-misses")
@near_misses
def test_find_near_misses(candidate, haystack, place, length, changes):
    """find() is right where the contents come near to a long needle again and again."""
    check_near_misses(candidate, "find", haystack, place, length, changes)


@clause("large.rfind-near-misses")
@near_misses
def test_rfind_near_misses(candidate, haystack, place, length, changes):
    """rfind() is right where the contents come near to a long needle again and again."""
    check_near_misses(candidate, "rfind", haystack, place, length, changes)


# A unit, and how often: a needle that repeats it comes near at every unit of contents in which
# a shorter run of it and a letter alternate, and never differs in the same place twice.
each_run = pytest.mark.parametrize(("unit", "times"), [(b"a", 600), (b"ab", 400), (b"aab", 300)])


def check_runs(candidate, search, unit, times):
    """What is found of many units where there are always too few, and then enough."""
    needle = unit * times
    short = (unit * (times - 1) + unit[:-1] + b"c") * 4
    for part in (short, short[::-1]):
        for whole in (part, part + needle, needle + b"c" + part, part + b"c" + needle + part):
            m = candidate.anonymous(whole)
            for bounds in [(0,), (1,), (0, len(whole) - 1)]:
                expected = getattr(whole, search)(needle, *bounds)
                assert getattr(m, search)(needle, *bounds) == expected


@clause("large.find-near-misses")
@each_run
def test_find_runs(candidate, unit, times):
    """find() is right where a run of the contents is always a little shorter than the needle."""
    check_runs(candidate, "find", unit, times)


@clause("large.rfind-near-misses")
@each_run
def test_rfind_runs(candidate, unit, times):
    """rfind() is right where a run of the contents is always a little shorter than the needle."""
    check_runs(candidate, "rfind", unit, times)


@clause("large.resize")
def test_resize(candidate):
    """resize() by some MiB keeps the bytes that both lengths have, and adds zero bytes."""
    program = """
        m = mmap.mmap(fd, size)
        m[:] = contents(size)
        m.resize(2 * size)
        assert m[:] == contents(size) + bytes(size)
        m.resize(size // 2)
        assert m[:] == contents(size // 2)
        m.close()
    """
    file = candidate.file()
    file.truncate(SIZE)
    run(candidate, program, fd=file.fd)
