"""The type: what the interpreter's C code sees of it."""

import ctypes
import gc
import sys
import weakref

import pytest

import mmap_reference
from mmap_reference import mmap

# What Argument Clinic gave CPython 3.15.2.
SIGNATURES = {
    "__enter__": "($self, /)",
    "__exit__": "($self, exc_type, exc_value, traceback, /)",
    "close": "($self, /)",
    "find": "($self, view, start=None, end=None, /)",
    "flush": "($self, offset=0, size=-1, /, *, flags=0)",
    "madvise": "($self, option, start=0, length=None, /)",
    "move": "($self, dest, src, count, /)",
    "read": "($self, n=None, /)",
    "read_byte": "($self, /)",
    "readline": "($self, /)",
    "resize": "($self, newsize, /)",
    "rfind": "($self, view, start=None, end=None, /)",
    "seek": "($self, pos, whence=0, /)",
    "seekable": "($self, /)",
    "set_name": "($self, name, /)",
    "size": "($self, /)",
    "tell": "($self, /)",
    "write": "($self, bytes, /)",
    "write_byte": "($self, byte, /)",
}
LINUX_ONLY = {"resize", "set_name"}


def test_methods_have_signatures():
    """The methods are those of 3.15, with their text signatures."""
    methods = {
        name: value.__text_signature__
        for name, value in vars(mmap).items()
        if type(value).__name__ == "method_descriptor"
    }
    names = set(SIGNATURES)
    if sys.platform != "linux":
        names -= LINUX_ONLY
    assert methods == {name: SIGNATURES[name] for name in names}


def test_type_is_immutable():
    """Nothing can be set on the type, on any version."""
    with pytest.raises(TypeError):
        mmap.extra = 1
    with pytest.raises(TypeError):
        del mmap.close


def test_maps_are_tracked_by_the_collector():
    """A cycle through a map of a subclass is collected, and unmapped."""

    class Node(mmap):
        pass

    node = Node(-1, 10)
    node.myself = node
    assert gc.is_tracked(node)
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is None


def test_type_of_a_subclass_is_collected():
    """Maps keep their type alive, and let it go."""

    def make():
        class Short(mmap):
            pass

        return Short(-1, 10)

    made = make()
    kind = weakref.ref(type(made))
    gc.collect()
    assert kind() is type(made)
    del made
    gc.collect()
    assert kind() is None


def test_cycle_through_the_type():
    """A class that holds a map of itself is collected."""

    class Holder(mmap):
        pass

    Holder.one = Holder(-1, 10)
    kind = weakref.ref(Holder)
    one = weakref.ref(Holder.one)
    del Holder
    gc.collect()
    assert kind() is None
    assert one() is None


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the type is static there")
def test_instances_keep_no_reference_to_the_type():
    """Making and freeing maps leaves the type's reference count alone."""
    before = sys.getrefcount(mmap)
    for _ in range(100):
        mmap(-1, 10)
        with pytest.raises(OSError):
            mmap(-2, 10)
    assert sys.getrefcount(mmap) == before


def test_weak_references():
    """Callbacks run when the map is freed, not when it is closed."""
    seen = []
    m = mmap(-1, 10)
    keep = weakref.ref(m, seen.append)
    m.close()
    assert seen == []
    del m
    gc.collect()
    assert seen == [keep]


def set_item(m, index, value):
    """PySequence_SetItem: what m[i] = v never calls."""
    function = ctypes.pythonapi.PySequence_SetItem
    function.argtypes = [ctypes.py_object, ctypes.c_ssize_t, ctypes.py_object]
    function.restype = ctypes.c_int
    return function(m, index, value)


def test_old_sequence_protocol_assigns_bytes():
    """As it yields bytes of length 1, so it takes them."""
    m = mmap(-1, 4)
    assert set_item(m, 1, b"x") == 0
    assert set_item(m, -1, b"y") == 0
    assert m[:] == b"\0x\0y"
    for index, value, error in [
        (4, b"x", IndexError),
        (-5, b"x", IndexError),
        (0, b"xy", IndexError),
        (0, 5, IndexError),
    ]:
        with pytest.raises(error):
            set_item(m, index, value)
    m.close()
    with pytest.raises(ValueError):
        set_item(m, 0, b"x")
    with pytest.raises(TypeError):
        set_item(mmap(-1, 4, access=mmap_reference.ACCESS_READ), 0, b"x")


def test_extended_slices_of_aliased_bytes():
    """The result is as if the source had been copied first."""
    content = bytes(range(64))
    for step in (-1, 2, 3, -2, 7):
        m = mmap(-1, 64)
        m[:] = content
        target = range(64)[::step]
        source = memoryview(m)[5 : 5 + len(target)] if len(target) < 60 else memoryview(m)
        expected = bytearray(content)
        expected[::step] = bytes(source)
        m[::step] = source
        assert m[:] == expected
        source.release()
