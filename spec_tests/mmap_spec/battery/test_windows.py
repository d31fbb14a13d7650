"""What is different on Windows.  resize() there is in test_resize, trackfd in test_trackfd."""

from __future__ import annotations

import pytest

from mmap_spec.clauses import clause
from mmap_spec.strategies import pattern

UNIX_PREFIXES = ("MAP_", "PROT_", "MADV_", "MS_")


def tag(candidate, end=""):
    """A tag that no other process uses."""
    return f"mmap-spec-{candidate.os.getpid()}{end}"


# -- signature and contents of the module -----------------------------------


@clause("windows.positions")
def test_positions(candidate):
    """The positional order is fileno, length, tagname, access, offset."""
    granularity = candidate.profile.granularity
    f = candidate.file(pattern(granularity + 10))
    read = candidate.mmap.ACCESS_READ
    m = candidate.mmap.mmap(f.fd, 5, None, read, granularity)
    assert m[:] == pattern(granularity + 10)[granularity:][:5]
    with candidate.raises(TypeError):
        m[0] = 1


@clause("windows.too-many")
@pytest.mark.parametrize("more", [[0], [True], [True, 0]])
def test_too_many(candidate, more):
    """A sixth positional argument raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, None, 0, 0, *more)


@clause("windows.no-flags")
@pytest.mark.parametrize("name", ["flags", "prot"])
def test_no_flags(candidate, name):
    """The parameters flags and prot do not exist."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, **{name: 1})


@clause("windows.no-unix-constants")
def test_no_unix_constants(candidate):
    """No name begins with MAP_, PROT_, MADV_ or MS_."""
    names = candidate.builtins.dir(candidate.mmap)
    assert [name for name in names if name.startswith(UNIX_PREFIXES)] == []


@clause("windows.no-madvise")
def test_no_madvise(candidate):
    """The class has no method madvise."""
    assert "madvise" not in candidate.builtins.dir(candidate.mmap.mmap)


@clause("windows.no-set-name")
def test_no_set_name(candidate):
    """The class has no method set_name."""
    assert "set_name" not in candidate.builtins.dir(candidate.mmap.mmap)


@clause("windows.granularity")
def test_granularity(candidate):
    """ALLOCATIONGRANULARITY is 65536."""
    assert candidate.mmap.ALLOCATIONGRANULARITY == 65536


SYSTEM = """
import ctypes, struct
found = ctypes.create_string_buffer(64)     # a SYSTEM_INFO
ctypes.windll.kernel32.GetSystemInfo(found)
result, = struct.unpack_from("<L", found, 4)
"""


@clause("windows.pagesize")
def test_page_size(candidate):
    """On Windows PAGESIZE is the page size that the system reports."""
    assert candidate.run(SYSTEM) == candidate.mmap.PAGESIZE


# -- anonymous --------------------------------------------------------------


@clause("windows.fileno-zero")
@pytest.mark.parametrize("length", [10, 5000])
def test_fileno_zero(candidate, length):
    """fileno 0 means anonymous, as -1 does."""
    m = candidate.mmap.mmap(0, length)
    assert m[:] == bytes(length)
    m[:] = pattern(length)
    assert m[:] == pattern(length)


@clause("windows.other-negative")
def test_other_negative(candidate):
    """No other negative fileno than -1 means anonymous."""
    for fileno in (-2, -3, -100, -candidate.profile.int_max - 1):
        with candidate.raises(OSError, errno="EBADF"):
            candidate.mmap.mmap(fileno, 10)


@clause("windows.anonymous-zero-length")
@pytest.mark.parametrize("fileno", [-1, 0])
def test_anonymous_zero_length(candidate, fileno):
    """An anonymous map of length 0 raises OSError."""
    with candidate.raises(OSError):
        candidate.mmap.mmap(fileno, 0)


@clause("windows.anonymous-zero-length-number")
def test_anonymous_zero_length_number(candidate):
    """The OSError of an anonymous map of length 0 has winerror 87."""
    with candidate.raises(OSError, winerror=87):
        candidate.mmap.mmap(-1, 0)


# -- a length beyond the file's end -----------------------------------------


@clause("windows.extends")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
@pytest.mark.parametrize("length", [11, 5000, 70000])
def test_extends(candidate, access, length):
    """A length beyond the file's end extends the file to that length."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, length, access=getattr(candidate.mmap, access))
    assert (len(m), m.size(), f.size()) == (length,) * 3


@clause("windows.extends-keeps")
@pytest.mark.parametrize("length", [11, 5000])
def test_extending_keeps_the_contents(candidate, length):
    """What was in the file stays there when a construction extends it."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, length)
    assert m[:10] == pattern(10)
    m.close()
    assert f.contents()[:10] == pattern(10)


@clause("windows.extends-zeros")
@pytest.mark.parametrize("length", [11, 5000])
def test_extends_with_zeros(candidate, length):
    """The extended part of the file is made of zeros."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, length)
    assert m[10:] == bytes(length - 10)


@clause("windows.extends-offset")
@pytest.mark.parametrize("size", [100, 65536, 65540])
def test_extends_with_an_offset(candidate, size):
    """With an offset the file is extended to offset+length."""
    unit = candidate.profile.granularity
    f = candidate.file(pattern(size))
    m = candidate.mmap.mmap(f.fd, 10, offset=unit)
    assert (len(m), f.size()) == (10, unit + 10)


@clause("windows.extends-empty")
@pytest.mark.parametrize("length", [1, 5000])
def test_extends_an_empty_file(candidate, length):
    """An empty file with a positive length is extended."""
    f = candidate.file(b"")
    m = candidate.mmap.mmap(f.fd, length)
    assert (m[:], f.size()) == (bytes(length), length)


@clause("windows.extends-not-read")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
@pytest.mark.parametrize("length", [11, 70000])
def test_does_not_extend_for_reading(candidate, access, length):
    """With ACCESS_READ or ACCESS_COPY a length beyond the file's end raises OSError."""
    f = candidate.file(pattern(10))
    with candidate.raises(OSError):
        candidate.mmap.mmap(f.fd, length, access=getattr(candidate.mmap, access))
    assert f.contents() == pattern(10)


@clause("windows.extends-not-read-number")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
def test_does_not_extend_for_reading_number(candidate, access):
    """The OSError has winerror 8."""
    f = candidate.file(pattern(10))
    with candidate.raises(OSError, winerror=8):
        candidate.mmap.mmap(f.fd, 11, access=getattr(candidate.mmap, access))


# -- offsets and descriptors ------------------------------------------------


@clause("windows.unaligned")
@pytest.mark.parametrize("offset", [1, 4096, 65535, 65537, 65536 + 4096])
@pytest.mark.parametrize("length", [0, 10])
def test_unaligned(candidate, offset, length):
    """An offset that is no multiple of ALLOCATIONGRANULARITY raises OSError."""
    f = candidate.file(pattern(140000))
    with candidate.raises(OSError):
        candidate.mmap.mmap(f.fd, length, offset=offset)


@clause("windows.unaligned-number")
@pytest.mark.parametrize("offset", [1, 4096])
def test_unaligned_number(candidate, offset):
    """The OSError for an unaligned offset has winerror 1132."""
    f = candidate.file(pattern(140000))
    with candidate.raises(OSError, winerror=1132):
        candidate.mmap.mmap(f.fd, 10, offset=offset)


@clause("windows.descriptor-rewound")
def test_descriptor_is_rewound(candidate):
    """A construction moves the descriptor's position to 0."""
    f = candidate.file(pattern(100))
    candidate.os.lseek(f.fd, 7, 0)
    m = candidate.mmap.mmap(f.fd, 0)
    assert (len(m), candidate.os.lseek(f.fd, 0, 1)) == (100, 0)


@clause("windows.bad-descriptor-number")
def test_bad_descriptor_number(candidate):
    """The OSError for a bad descriptor has no winerror."""
    with candidate.raises(OSError, errno="EBADF") as caught:
        candidate.mmap.mmap(999, 10)
    assert caught.value.remote["winerror"] is None


@clause("windows.permission-number")
@pytest.mark.parametrize(
    ("mode", "access"), [("rb", 0), ("rb", 2), ("wb", 0), ("wb", 1), ("wb", 3)]
)
def test_permission_number(candidate, mode, access):
    """The PermissionError for a descriptor that does not allow the access has winerror 5."""
    f = candidate.file(pattern(10), mode)
    with candidate.raises(PermissionError, winerror=5):
        candidate.mmap.mmap(f.fd, 0, access=access)


# -- the file while it is mapped --------------------------------------------


@clause("windows.unlink-refused")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_COPY"])
def test_unlink_is_refused(candidate, access):
    """A file cannot be removed while it is mapped, though its descriptor is closed."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))
    f.close()
    with candidate.raises(PermissionError):
        candidate.os.unlink(f.path)
    assert m[:] == f.contents() == pattern(10)


@clause("windows.rename-refused")
def test_rename_is_refused(candidate):
    """A file cannot be renamed while it is mapped."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 0)
    f.close()
    with candidate.raises(PermissionError):
        candidate.os.rename(f.path, f.path + ".other")
    assert m[:] == pattern(10)


@clause("windows.truncate-refused")
@pytest.mark.parametrize("size", [0, 5])
def test_truncate_is_refused(candidate, size):
    """A file cannot be made shorter while it is mapped."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 0)
    with candidate.raises(OSError):
        f.truncate(size)
    assert (m[:], f.size()) == (pattern(10), 10)


@clause("windows.unlink-after-close")
def test_unlink_after_close(candidate):
    """After close() the file can be removed."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 0)
    f.close()
    m.close()
    candidate.os.unlink(f.path)
    assert candidate.os.path.exists(f.path) is False


@clause("windows.unlink-after-failure")
@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (ValueError, {"length": 0, "access": 9}),
        (OSError, {"length": 5, "offset": 1}),
        (OSError, {"length": 11, "access": 1}),
    ],
)
def test_unlink_after_failure(candidate, wanted, given):
    """After a failed construction the file can be removed."""
    f = candidate.file(pattern(10))
    with candidate.raises(wanted):
        candidate.mmap.mmap(f.fd, **given)
    f.close()
    candidate.os.unlink(f.path)
    assert candidate.os.path.exists(f.path) is False


@clause("windows.growth-allowed")
def test_growth_is_allowed(candidate):
    """A file can grow while it is mapped; size() follows, and len() does not."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 0)
    f.truncate(5000)
    assert (m.size(), len(m), m[:]) == (5000, 10, pattern(10))


@clause("windows.growth-beside-map")
def test_growth_beside_another_map(candidate):
    """One map of a file can grow while another one is open."""
    f = candidate.file(pattern(9000))
    m = candidate.mmap.mmap(f.fd, 0)
    other = candidate.mmap.mmap(f.fd, 0)
    m.resize(20000)
    m[0] = 99
    assert (len(other), other.size(), other[0]) == (9000, 20000, 99)


# -- tags -------------------------------------------------------------------


@clause("windows.tagname-keyword")
def test_tagname_by_keyword(candidate):
    """tagname can be given by keyword."""
    first = candidate.mmap.mmap(-1, 10, tag(candidate))
    second = candidate.mmap.mmap(-1, 10, tagname=tag(candidate))
    first[:] = pattern(10)
    assert second[:] == pattern(10)


@clause("windows.tagname-none")
def test_tagname_none(candidate):
    """tagname=None makes a map without a tag: two of them share nothing."""
    first = candidate.mmap.mmap(-1, 10, tagname=None)
    second = candidate.mmap.mmap(-1, 10, None)
    first[:] = pattern(10)
    assert second[:] == bytes(10)


@clause("windows.tagname-type")
@pytest.mark.parametrize("tagname", [b"tag", 1, 0, 1.0, [], False])
def test_tagname_type(candidate, tagname):
    """A tagname that is neither str nor None raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, tagname=tagname)


@clause("windows.tagname-nul")
@pytest.mark.parametrize("tagname", ["\0", "a\0b", "a\0"])
def test_tagname_with_nul(candidate, tagname):
    """A tagname with a NUL character raises ValueError."""
    with candidate.raises(ValueError):
        candidate.mmap.mmap(-1, 10, tagname=tagname)


@clause("windows.tagname-shares")
@pytest.mark.parametrize("length", [10, 5000])
def test_tagname_shares(candidate, length):
    """Two maps of the same tag are the same memory."""
    first = candidate.mmap.mmap(-1, length, tagname=tag(candidate))
    second = candidate.mmap.mmap(-1, length, tagname=tag(candidate))
    first[:] = pattern(length)
    assert second[:] == pattern(length)
    second[0] = 255
    assert first[0] == 255


@clause("windows.tagname-differs")
def test_tagname_differs(candidate):
    """Maps of different tags share nothing."""
    first = candidate.mmap.mmap(-1, 10, tagname=tag(candidate, "a"))
    second = candidate.mmap.mmap(-1, 10, tagname=tag(candidate, "b"))
    first[:] = pattern(10)
    assert second[:] == bytes(10)


@clause("windows.tagname-non-ascii")
def test_tagname_non_ascii(candidate):
    """Tags beyond ASCII name memory as others do, and differ where their characters differ."""
    first = candidate.mmap.mmap(-1, 10, tagname=tag(candidate, "-\u0171\u4e2d"))
    same = candidate.mmap.mmap(-1, 10, tagname=tag(candidate, "-\u0171\u4e2d"))
    other = candidate.mmap.mmap(-1, 10, tagname=tag(candidate, "-\u0170\u4e2e"))
    first[:] = pattern(10)
    assert (same[:], other[:]) == (pattern(10), bytes(10))


@clause("windows.tagname-case")
def test_tagname_case(candidate):
    """Tags that differ in case only are different tags."""
    first = candidate.mmap.mmap(-1, 10, tagname=tag(candidate, "a"))
    second = candidate.mmap.mmap(-1, 10, tagname=tag(candidate, "A"))
    first[:] = pattern(10)
    assert second[:] == bytes(10)


@clause("windows.tagname-empty")
def test_tagname_empty(candidate):
    """An empty tagname is accepted."""
    assert len(candidate.mmap.mmap(-1, 10, tagname="")) == 10


@clause("windows.tagname-persists")
def test_tagname_persists(candidate):
    """The memory of a tag persists while one map of it is open, and no longer."""
    first = candidate.mmap.mmap(-1, 10, tagname=tag(candidate))
    first[:] = pattern(10)
    second = candidate.mmap.mmap(-1, 10, tagname=tag(candidate))
    first.close()
    assert second[:] == pattern(10)
    second.close()
    assert candidate.mmap.mmap(-1, 10, tagname=tag(candidate))[:] == bytes(10)


@clause("windows.tagname-larger")
def test_tagname_larger(candidate):
    """A second map of a tag that asks for more pages raises OSError."""
    page = candidate.profile.page_size
    first = candidate.mmap.mmap(-1, page, tagname=tag(candidate))
    first[:] = pattern(page)
    with candidate.raises(OSError):
        candidate.mmap.mmap(-1, 40 * page, tagname=tag(candidate))
    assert first[:] == pattern(page)


@clause("windows.tagname-of-file")
def test_tagname_of_a_file(candidate):
    """A tag given to a map of a file names that file's memory."""
    f = candidate.file(pattern(10))
    first = candidate.mmap.mmap(f.fd, 10, tagname=tag(candidate))
    second = candidate.mmap.mmap(-1, 10, tagname=tag(candidate))
    assert second[:] == first[:] == pattern(10)


# -- order of the checks ----------------------------------------------------


@clause("windows.access-invalid-before-negative")
def test_access_before_negative_length(candidate):
    """A bad access prevails over a negative length."""
    with candidate.raises(ValueError):
        candidate.mmap.mmap(-1, -1, access=9)


# -- handles ----------------------------------------------------------------

# The first round fills caches; Windows hands out small multiples of 4.
ROUNDS = """
import ctypes, gc

def open_handles():
    gc.collect()
    known, flags = ctypes.windll.kernel32.GetHandleInformation, ctypes.c_ulong()
    numbers = range(4, 1024, 4)
    return sum(known(ctypes.c_void_p(number), ctypes.byref(flags)) != 0 for number in numbers)

def once():
    try:
        {code}
    except (OSError, ValueError, TypeError):
        pass

once()
before = open_handles()
for _ in range(5):
    once()
result = open_handles() - before
"""


@clause("windows.handles")
@pytest.mark.parametrize(
    "code",
    [
        "mmap.mmap(fd, 0).close()",
        "mmap.mmap(fd, 0, tag)[0] = 1",
        "mmap.mmap(-1, 10, tag)[0] = 1",
        "mmap.mmap(fd, 10, offset=1)",
        "mmap.mmap(fd, 200, access=mmap.ACCESS_READ)",
        "mmap.mmap(fd, 10, access=9)",
        "m = mmap.mmap(fd, 0); m.resize(9000); m.resize(100)",
        "m = mmap.mmap(-1, 10); m.resize(100000)",
        "m = mmap.mmap(-1, 10, tag); m.resize(100000)",
        "m = mmap.mmap(fd, 0); n = mmap.mmap(fd, 0); m.resize(10)",
        "m = mmap.mmap(-1, 10, tag); n = mmap.mmap(-1, 10, tag); m.resize(100000)",
        "m = mmap.mmap(fd, 0, access=mmap.ACCESS_COPY); m.resize(10)",
        "m = mmap.mmap(-1, 10, tag); n = mmap.mmap(-1, 100000, tag)",
        "m = mmap.mmap(fd, 50, tag); n = mmap.mmap(fd, 50, tag); m.resize(200)",
    ],
)
def test_handles(candidate, code):
    """What is made, resized, refused and dropped five times leaves no handle behind."""
    fd = candidate.file(pattern(100)).fd
    left = candidate.run(ROUNDS.format(code=code), fd=fd, tag=tag(candidate), mmap=candidate.mmap)
    assert left == 0
