"""Integers near the limits of each C type; positions and ranges beyond 4 GiB."""

import pytest

from mmap_spec import model
from mmap_spec.candidate import Returned
from mmap_spec.clauses import clause
from mmap_spec.parameters import INTEGERS
from mmap_spec.situations import of_file, past_the_end
from mmap_spec.strategies import pattern

TEXT = b"abcabc"
GIB4 = 1 << 32  # bytes
BEYOND = [1, 2, 2**32, 2**64, 2**100]  # distances from the limits of ssize_t
each_beyond = pytest.mark.parametrize("beyond", BEYOND)


def beyond_ssize(candidate, beyond):
    """An integer above, and one below the range of ssize_t."""
    most = candidate.profile.ssize_max
    return [most + beyond, -most - 1 - beyond]


def outside(candidate):
    """Integers of ssize_t outside of any map, near the limits of all C types."""
    most = candidate.profile.ssize_max
    positive = [most, most - 1, most - 4095, 2**31, 2**31 - 1, 2**32, 2**32 + 1, 2**63 - 1]
    negative = [-most - 1, -most, -(2**31), -(2**31) - 1, -(2**32), -(2**32) - 1]
    return [value for value in positive + negative if -most - 1 <= value <= most]


def refused(candidate, kind, function, *arguments):
    """The operation raises ``kind`` and leaves everything as it was."""
    with candidate.raises(kind):
        function(*arguments)


def sparse(candidate, size=GIB4 + 65536):
    """A sparse file beyond 4 GiB, and a map of it all."""
    file = candidate.file(b"")
    file.truncate(size)
    return file, candidate.mmap.mmap(file.fd, 0)


@clause("limits.fileno-no-descriptor")
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("less", [0, 1])
def test_no_descriptor(candidate, sign, less):
    """The constructor raises OSError for the largest and smallest C int as fileno."""
    largest = candidate.profile.int_max
    fileno = largest - less if sign > 0 else -largest - 1 + less
    with candidate.raises(OSError, errno="EBADF"):
        candidate.mmap.mmap(fileno, 100)


@clause("limits.access-extreme")
@pytest.mark.parametrize("sign", [1, -1])
def test_access(candidate, sign):
    """The constructor raises ValueError for the largest and smallest C int as access."""
    largest = candidate.profile.int_max
    with candidate.raises(ValueError):
        candidate.mmap.mmap(-1, 100, access=largest if sign > 0 else -largest - 1)


@clause("limits.length-of-memory")
@pytest.mark.parametrize("less", [0, 1, 4095, 65536])
def test_length_of_memory(candidate, less):
    """The constructor raises OSError for the largest ssize_t as length."""
    with candidate.raises(OSError):
        candidate.mmap.mmap(-1, candidate.profile.ssize_max - less)


@clause("limits.find")
@each_beyond
def test_find(candidate, beyond):
    """find() raises OverflowError for a bound beyond ssize_t."""
    m = candidate.anonymous(TEXT)
    for value in beyond_ssize(candidate, beyond):
        for bounds in [(value,), (0, value), (value, 6)]:
            refused(candidate, OverflowError, m.find, b"a", *bounds)


@clause("limits.rfind")
@each_beyond
def test_rfind(candidate, beyond):
    """rfind() raises OverflowError for a bound beyond ssize_t."""
    m = candidate.anonymous(TEXT)
    for value in beyond_ssize(candidate, beyond):
        for bounds in [(value,), (0, value), (value, 6)]:
            refused(candidate, OverflowError, m.rfind, b"a", *bounds)


@clause("limits.flush-offset")
def test_flush_offset_outside(candidate):
    """flush() raises ValueError for an offset outside of the map."""
    m = candidate.anonymous(TEXT)
    for value in outside(candidate):
        refused(candidate, ValueError, m.flush, value, 0)
        refused(candidate, ValueError, m.flush, value, 1)


@clause("limits.flush-offset")
@each_beyond
def test_flush_offset_beyond(candidate, beyond):
    """flush() raises OverflowError for an offset beyond ssize_t."""
    m = candidate.anonymous(TEXT)
    for value in beyond_ssize(candidate, beyond):
        refused(candidate, OverflowError, m.flush, value)
        refused(candidate, OverflowError, m.flush, value, 0)


@clause("limits.flush-size")
def test_flush_size_outside(candidate):
    """flush() raises ValueError for a size outside of the map."""
    m = candidate.anonymous(TEXT)
    for value in outside(candidate):
        refused(candidate, ValueError, m.flush, 0, value)


@clause("limits.flush-size")
@each_beyond
def test_flush_size_beyond(candidate, beyond):
    """flush() raises OverflowError for a size beyond ssize_t."""
    m = candidate.anonymous(TEXT)
    for value in beyond_ssize(candidate, beyond):
        refused(candidate, OverflowError, m.flush, 0, value)


@clause("limits.flush-sum")
@pytest.mark.parametrize("pages", [0, 1, 2])
@pytest.mark.parametrize("less", [0, 1, 4095, 4096])
def test_flush_sum(candidate, pages, less):
    """flush() raises ValueError where offset plus size overflows."""
    m = candidate.anonymous(pattern(9000))
    most, offset = candidate.profile.ssize_max, pages * candidate.profile.page_size
    refused(candidate, ValueError, m.flush, offset, most - less)
    refused(candidate, ValueError, m.flush, most - less, offset)
    refused(candidate, ValueError, m.flush, most - less, most)


@clause("limits.flush-flags")
@pytest.mark.parametrize("beyond", [1, 2, 2**31, 2**32, 2**64])
def test_flush_flags(candidate, beyond):
    """flush() raises OverflowError for flags outside of a C int."""
    m = candidate.anonymous(TEXT)
    for flags in (candidate.profile.int_max + beyond, -candidate.profile.int_max - 1 - beyond):
        with candidate.raises(OverflowError):
            m.flush(flags=flags)


@clause("limits.madvise-option")
@pytest.mark.parametrize("beyond", [1, 2, 2**31 + 1, 2**32 + 1, 2**64])
def test_madvise_option(candidate, beyond):
    """madvise() raises OverflowError for an option outside of a C int."""
    m = candidate.anonymous(TEXT)
    for option in (candidate.profile.int_max + beyond, -candidate.profile.int_max - 1 - beyond):
        refused(candidate, OverflowError, m.madvise, option)


@clause("limits.madvise-start")
def test_madvise_start_outside(candidate):
    """madvise() raises ValueError for a start outside of the map."""
    m = candidate.anonymous(TEXT)
    for value in outside(candidate):
        refused(candidate, ValueError, m.madvise, candidate.mmap.MADV_NORMAL, value)
        refused(candidate, ValueError, m.madvise, candidate.mmap.MADV_NORMAL, value, 1)


@clause("limits.madvise-start")
@each_beyond
def test_madvise_start_beyond(candidate, beyond):
    """madvise() raises OverflowError for a start beyond ssize_t."""
    m = candidate.anonymous(TEXT)
    for value in beyond_ssize(candidate, beyond):
        refused(candidate, OverflowError, m.madvise, candidate.mmap.MADV_NORMAL, value)


@clause("limits.madvise-length")
def test_madvise_length_outside(candidate):
    """madvise() clips a length outside of the map, or refuses it if negative."""
    m = candidate.anonymous(TEXT)
    for value in outside(candidate):
        if value < 0:
            refused(candidate, ValueError, m.madvise, candidate.mmap.MADV_NORMAL, 0, value)
        else:
            assert m.madvise(candidate.mmap.MADV_NORMAL, 0, value) is None


@clause("limits.madvise-length")
@each_beyond
def test_madvise_length_beyond(candidate, beyond):
    """madvise() raises OverflowError for a length beyond ssize_t."""
    m = candidate.anonymous(TEXT)
    for value in beyond_ssize(candidate, beyond):
        refused(candidate, OverflowError, m.madvise, candidate.mmap.MADV_NORMAL, 0, value)


@clause("limits.resize")
@each_beyond
@pytest.mark.parametrize("anonymous", [False, True])
def test_resize_beyond(candidate, beyond, anonymous):
    """resize() raises OverflowError for a size beyond ssize_t."""
    m = candidate.anonymous(TEXT) if anonymous else of_file(candidate, TEXT)
    for value in beyond_ssize(candidate, beyond):
        refused(candidate, OverflowError, m.resize, value)


@clause("limits.resize-smallest")
@pytest.mark.parametrize("more", [0, 1, 4096])
@pytest.mark.parametrize("anonymous", [False, True])
def test_resize_smallest(candidate, more, anonymous):
    """resize() raises ValueError for the smallest ssize_t."""
    m = candidate.anonymous(TEXT) if anonymous else of_file(candidate, TEXT)
    refused(candidate, ValueError, m.resize, -candidate.profile.ssize_max - 1 + more)


@clause("limits.resize-largest")
def test_resize_largest(candidate):
    """resize() to the largest ssize_t raises OSError, and ValueError with an offset."""
    start, most = candidate.profile.granularity, candidate.profile.ssize_max
    file = candidate.file(pattern(start + 100))
    refused(candidate, OSError, candidate.mmap.mmap(file.fd, 0).resize, most)
    refused(candidate, ValueError, candidate.mmap.mmap(file.fd, 0, offset=start).resize, most)


@clause("limits.position-past-end")
def test_position_past_the_end(candidate):
    """Operations that do not use the position work while it is beyond the end, and keep it."""
    m = past_the_end(candidate, length=100, position=5000)
    data = pattern(100)
    assert (m[99], m[:], m[::7], len(m), m.size()) == (data[99], data, data[::7], 100, 100)
    assert (m.find(data[5:9], 0), m.rfind(data[5:9], 0), bytes(m)) == (5, 5, data)
    m.move(0, 50, 50)
    m[0], m[1:3] = 1, b"ab"
    m.flush()
    assert (m[:4], m.tell(), m.closed) == (b"\x01ab" + data[53:54], 5000, False)
    for index in (100, 4999, 5000, -101):
        refused(candidate, IndexError, m.__getitem__, index)
    m.close()


@clause("limits.position-regained")
@pytest.mark.parametrize("size", [5000, 5001, 5003, 20_000])
def test_position_regained(candidate, size):
    """After the map has grown to the position again, reading goes on there, in zeros."""
    m = past_the_end(candidate, length=100, position=5000)
    m.resize(size)
    assert (m.tell(), m.read(10), m.tell()) == (5000, bytes(min(10, size - 5000)), min(5010, size))


@clause("limits.delete-item")
def test_delete_item(candidate):
    """del m[i] raises TypeError, or IndexError outside of the map."""
    m = candidate.anonymous(TEXT)
    for index in [*outside(candidate), 2**63, 2**64, -(2**63) - 1, -(2**64)]:
        refused(candidate, (TypeError, IndexError), m.__delitem__, index)
    for index in (0, 5, -1, -6):
        refused(candidate, TypeError, m.__delitem__, index)


def near_c_limits():
    """Integers at and beside the limits of unsigned char, short, int, long and long long."""
    powers = [1 << bits for bits in (7, 8, 15, 16, 31, 32, 63, 64)]
    return [sign * power + step for power in powers for sign in (1, -1) for step in (-1, 0)]


@clause("limits.as-specified")
@pytest.mark.parametrize("parameter", INTEGERS, ids=str)
def test_as_specified(candidate, parameter):
    """An integer near the limits of any C type gives what the rules of the operation give."""
    m = candidate.anonymous(pattern(300))
    expected = model.Mapping.of_memory(candidate.profile, pattern(300))
    for value in near_c_limits():
        allowed = model.outcomes(parameter.call, expected, value)
        found = candidate.outcome(parameter.call, m, value)
        if isinstance(found, Returned):
            assert allowed.allows_value(found.value), (value, found, allowed)
        else:
            assert allowed.allows_error(found.type, found.errno), (value, found, allowed)
        assert (m.tell(), m[:]) == (expected.tell(), expected.contents)


NARROW = [
    parameter
    for parameter in INTEGERS
    if (parameter.operation, parameter.place) in (("write_byte", 0), ("seek", 1))
]
WIDE = [
    parameter
    for parameter in INTEGERS
    if parameter not in NARROW and not (parameter.operation == "__delitem__" and parameter.part)
]


@clause("limits.float")
@pytest.mark.parametrize("parameter", INTEGERS, ids=str)
def test_float(candidate, parameter):
    """No operation takes a float for an integer."""
    m = candidate.anonymous(pattern(100))
    for value in (0.0, 1.0, -1.0, 1e300):
        with candidate.raises(TypeError):
            parameter.call(m, value)


@clause("limits.int-method")
@pytest.mark.parametrize("parameter", WIDE, ids=str)
def test_int_method(candidate, parameter):
    """No operation takes an object that has __int__ but no __index__."""
    m = candidate.anonymous(pattern(100))
    with candidate.raises(TypeError):
        parameter.call(m, candidate.hostile(1, slot="__int__"))


@clause("limits.int-method-c-int")
@pytest.mark.parametrize("parameter", NARROW, ids=str)
def test_int_method_for_a_c_int(candidate, parameter):
    """No operation takes an object with __int__ only for a C int or a byte."""
    m = candidate.anonymous(pattern(100))
    with candidate.raises(TypeError):
        parameter.call(m, candidate.hostile(1, slot="__int__"))


@clause("limits.large-position")
def test_large_position(candidate):
    """The position can lie beyond 4 GiB, and the file methods work there."""
    file, m = sparse(candidate)
    m.seek(GIB4 + 5)
    assert (m.tell(), m.write(b"abc\nd"), m.tell()) == (GIB4 + 5, 5, GIB4 + 10)
    m.seek(-5, 1)
    assert (m.readline(), m.read_byte(), m.tell()) == (b"abc\n", ord("d"), GIB4 + 10)
    m.seek(-65531, 2)
    assert (m.tell(), m.read(3)) == (GIB4 + 5, b"abc")
    assert candidate.os.pread(file.fd, 3, GIB4 + 5) == b"abc"


@clause("limits.large-search")
@pytest.mark.parametrize("place", [GIB4 - 1, GIB4, GIB4 + 5, GIB4 + 65530])
def test_large_search(candidate, place):
    """find() and rfind() give indices beyond 4 GiB."""
    file, m = sparse(candidate)
    candidate.os.pwrite(file.fd, b"needle", place)
    near = GIB4 - 4096
    assert (m.find(b"needle", near), m.rfind(b"needle", near)) == (place, place)
    assert (m.find(b"needle", near, place + 5), m.rfind(b"needle", place + 1)) == (-1, -1)


@clause("limits.large-move")
def test_large_move(candidate):
    """move() reads and writes beyond 4 GiB."""
    file, m = sparse(candidate)
    candidate.os.pwrite(file.fd, b"needle", GIB4 + 5)
    m.move(7, GIB4 + 5, 6)
    m.move(GIB4 + 100, 7, 6)
    assert (m[7:13], m[GIB4 + 100 : GIB4 + 106]) == (b"needle", b"needle")
    assert candidate.os.pread(file.fd, 6, GIB4 + 100) == b"needle"


@clause("limits.large-ranges")
def test_large_ranges(candidate):
    """flush() and madvise() take ranges beyond 4 GiB."""
    _, m = sparse(candidate)
    page, normal = candidate.profile.page_size, candidate.mmap.MADV_NORMAL
    assert (m.flush(GIB4, page), m.madvise(normal, GIB4, page)) == (None, None)
    refused(candidate, ValueError, m.flush, GIB4, 65537)
    refused(candidate, ValueError, m.flush, 0, GIB4 + 65537)
    refused(candidate, ValueError, m.madvise, normal, GIB4 + 65536)


@clause("limits.large-resize")
def test_large_resize(candidate):
    """resize() makes a map and its file longer than 4 GiB, and shorter again."""
    file = candidate.file(pattern(9000))
    m = candidate.mmap.mmap(file.fd, 0)
    m.resize(GIB4 + 9000)
    m[GIB4 + 8999] = 7
    assert (len(m), file.size(), m[9000]) == (GIB4 + 9000, GIB4 + 9000, 0)
    m.resize(GIB4 + 1)
    assert (len(m), file.size()) == (GIB4 + 1, GIB4 + 1)
    m.resize(9000)
    assert (m[:], file.contents()) == (pattern(9000), pattern(9000))
