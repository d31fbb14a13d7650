"""Reads standard input, which must not be the worker's requests."""

import os
import sys

import real
from real import *  # noqa: F403


class mmap(real.mmap):  # noqa: N801
    def read_byte(self):
        if sys.stdin.read() or os.read(0, 1):
            raise RuntimeError("somebody else's input")
        return super().read_byte()
