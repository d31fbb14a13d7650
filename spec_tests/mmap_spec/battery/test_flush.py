"""flush([offset[, size]], *, flags=0): changes are written back to the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.clauses import clause
from mmap_spec.outcomes import Returned
from mmap_spec.situations import each_access, of_file
from mmap_spec.strategies import pattern

DONE = Returned(None)
SYNC, ASYNC, INVALIDATE = "MS_SYNC", "MS_ASYNC", "MS_INVALIDATE"


def pages(candidate, number, access="ACCESS_DEFAULT"):
    """A map of a file of so many pages, and the size of a page."""
    page = candidate.profile.page_size
    return of_file(candidate, pattern(number * page), access), page


def flags_of(candidate, *names):
    """The flags of these names, or-ed."""
    return sum(getattr(candidate.mmap, name) for name in names)


@clause("flush.returns-none")
def test_result(candidate):
    """flush() returns None."""
    m, page = pages(candidate, 3)
    assert (m.flush(), m.flush(0), m.flush(page, page)) == (None, None, None)


@clause("flush.reaches-file")
@pytest.mark.parametrize("arguments", [(), (0, 9000), (0, 10)])
def test_reaches_the_file(candidate, arguments):
    """After flush() the file holds what the map holds."""
    file = candidate.file(pattern(9000))
    m = candidate.mmap.mmap(file.fd, 0)
    m[3:6] = b"new"
    m.flush(*arguments)
    assert file.contents() == pattern(3) + b"new" + pattern(9000)[6:]


@clause("flush.range")
@pytest.mark.parametrize("first", [0, 1, 2])
def test_range(candidate, first):
    """flush() takes every page-aligned offset and every size up to the end."""
    m, page = pages(candidate, 3)
    sizes = [0, 1, page - 1, page, (3 - first) * page - 1, (3 - first) * page]
    assert [candidate.outcome(m.flush, first * page, size) for size in sizes] == [DONE] * 6


@clause("flush.unaligned-size")
@given(sizes=st.lists(st.integers(0, 3 * 4096), min_size=1, max_size=5))
def test_unaligned_size(candidate, sizes):
    """The size need not be a multiple of the page size."""
    m = candidate.anonymous(pattern(3 * 4096))
    assert [m.flush(0, size) for size in sizes] == [None] * len(sizes)


@clause("flush.empty-at-end")
def test_nothing_at_the_end(candidate):
    """flush(len(m), 0) is allowed."""
    m, page = pages(candidate, 2)
    assert m.flush(2 * page, 0) is None


@clause("flush.past-end")
@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize("beyond", [1, 2, 4096, 2**30])
def test_past_the_end(candidate, first, beyond):
    """flush() raises ValueError where the range reaches beyond the end."""
    m, page = pages(candidate, 3)
    with candidate.raises(ValueError):
        m.flush(first * page, (3 - first) * page + beyond)


@clause("flush.offset-past-end")
@pytest.mark.parametrize("beyond", [1, 4096, 2**30])
@pytest.mark.parametrize("size", [0, 1])
def test_offset_past_the_end(candidate, beyond, size):
    """flush() raises ValueError where offset is beyond the length."""
    m, page = pages(candidate, 2)
    with candidate.raises(ValueError):
        m.flush(2 * page + beyond, size)


@clause("flush.negative-offset")
@pytest.mark.parametrize("offset", [-1, -4096, -8192])
def test_negative_offset(candidate, offset):
    """flush() raises ValueError for a negative offset."""
    m, _ = pages(candidate, 2)
    for size in [(), (0,), (1,), (4096,), (8192,)]:
        with candidate.raises(ValueError):
            m.flush(offset, *size)


@clause("flush.negative-size")
@pytest.mark.parametrize("size", [-2, -4096, -8192])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_negative_size(candidate, size, first):
    """flush() raises ValueError for a size below -1."""
    m, page = pages(candidate, 2)
    with candidate.raises(ValueError):
        m.flush(first * page, size)


@clause("flush.size-minus-one-refused")
@pytest.mark.parametrize("first", [0, 1, 2])
def test_minus_one_is_refused(candidate, first):
    """flush() raises ValueError for the size -1."""
    m, page = pages(candidate, 2)
    with candidate.raises(ValueError):
        m.flush(first * page, -1)


@clause("flush.size-minus-one")
@pytest.mark.parametrize("first", [0, 1, 2])
def test_minus_one(candidate, first):
    """flush(offset, -1) writes from offset to the end."""
    m, page = pages(candidate, 2)
    assert m.flush(first * page, -1) is None
    assert m.flush(first * page, candidate.hostile(-1)) is None


@clause("flush.size-minus-one")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
def test_minus_one_of_a_flush_that_does_nothing(candidate, access):
    """flush(offset, -1) of a READ or COPY map returns None."""
    m, page = pages(candidate, 2, access)
    assert (m.flush(0, -1), m.flush(page, -1), m.flush(1, -1)) == (None, None, None)


@clause("flush.offset-past-end")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ"])
@pytest.mark.parametrize("beyond", [1, 4096])
def test_minus_one_past_the_end(candidate, access, beyond):
    """flush(offset, -1) raises ValueError where offset is beyond the length."""
    m, page = pages(candidate, 2, access)
    with candidate.raises(ValueError):
        m.flush(2 * page + beyond, -1)


@clause("flush.offset-alone-refused")
@pytest.mark.parametrize("first", [1, 2])
def test_offset_alone_is_refused(candidate, first):
    """flush(offset) with an offset that is not 0 raises ValueError."""
    m, page = pages(candidate, 2)
    with candidate.raises(ValueError):
        m.flush(first * page)


@clause("flush.offset-alone")
@pytest.mark.parametrize("first", [0, 1, 2])
def test_offset_alone(candidate, first):
    """flush(offset) writes from offset to the end."""
    m, page = pages(candidate, 3)
    assert m.flush(first * page) is None


@clause("flush.unaligned-offset-alone")
@pytest.mark.parametrize("offset", [1, 8, 4095])
def test_unaligned_offset_alone(candidate, offset):
    """flush(offset) raises OSError for an offset that is no multiple of the page size."""
    m, _ = pages(candidate, 2)
    with candidate.raises(OSError, errno="EINVAL"):
        m.flush(offset)


@clause("flush.offset-alone-past-end")
@pytest.mark.parametrize("beyond", [1, 4096, 2**30])
def test_offset_alone_past_the_end(candidate, beyond):
    """flush(offset) raises ValueError where offset is beyond the length."""
    m, page = pages(candidate, 2)
    with candidate.raises(ValueError):
        m.flush(2 * page + beyond)


@clause("flush.unaligned-offset")
@pytest.mark.parametrize("offset", [1, 8, 512, -1])
def test_unaligned_offset(candidate, offset):
    """flush() raises OSError for an offset that is no multiple of the page size."""
    m, page = pages(candidate, 3)
    for size in (0, 1, page):
        with candidate.raises(OSError, errno="EINVAL"):
            m.flush(page + offset, size)


def unaligned_refused(candidate, m):
    """flush() of a writable map of 4000 bytes raises OSError for each unaligned offset."""
    for offset, size in [(1, 1), (8, 0), (3999, 1), (4000, 0)]:
        with candidate.raises(OSError, errno="EINVAL"):
            m.flush(offset, size)
    with candidate.raises(ValueError):
        m.flush(0, 4001)


@clause("flush.unaligned-offset")
@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
def test_unaligned_offset_by_flags(candidate, anonymous, flags):
    """The flags of the map, and what is mapped, make no difference."""
    fd = -1 if anonymous else candidate.file(pattern(5000)).fd
    unaligned_refused(
        candidate, candidate.mmap.mmap(fd, 4000, flags=getattr(candidate.mmap, flags))
    )


@clause("flush.unaligned-offset")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_WRITE"])
@pytest.mark.parametrize("granules", [0, 1])
def test_unaligned_offset_by_access(candidate, access, granules):
    """The access mode of a writable map and its own offset make no difference."""
    offset = granules * candidate.profile.granularity
    mode = getattr(candidate.mmap, access)
    f = candidate.file(pattern(offset + 5000))
    unaligned_refused(candidate, candidate.mmap.mmap(f.fd, 4000, access=mode, offset=offset))


@clause("flush.unaligned-offset", "trackfd.writes")
def test_unaligned_offset_untracked(candidate):
    """A map that keeps no descriptor refuses it too."""
    f = candidate.file(pattern(5000))
    unaligned_refused(candidate, candidate.mmap.mmap(f.fd, 4000, trackfd=False))


@clause("flush.unaligned-offset-windows")
@pytest.mark.parametrize("offset", [1, 8, 512, 4095])
def test_unaligned_offset_on_windows(candidate, offset):
    """flush() takes an offset that is no multiple of the page size."""
    m, page = pages(candidate, 3)
    assert (m.flush(offset, 1), m.flush(offset, page)) == (None, None)


@clause("flush.range-before-alignment")
@pytest.mark.parametrize("offset", [1, 8191])
def test_range_comes_first(candidate, offset):
    """flush() raises ValueError where an unaligned range reaches beyond the end."""
    m, page = pages(candidate, 2)
    with candidate.raises(ValueError):
        m.flush(offset, 2 * page - offset + 1)


@clause("flush.readonly-nothing")
@pytest.mark.parametrize("arguments", [(), (0, 10), (1, 1), (4096, 4096), (8191, 1), (8192, 0)])
def test_readonly(candidate, arguments):
    """flush() of a map of ACCESS_READ returns None."""
    assert of_file(candidate, pattern(8192), "ACCESS_READ").flush(*arguments) is None


@clause("flush.copy-nothing")
@pytest.mark.parametrize("arguments", [(), (0, 10), (1, 1), (4096, 4096), (8191, 1), (8192, 0)])
def test_copy(candidate, arguments):
    """flush() of a map of ACCESS_COPY returns None."""
    assert of_file(candidate, pattern(8192), "ACCESS_COPY").flush(*arguments) is None


@clause("flush.readonly-prot-nothing")
@pytest.mark.parametrize("flags", ["MAP_SHARED", "MAP_PRIVATE"])
@pytest.mark.parametrize("arguments", [(), (1, 1), (8191, 1)])
def test_readonly_by_prot(candidate, flags, arguments):
    """flush() of a map whose prot lacks PROT_WRITE returns None."""
    flags = getattr(candidate.mmap, flags)
    file = candidate.file(pattern(8192))
    m = candidate.mmap.mmap(file.fd, 0, flags=flags, prot=candidate.mmap.PROT_READ)
    assert m.flush(*arguments) is None


@clause("flush.nothing-in-range")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
@pytest.mark.parametrize("arguments", [(0, 8193), (1, 8192), (-1, 1), (0, -2), (8193, 0)])
def test_range_of_a_flush_that_does_nothing(candidate, access, arguments):
    """flush() of a READ or COPY map raises ValueError for a range outside of it."""
    m = of_file(candidate, pattern(8192), access)
    with candidate.raises(ValueError):
        m.flush(*arguments)


@clause("flush.nothing-in-range", "flush.readonly-prot-nothing")
@pytest.mark.parametrize("arguments", [(0, 8193), (1, 8192), (-1, 1), (0, -2), (8193, 0)])
def test_range_of_a_map_that_is_readonly_by_prot(candidate, arguments):
    """So does flush() of a map whose prot lacks PROT_WRITE."""
    m = candidate.mmap.mmap(candidate.file(pattern(8192)).fd, 0, prot=candidate.mmap.PROT_READ)
    with candidate.raises(ValueError):
        m.flush(*arguments)


@clause("flush.offset-alone", "flush.readonly-nothing", "flush.copy-nothing")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
@pytest.mark.parametrize("offset", [1, 4095, 4096, 8192])
def test_offset_alone_of_a_flush_that_does_nothing(candidate, access, offset):
    """flush(offset) of a READ or COPY map returns None, even for an unaligned offset."""
    assert of_file(candidate, pattern(8192), access).flush(offset) is None


@clause("flush.copy-keeps-file")
def test_copy_stays_private(candidate):
    """flush() of a map of ACCESS_COPY does not write to the file."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, access=candidate.mmap.ACCESS_COPY)
    m[:3] = b"new"
    m.flush()
    assert (file.contents(), m[:]) == (b"abcdef", b"newdef")


@clause("flush.private-keeps-file")
def test_private_stays_private(candidate):
    """flush() of a map of MAP_PRIVATE does not write to the file."""
    file = candidate.file(b"abcdef")
    m = candidate.mmap.mmap(file.fd, 0, flags=candidate.mmap.MAP_PRIVATE)
    m[:3] = b"new"
    m.flush()
    assert (file.contents(), m[:]) == (b"abcdef", b"newdef")


@clause("flush.anonymous")
def test_anonymous(candidate):
    """flush() of an anonymous map returns None."""
    m = candidate.anonymous(pattern(9000))
    assert (m.flush(), m.flush(0, 9000), m[:]) == (None, None, pattern(9000))


@clause("flush.map-offset")
def test_map_with_an_offset(candidate):
    """The offset counts from the start of the map, the range is judged by its length."""
    start, page = candidate.profile.granularity, candidate.profile.page_size
    file = candidate.file(bytes(start + 3 * page))
    m = candidate.mmap.mmap(file.fd, 2 * page, offset=start)
    assert (m.flush(0, 2 * page), m.flush(page, page)) == (None, None)
    with candidate.raises(ValueError):
        m.flush(page, page + 1)
    with candidate.raises(ValueError):
        m.flush(2 * page, page)


@clause("flush.tail")
@pytest.mark.parametrize("length", [1, 10, 4097, 8191])
def test_tail(candidate, length):
    """The range is judged by the length of the map, not of its last page."""
    m = of_file(candidate, pattern(length))
    page = candidate.profile.page_size
    last = (length - 1) // page * page
    assert m.flush(last, length - last) is None
    with candidate.raises(ValueError):
        m.flush(last, length - last + 1)


@clause("flush.state-kept")
@each_access
def test_state_stays(candidate, access):
    """flush() leaves position, length and contents as they were."""
    m, page = pages(candidate, 2, access)
    m.seek(5)
    m.flush()
    m.flush(0, page)
    assert (m.tell(), len(m), m[:]) == (5, 2 * page, pattern(2 * page))


@clause("flush.offset-type")
@pytest.mark.parametrize("offset", [None, 0.0, "0", b"0", [0]], ids=repr)
def test_type_of_the_offset(candidate, offset):
    """flush() raises TypeError for an offset that has no __index__."""
    m, page = pages(candidate, 1)
    with candidate.raises(TypeError):
        m.flush(offset)
    with candidate.raises(TypeError):
        m.flush(offset, page)


@clause("flush.size-type")
@pytest.mark.parametrize("size", [1.0, "1", b"1", [1]], ids=repr)
def test_type_of_the_size(candidate, size):
    """flush() raises TypeError for a size that has no __index__."""
    m, _ = pages(candidate, 1)
    with candidate.raises(TypeError):
        m.flush(0, size)


@clause("flush.none-size")
def test_none_as_size(candidate):
    """flush() raises TypeError for a size of None."""
    m, _ = pages(candidate, 1)
    with candidate.raises(TypeError):
        m.flush(0, None)


@clause("flush.index-arguments")
def test_index(candidate):
    """flush() takes objects with __index__ as offset and size."""
    m, page = pages(candidate, 2)
    assert m.flush(candidate.hostile(page), candidate.hostile(page)) is None
    assert m.flush(False, True) is None
    with candidate.raises(ValueError):
        m.flush(candidate.hostile(page), candidate.hostile(page + 1))


@clause("flush.arity")
@pytest.mark.parametrize("last", [0, 4])
def test_number_of_arguments(candidate, last):
    """flush() with three positional arguments raises TypeError."""
    m, page = pages(candidate, 1)
    with candidate.raises(TypeError):
        m.flush(0, page, last)


@clause("flush.positional-only")
@pytest.mark.parametrize("keyword", ["offset", "size", "flag"])
def test_keyword(candidate, keyword):
    """offset and size cannot be given as keywords."""
    m, _ = pages(candidate, 1)
    with candidate.raises(TypeError):
        m.flush(**{keyword: 0})


@clause("flush.no-flags")
def test_no_flags(candidate):
    """flush() has no parameter flags."""
    m, _ = pages(candidate, 1)
    with candidate.raises(TypeError):
        m.flush(flags=0)


@clause("flush.flags")
@pytest.mark.parametrize(
    "names", [(), (SYNC,), (ASYNC,), (INVALIDATE,), (SYNC, INVALIDATE), (ASYNC, INVALIDATE)]
)
def test_flags(candidate, names):
    """flush() takes 0, MS_SYNC, MS_ASYNC, and each of them with MS_INVALIDATE."""
    m, page = pages(candidate, 2)
    m[5] = 1
    flags = flags_of(candidate, *names)
    assert m.flush(flags=flags) is None
    assert (m.flush(page, 5, flags=flags), m.flush(page, flags=flags)) == (None, None)


@clause("flush.flags")
def test_flags_that_are_bool(candidate):
    """A bool is an integer like any other: True is MS_ASYNC on Linux."""
    m, _ = pages(candidate, 1)
    assert (m.flush(flags=False), m.flush(flags=True)) == (None, None)


@clause("flush.flags", "close.refuses-flush")
@pytest.mark.parametrize("flags", [0, 1, 8])
def test_flags_of_a_closed_map(candidate, flags):
    """flush() of a closed map raises ValueError, whatever the flags."""
    m, page = pages(candidate, 1)
    m.close()
    with candidate.raises(ValueError):
        m.flush(flags=flags)
    with candidate.raises(ValueError):
        m.flush(0, page, flags=flags)


@clause("flush.flags-with-range")
def test_flags_and_a_range(candidate):
    """flush() takes flags together with an offset and a size."""
    m, page = pages(candidate, 2)
    assert (m.flush(page, flags=0), m.flush(page, 5, flags=0)) == (None, None)
    with candidate.raises(ValueError):
        m.flush(page, page + 1, flags=0)


@clause("flush.flags-keyword")
def test_flags_by_position(candidate):
    """The flags can be given by keyword only."""
    m, page = pages(candidate, 1)
    assert m.flush(0, page, flags=0) is None
    with candidate.raises(TypeError):
        m.flush(0, page, 0)


@clause("flush.flags-contradict")
@pytest.mark.parametrize("more", [(), (INVALIDATE,)])
def test_contradicting_flags(candidate, more):
    """flush() raises OSError for MS_SYNC together with MS_ASYNC."""
    m, _ = pages(candidate, 1)
    with candidate.raises(OSError, errno="EINVAL"):
        m.flush(flags=flags_of(candidate, SYNC, ASYNC, *more))


@clause("flush.flags-unknown")
@pytest.mark.parametrize("flags", [8, 256, -1, 2**31 - 1, -(2**31)])
def test_unknown_flags(candidate, flags):
    """flush() raises OSError for flags that the system does not know."""
    m, page = pages(candidate, 1)
    with candidate.raises(OSError, errno="EINVAL"):
        m.flush(flags=flags)
    with candidate.raises(OSError, errno="EINVAL"):
        m.flush(0, page, flags=flags)


@clause("flush.flags-unknown")
@pytest.mark.parametrize("flags", [8, -1])
def test_unknown_flags_of_other_maps(candidate, flags):
    """Anonymous maps, and those without a descriptor, refuse them too."""
    f = candidate.file(pattern(5000))
    for m in (candidate.anonymous(b"abc"), candidate.mmap.mmap(f.fd, 0, trackfd=False)):
        with candidate.raises(OSError, errno="EINVAL"):
            m.flush(flags=flags)


@clause("flush.flags-type")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ"])
@pytest.mark.parametrize("flags", [None, 0.0, "0", b"0"], ids=repr)
def test_type_of_the_flags(candidate, access, flags):
    """flush() raises TypeError for flags that have no __index__."""
    m, _ = pages(candidate, 1, access)
    with candidate.raises(TypeError):
        m.flush(flags=flags)


@clause("flush.flags-range-first")
@pytest.mark.parametrize("flags", [0, -1, 5])
@pytest.mark.parametrize("arguments", [(-1, 1), (0, 4097), (0, -2), (4097,)])
def test_range_comes_before_the_flags(candidate, flags, arguments):
    """flush() raises ValueError for a range outside of the map, whatever the flags."""
    m = of_file(candidate, pattern(4096))
    with candidate.raises(ValueError):
        m.flush(*arguments, flags=flags)


@clause("flush.flags-readonly")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_COPY"])
@pytest.mark.parametrize("flags", [1, 4, 5, 8, -1])
def test_flags_of_a_readonly_map(candidate, access, flags):
    """flush() of a READ or COPY map does not look at the flags."""
    m, _ = pages(candidate, 1, access)
    assert m.flush(flags=flags) is None


@clause("flush.flags-windows")
@pytest.mark.parametrize("flags", [1, 4, 5, 8, -1])
def test_flags_on_windows(candidate, flags):
    """flush() ignores the flags."""
    m, _ = pages(candidate, 1)
    assert candidate.outcome(m.flush, flags=flags) == DONE
