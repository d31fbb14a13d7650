"""The audit event mmap.__new__."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from mmap_spec.candidate import Returned
from mmap_spec.clauses import clause
from mmap_spec.situations import each_access
from mmap_spec.strategies import pattern

# An audit hook cannot be removed again: there is one for the worker's whole life, in a module of
# its own, and it listens between begin() and end() only.
RECORDER = """
import sys
import types

SOURCE = '''
events, state = [], {"listening": False, "error": None, "act": None}

def begin(error, act):
    del events[:]
    state.update(error=error, act=act, listening=True)

def mark():
    events.append("mark")

def end():
    state["listening"] = False
    return events[:]

def hook(event, arguments):
    if state["listening"] and event.partition(".")[0] == "mmap":
        events.append((event, arguments))
        if state["act"] is not None:
            state["act"]()
        if state["error"] is not None:
            raise state["error"]()
'''

result = sys.modules.get("recorder_of_audit_events")
if result is None:
    result = types.ModuleType("recorder_of_audit_events")
    exec(SOURCE, vars(result))
    sys.addaudithook(result.hook)
    sys.modules[result.__name__] = result
"""


@contextmanager
def recorded(candidate, error=None, act=None):
    """The module's events during the block, a list filled at its end.

    The hook calls ``act``, a function of the candidate, and raises ``error``.
    """
    events = []
    recorder = candidate.run(RECORDER)
    recorder.begin(error, act)
    try:
        yield events
    finally:
        events.extend(recorder.end())


def event(fileno, length, access=0, offset=0):
    """The event as a hook gets it."""
    return ("mmap.__new__", (int(fileno), length, access, offset))


@clause("audit.event")
def test_event(candidate):
    """A construction raises the audit event `mmap.__new__` exactly once."""
    f = candidate.file(pattern(10))
    with recorded(candidate) as events:
        candidate.mmap.mmap(f.fd, 10)
        candidate.mmap.mmap(-1, 10)
    assert [name for name, _ in events] == ["mmap.__new__"] * 2


@clause("audit.arguments")
@each_access
@pytest.mark.parametrize("units", [0, 1])
def test_arguments(candidate, access, units):
    """The event has four arguments: fileno, length, access and offset."""
    offset = units * candidate.profile.granularity
    f = candidate.file(pattern(candidate.profile.granularity + 10))
    mode = getattr(candidate.mmap, access)
    with recorded(candidate) as events:
        candidate.mmap.mmap(f.fd, 7, access=mode, offset=offset)
        candidate.mmap.mmap(-1, 8, access=mode)
    assert events == [event(f.fd, 7, mode, offset), event(-1, 8, mode)]


@clause("audit.converted")
def test_converted(candidate):
    """The arguments of the event are the converted integers."""
    given = [candidate.hostile(value) for value in (-1, 10, 1, 0)]
    with recorded(candidate) as events:
        candidate.mmap.mmap(given[0], given[1], access=given[2], offset=given[3])
        candidate.mmap.mmap(-1, True)
    assert events == [event(-1, 10, 1, 0), event(-1, 1)]
    assert all(type(value) is int for _, arguments in events for value in arguments)


@clause("audit.length-as-given")
def test_length_as_given(candidate):
    """The event shows the length as given: 0 stays 0."""
    f = candidate.file(pattern(10))
    with recorded(candidate) as events:
        candidate.mmap.mmap(f.fd, 0)
    assert events == [event(f.fd, 0)]


@clause("audit.access-from-prot")
@pytest.mark.parametrize(
    ("names", "access"),
    [
        ([], "ACCESS_READ"),
        (["PROT_READ"], "ACCESS_READ"),
        (["PROT_WRITE"], "ACCESS_WRITE"),
        (["PROT_READ", "PROT_WRITE"], "ACCESS_DEFAULT"),
        (["PROT_EXEC"], "ACCESS_READ"),
        (["PROT_READ", "PROT_EXEC"], "ACCESS_READ"),
        (["PROT_WRITE", "PROT_EXEC"], "ACCESS_WRITE"),
        (["PROT_READ", "PROT_WRITE", "PROT_EXEC"], "ACCESS_DEFAULT"),
    ],
)
def test_access_from_prot(candidate, names, access):
    """The event shows the access that prot comes to."""
    prot = sum(getattr(candidate.mmap, name) for name in names)
    with recorded(candidate) as events:
        m = candidate.mmap.mmap(-1, 10, prot=prot)
        m.close()
    assert events == [event(-1, 10, getattr(candidate.mmap, access))]


@clause("audit.access-from-prot")
def test_access_of_a_private_map(candidate):
    """flags=MAP_PRIVATE does not count as an access."""
    with recorded(candidate) as events:
        candidate.mmap.mmap(-1, 10, flags=candidate.mmap.MAP_PRIVATE)
    assert events == [event(-1, 10)]


@clause("audit.subclass")
def test_subclass(candidate):
    """The construction of a subclass, and a direct call of `__new__`, raise the event too."""
    with recorded(candidate) as events:
        candidate.run(
            """
            class Named(mmap.mmap):
                pass
            Named(-1, 5).close()
            mmap.mmap.__new__(mmap.mmap, -1, 6).close()
            mmap.mmap.__new__(Named, -1, 7).close()
            """
        )
    assert events == [event(-1, 5), event(-1, 6), event(-1, 7)]


@clause("audit.not-for-bad-arguments")
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"fileno": -1},
        {"fileno": -1, "length": "x"},
        {"fileno": -1, "length": 10, "offset": None},
        {"fileno": -1, "length": 10, "surprise": 1},
        {"fileno": -1, "length": 2**70},
    ],
)
def test_not_for_bad_arguments(candidate, given):
    """A call that fails while its arguments are converted raises no event."""
    with recorded(candidate) as events:
        with candidate.raises((TypeError, OverflowError)):
            candidate.mmap.mmap(**given)
    assert events == []


@clause("audit.not-for-bad-values")
@pytest.mark.parametrize(
    "given",
    [
        {"length": -1},
        {"offset": -1},
        {"access": 4},
        {"access": 1, "flags": 2},
        {"access": 1, "prot": 1},
    ],
)
def test_not_for_bad_values(candidate, given):
    """A call that is refused for its values raises no event."""
    with recorded(candidate) as events:
        with candidate.raises((OverflowError, TypeError, ValueError)):
            candidate.mmap.mmap(**{"fileno": -1, "length": 10, **given})
    assert events == []


@clause("audit.before-file")
@pytest.mark.parametrize(
    ("contents", "mode", "length", "offset"),
    [
        (b"", "r+b", 0, 0),
        (pattern(10), "r+b", 11, 0),
        (pattern(10), "r+b", 5, 1),
        (pattern(10), "rb", 10, 0),
    ],
    ids=["empty", "too long", "unaligned", "permission"],
)
def test_before_the_file_is_looked_at(candidate, contents, mode, length, offset):
    """The event is raised although the file is then refused."""
    f = candidate.file(contents, mode)
    with recorded(candidate) as events:
        with candidate.raises((OSError, ValueError), state=False):  # only the event counts here
            candidate.mmap.mmap(f.fd, length, offset=offset)
    assert events == [event(f.fd, length, 0, offset)]


@clause("audit.before-file")
def test_before_the_descriptor_is_looked_at(candidate):
    """The event is raised for a bad descriptor too."""
    with recorded(candidate) as events:
        with candidate.raises(OSError):
            candidate.mmap.mmap(999, 10)
    assert events == [event(999, 10)]


@clause("audit.hook-exception")
@pytest.mark.parametrize("error", [ZeroDivisionError, RuntimeError, GeneratorExit])
def test_hook_exception(candidate, error):
    """An exception raised by a hook propagates out of the constructor, whatever its class."""
    f = candidate.file(pattern(10))
    with recorded(candidate, error) as events:
        with candidate.raises(error):
            candidate.mmap.mmap(f.fd, 0)
    assert events == [event(f.fd, 0)]


@clause("audit.hook-prevents")
def test_hook_prevents(candidate):
    """After an exception raised by a hook nothing is mapped and no descriptor is left."""
    f = candidate.file(pattern(10))
    before = candidate.state()
    with recorded(candidate, RuntimeError):
        with candidate.raises(RuntimeError):
            candidate.mmap.mmap(f.fd, 0)
        with candidate.raises(RuntimeError):
            candidate.mmap.mmap(-1, 10)
    assert candidate.state() == before


@clause("audit.hook-prevents")
def test_construction_works_again(candidate):
    """A hook that raised once is no obstacle for the next construction."""
    f = candidate.file(pattern(10))
    with recorded(candidate, RuntimeError):
        with candidate.raises(RuntimeError):
            candidate.mmap.mmap(f.fd, 0)
    assert candidate.mmap.mmap(f.fd, 0)[:] == pattern(10)


@clause("audit.hook-before-file")
@pytest.mark.parametrize("empty", [False, True])
def test_hook_before_the_file(candidate, empty):
    """An exception raised by a hook prevails over a bad descriptor and over an empty file."""
    fileno = candidate.file(b"").fd if empty else 999
    with recorded(candidate, RuntimeError):
        with candidate.raises(RuntimeError):
            candidate.mmap.mmap(fileno, 0)


@clause("audit.after-conversion")
def test_after_conversion(candidate):
    """The event is raised after the last argument was converted."""
    mark = candidate.run(RECORDER).mark
    given = [candidate.hostile(value, do=[mark]) for value in (-1, 10, 0, 0)]
    with recorded(candidate) as events:
        candidate.mmap.mmap(given[0], given[1], access=given[2], offset=given[3])
    assert events == ["mark"] * 4 + [event(-1, 10)]


@clause("audit.file-after-event")
@pytest.mark.parametrize(
    ("code", "wanted"),
    [("os.ftruncate(fd, 4)", 4), ("os.ftruncate(fd, 20)", 20), ("os.ftruncate(fd, 0)", ValueError)],
)
def test_hook_changes_the_file(candidate, code, wanted):
    """The file's size is read after the event: a hook can change it."""
    f = candidate.file(pattern(10))
    act = candidate.run(f"import os\nresult = lambda: {code}", fd=f.fd)
    with recorded(candidate, act=act):
        made = candidate.outcome(candidate.mmap.mmap, f.fd, 0)
    assert (len(made.value) if isinstance(made, Returned) else made.type) == wanted


@clause("audit.hook-closes-descriptor")
def test_hook_closes_the_descriptor(candidate):
    """A descriptor that a hook closes is a bad descriptor; nothing is left behind."""
    f = candidate.file(pattern(10))
    fd = candidate.os.dup(f.fd)
    before = candidate.state()["descriptors"]
    act = candidate.run("import os\nresult = lambda: os.close(fd)", fd=fd)
    with recorded(candidate, act=act):
        with candidate.raises(OSError, errno="EBADF", state=False):  # a descriptor was closed
            candidate.mmap.mmap(fd, 10)
    assert candidate.state()["descriptors"] == before - 1


@clause("audit.not-for-methods")
def test_not_for_methods(candidate):
    """No method of a map raises an event of the module."""
    f = candidate.file(pattern(5000))
    m = candidate.mmap.mmap(f.fd, 0)
    with recorded(candidate) as events:
        m[0:3] = b"AAA"
        m.write(b"BBB")
        assert (m.read(1), m.find(b"BBB", 0), m.size()) == (pattern(5000)[3:4], 0, 5000)
        m.move(10, 0, 5)
        m.flush()
        m.seek(0)
        m.write_byte(m.read_byte())
        assert (m.rfind(b"BBB", 0, 9), m.tell(), len(m)) == (0, 2, 5000)
        m.readline()
        candidate.run("with memoryview(m) as view:\n    result = next(iter(m)), m[1], repr(m)", m=m)
        for name, argument in (
            ("resize", 4999),
            ("resize", 9000),
            ("madvise", 0),
            ("set_name", "a"),
        ):
            if candidate.builtins.hasattr(m, name):
                candidate.outcome(getattr(m, name), argument)  # in places an exception
        m.__enter__()
        m.__exit__(None, None, None)
        m.close()
    assert events == []


@clause("audit.trackfd")
@pytest.mark.parametrize("trackfd", [False, True])
def test_trackfd(candidate, trackfd):
    """trackfd does not appear in the event."""
    f = candidate.file(pattern(10))
    with recorded(candidate) as events:
        candidate.mmap.mmap(f.fd, 10, trackfd=trackfd)
    assert events == [event(f.fd, 10)]


@clause("audit.windows-before-values")
@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (OverflowError, {"length": -1}),
        (OverflowError, {"offset": -1}),
        (ValueError, {"access": 4}),
    ],
)
def test_windows_before_values(candidate, wanted, given):
    """On Windows the event is raised before the values are judged, with the access as given."""
    call = {"fileno": -1, "length": 10, "access": 0, "offset": 0, **given}
    with recorded(candidate) as events:
        with candidate.raises(wanted):
            candidate.mmap.mmap(**call)
    assert events == [event(**call)]
