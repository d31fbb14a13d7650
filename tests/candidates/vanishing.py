"""Ends its process half-way through an operation, as if all were well."""

import os

import real
from real import *  # noqa: F403


class mmap(real.mmap):  # noqa: N801
    def read_byte(self):
        os._exit(0)
