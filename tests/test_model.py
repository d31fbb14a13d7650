"""The model against what is right beyond doubt: bytes, bytearray and io.BytesIO."""

import dataclasses
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmap_spec.model import Access, File, Mapping, OneOf, Raises, Returns, Unspecified, outcomes
from mmap_spec.strategies import haystacks, integers_near, needles_in, pattern, slices

PAGE = 4096
SSIZE_MAX = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Facts:
    """A platform like 64-bit Linux."""

    api: tuple[int, int] = (3, 15)
    sys_platform: str = "linux"
    page_size: int = PAGE
    ssize_max: int = SSIZE_MAX
    int_max: int = 2**31 - 1


LATEST = Facts()


def memory(contents=b"abcdef", facts=LATEST, **kwargs):
    return Mapping.of_memory(facts, contents, **kwargs)


def of_file(contents=b"abcdef", facts=LATEST, **kwargs):
    return Mapping.of_file(facts, File(contents), **kwargs)


class FixedFile(io.BytesIO):
    """A binary file that cannot be extended, and whose position cannot leave it."""

    def fits(self, size):
        return self.tell() + size <= len(self.getbuffer())

    def write(self, new):
        if not self.fits(len(new)):
            raise ValueError
        return super().write(new)

    def seek(self, distance, whence=0):
        target = (0, self.tell(), len(self.getbuffer()))[whence] + distance
        if not 0 <= target <= len(self.getbuffer()):
            raise ValueError
        return super().seek(target)


@given(data=haystacks(), draw=st.data())
def test_file_like(data, draw):
    """Reading, writing and seeking are those of a binary file of fixed size."""
    model, file = memory(data), FixedFile(data)
    number = integers_near(len(data))
    step = st.one_of(
        st.tuples(st.just("read"), st.tuples() | st.tuples(st.none() | number)),
        st.tuples(st.just("readline"), st.tuples()),
        st.tuples(st.just("write"), st.tuples(st.binary(max_size=9))),
        st.tuples(st.just("seek"), st.tuples(number, st.integers(0, 2))),
        st.tuples(st.just("tell"), st.tuples()),
    )
    for name, args in draw.draw(st.lists(step, max_size=20)):
        assert result(getattr(model, name), *args) == result(getattr(file, name), *args)
        assert (model.position, model.contents) == (file.tell(), file.getvalue())


def result(function, *args):
    """The value, or the type of the exception."""
    try:
        return function(*args)
    except Exception as error:
        return type(error)


@given(data=haystacks(), value=st.integers(0, 255))
def test_single_bytes(data, value):
    model = memory(data)
    assert bytes(model.read_byte() for _ in data) == data
    assert outcomes(model.read_byte).allows_error(ValueError)
    assert outcomes(model.write_byte, value).allows_error(ValueError)
    model.seek(-1, 2)
    assert model.write_byte(value) is None
    assert model.contents == data[:-1] + bytes([value])


@given(data=haystacks(), draw=st.data())
def test_search_is_that_of_bytes(data, draw):
    """With both bounds given, 3.15 finds what bytes.find and bytes.rfind find."""
    needle = draw.draw(needles_in(data))
    start, end = (draw.draw(integers_near(len(data)) | st.none()) for _ in range(2))
    model = memory(data)
    assert model.find(needle, start, end) == data.find(needle, start, end)
    assert model.rfind(needle, start, end) == data.rfind(needle, start, end)


@given(data=haystacks(), draw=st.data())
def test_search_begins_at_the_position(data, draw):
    needle, position = draw.draw(needles_in(data)), draw.draw(st.integers(0, len(data)))
    model = memory(data)
    model.seek(position)
    assert model.find(needle) == data.find(needle, position)
    assert model.rfind(needle) == data.rfind(needle, position)
    assert model.position == position


def test_empty_needle_beyond_the_end():
    for api, found in [((3, 8), 6), ((3, 14), 6), ((3, 15), -1)]:
        model = memory(facts=Facts(api))
        assert (model.find(b"", 7), model.rfind(b"", 7), model.find(b"", 6)) == (found, found, 6)
        assert model.find(b"", 4, 3) == model.rfind(b"", 4, 3) == -1


def test_none_as_a_bound():
    assert outcomes(memory(facts=Facts((3, 13))).find, b"c", None).allows_error(TypeError)
    open_choice = outcomes(memory(facts=Facts((3, 14))).find, b"c", None, 3)
    assert open_choice.allows_error(TypeError)
    assert open_choice.allows_value(2)
    assert memory().find(b"e", None, 3) == -1


@given(data=haystacks(), draw=st.data())
def test_items_and_slices_are_those_of_bytearray(data, draw):
    model, oracle = memory(data), bytearray(data)
    for _ in range(3):
        key, index = draw.draw(slices(len(data))), draw.draw(integers_near(len(data)))
        assert model[key] == bytes(oracle[key])
        assert result(model.__getitem__, index) == result(oracle.__getitem__, index)
        new = draw.draw(st.binary(min_size=len(oracle[key]), max_size=len(oracle[key])))
        model[key] = oracle[key] = new
        value = draw.draw(st.integers(0, 255))
        if -len(data) <= index < len(data):
            model[index] = oracle[index] = value
        assert model.contents == oracle


@pytest.mark.parametrize(
    ("key", "value", "kinds"),
    [
        (6, 1, {IndexError}),
        (-7, 1, {IndexError}),
        (2**70, 1, {IndexError}),
        ("x", 1, {TypeError}),
        (0, 256, {ValueError}),
        (0, -1, {ValueError}),
        (0, b"x", {TypeError}),
        (0, 2**70, {TypeError}),
        (6, 256, {IndexError, ValueError}),
        (6, "x", {IndexError, TypeError}),
        (slice(0, 2), b"x", {IndexError}),
        (slice(0, 2), "xy", {TypeError}),
        (slice(0, 2, 0), b"xy", {ValueError}),
        (slice(0, 2), memoryview(b"wxyz")[::2], {BufferError}),
    ],
)
def test_refused_assignments(key, value, kinds):
    model = memory()
    assert refusals(model.__setitem__, key, value) == kinds
    assert model.contents == b"abcdef"
    assert refusals(memory(access=Access.READ).__setitem__, key, value) == {TypeError}
    model.close()
    assert ValueError in refusals(model.__setitem__, key, value)


def refusals(operation, *args):
    """The types of the exceptions that are allowed; no value may be."""
    allowed = outcomes(operation, *args).outcomes
    assert all(isinstance(outcome, Raises) for outcome in allowed)
    return {outcome.type for outcome in allowed}


@pytest.mark.parametrize("key", [0, -1, slice(0, 1), slice(0, 0), "x"], ids=str)
def test_deletion(key):
    assert refusals(memory().__delitem__, key) == {TypeError}
    assert refusals(memory().__delitem__, 6) == {TypeError, IndexError}


@given(data=haystacks(), draw=st.data())
def test_move_is_a_slice_assignment(data, draw):
    dest, src, size = (draw.draw(integers_near(len(data))) for _ in range(3))
    model, oracle = memory(data), bytearray(data)
    if min(dest, src, size) < 0 or dest + size > len(data) or src + size > len(data):
        assert refusals(model.move, dest, src, size) == {ValueError}
    else:
        oracle[dest : dest + size] = data[src : src + size]
        assert model.move(dest, src, size) is None
    assert model.contents == oracle


@pytest.mark.parametrize(
    ("name", "args", "kind"),
    [
        ("read", (SSIZE_MAX + 1,), OverflowError),
        ("read", ("1",), TypeError),
        ("read", (1, 2), TypeError),
        ("seek", (-SSIZE_MAX - 2,), OverflowError),
        ("read", (-SSIZE_MAX - 2,), OverflowError),
        ("seek", (SSIZE_MAX,), ValueError),
        ("seek", (-SSIZE_MAX - 1,), ValueError),
        ("seek", (0, 2**31), OverflowError),
        ("seek", (0, 2**31 - 1), ValueError),
        ("seek", (0, -(2**31)), ValueError),
        ("seek", (0, -(2**31) - 1), OverflowError),
        ("seek", (0, 3), ValueError),
        ("seek", (), TypeError),
        ("write", ("x",), TypeError),
        ("write", (b"abcdefg",), ValueError),
        ("write_byte", (256,), OverflowError),
        ("write_byte", (-1,), OverflowError),
        ("write_byte", (b"x",), TypeError),
        ("move", (0, 0, SSIZE_MAX), ValueError),
        ("move", (SSIZE_MAX, SSIZE_MAX, 1), ValueError),
        ("move", (0, 0, SSIZE_MAX + 1), OverflowError),
        ("find", ("x",), TypeError),
        ("find", (b"x", SSIZE_MAX + 1), OverflowError),
        ("flush", (0, 7), ValueError),
        ("flush", (-1, 1), ValueError),
        ("resize", (-1,), ValueError),
    ],
)
def test_refused_arguments(name, args, kind):
    model = memory()
    assert refusals(getattr(model, name), *args) == {kind}
    assert (model.position, model.contents) == (0, b"abcdef")
    model.close()
    assert refusals(getattr(model, name), *args) - {kind} <= {ValueError}
    assert ValueError in refusals(getattr(model, name), *args)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("read", ()),
        ("read_byte", ()),
        ("readline", ()),
        ("write", (b"",)),
        ("write_byte", (1,)),
        ("seek", (0,)),
        ("tell", ()),
        ("size", ()),
        ("find", (b"",)),
        ("rfind", (b"",)),
        ("move", (0, 0, 0)),
        ("flush", ()),
        ("resize", (6,)),
        ("__len__", ()),
        ("__getitem__", (0,)),
        ("__getitem__", (slice(0, 0),)),
        ("__setitem__", (0, 1)),
        ("__enter__", ()),
        ("export", ()),
    ],
)
def test_closed(name, args):
    model = of_file()
    model.close()
    model.close()
    assert refusals(getattr(model, name), *args) == {ValueError}
    assert model.closed
    assert model.seekable()


@pytest.mark.parametrize(
    ("name", "args"),
    [("write", (b"",)), ("write", (b"x" * 9,)), ("write_byte", (1,)), ("move", (9, 9, 9))],
)
def test_readonly(name, args):
    model = of_file(access=Access.READ)
    assert refusals(getattr(model, name), *args) == {TypeError}
    assert refusals(model.export, True) == {BufferError}
    model.export()
    assert model.exports == 1


def test_exports():
    model = memory(shared=False)
    model.export()
    model.export()
    model.release()
    assert refusals(model.close) == refusals(model.resize, 6) == {BufferError}
    assert not model.closed
    model.release()
    model.resize(3)
    model.close()
    assert model.closed


def test_results_by_version():
    assert outcomes(memory(facts=Facts((3, 12))).seek, 2).allows_value(None)
    assert outcomes(memory(facts=Facts((3, 13))).seek, 2).allows_value(2)
    assert refusals(memory(facts=Facts((3, 12))).seekable) == {AttributeError}
    assert memory(facts=Facts((3, 13))).seekable() is True


def test_size():
    old, windows = Facts((3, 14)), Facts((3, 14), sys_platform="win32")
    assert outcomes(memory(facts=old).size).outcomes == (Raises(OSError, "EBADF"),)
    assert memory(facts=windows).size() == memory().size() == 6
    assert of_file(length=3, facts=old).size() == of_file(offset=2).size() == 6
    assert outcomes(of_file(facts=old, trackfd=False).size).allows_error(OSError, "EBADF")
    assert (
        refusals(of_file(trackfd=False).size)
        == refusals(memory(trackfd=False).size)
        == {ValueError}
    )


def test_flush():
    model, old = memory(pattern(2 * PAGE)), memory(pattern(2 * PAGE), facts=Facts((3, 14)))
    for args in [(), (0,), (PAGE, PAGE), (2 * PAGE, 0), (0, 0)]:
        assert model.flush(*args) is old.flush(*args) is None
    assert model.flush(PAGE) is model.flush(PAGE, -1) is None
    assert refusals(old.flush, PAGE) == refusals(old.flush, 0, -1) == {ValueError}
    assert outcomes(model.flush, 1, 1).outcomes == (Raises(OSError, "EINVAL"),)
    assert refusals(model.flush, 2 * PAGE + 1) == refusals(model.flush, 0, -2) == {ValueError}
    assert refusals(model.flush, 0, None) == {TypeError}
    assert outcomes(old.flush, 0, None).allows_value(None)
    copy = of_file(access=Access.COPY)
    assert copy.flush(1, 2) is None
    assert refusals(copy.flush, 1, 6) == {ValueError}


def test_resize_of_a_file():
    file = File(pattern(PAGE + 100))
    model = Mapping.of_file(LATEST, file, offset=PAGE)
    model.seek(50)
    model.resize(10)
    assert (len(model), file.size, model.position) == (10, PAGE + 10, 50)
    assert (model.read(), model.position) == (b"", 50)
    assert (
        refusals(model.write, b"")
        == refusals(model.read_byte)
        == refusals(model.seek, 0, 1)
        == {ValueError}
    )
    model.resize(20)
    assert model.contents == pattern(PAGE + 10)[PAGE:] + bytes(10)
    assert not model.accepts(b"x" * 20)
    assert refusals(model.resize, SSIZE_MAX) == {ValueError}
    assert outcomes(model.resize, SSIZE_MAX - PAGE).outcomes == (Raises(OSError),)
    assert outcomes(model.resize, 0).outcomes == (Raises(OSError, "EINVAL"),)
    assert (len(model), file.size) == (20, PAGE + 20)


def test_resize_of_memory():
    shared = memory(pattern(100))
    assert refusals(shared.resize, 101) == {ValueError}
    shared.resize(10)
    assert len(shared) == 10


@pytest.mark.parametrize(
    ("shown", "allowed"),
    [
        (b"x" * PAGE + bytes(PAGE), True),
        (b"x" * 10 + bytes(2 * PAGE - 10), True),
        (b"x" * 11 + bytes(2 * PAGE - 11), True),
        (b"x" * 2 * PAGE, False),
        (b"x" * 10 + b"y" * (PAGE - 10) + bytes(PAGE), False),
        (bytes(2 * PAGE), False),
        (b"x" * PAGE, False),
    ],
)
def test_memory_that_shrank_and_grew(shown, allowed):
    """In the last page what was there before may show again, or zeros."""
    model = memory(b"x" * 2 * PAGE, shared=False)
    model.resize(10)
    model.resize(2 * PAGE)
    assert model.accepts(shown) is allowed
    assert not allowed or model.contents == shown
    assert not allowed or not model.accepts(shown[:-1] + b"z")


def test_what_showed_once_is_settled():
    model = memory(b"x" * 20, shared=False)
    model.resize(10)
    model.resize(20)
    assert model.accepts(b"x" * 20)
    assert not model.accepts(b"x" * 10 + bytes(10))


def test_order_of_the_checks_of_resize():
    model = of_file(access=Access.READ, trackfd=False)
    model.export()
    assert refusals(model.resize, -1) == {BufferError}
    model.release()
    assert refusals(model.resize, -1) == {ValueError}
    assert refusals(of_file(access=Access.COPY).resize, -1) == {TypeError}


def test_edges():
    model = memory()
    model.seek(2)
    assert (model.read(0), model.read(-1), model.read(9)) == (b"", b"cdef", b"")
    model.seek(0)
    assert (model.write_byte(255), model.write_byte(0), model.contents) == (
        None,
        None,
        b"\xff\0cdef",
    )
    assert [int(access) for access in Access] == [0, 1, 2, 3]
    assert not memory(access=Access.COPY).shared
    assert not of_file(access=Access.COPY).shared


def test_flush_on_windows():
    model = memory(pattern(2 * PAGE), facts=Facts(sys_platform="win32"))
    assert model.flush(1, 1) is None
    assert outcomes(model.flush, 2 * PAGE, 0).allows_value(None)
    assert outcomes(model.flush, 2 * PAGE, 0).allows_error(OSError)


def test_what_nobody_says():
    with pytest.raises(Unspecified):
        outcomes(memory(facts=Facts(sys_platform="darwin")).resize, 3)
    with pytest.raises(Unspecified):
        outcomes(of_file(shared=False).resize, 100)
    with pytest.raises(Unspecified):
        outcomes(memory(file=File(b"abc")).resize, 100)


@settings(max_examples=50)
@given(draw=st.data())
def test_mappings_of_one_file(draw):
    """Shared mappings show each other's changes, private ones keep theirs."""
    file, oracle = File(pattern(300)), bytearray(pattern(300))
    one, two = Mapping.of_file(LATEST, file), Mapping.of_file(LATEST, file, 100, offset=50)
    private = Mapping.of_file(LATEST, file, access=Access.COPY)
    for index, value in draw.draw(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)))):
        two[index] = oracle[50 + index] = value
        private[index] = value ^ 255
        assert private[index] == value ^ 255
    assert (one.contents, two.contents, file.contents) == (oracle, oracle[50:150], oracle)


def test_outcomes_are_compared_by_type():
    assert OneOf(Returns(b"a")).allows_value(b"a")
    assert not OneOf(Returns(b"a")).allows_value(bytearray(b"a"))
    assert not OneOf(Returns(1)).allows_value(True)
    assert not OneOf(Returns(None)).allows_error(ValueError)
    assert OneOf(Raises(OSError, "EACCES")).allows_error(PermissionError, "EACCES")
    assert not OneOf(Raises(OSError, "EACCES")).allows_error(OSError, "EBADF")
    assert not OneOf(Raises(OSError)).allows_error(ValueError)
    assert not OneOf(Raises(ValueError)).allows_error(PermissionError)
    assert not OneOf(Raises(ValueError)).allows_error(UnicodeError)
    assert "ValueError" in repr(OneOf(Raises(ValueError), Returns(1)))


def test_mapping_beyond_its_file():
    for length, offset in [(7, 0), (5, 2), (0, 6), (0, 7)]:
        with pytest.raises(ValueError):
            of_file(length=length, offset=offset)
