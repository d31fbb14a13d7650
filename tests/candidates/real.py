"""The real mmap, and a note of each process that imports it in the file that PIDS names.

The other candidates of this folder build on it and misbehave in ``read_byte``.
"""

import os
from mmap import *  # noqa: F403

if "PIDS" in os.environ:
    with open(os.environ["PIDS"], "a") as _stream:
        _stream.write(f"{os.getpid()}\n")

del os
