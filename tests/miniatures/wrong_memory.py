"""Miniatures that are wrong in what move(), flush(), madvise(), size() or resize() do."""

import contextlib
import os

from miniatures import caught_by
from miniatures.faithful import Faithful


@caught_by("move.overlap-up", "At index 2 diff: b'\\x00' != b'\\xa7'")
class MoveCopiesForwards(Faithful):
    def move(self, destination, source, count, /):
        super().move(destination, source, 0)
        for index in range(count):
            self[destination + index] = self[source + index]


@caught_by("move.huge-source", "expected ValueError, got OverflowError: sum is too large")
class MoveSumOverflows(Faithful):
    def move(self, destination, source, count, /):
        if max(destination, source) + count >= 1 << 63:
            raise OverflowError("sum is too large")
        super().move(destination, source, count)


@caught_by("move.argument-order", "assert b'aa' == b'bb'")
class MoveSwapsArguments(Faithful):
    def move(self, destination, source, count, /):
        super().move(source, destination, count)


@caught_by("move.positional-only", "expected TypeError, but the operation returned None")
class MoveTakesKeywords(Faithful):
    def move(self, dest, src, count):
        super().move(dest, src, count)


@caught_by("move.source-range", "expected ValueError, but the operation returned None")
class MoveClamps(Faithful):
    def move(self, destination, source, count, /):
        super().move(destination, source, min(count, len(self) - max(source, destination)))


@caught_by("flush.past-end", "expected ValueError, but the operation returned None")
class FlushRangeUnchecked(Faithful):
    def flush(self, *args, **kwargs):
        with contextlib.suppress(ValueError):
            super().flush(*args, **kwargs)


@caught_by("flush.returns-none", "0 != None")
class FlushReturnsZero(Faithful):
    def flush(self, *args, **kwargs):
        super().flush(*args, **kwargs)
        return 0


@caught_by("madvise.unknown-option", "expected OSError with errno EINVAL, got SystemError")
class MadviseSystemError(Faithful):
    def madvise(self, *args):
        try:
            super().madvise(*args)
        except OSError as error:
            raise SystemError(str(error)) from None


@caught_by("madvise.dontneed-copy", "At index 1 diff: b'\\x00' != b'\\xa7'")
class MadviseHasNoEffect(Faithful):
    def madvise(self, *args):
        return None


@caught_by("size.file", "At index 0 diff: 1 != 2")
class SizeIsLength(Faithful):
    def size(self):
        return len(self)


@caught_by("size.follows-growth", "At index 0 diff: 1000 != 100000")
class SizeRemembered(Faithful):
    remembered = None

    def size(self):
        if self.remembered is None:
            self.remembered = super().size()
        return self.remembered


@caught_by("resize.file-size", "At index 0 diff: 9000 != 12288")
class ResizeLeavesFile(Faithful):
    def __new__(cls, fileno, *args, **kwargs):
        made = super().__new__(cls, fileno, *args, **kwargs)
        made.descriptor = fileno
        return made

    def resize(self, size, /):
        before = os.fstat(self.descriptor).st_size if self.descriptor >= 0 else None
        super().resize(size)
        if before is not None:
            os.ftruncate(self.descriptor, before)


@caught_by("resize.negative", "expected ValueError, got OverflowError: negative size")
class NegativeResizeOverflows(Faithful):
    def resize(self, size, /):
        if size < 0:
            raise OverflowError("negative size")
        super().resize(size)


@caught_by("resize.too-large", "closed of the mapping False -> True")
class FailedResizeCloses(Faithful):
    def resize(self, size, /):
        try:
            super().resize(size)
        except OSError:
            self.close()
            raise


@caught_by("resize.access-read", "expected TypeError, but the operation returned None")
class ReadOnlyResizeIgnored(Faithful):
    def resize(self, size, /):
        with contextlib.suppress(TypeError):
            super().resize(size)


@caught_by("resize.position-kept", "where 0 = <remote method m.tell>()")
class ResizeRewinds(Faithful):
    def resize(self, size, /):
        super().resize(size)
        self.seek(0)
