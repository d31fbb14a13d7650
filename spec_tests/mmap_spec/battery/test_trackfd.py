"""trackfd=False: a map that keeps no descriptor of its own."""

from __future__ import annotations

from functools import partial

import pytest

from mmap_spec.candidate import calls
from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, is_readonly
from mmap_spec.strategies import pattern

SIZE = 5000  # bytes: two pages, the second not full


def untracked(candidate, f, length=0, **kwargs):
    """A map of the file without a descriptor of its own."""
    return candidate.mmap.mmap(f.fd, length, trackfd=False, **kwargs)


# -- the parameter ----------------------------------------------------------


@clause("trackfd.absent")
@pytest.mark.parametrize("trackfd", [True, False])
def test_absent(candidate, trackfd):
    """Before 3.13 there is no parameter trackfd."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, trackfd=trackfd)


@clause("trackfd.absent-windows")
@pytest.mark.parametrize("trackfd", [True, False])
def test_absent_on_windows(candidate, trackfd):
    """On Windows there is no parameter trackfd before 3.15."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, trackfd=trackfd)


@clause("trackfd.true")
@pytest.mark.parametrize("given", [{}, {"trackfd": True}])
def test_true(candidate, given):
    """trackfd=True is the default: the map has a descriptor of its own."""
    f = candidate.file(pattern(SIZE))
    before = candidate.state()["descriptors"]
    m = candidate.mmap.mmap(f.fd, 0, **given)
    assert candidate.state()["descriptors"] == before + 1
    f.close()
    assert m.size() == SIZE


@clause("trackfd.keyword-only")
@pytest.mark.parametrize("trackfd", [True, False])
def test_keyword_only(candidate, trackfd):
    """trackfd is accepted by keyword only."""
    module = candidate.mmap
    both = module.PROT_READ | module.PROT_WRITE
    with candidate.raises(TypeError):
        module.mmap(-1, 10, module.MAP_SHARED, both, 0, 0, trackfd)
    assert len(module.mmap(-1, 10, module.MAP_SHARED, both, 0, 0, trackfd=trackfd)) == 10


@clause("trackfd.no-descriptor")
@each_access
def test_no_descriptor(candidate, access):
    """With trackfd=False the map has no descriptor of its own."""
    f = candidate.file(pattern(SIZE))
    before = candidate.state()["descriptors"]
    m = untracked(candidate, f, access=getattr(candidate.mmap, access))
    assert candidate.state()["descriptors"] == before
    m.close()
    assert candidate.state()["descriptors"] == before


@clause("trackfd.truth")
@pytest.mark.parametrize("value", [0, 1, 2, -1, 2**70, None, "", "x", [], [0], 0.0])
def test_truth(candidate, value):
    """trackfd takes any object by its truth value."""
    f = candidate.file(pattern(SIZE))
    before = candidate.state()["descriptors"]
    m = candidate.mmap.mmap(f.fd, 0, trackfd=value)
    assert candidate.state()["descriptors"] == before + bool(value)
    m.close()


@clause("trackfd.truth")
@pytest.mark.parametrize("value", [False, True])
def test_truth_of_an_object(candidate, value):
    """The truth value of an object is what its `__bool__` says."""
    f = candidate.file(pattern(SIZE))
    before = candidate.state()["descriptors"]
    given = candidate.hostile(value, slot="__bool__")
    m = candidate.mmap.mmap(f.fd, 0, trackfd=given)
    assert (candidate.state()["descriptors"], calls(given)) == (before + value, 1)
    m.close()


@clause("trackfd.truth-raises")
@pytest.mark.parametrize("length", [0, -1])
def test_truth_raises(candidate, length):
    """An exception raised while the truth value is asked propagates, before any check."""
    f = candidate.file(pattern(SIZE))
    faulty = candidate.hostile(slot="__bool__", raises=ZeroDivisionError)
    with candidate.raises(ZeroDivisionError):
        candidate.mmap.mmap(f.fd, length, trackfd=faulty)


@clause("trackfd.truth-raises", "constructor.index-closes-descriptor")
def test_truth_closes_the_descriptor(candidate):
    """A descriptor that the truth value's `__bool__` closes is a bad descriptor."""
    f = candidate.file(pattern(SIZE))
    closing = candidate.hostile(False, do=[partial(candidate.os.close, f.fd)], slot="__bool__")
    with candidate.raises(OSError, errno="EBADF", state=False):  # a descriptor was closed
        candidate.mmap.mmap(f.fd, 0, trackfd=closing)


# -- what works as before ---------------------------------------------------


@clause("trackfd.contents")
@pytest.mark.parametrize(("length", "units"), [(0, 0), (10, 0), (0, 1), (10, 1)])
def test_contents(candidate, length, units):
    """With trackfd=False the map shows the file's contents, offset included."""
    unit = candidate.profile.granularity
    contents = pattern(unit + 500)
    m = untracked(candidate, candidate.file(contents), length, offset=units * unit)
    expected = contents[units * unit :]
    assert m[:] == (expected[:length] if length else expected)


@clause("trackfd.writes")
def test_writes(candidate):
    """With trackfd=False assignments reach the file, and flush() works."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f)
    m[4095:4098] = b"AAA"
    m.write(b"BB")
    assert m.flush() is None
    assert f.contents() == b"BB" + pattern(SIZE)[2:4095] + b"AAA" + pattern(SIZE)[4098:]


@clause("trackfd.access")
@each_access
def test_access(candidate, access):
    """trackfd=False changes nothing about what may be assigned, and where it goes."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f, access=getattr(candidate.mmap, access))
    assert is_readonly(candidate, m) is (access == "ACCESS_READ")
    if access == "ACCESS_READ":
        with candidate.raises(TypeError):
            m[0] = 255
        return
    m[0] = 255
    first = pattern(SIZE)[:1] if access == "ACCESS_COPY" else b"\xff"
    assert (m[0], f.contents()) == (255, first + pattern(SIZE)[1:])


@clause("trackfd.descriptor-closed")
def test_descriptor_closed(candidate):
    """With trackfd=False the map stays usable after the caller's descriptor was closed."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f)
    f.close()
    m[0:3] = b"AAA"
    m.move(10, 0, 3)
    m.flush()
    m.close()
    assert f.contents() == b"AAA" + pattern(SIZE)[3:10] + b"AAA" + pattern(SIZE)[13:]


@clause("trackfd.caller-descriptor-open")
def test_caller_descriptor_stays_open(candidate):
    """Closing a map made with trackfd=False does not close the caller's descriptor."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f)
    m.close()
    assert f.size() == SIZE


@clause("trackfd.caller-descriptor-open")
def test_caller_descriptor_stays_open_after_dealloc(candidate):
    """Dropping a map made with trackfd=False does not close the caller's descriptor."""
    f = candidate.file(pattern(SIZE))
    candidate.run("mmap.mmap(fd, 0, trackfd=False)", fd=int(f.fd))
    candidate.collect()
    assert f.size() == SIZE


@clause("trackfd.unlinked")
def test_unlinked(candidate):
    """With trackfd=False the map stays usable after the file is gone altogether."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f)
    candidate.os.unlink(f.path)
    f.close()
    m[0:3] = b"AAA"
    assert m[:] == b"AAA" + pattern(SIZE)[3:]


@clause("trackfd.checks")
@pytest.mark.parametrize(
    ("fileno", "wanted", "errno"), [(999, OSError, "EBADF"), (-2, OSError, "EBADF")]
)
@pytest.mark.parametrize("length", [0, 10])
def test_bad_descriptor(candidate, fileno, wanted, errno, length):
    """A bad descriptor is refused with trackfd=False too."""
    with candidate.raises(wanted, errno=errno):
        candidate.mmap.mmap(fileno, length, trackfd=False)


@clause("trackfd.checks")
@pytest.mark.parametrize(
    ("wanted", "mode", "given"),
    [
        (ValueError, "r+b", {"length": SIZE + 1}),
        (ValueError, "r+b", {"length": 0, "offset": 1 << 20}),
        (OverflowError, "r+b", {"length": -1}),
        (ValueError, "r+b", {"length": 0, "access": 4}),
        (OSError, "r+b", {"length": 10, "offset": 1}),
        (PermissionError, "rb", {"length": 0}),
        (PermissionError, "wb", {"length": 0, "access": 1}),
    ],
)
def test_checks(candidate, wanted, mode, given):
    """The other checks are made with trackfd=False too."""
    f = candidate.file(pattern(SIZE), mode)
    with candidate.raises(wanted):
        candidate.mmap.mmap(f.fd, trackfd=False, **given)


@clause("trackfd.checks")
def test_empty_file(candidate):
    """An empty file is refused with trackfd=False too."""
    f = candidate.file(b"")
    with candidate.raises(ValueError):
        candidate.mmap.mmap(f.fd, 0, trackfd=False)


@clause("trackfd.anonymous")
@pytest.mark.parametrize("trackfd", [False, True])
def test_anonymous(candidate, trackfd):
    """trackfd is accepted for an anonymous map, and makes no difference to its contents."""
    m = candidate.mmap.mmap(-1, SIZE, trackfd=trackfd)
    assert m[:] == bytes(SIZE)
    m[:] = pattern(SIZE)
    assert m[:] == pattern(SIZE)


@clause("trackfd.anonymous", "anonymous.fork-shared")
def test_anonymous_is_shared(candidate):
    """The memory of an anonymous map is shared with a forked child as ever."""
    m = candidate.mmap.mmap(-1, SIZE, trackfd=False)
    source = """
        import os
        child = os.fork()
        if child == 0:
            m[:3] = b"AAA"
            os._exit(0)
        os.waitpid(child, 0)
        result = m[:3]
        """
    assert candidate.run(source, m=m) == b"AAA"


@clause("trackfd.contents", "type.repr")
def test_repr(candidate):
    """The repr() of a map does not show whether it keeps a descriptor."""
    f = candidate.file(pattern(SIZE))
    one, two = untracked(candidate, f), candidate.mmap.mmap(f.fd, 0)
    assert candidate.builtins.repr(one) == candidate.builtins.repr(two)


# -- what needs the descriptor ----------------------------------------------


@clause("trackfd.resize")
@pytest.mark.parametrize("length", [1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE])
def test_resize(candidate, length):
    """resize() raises ValueError, also to its own size, and leaves the file as it is."""
    m = untracked(candidate, candidate.file(pattern(SIZE)))
    with candidate.raises(ValueError):
        m.resize(length)


@clause("trackfd.resize")
@pytest.mark.parametrize(("size", "error"), [("x", TypeError), (2**70, OverflowError)])
def test_resize_converts_first(candidate, size, error):
    """A size that is no ssize_t is refused as ever."""
    m = untracked(candidate, candidate.file(pattern(SIZE)))
    with candidate.raises(error):
        m.resize(size)


@clause("trackfd.resize-anonymous")
@pytest.mark.parametrize("length", [1, SIZE, 3 * SIZE])
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
def test_resize_anonymous(candidate, length, flags):
    """resize() of an anonymous map made with trackfd=False raises ValueError."""
    m = candidate.mmap.mmap(-1, SIZE, flags=getattr(candidate.mmap, flags), trackfd=False)
    with candidate.raises(ValueError):
        m.resize(length)


@clause("trackfd.resize-before-access")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
def test_resize_before_access(candidate, access):
    """resize() of a map that could not be resized anyway raises the ValueError of trackfd."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f, access=getattr(candidate.mmap, access))
    with candidate.raises(ValueError):
        m.resize(10)


@clause("trackfd.resize-after-exports")
def test_resize_after_exports(candidate):
    """resize() raises BufferError while a buffer is exported."""
    m = untracked(candidate, candidate.file(pattern(SIZE)))
    candidate.run(
        """
        with memoryview(m):
            try:
                m.resize(10)
            except BufferError:
                pass
            else:
                raise AssertionError("resized")
        """,
        m=m,
    )


@clause("trackfd.size-old")
@pytest.mark.parametrize("anonymous", [False, True])
def test_size_old(candidate, anonymous):
    """size() of a map made with trackfd=False raises OSError EBADF."""
    fileno = -1 if anonymous else candidate.file(pattern(SIZE)).fd
    m = candidate.mmap.mmap(fileno, SIZE, trackfd=False)
    with candidate.raises(OSError, errno="EBADF"):
        m.size()


@clause("trackfd.size")
@each_access
def test_size(candidate, access):
    """size() of a map made with trackfd=False raises ValueError."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f, access=getattr(candidate.mmap, access))
    with candidate.raises(ValueError):
        m.size()


@clause("trackfd.size-anonymous")
def test_size_anonymous(candidate):
    """size() of an anonymous map made with trackfd=False raises ValueError."""
    m = candidate.mmap.mmap(-1, SIZE, trackfd=False)
    with candidate.raises(ValueError):
        m.size()


@clause("trackfd.closed")
def test_closed(candidate):
    """size() of a closed map made with trackfd=False raises ValueError."""
    m = untracked(candidate, candidate.file(pattern(SIZE)))
    m.close()
    with candidate.raises(ValueError):
        m.size()
    with candidate.raises(ValueError):
        m.read()


# -- Windows ----------------------------------------------------------------


@clause("trackfd.windows")
def test_windows(candidate):
    """On Windows trackfd=False makes a map whose writes reach the file."""
    f = candidate.file(pattern(SIZE))
    m = untracked(candidate, f)
    assert m[:] == pattern(SIZE)
    m[0:3] = b"AAA"
    assert f.contents() == b"AAA" + pattern(SIZE)[3:]


@clause("trackfd.windows-size")
def test_windows_size(candidate):
    """On Windows size() with trackfd=False raises ValueError."""
    m = untracked(candidate, candidate.file(pattern(SIZE)))
    with candidate.raises(ValueError):
        m.size()


@clause("trackfd.windows-resize")
@pytest.mark.parametrize("length", [10, SIZE, 3 * SIZE])
def test_windows_resize(candidate, length):
    """On Windows resize() with trackfd=False raises ValueError."""
    m = untracked(candidate, candidate.file(pattern(SIZE)))
    with candidate.raises(ValueError):
        m.resize(length)
