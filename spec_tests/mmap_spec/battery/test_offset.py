"""The parameter offset: where in the file the map begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access
from mmap_spec.strategies import pattern

TAIL = 50  # bytes in the last, partial page of the files here


def three_pages(candidate):
    """Contents of three units of granularity and a partial one."""
    return pattern(3 * candidate.profile.granularity + TAIL)


@clause("offset.contents")
@given(data=st.data())
def test_contents(candidate, data):
    """Byte i of a map is byte offset+i of the file."""
    contents = three_pages(candidate)
    offset = data.draw(st.integers(0, 3)) * candidate.profile.granularity
    rest = len(contents) - offset
    length = data.draw(st.sampled_from([1, TAIL, rest]) | st.integers(1, rest))
    m = candidate.mmap.mmap(candidate.file(contents).fd, length, offset=offset)
    assert m[:] == contents[offset : offset + length]
    assert (m[0], m[length - 1]) == (contents[offset], contents[offset + length - 1])


@clause("offset.writes")
@given(data=st.data())
def test_writes(candidate, data):
    """An assignment to byte i of a map changes byte offset+i of the file and no other."""
    contents = three_pages(candidate)
    offset = data.draw(st.integers(0, 3)) * candidate.profile.granularity
    index = data.draw(st.integers(0, len(contents) - offset - 3))
    f = candidate.file(contents)
    m = candidate.mmap.mmap(f.fd, 0, offset=offset)
    m[index : index + 3] = b"\xaa\xbb\xcc"
    place = offset + index
    assert f.contents() == contents[:place] + b"\xaa\xbb\xcc" + contents[place + 3 :]


@clause("offset.default")
@pytest.mark.parametrize("given", [{}, {"offset": 0}])
@pytest.mark.parametrize("length", [0, 10])
def test_default(candidate, given, length):
    """Without an offset, and with offset 0, the map begins at the file's first byte."""
    f = candidate.file(pattern(20))
    m = candidate.mmap.mmap(f.fd, length, **given)
    assert m[:] == pattern(20)[: length or 20]


@clause("offset.length")
@pytest.mark.parametrize("units", [1, 2, 3])
@pytest.mark.parametrize("length", [1, TAIL])
def test_length(candidate, units, length):
    """The offset takes nothing from a given length."""
    f = candidate.file(three_pages(candidate))
    m = candidate.mmap.mmap(f.fd, length, offset=units * candidate.profile.granularity)
    assert len(m) == len(m[:]) == length


@clause("offset.zero-length")
@pytest.mark.parametrize("units", [0, 1, 2, 3])
def test_zero_length(candidate, units):
    """Length 0 maps from the offset to the end of the file."""
    contents = three_pages(candidate)
    offset = units * candidate.profile.granularity
    m = candidate.mmap.mmap(candidate.file(contents).fd, 0, offset=offset)
    assert m[:] == contents[offset:]
    assert len(m) == len(contents) - offset


@clause("offset.relative")
def test_positions_are_relative(candidate):
    """Positions count from the offset, not from the start of the file."""
    contents, offset = three_pages(candidate), candidate.profile.granularity
    m = candidate.mmap.mmap(candidate.file(contents).fd, 100, offset=offset)
    assert m.tell() == 0
    m.seek(10)
    assert m.read(5) == contents[offset + 10 : offset + 15]
    assert m.tell() == 15
    assert m.find(contents[offset + 20 : offset + 40]) == 20
    assert m.rfind(contents[offset + 20 : offset + 40], 0) == 20
    m.seek(0, 2)
    assert m.tell() == 100


@clause("offset.size")
@pytest.mark.parametrize("units", [0, 1, 3])
@pytest.mark.parametrize("length", [0, 10])
def test_size_is_the_files(candidate, units, length):
    """size() is the size of the whole file, whatever the offset is."""
    contents = three_pages(candidate)
    offset = units * candidate.profile.granularity
    m = candidate.mmap.mmap(candidate.file(contents).fd, length, offset=offset)
    assert m.size() == len(contents)


@clause("offset.repr")
@pytest.mark.parametrize("units", [0, 1, 3])
def test_repr(candidate, units):
    """The repr of a map shows its offset."""
    offset = units * candidate.profile.granularity
    m = candidate.mmap.mmap(candidate.file(three_pages(candidate)).fd, 10, offset=offset)
    assert f"offset={offset}>" in candidate.builtins.repr(m)


@clause("offset.repr", "resize.private-file-contents")
def test_repr_of_a_grown_map(candidate):
    """The repr shows the offset also of a private map that has grown beyond its file."""
    offset, private = candidate.profile.granularity, candidate.mmap.MAP_PRIVATE
    m = candidate.mmap.mmap(candidate.file(three_pages(candidate)).fd, 10, private, offset=offset)
    m.resize(5 * offset)
    assert f"offset={offset}>" in candidate.builtins.repr(m)


@clause("offset.unaligned")
@pytest.mark.parametrize("less", [1, 8, 2048])
@pytest.mark.parametrize("length", [0, 10])
def test_unaligned(candidate, less, length):
    """An offset that is no multiple of ALLOCATIONGRANULARITY raises OSError EINVAL."""
    unit = candidate.profile.granularity
    f = candidate.file(three_pages(candidate))
    for offset in (less, unit - less, unit + less, 2 * unit - less):
        with candidate.raises(OSError, errno="EINVAL"):
            candidate.mmap.mmap(f.fd, length, offset=offset)


@clause("offset.unaligned-anonymous")
def test_unaligned_anonymous(candidate):
    """An unaligned offset raises OSError EINVAL for an anonymous map too."""
    unit = candidate.profile.granularity
    for offset in (1, unit - 1, unit + 1, 2 * unit + 512):
        with candidate.raises(OSError, errno="EINVAL"):
            candidate.mmap.mmap(-1, 10, offset=offset)


@clause("offset.anonymous")
@pytest.mark.parametrize("units", [1, 2, 100])
def test_anonymous(candidate, units):
    """An aligned offset is accepted for an anonymous map and has no effect on its contents."""
    m = candidate.mmap.mmap(-1, 5000, offset=units * candidate.profile.granularity)
    assert m[:] == bytes(5000)
    m[:] = pattern(5000)
    assert m[:] == pattern(5000)


@clause("offset.negative")
@pytest.mark.parametrize("length", [0, 10])
def test_negative(candidate, length):
    """A negative offset raises OverflowError, aligned or not."""
    unit = candidate.profile.granularity
    f = candidate.file(three_pages(candidate))
    for offset in (-1, -unit, -2 * unit - 1, -(2**31)):
        for fileno in (-1, f.fd):
            with candidate.raises(OverflowError):
                candidate.mmap.mmap(fileno, length, offset=offset)


@clause("offset.range")
@pytest.mark.parametrize("offset", [2**63, 2**63 + 4096, 2**64, 2**64 + 4096, -(2**63) - 1, 2**100])
def test_range(candidate, offset):
    """An offset beyond 64 bits, of either sign, raises OverflowError."""
    f = candidate.file(three_pages(candidate))
    for fileno in (-1, f.fd):
        with candidate.raises(OverflowError):
            candidate.mmap.mmap(fileno, 10, offset=offset)


@clause("offset.at-end-zero-length")
@each_access
def test_at_the_end_with_length_zero(candidate, access):
    """With length 0, an offset equal to the file's size raises ValueError."""
    unit = candidate.profile.granularity
    f = candidate.file(pattern(unit))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access), offset=unit)


@clause("offset.past-end-zero-length")
@pytest.mark.parametrize("units", [1, 2, 1 << 30])
def test_past_the_end_with_length_zero(candidate, units):
    """With length 0, an offset beyond the file's end raises ValueError."""
    f = candidate.file(pattern(TAIL))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 0, offset=units * candidate.profile.granularity)


@clause("offset.past-end")
@pytest.mark.parametrize("length", [1, 10, 4096])
@pytest.mark.parametrize("units", [1, 2, 5, 1 << 30])
def test_past_the_end(candidate, length, units):
    """With a positive length, an offset at or beyond the file's end raises ValueError."""
    f = candidate.file(pattern(candidate.profile.granularity))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, length, offset=units * candidate.profile.granularity)


@clause("offset.too-long")
@pytest.mark.parametrize("units", [1, 2, 3])
def test_up_to_the_end(candidate, units):
    """offset+length may reach the file's end exactly; one byte more raises ValueError."""
    contents = three_pages(candidate)
    f, offset = candidate.file(contents), units * candidate.profile.granularity
    rest = len(contents) - offset
    assert candidate.mmap.mmap(f.fd, rest, offset=offset)[:] == contents[offset:]
    for length in (rest + 1, rest + TAIL, len(contents)):
        with candidate.raises(ValueError):
            candidate.mmap.mmap(f.fd, length, offset=offset)


@clause("offset.huge")
@pytest.mark.parametrize("units", [1, 2, 5])
def test_huge(candidate, units):
    """An offset near the largest one raises ValueError for a regular file, for every length."""
    profile = candidate.profile
    f = candidate.file(three_pages(candidate))
    offset = 2**63 - units * profile.granularity
    for length in (0, 1, 10, profile.granularity, profile.ssize_max):
        with candidate.raises(ValueError):
            candidate.mmap.mmap(f.fd, length, offset=offset)


@clause("offset.empty-file")
@pytest.mark.parametrize("offset", [0, 1, 4096, 65536])
@pytest.mark.parametrize("length", [0, 1])
def test_empty_file(candidate, offset, length):
    """An empty file raises ValueError with every offset."""
    f = candidate.file(b"")
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, length, offset=offset)


@clause("offset.beyond-4-gib")
@pytest.mark.parametrize("gib", [2, 4, 5])
def test_beyond_4_gib(candidate, gib):
    """An offset of more than 4 GiB is used whole."""
    offset = (gib << 30) + candidate.profile.granularity
    f = candidate.file(b"")
    f.truncate(offset + 10)
    f.pwrite(pattern(10), offset)
    for length in (0, 10):
        m = candidate.mmap.mmap(f.fd, length, offset=offset)
        assert (m[:], m.size()) == (pattern(10), offset + 10)
    m[0] = 255
    candidate.os.lseek(f.fd, offset, 0)
    assert candidate.os.read(f.fd, 1) == b"\xff"


@clause("offset.before-descriptor")
@pytest.mark.parametrize("length", [0, 10])
def test_negative_before_the_descriptor(candidate, length):
    """A negative offset prevails over a bad descriptor; its own clause says which type it has."""
    with candidate.raises((OverflowError, ValueError)):
        candidate.mmap.mmap(999, length, offset=-1)


@clause("offset.every-access")
@each_access
def test_every_access(candidate, access):
    """The offset is honoured with every access."""
    contents, unit = three_pages(candidate), candidate.profile.granularity
    mode = getattr(candidate.mmap, access)
    m = candidate.mmap.mmap(candidate.file(contents).fd, 0, access=mode, offset=2 * unit)
    assert m[:] == contents[2 * unit :]
