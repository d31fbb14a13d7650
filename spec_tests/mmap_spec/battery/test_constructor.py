"""mmap(...): signature, argument conversion, order of the checks, what a construction leaves."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmap_spec.candidate import calls
from mmap_spec.clauses import clause
from mmap_spec.situations import is_readonly
from mmap_spec.strategies import pattern

COMMON = ["fileno", "length", "access", "offset"]
UNIX = ["flags", "prot"]
NOT_INTEGERS = [1.0, "1", b"1", None, [], (), {}]


def arguments(candidate, **changes):
    """Keywords for an anonymous map of 10 bytes with the default modes."""
    values = {"fileno": -1, "length": 10, "access": candidate.mmap.ACCESS_DEFAULT, "offset": 0}
    if not candidate.profile.windows:
        values["flags"] = candidate.mmap.MAP_SHARED
        values["prot"] = candidate.mmap.PROT_READ | candidate.mmap.PROT_WRITE
    return {**values, **changes}


def beyond_int(candidate):
    """Integers just outside a C int, and such as look like a good one when cut down to it."""
    top = candidate.profile.int_max + 1
    return [top, -top - 1, 2 * top, 2 * top + 1, 2 * top - 1, 2**64, 2**64 - 1, -(2**64), 2**100]


# -- what a call gives ------------------------------------------------------


@clause("constructor.instance")
def test_instance(candidate):
    """Calling the class gives an object whose type is exactly the class."""
    m = candidate.mmap.mmap(-1, 10)
    assert candidate.builtins.getattr(m, "__class__") == candidate.mmap.mmap


@clause("constructor.starts-open")
def test_starts_open(candidate):
    """A new map is open."""
    assert candidate.mmap.mmap(-1, 10).closed is False


@clause("constructor.starts-at-zero")
def test_starts_at_zero(candidate):
    """The position of a new map is 0, whatever the descriptor's position and the offset are."""
    granularity = candidate.profile.granularity
    f = candidate.file(pattern(granularity + 10))
    candidate.os.lseek(f.fd, 3, 0)
    assert candidate.mmap.mmap(f.fd, 0).tell() == 0
    assert candidate.mmap.mmap(f.fd, 10, offset=granularity).tell() == 0


# -- signature --------------------------------------------------------------


@clause("constructor.fileno-required")
@pytest.mark.parametrize("given", [{}, {"length": 10}])
def test_fileno_is_required(candidate, given):
    """A call without fileno raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(**given)


@clause("constructor.length-required")
def test_length_is_required(candidate):
    """A call without length raises TypeError, for a file too."""
    f = candidate.file(pattern(10))
    for fileno in (-1, f.fd):
        with candidate.raises(TypeError):
            candidate.mmap.mmap(fileno)
        with candidate.raises(TypeError):
            candidate.mmap.mmap(fileno, access=candidate.mmap.ACCESS_READ)


@clause("constructor.keywords")
def test_keywords(candidate):
    """fileno, length, access and offset can be given by keyword."""
    granularity = candidate.profile.granularity
    f = candidate.file(pattern(granularity + 10))
    read = candidate.mmap.ACCESS_READ
    m = candidate.mmap.mmap(offset=granularity, access=read, length=5, fileno=f.fd)
    assert m[:] == pattern(granularity + 10)[granularity:][:5]
    assert is_readonly(candidate, m)


@clause("constructor.keywords-unix")
def test_keywords_unix(candidate):
    """flags and prot can be given by keyword."""
    f = candidate.file(pattern(10))
    private = candidate.mmap.mmap(f.fd, 10, flags=candidate.mmap.MAP_PRIVATE)
    private[0] = 255
    readable = candidate.mmap.mmap(f.fd, 10, prot=candidate.mmap.PROT_READ)
    assert f.contents() == pattern(10)
    assert is_readonly(candidate, readable)


@clause("constructor.positions-unix")
def test_positions_unix(candidate):
    """The positional order is fileno, length, flags, prot, access, offset."""
    module, page = candidate.mmap, candidate.profile.page_size
    f = candidate.file(pattern(page + 10))
    readable = module.PROT_READ | module.PROT_WRITE
    third = module.mmap(f.fd, 10, module.MAP_PRIVATE)
    third[0] = 255
    assert f.contents() == pattern(page + 10)
    fourth = module.mmap(f.fd, 10, module.MAP_SHARED, module.PROT_READ)
    assert is_readonly(candidate, fourth)
    fifth = module.mmap(f.fd, 10, module.MAP_SHARED, readable, module.ACCESS_READ)
    assert is_readonly(candidate, fifth)
    sixth = module.mmap(f.fd, 10, module.MAP_SHARED, readable, module.ACCESS_WRITE, page)
    assert sixth[:] == pattern(page + 10)[page:]


@clause("constructor.too-many")
@pytest.mark.parametrize("more", [[0], [True], [True, 0]])
def test_too_many(candidate, more):
    """A seventh positional argument raises TypeError."""
    module = candidate.mmap
    six = [-1, 10, module.MAP_SHARED, module.PROT_READ | module.PROT_WRITE, 0, 0]
    with candidate.raises(TypeError):
        module.mmap(*six, *more)


@clause("constructor.unknown-keyword")
@pytest.mark.parametrize("name", ["fd", "size", "foo", "Length", "map_size", "mode", "args"])
def test_unknown_keyword(candidate, name):
    """A keyword that is not a parameter raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, **{name: 1})


@clause("constructor.unknown-keyword")
@pytest.mark.parametrize(
    ("name", "other"), [("fileno", "fd"), ("fileno", "file"), ("length", "size"), ("length", "n")]
)
def test_another_name(candidate, name, other):
    """A parameter has no second name: a keyword that is not a parameter raises TypeError."""
    given = {"fileno": -1, "length": 10}
    given[other] = given.pop(name)
    with candidate.raises(TypeError):
        candidate.mmap.mmap(**given)


@clause("constructor.no-tagname")
@pytest.mark.parametrize("tagname", [None, "tag"])
def test_no_tagname(candidate, tagname):
    """On Unix there is no parameter tagname."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, tagname=tagname)


@clause("constructor.given-twice")
@pytest.mark.parametrize("twice", [{"fileno": -1}, {"length": 10}])
def test_given_twice(candidate, twice):
    """A parameter given both by position and by keyword raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, **twice)


# -- conversion -------------------------------------------------------------


@clause("constructor.index")
@pytest.mark.parametrize("name", COMMON)
def test_index(candidate, name):
    """Each integer parameter takes any object with `__index__`."""
    given = arguments(candidate)
    given[name] = candidate.hostile(given[name])
    assert len(candidate.mmap.mmap(**given)) == 10


@clause("constructor.index", "constructor.keywords-unix")
@pytest.mark.parametrize("name", UNIX)
def test_index_unix(candidate, name):
    """flags and prot take any object with `__index__`."""
    given = arguments(candidate)
    given[name] = candidate.hostile(given[name])
    assert len(candidate.mmap.mmap(**given)) == 10


@clause("constructor.index")
def test_index_value_is_used(candidate):
    """What `__index__` returns is what counts, by position too."""
    page = candidate.profile.granularity
    f = candidate.file(pattern(page + 10))
    wrapped = [candidate.hostile(value) for value in (int(f.fd), 7, 1, page)]
    m = candidate.mmap.mmap(wrapped[0], wrapped[1], access=wrapped[2], offset=wrapped[3])
    assert m[:] == pattern(page + 10)[page : page + 7]
    assert is_readonly(candidate, m)


@clause("constructor.bool")
def test_bool(candidate):
    """A bool is taken as the integer that it is."""
    m = candidate.mmap.mmap(-1, True, access=True, offset=False)
    assert len(m) == 1
    assert is_readonly(candidate, m)


@clause("constructor.bool")
@pytest.mark.parametrize("name", COMMON)
def test_subclass_of_int(candidate, name):
    """A member of an enumeration of integers is taken as the integer that it is."""
    source = """
        import enum
        given[name] = enum.IntEnum("Own", {"member": given[name]}).member
        with mmap.mmap(**given) as m:
            result = len(m)
        """
    given = arguments(candidate)
    assert candidate.run(source, name=name, given=given) == given["length"]


@clause("constructor.index-once")
@pytest.mark.parametrize("name", COMMON)
def test_index_once(candidate, name):
    """Each argument's `__index__` is called exactly once."""
    given = arguments(candidate)
    given[name] = candidate.hostile(given[name])
    candidate.mmap.mmap(**given)
    assert calls(given[name]) == 1


@clause("constructor.index-order")
def test_index_order(candidate):
    """The arguments are converted in the order of the parameters."""
    order = candidate.run(
        """
        order = []
        class Logged:
            def __init__(self, name, value):
                self.name, self.value = name, value
            def __index__(self):
                order.append(self.name)
                return self.value
        mmap.mmap(offset=Logged("offset", 0), access=Logged("access", 0),
                  length=Logged("length", 10), fileno=Logged("fileno", -1)).close()
        result = order
        """
    )
    assert order == ["fileno", "length", "access", "offset"]


@clause("constructor.index-raises")
@pytest.mark.parametrize("name", COMMON)
def test_index_raises(candidate, name):
    """An exception raised by an argument's `__index__` propagates."""
    f = candidate.file(pattern(10))
    faulty = candidate.hostile(raises=ZeroDivisionError)
    given = arguments(candidate, fileno=f.fd)
    given[name] = faulty
    with candidate.raises(ZeroDivisionError):
        candidate.mmap.mmap(**given)


@clause("constructor.index-raises", "constructor.keywords-unix")
@pytest.mark.parametrize("name", UNIX)
def test_index_raises_unix(candidate, name):
    """An exception raised by the `__index__` of flags or prot propagates."""
    given = arguments(candidate, **{name: candidate.hostile(raises=ZeroDivisionError)})
    with candidate.raises(ZeroDivisionError):
        candidate.mmap.mmap(**given)


@clause("constructor.index-not-int")
@pytest.mark.parametrize("name", COMMON)
@pytest.mark.parametrize("answer", ["1", None, 1.0])
def test_index_not_int(candidate, name, answer):
    """An argument whose `__index__` does not return an int raises TypeError."""
    given = arguments(candidate, **{name: candidate.hostile(answer)})
    with candidate.raises(TypeError):
        candidate.mmap.mmap(**given)


@clause("constructor.index-closes-descriptor")
@pytest.mark.parametrize("name", ["length", "access", "offset"])
def test_index_closes_descriptor(candidate, name):
    """A descriptor that a later argument's `__index__` closes is a bad descriptor."""
    f = candidate.file(pattern(10))
    given = arguments(candidate, fileno=f.fd)
    given[name] = candidate.hostile(given[name], do=[partial(candidate.os.close, f.fd)])
    with candidate.raises(OSError, errno="EBADF", state=False):  # a descriptor was closed
        candidate.mmap.mmap(**given)


@clause("constructor.size-after-conversion")
def test_size_after_conversion(candidate):
    """The file's size is read after every argument has been converted."""
    f = candidate.file(pattern(10))
    offset = candidate.hostile(0, do=[partial(candidate.os.ftruncate, f.fd, 4)])
    assert candidate.mmap.mmap(f.fd, 0, offset=offset)[:] == pattern(10)[:4]


@clause("constructor.size-after-conversion")
def test_size_after_conversion_too_long(candidate):
    """A file that a conversion made shorter is too short."""
    f = candidate.file(pattern(10))
    offset = candidate.hostile(0, do=[partial(candidate.os.ftruncate, f.fd, 4)])
    with candidate.raises(ValueError, state=False):  # the file was truncated
        candidate.mmap.mmap(f.fd, 5, offset=offset)
    assert f.size() == 4


@clause("constructor.fileno-type")
@pytest.mark.parametrize("fileno", NOT_INTEGERS)
def test_fileno_type(candidate, fileno):
    """A fileno that is no integer raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(fileno, 10)


@clause("constructor.fileno-type")
def test_fileno_file_object(candidate):
    """A file object is no fileno, nor is a map."""
    f = candidate.file(pattern(10))
    stream = candidate.builtins.open(f.path, "r+b")
    for fileno in (stream, candidate.mmap.mmap(f.fd, 0)):
        with candidate.raises(TypeError):
            candidate.mmap.mmap(fileno, 10)
    stream.close()


@clause("constructor.length-type")
@pytest.mark.parametrize("length", [10.0, *NOT_INTEGERS])
def test_length_type(candidate, length):
    """A length that is no integer raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, length)


@clause("constructor.access-type")
@pytest.mark.parametrize("access", ["r", *NOT_INTEGERS])
def test_access_type(candidate, access):
    """An access that is no integer raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, access=access)


@clause("constructor.offset-type")
@pytest.mark.parametrize("offset", [0.0, *NOT_INTEGERS])
def test_offset_type(candidate, offset):
    """An offset that is no integer raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, offset=offset)


@clause("constructor.flags-type")
@pytest.mark.parametrize("flags", NOT_INTEGERS)
def test_flags_type(candidate, flags):
    """flags that are no integer raise TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, flags=flags)


@clause("constructor.prot-type")
@pytest.mark.parametrize("prot", NOT_INTEGERS)
def test_prot_type(candidate, prot):
    """prot that is no integer raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, 10, prot=prot)


@clause("constructor.length-int-dunder")
def test_length_int_dunder(candidate):
    """A length with `__int__` but without `__index__` raises TypeError."""
    with candidate.raises(TypeError):
        candidate.mmap.mmap(-1, candidate.hostile(10, slot="__int__"))


@clause("constructor.int-dunder")
@pytest.mark.parametrize("name", COMMON)
def test_int_dunder(candidate, name):
    """Any integer argument with `__int__` but without `__index__` raises TypeError."""
    given = arguments(candidate)
    given[name] = candidate.hostile(given[name], slot="__int__")
    with candidate.raises(TypeError):
        candidate.mmap.mmap(**given)
    assert calls(given[name]) == 0


@clause("constructor.fileno-range")
def test_fileno_range(candidate):
    """A fileno beyond a C int raises OverflowError; it is not cut down to one."""
    f = candidate.file(pattern(10))
    cut_down = 2 * (candidate.profile.int_max + 1) + f.fd
    for fileno in [*beyond_int(candidate), cut_down]:
        with candidate.raises(OverflowError):
            candidate.mmap.mmap(fileno, 10)


@clause("constructor.length-range")
@pytest.mark.parametrize("more", [1, 2, 11])
def test_length_range(candidate, more):
    """A length beyond ssize_t raises OverflowError, for a file too."""
    f, top = candidate.file(pattern(10)), candidate.profile.ssize_max
    for length in (top + more, -top - 1 - more, 2 * top + 1 + more, 2**64 + more):
        for fileno in (-1, f.fd):
            with candidate.raises(OverflowError):
                candidate.mmap.mmap(fileno, length)


@clause("constructor.access-range")
def test_access_range(candidate):
    """An access beyond a C int raises OverflowError."""
    for access in beyond_int(candidate):
        with candidate.raises(OverflowError):
            candidate.mmap.mmap(-1, 10, access=access)


@clause("constructor.flags-range")
def test_flags_range(candidate):
    """flags beyond a C int raise OverflowError."""
    for flags in beyond_int(candidate):
        with candidate.raises(OverflowError):
            candidate.mmap.mmap(-1, 10, flags=flags)


@clause("constructor.prot-range")
def test_prot_range(candidate):
    """prot beyond a C int raises OverflowError."""
    for prot in beyond_int(candidate):
        with candidate.raises(OverflowError):
            candidate.mmap.mmap(-1, 10, prot=prot)


# -- values -----------------------------------------------------------------


@clause("constructor.length-negative")
def test_length_negative(candidate):
    """A negative length raises OverflowError."""
    f = candidate.file(pattern(10))
    lowest = -candidate.profile.ssize_max - 1
    for length in (-1, -2, -10, lowest, lowest + 1):
        for fileno in (-1, f.fd):
            with candidate.raises(OverflowError):
                candidate.mmap.mmap(fileno, length)


@clause("constructor.access-invalid")
@given(data=st.data())
def test_access_invalid(candidate, data):
    """An access that is none of the four constants raises ValueError."""
    top = candidate.profile.int_max
    wrong = st.sampled_from([-1, 4, 5, -top - 1, top]) | st.integers(4, top) | st.integers(-top, -1)
    access = data.draw(wrong)
    with candidate.raises(ValueError):
        candidate.mmap.mmap(-1, 10, access=access)


@clause("constructor.access-and-flags")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
@pytest.mark.parametrize("flags", ["MAP_PRIVATE", "MAP_ANONYMOUS", "none"])
def test_access_and_flags(candidate, access, flags):
    """access together with flags other than MAP_SHARED raises ValueError."""
    module = candidate.mmap
    bits = {
        "MAP_PRIVATE": module.MAP_PRIVATE,
        "MAP_ANONYMOUS": module.MAP_SHARED | module.MAP_ANONYMOUS,
        "none": 0,
    }[flags]
    f = candidate.file(pattern(10))
    for fileno in (-1, f.fd):
        with candidate.raises(ValueError):
            module.mmap(fileno, 10, flags=bits, access=getattr(module, access))


@clause("constructor.access-and-prot")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
@pytest.mark.parametrize("prot", [0, 1, 2, 4, 5, 6, 7])
def test_access_and_prot(candidate, access, prot):
    """access together with a prot other than PROT_READ|PROT_WRITE raises ValueError."""
    module = candidate.mmap
    parts = [module.PROT_READ, module.PROT_WRITE, module.PROT_EXEC]
    bits = sum(bit for position, bit in enumerate(parts) if prot >> position & 1)
    with candidate.raises(ValueError):
        module.mmap(-1, 10, prot=bits, access=getattr(module, access))


@clause("constructor.access-and-defaults")
@pytest.mark.parametrize("access", ["ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
def test_access_and_defaults(candidate, access):
    """access together with the default values of flags and prot is no conflict."""
    module = candidate.mmap
    both = module.PROT_READ | module.PROT_WRITE
    given = {"flags": module.MAP_SHARED, "prot": both, "access": getattr(module, access)}
    m = module.mmap(-1, 10, **given)
    assert is_readonly(candidate, m) is (access == "ACCESS_READ")


@clause("constructor.access-default-defers")
def test_access_default_defers(candidate):
    """access=ACCESS_DEFAULT goes with any flags and prot, and defers to them."""
    module = candidate.mmap
    f = candidate.file(pattern(10))
    readable = module.mmap(f.fd, 10, prot=module.PROT_READ, access=module.ACCESS_DEFAULT)
    private = module.mmap(f.fd, 10, flags=module.MAP_PRIVATE, access=module.ACCESS_DEFAULT)
    private[0] = 255
    assert is_readonly(candidate, readable)
    assert f.contents() == pattern(10)


@clause("constructor.bad-descriptor")
@pytest.mark.parametrize("length", [0, 10])
def test_bad_descriptor(candidate, length):
    """A number that is no open descriptor raises OSError EBADF."""
    for fileno in (999, 65000, candidate.profile.int_max):
        for access in range(4):
            with candidate.raises(OSError, errno="EBADF"):
                candidate.mmap.mmap(fileno, length, access=access)


@clause("constructor.closed-descriptor")
@pytest.mark.parametrize("length", [0, 10])
def test_closed_descriptor(candidate, length):
    """A descriptor that has been closed before raises OSError EBADF."""
    f = candidate.file(pattern(10))
    f.close()
    with candidate.raises(OSError, errno="EBADF"):
        candidate.mmap.mmap(f.fd, length)


# -- the order of the checks ------------------------------------------------


@clause("constructor.convert-first")
@pytest.mark.parametrize("name", ["access", "offset"])
def test_conversion_before_negative_length(candidate, name):
    """A wrong type prevails over a negative length."""
    for wrong in (None, 1.5, "x"):
        with candidate.raises(TypeError):
            candidate.mmap.mmap(-1, -1, **{name: wrong})
    with candidate.raises(ZeroDivisionError):
        candidate.mmap.mmap(-1, -1, **{name: candidate.hostile(raises=ZeroDivisionError)})


@clause("constructor.negative-before-access")
@pytest.mark.parametrize("negative", [{"length": -1}, {"offset": -1}])
def test_negative_before_access(candidate, negative):
    """A negative length or offset prevails over a bad access or a conflict."""
    module = candidate.mmap
    for wrong in (
        {"access": 9},
        {"access": 1, "flags": module.MAP_PRIVATE},
        {"access": 1, "prot": 1},
    ):
        with candidate.raises(OverflowError):
            module.mmap(**{"fileno": -1, "length": 10, **negative, **wrong})


@clause("constructor.values-before-descriptor")
@pytest.mark.parametrize("length", [0, 10])
def test_access_before_descriptor(candidate, length):
    """A bad access prevails over a bad descriptor."""
    with candidate.raises(ValueError):
        candidate.mmap.mmap(999, length, access=9)


@clause("constructor.values-before-descriptor")
def test_negative_before_descriptor(candidate):
    """A negative length prevails over a bad descriptor; its own clause says which type it has."""
    with candidate.raises((OverflowError, TypeError, ValueError)):
        candidate.mmap.mmap(999, -1)


@clause("constructor.values-before-descriptor", "constructor.access-and-flags")
def test_conflict_before_descriptor(candidate):
    """A conflict of access and flags prevails over a bad descriptor."""
    with candidate.raises(ValueError):
        candidate.mmap.mmap(999, 10, flags=candidate.mmap.MAP_PRIVATE, access=1)


# -- what the system refuses or takes ---------------------------------------


@clause("constructor.flags-zero")
@pytest.mark.parametrize("anonymous", [False, True])
def test_flags_zero(candidate, anonymous):
    """flags without MAP_SHARED and MAP_PRIVATE raise OSError EINVAL."""
    fileno = -1 if anonymous else candidate.file(pattern(10)).fd
    with candidate.raises(OSError, errno="EINVAL"):
        candidate.mmap.mmap(fileno, 10, flags=0)


@clause("constructor.flags-passed")
def test_flags_are_passed(candidate):
    """Flag bits that the module does not name reach the system call."""
    populate = 0x8000  # MAP_POPULATE of the generic ABI: valid, and without visible effect
    f = candidate.file(pattern(10))
    m = candidate.mmap.mmap(f.fd, 10, flags=candidate.mmap.MAP_PRIVATE | populate)
    m[0] = 255
    assert m[1:] == pattern(10)[1:]
    assert f.contents() == pattern(10)


@clause("constructor.flags-passed")
def test_wrong_flags_are_refused_by_the_system(candidate):
    """Both sharing flags at once are left to the system, which refuses them for memory."""
    both = candidate.mmap.MAP_SHARED | candidate.mmap.MAP_PRIVATE
    with candidate.raises(OSError, errno="EINVAL"):
        candidate.mmap.mmap(-1, 10, flags=both)


@clause("constructor.no-memory")
def test_no_memory(candidate):
    """A length that no address space has room for raises OSError ENOMEM."""
    for length in (candidate.profile.ssize_max, candidate.profile.ssize_max - 5000):
        for access in range(4):
            with candidate.raises(OSError, errno="ENOMEM"):
                candidate.mmap.mmap(-1, length, access=access)


# -- what a construction leaves ---------------------------------------------


@clause("constructor.one-descriptor")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
def test_one_descriptor(candidate, access):
    """A map of a file holds exactly one descriptor of its own until it is closed."""
    f = candidate.file(pattern(10))
    before = candidate.state()["descriptors"]
    m = candidate.mmap.mmap(f.fd, 0, access=getattr(candidate.mmap, access))
    assert candidate.state()["descriptors"] == before + 1
    m.close()
    assert candidate.state()["descriptors"] == before


@clause("constructor.dealloc-descriptor")
def test_dealloc_gives_the_descriptor_back(candidate):
    """A map that is dropped without close() gives its descriptor back."""
    f = candidate.file(pattern(10))
    before = candidate.state()["descriptors"]
    candidate.run("for _ in range(5): mmap.mmap(fd, 0)", fd=int(f.fd))
    candidate.collect()
    assert candidate.state()["descriptors"] == before


@clause("constructor.not-inheritable")
@pytest.mark.parametrize("inheritable", [False, True])
def test_descriptor_is_not_inheritable(candidate, inheritable):
    """The map's own descriptor is not inheritable, even if the caller's is."""
    f = candidate.file(pattern(10))
    candidate.os.set_inheritable(f.fd, inheritable)
    found = candidate.run(
        """
        import os
        def descriptors():
            found = {}
            for number in range(256):
                try:
                    facts = os.fstat(number)
                except OSError:
                    continue
                found[number] = (facts.st_dev, facts.st_ino)
            return found
        before = descriptors()
        m = mmap.mmap(fd, 0)
        mine = [number for number, file in descriptors().items()
                if number not in before and file == before[fd]]
        result = [os.get_inheritable(number) for number in mine]
        """,
        fd=int(f.fd),
    )
    assert found == [False]


# Each kind of failure: what is given for a file of 10 bytes, opened in the mode.
FAILURES = {
    "access": {"access": 9},
    "negative length": {"length": -1},
    "type": {"offset": None},
    "surprise": {"surprise": 1},
    "offset past the end": {"length": 0, "offset": 1 << 20},
    "unaligned": {"length": 1, "offset": 1},
    "permission": {"mode": "rb"},
    "write-only": {"mode": "wb", "access": 1},
    "empty": {"contents": b"", "length": 0},
}


def fail(candidate, kind):
    """Fail to construct in one of the ways of FAILURES; the file that was used."""
    given = {"length": 5, "contents": pattern(10), "mode": "r+b", **FAILURES[kind]}
    f = candidate.file(given.pop("contents"), given.pop("mode"))
    with candidate.raises((OSError, OverflowError, TypeError, ValueError), state=False):
        candidate.mmap.mmap(f.fd, **given)
    return f


@clause("constructor.failure-descriptors")
@pytest.mark.parametrize("kind", FAILURES)
def test_failure_leaves_no_descriptor(candidate, kind):
    """A failed construction leaves no descriptor open."""
    before = candidate.state()["descriptors"]
    fail(candidate, kind).close()
    assert candidate.state()["descriptors"] == before


@clause("constructor.failure-file")
@pytest.mark.parametrize("kind", FAILURES)
def test_failure_leaves_the_file(candidate, kind):
    """A failed construction changes neither size nor contents of the file."""
    f = fail(candidate, kind)
    assert f.contents() == FAILURES[kind].get("contents", pattern(10))


@clause("constructor.failure-pages")
def test_failure_leaves_no_pages(candidate):
    """A failed construction leaves no pages of the file mapped."""
    f = candidate.file(pattern(10), "rb")
    mapped = candidate.run(
        """
        for given in ({"length": 5}, {"length": 0}, {"length": 5, "access": 9},
                      {"length": 11, "access": 1}, {"length": 5, "access": 1, "offset": 1}):
            try:
                mmap.mmap(fd, **given)
            except (OSError, ValueError):
                pass
            else:
                raise AssertionError(given)
        with open("/proc/self/maps") as maps:
            result = path in maps.read()
        """,
        fd=int(f.fd),
        path=str(f.path),
    )
    assert mapped is False


@clause("constructor.file-untouched")
@pytest.mark.parametrize("access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"])
def test_file_is_untouched(candidate, access):
    """A construction alone changes neither size nor contents of the file."""
    f = candidate.file(pattern(5000))
    mode = getattr(candidate.mmap, access)
    for length in (0, 1, 4096, 4999, 5000):
        m = candidate.mmap.mmap(f.fd, length, access=mode)
        m.close()
        assert f.contents() == pattern(5000)


@clause("constructor.descriptor-position-ignored")
@pytest.mark.parametrize("position", [0, 1, 10, 5000, 6000])
def test_descriptor_position_is_ignored(candidate, position):
    """The descriptor's position has no influence on what is mapped."""
    f = candidate.file(pattern(5000))
    for length in (0, 10):
        candidate.os.lseek(f.fd, position, 0)
        m = candidate.mmap.mmap(f.fd, length)
        assert m[:] == pattern(5000)[: length or 5000]


@clause("constructor.descriptor-position-kept")
@pytest.mark.parametrize("position", [0, 1, 10, 6000])
def test_descriptor_position_is_kept(candidate, position):
    """A construction does not move the descriptor's position."""
    f = candidate.file(pattern(5000))
    candidate.os.lseek(f.fd, position, 0)
    m = candidate.mmap.mmap(f.fd, 0)
    assert (m[0], candidate.os.lseek(f.fd, 0, 1)) == (pattern(5000)[0], position)


# -- __new__, __init__ and subclasses ---------------------------------------


@clause("constructor.all-in-new")
def test_new_alone(candidate):
    """`__new__` alone makes a working map."""
    new = candidate.builtins.getattr(candidate.mmap.mmap, "__new__")
    m = new(candidate.mmap.mmap, -1, 5)
    m[:] = b"abcde"
    assert (len(m), m.read()) == (5, b"abcde")


@clause("constructor.init-again")
@pytest.mark.parametrize("again", [(), (-1, 3), (-1, 10), (1, 2, 3)])
def test_init_again(candidate, again):
    """Calling `__init__` on a map once more leaves it as it is."""
    m = candidate.anonymous(pattern(10))
    m.seek(3)
    init = candidate.builtins.getattr(m, "__init__")
    before = candidate.state()
    candidate.outcome(init, *again)
    assert candidate.state() == before


@clause("constructor.subclass-init")
def test_subclass_with_an_init(candidate):
    """A subclass may have an `__init__` of its own that does not call the base's."""
    result = candidate.run(
        """
        class Named(mmap.mmap):
            def __init__(self, fileno, length):
                self.got = (fileno, length)
        m = Named(-1, 5)
        m[:] = b"abcde"
        result = (m.got, len(m), m[1:3], type(m) is Named)
        m.close()
        """
    )
    assert result == ((-1, 5), 5, b"bc", True)


@clause("constructor.subclass-new")
def test_subclass_with_a_new(candidate):
    """A subclass may have a `__new__` with a signature of its own."""
    result = candidate.run(
        """
        class Named(mmap.mmap):
            def __new__(cls, name, *, size):
                return super().__new__(cls, -1, size)
            def __init__(self, name, *, size):
                self.name = name
        m = Named("name", size=7)
        result = (m.name, len(m), type(m) is Named)
        m.close()
        """
    )
    assert result == ("name", 7, True)


@clause("constructor.new-foreign-type")
@pytest.mark.parametrize("kind", [int, object, bytearray])
def test_new_of_a_foreign_type(candidate, kind):
    """`__new__` with a class that is not a subclass raises TypeError."""
    new = candidate.builtins.getattr(candidate.mmap.mmap, "__new__")
    with candidate.raises(TypeError):
        new(kind, -1, 5)


@clause("constructor.no-signature")
def test_no_signature(candidate):
    """The class has no text signature."""
    assert candidate.builtins.getattr(candidate.mmap.mmap, "__text_signature__", None) is None
