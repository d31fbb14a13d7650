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
    "memory.c",
    "module.c",
    "object.c",
    "os_posix.c",
    "search.c",
    "sequence.c",
    "signature_posix.c",
    "static_type.c",
]
HEADERS = [
    "args.h",
    "constants.h",
    "construct.h",
    "errors.h",
    "memory.h",
    "mmap_object.h",
    "os.h",
    "pycompat.h",
    "search.h",
]

FLAGS = ["-std=c11", "-fvisibility=hidden", "-Wall", "-Wextra"]
if os.environ.get("MMAP_REFERENCE_WERROR") == "1":
    FLAGS.append("-Werror")  # for our own builds: we know the compiler

setup(
    ext_modules=[
        Extension(
            "mmap_reference._mmap",
            sources=[f"src/_mmap/{name}" for name in SOURCES],
            depends=[f"src/_mmap/{name}" for name in HEADERS],
            extra_compile_args=FLAGS,
        )
    ]
)
