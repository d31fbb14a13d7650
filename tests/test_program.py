"""The stand-alone program of an example: it runs without us, and shows what the journal says."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from functools import partial
from typing import Any

import pytest
from mmap_spec import program
from mmap_spec.candidate import Candidate
from mmap_spec.outcomes import CandidateDied
from mmap_spec.strategies import pattern


def text_of(candidate: Candidate, headline: str = "find.name on stdlib: fail") -> str:
    """The program of the example so far; it names nothing of ours."""
    text = program.standalone(candidate.session.journal, headline, "mmap")
    assert ast.get_docstring(ast.parse(text)) is not None
    assert "mmap_spec" not in text.split("os.chdir", 1)[1]
    return text


def run(text: str, folder) -> subprocess.CompletedProcess[str]:
    """Run a program with an interpreter that knows nothing of us."""
    path = folder / "program.py"
    path.write_text(text)
    return subprocess.run(
        [sys.executable, "-I", str(path)], capture_output=True, text=True, timeout=60, check=False
    )


def printed(candidate: Candidate, folder) -> list[str]:
    """What the program of the example prints, line by line; it must end well."""
    text = text_of(candidate)
    done = run(text, folder)
    assert (done.returncode, done.stderr) == (0, ""), text
    return done.stdout.splitlines()


# -- what is printed --------------------------------------------------------


def test_values(candidate, tmp_path):
    """What an operation returned is printed, and stands beside it as a comment."""
    m = candidate.anonymous(b"abcabc")
    m.seek(1)
    assert (m.find(b"a"), m[1:3], m[-1], len(m), b"b" in m, m == 3) == (
        3,
        b"bc",
        99,
        6,
        True,
        False,
    )
    text = text_of(candidate)
    assert "m = mmap.mmap(-1, 6)\nm[:] = b'abcabc'\n" in text
    assert "print(m.find(b'a'))  # 3\n" in text
    assert printed(candidate, tmp_path)[1:] == ["3", "b'bc'", "99", "6", "True", "False"]


def test_expectation(candidate):
    """What candidate.raises expected and did not get stands beside the operation."""
    m = candidate.anonymous(b"abc")
    with pytest.raises(AssertionError), candidate.raises(OverflowError):
        m.seek(1)
    assert "print(m.seek(1))  # None, expected: OverflowError" in text_of(candidate)


def test_exceptions(candidate, tmp_path):
    """An operation that raised is caught and told; the program goes on."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(IndexError):
        m[3]
    with candidate.raises(TypeError):
        m[0] = b"a"
    with candidate.raises(OSError, errno="EBADF"):
        candidate.mmap.mmap(999, 10)
    assert "# got OSError; expected: OSError with errno EBADF" in text_of(candidate)
    lines = printed(candidate, tmp_path)
    assert [line.split(" ")[0] for line in lines] == ["IndexError", "TypeError", "OSError"]


def test_files(candidate, tmp_path):
    """Files are made in a folder of the program's own, and named by variables."""
    page = candidate.profile.page_size
    file = candidate.file(pattern(page + 3))
    other = file.reopen("rb")
    m = candidate.mmap.mmap(file.fd, 3, offset=page, access=candidate.mmap.ACCESS_WRITE)
    view = candidate.mmap.mmap(other.fd, 0, access=candidate.mmap.ACCESS_READ)
    m[:] = b"xyz"
    assert view[page:] == b"xyz"
    assert file.size() == page + 3
    file.pwrite(b"!", page)
    assert m[0] == ord("!")
    assert candidate.os.path.exists(file.path) is True
    candidate.file(b"tail").truncate(1)
    other.close()
    text = text_of(candidate)
    assert "access=mmap.ACCESS_READ" in text
    assert str(file.path) not in text
    assert printed(candidate, tmp_path)[:4] == ["b'xyz'", str(page + 3), "1", "33"]


def test_descriptors_of_the_system(candidate, tmp_path):
    """A descriptor that os.open, os.dup or os.pipe gave is named, since its number will differ."""
    for _ in range(3):  # numbers that a fresh process does not give
        candidate.file(b"abc")
    path = candidate.file(b"abcdef").path
    fd = candidate.os.open(path, candidate.os.O_RDONLY)
    other = candidate.os.dup(fd)
    m = candidate.mmap.mmap(other, 0, access=candidate.mmap.ACCESS_READ)
    candidate.os.close(fd)
    candidate.os.close(other)
    reader, writer = candidate.os.pipe()
    with candidate.raises((OSError, ValueError)):
        candidate.mmap.mmap(reader, 10)
    candidate.os.close(reader)
    candidate.os.close(writer)
    assert m[:] == b"abcdef"
    assert printed(candidate, tmp_path)[-1] == "b'abcdef'"


def test_hostile(candidate, tmp_path):
    """A hostile object becomes a class whose method does the same."""
    m = candidate.anonymous(b"abcdef")
    moving = candidate.hostile(4, do=[partial(m.seek, 2), m.read_byte])
    assert m[moving] == ord("e")
    assert m.tell() == 3
    equal = candidate.hostile(True, slot="__eq__")
    assert equal in m
    with candidate.raises(ZeroDivisionError):
        m.read(candidate.hostile(raises=ZeroDivisionError))
    with candidate.raises(ValueError, state=False):
        m.move(0, candidate.hostile(1, do=[m.close]), 1)
    text = text_of(candidate)
    assert "def __index__(self, *args):\n" in text
    assert "        m.seek(2)\n        m.read_byte()\n        return 4\n" in text
    lines = printed(candidate, tmp_path)
    assert lines[:3] == ["101", "3", "True"]
    assert [line.split(" ")[0] for line in lines[3:]] == ["ZeroDivisionError", "ValueError"]


def test_calls_of_a_hostile_object(candidate, tmp_path):
    """How often a slot was called is counted in the program too."""
    m = candidate.anonymous(b"abc")
    hostile = candidate.hostile(1)
    assert (m[hostile], hostile.calls) == (ord("b"), 1)
    assert printed(candidate, tmp_path) == ["98", "1"]


def test_objects(candidate, tmp_path):
    """Objects that came back get names, by which the program goes on."""
    m = candidate.anonymous(b"abc")
    view = candidate.builtins.memoryview(m)
    assert view[1] == ord("b")
    part = view[1:]
    with candidate.raises(BufferError):
        m.close()
    part.release()
    view.release()
    iterator = iter(m)
    assert next(iterator) == b"a"
    with m as same:
        assert candidate.builtins.repr(same) != ""
    assert m.closed is True
    lines = printed(candidate, tmp_path)
    assert lines[0] == "98"
    assert lines[1].startswith("BufferError")
    assert lines[-1] == "True"


def test_several_objects_at_once(candidate, tmp_path):
    """Objects that came back in a tuple get names too."""
    first, second = candidate.module("socket").socketpair()
    first.send(b"abc")
    assert second.recv(3) == b"abc"
    first.close()
    second.close()
    assert "b'abc'" in printed(candidate, tmp_path)


def test_dropped_objects(candidate, tmp_path):
    """A map that the test dropped is dropped in the program, since lifetimes can matter."""
    m = candidate.anonymous(b"abc")
    view = candidate.builtins.memoryview(m)
    del m
    assert candidate.builtins.bytes(view) == b"abc"
    assert "\ndel m\n" in text_of(candidate)
    assert printed(candidate, tmp_path) == ["b'abc'"]


def test_programs(candidate, tmp_path):
    """A program of the test stands there with the names that were given to it."""
    m = candidate.anonymous(b"abc")
    assert (
        candidate.run(
            """
        copy = bytes(source)
        result = copy * times
        """,
            source=m,
            times=2,
        )
        == b"abcabc"
    )
    assert "source = m\ntimes = 2\ncopy = bytes(source)" in text_of(candidate)
    assert printed(candidate, tmp_path) == ["b'abcabc'"]


def test_object_that_a_program_gave(candidate, tmp_path):
    """The result of a program can be used by what follows."""
    own = candidate.run("class Own(mmap.mmap): pass\nresult = Own(-1, 3)")
    own[1] = 5
    assert own[:] == b"\x00\x05\x00"
    assert printed(candidate, tmp_path)[-1] == "b'\\x00\\x05\\x00'"


def test_modules(candidate, tmp_path):
    """A module that the test used is imported."""
    m = candidate.anonymous(bytes(8))
    m[:] = candidate.module("array").array("i", [1, 2])
    assert candidate.module("zlib").crc32(m) != 0
    assert "import array\n" in text_of(candidate)
    assert len(printed(candidate, tmp_path)) == 1


def test_attributes(candidate, tmp_path):
    """Reading and setting an attribute are operations like others."""
    m = candidate.anonymous(b"abc")
    assert m.closed is False
    with candidate.raises(AttributeError):
        m.closed = True
    lines = printed(candidate, tmp_path)
    assert (lines[0], lines[1].split(" ")[0]) == ("False", "AttributeError")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"'\"\\\n",
        bytes(300),
        b"a" * 5000 + b"b",
        pattern(9000),
        pattern(200)[:-1] + b"\xff",
        bytes(range(256)),
        b"ab" * 500,
    ],
    ids=len,
)
def test_contents(candidate, tmp_path, data):
    """However long, contents arrive in the program as they were."""
    file = candidate.file(data)
    assert file.contents() == data
    lines = text_of(candidate).splitlines()
    assert max(map(len, lines)) < 120 + 4 * len(data)
    assert printed(candidate, tmp_path) == [str(data)]


@pytest.mark.parametrize(
    "data", [bytes(5000), b"a" * 5000 + b"b", pattern(5000)], ids=["zeros", "runs", "pattern"]
)
def test_long_contents_stay_readable(candidate, data):
    """Contents that follow a rule are written by it."""
    candidate.file(data)
    assert max(map(len, text_of(candidate).splitlines())) < 120


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65535, 65536, 65537, 70000])
def test_pattern_is_the_program_s(size):
    """The battery's pattern, which is made block by block, is the one that programs make."""
    names: dict[str, Any] = {}
    exec(program.PATTERN, names)
    assert pattern(size) == names["pattern"](size)


VALUES = [
    None, True, -1, 2**64, 1.5, float("inf"), float("nan"), "quo'te", b"\x00'", bytearray(b"a"),
    (), (1,), (1, (2,)), [1, [b"a"]], {"a": 1}, slice(None), slice(1, None, -1), ValueError, ...,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_rendered_values(value):
    """Source code for a value evaluates to that value, with its type."""
    again = eval(program.render(value), {"inf": float("inf"), "nan": float("nan")})
    assert repr(again) == repr(value)
    assert type(again) is type(value)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan")], ids=repr)
def test_rendered_float_that_is_no_number(value):
    """Without names that a program does not have."""
    assert repr(eval(program.render(value))) == repr(value)


# -- what kills -------------------------------------------------------------


def test_death(candidate, tmp_path):
    """The operation that killed the worker is the last, and kills the program alike."""
    m = candidate.anonymous(b"abc")
    m.find(b"a")
    with pytest.raises(CandidateDied):
        candidate.module("ctypes").string_at(0)
    text = text_of(candidate)
    assert text.rstrip().splitlines()[-1] == "ctypes.string_at(0)  # died by SIGSEGV"
    done = run(text, tmp_path)
    assert done.returncode == -signal.SIGSEGV
    assert done.stdout == "0\n" or done.stdout == ""  # a killed process may lose what it printed


# -- its head ---------------------------------------------------------------


@pytest.mark.parametrize(
    "headline", ["plain", 'with """ quotes', "back\\slash", 'ends with "', "ends with \\", "ünï"]
)
def test_headline(candidate, tmp_path, headline):
    """Whatever the headline holds, the program stays valid."""
    candidate.anonymous(b"abc")
    text = program.standalone(candidate.session.journal, headline, "mmap")
    assert run(text, tmp_path).returncode == 0


def test_other_module(candidate):
    """Another module is imported under the name that the program uses."""
    m = candidate.anonymous(b"abc")
    m.close()
    text = program.standalone(candidate.session.journal, "headline", "my_pkg.mmap")
    assert "\nimport my_pkg.mmap as mmap\n" in text


def test_example_starts_with_an_empty_journal(candidate):
    """Nothing of the last example stands in the program of the next."""
    candidate.anonymous(b"first")
    candidate.reset()
    candidate.anonymous(b"second")
    assert "first" not in text_of(candidate)
    assert "m = mmap.mmap(-1, 6)" in text_of(candidate)
