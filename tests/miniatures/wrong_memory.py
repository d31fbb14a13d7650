"""Miniatures that are wrong in what move(), flush(), madvise(), size() or resize() do."""

import contextlib
import errno
import mmap
import operator
import os

from miniatures import caught_by
from miniatures.faithful import Faithful


@caught_by("move.overlap-up", "first difference at index 2:")
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


@caught_by("madvise.dontneed-copy", "first difference at index 1:")
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


@caught_by("move.argument-closes", "expected ValueError, but the operation returned None")
class MoveOfClosedByArgument(Faithful):
    def move(self, *arguments):
        was_open = not self.closed
        arguments = [operator.index(argument) for argument in arguments]
        if not (was_open and self.closed):
            super().move(*arguments)


@caught_by("move.within-length", "expected ValueError, but the operation returned None")
class MoveBoundedByFile(Faithful):
    def move(self, destination, source, count, /):
        try:
            super().move(destination, source, count)
        except ValueError:
            if min(destination, source, count) < 0 or self.closed:
                raise
            if max(destination, source) + count > self.size():
                raise


@caught_by("move.huge-count", "expected ValueError, but the operation returned None")
class MoveSumWraps(Faithful):
    def move(self, destination, source, count, /):
        wrapped = (max(destination, source) + count + (1 << 63)) % (1 << 64) - (1 << 63)
        if wrapped > len(self) or min(destination, source, count) < 0 or count < 1 << 62:
            super().move(destination, source, count)


@caught_by("flush.readonly-nothing", "OSError was raised: [Errno 22] Invalid argument")
class FlushOfReadOnlySyncs(Faithful):
    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls, *args, **kwargs)
        made.readonly = kwargs.get("access") == mmap.ACCESS_READ
        return made

    def flush(self, offset=0, *size, **kwargs):
        if self.readonly and not self.closed and offset % mmap.PAGESIZE:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return super().flush(offset, *size, **kwargs)


@caught_by("flush.range", "an offset is not supported")
class FlushTakesNoOffset(Faithful):
    def flush(self, offset=0, *size, **kwargs):
        if offset:
            raise ValueError("an offset is not supported")
        return super().flush(offset, *size, **kwargs)


@caught_by("size.descriptor-reused", "assert")
class SizeAsksCallersDescriptor(Faithful):
    def __new__(cls, fileno, *args, **kwargs):
        made = super().__new__(cls, fileno, *args, **kwargs)
        made.descriptor = fileno
        return made

    def size(self):
        return super().size() if self.closed else os.fstat(self.descriptor).st_size


@caught_by(
    "size.anonymous-oserror",
    "expected OSError with errno EBADF, but the operation returned 0",
    on="python3.13",
)
class SizeOfAnonymousIsZero(Faithful):
    def size(self):
        try:
            return super().size()
        except OSError:
            return 0


@caught_by("resize.length", "ValueError was raised: cannot shrink")
class ShrinkingRefused(Faithful):
    def resize(self, size, /):
        if size < len(self):
            raise ValueError("cannot shrink")
        super().resize(size)


@caught_by("resize.too-large", "expected OSError, but the operation returned None")
class FailedResizeUnnoticed(Faithful):
    def resize(self, size, /):
        with contextlib.suppress(OSError):
            super().resize(size)


@caught_by("reentrancy.close-in-resize", "expected ValueError, but the operation returned None")
class ResizeOfClosedByArgument(Faithful):
    def resize(self, size, /):
        was_open = not self.closed
        size = operator.index(size)
        if not (was_open and self.closed):
            super().resize(size)
