"""candidate.raises: what it lets pass, and each way in which it fails.

A program in the worker plays the operation that is judged.
"""

from __future__ import annotations

import pytest
from mmap_spec.candidate import Candidate
from mmap_spec.outcomes import CandidateDied, Raised, Returned
from mmap_spec.raises import differences


def verdict(candidate: Candidate, types, program: str, names=(), **options) -> str:
    """What raises says of a program that plays the operation; empty if it is content."""
    try:
        with candidate.raises(types, **options):
            candidate.run(program, **dict(names))
    except AssertionError as error:
        return str(error)
    return ""


# -- the exception ----------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "raised"),
    [
        (ValueError, "ValueError"),
        (ValueError, "ValueError('text', 1)"),
        ((TypeError, ValueError), "ValueError"),
        (OSError, "OSError(22, 'text')"),
        (OSError, "PermissionError(13, 'text')"),
        (PermissionError, "PermissionError(13, 'text')"),
        (PermissionError, "OSError(13, 'text')"),  # which makes a PermissionError
        (StopIteration, "StopIteration"),
        (AssertionError, "AssertionError"),
        (UnicodeDecodeError, "UnicodeDecodeError('ascii', b'a', 0, 1, 'text')"),
        (ValueError, "type('Own', (ValueError,), {})"),
        (SystemExit, "SystemExit(3)"),
        (KeyboardInterrupt, "KeyboardInterrupt"),
    ],
)
def test_right_exception(candidate, types, raised):
    assert verdict(candidate, types, f"raise {raised}") == ""


def test_nothing_raised(candidate):
    said = verdict(candidate, ValueError, "result = b'abc'")
    assert said == "expected ValueError, but the operation returned b'abc'"


@pytest.mark.parametrize(
    ("types", "raised", "said"),
    [
        (ValueError, "TypeError('text')", "expected ValueError, got TypeError: text"),
        (LookupError, "IndexError('text')", "expected LookupError, got IndexError: text"),
        (ValueError, "UnicodeError('text')", "expected ValueError, got UnicodeError: text"),
        (Exception, "ValueError('text')", "expected Exception, got ValueError: text"),
        (
            (IndexError, KeyError),
            "ValueError('x')",
            "expected IndexError or KeyError, got ValueError: x",
        ),
        (
            PermissionError,
            "OSError(22, 'x')",
            "expected PermissionError, got OSError (errno EINVAL, winerror None)",
        ),
        (
            ValueError,
            "OSError(22, 'x')",
            "expected ValueError, got OSError (errno EINVAL, winerror None)",
        ),
        (TypeError, "AssertionError('text')", "expected TypeError, got AssertionError: text"),
        (ValueError, "type('ValueError', (Exception,), {})('x')", "expected ValueError, got"),
        (OSError, "type('OSError', (Exception,), {})('x')", "expected OSError, got"),
    ],
)
def test_wrong_type(candidate, types, raised, said):
    assert verdict(candidate, types, f"raise {raised}").startswith(said)


@pytest.mark.parametrize(
    ("errno", "number", "said"),
    [
        ("EINVAL", 22, ""),
        (("EBADF", "EINVAL"), 22, ""),
        ("EACCES", 13, ""),
        ("EBADF", 22, "expected OSError with errno EBADF, got OSError (errno EINVAL"),
        (("EBADF", "ENOMEM"), 22, "expected OSError with errno EBADF or ENOMEM, got OSError"),
        ("EINVAL", 13, "expected OSError with errno EINVAL, got PermissionError (errno EACCES"),
    ],
)
def test_errno(candidate, errno, number, said):
    """Error numbers are compared by their symbols."""
    found = verdict(candidate, OSError, f"raise OSError({number}, 'text')", errno=errno)
    assert found.startswith(said)
    assert bool(found) is bool(said)


def test_errno_without_one(candidate):
    """An OSError without a number is not one with a number."""
    assert "errno None" in verdict(candidate, OSError, "raise OSError('text')", errno="EINVAL")


def test_winerror(candidate):
    """Where there is no winerror, a demanded one is missed."""
    said = verdict(candidate, OSError, "raise OSError(22, 'text')", winerror=(5, 1132))
    assert said.startswith("expected OSError with winerror 5 or 1132, got OSError (errno EINVAL")


def test_the_exception_is_kept(candidate):
    with candidate.raises(OSError) as caught:
        candidate.run("raise OSError(22, 'text')")
    assert (type(caught.value), caught.value.symbol, caught.value.errno) == (OSError, "EINVAL", 22)


def test_death_is_no_exception_of_the_candidate(candidate):
    """A crash goes through, whatever was expected."""
    with pytest.raises(CandidateDied):
        with candidate.raises((ValueError, Exception)):
            candidate.run("import os; os._exit(1)")


def test_our_own_exception_goes_through(candidate):
    """What the test itself raised is no exception of the candidate."""
    with pytest.raises(ValueError, match="ours"):
        with candidate.raises(ValueError):
            raise ValueError("ours")


# -- the state --------------------------------------------------------------

CHANGES = [
    ("m.seek(2)", "position of the mapping 0 -> 2"),
    ("m[1] = 0", "contents of the mapping"),
    ("m.resize(5)", "length of the mapping 9 -> 5"),
    ("m.close()", "closed of the mapping False -> True"),
    ("os.pwrite(fd, b'x', 0)", "contents of the mapping"),
    ("os.pwrite(fd, b'x', 20)", "file file1: [size, checksum] [20,"),
    ("os.ftruncate(fd, 30)", "file file1: [size, checksum] [20,"),
    ("os.unlink('file1')", "-> FileNotFoundError"),
    ("os.dup(fd)", "open descriptors"),
    ("os.close(fd)", "open descriptors"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[change for change, _ in CHANGES])
def test_state(candidate, change, said):
    """What an operation that raised has changed is told; state=False does not look."""
    file = candidate.file(b"0123456789abcdefghij")
    m = candidate.mmap.mmap(file.fd, 9)
    program = f"import os\n{change}\nraise ValueError"
    names = {"m": m, "fd": file.fd}
    found = verdict(candidate, ValueError, program, names)
    assert found.startswith("ValueError was raised, but left changes: ")
    assert said in found


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[change for change, _ in CHANGES])
def test_state_is_not_looked_at(candidate, change, said):
    file = candidate.file(b"0123456789abcdefghij")
    m = candidate.mmap.mmap(file.fd, 9)
    program = f"import os\n{change}\nraise ValueError"
    assert verdict(candidate, ValueError, program, {"m": m, "fd": file.fd}, state=False) == ""


def test_state_of_every_map(candidate):
    """Not only the map that the operation was called on is compared."""
    maps = [candidate.anonymous(b"abc") for _ in range(3)]
    found = verdict(candidate, ValueError, "m.seek(1)\nraise ValueError", {"m": maps[1]})
    assert found.count("position of the mapping 0 -> 1") == 1


def test_state_beyond_what_is_sampled(candidate):
    """A change at either end of a large map is noticed."""
    m = candidate.mmap.mmap(-1, 9 << 20)
    for place in (0, (9 << 20) - 1):
        found = verdict(candidate, ValueError, "m[i] ^= 1\nraise ValueError", {"m": m, "i": place})
        assert "contents of the mapping" in found


def test_snapshot_changes_nothing(candidate):
    """Taking the snapshot neither moves a position nor leaves anything open."""
    file = candidate.file(b"abc")
    m = candidate.mmap.mmap(file.fd, 0)
    closed = candidate.anonymous(b"abc")
    closed.close()
    m.seek(1)
    first = candidate.state()
    assert candidate.state() == first
    assert m.tell() == 1
    assert {"closed": True} in first["maps"].values()


def test_differences():
    """A phrase for each difference; what is new since the first snapshot is no difference."""
    one = {"closed": False, "length": 3, "position": 0, "contents": 7}
    before = {"maps": {"1": one, "2": one}, "files": {"f": [3, 7]}, "descriptors": 5}
    after = {
        "maps": {"1": {**one, "position": 1}, "3": one},
        "files": {"f": [3, 8], "g": [0, 0]},
        "descriptors": 6,
    }
    assert list(differences(before, before)) == []
    assert list(differences(before, after)) == [
        "position of the mapping 0 -> 1",
        "closed of the mapping False -> None",
        "contents of the mapping 7 -> None",
        "length of the mapping 3 -> None",
        "position of the mapping 0 -> None",
        "file f: [size, checksum] [3, 7] -> [3, 8]",
        "file g: [size, checksum] None -> [0, 0]",
        "open descriptors 5 -> 6",
    ]


# -- outcomes as values -----------------------------------------------------


def test_outcome(candidate):
    m = candidate.anonymous(b"abc")
    assert candidate.outcome(m.read, 2) == Returned(b"ab")
    assert candidate.outcome(m.find, "a") == Raised(TypeError)
    assert candidate.outcome(candidate.mmap.mmap, 999, 1) == Raised(OSError, "EBADF")


def test_outcomes_differ():
    assert Returned(1) != Returned(True)
    assert Returned(b"") != Returned(bytearray())
    assert Returned(None) != Raised(ValueError)
    assert Raised(ValueError) != Raised(TypeError)
    assert Raised(OSError, "EBADF") != Raised(OSError, "EINVAL")
    assert Raised(OSError, "EBADF") == Raised(OSError)


def test_outcome_of_our_own_mistake(candidate):
    """What cannot travel is our mistake and no outcome."""
    m = candidate.anonymous(b"abc")
    with pytest.raises(TypeError, match="cannot travel"):
        candidate.outcome(m.find, object())
