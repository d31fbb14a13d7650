"""A session with a worker: lifetimes, the end of an example, what the next one finds."""

from __future__ import annotations

from functools import partial

import pytest
from mmap_spec.candidate import Candidate
from mmap_spec.outcomes import CandidateDied


def descriptors(candidate: Candidate) -> int:
    """How many descriptors are open in the worker."""
    return candidate.state()["descriptors"]


def pid(candidate: Candidate) -> int:
    return candidate.os.getpid()


# -- lifetimes --------------------------------------------------------------


def test_dropped_remote(candidate):
    """What the test has dropped the worker drops too, with the next request."""
    m = candidate.anonymous(b"abc")
    reference = candidate.module("weakref").ref(m)
    assert candidate.builtins.bool(reference()) is True
    del m
    assert reference() is None


def test_dropped_results(candidate):
    """An object that no variable of the test holds does not live on in the worker."""
    for _ in range(50):
        candidate.anonymous(b"abc")
    assert len(candidate.state()["maps"]) <= 1


def test_kept_remote(candidate):
    """What the test holds, in a list too, lives on."""
    maps = [candidate.anonymous(bytes([i])) for i in range(5)]
    candidate.collect()
    assert [m[0] for m in maps] == [0, 1, 2, 3, 4]


def test_remote_that_a_hostile_object_uses(candidate):
    """A hostile object can still use what the test has dropped."""
    m, other = candidate.anonymous(b"abc"), candidate.anonymous(b"xyz")
    hostile = candidate.hostile(1, do=[partial(other.seek, 2)])
    del other
    assert m[hostile] == ord("b")


def test_number_is_not_used_again(candidate):
    """A number that was released never means another object."""
    numbers = set()
    for _ in range(20):
        m = candidate.anonymous(b"abc")
        number = m.wire()["ref"]
        assert number not in numbers
        numbers.add(number)


# -- the end of an example --------------------------------------------------

LEFT_OVERS = {
    "map": "m = mmap.mmap(-1, 10)\nresult = m",
    "map of a file": "f = open('f', 'w+b')\nf.truncate(3)\nresult = mmap.mmap(f.fileno(), 0)",
    "exported map": "m = mmap.mmap(-1, 10)\nview = memoryview(m)\nresult = [m, view]",
    "cycle": "class Own(mmap.mmap): pass\nwith open('f', 'w+b') as f:\n"
    "    f.truncate(3)\n    m = Own(f.fileno(), 0)\nm.itself = m\ndel m",
    "open file": "f = open('f', 'wb')",
    "folders": "import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.symlink('a', 'link')",
    "changed folder": "import os\nos.mkdir('sub')\nos.chdir('sub')",
}


@pytest.mark.parametrize("program", LEFT_OVERS.values(), ids=LEFT_OVERS)
def test_left_overs(candidate, program):
    """What an example leaves is gone in the next; the worker goes on, since nothing leaks."""
    candidate.file(b"abc")
    candidate.reset()
    worker, before = pid(candidate), descriptors(candidate)
    candidate.file(b"abc")
    candidate.run(program)
    candidate.reset()
    assert (pid(candidate), descriptors(candidate)) == (worker, before)
    assert candidate.state()["maps"] == {}
    path = candidate.file(b"").path
    assert candidate.os.listdir(".") == [candidate.os.path.basename(path)]


@pytest.mark.parametrize(
    "program",
    [
        "import os\nos.dup(0)",
        "import os\nos.pipe()",
        "import sys\nsys.kept = mmap.mmap(fd, 0)",
        "import sys\nsys.kept = memoryview(mmap.mmap(fd, 0))",
    ],
)
def test_leak(candidate, program):
    """After an example that left a descriptor open, another worker takes over."""
    first = pid(candidate)
    candidate.run(program, fd=candidate.file(b"abc").fd)
    candidate.reset()
    assert pid(candidate) != first
    assert candidate.anonymous(b"abc")[:] == b"abc"


def test_map_in_a_cycle(candidate):
    """What nothing but a collection frees costs a collection, and no worker."""
    first = pid(candidate)
    m = candidate.mmap.mmap(candidate.file(b"abc").fd, 0)
    hostile = candidate.hostile(0, do=[m.tell])
    del m, hostile
    candidate.reset()
    assert pid(candidate) == first


def test_closed_file_is_no_leak(candidate):
    """A test may close the descriptor of its file, and its number may be used again."""
    first = pid(candidate)
    candidate.file(b"abc").close()
    again = candidate.file(b"abc")
    again.close()
    candidate.reset()
    assert pid(candidate) == first


def test_released_view(candidate):
    """A view that the test released, or that kept a map from closing, is no obstacle."""
    first = pid(candidate)
    m = candidate.anonymous(b"abc")
    view = candidate.builtins.memoryview(m)
    part = view[1:]
    view.release()
    candidate.reset()
    assert pid(candidate) == first
    del part


def test_modules_stay(candidate):
    """Modules are no part of an example."""
    module = candidate.module("zlib")
    candidate.reset()
    assert module.crc32(b"abc") == 891568578


def test_file_names_begin_anew(candidate):
    """Each example makes the same files: a program can be compared with another."""
    first = candidate.file(b"abc").path
    candidate.reset()
    assert candidate.file(b"xyz").path == first
    assert candidate.file(b"").path != first


def test_fork_that_forgets_to_end(candidate):
    """A child that runs out of the program is ended, and answers nothing."""
    status = candidate.run(
        """
        import os
        child = os.fork()
        result = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 'child'
        """
    )
    assert status == 70
    assert candidate.run("result = 1") == 1


def test_death_at_the_end_of_an_example(candidate):
    """A worker that dies while it is put away is replaced."""
    m = candidate.run(
        """
        import os
        class Own(mmap.mmap):
            def close(self):
                os._exit(9)
        result = Own(-1, 3)
        """
    )
    candidate.reset()
    assert candidate.anonymous(b"abc")[:] == b"abc"
    with pytest.raises(CandidateDied, match="has ended before"):
        m.read()


def test_exception_at_the_end_of_an_example(candidate):
    """A map that cannot be put away costs the worker, and ends nothing else."""
    first = pid(candidate)
    m = candidate.run("class Own(mmap.mmap):\n    def close(self): 1 / 0\nresult = Own(-1, 3)")
    candidate.reset()
    assert pid(candidate) != first
    del m


# -- remotes ----------------------------------------------------------------


def test_remote_reads_like_the_object(candidate):
    """The operators that tests use give what they give on the object itself."""
    m = candidate.anonymous(b"abcabc")
    assert (len(m), bool(m), m[0], m[-2:], m[::-2]) == (6, True, 97, b"bc", b"cab")
    assert (b"c" in m, 5 in m, list(m)[:2], list(reversed(m))[:1]) == (
        True,
        False,
        [b"a", b"b"],
        [b"c"],
    )
    assert (m == m, m != m, m == b"abcabc", bytes(m)) == (True, False, False, b"abcabc")
    m[1:3] = b"xy"
    m[0] = 0
    assert m[:3] == b"\x00xy"
    for operation in (lambda: m < m, lambda: m + b"a", lambda: m * 2, lambda: m % 2, lambda: m | 1):
        with candidate.raises(TypeError):
            operation()
    assert b"-" + candidate.builtins.bytes(m)[:0] == b"-"
    with m as same:
        assert same.tell() == 0
    assert m.closed is True


def test_exception_out_of_a_with_statement(candidate):
    """The worker's __exit__ gets the exception, and it comes out of the statement."""
    m = candidate.anonymous(b"abc")
    with pytest.raises(KeyError, match="ours"), m:
        raise KeyError("ours")
    assert m.closed is True


def test_methods_are_looked_up_when_they_are_called(candidate):
    """Taking a method off a map asks nothing of the map."""
    m = candidate.anonymous(b"abc")
    read = m.read
    m.close()
    with candidate.raises(ValueError):
        read()


def test_avoids(candidate):
    """Nothing is avoided where no deviation is listed."""
    assert candidate.avoids("find.default-start") is False
