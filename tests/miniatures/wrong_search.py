"""Miniatures that are wrong in what find() or rfind() do."""

import operator
import sys

from miniatures import caught_by
from miniatures.faithful import Faithful


@caught_by("find.default-start", "assert 0 == 3")
class FindStartsAtZero(Faithful):
    def find(self, needle, /, *bounds):
        return super().find(needle, *(bounds or (0,)))


@caught_by("find.end-exclusive", "At index 2 diff: 2 != -1")
class FindIncludesEnd(Faithful):
    def find(self, needle, /, *bounds):
        if len(bounds) == 2 and 0 <= bounds[1] < len(self):
            bounds = bounds[0], bounds[1] + 1
        return super().find(needle, *bounds)


@caught_by("find.last-bytes", "At index 0 diff: -1 != 4")
class FindMissesLastByte(Faithful):
    def find(self, needle, /, *bounds):
        if len(bounds) < 2 and len(needle):
            bounds = (*(bounds or (self.tell(),)), len(self) - 1)
        return super().find(needle, *bounds)


@caught_by("find.empty-needle", "where -1 = <remote method m.find>(b''")
class EmptyNeedleNotFound(Faithful):
    def find(self, needle, /, *bounds):
        return super().find(needle, *bounds) if len(needle) else -1


@caught_by("find.needle-str", "expected TypeError, but the operation returned 0")
class FindTakesStr(Faithful):
    def find(self, needle, /, *bounds):
        return super().find(needle.encode() if isinstance(needle, str) else needle, *bounds)


@caught_by("find.position-kept", "assert 5 == 4")
class FindMovesPosition(Faithful):
    def find(self, needle, /, *bounds):
        found = super().find(needle, *bounds)
        if found >= 0:
            self.seek(found)
        return found


@caught_by("find.negative-start", "where 0 = <remote method m.find>(b'abc', -1)")
class NegativeStartIsZero(Faithful):
    def find(self, needle, /, *bounds):
        if bounds and isinstance(bounds[0], int):
            bounds = max(bounds[0], 0), *bounds[1:]
        return super().find(needle, *bounds)


@caught_by("rfind.highest", "where 0 = <remote method m.rfind>(b'abc'")
class RfindIsFind(Faithful):
    def rfind(self, needle, /, *bounds):
        return super().find(needle, *bounds)


@caught_by("rfind.absent", "ValueError was raised: not found")
class RfindRaises(Faithful):
    def rfind(self, needle, /, *bounds):
        found = super().rfind(needle, *bounds)
        if found < 0:
            raise ValueError("not found")
        return found


@caught_by("find.needle-longer", "ValueError was raised: needle is too long")
class LongNeedleRefused(Faithful):
    def find(self, needle, /, *bounds):
        if len(needle) > len(self):
            raise ValueError("needle is too long")
        return super().find(needle, *bounds)


@caught_by("limits.find", "expected OverflowError, but the operation returned")
class HugeBoundsClamped(Faithful):
    def find(self, needle, /, *bounds):
        limits = -sys.maxsize - 1, sys.maxsize
        clamped = (min(max(operator.index(bound), limits[0]), limits[1]) for bound in bounds)
        return super().find(needle, *clamped)


@caught_by("find.needle-int", "expected TypeError, but the operation returned")
class FindTakesInt(Faithful):
    def find(self, needle, /, *bounds):
        if type(needle) is int and needle in range(256):
            needle = bytes([needle])
        return super().find(needle, *bounds)


@caught_by("reentrancy.needle-held-from-resize", "expected BufferError, but the operation returned")
class NeedleCopiedFirst(Faithful):
    def find(self, needle, /, *bounds):
        return super().find(bytes(needle), *map(operator.index, bounds))
