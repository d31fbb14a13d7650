"""An object whose methods do nothing: what no module can be faster than."""

import functools
import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("floor.c")


@functools.lru_cache
def nothing():
    """The object; None, and a line that says so, where it cannot be built."""
    include = sysconfig.get_path("include")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "floor.so")
        compiler = shlex.split(os.environ.get("CC", "cc"))
        command = [*compiler, "-O2", "-shared", "-fPIC", f"-I{include}", str(SOURCE)]
        try:
            subprocess.run([*command, "-o", str(target)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"without the floor: {error}", file=sys.stderr)
            return None
        spec = importlib.util.spec_from_file_location("floor", target)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.Floor()
