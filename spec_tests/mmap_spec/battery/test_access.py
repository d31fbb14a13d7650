"""Access modes, flags and prot: who may write, and where what is written goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.situations import is_readonly, of_file, readonly
from mmap_spec.strategies import pattern

SIZE = 5000  # bytes: two pages, the second not full

# Both ends of the map, and across the page boundary.
EDGES = [(0, b"first"), (4094, b"across"), (SIZE - 1, b"\xff")]

READABLE_PROTS = [
    ["PROT_READ"],
    ["PROT_READ", "PROT_WRITE"],
    ["PROT_READ", "PROT_EXEC"],
    ["PROT_READ", "PROT_WRITE", "PROT_EXEC"],
]


def prot_of(candidate, names):
    """The constants of these names, or-ed."""
    bits = 0
    for name in names:
        bits |= getattr(candidate.mmap, name)
    return bits


def refuses_assignment(candidate, mapping):
    """Assignment raises TypeError, an empty one too; no page is touched by that."""
    with candidate.raises(TypeError, state=False):  # reading the state would touch pages
        mapping[0:0] = b""
    with candidate.raises(TypeError, state=False):
        mapping[0] = 1
    return True


def pages_of(candidate, path):
    """What the system lets the process do with the pages of the map of a file, such as "rw-s"."""
    return candidate.run(
        "with open('/proc/self/maps') as maps:\n"
        "    result = [line.split()[1] for line in maps if path in line]",
        path=path,
    )


@st.composite
def assignments(draw, length):
    """A place in ``length`` bytes, and a few bytes for it: (start, bytes)."""
    start = draw(st.sampled_from([0, 4095, 4096, length - 1]) | st.integers(0, length - 1))
    return start, draw(st.binary(min_size=1, max_size=min(20, length - start)))


def assign(mapping, contents, changes):
    """Make the changes in the map; what ``contents`` come to with them."""
    expected = bytearray(contents)
    for start, data in changes:
        mapping[start : start + len(data)] = data
        expected[start : start + len(data)] = data
    return bytes(expected)


def check_not_in_file(f, m, changes):
    """Assignments to the map reach its file neither at once nor by flush() or close()."""
    assign(m, pattern(SIZE), changes)
    assert f.contents() == pattern(SIZE)
    m.flush()
    assert f.contents() == pattern(SIZE)
    m.close()
    assert f.contents() == pattern(SIZE)


def check_prot_refuses(candidate, flags, names):
    """A map of a file with these bits of prot can be read and not be assigned to."""
    f, flags = candidate.file(pattern(10)), getattr(candidate.mmap, flags)
    m = candidate.mmap.mmap(f.fd, 0, flags=flags, prot=prot_of(candidate, names))
    assert m[:] == pattern(10)
    assert refuses_assignment(candidate, m)


each_flags = pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])


# -- ACCESS_DEFAULT and ACCESS_WRITE ----------------------------------------


@clause("access.default-writes-file")
@given(changes=st.lists(assignments(SIZE), min_size=1, max_size=4))
def test_default_writes_the_file(candidate, changes):
    """Assignments to a map without access, flags and prot reach the file."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0)
    expected = assign(m, pattern(SIZE), changes)
    assert m[:] == expected
    assert f.contents() == expected


@clause("access.write-writes-file")
def test_write_writes_the_file(candidate):
    """Assignments to an ACCESS_WRITE map reach the file."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_WRITE)
    expected = assign(m, pattern(SIZE), EDGES)
    assert m[:] == expected
    assert f.contents() == expected


# -- ACCESS_READ ------------------------------------------------------------


@clause("access.read-reads-file")
@pytest.mark.parametrize("mode", ["rb", "r+b"])
def test_read_reads_the_file(candidate, mode):
    """An ACCESS_READ map shows the file's contents."""
    f = candidate.file(pattern(SIZE), mode)
    assert candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_READ)[:] == pattern(SIZE)


@clause("access.read-refuses-assignment")
@pytest.mark.parametrize(
    ("key", "value"), [(0, 0), (SIZE - 1, 1), (slice(0, 3), b"abc"), (slice(0, 0), b"")]
)
def test_read_refuses_assignment(candidate, key, value):
    """Assignment to an ACCESS_READ map raises TypeError."""
    f = candidate.file(pattern(SIZE), "rb")
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_READ)
    with candidate.raises(TypeError):
        m[key] = value
    assert f.contents() == pattern(SIZE)


@clause("access.read-on-writable")
def test_read_on_a_writable_descriptor(candidate):
    """An ACCESS_READ map is read-only although its descriptor is open for writing."""
    f = candidate.file(pattern(SIZE), "r+b")
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_READ)
    assert refuses_assignment(candidate, m)
    assert is_readonly(candidate, m)


@clause("access.read-anonymous")
def test_read_anonymous(candidate):
    """An anonymous ACCESS_READ map is made of zeros and refuses assignment."""
    m = candidate.mmap.mmap(-1, SIZE, access=candidate.mmap.ACCESS_READ)
    assert m[:] == bytes(SIZE)
    assert refuses_assignment(candidate, m)


# -- ACCESS_COPY and MAP_PRIVATE --------------------------------------------


@clause("access.copy-reads-file")
@pytest.mark.parametrize("mode", ["rb", "r+b"])
def test_copy_reads_the_file(candidate, mode):
    """An ACCESS_COPY map starts with the file's contents."""
    f = candidate.file(pattern(SIZE), mode)
    assert candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_COPY)[:] == pattern(SIZE)


@clause("access.copy-writable")
def test_copy_is_writable(candidate):
    """Assignments to an ACCESS_COPY map are seen through that map."""
    m = of_file(candidate, pattern(SIZE), "ACCESS_COPY")
    assert assign(m, pattern(SIZE), EDGES) == m[:]


@clause("access.copy-not-in-file")
@given(changes=st.lists(assignments(SIZE), min_size=1, max_size=4))
def test_copy_stays_out_of_the_file(candidate, changes):
    """Assignments to an ACCESS_COPY map never reach the file."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_COPY)
    check_not_in_file(f, m, changes)


@clause("access.copy-not-in-file")
def test_copy_methods_stay_out_of_the_file(candidate):
    """Writing methods of an ACCESS_COPY map never reach the file."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m.write(b"other")
    m.write_byte(255)
    m.move(100, 0, 50)
    assert f.contents() == pattern(SIZE)
    assert m[:6] == b"other\xff"


@clause("access.copy-own-pages")
def test_copied_pages_do_not_follow_the_file(candidate):
    """A page that was assigned to no longer follows the file."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m[0] = 255
    f.pwrite(bytes(20), 0)
    assert m[:20] == b"\xff" + pattern(SIZE)[1:20]


@clause("access.copy-other-pages")
def test_other_pages_may_follow_the_file(candidate):
    """A page that was not assigned to yet may follow the file."""
    page = candidate.profile.page_size
    f = candidate.file(pattern(page + 10))
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m[0] = 255
    f.pwrite(b"new", page)
    assert m[page : page + 3] in (b"new", pattern(page + 10)[page : page + 3])


@clause("access.copies-independent")
def test_copies_are_independent(candidate):
    """Two ACCESS_COPY maps of one file do not see each other's assignments."""
    f = candidate.file(pattern(SIZE))
    copy = candidate.mmap.ACCESS_COPY
    first, second = (candidate.mmap.mmap(f.fd, 0, access=copy) for _ in range(2))
    first[0:3], second[2:5] = b"AAA", b"BBB"
    assert first[:] == b"AAA" + pattern(SIZE)[3:]
    assert second[:] == pattern(SIZE)[:2] + b"BBB" + pattern(SIZE)[5:]


@clause("access.private-not-in-file")
@given(changes=st.lists(assignments(SIZE), min_size=1, max_size=4))
def test_private_stays_out_of_the_file(candidate, changes):
    """Assignments to a map with flags=MAP_PRIVATE never reach the file."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, flags=candidate.mmap.MAP_PRIVATE)
    check_not_in_file(f, m, changes)


@clause("access.private-writable")
def test_private_is_writable(candidate):
    """Assignments to a map with flags=MAP_PRIVATE are seen through that map."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, flags=candidate.mmap.MAP_PRIVATE)
    assert assign(m, pattern(SIZE), EDGES) == m[:]


@clause("access.shared-flag")
def test_shared_flag(candidate):
    """Assignments to a map with flags=MAP_SHARED reach the file."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, flags=candidate.mmap.MAP_SHARED)
    assert assign(m, pattern(SIZE), EDGES) == f.contents()


@clause("access.shared-beside-private")
def test_shared_beside_private(candidate):
    """Assignments to a private map are not seen through a shared map of the same file."""
    f = candidate.file(pattern(SIZE))
    shared = candidate.mmap.mmap(f.fd, 0)
    private = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_COPY)
    private[0:3] = b"AAA"
    shared[1] = 255
    assert shared[:3] == bytes([pattern(SIZE)[0], 255, pattern(SIZE)[2]])
    assert private[:3] == b"AAA"


# -- what the descriptor allows ---------------------------------------------


@clause("access.read-only-descriptor-read")
def test_read_with_a_read_only_descriptor(candidate):
    """ACCESS_READ works with a descriptor that is open for reading only."""
    f = candidate.file(pattern(10), "rb")
    assert candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_READ)[:] == pattern(10)


@clause("access.read-only-descriptor-copy")
def test_copy_with_a_read_only_descriptor(candidate):
    """ACCESS_COPY works with a descriptor that is open for reading only."""
    f = candidate.file(pattern(10), "rb")
    m = candidate.mmap.mmap(f.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m[0:3] = b"AAA"
    assert (m[:], f.contents()) == (b"AAA" + pattern(10)[3:], pattern(10))


@clause("access.read-only-descriptor-write")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
@pytest.mark.parametrize("length", [0, 5])
def test_write_with_a_read_only_descriptor(candidate, access, length):
    """ACCESS_DEFAULT and ACCESS_WRITE with a read-only descriptor raise PermissionError."""
    f = candidate.file(pattern(10), "rb")
    with candidate.raises(PermissionError, errno="EACCES"):
        candidate.mmap.mmap(f.fd, length, access=getattr(candidate.mmap, access))


@clause("access.read-only-descriptor-prot")
def test_flags_with_a_read_only_descriptor(candidate):
    """prot=PROT_READ, or MAP_PRIVATE, works with a read-only descriptor."""
    f = candidate.file(pattern(10), "rb")
    assert candidate.mmap.mmap(f.fd, 0, prot=candidate.mmap.PROT_READ)[:] == pattern(10)
    private = candidate.mmap.mmap(f.fd, 0, flags=candidate.mmap.MAP_PRIVATE)
    private[0:3] = b"AAA"
    assert private[:] == b"AAA" + pattern(10)[3:]


@clause("access.write-only-descriptor")
@pytest.mark.parametrize("mode", ["wb", "ab"])
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
def test_write_only_descriptor(candidate, mode, access):
    """A descriptor that is open for writing only cannot be mapped with any access."""
    f = candidate.file(pattern(10), mode)
    with candidate.raises(PermissionError, errno="EACCES"):
        candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))


@clause("access.write-only-descriptor-private")
def test_write_only_descriptor_with_flags(candidate):
    """MAP_PRIVATE with a write-only descriptor raises PermissionError too."""
    f = candidate.file(pattern(10), "wb")
    with candidate.raises(PermissionError, errno="EACCES"):
        candidate.mmap.mmap(f.fd, 0, flags=candidate.mmap.MAP_PRIVATE)


@clause("access.prot-write-descriptor")
def test_prot_write_with_a_read_only_descriptor(candidate):
    """prot=PROT_WRITE with a shared map needs a descriptor that is open for writing."""
    f = candidate.file(pattern(10), "rb")
    with candidate.raises(PermissionError, errno="EACCES"):
        candidate.mmap.mmap(f.fd, 0, prot=candidate.mmap.PROT_WRITE)


# -- prot -------------------------------------------------------------------


@clause("access.prot-read")
@each_flags
def test_prot_read(candidate, flags):
    """prot=PROT_READ makes a read-only map."""
    check_prot_refuses(candidate, flags, ["PROT_READ"])


@clause("access.prot-read-exec")
@each_flags
def test_prot_read_exec(candidate, flags):
    """prot=PROT_READ|PROT_EXEC makes a read-only map."""
    check_prot_refuses(candidate, flags, ["PROT_READ", "PROT_EXEC"])


@clause("access.prot-none")
@pytest.mark.parametrize("anonymous", [False, True])
def test_prot_none(candidate, anonymous):
    """prot=0 makes a read-only map."""
    fileno = -1 if anonymous else candidate.file(pattern(10)).fd
    m = candidate.mmap.mmap(fileno, 10, prot=0)
    assert len(m) == 10
    assert refuses_assignment(candidate, m)
    m.close()


@clause("access.prot-exec")
@pytest.mark.parametrize("anonymous", [False, True])
def test_prot_exec(candidate, anonymous):
    """prot=PROT_EXEC alone makes a read-only map."""
    fileno = -1 if anonymous else candidate.file(pattern(10)).fd
    m = candidate.mmap.mmap(fileno, 10, prot=candidate.mmap.PROT_EXEC)
    assert refuses_assignment(candidate, m)
    m.close()


@clause("access.prot-write")
def test_prot_write(candidate):
    """prot=PROT_WRITE alone makes a writable map, and what is assigned reaches the file."""
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 0, prot=candidate.mmap.PROT_WRITE)
    m[2:5] = b"AAA"
    m[9] = 255
    assert f.contents() == pattern(10)[:2] + b"AAA" + pattern(10)[5:9] + b"\xff"
    m.close()


@clause("access.prot-all")
def test_prot_all(candidate):
    """prot with PROT_READ, PROT_WRITE and PROT_EXEC makes a writable map."""
    prot = prot_of(candidate, ["PROT_READ", "PROT_WRITE", "PROT_EXEC"])
    m = candidate.mmap.mmap(-1, 10, flags=candidate.mmap.MAP_PRIVATE, prot=prot)
    m[:] = pattern(10)
    assert m[:] == pattern(10)


@clause("access.prot-private")
@pytest.mark.parametrize("names", READABLE_PROTS[:2])
def test_prot_with_private(candidate, names):
    """prot decides what may be written with MAP_PRIVATE as with MAP_SHARED."""
    f, prot = candidate.file(pattern(10)), prot_of(candidate, names)
    for flags in (candidate.mmap.MAP_PRIVATE, candidate.mmap.MAP_SHARED):
        m = candidate.mmap.mmap(f.fd, 0, flags=flags, prot=prot)
        assert is_readonly(candidate, m) is ("PROT_WRITE" not in names)


@clause("access.pages")
@pytest.mark.parametrize(
    ("access", "pages"),
    [
        ("ACCESS_DEFAULT", "rw-s"),
        ("ACCESS_READ", "r--s"),
        ("ACCESS_WRITE", "rw-s"),
        ("ACCESS_COPY", "rw-p"),
    ],
)
def test_pages(candidate, access, pages):
    """The pages of a map allow what its access says."""
    f = candidate.file(pattern(SIZE))
    m = candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))
    assert (pages_of(candidate, f.path), m.closed) == ([pages], False)


@clause("access.prot-pages")
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
@pytest.mark.parametrize(
    ("names", "pages"),
    [
        ([], "---"),
        (["PROT_READ"], "r--"),
        (["PROT_WRITE"], "-w-"),
        (["PROT_READ", "PROT_WRITE"], "rw-"),
    ],
)
def test_pages_of_prot(candidate, names, pages, flags):
    """The pages of a map allow what its prot says, and nothing else."""
    f = candidate.file(pattern(SIZE))
    mode = getattr(candidate.mmap, flags)
    m = candidate.mmap.mmap(f.fd, 0, flags=mode, prot=prot_of(candidate, names))
    shown = pages + ("s" if flags == "MAP_SHARED" else "p")
    assert (pages_of(candidate, f.path), m.closed) == ([shown], False)


@clause("access.read-only-view")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
@pytest.mark.parametrize("anonymous", [False, True])
def test_view_is_as_read_only_as_the_map(candidate, access, anonymous):
    """A memoryview is read-only where assignment is refused, and writable elsewhere."""
    fileno = -1 if anonymous else candidate.file(pattern(10)).fd
    m = candidate.mmap.mmap(fileno, 10, access=getattr(candidate.mmap, access))
    assert is_readonly(candidate, m) is (access == "ACCESS_READ")


@clause("access.read-only-view", "access.read-on-writable")
def test_view_of_a_read_only_map_keeps_the_file(candidate):
    """Assignment through a memoryview of an ACCESS_READ map raises TypeError."""
    m = readonly(candidate, pattern(10))
    with candidate.raises(TypeError):
        candidate.run("with memoryview(m) as view:\n    view[0] = 1", m=m)


# -- the effective mode -----------------------------------------------------


def shown_access(candidate, mapping):
    """The name of the access that the map's repr shows."""
    text = candidate.builtins.repr(mapping)
    return text.partition("access=")[2].partition(",")[0].rstrip(">")


@clause("access.effective-default")
@pytest.mark.parametrize("names", [READABLE_PROTS[1], READABLE_PROTS[3]])
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
def test_effective_default(candidate, names, flags):
    """With both PROT_READ and PROT_WRITE in prot, the map counts as ACCESS_DEFAULT."""
    bits, prot = getattr(candidate.mmap, flags), prot_of(candidate, names)
    m = candidate.mmap.mmap(-1, 10, flags=bits, prot=prot)
    assert shown_access(candidate, m) == "ACCESS_DEFAULT"


@clause("access.effective-write")
@pytest.mark.parametrize("names", [["PROT_WRITE"], ["PROT_WRITE", "PROT_EXEC"]])
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
def test_effective_write(candidate, names, flags):
    """With PROT_WRITE but not PROT_READ in prot, the map counts as ACCESS_WRITE."""
    bits, prot = getattr(candidate.mmap, flags), prot_of(candidate, names)
    m = candidate.mmap.mmap(-1, 10, flags=bits, prot=prot)
    assert shown_access(candidate, m) == "ACCESS_WRITE"


@clause("access.effective-read")
@pytest.mark.parametrize("names", [[], ["PROT_READ"], ["PROT_EXEC"], ["PROT_READ", "PROT_EXEC"]])
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
def test_effective_read(candidate, names, flags):
    """Without PROT_WRITE in prot, the map counts as ACCESS_READ."""
    bits, prot = getattr(candidate.mmap, flags), prot_of(candidate, names)
    m = candidate.mmap.mmap(-1, 10, flags=bits, prot=prot)
    assert shown_access(candidate, m) == "ACCESS_READ"
    m.close()


@clause("access.effective-given")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
def test_effective_is_the_given_one(candidate, access):
    """An access given to the constructor is the one shown in the map's repr."""
    m = candidate.mmap.mmap(-1, 10, access=getattr(candidate.mmap, access))
    assert shown_access(candidate, m) == access
