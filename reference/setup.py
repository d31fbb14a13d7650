"""The C extension; everything else is in pyproject.toml."""

import os

from setuptools import Extension, setup

SOURCES = [
    "args.c",
    "constants.c",
    "construct.c",
    "control.c",
    "errors.c",
    "fileapi.c",
    "guard_posix.c",
    "hold.c",
    "memory.c",
    "module.c",
    "object.c",
    "os_posix.c",
    "search.c",
    "search_avx2.c",
    "search_avx512.c",
    "search_filter.c",
    "search_neon.c",
    "search_portable.c",
    "search_select.c",
    "search_sse2.c",
    "search_two_way.c",
    "sequence.c",
    "signature_posix.c",
    "static_type.c",
    "stride.c",
    "touch.c",
]
HEADERS = [
    "args.h",
    "constants.h",
    "construct.h",
    "errors.h",
    "guard.h",
    "guard_posix.h",
    "hold.h",
    "memory.h",
    "mmap_object.h",
    "os.h",
    "pycompat.h",
    "search.h",
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

FOLDERS = dict.fromkeys(SOURCES, "src/_mmap")
if os.environ.get("MMAP_REFERENCE_FAULTS") == "1":
    # For checks/faults.py: what the operating system and Python's allocators
    # give can be made to fail.
    for name in ("os_posix.c", "guard_posix.c"):
        del FOLDERS[name]  # faulty.c includes them
    FOLDERS.update({"faulty.c": "checks", "allocations.c": "checks"})

setup(
    ext_modules=[
        Extension(
            "mmap_reference._mmap",
            sources=[f"{folder}/{name}" for name, folder in FOLDERS.items()],
            depends=[f"src/_mmap/{name}" for name in HEADERS],
            extra_compile_args=FLAGS,
        )
    ]
)
