"""Maps of no file: fileno -1, and MAP_ANONYMOUS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access
from mmap_spec.strategies import contents, pattern

LENGTHS = [1, 2, 10, 4095, 4096, 4097, 65536, 100001]  # bytes


@clause("anonymous.zeros")
@pytest.mark.parametrize("length", LENGTHS)
@each_access
def test_zeros(candidate, length, access):
    """An anonymous map starts with zeros only."""
    m = candidate.mmap.mmap(-1, length, access=getattr(candidate.mmap, access))
    assert m[:] == bytes(length)


@clause("anonymous.length")
@given(length=st.sampled_from(LENGTHS) | st.integers(1, 10000))
def test_length(candidate, length):
    """An anonymous map has exactly the length asked for."""
    m = candidate.mmap.mmap(-1, length)
    assert len(m) == length
    with candidate.raises(IndexError):
        m[length]


@clause("anonymous.holds")
@given(value=contents(1, 9000))
def test_holds(candidate, value):
    """An anonymous map holds what is assigned to it."""
    m = candidate.mmap.mmap(-1, len(value))
    m[:] = value
    assert m[:] == value


@clause("anonymous.zero-length")
@each_access
def test_zero_length(candidate, access):
    """An anonymous map of length 0 raises OSError EINVAL."""
    with candidate.raises(OSError, errno="EINVAL"):
        candidate.mmap.mmap(-1, 0, access=getattr(candidate.mmap, access))


@clause("anonymous.independent")
@each_access
def test_independent(candidate, access):
    """Two anonymous maps share no memory."""
    first = candidate.mmap.mmap(-1, 5000)
    second = candidate.mmap.mmap(-1, 5000, access=getattr(candidate.mmap, access))
    first[:] = pattern(5000)
    assert second[:] == bytes(5000)
    assert first[:] == pattern(5000)


@clause("anonymous.fresh-zeros")
@pytest.mark.parametrize("length", [10, 5000])
def test_fresh_zeros(candidate, length):
    """A new anonymous map shows nothing of one that was closed before."""
    for _ in range(3):
        m = candidate.mmap.mmap(-1, length)
        assert m[:] == bytes(length)
        m[:] = pattern(length)
        m.close()


@clause("anonymous.every-access")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE", "ACCESS_COPY"])
def test_every_access(candidate, access):
    """An anonymous map can be made, and assigned to, with every access but ACCESS_READ."""
    m = candidate.mmap.mmap(-1, 5000, access=getattr(candidate.mmap, access))
    m[4000:4200] = pattern(200)
    assert m[3999:4201] == b"\0" + pattern(200) + b"\0"


@clause("anonymous.every-access")
def test_access_read(candidate):
    """An anonymous map can be made with ACCESS_READ."""
    assert len(candidate.mmap.mmap(-1, 10, access=candidate.mmap.ACCESS_READ)) == 10


@clause("anonymous.only-minus-one")
@pytest.mark.parametrize("length", [0, 10])
def test_other_negative_numbers(candidate, length):
    """No other negative fileno than -1 means anonymous."""
    lowest = -candidate.profile.int_max - 1
    for fileno in (-2, -3, -100, lowest, lowest + 1):
        with candidate.raises(OSError, errno="EBADF"):
            candidate.mmap.mmap(fileno, length)


@clause("anonymous.zero-is-descriptor")
def test_zero_is_a_descriptor(candidate):
    """A file with descriptor 0 is mapped like any other."""
    f = candidate.file(pattern(10))
    mapped = candidate.run(
        """
        import os
        kept = os.dup(0)
        os.dup2(fd, 0)
        try:
            m = mmap.mmap(0, 0)
            result = m[:]
            m.close()
        finally:
            os.dup2(kept, 0)
            os.close(kept)
        """,
        fd=int(f.fd),
    )
    assert mapped == pattern(10)


@clause("anonymous.no-descriptor")
@each_access
def test_no_descriptor(candidate, access):
    """An anonymous map opens no descriptor."""
    before = candidate.state()["descriptors"]
    m = candidate.mmap.mmap(-1, 10, access=getattr(candidate.mmap, access))
    assert candidate.state()["descriptors"] == before
    m.close()
    assert candidate.state()["descriptors"] == before


@clause("anonymous.flag-optional")
@pytest.mark.parametrize("shared", ["MAP_SHARED", "MAP_PRIVATE"])
@pytest.mark.parametrize("named", [False, True])
def test_flag_is_optional(candidate, shared, named):
    """With fileno -1 the flags may name MAP_ANONYMOUS or not."""
    flags = getattr(candidate.mmap, shared) | (candidate.mmap.MAP_ANONYMOUS if named else 0)
    m = candidate.mmap.mmap(-1, 5000, flags=flags)
    assert m[:] == bytes(5000)
    m[4090:4100] = pattern(10)
    assert m[4089:4101] == b"\0" + pattern(10) + b"\0"


@clause("anonymous.flag-with-descriptor")
@pytest.mark.parametrize("shared", ["MAP_SHARED", "MAP_PRIVATE"])
def test_flag_with_a_descriptor(candidate, shared):
    """MAP_ANONYMOUS with a descriptor gives zeros, and assignments do not reach the file."""
    f = candidate.file(pattern(10))
    flags = getattr(candidate.mmap, shared) | candidate.mmap.MAP_ANONYMOUS
    m = candidate.mmap.mmap(f.fd, 10, flags=flags)
    assert m[:] == bytes(10)
    m[:] = b"0123456789"
    m.flush()
    assert (m[:], f.contents()) == (b"0123456789", pattern(10))


@clause("anonymous.flag-with-descriptor-length")
def test_flag_with_a_descriptor_and_length(candidate):
    """MAP_ANONYMOUS with a descriptor still takes length 0 from the file."""
    flags = candidate.mmap.MAP_SHARED | candidate.mmap.MAP_ANONYMOUS
    f, empty = candidate.file(pattern(10)), candidate.file(b"")
    assert len(candidate.mmap.mmap(f.fd, 0, flags=flags)) == 10
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 11, flags=flags)
    with candidate.raises(ValueError):
        candidate.mmap.mmap(empty.fd, 0, flags=flags)


# -- fork -------------------------------------------------------------------

FORK = """
import os
child = os.fork()
if child == 0:
    try:
        m[3:6] = b"abc"
        m[len(m) - 1] = 255
        status = 0 if m[3:6] == b"abc" else 1
    except BaseException:
        status = 2
    os._exit(status)
status = os.waitpid(child, 0)[1]
assert status == 0, status
result = (m[3:6], m[len(m) - 1])
"""


@clause("anonymous.fork-shared")
@pytest.mark.parametrize("flags", [[], ["MAP_SHARED"], ["MAP_SHARED", "MAP_ANONYMOUS"]])
def test_fork_shares(candidate, flags):
    """By default the memory of an anonymous map is shared with a forked child."""
    bits = sum(getattr(candidate.mmap, name) for name in flags)
    m = candidate.mmap.mmap(-1, 5000, **({"flags": bits} if flags else {}))
    assert candidate.run(FORK, m=m) == (b"abc", 255)


@clause("anonymous.fork-shared-write")
def test_fork_shares_access_write(candidate):
    """The memory of an anonymous ACCESS_WRITE map is shared with a forked child."""
    m = candidate.mmap.mmap(-1, 5000, access=candidate.mmap.ACCESS_WRITE)
    assert candidate.run(FORK, m=m) == (b"abc", 255)


@clause("anonymous.fork-copy")
def test_fork_copies_access_copy(candidate):
    """What a forked child assigns to an anonymous ACCESS_COPY map stays in the child."""
    m = candidate.mmap.mmap(-1, 5000, access=candidate.mmap.ACCESS_COPY)
    assert candidate.run(FORK, m=m) == (bytes(3), 0)


@clause("anonymous.fork-private")
def test_fork_copies_private(candidate):
    """What a forked child assigns to an anonymous MAP_PRIVATE map stays in the child."""
    m = candidate.mmap.mmap(-1, 5000, flags=candidate.mmap.MAP_PRIVATE)
    assert candidate.run(FORK, m=m) == (bytes(3), 0)
