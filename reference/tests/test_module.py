"""The module: its names, its files, and more than one interpreter."""

import importlib
import importlib.metadata
import os
import sys
import threading

import pytest

import mmap_reference

needs_own_gil = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="interpreters share the GIL before 3.12"
)

# Maps memory, searches it, frees it; says which type it used.
USE = """
import os, mmap_reference
with mmap_reference.mmap(-1, 10000) as m:
    m[5000:5003] = b"abc"
    assert m.find(b"abc") == 5000
    assert memoryview(m)[5000] == 97
assert m.closed
os.write({fd}, b"%d " % id(mmap_reference.mmap))
"""


def run_in_interpreter(program):
    """Run a program in a sub-interpreter, with a GIL of its own from 3.12 on."""
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
    else:
        import _xxsubinterpreters as interpreters
    made = interpreters.create()
    try:
        assert interpreters.run_string(made, program) is None
    finally:
        interpreters.destroy(made)


def test_names():
    """The package has the names of the standard module, and no others."""
    names = [name for name in dir(mmap_reference) if not name.startswith("__")]
    assert [name for name in names if not name.isupper()] == ["error", "mmap"]
    assert mmap_reference.error is OSError
    assert mmap_reference.mmap.__module__ == "mmap_reference"


def test_import_after_the_package_alone_was_forgotten(monkeypatch):
    """The extension may have been imported before the package is."""
    monkeypatch.delitem(sys.modules, "mmap_reference")
    again = importlib.import_module("mmap_reference")
    assert again is not mmap_reference
    assert again.mmap is mmap_reference.mmap
    assert not hasattr(again, "_mmap")


def test_wheel_owns_one_import_name():
    """The distribution installs mmap_reference, with its types, alone."""
    files = importlib.metadata.files("mmap-reference")
    tops = {path.parts[0] for path in files if not path.parts[0].endswith("-info")}
    assert tops - {"..", "__pycache__"} == {"mmap_reference"}
    names = {path.name for path in files if path.parts[0] == "mmap_reference"}
    assert {"__init__.py", "__init__.pyi", "py.typed"} <= names
    assert not any(path.suffix in {".c", ".h"} for path in files)


def test_extension_exports_one_symbol(run_python):
    """-fvisibility=hidden: only PyInit__mmap can be seen."""
    program = """
import ctypes, sys
import mmap_reference
module = sys.modules["mmap_reference._mmap"]
library = ctypes.CDLL(module.__file__)
library.PyInit__mmap
for name in ("os_map", "raise_os", "search_forward", "mmap_new"):
    assert not hasattr(library, name), name
"""
    run_python(program)


def test_sub_interpreters_come_and_go():
    """Each interpreter has its own module; destroying one harms no other."""
    read, write = os.pipe()
    with mmap_reference.mmap(-1, 10) as mine:
        mine[:3] = b"abc"
        for _ in range(5):
            run_in_interpreter(USE.format(fd=write))
        assert mine[:3] == b"abc"
    os.close(write)
    types = [int(word) for word in os.read(read, 10000).split()]
    os.close(read)
    assert len(types) == 5
    if sys.version_info >= (3, 10):
        assert id(mmap_reference.mmap) not in types


@needs_own_gil
def test_sub_interpreters_at_the_same_time():
    """Interpreters with a GIL of their own use the module in parallel."""
    read, write = os.pipe()
    barrier = threading.Barrier(4)
    failures = []

    def work():
        try:
            barrier.wait(60)
            run_in_interpreter(
                "for i in range(300):\n    " + USE.format(fd=write).replace("\n", "\n    ")
            )
        except BaseException as error:  # reported below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    drained = []
    reader = threading.Thread(target=lambda: drained.extend(iter(lambda: os.read(read, 4096), b"")))
    reader.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    os.close(write)
    reader.join(60)
    os.close(read)
    assert failures == []
    assert len(b"".join(drained).split()) == 1200


def test_module_is_freed(run_python):
    """A module that was imported anew leaves no type behind."""
    program = """
import gc, sys, weakref

def kinds():
    return [kind for kind in gc.get_objects() if isinstance(kind, type)
            and kind.__module__ == "mmap_reference"]

import mmap_reference
module = weakref.ref(sys.modules["mmap_reference._mmap"])
if sys.version_info >= (3, 10):         # a static type stays for ever
    assert len(kinds()) == 1
del mmap_reference
del sys.modules["mmap_reference"], sys.modules["mmap_reference._mmap"]
gc.collect()
assert module() is None
assert kinds() == []
import mmap_reference
assert len(mmap_reference.mmap(-1, 5)) == 5
"""
    run_python(program)


def test_maps_outlive_shutdown(run_python):
    """A map that lives until the interpreter ends is freed without harm."""
    program = """
import sys, mmap_reference
m = mmap_reference.mmap(-1, 10000)
view = memoryview(m)
sys.keep = [m, view]
class Late:
    def __del__(self, m=m):
        assert m.find(b"x") == -1
sys.late = Late()
"""
    run_python(program)
