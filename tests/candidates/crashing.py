"""Kills its process with SIGSEGV."""

import os
import signal

import real
from real import *  # noqa: F403


class mmap(real.mmap):  # noqa: N801
    def read_byte(self):
        os.kill(os.getpid(), signal.SIGSEGV)
