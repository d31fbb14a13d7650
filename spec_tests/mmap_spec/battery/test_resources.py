"""Limits of the process and seals of a file: what fails for them leaves everything as it was."""

from __future__ import annotations

import textwrap

import pytest

from mmap_spec.clauses import clause
from mmap_spec.strategies import pattern

# A program under a lowered limit, which is put back whatever happens.  Its variables are globals.
LIMITED = """
import errno, os, resource

def descriptors():
    return len(os.listdir("/proc/self/fd"))

def mappings():
    with open("/proc/self/maps") as stream:
        return len(stream.readlines())

def refused(kind, function, *arguments, **keywords):
    try:
        function(*arguments, **keywords)
    except kind as error:
        return errno.errorcode.get(getattr(error, "errno", None), True)
    return False

def body():
    {body}

{value}
limits = resource.getrlimit(resource.{limit})
resource.setrlimit(resource.{limit}, (value, limits[1]))
try:
    result = body()
finally:
    resource.setrlimit(resource.{limit}, limits)
"""
# Descriptors at and above the limit stay open; a new one would get the lowest free number.
NO_DESCRIPTOR = """
last = os.open(os.devnull, os.O_RDONLY)
os.close(last)
value = last
"""
MEMORY = """
with open("/proc/self/statm") as stream:
    value = int(stream.read().split()[0]) * resource.getpagesize() + {more}
"""


def limited(candidate, limit, value, body, **names):
    """The result of ``body``, run under a limit that the lines of ``value`` find."""
    body = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ").strip()
    return candidate.run(LIMITED.format(body=body, limit=limit, value=value), **names)


def without_descriptors(candidate, body, **names):
    """The result of ``body`` where the process can open no further descriptor."""
    return limited(candidate, "RLIMIT_NOFILE", NO_DESCRIPTOR, body, **names)


def in_little_memory(candidate, body, more=1 << 26, **names):
    """The result of ``body`` where the process can map ``more`` bytes."""
    return limited(candidate, "RLIMIT_AS", MEMORY.format(more=more), body, **names)


@clause("resources.no-descriptor")
def test_no_descriptor(candidate):
    """A map of a file raises OSError EMFILE where there is no descriptor for it."""
    body = """
        return [refused(OSError, mmap.mmap, fd, 0, access=access) for access in range(4)]
        """
    before = candidate.state()
    fd = candidate.file(pattern(5000)).fd
    assert without_descriptors(candidate, body, fd=fd) == ["EMFILE"] * 4
    assert candidate.state()["descriptors"] == before["descriptors"] + 1


@clause("resources.no-descriptor-mapping")
def test_no_mapping_left(candidate):
    """A construction that found no descriptor leaves no mapping behind."""
    body = """
        before = mappings_without_descriptor()
        for _ in range(20):
            refused(OSError, mmap.mmap, fd, 0)
        return mappings_without_descriptor() - before
        """
    stream = "maps = os.open('/proc/self/maps', os.O_RDONLY)\n" + NO_DESCRIPTOR
    helper = """
        def mappings_without_descriptor():
            os.lseek(maps, 0, os.SEEK_SET)
            parts = iter(lambda: os.read(maps, 1 << 16), b"")
            return b"".join(parts).count(b"\\n")
        """
    text = textwrap.dedent(helper) + stream
    fd = candidate.file(pattern(5000)).fd
    assert limited(candidate, "RLIMIT_NOFILE", text, body, fd=fd) <= 2


@clause("resources.no-descriptor-anonymous")
def test_anonymous_map_without_descriptor(candidate):
    """An anonymous map needs no descriptor."""
    body = """
        m = mmap.mmap(-1, 5000)
        m[4999] = 65
        return m[4998:]
        """
    assert without_descriptors(candidate, body) == b"\x00A"


@clause("resources.no-descriptor-untracked")
def test_untracked_map_without_descriptor(candidate):
    """A map with trackfd=False needs no descriptor."""
    body = "return mmap.mmap(fd, 0, trackfd=False)[:]"
    fd = candidate.file(pattern(5000)).fd
    assert without_descriptors(candidate, body, fd=fd) == pattern(5000)


@clause("resources.no-descriptor-methods")
def test_methods_without_descriptor(candidate):
    """size(), resize(), flush() and close() need no further descriptor."""
    body = """
        m.resize(9000)
        m.flush()
        size = m.size()
        m.close()
        return size, m.closed
        """
    file = candidate.file(pattern(5000))
    m = candidate.mmap.mmap(file.fd, 0)
    assert without_descriptors(candidate, body, m=m) == (9000, True)
    assert file.size() == 9000


@clause("resources.no-address-space")
@pytest.mark.parametrize("anonymous", [False, True])
def test_no_address_space(candidate, anonymous):
    """A construction raises OSError ENOMEM where the address space does not suffice."""
    size = 1 << 27
    file = candidate.file(b"")
    file.truncate(size)
    body = """
        before = descriptors(), mappings()
        found = refused(OSError, mmap.mmap, fd, size)
        return found, descriptors() - before[0], mappings() - before[1]
        """
    found, opened, mapped = in_little_memory(
        candidate, body, fd=-1 if anonymous else file.fd, size=size
    )
    assert (found, opened) == ("ENOMEM", 0)
    assert mapped <= 2  # the interpreter's own memory


LARGE = ["m[:]", "m[1:]", "m[::2]", "m.read()", "m.read(len(m))", "m.readline()"]


@clause("resources.no-memory-for-result")
@pytest.mark.parametrize("code", LARGE)
def test_no_memory_for_the_result(candidate, code):
    """What returns bytes raises MemoryError where there is no memory for them."""
    m = candidate.mmap.mmap(-1, 1 << 28)
    body = f"return refused(MemoryError, lambda: {code}), m.closed, len(m)"
    assert in_little_memory(candidate, body, m=m) == (True, False, 1 << 28)
    m[5:8] = b"abc"
    assert m[4:9] == b"\x00abc\x00"


@clause("resources.position-without-memory")
@pytest.mark.parametrize("code", LARGE[3:])
def test_position_without_memory(candidate, code):
    """read() and readline() that find no memory for their result keep the position."""
    m = candidate.mmap.mmap(-1, 1 << 28)
    m.seek(5)
    body = f"return refused(MemoryError, lambda: {code}), m.tell()"
    assert in_little_memory(candidate, body, m=m) == (True, 5)


@clause("resources.no-memory-in-place")
def test_works_in_place(candidate):
    """move(), find(), write() and slices with a map as the source need no memory of that size."""
    m = candidate.mmap.mmap(-1, 1 << 25)
    m[-5:] = b"abcde"
    body = """
        m.move(5, 0, len(m) // 2)
        m.move(0, 5, len(m) // 2)
        found = m.find(b"cd", 0), m.rfind(b"cd", 0)
        m.seek(0)
        m[: len(m) // 2] = memoryview(m)[len(m) // 2 :]
        return found, m[len(m) // 2 - 5 : len(m) // 2]
        """
    place = (1 << 25) - 3
    assert in_little_memory(candidate, body, more=1 << 23, m=m) == ((place, place), b"abcde")


# -- seals ------------------------------------------------------------------

SHRINK, GROW, WRITE = 2, 4, 8  # F_SEAL_*, and F_ADD_SEALS of Linux: `fcntl` has them from 3.9 on
ADD_SEALS = 1033


def sealed(candidate, seals):
    """A memory file of 5000 bytes with seals."""
    fd = candidate.os.memfd_create("sealed", 2)
    candidate.os.write(fd, pattern(5000))
    candidate.module("fcntl").fcntl(fd, ADD_SEALS, seals)
    return fd


@clause("resources.sealed-write")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
def test_sealed_against_writing(candidate, access):
    """A file sealed against writing cannot be mapped for writing."""
    fd = sealed(candidate, WRITE)
    with candidate.raises(PermissionError):
        candidate.mmap.mmap(fd, 0, access=getattr(candidate.mmap, access))
    candidate.os.close(fd)


@clause("resources.sealed-copy")
def test_copy_of_a_sealed_file(candidate):
    """A file sealed against writing can be mapped with ACCESS_COPY."""
    fd = sealed(candidate, WRITE)
    m = candidate.mmap.mmap(fd, 0, access=candidate.mmap.ACCESS_COPY)
    m[0:3] = b"AAA"
    assert (m[:4], candidate.os.pread(fd, 4, 0)) == (b"AAA" + pattern(4)[3:], pattern(4))
    candidate.os.close(fd)


@clause("resources.sealed-size")
@pytest.mark.parametrize("size", [1, 4096, 4999, 5001, 9000])
def test_sealed_size(candidate, size):
    """resize() raises PermissionError, and changes nothing, where the file's size is sealed."""
    fd = sealed(candidate, SHRINK | GROW)
    m = candidate.mmap.mmap(fd, 0)
    with candidate.raises(PermissionError):
        m.resize(size)
    m[0] = 65
    assert (m[:], m.size()) == (b"A" + pattern(5000)[1:], 5000)
    candidate.os.close(fd)
