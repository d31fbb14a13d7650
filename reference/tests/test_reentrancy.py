"""Arguments that close or resize the map while they are converted."""

import contextlib

import pytest

import mmap_reference
from mmap_reference import mmap


class Index:
    """An integer that does something first."""

    def __init__(self, value, effect):
        self.value = value
        self.effect = effect

    def __index__(self):
        self.effect()
        return self.value


def assign(m, key, value):
    """m[key] = value, as an expression."""
    m[key] = value


CALLS = {
    "get": lambda m, x: m[x(8)],
    "get start": lambda m, x: m[x(0) :],
    "get stop": lambda m, x: m[: x(9000)],
    "get step": lambda m, x: m[:: x(1)],
    "set index": lambda m, x: assign(m, x(8), 1),
    "set value": lambda m, x: assign(m, 8, x(1)),
    "set start": lambda m, x: assign(m, slice(x(0), 1), b"a"),
    "set stop": lambda m, x: assign(m, slice(0, x(1)), b"a"),
    "set step": lambda m, x: assign(m, slice(0, 1, x(1)), b"a"),
    "find start": lambda m, x: m.find(b"a", x(0)),
    "find end": lambda m, x: m.find(b"a", 0, x(9000)),
    "rfind start": lambda m, x: m.rfind(b"a", x(0)),
    "rfind end": lambda m, x: m.rfind(b"a", 0, x(9000)),
    "read": lambda m, x: m.read(x(9000)),
    "write_byte": lambda m, x: m.write_byte(x(1)),
    "seek": lambda m, x: m.seek(x(1)),
    "seek whence": lambda m, x: m.seek(1, x(0)),
    "move dest": lambda m, x: m.move(x(0), 0, 1),
    "move src": lambda m, x: m.move(0, x(0), 1),
    "move count": lambda m, x: m.move(0, 0, x(1)),
    "flush offset": lambda m, x: m.flush(x(0)),
    "flush size": lambda m, x: m.flush(0, x(1)),
    "flush flags": lambda m, x: m.flush(flags=x(0)),
    "madvise option": lambda m, x: m.madvise(x(0)),
    "madvise start": lambda m, x: m.madvise(0, x(0)),
    "madvise length": lambda m, x: m.madvise(0, 0, x(1)),
    "resize": lambda m, x: m.resize(x(100)),
}


@pytest.fixture
def m():
    """A private map of 9000 bytes, position 5000."""
    made = mmap(-1, 9000, flags=mmap_reference.MAP_PRIVATE)
    made.seek(5000)
    return made


@pytest.mark.parametrize("name", CALLS)
def test_argument_closes_the_map(m, name):
    """The call is a ValueError, always."""
    with pytest.raises(ValueError, match="closed"):
        CALLS[name](m, lambda value: Index(value, m.close))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("get", IndexError),
        ("get start", b"\0" * 5),
        ("get stop", b"\0" * 5),
        ("get step", b"\0" * 5),
        ("set index", IndexError),
        ("set value", IndexError),
        ("set start", None),
        ("set stop", None),
        ("find start", -1),
        ("rfind end", -1),
        ("read", b""),
        ("write_byte", ValueError),
        ("seek", 1),
        ("move count", None),
        ("flush size", None),
        ("madvise length", None),
        ("resize", None),
    ],
)
def test_argument_shrinks_the_map(m, name, expected):
    """The bounds are those of the map as it is then."""

    def call():
        return CALLS[name](m, lambda value: Index(value, lambda: m.resize(5)))

    if isinstance(expected, type):
        with pytest.raises(expected):
            call()
        assert len(m) == 5
    else:
        assert call() == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.write(x),
        lambda m, x: m.find(x),
        lambda m, x: m.rfind(x),
        lambda m, x: assign(m, slice(0, 3), x),
        lambda m, x: assign(m, slice(8000, 8003), x),
        lambda m, x: assign(m, slice(None, None, 3000), x),
    ],
)
@pytest.mark.parametrize("effect", ["close", "shrink"])
def test_source_changes_the_map(m, call, effect):
    """So does an object that does something before it hands out its bytes."""

    class Source:
        def __buffer__(self, flags):
            if effect == "close":
                m.close()
            else:
                m.resize(5)
            return memoryview(b"abc")

    try:
        memoryview(Source())
    except TypeError:
        pytest.skip("__buffer__ came with 3.12")
    m = mmap(-1, 9000, flags=mmap_reference.MAP_PRIVATE)
    if effect == "close":
        with pytest.raises(ValueError, match="closed"):
            call(m, Source())
    else:
        with contextlib.suppress(IndexError, ValueError):
            call(m, Source())
        assert len(m) == 5
        assert set(m[:]) <= {0, *b"abc"}


def test_needle_keeps_the_map_from_shrinking(m):
    """The needle's buffer is held while the bounds are converted."""
    with pytest.raises(BufferError):
        m.find(m, Index(0, lambda: m.resize(5)))
    with pytest.raises(BufferError):
        m.find(memoryview(m)[:3], 0, Index(0, m.close))
    m.close()


def test_default_range_is_that_of_the_call(m):
    """The defaults are taken before a bound's __index__ runs."""
    m[5000] = 97
    m[3000] = 97
    assert m.find(b"a", None, Index(9000, lambda: m.seek(0))) == 5000
    m.seek(0)
    assert m.rfind(b"a", None, Index(4000, lambda: m.seek(9000))) == 3000
