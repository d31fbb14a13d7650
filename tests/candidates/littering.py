"""Leaves a process behind, whose id it notes like its own."""

import os
import signal

import real
from real import *  # noqa: F403


class mmap(real.mmap):  # noqa: N801
    def read_byte(self):
        child = os.fork()
        if child == 0:
            while True:
                signal.pause()
        with open(os.environ["PIDS"], "a") as stream:
            stream.write(f"{child}\n")
        return super().read_byte()
