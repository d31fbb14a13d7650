"""Looks: what is compared after every step, at one request; functions that the worker keeps.

Each is called by name, with the mappings as arguments.
"""

from __future__ import annotations

from typing import Any

from mmap_spec.program import Code
from mmap_spec.remote import Remote
from mmap_spec.session import Session

MODULE = "mmap_spec_look"
FUNCTIONS = """
import os, zlib

def by_slice(m, reach):
    return zlib.crc32(m[:reach])

def by_view(m, reach):
    with memoryview(m) as view:
        with view[:reach] as part:
            return zlib.crc32(part)

def by_read(m, reach):
    position = m.tell()
    if position > len(m):
        return None
    m.seek(0)
    found = zlib.crc32(m.read(reach))
    m.seek(position)
    return found

def refuses_close(m):
    try:
        m.close()
    except BufferError:
        return True
    return False

def attempt(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return type(error).__name__

def state(m, reach, exported):
    if m.closed:
        return ["closed"]
    seen = ["open", attempt(len, m), attempt(m.tell)]
    seen += [attempt(way, m, reach) for way in (by_slice, by_view, by_read)]
    return seen + [attempt(refuses_close, m) if exported else True]

def contents(descriptor, path):
    if descriptor is None:
        with open(path, "rb") as stream:
            return stream.read()
    size = os.fstat(descriptor).st_size
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, 0)
    before = os.lseek(descriptor, 0, os.SEEK_CUR)  # Windows
    os.lseek(descriptor, 0, os.SEEK_SET)
    found = os.read(descriptor, size)
    os.lseek(descriptor, before, os.SEEK_SET)
    return found

def shape(m):
    return len(m), m.tell(), m[:]

def everything(maps, files):
    seen = []
    for descriptor, path in files:
        found = contents(descriptor, path)
        seen.append([len(found), zlib.crc32(found)])
    try:
        count = len(os.listdir("/proc/self/fd"))
    except OSError:
        count = None
    if os.name == "nt":  # Wine shows this folder, in which its own descriptors come and go
        count = None
    return [state(*given) for given in maps], seen, count

def fork(m, start, new, writes):
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(into, m[start : start + len(new)])
            if writes:
                m[start : start + len(new)] = new
            os._exit(0)
        finally:
            os._exit(1)
    os.close(into)
    with os.fdopen(out, "rb") as stream:
        seen = stream.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise ChildProcessError("the child ended with status %d" % status)
    return seen
"""
HELPERS = f"""
import sys, types
look = types.ModuleType({MODULE!r})
exec({FUNCTIONS!r}, look.__dict__)
sys.modules[look.__name__] = look
"""


def looking(session: Session) -> Remote:
    """The module of these functions, made in a worker that does not have it yet."""
    if not session.knows(MODULE):
        session.send({"op": "run", "source": HELPERS, "names": {}}, "the helpers")
    return session.module(MODULE, code="look")


def look(session: Session, name: str, *args: Any) -> Any:
    """What one of them gives, as it travelled; without a trace in the program."""
    message, code = Session.call_message(looking(session), name, args, {})
    return session.send(message, code)


def shown(session: Session, name: str, code: Code, *args: Any, statement: bool = False) -> Any:
    """What one of them gives; the program shows ``code`` for it."""
    message, _ = Session.call_message(looking(session), name, args, {})
    return session.perform(message, code, statement=statement)


def shape(session: Session, mapping: Remote) -> tuple[int, int, bytes]:
    """Length, position and contents of an open mapping."""
    name = mapping._code
    found = shown(session, "shape", f"len({name}), {name}.tell(), {name}[:]", mapping)
    length, position, contents = found
    return length, position, contents
