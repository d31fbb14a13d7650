"""resize(): an error changes nothing, and private maps change no file."""

import errno
import os
import sys

import pytest

import mmap_reference
from mmap_reference import mmap

pytestmark = pytest.mark.skipif(
    not hasattr(mmap, "resize"), reason="there is no mremap on this system"
)


def state(m, file):
    """All that a failed operation must leave alone."""
    return len(m), m.tell(), m[:], os.fstat(file.fileno()).st_size


def test_to_nothing(file):
    """resize(0) is EINVAL, for every kind of map that can be resized."""
    for m in (
        mmap(file.fileno(), 0),
        mmap(file.fileno(), 100, access=mmap_reference.ACCESS_WRITE),
        mmap(file.fileno(), 0, flags=mmap_reference.MAP_PRIVATE),
        mmap(-1, 100),
        mmap(-1, 100, flags=mmap_reference.MAP_PRIVATE),
    ):
        before = state(m, file)
        with pytest.raises(OSError) as caught:
            m.resize(0)
        assert caught.value.errno == errno.EINVAL
        assert state(m, file) == before


def test_file_that_may_not_shrink(page):
    """ftruncate fails: the map keeps its length and its end."""
    fcntl = pytest.importorskip("fcntl")
    if not hasattr(os, "memfd_create"):
        pytest.skip("no memfd_create")
    fd = os.memfd_create("sealed", os.MFD_ALLOW_SEALING)
    with open(fd, "w+b", buffering=0) as file:
        file.write(b"abc" * page)
        m = mmap(fd, 0)
        m.seek(10)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        before = state(m, file)
        for size in (1, page, 2 * page, 3 * page + 1, 100 * page):
            with pytest.raises(PermissionError):
                m.resize(size)
            assert state(m, file) == before
        m.resize(3 * page)


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ elsewhere")
def test_limits(run_python):
    """No room for the mapping, or for the file: nothing has changed."""
    program = """
import os, resource, tempfile
from mmap_reference import mmap
def state():
    return len(m), m.tell(), m[:], os.fstat(file.fileno()).st_size
file = tempfile.TemporaryFile()
file.write(bytes(range(250)) * 100); file.flush()
m = mmap(file.fileno(), 0)
m.seek(100)
before = state()
resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))
try:
    m.resize(60000)
except OSError as error:
    print(error.errno)
assert state() == before
m.resize(50000)
m.resize(25000)
assert state() == before
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, used + 2**26))
resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))
for size in (2**30, 2**40, 2**62, 2**63 - 1):
    try:
        m.resize(size)
    except OSError as error:
        print(error.errno)
    assert state() == before, size
"""
    numbers = [int(line) for line in run_python(program).split()]
    assert len(numbers) == 5
    assert numbers[0] == errno.EFBIG
    assert set(numbers[1:]) <= {errno.ENOMEM, errno.EINVAL, errno.EFBIG}


@pytest.mark.parametrize("size", [1, 100, 4096, 3 * 4096, 3 * 4096 + 1, 50 * 4096])
@pytest.mark.parametrize("length", [0, 1, 4096, 5000])
def test_private_map_of_a_file(file, length, size):
    """The file is left alone; private changes move along; the rest is the
    file's, or 0 behind its end."""
    content = os.pread(file.fileno(), 10**6, 0)
    m = mmap(file.fileno(), length, flags=mmap_reference.MAP_PRIVATE)
    m[0] = 200
    m.resize(size)
    expected = (b"\xc8" + content[1:]).ljust(size, b"\0")[:size]
    if size > len(content):
        # Behind its old end the map need not show the file.
        old = length or len(content)
        assert m[:old] == expected[:old]
        assert m[len(content) :] == expected[len(content) :]
    else:
        assert m[:] == expected
    m.resize(size + 5000)
    assert m[0] == 200
    assert len(m) == size + 5000
    assert m.size() == len(content)
    assert os.pread(file.fileno(), 10**6, 0) == content


def test_private_map_with_an_offset(file, page):
    """The end of the file counts from the offset, and nothing behind it is
    touched."""
    m = mmap(file.fileno(), page, flags=mmap_reference.MAP_PRIVATE, offset=page)
    m.resize(2 * page)
    assert m[page:] == os.pread(file.fileno(), page, 2 * page)
    m.resize(3 * page)
    assert m[2 * page :] == bytes(page)
    assert os.fstat(file.fileno()).st_size == 3 * page


def test_anonymous_memory_with_a_descriptor(file, page):
    """MAP_ANONYMOUS and a file: size() tells the file's, nothing sets it."""
    before = os.fstat(file.fileno()).st_size
    flags = mmap_reference.MAP_ANONYMOUS | mmap_reference.MAP_PRIVATE
    m = mmap(file.fileno(), page, flags=flags)
    assert m[:] == bytes(page)
    m.resize(10 * page)
    m.resize(5)
    assert (len(m), m.size()) == (5, before)

    flags = mmap_reference.MAP_ANONYMOUS | mmap_reference.MAP_SHARED
    m = mmap(file.fileno(), page, flags=flags)
    with pytest.raises(ValueError):
        m.resize(page + 1)
    m.resize(page - 1)
    assert (len(m), m.size()) == (page - 1, before)


def test_partial_map(file, page):
    """A shared file ends where the map ends, as it does in CPython."""
    m = mmap(file.fileno(), page)
    m.resize(2 * page)
    assert os.fstat(file.fileno()).st_size == 2 * page
    m = mmap(file.fileno(), 0, offset=page)
    m.resize(10)
    assert os.fstat(file.fileno()).st_size == page + 10
