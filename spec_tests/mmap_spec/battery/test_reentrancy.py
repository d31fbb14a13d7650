"""Arguments whose conversion acts on the very map: closes, resizes or exports it, or raises."""

from functools import partial

import pytest

from mmap_spec.candidate import Raised, calls
from mmap_spec.clauses import clause
from mmap_spec.parameters import BOUNDS, BUFFERS, FLAGS, INTEGERS, MADVISE, RESIZE
from mmap_spec.remote import RemoteMethod
from mmap_spec.situations import closer, each_access, faulty, of_file, resizer
from mmap_spec.strategies import pattern

OLD, NEW, GROWN = 9000, 100, 20000  # lengths of the map: before, shrunk, grown
each_integer = pytest.mark.parametrize("parameter", INTEGERS, ids=str)
each_buffer = pytest.mark.parametrize("parameter", BUFFERS, ids=str)
# Where an index or the bounds of a slice may be left unlooked at: nothing can be deleted.
each_used = pytest.mark.parametrize(
    "parameter", [p for p in INTEGERS if p.operation != "__delitem__"], ids=str
)
each_search = pytest.mark.parametrize("name", ["find", "rfind"])
each_bound = pytest.mark.parametrize("bound", BOUNDS)


def the_map(candidate):
    """A map of a file, position 0."""
    return of_file(candidate, pattern(OLD))


def with_argument(arguments, place, make):
    """The arguments with the one at ``place`` made by ``make(answer)``."""
    return [make(value) if number == place else value for number, value in enumerate(arguments)]


def stepped(bound, make):
    """The slice 1:OLD:1, of which one part is made by ``make(answer)``."""
    parts = with_argument((1, OLD, 1), BOUNDS.index(bound), make)
    return slice(*parts)


def handing_out(candidate, data, *steps):
    """A buffer that performs the steps when it is asked for."""
    return candidate.hostile(data, do=steps, slot="__buffer__")


def exporter(candidate, m):
    """A function of the candidate that exports the map's memory and keeps the export."""
    return candidate.run(
        "kept = []\ndef export():\n    kept.append(memoryview(m))\nresult = export", m=m
    )


def refuses_to_close(candidate, m):
    """Whether an export keeps the map open."""
    with candidate.raises(BufferError):
        m.close()
    return True


# closing


@clause("reentrancy.close-in-delete-index")
def test_deletion_closes(candidate):
    """del m[i] raises TypeError or ValueError where i closes the map."""
    m = the_map(candidate)
    with candidate.raises((TypeError, ValueError), state=False):  # the argument closes it
        del m[closer(candidate, m, 5)]


@clause("reentrancy.delete-slice-bound")
@each_bound
def test_slice_deletion_closes(candidate, bound):
    """del m[a:b] raises TypeError or ValueError where a bound closes the map."""
    m = the_map(candidate)
    with candidate.raises((TypeError, ValueError), state=False):  # the argument closes it
        del m[stepped(bound, partial(closer, candidate, m))]


def search_that_closes(candidate, name, arguments, place):
    m = the_map(candidate)
    m.seek(5)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        getattr(m, name)(*with_argument(arguments, place, partial(closer, candidate, m)))
    assert m.closed is True


SEARCHES = [((b"zz", 0), 1), ((b"zz", 0, OLD), 1), ((b"zz", 0, OLD), 2)]


@clause("reentrancy.close-in-find")
@pytest.mark.parametrize(("arguments", "place"), SEARCHES)
def test_find_closes(candidate, arguments, place):
    """find() raises ValueError where a bound closes the map."""
    search_that_closes(candidate, "find", arguments, place)


@clause("reentrancy.close-in-rfind")
@pytest.mark.parametrize(("arguments", "place"), SEARCHES)
def test_rfind_closes(candidate, arguments, place):
    """rfind() raises ValueError where a bound closes the map."""
    search_that_closes(candidate, "rfind", arguments, place)


@clause("reentrancy.close-in-empty-search")
@each_search
@pytest.mark.parametrize(("arguments", "place"), [((b"", 0), 1), ((b"", 0, OLD), 2)])
def test_empty_search_closes(candidate, name, arguments, place):
    """find() and rfind() of an empty needle raise ValueError where a bound closes the map."""
    search_that_closes(candidate, name, arguments, place)


@clause("reentrancy.close-in-needle")
@each_search
@pytest.mark.parametrize("more", [(), (0,), (0, OLD)])
def test_needle_closes(candidate, name, more):
    """find() and rfind() raise ValueError where the needle closes the map."""
    m = the_map(candidate)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        getattr(m, name)(handing_out(candidate, b"zz", m.close), *more)
    assert m.closed is True


@clause("reentrancy.close-in-flush-offset")
@each_access
def test_flush_offset_closes(candidate, access):
    """flush() raises ValueError where the offset closes the map."""
    m = of_file(candidate, pattern(OLD), access)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.flush(closer(candidate, m, 0), 9)
    assert m.closed is True


@clause("reentrancy.close-in-flush-size")
@each_access
def test_flush_size_closes(candidate, access):
    """flush() raises ValueError where the size closes the map."""
    m = of_file(candidate, pattern(OLD), access)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.flush(0, closer(candidate, m, 9))
    assert m.closed is True


@clause("reentrancy.close-in-flush-flags")
@pytest.mark.parametrize("arguments", [(), (0,), (0, 9)])
def test_flush_flags_close(candidate, arguments):
    """flush() raises ValueError where the flags close the map."""
    m = the_map(candidate)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.flush(*arguments, flags=closer(candidate, m, 0))
    assert m.closed is True


@clause("reentrancy.close-in-madvise")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_madvise_closes(candidate, place):
    """madvise() raises ValueError where an argument closes the map."""
    m = the_map(candidate)
    arguments = (candidate.mmap.MADV_NORMAL, 0, 9)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.madvise(*with_argument(arguments, place, partial(closer, candidate, m)))
    assert m.closed is True


@clause("reentrancy.close-in-resize")
@pytest.mark.parametrize("size", [NEW, OLD, GROWN])
def test_resize_closes(candidate, size):
    """resize() raises ValueError where the size closes the map."""
    file = candidate.file(pattern(OLD))
    m = candidate.mmap.mmap(file.fd, 0)
    with candidate.raises(ValueError, state=False):  # the argument closes it
        m.resize(closer(candidate, m, size))
    assert (m.closed, file.contents()) == (True, pattern(OLD))


@clause("reentrancy.close-in-containment")
def test_comparison_closes(candidate):
    """x in m raises ValueError where a comparison with x closes the map."""
    m = the_map(candidate)
    with candidate.raises(ValueError, state=False):  # the comparison closes it
        candidate.hostile(False, do=[m.close], slot="__eq__") in m  # noqa: B015


# shrinking


def search_that_shrinks(candidate, name, needle, bounds, place):
    m = the_map(candidate)
    shrink = partial(resizer, candidate, m, NEW)
    return getattr(m, name)(needle, *with_argument(bounds, place, shrink))


SHRUNK = [
    # needle, bounds, place, what find() gives, what rfind() gives: of pattern(NEW)
    (pattern(NEW)[90:], (0, OLD), 0, 90, 90),
    (pattern(NEW)[90:], (0, OLD), 1, 90, 90),
    (pattern(NEW + 1)[90:], (0, OLD), 0, -1, -1),
    (pattern(NEW + 1)[90:], (0, OLD), 1, -1, -1),
    (pattern(OLD)[5000:5005], (5000, OLD), 0, -1, -1),
    (pattern(OLD)[5000:5005], (5000, OLD), 1, -1, -1),
    (pattern(NEW)[95:], (-5, OLD), 0, 95, 95),
    (pattern(NEW)[95:], (-4, OLD), 0, -1, -1),
    (pattern(6)[5:], (0, -94), 1, 5, 5),
    (pattern(6)[5:], (0, -95), 1, -1, -1),
]


@clause("reentrancy.shrink-in-find")
@pytest.mark.parametrize(("needle", "bounds", "place", "found", "last"), SHRUNK)
def test_find_shrinks(candidate, needle, bounds, place, found, last):
    """find() searches what is left where a bound shrinks the map."""
    assert search_that_shrinks(candidate, "find", needle, bounds, place) == found


@clause("reentrancy.shrink-in-rfind")
@pytest.mark.parametrize(("needle", "bounds", "place", "found", "last"), SHRUNK)
def test_rfind_shrinks(candidate, needle, bounds, place, found, last):
    """rfind() searches what is left where a bound shrinks the map."""
    assert search_that_shrinks(candidate, "rfind", needle, bounds, place) == last


@clause("reentrancy.shrink-in-needle")
@each_search
@pytest.mark.parametrize(
    ("needle", "index"),
    [(pattern(NEW)[90:], 90), (pattern(NEW + 1)[90:], -1), (pattern(OLD)[5000:5005], -1)],
)
def test_needle_shrinks(candidate, name, needle, index):
    """find() and rfind() search what is left where the needle shrinks the map."""
    m = the_map(candidate)
    assert getattr(m, name)(handing_out(candidate, needle, partial(m.resize, NEW))) == index


@clause("reentrancy.shrink-in-flush")
@pytest.mark.parametrize("arguments", [(0, OLD), (0, NEW + 1), (4096, 10)])
@pytest.mark.parametrize("place", [0, 1])
def test_flush_shrinks(candidate, arguments, place):
    """flush() raises ValueError where an argument shrinks the map too far."""
    m = the_map(candidate)
    with candidate.raises(ValueError, state=False):  # the argument resizes it
        m.flush(*with_argument(arguments, place, partial(resizer, candidate, m, NEW)))
    assert m[:] == pattern(NEW)


@clause("reentrancy.shrink-in-flush-flags")
@pytest.mark.parametrize("arguments", [(0, OLD), (0, NEW + 1), (4096, 10), (4096,)])
def test_flush_flags_shrink(candidate, arguments):
    """flush() raises ValueError where the flags shrink the map too far."""
    m = the_map(candidate)
    with candidate.raises(ValueError, state=False):  # the argument resizes it
        m.flush(*arguments, flags=resizer(candidate, m, NEW, 0))


@clause("reentrancy.shrink-in-madvise-range")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_madvise_shrinks(candidate, place):
    """madvise() raises ValueError where an argument shrinks the map to start or less."""
    page = candidate.profile.page_size
    m = of_file(candidate, pattern(3 * page))
    arguments = (candidate.mmap.MADV_NORMAL, page, 9)
    with candidate.raises(ValueError, state=False):  # the argument resizes it
        m.madvise(*with_argument(arguments, place, partial(resizer, candidate, m, page)))


@clause("reentrancy.shrink-in-madvise-length")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_madvise_is_clipped(candidate, place):
    """madvise() clips a length to the map as it is after the conversion."""
    page = candidate.profile.page_size
    m = of_file(candidate, pattern(3 * page))
    arguments = (candidate.mmap.MADV_NORMAL, 0, 3 * page)
    assert m.madvise(*with_argument(arguments, place, partial(resizer, candidate, m, page))) is None


@clause("reentrancy.shrink-in-resize")
@pytest.mark.parametrize("size", [50, NEW, 5000, GROWN])
def test_resize_shrinks(candidate, size):
    """resize(n) gives the length n where n shrinks the map."""
    file = candidate.file(pattern(OLD))
    m = candidate.mmap.mmap(file.fd, 0)
    m.resize(resizer(candidate, m, NEW, size))
    expected = pattern(min(size, NEW)) + bytes(max(0, size - NEW))
    assert (m[:], file.contents()) == (expected, expected)


@clause("reentrancy.shrink-in-containment")
def test_comparison_shrinks(candidate):
    """x in m ends at the new end where a comparison with x shrinks the map."""
    m = the_map(candidate)
    other = candidate.hostile(False, do=[partial(m.resize, 3)], slot="__eq__")
    assert (other in m, calls(other)) == (False, 3)


# growing


@clause("reentrancy.grow-in-items")
@pytest.mark.parametrize("index", [5, OLD - 1, -OLD])
def test_index_grows(candidate, index):
    """An item is read, and assigned, where the index grows the map."""
    m = the_map(candidate)
    data = pattern(OLD) + bytes(GROWN - OLD)
    assert m[resizer(candidate, m, GROWN, index)] == data[index]
    m[resizer(candidate, m, 2 * GROWN, index)] = 7
    assert (len(m), m[index]) == (2 * GROWN, 7)


@clause("reentrancy.grow-in-items")
@each_bound
def test_bound_grows(candidate, bound):
    """A slice is read, and assigned, where a bound grows the map."""
    m = the_map(candidate)
    assert m[stepped(bound, partial(resizer, candidate, m, GROWN))] == pattern(OLD)[1:]
    m[stepped(bound, partial(resizer, candidate, m, 2 * GROWN))] = b"x" * (OLD - 1)
    assert m[:] == pattern(1) + b"x" * (OLD - 1) + bytes(2 * GROWN - OLD)


@clause("reentrancy.grow-in-store-value")
@pytest.mark.parametrize("index", [0, 5, OLD - 1])
def test_value_grows(candidate, index):
    """m[i] = v works on the grown map where v grows it."""
    m = the_map(candidate)
    m[index] = resizer(candidate, m, 2**24, 65)
    assert (len(m), m[index]) == (2**24, 65)


@clause("reentrancy.grow-in-store-buffer")
@pytest.mark.parametrize("step", [1, 2])
def test_source_grows(candidate, step):
    """m[a:b] = v works on the grown map where v grows it."""
    m = the_map(candidate)
    data = b"x" * (OLD // step)
    m[0:OLD:step] = handing_out(candidate, data, partial(m.resize, 2**24))
    assert (len(m), m[0:OLD:step]) == (2**24, data)


@clause("reentrancy.grow-in-containment")
def test_comparison_grows(candidate):
    """x in m goes on to the new end where a comparison with x grows the map."""
    m = of_file(candidate, pattern(3))
    other = candidate.hostile(False, do=[partial(m.resize, 5)], slot="__eq__")
    assert (other in m, calls(other)) == (False, 5)


@clause("reentrancy.grow-in-fileapi")
def test_fileapi_grows(candidate):
    """read(), write_byte() and seek() work on the grown map."""
    m = the_map(candidate)
    m.seek(OLD - 1)
    assert m.read(resizer(candidate, m, GROWN, 3)) == pattern(OLD)[-1:] + bytes(2)
    m.write_byte(resizer(candidate, m, 2 * GROWN, 65))
    m.seek(resizer(candidate, m, 3 * GROWN, -1), 2)
    assert (m.tell(), m[OLD + 2]) == (3 * GROWN - 1, 65)


@clause("reentrancy.grow-in-search")
@pytest.mark.parametrize("place", [1, 2])
def test_search_grows(candidate, place):
    """find() and rfind() search up to an end within the grown map."""
    m = of_file(candidate, b"x" * OLD)
    arguments = (b"\x00", 0, GROWN)
    assert m.find(*with_argument(arguments, place, partial(resizer, candidate, m, GROWN))) == OLD
    m.resize(OLD)
    assert (
        m.rfind(*with_argument(arguments, place, partial(resizer, candidate, m, GROWN)))
        == GROWN - 1
    )


@clause("reentrancy.grow-default-end")
@each_search
def test_default_end(candidate, name):
    """Without an end, the end is the one that the map had before."""
    m = of_file(candidate, b"x" * OLD)
    assert getattr(m, name)(b"\x00", resizer(candidate, m, GROWN, 0)) == -1


@clause("reentrancy.grow-in-ranges")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_move_grows(candidate, place):
    """move() takes a range within the grown map."""
    m = the_map(candidate)
    arguments = (GROWN - 10, 0, 10)
    m.move(*with_argument(arguments, place, partial(resizer, candidate, m, GROWN)))
    assert m[:] == pattern(OLD) + bytes(GROWN - OLD - 10) + pattern(10)


@clause("reentrancy.grow-in-ranges")
@pytest.mark.parametrize("place", [0, 1])
def test_flush_grows(candidate, place):
    """flush() takes a range within the grown map."""
    m = the_map(candidate)
    assert m.flush(*with_argument((0, GROWN), place, partial(resizer, candidate, m, GROWN))) is None


@clause("reentrancy.grow-in-resize")
@pytest.mark.parametrize("size", [NEW, OLD, GROWN, 2 * GROWN])
def test_resize_grows(candidate, size):
    """resize(n) gives the length n where n grows the map."""
    file = candidate.file(pattern(OLD))
    m = candidate.mmap.mmap(file.fd, 0)
    m.resize(resizer(candidate, m, GROWN, size))
    expected = pattern(min(size, OLD)) + bytes(max(0, size - OLD))
    assert (m[:], file.contents()) == (expected, expected)


# exporting


@clause("reentrancy.export-in-arguments")
@each_integer
def test_argument_exports(candidate, parameter):
    """An operation works where an argument exports a buffer, and that export lasts."""
    m, plain = candidate.anonymous(pattern(OLD)), candidate.anonymous(pattern(OLD))
    exporting = candidate.hostile(parameter.value, do=[exporter(candidate, m)])
    expected = candidate.outcome(parameter.call, plain, parameter.value)
    assert candidate.outcome(parameter.call, m, exporting) == expected
    assert refuses_to_close(candidate, m)


@clause("reentrancy.needle-held-from-resize")
@each_search
@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("size", [NEW, OLD, GROWN])
def test_needle_is_the_resized_map(candidate, name, place, size):
    """While bounds are converted, a map that is the needle cannot be resized."""
    m = the_map(candidate)
    with candidate.raises(BufferError):
        getattr(m, name)(*with_argument((m, 0, 9), place, partial(resizer, candidate, m, size)))
    m.resize(size)
    assert len(m) == size


# any operation, in any argument


def state_of(m):
    """All that can be seen of a map."""
    return "closed" if m.closed else (len(m), m.tell(), m[:])


def as_after(candidate, parameter, act, make):
    """The operation must do what it does where ``act(map)`` was done just before it.

    Which exception is raised is judged elsewhere; no export may stay behind.
    """
    m, plain = make(pattern(200)), make(pattern(200))
    first = candidate.outcome(act(plain))
    expected = candidate.outcome(parameter.call, plain, parameter.value)
    expected = first if isinstance(first, Raised) else expected
    hostile = candidate.hostile(parameter.value, do=[act(m)], slot=parameter.slot)
    found = candidate.outcome(parameter.call, m, hostile)
    assert found == expected or type(found) is type(expected) is Raised, (found, expected)
    assert state_of(m) == state_of(plain)
    m.close()


ACCESSES = [
    lambda m: partial(m.read, 3),
    lambda m: partial(m.seek, 50),
    lambda m: partial(m.write, pattern(90)[80:]),
    lambda m: partial(m.move, 0, 50, 20),
    lambda m: partial(RemoteMethod(m, "__setitem__"), slice(0, 100), pattern(150)[50:]),
    lambda m: partial(m.find, pattern(200)[-5:]),
    lambda m: m.flush,
]


def check_accesses(candidate, parameter):
    """As if first, for what reads, writes, closes, and for the same operation."""
    acts = [*ACCESSES, parameter.again]
    if not candidate.avoids(parameter.closing):
        acts.append(lambda m: m.close)
    for act in acts:
        as_after(candidate, parameter, act, candidate.anonymous)


def check_sizes(candidate, parameter):
    """As if first, for what grows and shrinks the map."""
    for size in [GROWN] if candidate.avoids(parameter.sizing) else [3, 60, GROWN]:
        resizing = partial(lambda m, size: partial(m.resize, size), size=size)
        as_after(candidate, parameter, resizing, partial(of_file, candidate))


@clause("reentrancy.access-in-index")
@each_integer
def test_index_accesses(candidate, parameter):
    """An operation does what it does after all that the conversion of an integer has done."""
    check_accesses(candidate, parameter)


@clause("reentrancy.access-in-buffer")
@each_buffer
def test_buffer_accesses(candidate, parameter):
    """An operation does what it does after all that handing out a buffer has done."""
    check_accesses(candidate, parameter)


@clause("reentrancy.access-in-madvise")
@pytest.mark.parametrize("parameter", MADVISE, ids=str)
def test_madvise_accesses(candidate, parameter):
    """madvise() does what it does after all that the conversion of an argument has done."""
    check_accesses(candidate, parameter)


@clause("reentrancy.access-in-resize")
@pytest.mark.parametrize("parameter", RESIZE, ids=str)
def test_resize_accesses(candidate, parameter):
    """resize() does what it does after all that the conversion of its argument has done."""
    check_accesses(candidate, parameter)


@clause("reentrancy.access-in-flush-flags")
@pytest.mark.parametrize("parameter", FLAGS, ids=str)
def test_flags_access(candidate, parameter):
    """flush() does what it does after all that the conversion of its flags has done."""
    check_accesses(candidate, parameter)


@clause("reentrancy.size-in-index")
@each_integer
def test_index_resizes(candidate, parameter):
    """An operation does what it does on the map as the conversion of an integer has left it."""
    check_sizes(candidate, parameter)


@clause("reentrancy.size-in-buffer")
@each_buffer
def test_buffer_resizes(candidate, parameter):
    """An operation does what it does on the map as handing out a buffer has left it."""
    check_sizes(candidate, parameter)


@clause("reentrancy.size-in-madvise")
@pytest.mark.parametrize("parameter", MADVISE, ids=str)
def test_madvise_resizes(candidate, parameter):
    """madvise() does what it does on the map as the conversion of an argument has left it."""
    check_sizes(candidate, parameter)


@clause("reentrancy.size-in-flush-flags")
@pytest.mark.parametrize("parameter", FLAGS, ids=str)
def test_flags_resize(candidate, parameter):
    """flush() does what it does on the map as the conversion of its flags has left it."""
    check_sizes(candidate, parameter)


# construction

FILE_ACTS = [
    lambda candidate, file: partial(candidate.os.close, file.fd),
    lambda candidate, file: partial(candidate.os.ftruncate, file.fd, 0),
    lambda candidate, file: partial(candidate.os.ftruncate, file.fd, 10),
    lambda candidate, file: partial(candidate.os.ftruncate, file.fd, GROWN),
    lambda candidate, file: partial(candidate.os.write, file.fd, b"new"),
    lambda candidate, file: partial(candidate.os.dup2, candidate.file(b"other").fd, file.fd),
    lambda candidate, file: partial(candidate.mmap.mmap, file.fd, 0),
]


def construction_as_after(candidate, act, make, **given):
    """The constructor must do what it does where ``act`` was done to the file just before it."""
    results = []
    for first in (True, False):
        file = candidate.file(pattern(OLD))
        step = act(candidate, file)
        more = given if first else make(step)
        if first:
            step()
        made = candidate.outcome(candidate.mmap.mmap, file.fd, 0, **{**given, **more})
        results.append(made if isinstance(made, Raised) else state_of(made.value))
    assert results[0] == results[1]


@clause("reentrancy.construction")
@pytest.mark.parametrize(
    ("name", "value"), [("access", 0), ("offset", 0), ("flags", 1), ("prot", 3)]
)
@pytest.mark.parametrize("act", FILE_ACTS)
def test_construction(candidate, name, value, act):
    """A construction does what it does after what the conversion of an argument did to the file."""

    def make(step):
        return {name: candidate.hostile(value, do=[step])}

    construction_as_after(candidate, act, make, **{name: value})


@clause("reentrancy.construction-trackfd")
@pytest.mark.parametrize("trackfd", [False, True])
@pytest.mark.parametrize("act", FILE_ACTS)
def test_construction_trackfd(candidate, trackfd, act):
    """A construction does what it does after what the truth of trackfd did to the file."""

    def make(step):
        return {"trackfd": candidate.hostile(trackfd, do=[step], slot="__bool__")}

    construction_as_after(candidate, act, make, trackfd=trackfd)


# raising, and the conversion itself


@clause("reentrancy.index-raises")
@each_used
def test_index_raises(candidate, parameter):
    """An exception of __index__ comes out of the operation, which has done nothing."""
    m = candidate.anonymous(pattern(OLD))
    with candidate.raises(ZeroDivisionError):
        parameter.call(m, faulty(candidate))


@clause("reentrancy.buffer-raises")
@each_buffer
def test_buffer_raises(candidate, parameter):
    """An exception of __buffer__ comes out of the operation, which has done nothing."""
    m = candidate.anonymous(pattern(OLD))
    bad = candidate.hostile(slot="__buffer__", raises=ZeroDivisionError)
    with candidate.raises(ZeroDivisionError):
        parameter.call(m, bad)


@clause("reentrancy.comparison-raises")
def test_comparison_raises(candidate):
    """An exception of a comparison comes out of x in m."""
    m = candidate.anonymous(pattern(OLD))
    bad = candidate.hostile(slot="__eq__", raises=ZeroDivisionError)
    with candidate.raises(ZeroDivisionError):
        bad in m  # noqa: B015


@clause("reentrancy.index-answer")
@each_integer
def test_answer_of_index(candidate, parameter):
    """An operation raises TypeError where __index__ returns no int."""
    m = candidate.anonymous(pattern(OLD))
    for answer in (5.0, "5", None):
        with candidate.raises(TypeError):
            parameter.call(m, candidate.hostile(answer))


@clause("reentrancy.converted-once")
@each_used
def test_converted_once(candidate, parameter):
    """The __index__ of an argument is called exactly once."""
    m = candidate.anonymous(pattern(OLD))
    counting = candidate.hostile(parameter.value)
    parameter.call(m, counting)
    assert calls(counting) == 1


def order_of_conversions(candidate, name, arguments):
    """The integers among the arguments, in the order in which a method converts them."""
    program = """
        order = []
        class Integer:
            def __init__(self, value):
                self.value = value
            def __index__(self):
                order.append(self.value)
                return self.value
        given = [Integer(each) if type(each) is int else each for each in arguments]
        getattr(m, name)(*given)
        result = order
        """
    m = candidate.anonymous(pattern(2 * candidate.profile.page_size))
    return candidate.run(program, m=m, name=name, arguments=arguments)


@clause("reentrancy.index-order")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("find", [b"a", 5, 90]),
        ("rfind", [b"a", 5, 90]),
        ("seek", [5, 1]),
        ("move", [60, 5, 7]),
        ("flush", [0, 9]),
    ],
)
def test_order(candidate, name, arguments):
    """The integers of a call are converted in the order of the parameters."""
    integers = [each for each in arguments if type(each) is int]
    assert order_of_conversions(candidate, name, arguments) == integers


@clause("reentrancy.index-order-madvise")
def test_order_in_madvise(candidate):
    """madvise() converts its arguments in the order of the parameters."""
    arguments = [candidate.mmap.MADV_NORMAL, candidate.profile.page_size, 9]
    assert order_of_conversions(candidate, "madvise", arguments) == arguments


@clause("reentrancy.index-of-int-subclass")
@pytest.mark.parametrize(
    "expression",
    ["m[five]", "m.read(five)", "m.find(b'', five)", "m.seek(five) or m.tell()", "m[:five]"],
)
def test_subclass_of_int(candidate, expression):
    """The value of an instance of a subclass of int counts, not its __index__."""
    m = candidate.anonymous(pattern(OLD))
    source = f"""
        class Five(int):
            def __index__(self):
                return 99
        five = Five(5)
        first = {expression}
        m.seek(0)
        result = first == {expression.replace("five", "5")}
    """
    assert candidate.run(source, m=m)


@clause("reentrancy.index-of-int-subclass")
@pytest.mark.parametrize(
    "statement",
    [
        "m[five] = five", "m[-five:five] = b''", "m[five:9] = b'abcd'", "m.write_byte(five)",
        "m.move(five, 20, five)", "m.seek(five, 0)", "m.flush(0, five)",
    ],
)  # fmt: skip
def test_subclass_of_int_does(candidate, statement):
    """What an instance of a subclass of int does is what its value does."""
    maps = [candidate.anonymous(pattern(OLD)) for _ in range(2)]
    for m, five in zip(maps, ("type('Five', (int,), {'__index__': wrong})(5)", "5"), strict=True):
        source = f"""
            wrong = lambda self: 99
            five = {five}
            {statement}
            result = None
            """
        candidate.run(source, m=m)
    assert (maps[0][:], maps[0].tell()) == (maps[1][:], maps[1].tell())


@clause("reentrancy.position-from-write")
def test_source_moves_the_position(candidate):
    """write(v) writes at the position as it is after the buffer was handed out."""
    m = candidate.anonymous(b"abcdef")
    assert m.write(handing_out(candidate, b"xy", partial(m.seek, 3))) == 2
    assert (m[:], m.tell()) == (b"abcxyf", 5)
