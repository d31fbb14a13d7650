"""Sequences of operations on the candidate and on the model, side by side.

After every step the outcomes are compared, and length, position and contents; at
the end the contents of the file.  Each clause has a small alphabet of its own, so
that a known deviation does not hide the rest.
"""

import dataclasses
import functools

from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.alphabets import items, moving, programs, reading, searching, writing
from mmap_spec.candidate import Remote
from mmap_spec.clauses import clause
from mmap_spec.lockstep import agrees
from mmap_spec.looks import shape
from mmap_spec.model import Access, File, Mapping, Raises, outcomes
from mmap_spec.strategies import haystacks, pattern, slices


@dataclasses.dataclass
class Twin:
    """A mapping, its model, and the file of both, None for anonymous memory."""

    mapping: Remote
    model: Mapping
    file: object = None

    def perform(self, candidate, name, *args):
        """One step on both sides: the outcomes must agree, and so must the states."""
        expected = outcomes(getattr(self.model, name), *args)
        outcome = candidate.outcome(getattr(self.mapping, name), *args)
        assert agrees(expected, outcome), f"{name}{args}: expected {expected}, got {outcome}"
        self.compare(candidate)

    def compare(self, candidate):
        """Length, position and contents are the model's; a closed mapping has none."""
        if not self.model.closed:
            length, position, contents = shape(candidate.session, self.mapping)
            assert (length, position) == (len(self.model), self.model.position)
            assert self.model.accepts(contents), f"contents differ from {self.model.contents}"

    def compare_file(self):
        """The file holds what the model's file holds."""
        assert self.file.contents() == self.model.file.contents


def of_file(candidate, data, access=Access.DEFAULT, offset=0):
    """Twins over a new file."""
    file = candidate.file(data)
    mapping = candidate.mmap.mmap(file.fd, 0, access=int(access), offset=offset)
    model = Mapping.of_file(candidate.profile, File(data), access=access, offset=offset)
    return Twin(mapping, model, file)


def play(candidate, twin, steps):
    """All steps on both sides."""
    for name, args in steps:
        twin.perform(candidate, name, *args)


# -- what is drawn ------------------------------------------------------------


@functools.cache
def file_like(candidate, length):
    """Reads, writes and seeks of a map of so many bytes."""
    return programs(reading(candidate, length), writing(candidate))


@functools.cache
def sequence(candidate, length):
    """Indexing, slicing, assignment and move()."""
    return programs(items(candidate, length), moving(candidate, length))


@functools.cache
def anything(candidate, length):
    """All of them, and flush() and size()."""
    every = reading(candidate, length), writing(candidate), items(candidate, length)
    others = {"flush": st.tuples(), "size": st.tuples()}
    return programs(*every, moving(candidate, length), others)


@functools.cache
def overlapping(candidate, offset, length):
    """What is done to a whole file, around a part of it, and to that part."""
    around = {"seek": st.tuples(st.integers(offset - 2, offset + length + 2))}
    of_part = reading(candidate, length), writing(candidate), items(candidate, length)
    return programs(around, writing(candidate)), programs(*of_part)


@functools.cache
def resizing(candidate):
    """Lengths around one and two pages, never 0, with what reads and writes between."""
    page = candidate.profile.page_size
    size = st.integers(1, 3 * page) | st.sampled_from([1, page - 1, page, page + 1, 2 * page])
    resize = {"resize": st.tuples(size)}
    others = {"__getitem__": st.tuples(slices(page))}, writing(candidate)
    kinds = []
    for length in (1, page, 2 * page):
        rest = *others, reading(candidate, length)
        kinds.append(st.tuples(programs(resize), programs(resize, *rest), programs(*rest)))
    return st.one_of(kinds).map(lambda parts: [step for part in parts for step in part])


# -- the clauses --------------------------------------------------------------


@clause("history.file-like")
@given(data=haystacks(), draw=st.data())
def test_file_like(candidate, data, draw):
    """Any sequence of reads, writes and seeks gives what a file of fixed size gives."""
    twin = of_file(candidate, data)
    play(candidate, twin, draw.draw(file_like(candidate, len(data))))
    twin.compare_file()


@clause("history.sequence")
@given(data=haystacks(), draw=st.data())
def test_sequence(candidate, data, draw):
    """Any sequence of indexing, slicing, assignment and move() gives what a bytearray gives."""
    twin = of_file(candidate, data)
    play(candidate, twin, draw.draw(sequence(candidate, len(data))))
    twin.compare_file()


@clause("history.search")
@given(data=haystacks(), draw=st.data())
def test_search(candidate, data, draw):
    """Each search begins at the position of its moment and finds what is written by then."""
    twin = of_file(candidate, data)
    others = reading(candidate, len(data)), writing(candidate, haystacks(0, 5))
    play(candidate, twin, draw.draw(programs(searching(candidate, data), *others)))


@clause("history.resize-file")
@given(size=st.integers(1, 9000), granules=st.integers(0, 1), draw=st.data())
def test_resize_file(candidate, size, granules, draw):
    """Length, position, contents and file size are what the last operations make of them."""
    offset = granules * candidate.profile.granularity
    twin = of_file(candidate, pattern(offset + size), offset=offset)
    for name, args in draw.draw(resizing(candidate)):
        twin.perform(candidate, name, *args)
        assert twin.file.size() == twin.model.file.size
    twin.compare_file()


@clause("history.resize-anonymous")
@given(size=st.integers(1, 9000), draw=st.data())
def test_resize_anonymous(candidate, size, draw):
    """Length, position and contents are what the last operations make of them."""
    data = pattern(size)
    mapping = candidate.anonymous(data, flags=candidate.mmap.MAP_PRIVATE)
    twin = Twin(mapping, Mapping.of_memory(candidate.profile, data, shared=False))
    play(candidate, twin, draw.draw(resizing(candidate)))


@clause("history.exports")
@given(
    steps=st.lists(st.sampled_from(["export", "slice", "release", "resize", "close"]), max_size=12)
)
def test_exports(candidate, steps):
    """resize() and close() raise BufferError exactly while one export is alive."""
    twin, views = of_file(candidate, pattern(500)), []
    for step in steps:
        if step == "release" and views:
            views.pop(0).release()
            twin.model.release()
        elif step == "export" and not twin.model.closed:
            views.append(candidate.builtins.memoryview(twin.mapping))
            twin.model.export()
        elif step == "slice" and views:  # a view of a view counts as well
            views.append(views[0][1:])
            twin.model.export()
        elif step in ("resize", "close"):
            twin.perform(candidate, step, *([400] if step == "resize" else []))


@clause("history.readonly")
@given(data=haystacks(), draw=st.data())
def test_readonly(candidate, data, draw):
    """No sequence of operations changes a map of ACCESS_READ, or its file."""
    twin = of_file(candidate, data, Access.READ)
    play(candidate, twin, draw.draw(anything(candidate, len(data))))
    assert (twin.mapping[:], twin.file.contents()) == (data, data)


@clause("history.copy-on-write")
@given(data=haystacks(), draw=st.data())
def test_copy_on_write(candidate, data, draw):
    """No sequence of operations on a map of ACCESS_COPY changes the file."""
    twin = of_file(candidate, data, Access.COPY)
    play(candidate, twin, draw.draw(anything(candidate, len(data))))
    assert twin.file.contents() == data


@clause("history.two-maps")
@given(draw=st.data())
def test_two_maps(candidate, draw):
    """Two shared maps of one file show each change of either at once."""
    profile, offset = candidate.profile, candidate.profile.granularity
    file, data = candidate.file(pattern(offset + 200)), File(pattern(offset + 200))
    whole = Twin(candidate.mmap.mmap(file.fd, 0), Mapping.of_file(profile, data), file)
    part = Twin(
        candidate.mmap.mmap(file.fd, 100, offset=offset),
        Mapping.of_file(profile, data, 100, offset=offset),
        file,
    )
    of_whole, of_part = overlapping(candidate, offset, 100)
    for twin, other, steps in [(whole, part, of_whole), (part, whole, of_part)] * 2:
        for name, args in draw.draw(steps):
            twin.perform(candidate, name, *args)
            other.compare(candidate)
    whole.compare_file()


@clause("history.closed")
@given(access=st.sampled_from(Access), data=haystacks(), draw=st.data())
def test_closed(candidate, access, data, draw):
    """From close() on every further operation is refused, and the file stays."""
    twin, steps = of_file(candidate, data, access), anything(candidate, len(data))
    play(candidate, twin, draw.draw(steps))
    twin.perform(candidate, "close")
    for name, args in draw.draw(steps):
        refusal = outcomes(getattr(twin.model, name), *args)
        assert all(isinstance(outcome, Raises) for outcome in refusal.outcomes)
        twin.perform(candidate, name, *args)
    twin.compare_file()
