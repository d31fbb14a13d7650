"""Miniatures that are wrong where arguments, the kernel or the process are hostile."""

import atexit
import contextlib
import ctypes
import errno
import mmap
import operator
import os
import sys

from miniatures import caught_by
from miniatures.faithful import Faithful


def touch(mapping, index):
    """Read the byte at an index of a writable map, be it outside of it."""
    memory = ctypes.c_char.from_buffer(mapping)
    start = ctypes.addressof(memory)
    del memory
    ctypes.string_at(start + index, 1)


@caught_by("guard_pages.searching", "died by SIGSEGV", outcome="crash")
class FindReadsBehindTheEnd(Faithful):
    def find(self, needle, /, *bounds):
        touch(self, len(self))
        return super().find(needle, *bounds)


@caught_by("guard_pages.searching", "died by SIGSEGV", outcome="crash")
class RfindReadsBeforeTheStart(Faithful):
    def rfind(self, needle, /, *bounds):
        touch(self, -1)
        return super().rfind(needle, *bounds)


@caught_by("guard_pages.reading", "died by SIGSEGV", outcome="crash")
class ReadlineReadsBehindTheEnd(Faithful):
    def readline(self):
        touch(self, len(self))
        return super().readline()


@caught_by("guard_pages.moving", "died by SIGSEGV", outcome="crash")
class MoveReadsBehindTheSource(Faithful):
    def move(self, destination, source, count, /):
        super().move(destination, source, count)
        touch(self, source + count)


@caught_by("guard_pages.items", "died by SIGSEGV", outcome="crash")
class ItemReadsTheNext(Faithful):
    def __getitem__(self, key):
        if isinstance(key, int):
            touch(self, key % len(self) + 1)
        return super().__getitem__(key)


@caught_by("guard_pages.slices", "died by SIGSEGV", outcome="crash")
class SliceReadsOneStepFurther(Faithful):
    def __getitem__(self, key):
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            touch(self, start + len(range(start, stop, step)) * step)
        return super().__getitem__(key)


@caught_by("guard_pages.iteration", "died by SIGSEGV", outcome="crash")
class IterationReadsAhead(Faithful):
    def __iter__(self):
        for index, byte in enumerate(super().__iter__()):
            touch(self, index + 1)
            yield byte


@caught_by("guard_pages.writing", "died by SIGSEGV", outcome="crash")
class WriteReadsBehindTheEnd(Faithful):
    def write(self, data, /):
        written = super().write(data)
        touch(self, self.tell())
        return written


@caught_by("growth.reading", "'blocks'")
class ReadKeepsItsResult(Faithful):
    kept = []

    def read(self, *args):
        self.kept.append(super().read(*args))
        return self.kept[-1]


@caught_by("growth.construction", "'mappings'")
class ConstructorLeaksMapping(Faithful):
    kept = []

    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls, *args, **kwargs)
        if len(cls.kept) < 20_000:
            cls.kept.append(mmap.mmap(-1, 1))
        return made


@caught_by("growth.refused-construction", "'blocks'")
class RefusedConstructionLeaks(Faithful):
    kept = []

    def __new__(cls, *args, **kwargs):
        cls.kept.append([args])
        made = super().__new__(cls, *args, **kwargs)
        cls.kept.pop()
        return made


@caught_by("growth.writing", "'blocks'")
class WriteKeepsItsArgument(Faithful):
    kept = []

    def write(self, data, /):
        self.kept.append([data])
        return super().write(data)


@caught_by("growth.iteration", "'blocks'")
class IteratorsAreKept(Faithful):
    kept = []

    def __iter__(self):
        self.kept.append([super().__iter__()])
        return super().__iter__()


@caught_by("growth.refused-operations", "'blocks'")
class RefusedWriteLeaks(Faithful):
    kept = []

    def write(self, data, /):
        self.kept.append([data])
        written = super().write(data)
        self.kept.pop()
        return written


@caught_by("growth.hostile-arguments", "'blocks'")
class FailedConversionLeaks(Faithful):
    kept = []

    def move(self, destination, source, count, /):
        self.kept.append([destination])
        numbers = [operator.index(number) for number in (destination, source, count)]
        super().move(*numbers)
        self.kept.pop()


@caught_by("reentrancy.access-in-index", "Returned(value=b'\\x00\\xa7N", control="stdlib")
class ReadAtTheOldPosition(Faithful):
    def read(self, size=-1, /):
        position = self.tell()
        size = operator.index(size)
        self.seek(position)
        return super().read(size)


@caught_by("reentrancy.access-in-buffer", "assert (", on="python3.13")
class WriteAtTheOldPosition(Faithful):
    def write(self, data, /):
        position = self.tell()
        data = bytes(memoryview(data))
        self.seek(position)
        return super().write(data)


@caught_by("reentrancy.access-in-madvise", "assert (")
class MadviseRestoresThePosition(Faithful):
    def madvise(self, *args):
        position = self.tell()
        args = [operator.index(number) for number in args]
        super().madvise(*args)
        self.seek(position)


@caught_by("reentrancy.construction", "assert")
class SizeBeforeConversion(Faithful):
    def __new__(cls, fileno, length, *args, **kwargs):
        if length == 0 and operator.index(fileno) >= 0:
            length = os.fstat(fileno).st_size or 1
        return super().__new__(cls, fileno, length, *args, **kwargs)


@caught_by(
    "reentrancy.size-in-index", "source, destination, or count out of range", control="stdlib"
)
class MoveChecksTheOldLength(Faithful):
    def move(self, destination, source, count, /):
        length = len(self)
        destination, source, count = map(operator.index, (destination, source, count))
        with contextlib.suppress(ValueError if length != len(self) else ()):
            super().move(destination, source, count)


@caught_by("reentrancy.access-in-resize", "assert (")
class ResizeRestoresThePosition(Faithful):
    def resize(self, size, /):
        position = self.tell()
        super().resize(size)
        self.seek(min(position, len(self)))


@caught_by("limits.as-specified", "(4294967295, Returned(value=None), ValueError)")
class SeekTakesAnInt(Faithful):
    def seek(self, distance, *whence):
        distance = operator.index(distance)
        return super().seek((distance + (1 << 31)) % (1 << 32) - (1 << 31), *whence)


@caught_by("limits.position-regained", "At index 0 diff: 100 != 5000")
class ShrinkMovesThePosition(Faithful):
    def resize(self, size, /):
        super().resize(size)
        if self.tell() > len(self):
            self.seek(0, 2)


@caught_by("limits.position-past-end", "At index 1 diff: 100 != 5000")
class FlushMovesThePosition(Faithful):
    def flush(self, *args, **kwargs):
        super().flush(*args, **kwargs)
        self.seek(min(self.tell(), len(self)))


@caught_by("resources.no-memory-in-place", "MemoryError was raised")
class MoveCopies(Faithful):
    def move(self, destination, source, count, /):
        self[destination : destination + count] = self[source : source + count]


@caught_by("resources.no-descriptor-methods", "OSError was raised: [Errno 24]")
class SizeNeedsDescriptor(Faithful):
    def size(self):
        os.close(os.open(os.devnull, os.O_RDONLY))
        return super().size()


@caught_by("resources.position-without-memory", "At index 1 diff: 268435456 != 5", on="python3.13")
class ReadWithoutMemoryMoves(Faithful):
    def read(self, *args):
        try:
            return super().read(*args)
        except MemoryError:
            self.seek(0, 2)
            raise


@caught_by("resources.no-descriptor", "ValueError was raised")
class NoDescriptorIsValueError(Faithful):
    def __new__(cls, *args, **kwargs):
        try:
            return super().__new__(cls, *args, **kwargs)
        except OSError as error:
            if error.errno == errno.EMFILE:
                raise ValueError(str(error)) from None
            raise


@caught_by("resources.no-address-space", "MemoryError was raised")
class NoAddressSpaceIsMemoryError(Faithful):
    def __new__(cls, *args, **kwargs):
        try:
            return super().__new__(cls, *args, **kwargs)
        except OSError as error:
            if error.errno == errno.ENOMEM:
                raise MemoryError from None
            raise


@caught_by("resources.no-memory-for-result", "assert (False, False,")
class ReadWithoutMemoryIsEmpty(Faithful):
    def read(self, *args):
        try:
            return super().read(*args)
        except MemoryError:
            return b""


@caught_by("resources.sealed-write", "expected PermissionError, but the operation returned")
class SealedFileIsCopied(Faithful):
    def __new__(cls, fileno, length, *args, **kwargs):
        try:
            return super().__new__(cls, fileno, length, *args, **kwargs)
        except PermissionError:
            return super().__new__(cls, fileno, length, access=mmap.ACCESS_COPY)


@caught_by("resources.sealed-copy", "PermissionError was raised")
class CopyIsShared(Faithful):
    def __new__(cls, *args, access=0, **kwargs):
        access = mmap.ACCESS_WRITE if access == mmap.ACCESS_COPY else access
        return super().__new__(cls, *args, access=access, **kwargs)


@caught_by("resources.no-descriptor-anonymous", "OSError was raised: [Errno 24]")
class AnonymousMapNeedsDescriptor(Faithful):
    def __new__(cls, *args, **kwargs):
        os.close(os.open(os.devnull, os.O_RDONLY))
        return super().__new__(cls, *args, **kwargs)


@caught_by("resources.sealed-size", "expected PermissionError, but the operation returned None")
class SealedResizeIgnored(Faithful):
    def resize(self, size, /):
        with contextlib.suppress(PermissionError):
            super().resize(size)


@caught_by("sharing.own-descriptor-not-passed", "['1'] != ['0']")
class DescriptorIsInheritable(Faithful):
    def __new__(cls, fileno, *args, **kwargs):
        made = super().__new__(cls, fileno, *args, **kwargs)
        made.own = os.dup(fileno) if fileno >= 0 else -1
        if fileno >= 0:
            os.set_inheritable(made.own, True)
        return made

    def close(self):
        if self.own >= 0 and not self.closed:
            os.close(self.own)
        super().close()


@caught_by("sharing.fork-resize", "assert (20000,")
class LengthFollowsTheFile(Faithful):
    def __len__(self):
        return super().__len__() if self.closed else self.size()


@caught_by("sharing.shared-memory", "assert (True,")
class CloseOfExportedIsSilent(Faithful):
    def close(self):
        with contextlib.suppress(BufferError):
            super().close()


@caught_by("interpreter.signal-handler", "RuntimeError was raised: busy")
class RefusesReentry(Faithful):
    busy = False

    def find(self, needle, /, *bounds):
        self.busy = True
        try:
            return super().find(needle, *bounds)
        finally:
            self.busy = False

    def write(self, data, /):
        if self.busy:
            raise RuntimeError("busy")
        return super().write(data)


@caught_by("interpreter.exit-finalizers", "assert (0,")
class ClosedAtExit(Faithful):
    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls, *args, **kwargs)
        atexit.register(made.close)
        return made


@caught_by("audit.after-conversion", "At index 0 diff")
class EventBeforeConversion(Faithful):
    def __new__(cls, *args, **kwargs):
        sys.audit("mmap.__new__", -1, 10, 0, 0)
        return super().__new__(cls, *args, **kwargs)


@caught_by("audit.file-after-event", "assert 10 == 20")
class SizeBeforeEvent(Faithful):
    def __new__(cls, fileno, length, *args, **kwargs):
        if length == 0 and operator.index(fileno) >= 0:
            length = os.fstat(fileno).st_size
        return super().__new__(cls, fileno, length, *args, **kwargs)
