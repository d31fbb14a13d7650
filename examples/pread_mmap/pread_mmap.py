"""A small ``mmap`` that maps nothing: every access is an os.pread() or os.pwrite().

An example of a candidate (docs/adding-a-candidate.md), not of a good implementation.
"""

import os
import tempfile

ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ACCESS_COPY = range(4)
PAGESIZE = ALLOCATIONGRANULARITY = os.sysconf("SC_PAGE_SIZE")
error = OSError


class mmap:  # noqa: N801 - the name that the standard library's has
    def __init__(self, fileno, length, *, access=ACCESS_DEFAULT, offset=0):
        if length < 0 or offset < 0:
            raise OverflowError("memory mapped length and offset must be positive")
        if access not in range(4):
            raise ValueError("mmap invalid access parameter.")
        if offset % ALLOCATIONGRANULARITY:
            raise ValueError("the offset is no multiple of ALLOCATIONGRANULARITY")
        self._access, self._offset, self._position = access, offset, 0
        if fileno == -1:
            self._fd = self._memory(length)
        else:
            size = os.fstat(fileno).st_size - offset
            if length > size or size == 0:
                raise ValueError("mmap length is greater than file size")
            length = length or size
            self._fd = os.dup(fileno) if access != ACCESS_COPY else self._copy(fileno, length)
        self._length = length

    @staticmethod
    def _memory(length):
        with tempfile.TemporaryFile() as file:
            file.truncate(length)
            return os.dup(file.fileno())

    def _copy(self, fileno, length):
        fd = self._memory(length)
        os.pwrite(fd, os.pread(fileno, length, self._offset), 0)
        self._offset = 0
        return fd

    def _check(self, writing=False):
        if self._fd is None:
            raise ValueError("mmap closed or invalid")
        if writing and self._access == ACCESS_READ:
            raise TypeError("mmap can't modify a readonly memory map.")

    def _get(self, start, length):
        return os.pread(self._fd, length, self._offset + start)

    def _put(self, start, data):
        os.pwrite(self._fd, data, self._offset + start)

    # -- a file ------------------------------------------------------------

    @property
    def closed(self):
        return self._fd is None

    def close(self):
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, *error):
        self.close()

    def tell(self):
        self._check()
        return self._position

    def seek(self, pos, whence=0):
        self._check()
        if whence not in (0, 1, 2):
            raise ValueError("unknown seek type")
        target = pos + (0, self._position, self._length)[whence]
        if not 0 <= target <= self._length:
            raise ValueError("seek out of range")
        self._position = target
        return target

    def read(self, n=None):
        self._check()
        rest = self._length - self._position
        count = rest if n is None or n < 0 else min(n, rest)
        data = self._get(self._position, count)
        self._position += count
        return data

    def read_byte(self):
        self._check()
        if self._position >= self._length:
            raise ValueError("read byte out of range")
        return self.read(1)[0]

    def readline(self):
        end = self.find(b"\n", self._position)
        return self.read(None if end < 0 else end + 1 - self._position)

    def write(self, data):
        self._check(writing=True)
        data = bytes(memoryview(data))
        if len(data) > self._length - self._position:
            raise ValueError("data out of range")
        self._put(self._position, data)
        self._position += len(data)
        return len(data)

    def write_byte(self, byte):
        self.write(bytes([byte]))

    def size(self):
        self._check()
        return os.fstat(self._fd).st_size

    def flush(self, offset=0, size=None):
        self._check()

    # -- a sequence ----------------------------------------------------------

    def __len__(self):
        self._check()
        return self._length

    def __getitem__(self, key):
        self._check()
        if isinstance(key, slice):
            return self._get(0, self._length)[key]
        return self._get(self._index(key), 1)[0]

    def __setitem__(self, key, value):
        self._check(writing=True)
        if not isinstance(key, slice):
            self._put(self._index(key), bytes([value]))
            return
        places, data = range(self._length)[key], bytes(memoryview(value))
        if len(places) != len(data):
            raise IndexError("mmap slice assignment is wrong size")
        if places:
            start = min(places[0], places[-1])
            changed = bytearray(self._get(start, abs(places[-1] - places[0]) + 1))
            changed[:: places.step] = data
            self._put(start, changed)

    def _index(self, key):
        place = key.__index__()
        place += self._length if place < 0 else 0
        if not 0 <= place < self._length:
            raise IndexError("mmap index out of range")
        return place

    def find(self, sub, start=None, end=None):
        self._check()
        start = self._position if start is None else start
        end = self._length if end is None else end
        return self._get(0, self._length).find(bytes(memoryview(sub)), start, end)

    def rfind(self, sub, start=None, end=None):
        self._check()
        start = self._position if start is None else start
        end = self._length if end is None else end
        return self._get(0, self._length).rfind(bytes(memoryview(sub)), start, end)

    def move(self, dest, src, count):
        self._check(writing=True)
        if min(dest, src, count) < 0 or max(dest, src) + count > self._length:
            raise ValueError("source, destination, or count out of range")
        self._put(dest, self._get(src, count))
