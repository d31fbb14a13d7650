"""Build the module of this source tree into a folder, with options of a check."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def build(folder, **environment):
    """Build into a folder, which can then stand on sys.path; return it.

    The keywords are environment variables for setup.py and the compiler, such
    as ``CFLAGS``.  Needs setuptools.
    """
    folder = Path(folder)
    command = [sys.executable, "setup.py", "-q", "build"]
    command += ["--build-base", folder / "objects", "--build-lib", folder / "lib"]
    environment = {"MMAP_REFERENCE_WERROR": "1", **environment}
    subprocess.run(command, cwd=PROJECT, env={**os.environ, **environment}, check=True)
    return folder / "lib"
