"""Mappings in the situations that tests of several topics start from."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import Any

import pytest

from mmap_spec.candidate import Candidate, Remote
from mmap_spec.strategies import pattern

each_access = pytest.mark.parametrize(
    "access", ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"]
)


def of_file(
    candidate: Candidate, contents: bytes, access: str = "ACCESS_DEFAULT", **kwargs: Any
) -> Remote:
    """A mapping of a whole new file; ``access`` is the constant's name."""
    mode = getattr(candidate.mmap, access)
    mapping: Remote = candidate.mmap.mmap(candidate.file(contents).fd, 0, access=mode, **kwargs)
    return mapping


def readonly(candidate: Candidate, contents: bytes) -> Remote:
    """A mapping of ACCESS_READ."""
    return of_file(candidate, contents, "ACCESS_READ")


def past_the_end(candidate: Candidate, length: int = 10, position: int = 3000) -> Remote:
    """A mapping whose position lies beyond its end, as a shrinking resize leaves it."""
    mapping = of_file(candidate, pattern(position + 100))
    mapping.seek(position)
    mapping.resize(length)
    return mapping


def closer(candidate: Candidate, mapping: Remote, answer: int) -> Remote:
    """An integer that closes the mapping when it is converted."""
    return candidate.hostile(answer, do=[mapping.close])


def resizer(candidate: Candidate, mapping: Remote, length: int, answer: int) -> Remote:
    """An integer that resizes the mapping when it is converted."""
    return candidate.hostile(answer, do=[partial(mapping.resize, length)])


def seeker(candidate: Candidate, mapping: Remote, position: int, answer: int) -> Remote:
    """An integer that moves the mapping's position when it is converted."""
    return candidate.hostile(answer, do=[partial(mapping.seek, position)])


def faulty(candidate: Candidate) -> Remote:
    """An integer that raises ZeroDivisionError when it is converted."""
    return candidate.hostile(raises=ZeroDivisionError)


def is_readonly(candidate: Candidate, mapping: Remote) -> bool:
    """Whether the mapping exports its memory for reading only; the export is released again."""
    source = "with memoryview(mapping) as view:\n    result = view.readonly"
    return bool(candidate.run(source, mapping=mapping))


def c_call(candidate: Candidate, name: str, result: str, *args: Any) -> Any:
    """Call a function of Python's C API that takes an object, an index, an object: one to three.

    ``result`` is the ctypes type that it returns; an error arrives as its exception.
    """
    source = """
        import ctypes
        kinds = [ctypes.py_object, ctypes.c_ssize_t, ctypes.py_object][:count]
        call = ctypes.PYFUNCTYPE(getattr(ctypes, kind), *kinds)((name, ctypes.pythonapi))
        result = call(*[first, second, third][:count])
        """
    first, second, third = (*args, None, None)[:3]
    names = {"first": first, "second": second, "third": third}
    return candidate.run(source, name=name, kind=result, count=len(args), **names)


TWO_BYTES = {
    "bytearray": "bytearray(two)",
    "bytearray that lost its first byte": "bytearray(b'x' + two)",
    "view": "memoryview(two)",
    "part of a view": "memoryview(b'x' + two + b'x')[1:3]",
    "part of a writable view": "memoryview(bytearray(b'x' + two + b'x'))[1:3]",
    "signed view": "memoryview(two).cast('b')",
    "view of a row": "memoryview(two).cast('B', (1, 2))",
    "view of a column": "memoryview(two).cast('c', (2, 1))",
    "one item of a view with a step": "memoryview(two + b'xx').cast('H')[::2]",
    "array": "array.array('B', two)",
    "array of wide items": "array.array('H', two)",
    "subclass of bytes": "type('Own', (bytes,), {})(two)",
    "subclass of bytes with __bytes__": "type('Own', (bytes,), {'__bytes__': lambda s: b'x'})(two)",
    "subclass of bytes with __len__": "type('Own', (bytes,), {'__len__': lambda own: 1})(two)",
    "ctypes array": "(ctypes.c_char * 2)(*[two[:1], two[1:]])",
    "ctypes array in an array": "(ctypes.c_char * 1 * 2)(*map(ctypes.c_char * 1, two))",
    "ctypes array of wide items": "(ctypes.c_short * 1).from_buffer(bytearray(two))",
    "ctypes number, without a dimension": "ctypes.c_short.from_buffer(bytearray(two))",
    "view without a dimension": "memoryview(two).cast('H', ())",
}
"""Objects whose C-contiguous buffer is ``two``, two bytes: expressions by what they are."""


def with_two_bytes(candidate: Candidate, kind: str, two: bytes, program: str, **names: Any) -> Any:
    """Run a program that sees as ``buffer`` such an object, and give its ``result``."""
    source = f"""
import array, ctypes
buffer = {TWO_BYTES[kind]}
if type(buffer) is bytearray:
    del buffer[:-2]
"""
    return candidate.run(source + textwrap.dedent(program), two=two, **names)


NEW_INTERPRETER = """
import subprocess, sys
start = "import importlib, sys\\nsys.path[:] = %r\\nmmap = importlib.import_module(%r)\\n"
done = subprocess.run(
    [sys.executable, *options, "-c", before + start % (sys.path, mmap.__name__) + program],
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20,
)
result = done.returncode, done.stdout, done.stderr
"""


def in_new_interpreter(
    candidate: Candidate, program: str, *options: str, before: str = ""
) -> tuple[int, bytes, bytes]:
    """Run a program that sees ``mmap`` in a new process: (status, output, errors).

    ``options`` are the interpreter's; ``before`` runs before the module is imported.
    """
    names = {
        "program": textwrap.dedent(program),
        "before": textwrap.dedent(before),
        "options": list(options),
    }
    status, output, errors = candidate.run(NEW_INTERPRETER, **names)
    return status, output, errors
