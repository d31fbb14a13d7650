"""Construction that fails leaves nothing behind."""

import os

import pytest

import mmap_reference
from mmap_reference import mmap


def is_open(fd):
    """Is this the number of an open descriptor?"""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def descriptors():
    """The open descriptors of this process; the lowest numbers are used first."""
    return {fd for fd in range(256) if is_open(fd)}


class Boom:
    """An argument that cannot be converted."""

    def __index__(self):
        raise ZeroDivisionError

    __bool__ = __index__


FAILURES = {
    "length type": (TypeError, lambda fd, page: mmap(fd, "x")),
    "length negative": (OverflowError, lambda fd, page: mmap(fd, -1)),
    "length huge": (OverflowError, lambda fd, page: mmap(fd, 2**64)),
    "length over file": (ValueError, lambda fd, page: mmap(fd, 3 * page + 1)),
    "length over memory": (OSError, lambda fd, page: mmap(-1, 2**62)),
    "length 0 of memory": (OSError, lambda fd, page: mmap(-1, 0)),
    "offset negative": (OverflowError, lambda fd, page: mmap(fd, 0, offset=-1)),
    "offset unaligned": (OSError, lambda fd, page: mmap(fd, 1, offset=1)),
    "offset over file": (ValueError, lambda fd, page: mmap(fd, 0, offset=3 * page)),
    "offset far over file": (
        ValueError,
        lambda fd, page: mmap(fd, 1, offset=2**63 - page),
    ),
    "access unknown": (ValueError, lambda fd, page: mmap(fd, 0, access=4)),
    "access with prot": (ValueError, lambda fd, page: mmap(fd, 0, prot=1, access=1)),
    "access with flags": (ValueError, lambda fd, page: mmap(fd, 0, flags=2, access=1)),
    "flags": (OSError, lambda fd, page: mmap(fd, 0, flags=0)),
    "descriptor": (OSError, lambda fd, page: mmap(987654, 1)),
    "descriptor -2": (OSError, lambda fd, page: mmap(-2, 1)),
    "descriptor -2 untracked": (OSError, lambda fd, page: mmap(-2, 1, trackfd=False)),
    "fileno": (ZeroDivisionError, lambda fd, page: mmap(Boom(), 1)),
    "trackfd": (ZeroDivisionError, lambda fd, page: mmap(fd, 1, trackfd=Boom())),
    "keyword": (TypeError, lambda fd, page: mmap(fd, 0, name="x")),
    "count": (TypeError, lambda fd, page: mmap(fd, 0, 1, 3, 0, 0, True)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_no_descriptor_is_left(name, file, page):
    """Nor is one missing."""
    error, make = FAILURES[name]
    before = descriptors()
    with pytest.raises(error):
        make(file.fileno(), page)
    assert descriptors() == before


def test_files_that_cannot_be_mapped(tmp_path):
    """Read-only, write-only, empty, directory, pipe, device."""
    before = descriptors()
    path = tmp_path / "file"
    path.write_bytes(b"x" * 10)
    empty = tmp_path / "empty"
    empty.touch()
    for name, flags, error in [
        (path, os.O_RDONLY, OSError),
        (path, os.O_WRONLY, OSError),
        (empty, os.O_RDWR, ValueError),
        (tmp_path, os.O_RDONLY, OSError),
        ("/dev/null", os.O_RDWR, OSError),
    ]:
        fd = os.open(name, flags)
        for track in (True, False):
            with pytest.raises(error):
                mmap(fd, 10 if error is OSError else 0, trackfd=track)
        os.close(fd)
    ends = os.pipe()
    with pytest.raises(OSError):
        mmap(ends[0], 10)
    for fd in ends:
        os.close(fd)
    assert descriptors() == before


def test_descriptor_of_its_own(file):
    """One while the map is open, not inheritable; none with trackfd=False."""
    before = descriptors()
    m = mmap(file.fileno(), 0)
    (kept,) = descriptors() - before
    assert not os.get_inheritable(kept)
    m.close()
    assert descriptors() == before
    with mmap(file.fileno(), 0, trackfd=False), mmap(-1, 10):
        assert descriptors() == before


def mapped(path):
    """How often this process has a file mapped."""
    with open("/proc/self/maps") as maps:
        return maps.read().count(str(path))


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="no /proc")
def test_memory_is_given_back(file):
    """By close, and by freeing the object."""
    before = descriptors()
    m = mmap(file.fileno(), 0)
    assert mapped(file.name) == 1
    m.close()
    assert mapped(file.name) == 0
    m = mmap(file.fileno(), 0)
    assert mapped(file.name) == 1
    del m
    assert mapped(file.name) == 0
    assert descriptors() == before


def test_audit_hook_that_refuses(run_python):
    """Its exception propagates; the event has what was asked for."""
    program = """
import os, sys, tempfile, mmap_reference
seen = []
def hook(event, args):
    if event == "mmap.__new__":
        seen.append(args)
        if args[1] == 7:
            raise ZeroDivisionError
sys.addaudithook(hook)
with tempfile.TemporaryFile() as file:
    file.truncate(9000)
    fd = file.fileno()
    before = len(os.listdir("/dev/fd"))
    for bad in (dict(length=-1), dict(length=1, offset=-1),
                dict(length=1, access=9), dict(length="x")):
        try:
            mmap_reference.mmap(fd, **bad)
        except (OverflowError, ValueError, TypeError):
            pass
    assert seen == [], seen
    try:
        mmap_reference.mmap(fd, 7)
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError
    assert len(os.listdir("/dev/fd")) == before
    mmap_reference.mmap(fd, 0, prot=mmap_reference.PROT_READ).close()
    assert seen == [(fd, 7, 0, 0), (fd, 0, 1, 0)], seen
"""
    run_python(program)


def test_no_half_made_object():
    """A subclass's __del__ never sees a map whose construction failed."""
    seen = []

    class Seen(mmap):
        def __del__(self):
            seen.append(self)

    for arguments in [(-2, 1), (-1, 0), (-1, -1), (-1, 2**62)]:
        with pytest.raises((OSError, OverflowError)):
            Seen(*arguments)
    assert seen == []
    Seen(-1, 1)
    assert len(seen) == 1


def test_construction_goes_through_new():
    """__init__ is object's, and takes whatever it is given."""
    m = mmap(-1, 5)
    assert m.__init__(1, 2, x=3) is None
    assert len(m) == 5
    assert mmap.__init__ is object.__init__


def test_device_without_size():
    """A size of 0 says nothing about what is not a regular file."""
    fd = os.open("/dev/zero", os.O_RDWR)
    try:
        with mmap(fd, 5000, access=mmap_reference.ACCESS_COPY) as m:
            m[4999] = 1
            assert m.size() == os.fstat(fd).st_size
    finally:
        os.close(fd)
