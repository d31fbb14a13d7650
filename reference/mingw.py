"""The compiler for Windows on another system: mingw-w64.

``setup.py`` builds the extension with it, ``ctests/run.py`` the tests in C.
"""

import shutil
import sys
from pathlib import Path

COMPILER = "x86_64-w64-mingw32-gcc"

# The C library of CPython, so that descriptors and errno are the same, but for printf(), which is
# to know %zu.  GCC does not align the stack for the wide registers of AVX: hence the assembler's
# option.
FLAGS = ["-D_UCRT", "-D__USE_MINGW_ANSI_STDIO=1", "-Wa,-muse-unaligned-vector-move"]
LIBRARIES = ["-nodefaultlibs", "-Wl,--start-group", "-lmingw32", "-lgcc_eh", "-lgcc"]
LIBRARIES += ["-lmoldname", "-lmingwex", "-lucrt", "-lkernel32", "-Wl,--end-group"]


def need_compiler():
    """Exit with the remedy where the compiler is missing."""
    if shutil.which(COMPILER) is None:
        sys.exit(f"{COMPILER} is missing: apt-get install gcc-mingw-w64-x86-64")


def import_library(python):
    """The library to link with of a Windows CPython's folder: python313.lib, not python3.lib."""
    names = [path.name for path in Path(python, "libs").glob("python3*.lib")]
    versions = [name for name in names if name not in ("python3.lib", "python3_d.lib")]
    if len(versions) != 1:
        sys.exit(f"{python}: no CPython for Windows: it has no libs/python3XY.lib")
    return str(Path(python, "libs", versions[0]))


def extension(python, sources, target, flags):
    """The command that builds an extension for the Windows CPython in a folder."""
    command = [COMPILER, "-shared", "-O2", *FLAGS, *flags]
    command += ["-DMS_WIN64="]  # what the headers of CPython before 3.12 go by
    command += ["-I", str(Path(python, "include")), *sources]
    return [*command, import_library(python), *LIBRARIES, "-o", str(target)]
