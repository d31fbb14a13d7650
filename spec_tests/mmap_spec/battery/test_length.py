"""The parameter length: 0 for the whole file, what is too long, and files that are not regular."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access
from mmap_spec.strategies import pattern

GIB = 1 << 30


def sizes(page: int) -> st.SearchStrategy[int]:
    """File sizes in bytes around 0, one page and two pages; never 0."""
    near = [1, 2, page - 1, page, page + 1, 2 * page - 1, 2 * page, 2 * page + 1]
    return st.sampled_from(near) | st.integers(1, 2 * page + 50)


@clause("length.exact")
@given(data=st.data())
def test_exact(candidate, data):
    """A map has exactly the length asked for."""
    size = data.draw(sizes(candidate.profile.page_size))
    length = data.draw(st.sampled_from([1, size, (size + 1) // 2]) | st.integers(1, size))
    m = candidate.mmap.mmap(candidate.file(pattern(size)).fd, length)
    assert len(m) == length
    assert m[:] == pattern(size)[:length]


@clause("length.rest-unreachable")
def test_rest_is_unreachable(candidate):
    """Bytes of the file behind the map's length cannot be read through the map."""
    m = candidate.mmap.mmap(candidate.file(pattern(100)).fd, 10)
    with candidate.raises(IndexError):
        m[10]
    assert m[5:100] == pattern(100)[5:10]
    assert m.read(100) == pattern(100)[:10]
    assert m.find(pattern(100)[8:12], 0) == -1


@clause("length.zero-whole-file")
@given(data=st.data())
def test_zero_is_the_whole_file(candidate, data):
    """Length 0 maps the file up to its current end."""
    size = data.draw(sizes(candidate.profile.page_size))
    m = candidate.mmap.mmap(candidate.file(pattern(size)).fd, 0)
    assert m[:] == pattern(size)


@clause("length.zero-current-size")
@pytest.mark.parametrize("size", [4, 10, 20, 5000])
def test_zero_is_the_current_size(candidate, size):
    """For length 0 the size counts that the file has at the moment of the call."""
    f = candidate.file(pattern(10))
    f.truncate(size)
    m = candidate.mmap.mmap(f.fd, 0)
    assert m[:] == pattern(10)[:size].ljust(size, b"\0")


@clause("length.zero-current-size")
def test_zero_sees_what_another_descriptor_appended(candidate):
    """What was appended through another descriptor is mapped too."""
    f = candidate.file(pattern(10))
    candidate.os.write(f.reopen("ab").fd, b"more")
    assert candidate.mmap.mmap(f.fd, 0)[:] == pattern(10) + b"more"


@clause("length.zero-keyword")
def test_zero_by_keyword(candidate):
    """length=0 by keyword means the whole file too."""
    f = candidate.file(pattern(10))
    assert candidate.mmap.mmap(fileno=f.fd, length=0)[:] == pattern(10)


@clause("length.zero-every-access")
@each_access
@pytest.mark.parametrize("size", [1, 10, 4096, 5000])
def test_zero_with_every_access(candidate, access, size):
    """Length 0 maps the whole file with every access."""
    f = candidate.file(pattern(size))
    m = candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))
    assert m[:] == pattern(size)


@clause("length.fixed")
@pytest.mark.parametrize("length", [0, 5, 10])
def test_length_is_fixed(candidate, length):
    """The length of a map does not follow a file that grows afterwards."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, length)
    f.truncate(5000)
    assert len(m) == (length or 10)
    assert m[:] == pattern(10)[: len(m)]


@clause("length.empty-file")
@each_access
def test_empty_file(candidate, access):
    """An empty file with length 0 raises ValueError."""
    f = candidate.file(b"")
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))


@clause("length.empty-file-positive")
@pytest.mark.parametrize("length", [1, 10, 4096, 1 << 40])
def test_empty_file_with_a_length(candidate, length):
    """An empty file with any positive length raises ValueError."""
    f = candidate.file(b"")
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, min(length, candidate.profile.ssize_max))


@clause("length.too-long")
@given(data=st.data())
def test_too_long(candidate, data):
    """A length beyond the end of the file raises ValueError."""
    page = candidate.profile.page_size
    size = data.draw(sizes(page))
    more = data.draw(st.sampled_from([1, 2, page, 1 << 40]) | st.integers(1, 2 * page))
    f = candidate.file(pattern(size))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, min(size + more, candidate.profile.ssize_max))


@clause("length.too-long-every-mode")
@each_access
def test_too_long_with_every_access(candidate, access):
    """The length is held against the file's size with every access."""
    f = candidate.file(pattern(100))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 101, access=getattr(candidate.mmap, access))


@clause("length.too-long-every-mode")
@pytest.mark.parametrize("prot", ["PROT_READ", "PROT_WRITE"])
def test_too_long_with_flags(candidate, prot):
    """The length is held against the file's size with MAP_PRIVATE and any prot."""
    f = candidate.file(pattern(100))
    for flags in (candidate.mmap.MAP_PRIVATE, candidate.mmap.MAP_SHARED):
        with candidate.raises(ValueError):
            candidate.mmap.mmap(f.fd, 101, flags=flags, prot=getattr(candidate.mmap, prot))


@clause("length.too-long-leaves-file")
@pytest.mark.parametrize("size", [0, 1, 4095, 4096])
def test_too_long_leaves_the_file(candidate, size):
    """A length that is too long never extends the file."""
    f = candidate.file(pattern(size))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, size + 1)
    assert f.contents() == pattern(size)


@clause("length.huge")
@pytest.mark.parametrize("less", [0, 1, 4095, 4096, 5000])
@pytest.mark.parametrize("offset", [0, 1])
def test_huge(candidate, less, offset):
    """A length near the largest ssize_t is too long for a regular file, with an offset too."""
    page = candidate.profile.granularity
    f = candidate.file(pattern(2 * page))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, candidate.profile.ssize_max - less, offset=offset * page)


@clause("length.before-permission")
@pytest.mark.parametrize("mode", ["rb", "wb"])
def test_length_before_permission(candidate, mode):
    """Too long for a file that cannot be mapped anyway is ValueError."""
    f = candidate.file(pattern(10), mode)
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 11)


@clause("length.before-permission", "length.empty-file")
@pytest.mark.parametrize("mode", ["rb", "wb"])
def test_emptiness_before_permission(candidate, mode):
    """An empty file that cannot be mapped anyway is ValueError."""
    f = candidate.file(b"", mode)
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 0)


@clause("length.before-alignment")
@pytest.mark.parametrize("offset", [1, 5, 4095])
def test_length_before_alignment(candidate, offset):
    """Too long with an unaligned offset is ValueError."""
    f = candidate.file(pattern(5000))
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 5000 - offset + 1, offset=offset)


# -- files that are not regular ---------------------------------------------


def opened(candidate, path, flags="O_RDWR"):
    """The descriptor of a file outside the example's folder; the caller closes it."""
    return candidate.os.open(path, getattr(candidate.os, flags))


@clause("length.proc")
@pytest.mark.parametrize("length", [0, 1, 10])
def test_proc(candidate, length):
    """A file of /proc counts as empty."""
    fd = opened(candidate, "/proc/self/status", "O_RDONLY")
    with candidate.raises(ValueError):
        candidate.mmap.mmap(fd, length, access=candidate.mmap.ACCESS_READ)
    candidate.os.close(fd)


@clause("length.device")
@each_access
@pytest.mark.parametrize("length", [1, 10, 5000])
def test_device(candidate, access, length):
    """/dev/zero can be mapped with any positive length."""
    fd = opened(candidate, "/dev/zero")
    m = candidate.mmap.mmap(fd, length, access=getattr(candidate.mmap, access))
    assert m[:] == bytes(length)
    candidate.os.close(fd)


@clause("length.device")
@each_access
def test_device_with_an_offset(candidate, access):
    """/dev/zero can be mapped with any offset; its pages may not exist there, so none is read."""
    fd = opened(candidate, "/dev/zero")
    mode, offset = getattr(candidate.mmap, access), 3 * candidate.profile.granularity
    assert len(candidate.mmap.mmap(fd, 10, access=mode, offset=offset)) == 10
    candidate.os.close(fd)


@clause("length.device-zero")
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/"])
def test_device_with_length_zero(candidate, path):
    """Length 0 of anything that is no regular file raises OSError EINVAL."""
    fd = opened(candidate, path, "O_RDONLY")
    with candidate.raises(OSError, errno="EINVAL"):
        candidate.mmap.mmap(fd, 0, access=candidate.mmap.ACCESS_READ)
    candidate.os.close(fd)


@clause("length.device-zero")
def test_pipe_with_length_zero(candidate):
    """Length 0 of a pipe raises OSError EINVAL."""
    ends = candidate.os.pipe()
    with candidate.raises(OSError, errno="EINVAL"):
        candidate.mmap.mmap(ends[0], 0, access=candidate.mmap.ACCESS_READ)
    for fd in ends:
        candidate.os.close(fd)


@clause("length.device-private")
def test_device_is_private(candidate):
    """Each map of /dev/zero starts with zeros and shares nothing with the others."""
    fd = opened(candidate, "/dev/zero")
    first = candidate.mmap.mmap(fd, 10)
    first[:] = pattern(10)
    assert candidate.mmap.mmap(fd, 10)[:] == bytes(10)
    assert first[:] == pattern(10)
    candidate.os.close(fd)


@clause("length.device-unmappable")
@each_access
def test_device_without_memory(candidate, access):
    """/dev/null raises OSError ENODEV."""
    fd = opened(candidate, "/dev/null")
    with candidate.raises(OSError, errno="ENODEV"):
        candidate.mmap.mmap(fd, 10, access=getattr(candidate.mmap, access))
    candidate.os.close(fd)


@clause("length.pipe")
@each_access
@pytest.mark.parametrize("end", [0, 1])
def test_pipe(candidate, access, end):
    """A pipe cannot be mapped."""
    ends = candidate.os.pipe()
    with candidate.raises(OSError, errno=("EACCES", "ENODEV")):
        candidate.mmap.mmap(ends[end], 10, access=getattr(candidate.mmap, access))
    for fd in ends:
        candidate.os.close(fd)


@clause("length.pipe")
def test_socket(candidate):
    """A socket cannot be mapped."""
    ends = candidate.module("socket").socketpair()
    with candidate.raises(OSError, errno=("EACCES", "ENODEV")):
        candidate.mmap.mmap(ends[0].fileno(), 10)
    for end in ends:
        end.close()


@clause("length.directory")
@pytest.mark.parametrize(
    ("access", "wanted", "errno"),
    [
        ("ACCESS_DEFAULT", PermissionError, "EACCES"),
        ("ACCESS_WRITE", PermissionError, "EACCES"),
        ("ACCESS_READ", OSError, "ENODEV"),
        ("ACCESS_COPY", OSError, "ENODEV"),
    ],
)
def test_directory(candidate, access, wanted, errno):
    """A directory cannot be mapped."""
    fd = opened(candidate, "/", "O_RDONLY")
    with candidate.raises(wanted, errno=errno):
        candidate.mmap.mmap(fd, 10, access=getattr(candidate.mmap, access))
    candidate.os.close(fd)


@clause("length.beyond-4-gib")
def test_beyond_4_gib(candidate):
    """A file of more than 4 GiB is mapped whole, where a pointer can reach it."""
    size = 4 * GIB + 4096 + 7
    f = candidate.file(b"")
    f.truncate(size)
    f.pwrite(b"end", size - 3)
    if candidate.profile.pointer_size < 8:
        with candidate.raises((ValueError, OSError), state=False):  # a sparse file is slow to read
            candidate.mmap.mmap(f.fd, 0)
        return
    m = candidate.mmap.mmap(f.fd, 0)
    assert len(m) == m.size() == size
    assert (m[size - 3 :], m[size - 1], m[-1]) == (b"end", ord("d"), ord("d"))
    assert m.find(b"end", size - 5000) == size - 3
    m[4 * GIB + 1] = 255
    assert candidate.os.pread(f.fd, 3, 4 * GIB) == b"\0\xff\0"
