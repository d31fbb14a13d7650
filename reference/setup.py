"""The C extension; everything else is in pyproject.toml."""

import os
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCES = [
    "args.c",
    "byte_objects.c",
    "constants.c",
    "construct.c",
    "control.c",
    "errors.c",
    "fileapi.c",
    "guard_few.c",
    "guard_posix.c",
    "guard_windows.c",
    "hold.c",
    "memory.c",
    "module.c",
    "object.c",
    "os_posix.c",
    "os_windows.c",
    "quick.c",
    "search.c",
    "search_avx2.c",
    "search_avx512.c",
    "search_byte.c",
    "search_filter.c",
    "search_neon.c",
    "search_portable.c",
    "search_select.c",
    "search_sse2.c",
    "search_two_way.c",
    "sequence.c",
    "signature_posix.c",
    "signature_windows.c",
    "static_type.c",
    "stride.c",
    "touch.c",
]
HEADERS = [
    "args.h",
    "byte_objects.h",
    "constants.h",
    "construct.h",
    "errors.h",
    "guard.h",
    "guard_few.h",
    "guard_fixups.h",
    "guard_posix.h",
    "guard_windows.h",
    "hold.h",
    "memory.h",
    "mmap_object.h",
    "os.h",
    "pycompat.h",
    "quick.h",
    "search.h",
    "search_byte.h",
    "search_filter.h",
    "search_kernel.h",
    "search_two_way.h",
    "search_vector.h",
    "stride.h",
    "touch.h",
]

FLAGS = ["-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra"]
if os.environ.get("MMAP_REFERENCE_WERROR") == "1":
    FLAGS.append("-Werror")  # for our own builds: we know the compiler
if sys.platform == "win32":
    FLAGS = ["/std:c11", "/experimental:c11atomics", "/W3"]  # Microsoft's compiler

# On another system: the folder of a CPython for Windows, with `include` and `libs`, to build for.
WINDOWS = os.environ.get("MMAP_REFERENCE_WINDOWS")


class CrossBuild(build_ext):
    """``build_ext`` for the CPython in WINDOWS."""

    def get_ext_filename(self, fullname):
        """The file of an extension, relative to where packages lie."""
        return os.path.join(*fullname.split(".")) + ".pyd"

    def build_extension(self, ext):
        """Compile and link in one go."""
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        import mingw

        mingw.need_compiler()
        target = self.get_ext_fullpath(ext.name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        command = mingw.extension(WINDOWS, ext.sources, target, ext.extra_compile_args)
        if subprocess.run(command, check=False).returncode != 0:
            sys.exit(f"{ext.name} could not be built for {WINDOWS}: see above")


# What is called *_posix.c or *_windows.c is for that system only.
OTHER_SYSTEM = "_posix.c" if sys.platform == "win32" or WINDOWS else "_windows.c"
FOLDERS = {name: "src/_mmap" for name in SOURCES if not name.endswith(OTHER_SYSTEM)}
if os.environ.get("MMAP_REFERENCE_FAULTS") == "1":
    # For checks/faults.py: what the operating system and Python's allocators
    # give can be made to fail.
    for name in ("os_posix.c", "guard_posix.c"):
        del FOLDERS[name]  # faulty.c includes them
    FOLDERS.update({"faulty.c": "checks", "allocations.c": "checks"})

setup(
    cmdclass={"build_ext": CrossBuild} if WINDOWS else {},
    ext_modules=[
        Extension(
            "mmap_reference._mmap",
            sources=[f"{folder}/{name}" for name, folder in FOLDERS.items()],
            depends=[f"src/_mmap/{name}" for name in HEADERS],
            extra_compile_args=FLAGS,
        )
    ],
)
