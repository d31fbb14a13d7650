"""madvise(option[, start[, length]]): advice about the use of memory."""

import pytest

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, of_file
from mmap_spec.strategies import pattern

ORDER = ["MADV_NORMAL", "MADV_RANDOM", "MADV_SEQUENTIAL", "MADV_WILLNEED"]
HARMLESS = [
    *ORDER,
    "MADV_DONTFORK",
    "MADV_DOFORK",
    "MADV_DONTDUMP",
    "MADV_DODUMP",
    "MADV_FREE",
    "MADV_DONTNEED",
]


def private(candidate, number, mark=b"z"):
    """A private anonymous map of so many pages full of ``mark``, and the size of a page."""
    page = candidate.profile.page_size
    m = candidate.anonymous(mark * (number * page), flags=candidate.mmap.MAP_PRIVATE)
    return m, page


def dropped(m, page):
    """Which pages of such a map are zeros."""
    return [m[first] == 0 for first in range(0, len(m), page)]


@clause("madvise.returns-none")
def test_result(candidate):
    """madvise() returns None."""
    m, page = private(candidate, 2)
    normal = candidate.mmap.MADV_NORMAL
    assert [m.madvise(normal), m.madvise(normal, page), m.madvise(normal, 0, 1)] == [None] * 3


@clause("madvise.advice-keeps")
@pytest.mark.parametrize("name", ORDER)
def test_advice_about_order(candidate, name):
    """Advice about the order of access changes nothing that shows."""
    m = of_file(candidate, pattern(9000))
    m.seek(7)
    m.madvise(getattr(candidate.mmap, name))
    assert (m[:], m.tell(), len(m)) == (pattern(9000), 7, 9000)


@clause("madvise.whole-map")
@pytest.mark.parametrize("more", [0, 1, -1])
def test_whole_map(candidate, more):
    """Without start and length, madvise() acts on the whole map, up to its last byte."""
    length = 3 * candidate.profile.page_size + more
    m = candidate.anonymous(pattern(length), flags=candidate.mmap.MAP_PRIVATE)
    m.madvise(candidate.mmap.MADV_DONTNEED)
    assert m[:] == bytes(length)


@clause("madvise.start-only")
@pytest.mark.parametrize("first", [0, 1, 2])
def test_start_only(candidate, first):
    """Without a length, madvise() acts from start to the end."""
    m, page = private(candidate, 3)
    m.madvise(candidate.mmap.MADV_DONTNEED, first * page)
    assert dropped(m, page) == [number >= first for number in range(3)]


@clause("madvise.range")
@pytest.mark.parametrize(("first", "number"), [(0, 1), (1, 1), (1, 2), (2, 1), (0, 3)])
def test_range(candidate, first, number):
    """madvise() acts on the pages of its range, and on no others."""
    m, page = private(candidate, 4)
    m.madvise(candidate.mmap.MADV_DONTNEED, first * page, number * page)
    assert dropped(m, page) == [first <= place < first + number for place in range(4)]


@clause("madvise.part-of-page")
@pytest.mark.parametrize("part", [1, 2, -1])
def test_part_of_a_page(candidate, part):
    """A length that ends within a page includes that page."""
    m, page = private(candidate, 3)
    m.madvise(candidate.mmap.MADV_DONTNEED, 0, page + part % page)
    assert dropped(m, page) == [True, True, False]


@clause("madvise.zero-length")
@pytest.mark.parametrize("first", [0, 1])
def test_zero_length(candidate, first):
    """madvise() with the length 0 acts on nothing."""
    m, page = private(candidate, 2)
    m.madvise(candidate.mmap.MADV_DONTNEED, first * page, 0)
    assert dropped(m, page) == [False, False]


@clause("madvise.clipped")
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("beyond", [1, 4096, 2**30, 2**30 - 4096])
def test_length_beyond_the_end(candidate, first, beyond):
    """A length that reaches beyond the end means the rest of the map."""
    m, page = private(candidate, 2)
    length = (2 - first) * page + beyond
    assert m.madvise(candidate.mmap.MADV_NORMAL, first * page, length) is None
    m.madvise(candidate.mmap.MADV_DONTNEED, first * page, length)
    assert dropped(m, page) == [number >= first for number in range(2)]


@clause("madvise.start-negative")
@pytest.mark.parametrize("start", [-1, -4096, -8192, -(2**31)])
def test_negative_start(candidate, start):
    """madvise() raises ValueError for a negative start."""
    m, page = private(candidate, 2)
    for more in [(), (0,), (page,), (3 * page,)]:
        with candidate.raises(ValueError):
            m.madvise(candidate.mmap.MADV_NORMAL, start, *more)


@clause("madvise.start-at-end")
@pytest.mark.parametrize("beyond", [0, 1, 4096, 2**30])
def test_start_at_the_end(candidate, beyond):
    """madvise() raises ValueError where start is the length of the map or more."""
    m, page = private(candidate, 2)
    for more in [(), (0,), (page,)]:
        with candidate.raises(ValueError):
            m.madvise(candidate.mmap.MADV_NORMAL, 2 * page + beyond, *more)


@clause("madvise.length-negative")
@pytest.mark.parametrize("length", [-1, -4096, -(2**31)])
def test_negative_length(candidate, length):
    """madvise() raises ValueError for a negative length."""
    m, page = private(candidate, 2)
    for start in (0, page):
        with candidate.raises(ValueError):
            m.madvise(candidate.mmap.MADV_NORMAL, start, length)


@clause("madvise.length-too-large")
def test_sum_too_large(candidate):
    """madvise() raises OverflowError where start plus length overflows."""
    m, page = private(candidate, 2)
    normal, most = candidate.mmap.MADV_NORMAL, candidate.profile.ssize_max
    for length in (most, most - page + 1):
        with candidate.raises(OverflowError):
            m.madvise(normal, page, length)
    assert (m.madvise(normal, page, most - page), m.madvise(normal, 0, most)) == (None, None)


@clause("madvise.unaligned-start")
@pytest.mark.parametrize("start", [1, 512, 4095, 4097])
def test_unaligned_start(candidate, start):
    """madvise() raises OSError for a start that is no multiple of the page size."""
    m = candidate.mmap.mmap(-1, 3 * 65536)
    for more in [(), (0,), (1,), (4096,)]:
        with candidate.raises(OSError, errno="EINVAL"):
            m.madvise(candidate.mmap.MADV_NORMAL, start, *more)


@clause("madvise.unaligned-start")
@pytest.mark.parametrize("start", [4097, 4098])
def test_unaligned_start_in_the_last_page(candidate, start):
    """The last page, which the map does not fill, is no exception."""
    m = candidate.mmap.mmap(-1, 4099)
    with candidate.raises(OSError, errno="EINVAL"):
        m.madvise(candidate.mmap.MADV_NORMAL, start)


@clause("madvise.unknown-option")
@pytest.mark.parametrize("option", [9999, -1, 2**31 - 1, -(2**31)])
def test_unknown_option(candidate, option):
    """madvise() raises OSError for an option that the system does not know."""
    m, _ = private(candidate, 2)
    with candidate.raises(OSError, errno="EINVAL"):
        m.madvise(option)
    with candidate.raises(OSError, errno="EINVAL"):
        m.madvise(option, 0, 0)


@clause("madvise.unfit-option")
@pytest.mark.parametrize(("name", "flags"), [("FREE", "SHARED"), ("REMOVE", "PRIVATE")])
def test_option_that_does_not_fit(candidate, name, flags):
    """madvise() raises OSError for an option that the system knows, but not for such a map."""
    m = candidate.anonymous(b"z" * 9000, flags=getattr(candidate.mmap, f"MAP_{flags}"))
    with candidate.raises(OSError, errno="EINVAL"):
        m.madvise(getattr(candidate.mmap, f"MADV_{name}"))


@clause("madvise.range-first")
@pytest.mark.parametrize("arguments", [(-1,), (-1, -1), (0, -1), (2**30,), (2**30, -1)])
def test_range_comes_first(candidate, arguments):
    """madvise() raises ValueError for a bad range, whatever the option."""
    m, _ = private(candidate, 2)
    with candidate.raises(ValueError):
        m.madvise(9999, *arguments)


@clause("madvise.map-offset")
def test_map_with_an_offset(candidate):
    """start counts from the start of the map, the range is judged by its length."""
    page, dontneed = candidate.profile.page_size, candidate.mmap.MADV_DONTNEED
    file = candidate.file(b"f" * (5 * page))
    m = candidate.mmap.mmap(file.fd, 2 * page, offset=page, access=candidate.mmap.ACCESS_COPY)
    m[:] = b"m" * (2 * page)
    m.madvise(dontneed, page, 3 * page)
    assert (m[0], m[page]) == (ord("m"), ord("f"))
    with candidate.raises(ValueError):
        m.madvise(dontneed, 2 * page)


@clause("madvise.readonly")
@each_access
def test_access(candidate, access):
    """madvise() works on maps of every access mode."""
    m = of_file(candidate, pattern(9000), access)
    assert m.madvise(candidate.mmap.MADV_WILLNEED) is None


@clause("madvise.dontneed-copy")
def test_private_pages_are_dropped(candidate):
    """After MADV_DONTNEED a private map shows the contents of the file again."""
    m = of_file(candidate, pattern(9000), "ACCESS_COPY")
    m[:] = bytes(9000)
    m.madvise(candidate.mmap.MADV_DONTNEED)
    assert m[:] == pattern(9000)


@clause("madvise.dontneed-shared")
def test_shared_pages_stay(candidate):
    """After MADV_DONTNEED a shared map shows the same contents as before."""
    m = of_file(candidate, pattern(9000))
    m[100:200] = bytes(100)
    m.madvise(candidate.mmap.MADV_DONTNEED)
    assert m[:] == pattern(100) + bytes(100) + pattern(9000)[200:]


@clause("madvise.dontneed-shared")
def test_shared_memory_stays(candidate):
    """So does a shared anonymous map, which its other users may still need."""
    m = candidate.anonymous(pattern(9000))
    m.madvise(candidate.mmap.MADV_DONTNEED)
    assert m[:] == pattern(9000)


@clause("madvise.remove")
def test_remove(candidate):
    """MADV_REMOVE zeroes the pages of a shared anonymous map."""
    page = candidate.profile.page_size
    m = candidate.anonymous(b"z" * (3 * page))
    m.madvise(candidate.mmap.MADV_REMOVE, page, page)
    assert dropped(m, page) == [False, True, False]


@clause("madvise.options")
@pytest.mark.parametrize("name", HARMLESS)
def test_option(candidate, name):
    """Every option that needs no privilege and fits the map is accepted."""
    m, _ = private(candidate, 2)
    assert m.madvise(getattr(candidate.mmap, name)) is None


KERNEL_FLAGS = """
import ctypes
m = mmap.mmap(-1, 5 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE)

def flags():
    memory = ctypes.c_char.from_buffer(m)
    wanted = ctypes.addressof(memory) + mmap.PAGESIZE
    inside = False
    with open("/proc/self/smaps") as smaps:
        for line in smaps:
            first = line.split()[0]
            if not first.endswith(":"):
                start, end = [int(number, 16) for number in first.split("-")]
                inside = start <= wanted < end
            elif inside and first == "VmFlags:":
                return line.split()[1:]

result = []
for option in options:
    before = flags()
    m.madvise(getattr(mmap, option), mmap.PAGESIZE, mmap.PAGESIZE)
    after = flags()
    result.append(sorted(set(before) ^ set(after)))
m.close()
"""


@clause("madvise.reaches-system")
@pytest.mark.parametrize(
    ("options", "changed"),
    [
        (["MADV_RANDOM", "MADV_NORMAL"], "rr"),
        (["MADV_SEQUENTIAL", "MADV_NORMAL"], "sr"),
        (["MADV_DONTFORK", "MADV_DOFORK"], "dc"),
        (["MADV_DONTDUMP", "MADV_DODUMP"], "dd"),
    ],
)
def test_what_the_system_lists(candidate, options, changed):
    """An option, and the one that takes it back, show in the flags of the memory."""
    assert candidate.run(KERNEL_FLAGS, options=options) == [[changed], [changed]]


@clause("madvise.untracked")
def test_untracked(candidate):
    """madvise() works on a map that was made with trackfd=False."""
    m = of_file(candidate, pattern(9000), trackfd=False)
    assert m.madvise(candidate.mmap.MADV_WILLNEED) is None


@clause("madvise.option-type")
@pytest.mark.parametrize("option", [None, 0.0, "0", b"0", [0]], ids=repr)
def test_type_of_the_option(candidate, option):
    """madvise() raises TypeError for an option that has no __index__."""
    m, _ = private(candidate, 1)
    with candidate.raises(TypeError):
        m.madvise(option)


@clause("madvise.range-type")
@pytest.mark.parametrize(
    "arguments", [(None,), (0.0,), ("0",), (0, 1.0), (0, "1"), (None, None), (0.0, 1)], ids=repr
)
def test_type_of_the_range(candidate, arguments):
    """madvise() raises TypeError for a start or length that has no __index__."""
    m, _ = private(candidate, 1)
    with candidate.raises(TypeError):
        m.madvise(candidate.mmap.MADV_NORMAL, *arguments)


@clause("madvise.none-length-refused")
def test_none_is_refused(candidate):
    """madvise() raises TypeError for a length of None."""
    m, _ = private(candidate, 1)
    with candidate.raises(TypeError):
        m.madvise(candidate.mmap.MADV_NORMAL, 0, None)


@clause("madvise.none-length")
@pytest.mark.parametrize("first", [0, 1])
def test_none_as_length(candidate, first):
    """A length of None means the rest of the map."""
    m, page = private(candidate, 3)
    m.madvise(candidate.mmap.MADV_DONTNEED, first * page, None)
    assert dropped(m, page) == [number >= first for number in range(3)]


@clause("madvise.index-arguments")
def test_index(candidate):
    """madvise() takes objects with __index__ for all three arguments."""
    m, page = private(candidate, 2)
    index = candidate.hostile
    assert m.madvise(index(candidate.mmap.MADV_NORMAL), index(page), index(page)) is None
    assert m.madvise(False, False, True) is None
    with candidate.raises(ValueError):
        m.madvise(index(0), index(2 * page), index(page))


@clause("madvise.arity")
@pytest.mark.parametrize("arguments", [(), (0, 0, 1, 1)])
def test_number_of_arguments(candidate, arguments):
    """madvise() without an argument, and with four, raises TypeError."""
    m, _ = private(candidate, 1)
    with candidate.raises(TypeError):
        m.madvise(*arguments)


@clause("madvise.positional-only")
@pytest.mark.parametrize(
    ("arguments", "keyword"), [((), "option"), ((0,), "start"), ((0, 0), "length")]
)
def test_keyword(candidate, arguments, keyword):
    """madvise() takes no keyword arguments."""
    m, _ = private(candidate, 1)
    with candidate.raises(TypeError):
        m.madvise(*arguments, **{keyword: 0})
