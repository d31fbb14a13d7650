"""readline(): the bytes from the position through the next newline."""

import io
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, of_file, past_the_end
from mmap_spec.strategies import haystacks

# Every byte that str.splitlines or some stdio takes for the end of a line, but the newline.
OTHER_ENDS = bytes([0, 4, 11, 12, 13, 26, 28, 29, 30, 0x85, 0xFF])


@clause("readline.newline-included")
def test_through_the_newline(candidate):
    """readline() returns the bytes through the next newline, the newline included."""
    m = candidate.anonymous(b"ab\ncde\nf\n")
    assert [m.readline() for _ in range(3)] == [b"ab\n", b"cde\n", b"f\n"]


@clause("readline.newline-included")
def test_lines_of_every_size(candidate):
    """A line is returned through its newline, however far that is from the position or a page."""
    program = """
        size = 1 << 24
        m = mmap.mmap(-1, size + 2)
        for length in sorted((1 << k) + by for k in range(1, 25) for by in (-1, 0, 1)):
            m[length - 1] = 10
            for first in (0, length // 2):
                m.seek(first)
                line = m.readline()
                assert line.endswith(b"\\n"), (length, first)
                assert (len(line), m.tell()) == (length - first, length)
            m[length - 1] = 0
        """
    candidate.run(textwrap.dedent(program))


@clause("readline.position")
def test_position_follows(candidate):
    """readline() leaves the position on the byte after those that it returned."""
    m = candidate.anonymous(b"ab\ncde\nf")
    assert [(m.readline(), m.tell())[1] for _ in range(3)] == [3, 7, 8]


@clause("readline.from-position")
@given(data=haystacks(), draw=st.data())
def test_from_the_position(candidate, data, draw):
    """readline() begins at the position, also in the middle of a line."""
    position = draw.draw(st.integers(0, len(data)))
    m = candidate.anonymous(data)
    m.seek(position)
    assert m.readline() == io.BytesIO(data[position:]).readline()


@clause("readline.without-newline")
def test_no_newline_follows(candidate):
    """readline() returns the rest of the map where no newline follows."""
    m = candidate.anonymous(b"a\nbcd")
    m.seek(3)
    assert (m.readline(), m.tell()) == (b"cd", 5)


@clause("readline.last-byte")
@pytest.mark.parametrize("length", [1, 2, 100, 4096, 4097, 8192])
def test_newline_is_the_last_byte(candidate, length):
    """readline() finds a newline that is the last byte of the map."""
    m = candidate.anonymous(b"x" * (length - 1) + b"\n")
    assert (len(m.readline()), m.readline()) == (length, b"")


@clause("readline.empty-line")
def test_empty_line(candidate):
    """readline() returns one newline for an empty line."""
    m = candidate.anonymous(b"\n\na\n\n")
    assert [m.readline() for _ in range(5)] == [b"\n", b"\n", b"a\n", b"\n", b""]


@clause("readline.only-lf")
@pytest.mark.parametrize("end", OTHER_ENDS, ids="{:#04x}".format)
def test_other_ends(candidate, end):
    """No byte but the newline ends a line."""
    line = b"a" + bytes([end]) + b"b\n"
    m = candidate.anonymous(line + b"c")
    assert m.readline() == line


@clause("readline.crlf-kept")
def test_carriage_return_before_the_newline(candidate):
    """readline() returns a carriage return before the newline as it stands."""
    m = candidate.anonymous(b"a\r\n\r\nb\n\r")
    assert [m.readline() for _ in range(4)] == [b"a\r\n", b"\r\n", b"b\n", b"\r"]


@clause("readline.embedded-nul")
def test_zero_bytes(candidate):
    """A zero byte does not end a line."""
    m = candidate.anonymous(b"\0a\0\0b\n\0")
    assert [m.readline(), m.readline()] == [b"\0a\0\0b\n", b"\0"]


@clause("readline.returns-bytes")
def test_type(candidate):
    """readline() returns exactly bytes."""
    m = candidate.anonymous(b"a\nb")
    assert [type(m.readline()) for _ in range(3)] == [bytes, bytes, bytes]


@clause("readline.at-end")
@pytest.mark.parametrize("data", [b"abc", b"abc\n"])
def test_at_the_end(candidate, data):
    """At the end readline() returns an empty bytes object and the position stays."""
    m = candidate.anonymous(data)
    m.seek(len(data))
    assert (m.readline(), m.tell()) == (b"", len(data))


@clause("readline.past-end")
@pytest.mark.parametrize("length", [10, 2999])
def test_past_the_end(candidate, length):
    """With the position beyond the end readline() returns b"" and the position stays."""
    m = past_the_end(candidate, length, position=3000)
    assert (m.readline(), m.tell()) == (b"", 3000)


@clause("readline.stops-at-length")
def test_file_goes_on_behind_the_map(candidate):
    """readline() does not see a newline behind the length of the map."""
    m = candidate.mmap.mmap(candidate.file(b"abc\ndef\n").fd, 3)
    assert (m.readline(), m.tell()) == (b"abc", 3)


@clause("readline.stops-at-length")
def test_newlines_right_behind_the_map(candidate):
    """readline() sees none of them, whatever is left of the map."""
    length = 300
    data = b"x" * length + b"\n" * length
    m = candidate.mmap.mmap(candidate.file(data).fd, length)
    for position in range(length):
        m.seek(position)
        assert m.readline() == data[position:length]


@clause("readline.long-line")
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_long_line(candidate, extra):
    """readline() returns a line that is longer than several pages whole."""
    line = b"a\rb\0" * candidate.profile.page_size + b"x" * (1 + extra) + b"\n"
    m = candidate.anonymous(line + b"next\n")
    assert (m.readline(), m.readline()) == (line, b"next\n")


@clause("readline.every-access")
@each_access
def test_access(candidate, access):
    """readline() works on maps of every access mode."""
    assert of_file(candidate, b"a\nb", access).readline() == b"a\n"


@clause("readline.arity")
@pytest.mark.parametrize("argument", [1, None, -1])
def test_argument(candidate, argument):
    """readline() takes no size."""
    m = candidate.anonymous(b"abc\n")
    with candidate.raises(TypeError):
        m.readline(argument)


@clause("readline.lines")
@given(data=haystacks())
def test_lines(candidate, data):
    """readline() until it returns nothing gives the lines of a binary file."""
    m = candidate.anonymous(data)
    assert list(iter(m.readline, b"")) == io.BytesIO(data).readlines()
