"""Writes to standard output when it is imported and when it reads."""

import os

import real
from real import *  # noqa: F403

print("rubbish at import", flush=True)
os.write(1, b'{"id": 1, "value": 0}\n')


class mmap(real.mmap):  # noqa: N801
    def read_byte(self):
        print("rubbish while reading", flush=True)
        os.write(1, b"\xff\x00\n")
        return super().read_byte()
