"""resize(newsize): the map and its file become longer or shorter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.outcomes import Returned
from mmap_spec.situations import of_file
from mmap_spec.strategies import pattern

CHANGES = [
    (9000, 12288),
    (9000, 9001),
    (9000, 8999),
    (9000, 4096),
    (9000, 4097),
    (9000, 1),
    (1, 2),
    (1, 100000),
    (4096, 4095),
    (4096, 4097),
    (70000, 65536),
]
each_change = pytest.mark.parametrize(("old", "new"), CHANGES)

LIMITED = """
import errno, resource
kind = resource.{limit}
old = resource.getrlimit(kind)
try:
    resource.setrlimit(kind, ({value}, old[1]))
    try:
        m.resize(size)
        result = 'resized'
    except OSError as error:
        result = errno.errorcode[error.errno]
finally:
    resource.setrlimit(kind, old)
"""
OPEN = """
import os
result = 0
for number in range(256):
    try:
        os.fstat(number)
    except OSError:
        continue
    result += 1
"""
USED = "int(open('/proc/self/statm').read().split()[0]) * mmap.PAGESIZE"


def mapped(candidate, contents, **kwargs):
    """A new file and a map of all of it."""
    file = candidate.file(contents)
    return file, candidate.mmap.mmap(file.fd, 0, **kwargs)


def private_anonymous(candidate, contents):
    """An anonymous map of MAP_PRIVATE."""
    return candidate.anonymous(contents, flags=candidate.mmap.MAP_PRIVATE)


@clause("resize.returns-none")
@each_change
def test_result(candidate, old, new):
    """resize() returns None."""
    assert of_file(candidate, pattern(old)).resize(new) is None


@clause("resize.length")
@each_change
def test_length(candidate, old, new):
    """After resize(n) the length of the map is n."""
    m = of_file(candidate, pattern(old))
    m.resize(new)
    assert (len(m), len(m[:])) == (new, new)


@clause("resize.file-size")
@each_change
def test_file_size(candidate, old, new):
    """After resize(n) the file is n bytes long."""
    file, m = mapped(candidate, pattern(old))
    m.resize(new)
    assert (file.size(), m.size()) == (new, new)


@clause("resize.file-offset")
@pytest.mark.parametrize("new", [1, 100, 499, 501, 5000, 70000])
def test_offset(candidate, new):
    """The file of a map with an offset ends n bytes behind the offset."""
    start = candidate.profile.granularity
    data = pattern(start + 500)
    file = candidate.file(data)
    m = candidate.mmap.mmap(file.fd, 500, offset=start)
    m.resize(new)
    assert (len(m), m[:500]) == (new, data[start : start + min(new, 500)])
    assert file.contents()[: start + 500] == data[: start + new]
    assert file.size() == start + new


@clause("resize.file-offset")
@pytest.mark.parametrize("new", [100, 500, 501, 9000])
def test_offset_into_a_file_that_goes_on(candidate, new):
    """The file ends n bytes behind the offset also where it went on behind the map."""
    start = candidate.profile.granularity
    data = pattern(3 * start)
    file = candidate.file(data)
    m = candidate.mmap.mmap(file.fd, 500, offset=start)
    m.resize(new)
    assert file.contents() == (data + bytes(9000))[: start + new]


@clause("resize.file-cut")
@pytest.mark.parametrize("new", [100, 50, 200])
def test_file_that_goes_on(candidate, new):
    """resize(n) cuts a file that went on behind the map."""
    file = candidate.file(pattern(9000))
    m = candidate.mmap.mmap(file.fd, 100)
    m.resize(new)
    assert (file.contents(), m[:]) == (pattern(9000)[:new], pattern(9000)[:new])


@clause("resize.same-size")
@pytest.mark.parametrize("length", [1, 100, 4096, 9000])
def test_same_size(candidate, length):
    """resize(len(m)) changes nothing."""
    file, m = mapped(candidate, pattern(length))
    m.resize(length)
    assert (len(m), m[:], file.contents()) == (length, pattern(length), pattern(length))


@clause("resize.position-kept")
@pytest.mark.parametrize("position", [0, 50, 100, 101, 8000, 9000])
@pytest.mark.parametrize("new", [100, 20000])
def test_position(candidate, position, new):
    """resize() keeps the position, even where it is beyond the new length."""
    m = of_file(candidate, pattern(9000))
    m.seek(position)
    m.resize(new)
    assert m.tell() == position


@clause("resize.keeps-contents")
@each_change
def test_contents(candidate, old, new):
    """resize() keeps the bytes that old and new length have in common."""
    file, m = mapped(candidate, pattern(old))
    m.resize(new)
    common = min(old, new)
    assert m[:common] == pattern(old)[:common]
    assert file.contents()[:common] == pattern(old)[:common]


@clause("resize.zero-filled")
@each_change
def test_new_bytes(candidate, old, new):
    """The bytes that a growing resize() adds are zero."""
    file, m = mapped(candidate, pattern(old))
    m.resize(new)
    assert m[old:] == file.contents()[old:] == bytes(max(0, new - old))


@clause("resize.cut-bytes-gone")
@pytest.mark.parametrize(
    ("cut", "again"), [(100, 101), (100, 9000), (8999, 9000), (4096, 9000), (1, 4096)]
)
def test_shrunk_and_grown(candidate, cut, again):
    """Bytes that a shrink cut off the file are zero after the map grew again."""
    file, m = mapped(candidate, pattern(9000))
    m.resize(cut)
    m.resize(again)
    expected = pattern(9000)[:cut] + bytes(again - cut)
    assert (m[:], file.contents()) == (expected, expected)


@clause("resize.usable-after-growth")
@pytest.mark.parametrize("new", [101, 4096, 4097, 70000])
def test_write_behind_the_old_end(candidate, new):
    """What is written behind the old end reaches the file."""
    file, m = mapped(candidate, pattern(100))
    m.resize(new)
    m[new - 1] = 33
    m.seek(100)
    m.write(b"x" * min(7, new - 100))
    assert file.contents() == m[:]
    assert (m[100], m[new - 1] in (33, 120)) == (120, True)


@clause("resize.bounds-after")
@pytest.mark.parametrize("new", [100, 20000])
def test_bounds(candidate, new):
    """After resize() indices, read() and write() are bounded by the new length."""
    m = of_file(candidate, pattern(9000))
    m.resize(new)
    assert m[new - 1] == (pattern(9000) + bytes(20000))[new - 1]
    with candidate.raises(IndexError):
        m[new]
    m.seek(new - 5)
    with candidate.raises(ValueError):
        m.write(b"123456")
    assert (m.write(b"12345"), m.read()) == (5, b"")
    assert m.flush(0, new) is None
    with candidate.raises(ValueError):
        m.flush(0, new + 1)


@clause("resize.bounds-after", "madvise.start-at-end")
@pytest.mark.parametrize("pages", [1, 5])
def test_bounds_of_advice(candidate, pages):
    """After resize() madvise() is bounded by the new length."""
    page = candidate.profile.page_size
    m = of_file(candidate, pattern(3 * page))
    m.resize(pages * page)
    assert m.madvise(candidate.mmap.MADV_NORMAL, (pages - 1) * page) is None
    with candidate.raises(ValueError):
        m.madvise(candidate.mmap.MADV_NORMAL, pages * page)


# What is so at the new end, where the last two bytes are YZ and the others zero.
AT_THE_END = {
    "item": "m[-1] == m[n - 1] == 90",
    "slice": "m[n - 2 :] == m[-2:] == m[-2 : n + 9] == b'YZ'",
    "slice with a step": "m[::-1][:2] == b'ZY' and len(m[::2]) == len(range(0, n, 2))",
    "iteration": "list(m) in (list(m[:]), [bytes([byte]) for byte in m[:]])",
    "reversed": "next(reversed(m)) in (90, b'Z')",
    "length": "len(m) == len(memoryview(m)) == n",
    "find": "m.find(b'Z') == m.find(b'Z', -1) == m.find(b'Z', 0, n) == n - 1",
    "rfind": "m.rfind(b'Z') == m.rfind(b'Z', -1) == m.rfind(b'Z', 0, n) == n - 1",
    "search before the end": "m.find(b'Z', 0, -1) == m.rfind(b'Z', 0, -1) == -1",
    "seek": "(m.seek(-1, 2), m.tell() == n - 1)[1] and (m.seek(n), m.tell() == n)[1]",
    "read": "(m.seek(n - 2), m.read() == b'YZ')[1]",
    "read_byte": "(m.seek(n - 1), m.read_byte() == 90)[1]",
    "readline": "(m.seek(n - 2), m.readline() == b'YZ')[1]",
    "write": "(m.seek(n - 2), m.write(b'xz') == 2)[1] and m[-2:] == b'xz'",
    "write_byte": "(m.seek(n - 1), m.write_byte(65), m[n - 1] == 65)[2]",
    "assignment": "[m.__setitem__(n - 1, 66), m.__setitem__(-2, 67)] and m[-2:] == b'CB'",
    "assigned slice": "[m.__setitem__(slice(n - 2, None), b'PQ')] and m[-2:] == b'PQ'",
    "assigned step": "[m.__setitem__(slice(n - 3, None, 2), b'pq')] and m[-3:] == b'pYq'",
    "move": "[m.move(0, n - 2, 2), m.move(n - 3, 0, 2)] and m[-3:] == b'YZZ'",
    "flush": "m.flush(0, n) is None",
}
BEHIND_THE_END = {
    "item": (IndexError, "m[n]"),
    "item before": (IndexError, "m[-n - 1]"),
    "seek": (ValueError, "m.seek(n + 1)"),
    "seek from the end": (ValueError, "m.seek(1, 2)"),
    "read_byte": (ValueError, "m.read_byte()"),
    "write": (ValueError, "m.write(b'x')"),
    "write_byte": (ValueError, "m.write_byte(0)"),
    "assignment": (IndexError, "m.__setitem__(n, 0)"),
    "assignment before": (IndexError, "m.__setitem__(-n - 1, 0)"),
    "move": (ValueError, "m.move(0, n, 1)"),
    "move there": (ValueError, "m.move(n, 0, 1)"),
    "flush": (ValueError, "m.flush(0, n + 1)"),
}
each_size = pytest.mark.parametrize("new", [100, 9001, 20000])


def resized(candidate, new):
    """A map of 9000 zeros that has become longer or shorter, with YZ at its end."""
    m = of_file(candidate, bytes(9000))
    m.resize(new)
    m[new - 2 :] = b"YZ"
    return m


@clause("resize.bounds-after")
@each_size
@pytest.mark.parametrize("operation", AT_THE_END)
def test_new_end(candidate, operation, new):
    """After resize() every operation reaches the new end."""
    m = resized(candidate, new)
    assert candidate.run(f"result = {AT_THE_END[operation]}", m=m, n=new) is True


@clause("resize.bounds-after")
@each_size
@pytest.mark.parametrize("operation", BEHIND_THE_END)
def test_behind_the_new_end(candidate, operation, new):
    """After resize() no operation reaches behind the new end."""
    error, source = BEHIND_THE_END[operation]
    m = resized(candidate, new)
    m.seek(new)
    with candidate.raises(error):
        candidate.run(f"result = {source}", m=m, n=new)


@clause("resize.sequence")
@given(old=st.integers(1, 20000), sizes=st.lists(st.integers(1, 20000), min_size=1, max_size=6))
def test_sequence(candidate, old, sizes):
    """Any sequence of resizes leaves what the sizes give."""
    file, m = mapped(candidate, pattern(old))
    expected = pattern(old)
    for size in sizes:
        m.resize(size)
        expected = expected[:size] + bytes(max(0, size - len(expected)))
    assert (m[:], file.contents()) == (expected, expected)


@clause("resize.access-write")
@pytest.mark.parametrize("new", [100, 20000])
def test_access_write(candidate, new):
    """resize() works on a map of ACCESS_WRITE."""
    m = of_file(candidate, pattern(9000), "ACCESS_WRITE")
    m.resize(new)
    assert (len(m), m.size()) == (new, new)


@clause("resize.prot-write")
@pytest.mark.parametrize("prot", [2, 7])
@pytest.mark.parametrize("new", [100, 20000])
def test_writable_by_prot(candidate, prot, new):
    """resize() works on a map whose prot has PROT_WRITE."""
    _, m = mapped(candidate, pattern(9000), prot=prot)
    m.resize(new)
    assert (len(m), m.size()) == (new, new)


@clause("resize.length")
@pytest.mark.parametrize("new", [100, 20000])
def test_instance_of_a_subclass(candidate, new):
    """An instance of a subclass is resized like a map."""
    file = candidate.file(pattern(9000))
    source = "m = type('Own', (mmap.mmap,), {})(fd, 0)\nm.resize(new)\nresult = m, len(m)"
    m, length = candidate.run(source, fd=file.fd, new=new)
    assert (length, m[:100], file.size()) == (new, pattern(100), new)


def refuses(candidate, access, new):
    """resize() raises TypeError for a map of a file and for an anonymous one."""
    of_memory = candidate.mmap.mmap(-1, 9000, access=getattr(candidate.mmap, access))
    for m in (of_file(candidate, pattern(9000), access), of_memory):
        with candidate.raises(TypeError):
            m.resize(new)


@clause("resize.access-read")
@pytest.mark.parametrize("new", [1, 8999, 9000, 9001, 20000, 0, -1])
def test_access_read(candidate, new):
    """resize() of a map of ACCESS_READ raises TypeError, also of an anonymous one."""
    refuses(candidate, "ACCESS_READ", new)


@clause("resize.access-copy")
@pytest.mark.parametrize("new", [1, 8999, 9000, 9001, 20000, 0, -1])
def test_access_copy(candidate, new):
    """resize() of a map of ACCESS_COPY raises TypeError, also of an anonymous one."""
    refuses(candidate, "ACCESS_COPY", new)


@clause("resize.readonly-prot")
@pytest.mark.parametrize("names", [["PROT_READ"], ["PROT_READ", "PROT_EXEC"], []])
def test_readonly_by_prot(candidate, names):
    """resize() of a map whose prot lacks PROT_WRITE raises TypeError."""
    file = candidate.file(pattern(9000))
    prot = sum(getattr(candidate.mmap, name) for name in names)
    m = candidate.mmap.mmap(file.fd, 0, prot=prot)
    for new in (100, 9000, 0, -1):
        with candidate.raises(TypeError, state=prot != 0):  # prot 0: the contents cannot be read
            m.resize(new)
    assert (len(m), file.size()) == (9000, 9000)


@clause("resize.negative")
@pytest.mark.parametrize("size", [-1, -2, -100, -4096, -(2**31)])
@pytest.mark.parametrize("anonymous", [False, True])
def test_negative(candidate, size, anonymous):
    """resize() raises ValueError for a negative size."""
    m = candidate.anonymous(pattern(100)) if anonymous else of_file(candidate, pattern(100))
    with candidate.raises(ValueError):
        m.resize(size)


@clause("resize.negative")
@pytest.mark.parametrize("size", [-1, -100])
def test_negative_with_an_offset(candidate, size):
    """A negative size is refused also where the sum with the offset is not negative."""
    start = candidate.profile.granularity
    m = of_file(candidate, pattern(start + 100), offset=start)
    with candidate.raises(ValueError):
        m.resize(size)


@clause("resize.offset-overflow")
@pytest.mark.parametrize("less", [-1, 0, 1])
def test_sum_overflows(candidate, less):
    """resize() raises ValueError where offset plus size overflows."""
    start = candidate.profile.granularity
    m = of_file(candidate, pattern(start + 100), offset=start)
    size = candidate.profile.ssize_max - start + 2 + less
    with candidate.raises(ValueError):
        m.resize(size)


@clause("resize.too-large")
@pytest.mark.parametrize("less", [0, 1, 4095, 65536])
def test_too_large(candidate, less):
    """resize() raises OSError for a size that no system can map."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(OSError):
        m.resize(candidate.profile.ssize_max - less)


@clause("resize.too-large")
def test_too_large_for_memory(candidate):
    """An anonymous map refuses such a size too."""
    m = candidate.anonymous(pattern(9000))
    with candidate.raises((OSError, ValueError)):  # ValueError: shared memory does not grow
        m.resize(candidate.profile.ssize_max - 65536)


@clause("resize.too-large-private")
def test_too_large_for_private_memory(candidate):
    """A private anonymous map, which can grow, raises OSError as well."""
    m = private_anonymous(candidate, pattern(9000))
    with candidate.raises(OSError, errno=("ENOMEM", "EINVAL")):
        m.resize(candidate.profile.ssize_max - 65536)


@clause("resize.file-limit")
@pytest.mark.parametrize("offset", [False, True])
def test_limit_of_file_sizes(candidate, offset):
    """resize() raises OSError where the file may not grow, and leaves all as it was."""
    start = candidate.profile.granularity * offset
    file = candidate.file(pattern(start + 9000))
    m = candidate.mmap.mmap(file.fd, 9000, offset=start)
    program = LIMITED.format(limit="RLIMIT_FSIZE", value=start + 10000)
    assert candidate.run(program, m=m, size=10001) == "EFBIG"
    assert (len(m), m[:], file.contents()) == (
        9000,
        pattern(start + 9000)[start:],
        pattern(start + 9000),
    )
    assert candidate.run(program, m=m, size=10000) == "resized"
    assert (len(m), file.size()) == (10000, start + 10000)


@clause("resize.zero")
@pytest.mark.parametrize("length", [1, 4096, 9000])
def test_zero(candidate, length):
    """resize(0) raises OSError."""
    m = of_file(candidate, pattern(length))
    with candidate.raises(OSError, state=False):  # judged by resize.zero-leaves-file
        m.resize(0)


@clause("resize.zero-errno")
@pytest.mark.parametrize("length", [1, 4096, 9000])
def test_zero_errno(candidate, length):
    """resize(0) fails with EINVAL."""
    m = of_file(candidate, pattern(length))
    with candidate.raises(OSError, errno="EINVAL", state=False):  # judged elsewhere
        m.resize(0)


@clause("resize.zero-leaves-file")
@pytest.mark.parametrize("offset", [False, True])
def test_zero_leaves_the_file(candidate, offset):
    """resize(0) leaves map and file as they were."""
    start = candidate.profile.granularity * offset
    file = candidate.file(pattern(start + 9000))
    m = candidate.mmap.mmap(file.fd, 9000, offset=start)
    candidate.outcome(m.resize, 0)
    assert (file.size(), m.closed) == (start + 9000, False)
    assert (len(m), m[:]) == (9000, pattern(start + 9000)[start:])


@clause("resize.zero-anonymous")
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
def test_zero_anonymous(candidate, flags):
    """resize(0) of an anonymous map raises OSError."""
    m = candidate.anonymous(pattern(9000), flags=getattr(candidate.mmap, flags))
    with candidate.raises(OSError, errno="EINVAL"):
        m.resize(0)


@clause("resize.zero-anonymous-windows")
def test_zero_anonymous_on_windows(candidate):
    """resize(0) of an anonymous map raises OSError and leaves the map as it was."""
    m = candidate.anonymous(pattern(9000))
    with candidate.raises(OSError):
        m.resize(0)


@clause("resize.failure-leaves-file")
@pytest.mark.parametrize("offset", [False, True])
def test_address_space(candidate, offset):
    """Where the address space does not suffice, map and file stay as they were."""
    start = candidate.profile.granularity * offset
    file = candidate.file(pattern(start + 9000))
    m = candidate.mmap.mmap(file.fd, 9000, offset=start)
    program = LIMITED.format(limit="RLIMIT_AS", value=f"{USED} + 2**26")
    assert candidate.run(program, m=m, size=2**28) == "ENOMEM"
    assert (len(m), m[:], file.size()) == (9000, pattern(start + 9000)[start:], start + 9000)


@clause("resize.argument-type")
@pytest.mark.parametrize("size", [None, 100.0, "100", b"100", [100]], ids=repr)
def test_type(candidate, size):
    """resize() raises TypeError for a size that has no __index__."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(TypeError):
        m.resize(size)


@clause("resize.index-argument")
@pytest.mark.parametrize("size", [100, 20000])
def test_index(candidate, size):
    """resize() takes an object with __index__."""
    m = of_file(candidate, pattern(9000))
    m.resize(candidate.hostile(size))
    assert (len(m), m.size()) == (size, size)
    m.resize(True)
    assert (len(m), m.size()) == (1, 1)


@clause("resize.arity")
@pytest.mark.parametrize("arguments", [(), (100, 100)])
def test_number_of_arguments(candidate, arguments):
    """resize() without an argument, and with two, raises TypeError."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(TypeError):
        m.resize(*arguments)


@clause("resize.positional-only")
@pytest.mark.parametrize("keyword", ["newsize", "size"])
def test_keyword(candidate, keyword):
    """resize() takes no keyword arguments."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(TypeError):
        m.resize(**{keyword: 100})


@clause("resize.descriptor-closed")
@pytest.mark.parametrize("new", [100, 20000])
def test_closed_descriptor(candidate, new):
    """resize() works after the descriptor that was mapped was closed."""
    file, m = mapped(candidate, pattern(9000))
    file.close()
    m.resize(new)
    assert (len(m), m.size(), len(file.contents())) == (new, new, new)


@clause("resize.descriptor-reused")
@pytest.mark.parametrize("new", [100, 20000])
def test_reused_descriptor(candidate, new):
    """resize() acts on the file that was mapped, not on what has its number now."""
    file, m = mapped(candidate, pattern(9000))
    other = candidate.file(b"other")
    candidate.os.dup2(other.fd, file.fd)
    m.resize(new)
    assert (len(m), len(file.contents()), other.contents()) == (new, new, b"other")


@clause("resize.unlinked")
@pytest.mark.parametrize("new", [100, 20000])
def test_unlinked(candidate, new):
    """resize() works on a file that was unlinked."""
    file, m = mapped(candidate, pattern(9000))
    candidate.os.unlink(file.path)
    m.resize(new)
    assert (len(m), m.size(), m[:100]) == (new, new, pattern(100))


@clause("resize.after-truncation")
@pytest.mark.parametrize("size", [0, 100])
@pytest.mark.parametrize("new", [5000, 9000, 20000])
def test_truncated(candidate, size, new):
    """resize() brings a truncated file to the new size."""
    file, m = mapped(candidate, pattern(9000))
    file.truncate(size)
    m.resize(new)
    expected = pattern(size) + bytes(new - size)
    assert (m[:], file.contents()) == (expected, expected)


@clause("resize.other-map")
def test_other_map(candidate):
    """Growth of one map leaves the length of another one."""
    file, m = mapped(candidate, pattern(9000))
    other = candidate.mmap.mmap(file.fd, 0)
    m.resize(20000)
    m[0] = 99
    assert (len(other), other.size(), other[0]) == (9000, 20000, 99)


@clause("resize.device")
@pytest.mark.parametrize("new", [100, 20000])
def test_device(candidate, new):
    """resize() of a map of a device raises OSError."""
    fd = candidate.os.open("/dev/zero", candidate.os.O_RDWR)
    m = candidate.mmap.mmap(fd, 9000)
    with candidate.raises(OSError):
        m.resize(new)
    m.close()
    candidate.os.close(fd)


@clause("resize.private-file-shrink")
@pytest.mark.parametrize("new", [1, 100, 4096, 8999])
def test_private_shrink(candidate, new):
    """A shrinking resize() of a private map does not cut the file."""
    file, m = mapped(candidate, pattern(9000), flags=candidate.mmap.MAP_PRIVATE)
    m[0] = 99
    candidate.outcome(m.resize, new)
    assert (m[0], file.contents()) == (99, pattern(9000))


@clause("resize.private-file-shrink")
def test_private_shrink_of_a_file_that_was_cut(candidate):
    """A private map that shrinks, though not to its file's end, leaves the file as it was."""
    file, m = mapped(candidate, pattern(9000), flags=candidate.mmap.MAP_PRIVATE)
    m[0] = 99
    file.truncate(100)
    m.resize(8500)
    assert (len(m), m[0], file.contents()) == (8500, 99, pattern(100))


@clause("resize.private-file-growth")
@pytest.mark.parametrize("new", [101, 4097, 9000, 20000])
def test_private_growth(candidate, new):
    """A growing resize() of a private map leaves the file as it was."""
    file = candidate.file(pattern(9000))
    m = candidate.mmap.mmap(file.fd, 100, flags=candidate.mmap.MAP_PRIVATE)
    m[0] = 99
    candidate.outcome(m.resize, new)
    assert (m[0], file.contents()) == (99, pattern(9000))


@clause("resize.anonymous-shrink")
@pytest.mark.parametrize("new", [1, 100, 4096, 4097, 8999])
def test_anonymous_shrink(candidate, new):
    """An anonymous map can shrink, and keeps its first bytes."""
    m = candidate.anonymous(pattern(9000))
    m.resize(new)
    assert (len(m), m[:]) == (new, pattern(9000)[:new])


@clause("resize.anonymous-same-size")
@pytest.mark.parametrize("length", [1, 4096, 9000])
def test_anonymous_same_size(candidate, length):
    """resize() of an anonymous map to its own size is allowed."""
    m = candidate.anonymous(pattern(length))
    assert candidate.outcome(m.resize, length) == Returned(None)
    assert m[:] == pattern(length)


@clause("resize.private-anonymous-growth")
@each_change
def test_private_anonymous(candidate, old, new):
    """A private anonymous map can grow; it keeps its bytes, and the new ones are zero."""
    m = private_anonymous(candidate, pattern(old))
    m.resize(new)
    assert (len(m), m[:]) == (new, pattern(old)[:new] + bytes(max(0, new - old)))
    m[new - 1] = 7
    assert m[new - 1] == 7


@clause("resize.anonymous-growth-windows")
@each_change
def test_anonymous_growth_on_windows(candidate, old, new):
    """An anonymous map can grow; it keeps its bytes, and the new ones are zero."""
    m = candidate.anonymous(pattern(old))
    m.resize(new)
    assert (len(m), m[:]) == (new, pattern(old)[:new] + bytes(max(0, new - old)))


@clause("resize.shared-anonymous-growth")
@pytest.mark.parametrize("new", [12289, 20000, 2**20])
def test_shared_anonymous_growth(candidate, new):
    """resize() raises ValueError where a shared anonymous map would grow."""
    m = candidate.anonymous(pattern(9000))
    with candidate.raises(ValueError):
        m.resize(max(new, candidate.profile.page_size + 9000))


@clause("resize.shared-anonymous-growth-in-page")
@pytest.mark.parametrize("length", [1, 4095, 9000])
def test_shared_anonymous_growth_in_a_page(candidate, length):
    """resize() raises ValueError where it would grow within its last page."""
    m = candidate.anonymous(pattern(length))
    with candidate.raises(ValueError):
        m.resize(length + 1)


@clause("resize.shared-anonymous-growth", "resize.shared-anonymous-growth-in-page")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
@pytest.mark.parametrize("new", [9001, 20000])
def test_shared_anonymous_growth_again(candidate, access, new):
    """It raises ValueError with ACCESS_WRITE too, and where the map was as long before."""
    m = candidate.anonymous(pattern(new), access=getattr(candidate.mmap, access))
    m.resize(9000)
    with candidate.raises(ValueError):
        m.resize(new)


@clause("resize.anonymous-with-descriptor")
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
@pytest.mark.parametrize("new", [1, 100, 8999, 20000])
def test_descriptor_of_an_anonymous_map(candidate, flags, new):
    """resize() of a map of MAP_ANONYMOUS leaves the file of its descriptor as it was."""
    flags = getattr(candidate.mmap, flags) | candidate.mmap.MAP_ANONYMOUS
    file, m = mapped(candidate, pattern(9000), flags=flags)
    m[0] = 99
    candidate.outcome(m.resize, new)
    assert (m[0], file.contents()) == (99, pattern(9000))


@clause("resize.shared-anonymous-with-descriptor")
def test_growth_of_shared_memory_with_a_descriptor(candidate):
    """It either refuses to grow or can be used to its new end."""
    flags = candidate.mmap.MAP_SHARED | candidate.mmap.MAP_ANONYMOUS
    _, m = mapped(candidate, pattern(4096), flags=flags)
    grown = candidate.outcome(m.resize, 2**18) == Returned(None)
    assert (len(m), m[:]) == ((2**18, bytes(2**18)) if grown else (4096, bytes(4096)))


@clause("resize.memory-let-go")
@pytest.mark.parametrize("sizes", [(80000, 100), (100, 80000), (4096, 4097, 70000)])
def test_no_page_is_left(candidate, sizes):
    """After resizes and close() no page of the map is left in the address space."""
    file, m = mapped(candidate, pattern(9000))
    for size in sizes:
        m.resize(size)
    m.close()
    with_file = "result = [line for line in open('/proc/self/maps') if path in line]"
    assert candidate.run(with_file, path=candidate.os.path.realpath(file.path)) == []


@clause("resize.memory-let-go")
def test_no_anonymous_page_is_left(candidate):
    """Shrinking gives memory back, and so does closing after a growth."""
    source = f"""
        def used():
            return {USED} >> 20
        before = used()
        m = mmap.mmap(-1, 2**26, flags=mmap.MAP_PRIVATE)
        m.resize(2**27)
        sizes = [used() - before]
        m.resize(2**24)
        sizes.append(used() - before)
        m.close()
        result = sizes + [used() - before]
    """
    grown, shrunk, closed = candidate.run(source)
    assert 120 <= grown <= 136
    assert 8 <= shrunk <= 24
    assert closed <= 8


@clause("resize.descriptors-kept")
@pytest.mark.parametrize("size", [100, 20000, 0, -1, "max"])
def test_descriptors(candidate, size):
    """resize() leaves no more descriptors open than before."""
    _, m = mapped(candidate, pattern(9000))
    before = candidate.run(OPEN)
    candidate.outcome(m.resize, candidate.profile.ssize_max if size == "max" else size)
    assert candidate.run(OPEN) == before


@clause("resize.other-map-windows")
@pytest.mark.parametrize("new", [1, 100, 4096])
def test_other_map_on_windows(candidate, new):
    """resize() raises OSError 1224 where another map holds the file and it would shrink."""
    file, m = mapped(candidate, pattern(9000))
    other = candidate.mmap.mmap(file.fd, 0)
    with candidate.raises(OSError, winerror=1224):
        m.resize(new)
    assert other[:] == pattern(9000)


@clause("resize.tag-held-windows")
@pytest.mark.parametrize("new", [100, 20000])
def test_tag_held_on_windows(candidate, new):
    """resize() raises OSError 1224 where another map holds the tag."""
    maps = [candidate.mmap.mmap(-1, 9000, tagname="mmap-spec-held") for _ in range(2)]
    with candidate.raises(OSError, winerror=1224):
        maps[0].resize(new)


@clause("resize.tag-alone-windows")
@pytest.mark.parametrize("new", [100, 20000])
def test_tag_alone_on_windows(candidate, new):
    """A map with a tag that nobody else holds can be resized."""
    m = candidate.anonymous(pattern(9000), tagname="mmap-spec-alone")
    m.resize(new)
    assert (len(m), m[:]) == (new, pattern(9000)[:new] + bytes(max(0, new - 9000)))


@clause("resize.unsupported")
@pytest.mark.parametrize("new", [100, 9000, 20000])
def test_unsupported(candidate, new):
    """resize() raises SystemError where the system cannot remap memory."""
    m = of_file(candidate, pattern(9000))
    with candidate.raises(SystemError):
        m.resize(new)


@clause("resize.absent")
def test_absent(candidate):
    """Maps have no resize() where the system cannot remap memory."""
    assert candidate.builtins.hasattr(candidate.mmap.mmap, "resize") is False


@clause("resize.private-file-contents")
@pytest.mark.parametrize("first", [100, 4096, 5000, 9000])
@pytest.mark.parametrize("new", [8999, 9001, 12288, 20000])
def test_private_contents(candidate, first, new):
    """A private map that grows shows the bytes of the file, and zeros behind its end."""
    expected = bytearray(pattern(9000)[:new] + bytes(max(0, new - 9000)))
    m = candidate.mmap.mmap(
        candidate.file(pattern(9000)).fd, first, flags=candidate.mmap.MAP_PRIVATE
    )
    m[0] = expected[0] = 99
    m.resize(new)
    assert (len(m), m[:] == expected) == (new, True)
    m[first - 1 :] = bytes(new - first + 1)
    assert m[:] == expected[: first - 1] + bytes(new - first + 1)
