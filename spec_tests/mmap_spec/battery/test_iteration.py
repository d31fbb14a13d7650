"""Iteration and containment, of maps and of instances of subclasses."""

from __future__ import annotations

import pytest
from hypothesis import given

from mmap_spec.candidate import calls
from mmap_spec.clauses import clause
from mmap_spec.situations import of_file
from mmap_spec.strategies import contents, pattern

DIGITS = b"0123456789"
SUBCLASS = """
class Plain(mmap.mmap):
    pass
m = Plain(-1, 3)
m[:] = b"abc"
"""


def singles(data):
    """Each byte as bytes of length 1."""
    return [data[i : i + 1] for i in range(len(data))]


# -- iterating --------------------------------------------------------------


@clause("iteration.bytes")
@given(data=contents(max_size=60))
def test_iteration(candidate, data):
    """Iteration yields each byte as a bytes object of length 1, in order."""
    m = candidate.anonymous(data)
    found = candidate.builtins.list(m)
    assert found == singles(data)
    assert {type(item) for item in found} == {bytes}


@clause("iteration.bytes")
def test_next_and_item(candidate):
    """Iteration yields bytes, while m[i] is an int."""
    m = candidate.anonymous(b"ab")
    assert (next(iter(m)), m[0]) == (b"a", 97)


@clause("iteration.whole")
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_iteration_ends_with_the_map(candidate, more):
    """Iteration goes over the whole map and stops at its length, not at the page's end."""
    size = candidate.profile.page_size + more
    m = candidate.anonymous(pattern(size))
    assert candidate.run("result = sum(1 for byte in m)", m=m) == size


@clause("iteration.whole")
def test_iteration_stops(candidate):
    """The iterator raises StopIteration after the last byte, again and again."""
    iterator = iter(candidate.anonymous(b"a"))
    assert next(iterator) == b"a"
    assert [next(iterator, "end"), next(iterator, "end")] == ["end", "end"]


@clause("iteration.unpacking")
def test_unpacking(candidate):
    """tuple(), unpacking and max() see the bytes that iteration yields."""
    m = candidate.anonymous(b"bca")
    result = candidate.run(
        "first, *rest = m\nresult = tuple(m), first, rest, max(m), sorted(m)", m=m
    )
    assert result == ((b"b", b"c", b"a"), b"b", [b"c", b"a"], b"c", [b"a", b"b", b"c"])


@clause("iteration.join")
def test_join(candidate):
    """bytes.join() over a map gives each single byte of it as an item."""
    m = candidate.anonymous(b"a\0\xff")
    assert candidate.run("result = b'-'.join(m)", m=m) == b"a-\0-\xff"


@clause("iteration.reversed")
def test_reversed(candidate):
    """reversed(m) yields bytes objects of length 1 from the last to the first."""
    m = candidate.anonymous(b"abc")
    assert list(candidate.builtins.list(reversed(m))) == [b"c", b"b", b"a"]


@clause("iteration.position")
def test_iteration_ignores_the_position(candidate):
    """Iteration and containment neither use nor move the position."""
    m = candidate.anonymous(b"abc")
    m.seek(2)
    assert next(iter(m)) == b"a"
    assert candidate.builtins.list(m) == [b"a", b"b", b"c"]
    assert b"a" in m
    assert m.tell() == 2


@clause("iteration.independent")
def test_two_iterators(candidate):
    """Two iterators of one map are independent of one another."""
    m = candidate.anonymous(b"abc")
    first, second = iter(m), iter(m)
    assert [next(first), next(first), next(second), next(first)] == [b"a", b"b", b"a", b"c"]


@clause("iteration.live")
def test_iteration_sees_writes(candidate):
    """An iterator reads each byte when it is asked for it: it sees what was written meanwhile."""
    m = candidate.anonymous(b"abc")
    iterator = iter(m)
    next(iterator)
    m[0:2] = b"XY"
    assert next(iterator) == b"Y"


# -- maps that change their length ------------------------------------------


@clause("iteration.shrunk")
@pytest.mark.parametrize("length", [3, 2, 1])
def test_iterator_of_a_shrunk_map(candidate, length):
    """An iterator ends when the map has shrunk to its index or below."""
    m = of_file(candidate, DIGITS)
    iterator = iter(m)
    for _ in range(3):
        next(iterator)
    m.resize(length)
    assert next(iterator, "end") == "end"


@clause("iteration.shrunk")
def test_iterator_before_the_new_end(candidate):
    """An iterator goes on as long as its index is below the new length."""
    m = of_file(candidate, DIGITS)
    iterator = iter(m)
    next(iterator)
    m.resize(2)
    assert [next(iterator), next(iterator, "end")] == [b"1", "end"]


@clause("iteration.grown")
def test_iterator_of_a_grown_map(candidate):
    """An iterator that has not ended goes on over the bytes by which the map has grown."""
    m = of_file(candidate, b"ab")
    iterator = iter(m)
    next(iterator)
    m.resize(4)
    assert candidate.builtins.list(iterator) == [b"b", b"\0", b"\0"]


@clause("iteration.exhausted")
def test_exhausted_iterator_of_a_grown_map(candidate):
    """An iterator that has ended stays so when the map grows."""
    m = of_file(candidate, b"ab")
    iterator = iter(m)
    candidate.builtins.list(iterator)
    m.resize(9)
    assert next(iterator, "end") == "end"


@clause("iteration.exhausted-closed")
def test_exhausted_iterator_of_a_closed_map(candidate):
    """An iterator that has ended raises StopIteration, not ValueError, when the map is closed."""
    m = candidate.anonymous(b"ab")
    iterator = iter(m)
    candidate.builtins.list(iterator)
    m.close()
    assert next(iterator, "end") == "end"


@clause("iteration.reversed-shrunk")
def test_reversed_iterator_of_a_shrunk_map(candidate):
    """A reversed iterator whose next index is past the end after a shrink ends."""
    m = of_file(candidate, DIGITS)
    iterator = reversed(m)
    next(iterator)
    m.resize(5)
    assert next(iterator, "end") == "end"


# -- containment ------------------------------------------------------------


@clause("iteration.contains")
@given(data=contents(max_size=40))
def test_contains(candidate, data):
    """A bytes object of length 1 is in a map exactly if the byte occurs in it."""
    m = candidate.anonymous(data)
    for byte in {data[0], data[-1], 0, 255, 97}:
        assert (bytes([byte]) in m) is (byte in data)


@clause("iteration.contains-last")
def test_contains_the_last_byte(candidate):
    """Containment finds the last byte of the map and not the bytes behind it."""
    m = candidate.mmap.mmap(candidate.file(b"aaabc").fd, 4)
    assert [b"b" in m, b"c" in m, b"\0" in m] == [True, False, False]


@clause("iteration.contains-int")
@pytest.mark.parametrize("value", [97, 0, -1, 300, True, 2**64])
def test_contains_no_int(candidate, value):
    """An int is never in a map."""
    assert (value in candidate.anonymous(b"a\0\x01")) is False


@clause("iteration.contains-longer")
@pytest.mark.parametrize("value", [b"", b"ab", b"abc", b"bc"])
def test_contains_no_part(candidate, value):
    """A bytes object whose length is not 1 is never in a map, although find() may find it."""
    m = candidate.anonymous(b"abc")
    assert (value in m) is False
    assert m.find(value) >= 0


@clause("iteration.contains-other")
@pytest.mark.parametrize("value", ["a", None, 97.0, [b"a"], (b"a",), "", slice(0, 1)], ids=repr)
def test_contains_nothing_else(candidate, value):
    """Containment of an object of any other kind, such as str or None, is False and no error."""
    assert (value in candidate.anonymous(b"abc")) is False


@clause("iteration.contains-equality")
def test_contains_compares_for_equality(candidate):
    """Containment compares with ==, so that a bytearray of one byte is in a map that has it."""
    m = candidate.anonymous(b"abc")
    assert [bytearray(b"b") in m, bytearray(b"x") in m] == [True, False]


@clause("iteration.contains-equality")
def test_contains_ends_at_the_first(candidate):
    """Containment compares no further once it has found an equal byte."""
    other = candidate.hostile(True, slot="__eq__")
    assert (other in candidate.anonymous(b"abc"), calls(other)) == (True, 1)


@clause("iteration.contains-error")
@pytest.mark.parametrize("error", [ZeroDivisionError, IndexError, StopIteration, ValueError])
def test_contains_propagates(candidate, error):
    """An exception raised by an __eq__ while a map is searched propagates, of any class."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(error):
        candidate.hostile(slot="__eq__", raises=error) in m  # noqa: B015


# -- subclasses -------------------------------------------------------------


@clause("iteration.subclass")
def test_iteration_of_a_subclass(candidate):
    """Iteration over an instance of a subclass written in Python yields ints."""
    result = candidate.run(SUBCLASS + "result = list(m), next(iter(m)), [*m], max(m)")
    assert result == ([97, 98, 99], 97, [97, 98, 99], 99)


@clause("iteration.subclass-reversed")
def test_reversed_of_a_subclass(candidate):
    """reversed() of an instance of a subclass written in Python yields ints."""
    assert candidate.run(SUBCLASS + "result = list(reversed(m))") == [99, 98, 97]


@clause("iteration.subclass-contains")
def test_contains_of_a_subclass(candidate):
    """In an instance of a subclass an int is contained if the byte occurs, and bytes are not."""
    result = candidate.run(SUBCLASS + "result = 97 in m, 99 in m, 100 in m, b'a' in m, b'ab' in m")
    assert result == (True, True, False, False, False)


@clause("iteration.subclass-getitem")
def test_overridden_getitem(candidate):
    """Iteration over a subclass that overrides __getitem__ yields what the override returns."""
    source = """
        class Own(mmap.mmap):
            def __getitem__(self, key):
                if key == 2:
                    raise IndexError
                return key, super().__getitem__(key)
        m = Own(-1, 5)
        result = [item for item, _ in zip(m, range(5))]
        """
    assert candidate.run(source) == [(0, 0), (1, 0)]


@clause("iteration.subclass-iter")
def test_overridden_iter(candidate):
    """A subclass may define __iter__, which iteration and containment then use."""
    source = """
        class Own(mmap.mmap):
            def __iter__(self):
                return iter(["x", 5])
        m = Own(-1, 3)
        result = list(m), 5 in m, b"\\0" in m
        """
    assert candidate.run(source) == (["x", 5], True, False)


@clause("iteration.subclass-len")
@pytest.mark.parametrize("length", [1, 7])
def test_overridden_len(candidate, length):
    """Iteration over a subclass that overrides __len__ still ends at the real end of the map."""
    source = """
        class Own(mmap.mmap):
            def __len__(self):
                return length
        m = Own(-1, 3)
        m[0], m[1], m[2] = b"abc"
        result = list(m)
        """
    assert len(candidate.run(source, length=length)) == 3


# -- recorded, not judged ---------------------------------------------------


@clause("iteration.length-hint")
def test_length_hint(candidate):
    """operator.length_hint() of an iterator is the number of bytes that are left."""
    hint = candidate.module("operator").length_hint
    iterator = iter(candidate.anonymous(b"abc"))
    before = hint(iterator)
    next(iterator)
    assert (before, hint(iterator)) == (3, 2)


@clause("iteration.no-iter-method")
def test_no_methods_for_iteration(candidate):
    """The type has no __iter__, __reversed__ and __contains__, and is no Iterable."""
    source = """
        from collections.abc import Iterable
        names = ["__iter__", "__reversed__", "__contains__"]
        present = [name for name in names if hasattr(mmap.mmap, name)]
        result = present, issubclass(mmap.mmap, Iterable)
        """
    assert candidate.run(source) == ([], False)
