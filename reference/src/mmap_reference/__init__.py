"""Memory-mapped files: the API of CPython 3.15's mmap on CPython 3.9 to 3.15.

Use it as the standard library's: ``import mmap_reference as mmap``.
"""

from mmap_reference._mmap import *

globals().pop("_mmap", None)  # bound by the import, if it was the first one
