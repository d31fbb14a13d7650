"""Reads a wrong byte."""

import real
from real import *  # noqa: F403


class mmap(real.mmap):  # noqa: N801
    def read_byte(self):
        return super().read_byte() ^ 1
