"""read_byte(): one byte at the position, as an int."""

from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, of_file, past_the_end
from mmap_spec.strategies import contents


@clause("read_byte.value")
@given(data=contents(), draw=st.data())
def test_value(candidate, data, draw):
    """read_byte() returns the value of the byte at the position."""
    position = draw.draw(st.integers(0, len(data) - 1))
    m = candidate.anonymous(data)
    m.seek(position)
    assert m.read_byte() == data[position]


@clause("read_byte.unsigned")
def test_unsigned(candidate):
    """read_byte() returns values above 127 as they are."""
    m = candidate.anonymous(b"\x7f\x80\xff\x00")
    assert [m.read_byte() for _ in range(4)] == [127, 128, 255, 0]


@clause("read_byte.returns-int")
def test_type(candidate):
    """read_byte() returns exactly an int."""
    m = candidate.anonymous(b"\x00\x01\xff")
    assert [type(m.read_byte()) for _ in range(3)] == [int, int, int]


@clause("read_byte.position")
def test_position_follows(candidate):
    """read_byte() advances the position by one."""
    m = candidate.anonymous(b"abc")
    m.read_byte()
    assert m.tell() == 1
    m.read_byte()
    assert m.tell() == 2


@clause("read_byte.last")
def test_last_byte(candidate):
    """read_byte() reads the last byte of the map."""
    m = candidate.anonymous(b"abc")
    m.seek(2)
    assert (m.read_byte(), m.tell()) == (ord("c"), 3)


@clause("read_byte.at-end")
def test_at_the_end(candidate):
    """read_byte() raises ValueError at the end of the map."""
    m = candidate.anonymous(b"abc")
    m.seek(3)
    with candidate.raises(ValueError):
        m.read_byte()


@clause("read_byte.past-end")
def test_past_the_end(candidate):
    """read_byte() raises ValueError where the position is beyond the end."""
    for length in (10, 2999):
        m = past_the_end(candidate, length, position=3000)
        with candidate.raises(ValueError):
            m.read_byte()


@clause("read_byte.stops-at-length")
def test_file_goes_on_behind_the_map(candidate):
    """read_byte() does not read what lies behind the length of the map."""
    m = candidate.mmap.mmap(candidate.file(b"abcdefgh").fd, 3)
    m.seek(3)
    with candidate.raises(ValueError):
        m.read_byte()


@clause("read_byte.every-access")
@each_access
def test_access(candidate, access):
    """read_byte() works on maps of every access mode."""
    assert of_file(candidate, b"abc", access).read_byte() == ord("a")


@clause("read_byte.arity")
def test_argument(candidate):
    """read_byte() with an argument raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.read_byte(1)


@clause("read_byte.contents")
@given(data=contents(1, 60))
def test_byte_by_byte(candidate, data):
    """read_byte() called once for each byte gives the contents in their order."""
    m = candidate.anonymous(data)
    assert bytes(m.read_byte() for _ in data) == data
