"""``python -m mmap_spec`` is the command ``mmap-spec``."""

import sys

from mmap_spec.cli import main

if __name__ == "__main__":
    sys.exit(main())
