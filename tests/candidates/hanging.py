"""Never answers; first it writes its process id into the FIFO that READY names, if any."""

import os
import signal

import real
from real import *  # noqa: F403


class mmap(real.mmap):  # noqa: N801
    def read_byte(self):
        if "READY" in os.environ:
            with open(os.environ["READY"], "w") as stream:
                stream.write(str(os.getpid()))
        while True:
            signal.pause()
