"""Miniatures that are wrong in what reading, writing or seeking do."""

import operator

from miniatures import caught_by
from miniatures.faithful import Faithful


@caught_by("read.returns-bytes", "assert <class 'bytearray'> is bytes")
class ReadReturnsByteArray(Faithful):
    def read(self, *args):
        return bytearray(super().read(*args))


@caught_by("read.past-end", "ValueError was raised: position is past the end")
class ReadPastEndRaises(Faithful):
    def read(self, *args):
        if self.tell() > len(self):
            raise ValueError("position is past the end")
        return super().read(*args)


@caught_by("read.argument-closes", "expected ValueError, but the operation returned b''")
class ReadOfClosedByArgument(Faithful):
    def read(self, count=None, /):
        count = count if count is None else operator.index(count)
        return b"" if self.closed and count is not None else super().read(count)


@caught_by("read.overflow", "expected OverflowError, but the operation returned")
class ReadNarrowsCount(Faithful):
    def read(self, *args):
        if args and args[0] is not None:
            args = (operator.index(args[0]) & 0xFFFFFFFF,)
        return super().read(*args)


@caught_by("read_byte.unsigned", "At index 1 diff: -128 != 128")
class ReadByteSigned(Faithful):
    def read_byte(self):
        value = super().read_byte()
        return value - 256 if value > 127 else value


@caught_by("read_byte.returns-int", "At index 0 diff: <class 'bytes'> != <class 'int'>")
class ReadByteReturnsBytes(Faithful):
    def read_byte(self):
        return bytes([super().read_byte()])


@caught_by("readline.only-lf", "assert b'a\\r' == b'a\\rb\\n'")
class ReadlineEndsAtCarriageReturn(Faithful):
    def readline(self):
        start = self.tell()
        line = super().readline()
        if b"\r" in line:
            line = line[: line.index(b"\r") + 1]
            self.seek(start + len(line))
        return line


@caught_by("write.returns-count", "assert (None, <class 'NoneType'>) == (1, <class 'int'>)")
class WriteReturnsNone(Faithful):
    def write(self, data, /):
        super().write(data)


@caught_by("write.too-long", "expected ValueError, but the operation returned 6")
class WriteStopsAtEnd(Faithful):
    def write(self, data, /):
        return super().write(bytes(data)[: len(self) - self.tell()])


@caught_by("write.all-or-nothing", "assert (b'abcdef', 6) == (b'abcdef', 0)")
class PositionMovesOnError(Faithful):
    def write(self, data, /):
        try:
            return super().write(data)
        except ValueError:
            self.seek(0, 2)
            raise


@caught_by("write.counts-bytes", "At index 0 diff: 3 != 6")
class WriteCountsItems(Faithful):
    def write(self, data, /):
        return super().write(bytes(data)[: len(data)])


@caught_by("write_byte.at-end", "expected ValueError, but the operation returned None")
class WriteByteAtEndIgnored(Faithful):
    def write_byte(self, value, /):
        if self.tell() < len(self):
            super().write_byte(value)


@caught_by("write_byte.too-large", "expected OverflowError, but the operation returned None")
class WriteByteReduces(Faithful):
    def write_byte(self, value, /):
        super().write_byte(operator.index(value) & 255)


@caught_by("seek.end-inclusive", "ValueError was raised: seek out of range")
class SeekExcludesEnd(Faithful):
    def seek(self, *args):
        before = self.tell()
        found = super().seek(*args)
        if self.tell() == len(self):
            super().seek(before)
            raise ValueError("seek out of range")
        return found


@caught_by("seek.past-end", "expected ValueError, but the operation returned")
class SeekClamps(Faithful):
    def seek(self, distance, whence=0, /):
        try:
            return super().seek(distance, whence)
        except ValueError:
            if whence not in (0, 1, 2):
                raise
            return super().seek(0, 2 if distance > 0 else 0)


@caught_by("seek.unknown-whence", "expected ValueError, but the operation returned")
class UnknownWhenceAccepted(Faithful):
    def seek(self, distance, whence=0, /):
        return super().seek(distance, whence if whence in (0, 1, 2) else 0)


@caught_by("seek.positional-only", "expected TypeError, but the operation returned")
class SeekTakesKeywords(Faithful):
    def seek(self, pos, whence=0):
        return super().seek(pos, whence)


@caught_by("seek.tell-past-end", "assert 10 == 3000")
class PositionClampedByShrink(Faithful):
    def resize(self, size, /):
        super().resize(size)
        if self.tell() > len(self):
            self.seek(0, 2)


@caught_by("limits.large-position", "At index 0 diff: 5 != 4294967301")
class PositionHas32Bits(Faithful):
    def tell(self):
        return super().tell() & 0xFFFFFFFF
