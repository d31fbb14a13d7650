"""write_byte(byte): stores one byte at the position."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import closer, faulty, of_file, past_the_end, readonly, resizer, seeker
from mmap_spec.strategies import contents, pattern


@clause("write_byte.stores")
@given(data=contents(), value=st.integers(0, 255), draw=st.data())
def test_stores(candidate, data, value, draw):
    """write_byte(i) stores i at the position and leaves every other byte as it was."""
    position = draw.draw(st.integers(0, len(data) - 1))
    m = candidate.anonymous(data)
    m.seek(position)
    m.write_byte(value)
    assert m[:] == data[:position] + bytes([value]) + data[position + 1 :]


@clause("write_byte.every-value")
def test_every_value(candidate):
    """write_byte(i) takes every i from 0 to 255."""
    m = candidate.anonymous(bytes(256))
    for value in range(256):
        m.write_byte(value)
    assert m[:] == bytes(range(256))


@clause("write_byte.returns-none")
def test_result(candidate):
    """write_byte() returns None."""
    assert candidate.anonymous(b"abc").write_byte(1) is None


@clause("write_byte.position")
def test_position_follows(candidate):
    """write_byte() advances the position by one."""
    m = candidate.anonymous(b"abc")
    m.write_byte(1)
    assert m.tell() == 1
    m.write_byte(1)
    assert m.tell() == 2


@clause("write_byte.last")
def test_last_byte(candidate):
    """write_byte() writes the last byte of the map."""
    m = candidate.anonymous(b"abc")
    m.seek(2)
    m.write_byte(ord("x"))
    assert (m[:], m.tell()) == (b"abx", 3)


@clause("write_byte.at-end")
def test_at_the_end(candidate):
    """write_byte() raises ValueError at the end of the map."""
    m = candidate.mmap.mmap(candidate.file(b"abcdef").fd, 3)
    m.seek(3)
    with candidate.raises(ValueError):
        m.write_byte(1)


@clause("write_byte.past-end")
@pytest.mark.parametrize("length", [10, 2999])
def test_past_the_end(candidate, length):
    """write_byte() raises ValueError where the position is beyond the end."""
    m = past_the_end(candidate, length, position=3000)
    with candidate.raises(ValueError):
        m.write_byte(1)


@clause("write_byte.too-large")
@pytest.mark.parametrize("power", [8, 16, 31, 32, 63, 64, 100])
@pytest.mark.parametrize("more", [0, 1, 65])
def test_too_large(candidate, power, more):
    """write_byte(i) raises OverflowError for every i above 255."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(OverflowError):
        m.write_byte(2**power + more)


@clause("write_byte.negative")
@pytest.mark.parametrize("value", [-1, -2, -128, -255, -256, -(2**31), -(2**32) + 5, -(2**64)])
def test_negative(candidate, value):
    """write_byte(i) raises OverflowError for every negative i."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(OverflowError):
        m.write_byte(value)


@clause("write_byte.argument-type")
@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), "x", 1.0, None, [1]], ids=repr)
def test_wrong_type(candidate, value):
    """write_byte() raises TypeError for whatever is not an integer."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.write_byte(value)


@clause("write_byte.index-argument")
def test_index(candidate):
    """write_byte() takes any object with __index__, a bool among them."""
    m = candidate.anonymous(b"abc")
    m.write_byte(candidate.hostile(255))
    m.write_byte(True)
    assert m[:] == b"\xff\x01c"


@clause("write_byte.int-only-argument")
def test_int_only(candidate):
    """write_byte() raises TypeError for an object with __int__ but no __index__."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.write_byte(candidate.hostile(1, slot="__int__"))


@clause("write_byte.conversion-first")
@pytest.mark.parametrize("value", [256, -1, 2**64])
def test_range_before_position(candidate, value):
    """write_byte(256) raises OverflowError at the end of the map too."""
    m = candidate.anonymous(b"abc")
    m.seek(3)
    with candidate.raises(OverflowError):
        m.write_byte(value)


@clause("write_byte.conversion-first")
@pytest.mark.parametrize("value", [256, -1, 2**64])
def test_range_before_access(candidate, value):
    """write_byte(256) raises OverflowError on a read-only map too."""
    m = readonly(candidate, b"abc")
    with candidate.raises(OverflowError):
        m.write_byte(value)


@clause("write_byte.positional-only")
@pytest.mark.parametrize("name", ["byte", "value", "b"])
def test_keyword(candidate, name):
    """write_byte() takes no keyword arguments."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.write_byte(**{name: 1})


@clause("write_byte.arity")
@pytest.mark.parametrize("arguments", [(), (1, 2)])
def test_number_of_arguments(candidate, arguments):
    """write_byte() without an argument, and with two, raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.write_byte(*arguments)


@clause("write_byte.readonly")
def test_readonly(candidate):
    """write_byte() on a map of ACCESS_READ raises TypeError."""
    m = readonly(candidate, b"abc")
    with candidate.raises(TypeError):
        m.write_byte(1)


@clause("write_byte.readonly-first")
def test_readonly_at_the_end(candidate):
    """write_byte() at the end of a read-only map raises TypeError."""
    m = readonly(candidate, b"abc")
    m.seek(3)
    with candidate.raises(TypeError):
        m.write_byte(1)


@clause("write_byte.readonly-prot")
@pytest.mark.parametrize("names", [["PROT_READ"], ["PROT_READ", "PROT_EXEC"]])
def test_readonly_by_prot(candidate, names):
    """write_byte() on a map whose prot lacks PROT_WRITE raises TypeError."""
    prot = sum(getattr(candidate.mmap, name) for name in names)
    m = candidate.mmap.mmap(candidate.file(b"abc").fd, 0, prot=prot)
    with candidate.raises(TypeError):
        m.write_byte(1)


@clause("write_byte.reaches-file")
def test_reaches_the_file(candidate):
    """A byte written to a shared map is read from the file at offset + position."""
    granularity = candidate.profile.granularity
    data = pattern(granularity + 500)
    file = candidate.file(data)
    m = candidate.mmap.mmap(file.fd, 400, offset=granularity)
    m.seek(100)
    m.write_byte(data[granularity + 100] ^ 255)
    changed = bytearray(data)
    changed[granularity + 100] ^= 255
    assert file.contents() == changed


@clause("write_byte.copy-on-write")
def test_copy_on_write(candidate):
    """A byte written to a map of ACCESS_COPY does not reach the file."""
    file = candidate.file(b"abc")
    m = candidate.mmap.mmap(file.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m.write_byte(ord("x"))
    assert (m[:], file.contents()) == (b"xbc", b"abc")


@clause("write_byte.argument-error")
def test_error_of_the_argument(candidate):
    """An exception of the argument comes out, and nothing is written."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(ZeroDivisionError):
        m.write_byte(faulty(candidate))


@clause("write_byte.argument-seeks")
def test_argument_moves_the_position(candidate):
    """write_byte(i) writes at the position as it is after i was converted."""
    m = candidate.anonymous(b"abcdef")
    m.write_byte(seeker(candidate, m, 2, answer=ord("x")))
    assert (m[:], m.tell()) == (b"abxdef", 3)


@clause("write_byte.argument-shrinks")
@pytest.mark.parametrize("length", [100, 5000])
def test_argument_shrinks_the_map(candidate, length):
    """write_byte(i) raises ValueError where i shrinks the map to before the position."""
    m = of_file(candidate, pattern(6000))
    m.seek(5000)
    with candidate.raises(ValueError, state=False):  # the argument resizes it
        m.write_byte(resizer(candidate, m, length, answer=1))
    assert (m[:], m.tell()) == (pattern(length), 5000)


@clause("write_byte.argument-closes")
def test_argument_closes_the_map(candidate):
    """write_byte(i) raises ValueError where the conversion of i closes the map."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.write_byte(closer(candidate, m, answer=1))
    assert m.closed is True
