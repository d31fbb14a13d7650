"""What find() and rfind() have in common: rules that hold in both directions.

``test_find.py`` and ``test_rfind.py`` each make a class of ``Searches``; its tests name the clauses
of that topic.  What differs between the two, and every property, is in those files.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmap_spec import model
from mmap_spec.battery.near_matches import NEEDLES, ROOM, endings, many, near
from mmap_spec.candidate import Candidate
from mmap_spec.clauses import clause
from mmap_spec.situations import (
    TWO_BYTES,
    each_access,
    of_file,
    past_the_end,
    with_two_bytes,
)
from mmap_spec.strategies import haystacks, integers_near, needles_in, pattern, searches_in

TEXT = b"abcabcabc"


def rule(name: str) -> Callable[[Any], Any]:
    """Mark a test by the name that its clause has in both topics."""

    def mark(test: Any) -> Any:
        test.rule = name
        return test

    return mark


class Searches:
    """The tests of both directions; a subclass says by ``search`` which it is about."""

    search: str

    def __init_subclass__(cls, search: str) -> None:
        cls.search = search
        for name, test in vars(Searches).items():
            if name.startswith("test_"):
                own = types.FunctionType(test.__code__, test.__globals__, name)
                functools.update_wrapper(own, test)
                del own.__wrapped__
                own.pytestmark = list(getattr(test, "pytestmark", []))
                setattr(cls, name, clause(f"{search}.{test.rule}")(own))

    def of(self, searched: Any) -> Any:
        """The method of a map, or of bytes, which are the oracle."""
        return getattr(searched, self.search)

    def ahead(self, data: bytes) -> bytes:
        """Bytes that are met in this order."""
        return data if self.search == "find" else data[::-1]

    # -- what is found -----------------------------------------------------

    @rule("absent")
    @pytest.mark.parametrize("needle", [b"d", b"ba", b"abcd", b"A", b"abcabcabd", b"\x00"])
    def test_absent(self, candidate, needle):
        """The result is -1 where the needle does not occur."""
        assert self.of(candidate.anonymous(TEXT))(needle) == -1

    @rule("returns-int")
    @pytest.mark.parametrize("needle", [b"a", b"b", b"c", b"d", b"", b"ab"])
    def test_type_of_the_result(self, candidate, needle):
        """The result is exactly an int, also where it is 0 or 1."""
        assert type(self.of(candidate.anonymous(b"abc"))(needle)) is int

    @rule("start-inclusive")
    def test_start_is_inclusive(self, candidate):
        """A needle that begins at start is found, one that begins before it is not."""
        search = self.of(candidate.anonymous(b"xxabxx"))
        assert (search(b"ab", 2), search(b"ab", 3)) == (2, -1)

    @rule("end-exclusive")
    def test_end_is_exclusive(self, candidate):
        """A needle is found only where its last byte lies before end."""
        search = self.of(candidate.anonymous(b"xxabxx"))
        found = [search(b"ab", 0, end) for end in range(1, 7)]
        assert found == [-1, -1, -1, 2, 2, 2]

    @rule("start-beyond-length")
    @pytest.mark.parametrize("start", [9, 10, 4095, 4096, 4097, 2**30])
    def test_start_beyond_the_length(self, candidate, start):
        """The result is -1 where start is the length of the map or more."""
        search = self.of(candidate.anonymous(TEXT))
        for needle in (b"\x00", b"c", TEXT):
            assert (search(needle, start), search(needle, start, start + 100)) == (-1, -1)

    @rule("reversed-bounds")
    @pytest.mark.parametrize(
        ("start", "end"), [(1, 0), (5, 3), (9, 8), (-1, 0), (-1, -2), (3, -7), (9, -1)]
    )
    def test_end_before_start(self, candidate, start, end):
        """The result is -1 where end lies before start."""
        search = self.of(candidate.anonymous(TEXT))
        assert [search(needle, start, end) for needle in (b"", b"a", b"bc")] == [-1] * 3

    @rule("empty-past-end-found")
    @pytest.mark.parametrize("bounds", [(10,), (10, 10), (10, 9), (11, 100), (4096,)])
    def test_empty_needle_past_the_end_is_found(self, candidate, bounds):
        """An empty needle is found at the length where start is beyond it."""
        assert self.of(candidate.anonymous(TEXT))(b"", *bounds) == 9

    @rule("empty-past-end")
    @pytest.mark.parametrize("bounds", [(10,), (10, 10), (10, 9), (11, 100), (4096,), (10, 3)])
    def test_empty_needle_past_the_end(self, candidate, bounds):
        """The result is -1 for an empty needle where start is beyond the length."""
        assert self.of(candidate.anonymous(TEXT))(b"", *bounds) == -1

    @rule("empty-position-past-end")
    @pytest.mark.parametrize("position", [11, 3000])
    def test_empty_needle_at_a_position_past_the_end(self, candidate, position):
        """The result is -1 for an empty needle where the position is beyond the end."""
        assert self.of(past_the_end(candidate, length=10, position=position))(b"") == -1

    @rule("position-past-end")
    @pytest.mark.parametrize(("length", "position"), [(10, 11), (10, 3000), (100, 9000)])
    def test_position_past_the_end(self, candidate, length, position):
        """The result is -1 for a needle where the position is beyond the end."""
        m = past_the_end(candidate, length=length, position=position)
        search = self.of(m)
        assert (search(pattern(1)), search(b"\x00"), m.tell()) == (-1, -1, position)

    @rule("position-kept")
    @pytest.mark.parametrize("arguments", [(b"c",), (b"z",), (b"",), (b"a", 0), (b"a", 0, 9)])
    def test_position_stays(self, candidate, arguments):
        """The position stays where it is."""
        m = candidate.anonymous(TEXT)
        m.seek(4)
        self.of(m)(*arguments)
        assert m.tell() == 4

    @rule("whole-map")
    @pytest.mark.parametrize("length", [1, 2, 255, 4096, 9000])
    def test_whole_map(self, candidate, length):
        """A needle that is equal to the contents is found at 0."""
        search = self.of(candidate.anonymous(pattern(length)))
        assert (search(pattern(length)), search(pattern(length), 1)) == (0, -1)

    @rule("needle-longer")
    @pytest.mark.parametrize("bounds", [(), (0, 2), (7,), (6, 8), (-2,), (0, -7)])
    def test_needle_longer_than_the_range(self, candidate, bounds):
        """The result is -1 for a needle that is longer than the range."""
        search = self.of(candidate.anonymous(TEXT))
        for needle in [b"abc"] if bounds else [TEXT + b"\x00", b"\x00" + TEXT]:
            assert search(needle, *bounds) == -1

    @rule("every-byte")
    def test_every_byte(self, candidate):
        """A needle of one byte is found for each of the 256 values."""
        search = self.of(candidate.anonymous(bytes(range(256))))
        assert [search(bytes([byte])) for byte in range(256)] == list(range(256))

    @rule("every-byte")
    def test_after_a_longer_needle(self, candidate):
        """A byte, and two of them, are found right after a search for a longer needle."""
        data = bytes(range(256)) * 2
        needles = [data[at : at + size] for at in range(255) for size in (40, 1, 13, 2, 3, 1)]
        m = candidate.anonymous(data)
        program = "result = [list(map(search, needles)), list(map(search, needles[::-1]))]"
        expected = [self.of(data)(needle) for needle in needles]
        found = candidate.run(program, search=self.of(m), needles=needles)
        assert found == [expected, expected[::-1]]

    @rule("near-matches")
    @pytest.mark.parametrize("step", [1, -1])
    @pytest.mark.parametrize("needle", NEEDLES)
    def test_behind_many_near_matches(self, candidate, needle, step):
        """The result is right behind so many near matches that a fast search has to change."""
        base, wanted = many(needle), needle[::step]
        contents = [(base + ending)[::step] for ending in endings(needle)]
        length = len(contents[0])
        end = slice(length - ROOM, length) if step > 0 else slice(ROOM)
        program = """
            result = []
            for ending in endings:
                m[end] = ending
                result.append(getattr(m, name)(needle, 0))
        """
        names = {"name": self.search, "needle": wanted, "end": end}
        names["endings"] = [data[end] for data in contents]
        found = candidate.run(program, m=candidate.anonymous(contents[0]), **names)
        assert found == [self.of(data)(wanted) for data in contents]

    @rule("near-matches")
    @pytest.mark.parametrize("needle", [b"a" * 13, b"abbabaabbaaba", b"abcdefghijklm"])
    def test_near_match_at_the_end(self, candidate, needle):
        """The result is -1 where a range ends with a near match, however many lie before it."""
        data = self.ahead(many(needle))
        program = """
            result = []
            for size in range(13, len(m), 14):
                bounds = (0, size) if name == "find" else (len(m) - size, len(m))
                result.append(getattr(m, name)(needle, *bounds))
        """
        m = candidate.anonymous(data)
        found = candidate.run(program, m=m, name=self.search, needle=self.ahead(needle))
        assert found == [-1] * (len(data) // 14)

    @rule("near-matches")
    def test_right_behind_a_near_match(self, candidate):
        """A needle is found that begins a byte behind a near match, however many lie before it."""
        needle = b"a" * 13
        data = self.ahead(many(needle))
        program = """
            result = []
            for at in range(0, len(m), 14):
                start = at if name == "find" else len(m) - 14 - at
                piece = slice(start, start + 14)
                before = m[piece]
                m[piece] = near
                result.append(getattr(m, name)(needle, 0))
                m[piece] = before
        """
        piece = self.ahead(near(needle, 0) + b"a")
        m = candidate.anonymous(data)
        found = candidate.run(program, m=m, name=self.search, needle=needle, near=piece)
        expected = range(1, len(data), 14)
        if self.search == "rfind":
            expected = [len(data) - place - 13 for place in expected]
        assert found == list(expected)

    @rule("needle-buffers")
    @pytest.mark.parametrize("needle", NEEDLES)
    def test_part_of_a_buffer_as_needle(self, candidate, needle):
        """What lies round the needle in its buffer does not matter, also where it is in the map."""
        data = self.ahead(many(needle) + needle + many(needle, 0))
        expected = self.of(data)(self.ahead(needle))
        program = "result = search(memoryview(data)[at : at + size], 0)"
        names = {"data": data, "at": expected, "size": len(needle)}
        m = candidate.anonymous(data)
        assert candidate.run(program, search=self.of(m), **names) == expected

    @rule("near-matches")
    @pytest.mark.parametrize("length", [2, 3, 8, 33, 200])
    @pytest.mark.parametrize("wrong", ["first", "middle", "last"])
    def test_near_matches(self, candidate, length, wrong):
        """Places at which all but one byte fits are passed over, on both sides of the needle."""
        needle = pattern(length)
        near = bytearray(needle)
        near[{"first": 0, "middle": length // 2, "last": length - 1}[wrong]] ^= 1
        data = bytes(near) * 3 + needle + bytes(near) * 3
        m = candidate.anonymous(data)
        for bounds in [(0,), (1,), (0, 4 * length - 1), (3 * length + 1,)]:
            assert self.of(m)(needle, *bounds) == self.of(data)(needle, *bounds)

    @rule("page-boundary")
    @pytest.mark.parametrize("before", [0, 1, 2, 5])
    def test_across_pages(self, candidate, before):
        """A needle is found across the boundary of two pages."""
        page = candidate.profile.page_size
        data = bytearray(3 * page)
        data[page - before : page - before + 5] = b"hello"
        m = candidate.anonymous(bytes(data))
        for bounds in [(0,), (page,), (0, page)]:
            assert self.of(m)(b"hello", *bounds) == self.of(data)(b"hello", *bounds)

    @rule("stays-in-map")
    @pytest.mark.parametrize("needle", [b"de", b"d", b"cd", b"cde", b"e"])
    def test_file_goes_on_behind_the_map(self, candidate, needle):
        """What lies behind the end of the map in the file is not found."""
        search = self.of(candidate.mmap.mmap(candidate.file(b"abcde").fd, 3))
        assert (search(needle), search(needle, 0, 5), search(needle, 3, 5)) == (-1, -1, -1)

    @rule("stays-in-map")
    @pytest.mark.parametrize("needle", [b"\x00", b"c\x00"])
    def test_page_goes_on_behind_the_map(self, candidate, needle):
        """What lies behind the end of the map in its page is not found."""
        search = self.of(of_file(candidate, b"abc"))
        assert (search(needle), search(needle, 0, 4)) == (-1, -1)

    @rule("stays-in-map")
    def test_what_lies_before_the_offset(self, candidate):
        """What lies before the offset of the map is not found."""
        start = candidate.profile.granularity
        m = of_file(candidate, b"x" * (start - 1) + b"needle haystack", offset=start)
        found = [self.of(m)(needle) for needle in (b"needle", b"eedle", b"x", b"stack")]
        assert found == [-1, 0, -1, 9]

    @rule("reads-range")
    @pytest.mark.parametrize("length", [1, 2, 3, 16, 100, 4096])
    def test_pages_behind_the_end(self, candidate, length):
        """No page that lies wholly behind end is touched."""
        page = candidate.profile.page_size
        data = pattern(2 * page).replace(b"\x00", b"\x01")
        file = candidate.file(data)
        search = self.of(candidate.mmap.mmap(file.fd, 0))
        file.truncate(page)  # from here on a touch of the second page is a signal
        absent = b"\x00" * length
        needle = data[page - length : page]
        assert (search(absent, 0, page), search(needle, page - length, page)) == (-1, page - length)
        assert (search(absent, page - 1, page), search(b"", page, page)) == (-1, page)

    @rule("periodic")
    @pytest.mark.parametrize("period", [b"a", b"ab", b"aab", b"abaab", pattern(60)])
    @pytest.mark.parametrize("other", [b"", b"b", b"a", b"\xff"])
    def test_periodic(self, candidate, period, other):
        """The result is right for needles and contents that are periodic."""
        near, far = period * 50, period * (2000 // len(period))
        for data in (near + b"\xff" + far, far + b"\xff" + near):
            m = candidate.anonymous(data)
            for repeats in (1, 2, 7, 40, 51):
                for needle in {other + period * repeats, period * repeats + other}:
                    for bounds in [(0,), (1999,), (0, 1000)]:
                        assert self.of(m)(needle, *bounds) == self.of(data)(needle, *bounds)

    @rule("every-access")
    @each_access
    def test_access(self, candidate, access):
        """Maps of every access mode can be searched, buffers being exported or not."""
        m = of_file(candidate, TEXT, access)
        found = [self.of(m)(b"ca", 0)]
        view = candidate.builtins.memoryview(m)
        found += [self.of(m)(b"ca", 3), self.of(m)(b"ca", 0, 6)]
        assert found == [self.of(TEXT)(b"ca"), 5, 2]
        view.release()

    # -- needles -----------------------------------------------------------

    @rule("needle-buffers")
    @pytest.mark.parametrize("kind", TWO_BYTES)
    def test_buffer_as_needle(self, candidate, kind):
        """The needle can be any object with a C-contiguous buffer."""
        m = candidate.anonymous(TEXT)
        program = "result = search(buffer, 3), search(buffer, 0, 6)"
        assert with_two_bytes(candidate, kind, b"ca", program, search=self.of(m)) == (5, 2)

    @rule("needle-buffers")
    @pytest.mark.parametrize(
        "needle", ["b''", "bytearray()", "memoryview(b'')", "memoryview(m)[:0]"]
    )
    def test_empty_buffer_as_needle(self, candidate, needle):
        """An empty buffer of any kind is an empty needle."""
        m = candidate.anonymous(TEXT)
        found = candidate.run(f"result = search({needle}, 2, 2)", m=m, search=self.of(m))
        assert found == 2

    @rule("needle-buffers")
    def test_other_map_as_needle(self, candidate):
        """The needle can be another map, of the same file too; its position does not matter."""
        file = candidate.file(b"cab")
        for needle in (candidate.mmap.mmap(file.fd, 0), candidate.anonymous(b"cab")):
            needle.seek(2)
            assert self.of(candidate.anonymous(TEXT))(needle, 0, 6) == 2
            assert self.of(candidate.mmap.mmap(file.fd, 0))(needle) == 0

    @rule("needle-buffers")
    def test_map_in_itself(self, candidate):
        """The needle can be the map itself or a view of a part of it."""
        m = candidate.anonymous(TEXT)
        view = candidate.builtins.memoryview(m)
        part = view[2:5]
        found = [self.of(m)(needle, *at) for needle in (m, part) for at in [(0,), (1,), (0, 8)]]
        expected = [self.of(TEXT)(n, *at) for n in (TEXT, b"cab") for at in [(0,), (1,), (0, 8)]]
        assert found == expected
        part.release()
        view.release()
        m.close()

    @rule("needle-strided")
    @pytest.mark.parametrize("step", [2, 3, -1])
    def test_needle_that_is_not_contiguous(self, candidate, step):
        """BufferError is raised for a needle that is not C-contiguous."""
        m = candidate.anonymous(TEXT)
        needle = candidate.builtins.memoryview(b"abcabc")[::step]
        with candidate.raises(BufferError):
            self.of(m)(needle)

    @rule("needle-released")
    def test_released_needle(self, candidate):
        """ValueError is raised for a memoryview that was released."""
        m = candidate.anonymous(TEXT)
        needle = candidate.builtins.memoryview(b"abc")
        needle.release()
        with candidate.raises(ValueError):
            self.of(m)(needle)

    # -- arguments ---------------------------------------------------------

    @rule("arity")
    @pytest.mark.parametrize("arguments", [(), (b"a", 0, 9, 9)])
    def test_number_of_arguments(self, candidate, arguments):
        """TypeError is raised without an argument, and with four."""
        m = candidate.anonymous(TEXT)
        with candidate.raises(TypeError):
            self.of(m)(*arguments)

    @rule("positional-only")
    @pytest.mark.parametrize("keyword", ["sub", "start", "end", "view"])
    def test_keyword(self, candidate, keyword):
        """Keyword arguments are refused."""
        m = candidate.anonymous(TEXT)
        arguments = () if keyword in ("sub", "view") else (b"a",)
        with candidate.raises(TypeError):
            self.of(m)(*arguments, **{keyword: 0 if arguments else b"a"})

    @rule("bound-type")
    @pytest.mark.parametrize("bound", [1.0, "1", b"1", [1], ()], ids=repr)
    def test_wrong_type_of_a_bound(self, candidate, bound):
        """TypeError is raised for a bound that has no __index__."""
        m = candidate.anonymous(TEXT)
        for bounds in [(bound,), (0, bound), (bound, 9)]:
            with candidate.raises(TypeError):
                self.of(m)(b"a", *bounds)

    @rule("none-bound-refused")
    @pytest.mark.parametrize("bounds", [(None,), (0, None), (None, 9), (None, None)])
    def test_none_is_refused(self, candidate, bounds):
        """TypeError is raised for a bound that is None."""
        m = candidate.anonymous(TEXT)
        with candidate.raises(TypeError):
            self.of(m)(b"a", *bounds)

    @rule("none-end")
    @pytest.mark.parametrize("start", [0, 4, -1, 9])
    def test_none_as_end(self, candidate, start):
        """An end of None means the length of the map."""
        found = self.of(candidate.anonymous(TEXT))(b"c", start, None)
        assert found == self.of(TEXT)(b"c", start)

    @rule("huge-bounds")
    def test_largest_and_smallest_bounds(self, candidate):
        """The largest and the smallest integer of ssize_t are valid bounds."""
        search = self.of(candidate.anonymous(TEXT))
        most, least = candidate.profile.ssize_max, -candidate.profile.ssize_max - 1
        assert [search(b"a", *bounds) for bounds in [(most,), (most, most), (least, least)]] == (
            [-1] * 3
        )
        first = self.of(TEXT)(b"bc")
        assert [search(b"bc", *at) for at in [(least,), (least, most), (0, most)]] == [first] * 3
        assert [search(b"a", 0, least), search(b"", 0, least), search(b"", least, 0)] == [-1, 0, 0]


# -- properties, of which each topic has its own ----------------------------


def each_place(test: Any) -> Any:
    """Hypothesis draws a place and a length; both sides of what is searched in one step."""
    for place, length in [(8191, 2), (65535, 2), (69999, 40)]:
        test = example(place=place, length=length)(test)
    return given(place=st.integers(0, 70000), length=st.integers(1, 40))(test)


def check_place(candidate: Candidate, search: str, place: int, length: int) -> None:
    """A needle is found in that place of a large map."""
    needle = b"a" * (length - 1) + b"b"
    m = candidate.anonymous(b"a" * place + needle + b"a" * 70000)
    assert (getattr(m, search)(needle), getattr(m, search)(needle, place + 1)) == (place, -1)


each_near_period = given(
    unit=haystacks(1, 4),
    repeats=st.integers(1, 80),
    noise=st.lists(st.integers(0, 300), max_size=3),
    draw=st.data(),
)


def check_near_period(
    candidate: Candidate, search: str, unit: bytes, repeats: int, noise: list[int], draw: Any
) -> None:
    """The result is right where contents are periodic but for a few bytes."""
    data = bytearray(unit * repeats)
    for place in noise:
        data[place % len(data)] ^= 1
    needle = draw.draw(needles_in(bytes(data)))
    found = getattr(candidate.anonymous(bytes(data)), search)(needle)
    assert found == getattr(data, search)(needle)


def check_as_specified(candidate: Candidate, search: str, data: bytes, draw: Any) -> None:
    """The result is what the rules of the topic give."""
    position = draw.draw(st.integers(0, len(data)))
    anywhere = st.tuples(needles_in(data), st.lists(integers_near(len(data)), max_size=2))
    needle, bounds = draw.draw(searches_in(data) | anywhere)
    expected = model.Mapping.of_memory(candidate.profile, data)
    expected.seek(position)
    m = candidate.anonymous(data)
    m.seek(position)
    assert getattr(m, search)(needle, *bounds) == getattr(expected, search)(needle, *bounds)
