"""No byte before or behind a map is touched: the pages there are inaccessible.

An access one byte too far is a signal that ends the worker.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from mmap_spec.battery.near_matches import NEEDLES, SIZE, many, near
from mmap_spec.clauses import clause
from mmap_spec.strategies import pattern

MARGIN = 1 << 20  # bytes before and behind the map

# Makes a map between inaccessible pages.  Address space without access is reserved, and its
# middle given back: the next mapping lands there, as the kernel takes the highest place where it
# fits, and no other one is left above.
GUARDED = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
PRIVATE_ANONYMOUS = 0x22
FAILED = ctypes.c_void_p(-1).value

def reserve(length):
    return libc.mmap(None, length, 0, PRIVATE_ANONYMOUS, -1, 0)

def fill_above(place):
    filled, length = [], 1 << 30
    while length:
        where = reserve(length)
        if place < where < FAILED:
            filled.append((where, length))
            continue
        if where != FAILED:
            libc.munmap(where, length)
        length = max(size, length // 2) if length > size else 0
    return filled

def address(m):
    memory = (ctypes.c_char * 1).from_buffer(m)
    try:
        return ctypes.addressof(memory)
    finally:
        del memory

for _ in range(5):  # what somebody else gives back meanwhile is a hole that fits, too
    low = reserve(size + 2 * margin)
    filled = fill_above(low)
    libc.munmap(low + margin, size)
    m = mmap.mmap(fd, size)
    for part in filled:
        libc.munmap(*part)
    fits, margins = address(m) == low + margin, [low, low + margin + size]
    if fits:
        break
    m.close()
    for where in margins:
        libc.munmap(where, margin)
result = m if fits else None, margins
"""
RELEASE = """
import ctypes
libc = ctypes.CDLL(None)
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
for where in margins:
    libc.munmap(where, size)
"""

# Calls a method of a map behind which no memory is.
NOTHING_BEHIND = """
import ctypes
libc = ctypes.CDLL(None)
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
memory = (ctypes.c_char * 1).from_buffer(m)
behind = ctypes.addressof(memory) + len(m)
del memory
libc.munmap(behind, page)
result = getattr(m, name)(*arguments)
"""


@contextmanager
def guarded(candidate, data):
    """A map of a file of whole pages, between inaccessible ones."""
    page = candidate.profile.page_size
    assert len(data) % page == 0
    made = candidate.run(GUARDED, fd=candidate.file(data).fd, size=len(data), margin=MARGIN)
    m, margins = made
    if m is None:
        candidate.untestable("the kernel puts no mapping into a hole that fits")
    yield m
    candidate.run(RELEASE, margins=margins, size=MARGIN)


def lengths(page):
    """Lengths of needles and pieces: all short ones, and those round the steps of fast loops."""
    return [*range(1, 20), 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000, page - 1, page]


def text(size):
    """Bytes without a zero."""
    return pattern(size).replace(b"\x00", b"\x01")


@clause("guard_pages.items")
def test_items(candidate):
    """Items of both ends are read and assigned."""
    page = candidate.profile.page_size
    with guarded(candidate, text(page)) as m:
        assert (m[0], m[page - 1], m[-1], m[-page]) == (
            text(1)[0],
            *[text(page)[-1]] * 2,
            text(1)[0],
        )
        m[0], m[page - 1] = 1, 2
        assert (m[:1], m[-1:]) == (b"\x01", b"\x02")


@clause("guard_pages.slices")
@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 4095, 4096, -1, -2, -3, -64, -4096])
def test_slices(candidate, step):
    """Slices that reach to both ends are read and assigned."""
    data = text(2 * candidate.profile.page_size)
    with guarded(candidate, data) as m:
        assert (m[::step], m[1::step], m[:-1:step]) == (data[::step], data[1::step], data[:-1:step])
        m[::step] = data[::-1][::step]
        assert m[::step] == data[::-1][::step]


@clause("guard_pages.slices")
def test_pieces_at_both_ends(candidate):
    """Pieces of every short length at both ends are read and assigned."""
    page = candidate.profile.page_size
    data = text(page)
    with guarded(candidate, data) as m:
        for length in lengths(page):
            assert (m[:length], m[page - length :]) == (data[:length], data[page - length :])
            m[:length], m[page - length :] = data[:length], data[page - length :]
        assert m[:] == data


@clause("guard_pages.iteration")
def test_iteration(candidate):
    """Iteration, in both directions, ends at the ends."""
    page = candidate.profile.page_size
    data = text(page)
    with guarded(candidate, data) as m:
        found = candidate.run("result = b''.join(m), len(list(reversed(m))), b'\\0' in m", m=m)
    assert found == (data, page, False)


@clause("guard_pages.reading")
def test_reading(candidate):
    """read(), read_byte() and readline() read up to the last byte."""
    page = candidate.profile.page_size
    data = text(page).replace(b"\n", b".")
    with guarded(candidate, data) as m:
        for length in lengths(page):
            for step, expected in [
                (m.read, data[-length:]),
                (m.readline, data[-length:]),
                (m.read_byte, data[-length]),
            ]:
                m.seek(-length, 2)
                assert step() == expected
            m.seek(-length, 2)
            assert (m.read(length + 1), m.read(1), m.readline()) == (data[-length:], b"", b"")


@clause("guard_pages.reading")
def test_newline_as_last_byte(candidate):
    """readline() takes a newline that is the last byte."""
    page = candidate.profile.page_size
    with guarded(candidate, b"." * (page - 1) + b"\n") as m:
        for length in lengths(page):
            m.seek(-length, 2)
            assert m.readline() == b"." * (length - 1) + b"\n"


@clause("guard_pages.writing")
def test_writing(candidate):
    """write() and write_byte() write up to the last byte, from the first on."""
    page = candidate.profile.page_size
    with guarded(candidate, bytes(page)) as m:
        for length in lengths(page):
            m.seek(page - length)
            assert m.write(text(length)) == length
            assert m[page - length :] == text(length)
        m.seek(page - 1)
        m.write_byte(7)
        assert m[-1] == 7


@clause("guard_pages.writing")
def test_source_between_guards(candidate):
    """write(), slice assignment and find() read no byte too far from a map as their argument."""
    page = candidate.profile.page_size
    target = candidate.anonymous(bytes(page))
    with guarded(candidate, text(page)) as m:
        target.write(m)
        assert target[:] == text(page)
        target[:] = bytes(page)
        target[:] = m
        target[::1] = m
        assert (target.find(m, 0), target.rfind(m, 0)) == (0, 0)


@clause("guard_pages.writing")
@pytest.mark.parametrize("name", ["find", "rfind"])
def test_needles_between_guards(candidate, name):
    """find() and rfind() read no byte too far of needles that lie at the ends of a map."""
    page = candidate.profile.page_size
    data = text(page)
    program = """
        view = memoryview(needles)
        result = []
        for length in lengths:
            for needle in (view[:length], view[len(view) - length :]):
                result.append(getattr(m, name)(needle, 0))
                needle.release()
        view.release()
    """
    with guarded(candidate, data) as needles:
        m = candidate.anonymous(data)
        names = {"m": m, "name": name, "needles": needles, "lengths": lengths(page)}
        parts = [part for n in lengths(page) for part in (data[:n], data[page - n :])]
        assert candidate.run(program, **names) == [getattr(data, name)(part) for part in parts]


@clause("guard_pages.moving")
def test_moving(candidate):
    """move() reads and writes at both ends, overlapping or not."""
    page = candidate.profile.page_size
    with guarded(candidate, text(page)) as m:
        for length in lengths(page)[:-1]:
            for target, source in [(0, 1), (1, 0), (page - length, 0), (0, page - length)]:
                m[:] = text(page)
                expected = bytearray(text(page))
                count = min(length, page - max(target, source))
                expected[target : target + count] = text(page)[source : source + count]
                m.move(target, source, count)
                assert m[:] == expected


def check_search(candidate, name, data, needle):
    """The search gives what bytes give, in the whole map and in both its halves."""
    half = len(data) // 2
    with guarded(candidate, data) as m:
        for bounds in [(0,), (half,), (0, half), (1,), (0, len(data) - 1)]:
            assert getattr(m, name)(needle, *bounds) == getattr(data, name)(needle, *bounds)


each_search = pytest.mark.parametrize("name", ["find", "rfind"])


@clause("guard_pages.searching")
@each_search
def test_behind_many_near_matches(candidate, name):
    """Near matches lead to the needle at the last byte, or to one that is wrong there."""
    size = 4 * candidate.profile.page_size
    with guarded(candidate, text(size)) as m:
        for needle in NEEDLES:
            for last in (needle, near(needle, 0), near(needle, len(needle) - 1)):
                data = many(needle, size)[: size - len(needle)] + last
                data, wanted = (data, needle) if name == "find" else (data[::-1], needle[::-1])
                m[:] = data
                assert getattr(m, name)(wanted, 0) == getattr(data, name)(wanted)


@clause("guard_pages.searching")
@each_search
def test_many_near_matches(candidate, name):
    """Whatever the number of near matches, after the last one no byte further is read."""
    size = 4 * candidate.profile.page_size
    program = """
        result = []
        for n in range(SIZE, size, SIZE + 1):
            bounds = (size - n, size) if name == "find" else (0, n)
            result.append(getattr(m, name)(needle, *bounds))
    """
    with guarded(candidate, text(size)) as m:
        for needle in (b"a" * SIZE, b"abcdefghijklm"):
            data = many(needle, size)[-size - 1 : -1]
            data, wanted = (data, needle) if name == "find" else (data[::-1], needle[::-1])
            m[:] = data
            found = candidate.run(program, m=m, name=name, needle=wanted, size=size, SIZE=SIZE)
            assert set(found) == {-1}


@clause("guard_pages.searching")
@each_search
def test_needles_at_both_ends(candidate, name):
    """Needles of every short length are found at both ends, and none a byte further."""
    page = candidate.profile.page_size
    data = text(page)
    with guarded(candidate, data) as m:
        for length in lengths(page):
            for needle in (
                data[:length],
                data[page - length :],
                data[page - length + 1 :] + b"\x00",  # all but its last byte is at the end
                b"\x00" + data[: length - 1],  # all but its first byte is at the start
                data[page - length : -1] + b"\x00",
                b"\x00" * length,
            ):
                assert getattr(m, name)(needle, 0) == getattr(data, name)(needle, 0)


@clause("guard_pages.searching")
@each_search
def test_starts_at_both_ends(candidate, name):
    """A search in a few bytes at either end reads no other."""
    page = candidate.profile.page_size
    data = text(page)
    with guarded(candidate, data) as m:
        for length in lengths(page):
            for needle in (b"\x00", data[-1:], data[:1], data[-2:], data[:2], b"\x00" * 40):
                for bounds in [(page - length, page), (0, length)]:
                    found = getattr(m, name)(needle, *bounds)
                    assert found == getattr(data, name)(needle, *bounds)


@clause("guard_pages.searching")
@each_search
@pytest.mark.parametrize("needle", [b"Zee", b"eZe", b"eeZ", b"Z"])
def test_absent_letter(candidate, name, needle):
    """A search in a large map for a letter that is rare elsewhere, and not there, ends in time."""
    data = text(256 * candidate.profile.page_size).replace(b"Z", b"e")
    with guarded(candidate, data) as m:
        assert getattr(m, name)(needle, 0) == -1


@clause("guard_pages.searching")
@each_search
@pytest.mark.parametrize("period", [b"a", b"ab", b"aab", b"abcabcd" * 10])
def test_periodic_needles(candidate, name, period):
    """A search for a periodic needle in periodic contents stays within the map."""
    page = candidate.profile.page_size
    data = (period * page)[:page]
    for needle in (period * 20, period * 20 + b"x", b"x" + period * 20, period[1:] * 3 + b"y"):
        check_search(candidate, name, data, needle)


@clause("guard_pages.searching")
@each_search
def test_many_needles(candidate, name):
    """A search for any needle near either end, in contents of few values, stays within the map."""
    page = candidate.profile.page_size
    data = bytes(byte % 3 for byte in pattern(page))
    drawn = iter(pattern(600))
    with guarded(candidate, data) as m:
        for length, back in zip(drawn, drawn, strict=True):
            length, back = length % 70 + 1, back % 70
            near_end = data[page - back - length :][:length]
            for needle in (data[:length], near_end, near_end + data[:1]):
                assert getattr(m, name)(needle, 0) == getattr(data, name)(needle, 0)


@clause("guard_pages.buffer")
def test_view(candidate):
    """A view ends where the map ends."""
    page = candidate.profile.page_size
    with guarded(candidate, text(page)) as m:
        assert bytes(m) == text(page)
        found = candidate.run(
            "with memoryview(m) as view:\n    result = bytes(view), view[-1]", m=m
        )
    assert found == (text(page), text(page)[-1])


@clause("guard_pages.ranges")
def test_ranges(candidate):
    """flush() and madvise() take the range up to the last byte."""
    page = candidate.profile.page_size
    with guarded(candidate, text(2 * page)) as m:
        assert (m.flush(), m.flush(page, page), m.flush(0, 2 * page)) == (None, None, None)
        normal = candidate.mmap.MADV_NORMAL
        assert (m.madvise(normal), m.madvise(normal, page), m.madvise(normal, page, page)) == (
            None,
            None,
            None,
        )


@clause("guard_pages.clipped")
@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("more", [(4097,), (1 << 30,), ()], ids=repr)
def test_clipped(candidate, pages, more):
    """madvise() asks for nothing of what lies behind the map: the system would refuse."""
    page = candidate.profile.page_size
    with guarded(candidate, text(3 * page)) as m:
        advice = [candidate.mmap.MADV_NORMAL, (3 - pages) * page, *more]
        names = {"name": "madvise", "arguments": advice}
        assert candidate.run(NOTHING_BEHIND, m=m, page=page, **names) is None


@clause("guard_pages.flushed")
@pytest.mark.parametrize("pages", [(), (1, 2), (2, 1), (0, 3)], ids=str)
def test_flushed(candidate, pages):
    """flush() asks for nothing of what lies behind the map: the system would refuse."""
    page = candidate.profile.page_size
    with guarded(candidate, text(3 * page)) as m:
        names = {"name": "flush", "arguments": [n * page for n in pages]}
        assert candidate.run(NOTHING_BEHIND, m=m, page=page, **names) is None
