"""The class mmap.mmap itself: instances, subclasses, repr, weak references, pickling, sizes."""

from __future__ import annotations

import re

import pytest

from mmap_spec.clauses import clause
from mmap_spec.situations import past_the_end
from mmap_spec.strategies import pattern

METHODS = (
    "close find flush move read read_byte readline resize rfind seek size tell write write_byte "
    "__enter__ __exit__ __len__ __getitem__ __setitem__"
).split()
REPR = re.compile(
    r"<(?P<name>[\w.]+) closed=(?P<closed>True|False)(, access=(?P<access>\w+), "
    r"length=(?P<length>\d+), pos=(?P<pos>\d+), offset=(?P<offset>\d+))?>"
)


def shown(candidate, mapping):
    """The fields of a mapping's repr, as text."""
    text = candidate.builtins.repr(mapping)
    match = REPR.fullmatch(text)
    assert match, f"repr() is {text!r}"
    return match.groupdict()


# -- the class --------------------------------------------------------------


@clause("type.class")
def test_class(candidate):
    """mmap.mmap is a class whose only base is object and whose metaclass is type."""
    source = "result = mmap.mmap.__bases__, type(mmap.mmap)"
    assert candidate.run(source) == ((object,), type)


@clause("type.instance")
def test_instance(candidate):
    """mmap.mmap() returns an instance of exactly mmap.mmap."""
    m = candidate.anonymous(b"abc")
    assert candidate.run("result = type(m) is mmap.mmap and isinstance(m, mmap.mmap)", m=m)


@clause("type.instance")
def test_instance_of_a_subclass(candidate):
    """Calling a subclass of mmap.mmap returns an instance of the subclass."""
    assert candidate.run("S = type('S', (mmap.mmap,), {})\nresult = type(S(-1, 3)) is S")


@clause("type.new-subtype")
@pytest.mark.parametrize("kind", ["object", "int", "bytes", "3"])
def test_new_of_another_class(candidate, kind):
    """mmap.mmap.__new__ refuses a class that is not a subclass of it with TypeError."""
    with candidate.raises(TypeError):
        candidate.run(f"mmap.mmap.__new__({kind}, -1, 10)")


@clause("type.new-subtype")
def test_new_without_a_class(candidate):
    """mmap.mmap.__new__ without a class raises TypeError."""
    with candidate.raises(TypeError):
        candidate.run("mmap.mmap.__new__()")


@clause("type.descriptor-receiver")
@pytest.mark.parametrize(
    "call", ["read(object())", "close(b'abc')", "find(bytearray(3), b'a')", "__len__(b'abc')"]
)
def test_method_of_another_object(candidate, call):
    """A method taken from the class refuses an object that is no map with TypeError."""
    with candidate.raises(TypeError):
        candidate.run(f"mmap.mmap.{call}")


@clause("type.methods")
@pytest.mark.parametrize("name", METHODS)
def test_methods(candidate, name):
    """The class has the documented methods, and the special methods that it supports."""
    assert candidate.run("result = callable(getattr(mmap.mmap, name))", name=name) is True


def change_of_class(candidate, code, name):
    """What a change of the class comes to; a class that allows it gets its old state back."""
    source = f"""
        missing = object()
        old = vars(mmap.mmap).get(name, missing)
        try:
            {code}
        except TypeError:
            result = "refused"
        else:
            result = "changed"
            if old is missing:
                delattr(mmap.mmap, name)
            else:
                setattr(mmap.mmap, name, old)
        """
    return candidate.run(source, name=name)


@clause("type.immutable-new-name")
@pytest.mark.parametrize("name", ["x", "__iter__"])
def test_class_takes_no_new_name(candidate, name):
    """Setting a new attribute of the class raises TypeError."""
    assert change_of_class(candidate, "setattr(mmap.mmap, name, None)", name) == "refused"


@clause("type.immutable-replace")
@pytest.mark.parametrize("name", ["read", "__len__", "closed"])
def test_class_keeps_its_methods(candidate, name):
    """Replacing a method of the class raises TypeError, and the method stays."""
    m = candidate.anonymous(b"abc")
    assert change_of_class(candidate, "setattr(mmap.mmap, name, None)", name) == "refused"
    assert (m.read(), len(m), m.closed) == (b"abc", 3, False)


@clause("type.immutable-delete")
@pytest.mark.parametrize("name", ["read", "__len__", "closed"])
def test_class_loses_no_method(candidate, name):
    """Deleting a method of the class raises TypeError, and the method stays."""
    m = candidate.anonymous(b"abc")
    assert change_of_class(candidate, "delattr(mmap.mmap, name)", name) == "refused"
    assert (m.read(), len(m), m.closed) == (b"abc", 3, False)


# -- instances --------------------------------------------------------------


@clause("type.no-dict")
def test_no_new_attributes(candidate):
    """Setting a new attribute of a map raises AttributeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(AttributeError):
        m.x = 1


@clause("type.no-dict")
def test_no_dict(candidate):
    """A map has no __dict__."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(AttributeError):
        candidate.run("m.__dict__", m=m)


@clause("type.methods-read-only")
@pytest.mark.parametrize("name", ["read", "find", "__len__"])
def test_methods_are_read_only(candidate, name):
    """A method cannot be replaced on an instance: AttributeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(AttributeError):
        candidate.run("setattr(m, name, None)", m=m, name=name)


@clause("type.class-fixed")
@pytest.mark.parametrize("kind", ["object", "type('S', (mmap.mmap,), {})"])
def test_class_of_a_map_is_fixed(candidate, kind):
    """Assigning __class__ of a map raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.run(f"m.__class__ = {kind}", m=m)


@clause("type.init-again")
@pytest.mark.parametrize("arguments", ["", "1, 2, 3", "-1, 9, foo=3", "None"])
def test_init_again(candidate, arguments):
    """Calling __init__ again, with any arguments, returns None and changes nothing."""
    m = candidate.anonymous(b"abc")
    m.seek(2)
    before = candidate.state()
    assert candidate.run(f"result = m.__init__({arguments})", m=m) is None
    assert candidate.state() == before


@clause("type.init-again")
def test_init_of_a_closed_map(candidate):
    """Calling __init__ of a closed map changes nothing either."""
    m = candidate.anonymous(b"abc")
    m.close()
    assert candidate.run("result = m.__init__(-1, 5)", m=m) is None
    assert m.closed is True


# -- subclasses -------------------------------------------------------------


@clause("type.subclass-init")
def test_subclass_with_init(candidate):
    """A subclass may define __init__ without calling the base: it gets the arguments."""
    source = """
        class Own(mmap.mmap):
            def __init__(self, *args, **kwargs):
                self.given = args, kwargs
        m = Own(-1, length=3)
        result = m.given, len(m), m[:]
        """
    assert candidate.run(source) == (((-1,), {"length": 3}), 3, b"\0\0\0")


@clause("type.subclass-super-init")
def test_subclass_that_calls_super_init(candidate):
    """The __init__ of a subclass may call super().__init__() without arguments."""
    source = """
        class Own(mmap.mmap):
            def __init__(self, fileno, length):
                super().__init__()
                self.asked = length
        m = Own(-1, 3)
        result = m.asked, len(m)
        """
    assert candidate.run(source) == (3, 3)


@clause("type.subclass-new")
def test_subclass_with_new(candidate):
    """A subclass may define __new__ with parameters of its own."""
    source = """
        class Own(mmap.mmap):
            def __new__(cls, contents):
                self = super().__new__(cls, -1, len(contents))
                self[:] = contents
                return self
        m = Own(b"abc")
        result = type(m) is Own, m.read()
        """
    assert candidate.run(source) == (True, b"abc")


@clause("type.subclass-dict")
def test_subclass_has_a_dict(candidate):
    """An instance of a subclass without __slots__ has a __dict__ and takes attributes."""
    source = "m = type('S', (mmap.mmap,), {})(-1, 3)\nm.x = 1\nresult = m.__dict__, m.x"
    assert candidate.run(source) == ({"x": 1}, 1)


@clause("type.subclass-empty-slots")
def test_subclass_without_slots(candidate):
    """An instance of a subclass with __slots__ = () has no __dict__ and takes no attributes."""
    m = candidate.run("result = type('S', (mmap.mmap,), {'__slots__': ()})(-1, 3)")
    assert candidate.builtins.hasattr(m, "__dict__") is False
    with candidate.raises(AttributeError):
        m.x = 1


@clause("type.subclass-slots")
def test_subclass_with_slots(candidate):
    """A subclass may have slots of its own, which do not disturb the map."""
    source = """
        class Own(mmap.mmap):
            __slots__ = "first", "second"
        m = Own(-1, 3)
        m.first, m.second = 5, [m]
        m[:] = b"abc"
        result = m.first, m.second == [m], m[:], len(m), hasattr(m, "__dict__")
        m.second = None
        m.close()
        """
    assert candidate.run(source) == (5, True, b"abc", 3, False)


@clause("type.subclass-weakref-slot")
def test_subclass_with_a_weakref_slot(candidate):
    """A subclass that asks for a __weakref__ slot is refused with TypeError."""
    with candidate.raises(TypeError):
        candidate.run("type('S', (mmap.mmap,), {'__slots__': ('__weakref__',)})")


@clause("type.subclass-mixin")
def test_subclass_of_two_classes(candidate):
    """A subclass may have further bases without a layout of their own, and a metaclass."""
    source = """
        import abc
        class Mixin:
            def double(self):
                return self[:] * 2
        class Own(mmap.mmap, Mixin, metaclass=abc.ABCMeta):
            pass
        result = Own(-1, 3).double()
        """
    assert candidate.run(source) == bytes(6)


@clause("type.subclass-layout")
@pytest.mark.parametrize("other", ["dict", "bytes", "list", "int"])
def test_subclass_of_two_layouts(candidate, other):
    """A class that inherits from both mmap and a class with a layout of its own is refused."""
    with candidate.raises(TypeError):
        candidate.run(f"type('S', (mmap.mmap, {other}), {{}})")


@clause("type.subclass-methods")
def test_methods_of_a_subclass(candidate):
    """Every method works on an instance of a subclass as on a map."""
    source = """
        m = type("S", (mmap.mmap,), {})(fd, 0)
        result = [m.read(2), m.readline(), m.tell(), m.read_byte()]
        result += [m.find(b"b", 0), m.rfind(b"c", 0)]
        m.seek(0)
        m.write(b"XY")
        m.write_byte(90)
        m.move(6, 0, 3)
        m.flush()
        result += [m.size(), m[0], m[5:], bytes(memoryview(m)[:3]), m.closed]
        with m:
            pass
        result.append(m.closed)
        """
    found = candidate.run(source, fd=candidate.file(b"abc\ndefabc").fd)
    assert found == [b"ab", b"c\n", 4, 100, 1, 9, 10, 88, b"eXYZc", b"XYZ", False, True]


@clause("type.subclass-len-override")
@pytest.mark.parametrize("length", [0, 2, 99])
def test_overridden_len(candidate, length):
    """An overridden __len__ changes len(), and neither indices nor slices nor methods."""
    source = """
        Own = type("Own", (mmap.mmap,), {"__len__": lambda self: length})
        m = Own(-1, 5)
        m[-1], m[0:2] = 9, b"ab"
        result = len(m), m[-1], m[:], m[4:], m.read(), m.find(b"\\t", 0), memoryview(m).nbytes
        """
    data = b"ab\0\0\t"
    assert candidate.run(source, length=length) == (length, 9, data, b"\t", data, 4, 5)


@clause("type.subclass-method-override")
def test_overridden_methods(candidate):
    """The methods of a map do not call overridden ones of a subclass."""
    source = """
        def wrong(self, *args):
            raise AssertionError("an override was called")
        names = "__getitem__ __setitem__ __len__ tell size seek find flush write".split()
        m = type("Own", (mmap.mmap,), dict.fromkeys(names, wrong))(-1, 5)
        m.write_byte(97)
        m.move(1, 0, 2)
        result = m.read(1), m.rfind(b"a", 0), m.readline(), bytes(m)
        m.close()
        """
    assert candidate.run(source) == (b"a", 1, b"\0\0\0", b"aa\0\0\0")


CALLS = {
    "__enter__": [()],
    "__getitem__": [(0,), (slice(1, 3),), (slice(None, None, 2),)],
    "__len__": [()],
    "__setitem__": [(0, 7), (slice(1, 3), b"xy"), (slice(0, 3, 2), b"xy")],
    "close": [()],
    "find": [(b"b",), (b"b", 1), (b"b", 0, -1)],
    "flush": [(), (0, 1)],
    "move": [(0, 1, 2)],
    "read": [(), (1,)],
    "read_byte": [()],
    "readline": [()],
    "rfind": [(b"b",), (b"b", 1), (b"b", 0, -1)],
    "seek": [(1,), (1, 1), (-1, 2)],
    "size": [()],
    "tell": [()],
    "write": [(b"xy",)],
    "write_byte": [(7,)],
}


@clause("type.subclass-method-override")
@pytest.mark.parametrize("name", CALLS)
def test_all_others_overridden(candidate, name):
    """A method calls none of the subclass, where every one of them is overridden."""
    source = """
        result = []
        def override(name):
            def wrong(self, *args):
                result.append(name)
                raise AssertionError(name + " was called")
            return wrong
        Own = type("Own", (mmap.mmap,), dict({each: override(each) for each in names},
                                             closed=property(override("closed"))))
        m = Own(fd, 0)
        for arguments in calls:
            getattr(mmap.mmap, name)(m, *arguments)
        if name != "close":
            mmap.mmap.close(m)
        """
    fd = candidate.file(b"ab\ncdb").fd
    names = {"name": name, "names": list(CALLS), "calls": CALLS[name], "fd": fd}
    assert candidate.run(source, **names) == []


@clause("type.subclass-finalizer")
def test_finalizer_of_a_subclass(candidate):
    """The __del__ of a subclass sees an open map with its contents."""
    source = """
        import gc
        result = []
        class Own(mmap.mmap):
            def __del__(self):
                result.append((self.closed, self[:]))
        m = Own(-1, 3)
        m[:] = b"abc"
        del m
        gc.collect()
        """
    assert candidate.run(source) == [(False, b"abc")]


@clause("type.subclass-unhashable")
def test_subclass_with_its_own_equality(candidate):
    """A subclass may define __eq__ and __hash__ of its own."""
    source = """
        class Own(mmap.mmap):
            def __eq__(self, other):
                return self[:] == other[:]
            def __hash__(self):
                return 5
        class Unhashable(mmap.mmap):
            __hash__ = None
        try:
            hash(Unhashable(-1, 3))
        except TypeError:
            result = Own(-1, 3) == bytes(3), hash(Own(-1, 3))
        """
    assert candidate.run(source) == (True, 5)


# -- repr -------------------------------------------------------------------


@clause("type.repr-default")
def test_default_repr(candidate):
    """repr() is the one of object."""
    m = candidate.anonymous(b"abc")
    assert candidate.builtins.repr(m) == candidate.run("result = object.__repr__(m)", m=m)


@clause("type.repr")
def test_repr(candidate):
    """repr() of an open map has the form <mmap.mmap closed=False, access=..., ...>."""
    fields = shown(candidate, candidate.anonymous(b"abc"))
    name = fields.pop("name")
    assert name.rpartition(".")[2] == "mmap"
    assert fields == {
        "closed": "False",
        "access": "ACCESS_DEFAULT",
        "length": "3",
        "pos": "0",
        "offset": "0",
    }


@clause("type.repr-closed")
def test_repr_of_a_closed_map(candidate):
    """repr() of a closed map has the form <mmap.mmap closed=True>."""
    m = candidate.anonymous(b"abc")
    m.close()
    fields = shown(candidate, m)
    assert fields.pop("name").rpartition(".")[2] == "mmap"
    assert fields == {"closed": "True", "access": None, "length": None, "pos": None, "offset": None}


@clause("type.repr-position")
@pytest.mark.parametrize("position", [0, 1, 3])
def test_repr_shows_the_position(candidate, position):
    """repr() shows the current position."""
    m = candidate.anonymous(b"abc")
    m.seek(position)
    assert shown(candidate, m)["pos"] == str(position)


@clause("type.repr-length")
def test_repr_after_a_shrink(candidate):
    """repr() shows the length that the map has now, and a position behind the end."""
    fields = shown(candidate, past_the_end(candidate, length=10, position=3000))
    assert (fields["length"], fields["pos"]) == ("10", "3000")


@clause("type.repr-offset")
def test_repr_shows_the_offset(candidate):
    """repr() shows the offset that the map was made with."""
    offset = candidate.profile.granularity
    m = candidate.mmap.mmap(candidate.file(pattern(2 * offset + 5)).fd, 0, offset=2 * offset)
    fields = shown(candidate, m)
    assert (fields["offset"], fields["length"]) == (str(2 * offset), "5")


@clause("type.repr-offset", "offset.anonymous")
def test_repr_shows_the_offset_of_anonymous_memory(candidate):
    """repr() shows the offset that an anonymous map was made with, although it has no effect."""
    offset = candidate.profile.granularity
    m = candidate.mmap.mmap(-1, 5, offset=offset)
    assert shown(candidate, m)["offset"] == str(offset)


@clause("type.repr-large-numbers")
def test_repr_of_large_numbers(candidate):
    """repr() shows a length, a position and an offset beyond 4 GiB as they are."""
    gib, granularity = 1 << 30, candidate.profile.granularity
    file = candidate.file()
    file.truncate(9 * gib + granularity)
    m = candidate.mmap.mmap(file.fd, 0, offset=4 * gib + granularity)
    m.seek(4 * gib + 5)
    fields = shown(candidate, m)
    found = [int(fields[name]) for name in ("length", "pos", "offset")]
    assert found == [5 * gib, 4 * gib + 5, 4 * gib + granularity]


@clause("type.repr-subclass")
def test_repr_of_a_subclass(candidate):
    """repr() of an instance of a subclass starts with the plain name of the subclass."""
    m = candidate.run("class Own(mmap.mmap): pass\nresult = Own(-1, 3)")
    assert shown(candidate, m)["name"] == "Own"
    m.close()
    assert candidate.builtins.repr(m) == "<Own closed=True>"


@clause("type.repr-overrides")
def test_repr_calls_no_overrides(candidate):
    """repr() shows the map's own state and does not call overridden methods."""
    source = """
        members = {"__len__": lambda self: 99, "tell": lambda self: 98, "closed": True}
        result = type("Own", (mmap.mmap,), members)(-1, 3)
        """
    fields = shown(candidate, candidate.run(source))
    assert (fields["closed"], fields["length"], fields["pos"]) == ("False", "3", "0")


@clause("type.str")
@pytest.mark.parametrize("code", ["str(m)", "format(m)", "'%s' % m", "f'{m}'", "m.__str__()"])
def test_str(candidate, code):
    """str(), format() without a specification and %s give what repr() gives."""
    m = candidate.anonymous(b"abc")
    assert candidate.run(f"result = {code}", m=m) == candidate.builtins.repr(m)


@clause("type.str")
@pytest.mark.parametrize("specification", ["s", ">20", "x"])
def test_format_with_a_specification(candidate, specification):
    """format() with a specification raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.builtins.format(m, specification)


# -- weak references --------------------------------------------------------


@clause("type.weakref")
def test_weak_reference(candidate):
    """A weak reference to a map returns the map, and None after the map is gone."""
    source = """
        import gc, weakref
        m = mmap.mmap(-1, 3)
        reference = weakref.ref(m)
        before = reference() is m
        del m
        for _ in range(3):
            gc.collect()
        result = before, reference()
        """
    assert candidate.run(source) == (True, None)


@clause("type.weakref-callback")
def test_callback_of_a_weak_reference(candidate):
    """The callback of a weak reference is called once, with the dead reference."""
    source = """
        import gc, weakref
        called = []
        m = mmap.mmap(-1, 3)
        reference = weakref.ref(m, called.append)
        before = list(called)
        del m
        for _ in range(3):
            gc.collect()
        result = before, len(called), called[0] is reference
        """
    assert candidate.run(source) == ([], 1, True)


@clause("type.weakref-close")
def test_weak_reference_to_a_closed_map(candidate):
    """close() does not kill weak references to the map and does not call their callbacks."""
    source = """
        import gc, weakref
        called = []
        m = mmap.mmap(-1, 3)
        reference = weakref.ref(m, called.append)
        m.close()
        gc.collect()
        result = reference() is m, called
        """
    assert candidate.run(source) == (True, [])


@clause("type.weakref-view")
def test_weak_reference_and_view(candidate):
    """A weak reference lives as long as a view of the map does."""
    source = """
        import gc, weakref
        m = mmap.mmap(-1, 3)
        reference, view = weakref.ref(m), memoryview(m)
        del m
        gc.collect()
        alive = reference() is not None and reference() is view.obj
        view.release()
        del view
        for _ in range(3):
            gc.collect()
        result = alive, reference()
        """
    assert candidate.run(source) == (True, None)


@clause("type.weakref-containers")
def test_weak_containers(candidate):
    """Maps are keys of a WeakKeyDictionary, and weakref.proxy works."""
    source = """
        import gc, weakref
        m = mmap.mmap(-1, 3)
        table = weakref.WeakKeyDictionary({m: 5})
        proxy = weakref.proxy(m)
        proxy[0] = 97
        found = table[m], proxy[:], len(proxy), weakref.getweakrefcount(m) >= 2
        del m
        for _ in range(3):
            gc.collect()
        result = found, len(table)
        """
    assert candidate.run(source) == ((5, b"a\0\0", 3, True), 0)


# -- pickling and copying ---------------------------------------------------


@clause("type.pickle")
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_pickle(candidate, protocol):
    """pickle.dumps() of a map raises TypeError with every protocol."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.module("pickle").dumps(m, protocol)


@clause("type.copy")
@pytest.mark.parametrize("name", ["copy", "deepcopy"])
def test_copy(candidate, name):
    """copy.copy() and copy.deepcopy() of a map raise TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        getattr(candidate.module("copy"), name)(m)


@clause("type.reduce")
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_reduce(candidate, protocol):
    """__reduce_ex__() of a map raises TypeError for every protocol."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.run("m.__reduce_ex__(protocol)", m=m, protocol=protocol)


@clause("type.pickle-subclass")
@pytest.mark.parametrize(
    "code", ["pickle.dumps(m, 2)", "pickle.dumps(m)", "copy.copy(m)", "copy.deepcopy(m)"]
)
def test_pickle_of_a_subclass(candidate, code):
    """An instance of a subclass cannot be pickled or copied either: TypeError."""
    m = candidate.run("class Own(mmap.mmap): pass\nresult = Own(-1, 3)")
    with candidate.raises(TypeError):
        candidate.run(f"import copy, pickle\n{code}", m=m)


# -- sizes and the garbage collector ----------------------------------------


@clause("type.tracked")
def test_tracked(candidate):
    """A map is tracked by the garbage collector."""
    assert candidate.module("gc").is_tracked(candidate.anonymous(b"abc")) is True


@clause("type.getsizeof")
def test_getsizeof(candidate):
    """sys.getsizeof() of a map does not count the mapped bytes."""
    getsizeof = candidate.module("sys").getsizeof
    small, large = candidate.mmap.mmap(-1, 1), candidate.mmap.mmap(-1, 10_000_000)
    assert 0 < getsizeof(small) == getsizeof(large)


@clause("type.getsizeof-closed")
def test_getsizeof_of_a_closed_map(candidate):
    """sys.getsizeof() of a closed map works and is not larger than before."""
    getsizeof = candidate.module("sys").getsizeof
    m = candidate.anonymous(b"abc")
    before = getsizeof(m)
    m.close()
    assert 0 < getsizeof(m) <= before


@clause("type.getsizeof-tagname")
def test_getsizeof_counts_the_tag_name(candidate):
    """sys.getsizeof() of a map counts its tag name."""
    getsizeof = candidate.module("sys").getsizeof
    plain = candidate.mmap.mmap(-1, 10)
    tagged = candidate.mmap.mmap(-1, 10, tagname="mmap-spec-sizeof")
    assert getsizeof(tagged) > getsizeof(plain)


# -- recorded, not judged ---------------------------------------------------


@clause("type.abstract-classes")
@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("collections.abc", "Sized", True),
        ("collections.abc", "Hashable", True),
        ("collections.abc", "Sequence", False),
        ("collections.abc", "MutableSequence", False),
        ("collections.abc", "Iterator", False),
        ("collections.abc", "Callable", False),
        ("io", "IOBase", False),
    ],
)
def test_abstract_classes(candidate, module, name, expected):
    """A map is Sized and Hashable, and neither a sequence nor a file of the abstract classes."""
    m = candidate.anonymous(b"abc")
    abstract = getattr(candidate.module(module), name)
    assert candidate.builtins.isinstance(m, abstract) is expected


@clause("type.no-other-kind")
@pytest.mark.parametrize(
    "expression", ["__import__('os').fspath(m)", "next(m)", "mmap.mmap[int]", "type(m)[int]"]
)
def test_no_other_kind(candidate, expression):
    """A map is no path and no iterator, and its class is not generic: TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.run(f"result = {expression}", m=m)


@clause("type.absent-methods")
@pytest.mark.parametrize(
    "name",
    "fileno name mode readinto readlines readable writable peek index count startswith".split(),
)
def test_absent_methods(candidate, name):
    """The class has no other methods of files and of bytes."""
    assert candidate.run("result = hasattr(mmap.mmap, name)", name=name) is False


@clause("type.text-signatures")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("read", "(self, n=None, /)"),
        ("seek", "(self, pos, whence=0, /)"),
        ("find", "(self, view, start=None, end=None, /)"),
        ("flush", "(self, offset=0, size=-1, /, *, flags=0)"),
        ("move", "(self, dest, src, count, /)"),
        ("resize", "(self, newsize, /)"),
    ],
)
def test_text_signatures(candidate, name, text):
    """The methods have text signatures that inspect.signature() can read."""
    source = "import inspect\nresult = str(inspect.signature(getattr(mmap.mmap, name)))"
    assert candidate.run(source, name=name) == text


@clause("type.docstring")
def test_docstring(candidate):
    """The class has a docstring."""
    assert candidate.run("result = bool(mmap.mmap.__doc__)") is True
