"""A page that stops whoever touches it, until it is told to go on: Linux only.

What a slow disk does by chance, userfaultfd(2) does on demand.
"""

import contextlib
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
from pathlib import Path

UFFDIO_API = 0xC018AA3F
UFFDIO_REGISTER = 0xC020AA00
UFFDIO_ZEROPAGE = 0xC020AA04
API_VERSION = 0xAA
MODE_MISSING = 1
USER_MODE_ONLY = 1
SYSTEM_CALL = {"x86_64": 323, "aarch64": 282}
DEADLINE = 60_000  # milliseconds; for hangs only


class NotHere(Exception):
    """This system has no such pages."""


class Stall:
    """One page of a map that stops the threads that touch it."""

    def __init__(self, m, offset):
        number = SYSTEM_CALL.get(os.uname().machine, -1) if hasattr(os, "uname") else -1
        libc = ctypes.CDLL(None, use_errno=True)
        flags = os.O_CLOEXEC | os.O_NONBLOCK | USER_MODE_ONLY  # poll() needs a non-blocking one
        self.fd = libc.syscall(number, flags) if number > 0 else -1
        if self.fd < 0:
            raise NotHere(os.strerror(ctypes.get_errno()))
        self.page = os.sysconf("SC_PAGESIZE")
        array = (ctypes.c_char * len(m)).from_buffer(m)
        self.address = ctypes.addressof(array) + offset
        del array
        fcntl.ioctl(self.fd, UFFDIO_API, bytearray(struct.pack("QQQ", API_VERSION, 0, 0)))
        registered = struct.pack("QQQQ", self.address, self.page, MODE_MISSING, 0)
        fcntl.ioctl(self.fd, UFFDIO_REGISTER, bytearray(registered))

    def wait(self):
        """Wait until a thread has been stopped."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        assert poll.poll(DEADLINE) == [(self.fd, select.POLLIN)], "nobody touched the page"

    def resume(self):
        """Let it go on; the page reads as zeros."""
        with contextlib.suppress(FileExistsError):
            request = struct.pack("QQQq", self.address, self.page, 0, 0)
            fcntl.ioctl(self.fd, UFFDIO_ZEROPAGE, bytearray(request))

    def resumer(self):
        """A process that lets it go on, a moment after its standard input is closed.

        To be started before a thread is stopped: what waits for the thread, as fork() may, would
        keep it from being started.
        """
        program = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            f"import select, stalling\n"
            f"stall = stalling.Stall.__new__(stalling.Stall)\n"
            f"vars(stall).update({vars(self)!r})\n"
            f"sys.stdin.read()\n"
            f"select.select([], [], [], 0.2)\n"
            f"stall.resume()\n"
        )
        command = [sys.executable, "-c", program]
        return subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[self.fd])

    def close(self):
        """Nobody is stopped any more."""
        os.close(self.fd)
