"""seek(pos[, whence]), seekable() and tell(): the position of the map."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import (
    closer,
    each_access,
    faulty,
    of_file,
    past_the_end,
    resizer,
    seeker,
)
from mmap_spec.strategies import integers_near, pattern

SET, CUR, END = 0, 1, 2


@clause("seek.absolute")
@pytest.mark.parametrize("position", range(7))
def test_absolute(candidate, position):
    """seek(p) and seek(p, SEEK_SET) set the position to p."""
    m = candidate.anonymous(b"abcdef")
    m.seek(position)
    assert m.tell() == position
    m.seek(3)
    m.seek(position, SET)
    assert m.tell() == position


@clause("seek.relative")
@pytest.mark.parametrize("distance", range(-3, 4))
def test_relative(candidate, distance):
    """seek(p, SEEK_CUR) moves the position by p."""
    m = candidate.anonymous(b"abcdef")
    m.seek(3)
    m.seek(distance, CUR)
    assert m.tell() == 3 + distance


@clause("seek.from-end")
@pytest.mark.parametrize("distance", range(-6, 1))
def test_from_the_end(candidate, distance):
    """seek(p, SEEK_END) sets the position to the length plus p."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    m.seek(distance, END)
    assert m.tell() == 6 + distance


@clause("seek.whence-values")
def test_whence_values(candidate):
    """The default is absolute; the constants of os are what seek() takes."""
    m = candidate.anonymous(b"abcdef")
    positions = []
    for arguments in [(2,), (1,), (3, candidate.os.SEEK_CUR), (-1, candidate.os.SEEK_END)]:
        m.seek(*arguments)
        positions.append(m.tell())
    m.seek(2, candidate.os.SEEK_SET)
    assert [*positions, m.tell()] == [2, 1, 4, 5, 2]


@clause("seek.end-inclusive")
@pytest.mark.parametrize(("distance", "whence"), [(6, SET), (4, CUR), (0, END)])
def test_end_is_allowed(candidate, distance, whence):
    """The position can be set to the length of the map."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    m.seek(distance, whence)
    assert m.tell() == 6


@clause("seek.past-end")
@pytest.mark.parametrize("more", [1, 2, 4096, 2**31 - 7, 2**31, 2**32])
@pytest.mark.parametrize(("start", "whence"), [(6, SET), (4, CUR), (0, END)])
def test_past_the_end(candidate, more, start, whence):
    """seek() raises ValueError where the new position would be beyond the length."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    with candidate.raises(ValueError):
        m.seek(min(start + more, candidate.profile.ssize_max), whence)


@clause("seek.before-start")
@pytest.mark.parametrize("less", [1, 2, 4096, 2**31, 2**32])
@pytest.mark.parametrize(("start", "whence"), [(0, SET), (-2, CUR), (-6, END)])
def test_before_the_start(candidate, less, start, whence):
    """seek() raises ValueError where the new position would be negative."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    with candidate.raises(ValueError):
        m.seek(max(start - less, -candidate.profile.ssize_max - 1), whence)


@clause("seek.keeps-length")
@pytest.mark.parametrize("whence", [SET, CUR, END])
def test_never_extends(candidate, whence):
    """A seek() past the end extends neither the map nor the file."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0)
    candidate.outcome(m.seek, 7, whence)
    assert (len(m), file.size()) == (6, 6)


@clause("seek.huge")
@pytest.mark.parametrize("position", [0, 2, 6])
@pytest.mark.parametrize("less", [0, 1, 2, 5, 6, 7])
@pytest.mark.parametrize("whence", [SET, CUR, END])
def test_sum_overflows(candidate, position, less, whence):
    """seek() raises ValueError where adding to the start would overflow."""
    m = candidate.anonymous(b"abcdef")
    m.seek(position)
    with candidate.raises(ValueError):
        m.seek(candidate.profile.ssize_max - less, whence)
    with candidate.raises(ValueError):
        m.seek(-candidate.profile.ssize_max - 1 + less, whence)


@clause("seek.overflow")
@pytest.mark.parametrize("whence", [SET, CUR, END])
@pytest.mark.parametrize("beyond", [1, 7, 2**32, 2**64, 2**100])
def test_beyond_ssize(candidate, whence, beyond):
    """seek() raises OverflowError for a distance outside of ssize_t."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    for distance in (
        candidate.profile.ssize_max + beyond,
        -candidate.profile.ssize_max - 1 - beyond,
    ):
        with candidate.raises(OverflowError):
            m.seek(distance, whence)


@clause("seek.unknown-whence")
@pytest.mark.parametrize("whence", [-1, -2, 3, 4, 5, 255, 256, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("distance", [0, 100])
def test_unknown_whence(candidate, whence, distance):
    """seek() raises ValueError for any whence but 0, 1 and 2."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    with candidate.raises(ValueError):
        m.seek(distance, whence)


@clause("seek.whence-overflow")
@pytest.mark.parametrize("whence", [0, 1, 2])
@pytest.mark.parametrize("power", [31, 32, 64])
def test_whence_beyond_int(candidate, whence, power):
    """seek() raises OverflowError for a whence outside of a C int."""
    m = candidate.anonymous(b"abcdef")
    for beyond in (2**power + whence, -(2**power) - 1 - whence):
        with candidate.raises(OverflowError):
            m.seek(0, beyond)


@clause("seek.returns-none")
@pytest.mark.parametrize("arguments", [(0,), (3,), (0, CUR), (-1, END)])
def test_returns_none(candidate, arguments):
    """seek() returns None."""
    assert candidate.anonymous(b"abcdef").seek(*arguments) is None


@clause("seek.returns-position")
@pytest.mark.parametrize(
    ("arguments", "position"), [((0,), 0), ((4,), 4), ((1, CUR), 3), ((-2, CUR), 0), ((-1, END), 5)]
)
def test_returns_the_position(candidate, arguments, position):
    """seek() returns the new absolute position."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    result = m.seek(*arguments)
    assert (result, type(result)) == (position, int)


@clause("seek.returns-position")
def test_returns_an_int(candidate):
    """seek() returns an int, and not the argument that it was given."""
    m = candidate.anonymous(b"abcdef")
    assert [type(m.seek(given)) for given in (True, candidate.hostile(1))] == [int, int]


@clause("seek.keeps-position-on-error")
@pytest.mark.parametrize(
    "arguments", [(7,), (-1,), (5, CUR), (-3, CUR), (1, END), (-7, END), (1, 3), (1, -1), ("1",)]
)
def test_position_after_an_error(candidate, arguments):
    """A seek() that raised leaves the position where it was."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    candidate.outcome(m.seek, *arguments)
    assert m.tell() == 2


@clause("seek.index-argument")
def test_index(candidate):
    """seek() takes any object with __index__ as distance and as whence."""
    m = candidate.anonymous(b"abcdef")
    m.seek(candidate.hostile(-2), candidate.hostile(END))
    assert m.tell() == 4
    m.seek(True, True)
    assert m.tell() == 5


@clause("seek.argument-type")
@pytest.mark.parametrize("distance", [1.0, "1", b"1", None, [1]], ids=repr)
def test_wrong_type(candidate, distance):
    """seek() raises TypeError for a distance that has no __index__."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seek(distance)


@clause("seek.argument-type")
def test_int_only(candidate):
    """seek() raises TypeError for a distance with __int__ but no __index__."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seek(candidate.hostile(1, slot="__int__"))


@clause("seek.whence-type")
@pytest.mark.parametrize("whence", [1.0, "1", b"1", None, [1]], ids=repr)
def test_wrong_type_of_whence(candidate, whence):
    """seek() raises TypeError for a whence that is not an integer."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seek(0, whence)


@clause("seek.whence-int-only")
def test_int_only_whence(candidate):
    """seek() raises TypeError for a whence with __int__ but no __index__."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seek(0, candidate.hostile(1, slot="__int__"))


@clause("seek.positional-only")
@pytest.mark.parametrize("name", ["pos", "dist", "offset"])
def test_keyword(candidate, name):
    """seek() takes no keyword for the distance."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seek(**{name: 1})


@clause("seek.positional-only")
@pytest.mark.parametrize("name", ["whence", "how"])
def test_keyword_whence(candidate, name):
    """seek() takes no keyword for whence."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seek(1, **{name: 0})


@clause("seek.arity")
@pytest.mark.parametrize("arguments", [(), (0, 0, 0)])
def test_number_of_arguments(candidate, arguments):
    """seek() without an argument, and with three, raises TypeError."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seek(*arguments)


@clause("seek.back-from-past-end")
@pytest.mark.parametrize(("distance", "position"), [(-2990, 10), (-2991, 9), (-3000, 0)])
def test_back_from_past_the_end(candidate, distance, position):
    """A relative seek() counts from the position beyond the end."""
    m = past_the_end(candidate, length=10, position=3000)
    m.seek(distance, CUR)
    assert m.tell() == position


@clause("seek.stay-past-end")
@pytest.mark.parametrize("distance", [0, 1, -1, -2989])
def test_stay_past_the_end(candidate, distance):
    """A relative seek() that stays beyond the end raises ValueError."""
    m = past_the_end(candidate, length=10, position=3000)
    with candidate.raises(ValueError):
        m.seek(distance, CUR)


@clause("seek.new-length")
@pytest.mark.parametrize("length", [50, 5000])
def test_length_after_resize(candidate, length):
    """After a resize seek() is judged by the new length."""
    m = of_file(candidate, pattern(500))
    m.resize(length)
    m.seek(0, END)
    assert m.tell() == length
    with candidate.raises(ValueError):
        m.seek(length + 1)


@clause("seek.every-access")
@each_access
def test_access(candidate, access):
    """seek() and tell() work on maps of every access mode."""
    m = of_file(candidate, b"abcdef", access)
    m.seek(-2, END)
    assert (m.tell(), m.read()) == (4, b"ef")


@clause("seek.offset")
def test_offset(candidate):
    """With an offset, positions count from the start of the map."""
    granularity = candidate.profile.granularity
    m = of_file(candidate, pattern(granularity + 500), offset=granularity)
    m.seek(0, END)
    assert m.tell() == 500
    m.seek(7)
    assert m.read_byte() == pattern(granularity + 8)[-1]


@clause("seek.own-position")
def test_two_maps(candidate):
    """Two maps of one file have positions of their own."""
    file = candidate.file(b"abcdef")
    one, two = candidate.mmap.mmap(file.fd, 0), candidate.mmap.mmap(file.fd, 0)
    one.seek(4)
    two.read(1)
    assert (one.tell(), two.tell()) == (4, 1)


@clause("seek.descriptor-position")
def test_position_of_the_descriptor(candidate):
    """Neither seek() nor read() nor write() moves the descriptor's position."""
    file = candidate.file(b"abcdef")
    candidate.os.lseek(file.fd, 2, 0)
    m = candidate.mmap.mmap(file.fd, 0)
    for step in (partial(m.seek, 4), m.read_byte, partial(m.write, b"x"), m.readline):
        step()
        assert candidate.os.lseek(file.fd, 0, 1) == 2


@clause("seek.argument-error")
def test_error_of_the_argument(candidate):
    """An exception of an argument comes out of seek(), and the position stays."""
    m = candidate.anonymous(b"abcdef")
    m.seek(2)
    with candidate.raises(ZeroDivisionError):
        m.seek(faulty(candidate))
    with candidate.raises(ZeroDivisionError):
        m.seek(0, faulty(candidate))


@clause("seek.argument-seeks")
def test_argument_moves_the_position(candidate):
    """A relative seek() counts from the position after the conversion."""
    m = candidate.anonymous(b"abcdef")
    m.seek(seeker(candidate, m, 2, answer=1), CUR)
    assert m.tell() == 3


@clause("seek.argument-shrinks")
@pytest.mark.parametrize("position", [101, 5000])
def test_argument_shrinks_the_map(candidate, position):
    """seek() is judged by the length that the map has after the conversion."""
    m = of_file(candidate, pattern(6000))
    with candidate.raises(ValueError, state=False):  # the argument resizes it
        m.seek(resizer(candidate, m, 100, answer=position))
    assert m.tell() == 0


@clause("seek.argument-shrinks")
def test_argument_moves_the_end(candidate):
    """seek(p, SEEK_END) counts from the length after the conversion."""
    m = of_file(candidate, pattern(6000))
    m.seek(resizer(candidate, m, 100, answer=-1), END)
    assert m.tell() == 99


@clause("seek.argument-closes")
def test_argument_closes_the_map(candidate):
    """seek() raises ValueError where an argument closes the map."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.seek(closer(candidate, m, answer=1))


@clause("seek.argument-closes")
def test_whence_closes_the_map(candidate):
    """seek() raises ValueError where whence closes the map."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.seek(1, closer(candidate, m, answer=CUR))


@clause("seek.seekable")
@each_access
def test_seekable(candidate, access):
    """seekable() returns True."""
    assert of_file(candidate, b"abcdef", access).seekable() is True


@clause("seek.seekable-arity")
def test_seekable_argument(candidate):
    """seekable() with an argument raises TypeError."""
    m = candidate.anonymous(b"abcdef")
    with candidate.raises(TypeError):
        m.seekable(1)


@clause("seek.zipfile")
def test_zipfile(candidate):
    """zipfile.ZipFile writes an archive into a map and reads it from there."""
    result = candidate.run(
        """
        import io, zipfile
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w') as archive:
            archive.writestr('name', b'contents')
        m = mmap.mmap(-1, len(packed.getvalue()))
        m.write(packed.getvalue())
        with zipfile.ZipFile(m) as archive:
            result = archive.read('name')
        """
    )
    assert result == b"contents"


@clause("seek.tell-starts-at-zero")
@each_access
def test_initial_position(candidate, access):
    """A new map has the position 0, also with an offset."""
    granularity = candidate.profile.granularity
    assert of_file(candidate, b"abc", access).tell() == 0
    assert of_file(candidate, pattern(granularity + 9), access, offset=granularity).tell() == 0


@clause("seek.tell-returns-int")
def test_tell_type(candidate):
    """tell() returns exactly an int."""
    m = candidate.anonymous(b"abc")
    assert type(m.tell()) is int
    for position in (1, True, candidate.hostile(1)):
        m.seek(position)
        assert type(m.tell()) is int


@clause("seek.tell-past-end")
@pytest.mark.parametrize("length", [10, 2999])
def test_tell_past_the_end(candidate, length):
    """tell() returns the old position where a shrink left it beyond the end."""
    assert past_the_end(candidate, length, position=3000).tell() == 3000


@clause("seek.tell-arity")
def test_tell_argument(candidate):
    """tell() with an argument raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.tell(1)


@clause("seek.untouched")
def test_operations_that_keep_the_position(candidate):
    """What has nothing to do with the position leaves it where it is."""
    m = of_file(candidate, b"abcdef")
    m.seek(2)
    moved = []
    for step in (
        partial(m.__getitem__, 4),
        partial(m.__getitem__, slice(1, 5)),
        partial(m.__setitem__, 0, 1),
        partial(m.__setitem__, slice(3, 5), b"xy"),
        partial(m.find, b"f"),
        partial(m.rfind, b"f"),
        partial(m.find, b"x", 0, 6),
        partial(m.move, 0, 3, 2),
        m.flush,
        m.size,
        m.__len__,
        partial(candidate.builtins.memoryview, m),
        partial(candidate.builtins.bytes, m),
        partial(candidate.builtins.list, m),
        partial(candidate.builtins.repr, m),
    ):
        step()
        moved.append(m.tell())
    assert set(moved) == {2}


@clause("seek.positions")
@given(length=st.integers(1, 300), draw=st.data())
def test_positions(candidate, length, draw):
    """tell() is the position that arithmetic on position and length gives."""
    m, position = candidate.anonymous(bytes(length)), 0
    steps = st.lists(
        st.tuples(integers_near(length), st.sampled_from([SET, CUR, END])), max_size=12
    )
    for distance, whence in draw.draw(steps):
        target = (0, position, length)[whence] + distance
        candidate.outcome(m.seek, distance, whence)
        position = target if 0 <= target <= length else position
        assert m.tell() == position
