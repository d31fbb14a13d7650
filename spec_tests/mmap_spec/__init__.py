"""mmap-spec: a conformance suite for implementations of Python's ``mmap``."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("mmap-spec")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0"
