"""size(): the size of the file behind the map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, of_file


@clause("size.file")
@given(size=st.integers(1, 9000), draw=st.data())
def test_size_of_the_file(candidate, size, draw):
    """size() returns the size of the file, also where the map is shorter."""
    length = draw.draw(st.integers(0, size))
    m = candidate.mmap.mmap(candidate.file(bytes(size)).fd, length)
    assert (m.size(), len(m)) == (size, length or size)


@clause("size.offset")
@pytest.mark.parametrize("length", [0, 10, 500])
def test_offset(candidate, length):
    """size() counts the file from its start, not from the offset."""
    granularity = candidate.profile.granularity
    file = candidate.file(bytes(granularity + 500))
    m = candidate.mmap.mmap(file.fd, length, offset=granularity)
    assert m.size() == granularity + 500


@clause("size.returns-int")
def test_type(candidate):
    """size() returns exactly an int."""
    assert type(of_file(candidate, b"abc").size()) is int


@clause("size.follows-growth")
def test_file_grows(candidate):
    """size() follows a file that grew after it was mapped."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3)
    for size in (1000, 100_000):
        file.truncate(size)
        assert (m.size(), len(m)) == (size, 3)


@clause("size.follows-truncation")
@pytest.mark.parametrize("size", [0, 1, 2])
def test_file_is_truncated(candidate, size):
    """size() follows a file that was truncated below the length of the map."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3)
    file.truncate(size)
    assert (m.size(), len(m)) == (size, 3)
    m.close()  # nothing may read the map now


@clause("size.after-resize")
@pytest.mark.parametrize("length", [10, 500, 5000])
@pytest.mark.parametrize("granules", [0, 1])
def test_resize(candidate, length, granules):
    """After a resize() size() returns offset plus the new length."""
    offset = granules * candidate.profile.granularity
    m = of_file(candidate, bytes(offset + 500), offset=offset)
    m.resize(length)
    assert m.size() == offset + length


@clause("size.descriptor-closed")
@each_access
def test_descriptor_is_closed(candidate, access):
    """size() works after the descriptor that was mapped is closed."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3, access=getattr(candidate.mmap, access))
    file.close()
    assert m.size() == 6


@clause("size.descriptor-reused")
def test_descriptor_is_reused(candidate):
    """size() asks the file that was mapped, whoever has its number now."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3)
    other = candidate.file(bytes(100))
    candidate.os.dup2(other.fd, file.fd)
    assert m.size() == 6


@clause("size.unlinked")
def test_file_is_removed(candidate):
    """size() works after the file was removed from its folder."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3)
    candidate.os.unlink(file.path)
    assert m.size() == 6


@clause("size.sparse")
@pytest.mark.parametrize("size", [2**31 - 1, 2**31, 2**32 + 7, 2**33])
def test_large_file(candidate, size):
    """size() returns sizes beyond 4 GiB as they are."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3)
    file.truncate(size)
    assert m.size() == size


@clause("size.every-access")
@each_access
def test_access(candidate, access):
    """size() works on maps of every access mode."""
    assert of_file(candidate, b"abcdef", access).size() == 6


@clause("size.flags-and-prot")
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
@pytest.mark.parametrize("prot", [1, 3])
def test_flags_and_prot(candidate, flags, prot):
    """size() is the file's size with every combination of flags and prot."""
    f = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(f.fd, 3, flags=getattr(candidate.mmap, flags), prot=prot)
    assert (m.size(), len(m)) == (6, 3)


@clause("size.every-access")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
def test_descriptor_for_reading(candidate, access):
    """size() works with a descriptor that was opened for reading."""
    file = candidate.file(b"abcdef", "rb")
    assert candidate.mmap.mmap(file.fd, 3, access=getattr(candidate.mmap, access)).size() == 6


@clause("size.device")
def test_device(candidate):
    """size() of /dev/zero is 0."""
    fd = candidate.os.open("/dev/zero", candidate.os.O_RDWR)
    m = candidate.mmap.mmap(fd, 5000)
    candidate.os.close(fd)
    assert (m.size(), len(m)) == (0, 5000)


@clause("size.anonymous-flag")
def test_anonymous_by_flag(candidate):
    """With MAP_ANONYMOUS and a descriptor, size() is the size of its file."""
    flags = candidate.mmap.MAP_PRIVATE | candidate.mmap.MAP_ANONYMOUS
    m = candidate.mmap.mmap(candidate.file(b"abcdef").fd, 4, flags=flags)
    assert (m.size(), m[:]) == (6, bytes(4))


@clause("size.anonymous-oserror")
@each_access
def test_anonymous_until_3_14(candidate, access):
    """size() of an anonymous map raises OSError with EBADF."""
    m = candidate.mmap.mmap(-1, 5000, access=getattr(candidate.mmap, access))
    with candidate.raises(OSError, errno="EBADF"):
        m.size()


@clause("size.anonymous")
@each_access
@pytest.mark.parametrize("length", [1, 5000])
def test_anonymous(candidate, access, length):
    """size() of an anonymous map returns its length."""
    m = candidate.mmap.mmap(-1, length, access=getattr(candidate.mmap, access))
    assert m.size() == length


@clause("size.anonymous", "offset.anonymous")
def test_anonymous_with_an_offset(candidate):
    """The offset of an anonymous map does not count."""
    m = candidate.mmap.mmap(-1, 5000, offset=candidate.profile.granularity)
    assert m.size() == 5000


@clause("size.anonymous-windows")
@each_access
@pytest.mark.parametrize("length", [1, 5000])
def test_anonymous_on_windows(candidate, access, length):
    """size() of an anonymous map returns its length."""
    m = candidate.mmap.mmap(-1, length, access=getattr(candidate.mmap, access))
    assert m.size() == length


@clause("size.anonymous-resized")
@pytest.mark.parametrize("length", [10, 4096, 4097])
def test_anonymous_after_resize(candidate, length):
    """size() of an anonymous map that was resized returns its new length."""
    m = candidate.mmap.mmap(-1, 10_000)
    m.resize(length)
    assert m.size() == length


@clause("size.anonymous-resized", "resize.private-anonymous-growth")
def test_anonymous_after_growth(candidate):
    """size() of a private anonymous map that grew returns its new length."""
    m = candidate.mmap.mmap(-1, 10_000, flags=candidate.mmap.MAP_PRIVATE)
    m.resize(20_000)
    assert m.size() == 20_000


@clause("size.tracked")
def test_tracked(candidate):
    """size() of a map made with trackfd=True is the size of the file."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3, trackfd=True)
    file.close()
    assert m.size() == 6


@clause("size.untracked-oserror")
@pytest.mark.parametrize("closed", [False, True])
def test_untracked_until_3_14(candidate, closed):
    """size() of a file map made with trackfd=False raises OSError with EBADF."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3, trackfd=False)
    if closed:
        file.close()
    with candidate.raises(OSError, errno="EBADF"):
        m.size()


@clause("size.untracked")
@pytest.mark.parametrize("closed", [False, True])
def test_untracked(candidate, closed):
    """size() of a file map made with trackfd=False raises ValueError."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 3, trackfd=False)
    if closed:
        file.close()
    with candidate.raises(ValueError):
        m.size()


def untracked_by_flag(candidate):
    """An anonymous map that was given a descriptor, MAP_ANONYMOUS and trackfd=False."""
    flags = candidate.mmap.MAP_PRIVATE | candidate.mmap.MAP_ANONYMOUS
    return candidate.mmap.mmap(candidate.file(b"abcdef").fd, 4, flags=flags, trackfd=False)


@clause("size.untracked-oserror", "size.anonymous-flag")
def test_untracked_anonymous_by_flag_until_3_14(candidate):
    """A descriptor that was given with MAP_ANONYMOUS is not kept either."""
    m = untracked_by_flag(candidate)
    with candidate.raises(OSError, errno="EBADF"):
        m.size()


@clause("size.untracked-anonymous-oserror")
def test_untracked_anonymous_until_3_14(candidate):
    """size() of an anonymous map made with trackfd=False raises OSError with EBADF."""
    m = candidate.mmap.mmap(-1, 6, trackfd=False)
    with candidate.raises(OSError, errno="EBADF"):
        m.size()


@clause("size.untracked", "size.anonymous-flag")
def test_untracked_anonymous_by_flag(candidate):
    """A descriptor that was given with MAP_ANONYMOUS is not kept either."""
    m = untracked_by_flag(candidate)
    with candidate.raises(ValueError):
        m.size()


@clause("size.untracked-anonymous")
def test_untracked_anonymous(candidate):
    """size() of an anonymous map made with trackfd=False raises ValueError."""
    m = candidate.mmap.mmap(-1, 6, trackfd=False)
    with candidate.raises(ValueError):
        m.size()


@clause("size.arity")
def test_argument(candidate):
    """size() with an argument raises TypeError."""
    m = of_file(candidate, b"abc")
    with candidate.raises(TypeError):
        m.size(1)
    with candidate.raises(TypeError):
        m.size(size=1)
