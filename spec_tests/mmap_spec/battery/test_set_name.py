"""set_name(name): a name for the memory of an anonymous map."""

import pytest

from mmap_spec.clauses import clause
from mmap_spec.outcomes import Raised, Returned
from mmap_spec.situations import each_access, in_new_interpreter, of_file
from mmap_spec.strategies import pattern

LONGEST = 66  # bytes of a name, without the prefix that the system shows
NAMED = (Returned(None), Raised(OSError, "EINVAL"))  # the second where the kernel has no names


@clause("set_name.absent")
def test_absent(candidate):
    """Maps have no set_name()."""
    assert candidate.builtins.hasattr(candidate.mmap.mmap, "set_name") is False


@clause("set_name.absent-elsewhere")
def test_absent_elsewhere(candidate):
    """Maps have no set_name() where the system cannot name memory."""
    assert candidate.builtins.hasattr(candidate.mmap.mmap, "set_name") is False


@clause("set_name.returns-none")
@pytest.mark.parametrize("name", ["a", "name of a map", "\u00e9\u20ac\U0001f600", "[a]\\$`\n"])
def test_result(candidate, name):
    """set_name() of an anonymous map returns None."""
    assert candidate.outcome(candidate.anonymous(b"abc").set_name, name) in NAMED


@clause("set_name.every-anonymous-map")
@each_access
def test_access(candidate, access):
    """set_name() takes anonymous maps of every access mode."""
    m = candidate.mmap.mmap(-1, 100, access=getattr(candidate.mmap, access))
    assert candidate.outcome(m.set_name, "name") in NAMED


@clause("set_name.returns-none")
def test_name_again(candidate):
    """A map can be given another name, also after it was resized."""
    m = candidate.anonymous(pattern(9000))
    m.resize(5000)
    assert all(candidate.outcome(m.set_name, name) in NAMED for name in ("one", "two", "two"))


@clause("set_name.returns-none")
def test_name_of_a_subclass(candidate):
    """The name may be of a subclass of str."""
    name = candidate.run("class Name(str):\n    pass\nresult = Name('name')")
    assert candidate.outcome(candidate.anonymous(b"abc").set_name, name) in NAMED


@clause("set_name.every-anonymous-map")
@pytest.mark.parametrize("given", [{"prot": 1}, {"trackfd": False}], ids=str)
def test_other_anonymous_maps(candidate, given):
    """set_name() takes maps that are read-only by prot, and those of trackfd=False."""
    m = candidate.mmap.mmap(-1, 100, **given)
    assert candidate.outcome(m.set_name, "name") in NAMED


@clause("set_name.every-anonymous-map")
def test_private(candidate):
    """set_name() takes private anonymous maps."""
    m = candidate.mmap.mmap(-1, 100, flags=candidate.mmap.MAP_PRIVATE)
    assert candidate.outcome(m.set_name, "name") in NAMED


@clause("set_name.anonymous-with-descriptor")
def test_descriptor(candidate):
    """set_name() takes a map of MAP_ANONYMOUS that was given a descriptor."""
    flags = candidate.mmap.MAP_PRIVATE | candidate.mmap.MAP_ANONYMOUS
    m = candidate.mmap.mmap(candidate.file(b"abc").fd, 3, flags=flags)
    assert candidate.outcome(m.set_name, "name") in NAMED


@clause("set_name.file-map")
@each_access
def test_file(candidate, access):
    """set_name() of a map of a file raises ValueError."""
    for given in ({}, {"trackfd": False}):
        m = of_file(candidate, b"abc", access, **given)
        with candidate.raises(ValueError):
            m.set_name("name")


@clause("set_name.longest")
@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST])
def test_longest(candidate, length):
    """A name of 66 bytes is allowed."""
    assert candidate.outcome(candidate.anonymous(b"abc").set_name, "n" * length) in NAMED


@clause("set_name.too-long")
@pytest.mark.parametrize("length", [LONGEST + 1, 80, 256, 5000])
def test_too_long(candidate, length):
    """set_name() raises ValueError for a name of 67 bytes."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(ValueError):
        m.set_name("n" * length)


@clause("set_name.counted-in-bytes")
def test_counted_in_bytes(candidate):
    """The length of a name is counted in the bytes of its UTF-8 form."""
    m = candidate.anonymous(b"abc")
    assert candidate.outcome(m.set_name, "\u00e9" * (LONGEST // 2)) in NAMED
    for name in ("\u00e9" * (LONGEST // 2 + 1), "\u00e9" * (LONGEST // 2) + "n"):
        with candidate.raises(ValueError):
            m.set_name(name)


@clause("set_name.empty")
def test_empty(candidate):
    """The empty name is allowed."""
    assert candidate.outcome(candidate.anonymous(b"abc").set_name, "") in NAMED


@clause("set_name.nul")
@pytest.mark.parametrize("name", ["\x00", "a\x00b", "name\x00"])
def test_nul(candidate, name):
    """set_name() raises ValueError for a name with a NUL character."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(ValueError):
        m.set_name(name)


@clause("set_name.type")
@pytest.mark.parametrize("name", [b"name", bytearray(b"name"), None, 1, ["n"]], ids=repr)
def test_type(candidate, name):
    """set_name() raises TypeError for a name that is not a str."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.set_name(name)


@clause("set_name.surrogate")
def test_surrogate(candidate):
    """set_name() raises UnicodeEncodeError for a name that has no UTF-8 form."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(UnicodeEncodeError):
        m.set_name("a\udc80")


@clause("set_name.type-before-map")
@pytest.mark.parametrize("name", [b"name", None, 1], ids=repr)
def test_type_comes_first(candidate, name):
    """set_name() raises TypeError for a bad name also where the map is one of a file."""
    m = of_file(candidate, b"abc")
    with candidate.raises(TypeError):
        m.set_name(name)


@clause("set_name.arity")
@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_number_of_arguments(candidate, arguments):
    """set_name() without an argument, and with two, raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.set_name(*arguments)


@clause("set_name.positional-only")
def test_keyword(candidate):
    """set_name() takes no keyword arguments."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        m.set_name(name="name")


@clause("set_name.state-kept")
def test_state_stays(candidate):
    """set_name() leaves contents, position and length as they were."""
    m = candidate.anonymous(pattern(9000))
    m.seek(5)
    view = candidate.builtins.memoryview(m)
    candidate.outcome(m.set_name, "name")
    assert (m[:], m.tell(), len(m), view[7]) == (pattern(9000), 5, 9000, pattern(8)[7])
    view.release()


NAMING = """
import errno
m = mmap.mmap(-1, 9000)
try:
    said = str(m.set_name("some-name"))
except OSError as error:
    said = errno.errorcode[error.errno]
with open("/proc/self/maps") as stream:
    print(said, any("some-name" in line for line in stream))
m.close()
"""


@clause("set_name.development-mode")
def test_development_mode(candidate):
    """In development mode set_name() names the memory, or says that the kernel cannot."""
    status, output, _ = in_new_interpreter(candidate, NAMING, "-X", "dev")
    assert (status, output.split()) in [(0, [b"None", b"True"]), (0, [b"EINVAL", b"False"])]


@clause("set_name.only-in-development-mode")
def test_otherwise(candidate):
    """Outside of development mode set_name() does nothing; a debug build is always in it."""
    status, output, _ = in_new_interpreter(candidate, NAMING)
    if candidate.profile.debug:
        developing, wanted, _ = in_new_interpreter(candidate, NAMING, "-X", "dev")
        assert (status, output) == (developing, wanted)
    else:
        assert (status, output.split()) == (0, [b"None", b"False"])
