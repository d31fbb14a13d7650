"""Miniatures that are right in the simple case, and wrong in a combination of circumstances."""

import contextlib
import mmap
import operator
import os
import sys
import warnings

from miniatures import caught_by
from miniatures.faithful import Faithful, MadeWith

# -- resize() and size() ------------------------------------------------------


@caught_by("resize.access-copy", "expected TypeError, but the operation returned None")
class AnonymousCopyResizes(MadeWith, Faithful):
    def resize(self, size, /):
        with contextlib.suppress(TypeError if self.anonymous else ()):
            super().resize(size)


@caught_by(
    "resize.shared-anonymous-growth",
    "expected ValueError, but the operation returned None",
    on="python3.15",
)
class SharedMemoryGrowsAgain(MadeWith, Faithful):
    def resize(self, size, /):
        if not (self.anonymous and len(self) < size <= self.first_length):
            super().resize(size)


@caught_by("resize.file-offset", "first difference at (lengths 12288 and 4196)")
class FileBehindTheMapStays(MadeWith, Faithful):
    def resize(self, size, /):
        rest = b""
        if self.made_with.get("offset"):
            end = self.made_with["offset"] + max(len(self), size)
            rest = os.pread(self.fileno, 1 << 20, end)
        super().resize(size)
        if rest:
            os.pwrite(self.fileno, rest, end)


@caught_by("resize.file-limit", "assert 'EIO' == 'EFBIG'")
class ResizeLosesTheNumber(Faithful):
    def resize(self, size, /):
        try:
            super().resize(size)
        except OSError as error:
            raise OSError(5, error.strerror) from None


@caught_by("resize.index-argument", "TypeError was raised: a size is no bool")
class ResizeRefusesBool(Faithful):
    def resize(self, size, /):
        if isinstance(size, bool):
            raise TypeError("a size is no bool")
        super().resize(size)


@caught_by("resize.bounds-after", "ValueError was raised: out of range")
class FlushKnowsTheFirstLength(MadeWith, Faithful):
    def flush(self, *args, **kwargs):
        if sum(args) > self.first_length:
            raise ValueError("out of range")
        return super().flush(*args, **kwargs)


@caught_by("resize.bounds-after", "ValueError was raised: out of range")
class MadviseKnowsTheFirstLength(MadeWith, Faithful):
    def madvise(self, option, *span):
        if span and span[0] >= self.first_length:
            raise ValueError("out of range")
        super().madvise(option, *span)


@caught_by("size.anonymous", "assert 9096 == 5000", on="python3.15")
class SizeOfAnonymousCountsOffset(MadeWith, Faithful):
    def size(self):
        return super().size() + self.made_with.get("offset", 0) * self.anonymous


@caught_by("size.flags-and-prot", "assert (3, 3) == (6, 3)")
class SizeOfPrivateIsLength(MadeWith, Faithful):
    def size(self):
        private = self.made_with.get("flags") == mmap.MAP_PRIVATE
        return len(self) if private else super().size()


@caught_by("size.untracked", "expected ValueError, but the operation returned 4", on="python3.15")
class SizeOfUntrackedMemoryIsLength(MadeWith, Faithful):
    def size(self):
        try:
            return super().size()
        except ValueError:
            if not self.made_with.get("flags", 0) & mmap.MAP_ANONYMOUS:
                raise
            return len(self)


@caught_by("size.arity", "expected TypeError, but the operation returned 3")
class SizeTakesKeywords(Faithful):
    def size(self, **_):
        return super().size()


@caught_by("sharing.caller-position", "At index 0 diff: 5000 != 0")
class SizeSeeks(MadeWith, Faithful):
    def size(self):
        if not (self.closed or self.anonymous):
            os.lseek(self.fileno, 0, os.SEEK_END)
        return super().size()


@caught_by("sharing.own-descriptor-lost", "['EBADF', 'None', 'None', '5000'")
class LostDescriptorIgnored(Faithful):
    def resize(self, size, /):
        with contextlib.suppress(OSError):
            super().resize(size)


# -- flush() ------------------------------------------------------------------


@caught_by("flush.unaligned-offset", "expected OSError with errno EINVAL, but")
class PrivateFlushDoesNothing(MadeWith, Faithful):
    def flush(self, *args, **kwargs):
        private = self.made_with.get("flags") == mmap.MAP_PRIVATE
        with contextlib.suppress(OSError if private else ()):
            super().flush(*args, **kwargs)


@caught_by("flush.unaligned-offset", "expected OSError with errno EINVAL, but")
class FlushAtTheEndDoesNothing(Faithful):
    def flush(self, offset=0, /, *size, **kwargs):
        if size != (0,) or offset != len(self):
            super().flush(offset, *size, **kwargs)


@caught_by("flush.nothing-in-range", "expected ValueError, but the operation returned None")
class ReadonlyByProtIsNotJudged(MadeWith, Faithful):
    def flush(self, *args, **kwargs):
        if self.closed or self.made_with.get("prot") != mmap.PROT_READ:
            super().flush(*args, **kwargs)


@caught_by("flush.offset-alone", "OSError was raised: [Errno 22] Invalid argument", on="python3.15")
class ReadonlyFlushWantsAlignment(MadeWith, Faithful):
    def flush(self, *args, **kwargs):
        if self.made_with.get("access") == mmap.ACCESS_READ and len(args) == 1 and args[0] % 4096:
            raise OSError(22, os.strerror(22))
        super().flush(*args, **kwargs)


@caught_by("flush.flags", "TypeError was raised: flags are no bool", on="python3.15")
class FlagsRefuseBool(Faithful):
    def flush(self, *args, **kwargs):
        if isinstance(kwargs.get("flags"), bool):
            raise TypeError("flags are no bool")
        super().flush(*args, **kwargs)


@caught_by(
    "flush.flags-unknown",
    "expected OSError with errno EINVAL, but",
    on="python3.15",
)
class FlagsWithSizeIgnored(Faithful):
    def flush(self, *args, flags=0):
        super().flush(*args, flags=operator.index(flags) * (len(args) < 2))


@caught_by(
    "flush.flags-unknown",
    "expected OSError with errno EINVAL, but",
    on="python3.15",
)
class FlagsOfAnonymousIgnored(MadeWith, Faithful):
    def flush(self, *args, flags=0):
        super().flush(*args, flags=0 if self.anonymous else flags)


# -- madvise() ----------------------------------------------------------------


@caught_by("madvise.dontneed-shared", "first difference at index 1:")
class DontneedZeroes(MadeWith, Faithful):
    def madvise(self, option, *span):
        super().madvise(option, *span)
        if option == mmap.MADV_DONTNEED and self.anonymous and not span:
            self[:] = bytes(len(self))


@caught_by("madvise.reaches-system", "assert [[], []] == [['dc'], ['dc']]")
class DontforkIgnored(Faithful):
    def madvise(self, option, *span):
        ignored = option in (mmap.MADV_DONTFORK, mmap.MADV_DOFORK)
        super().madvise(mmap.MADV_NORMAL if ignored else option, *span)


@caught_by("madvise.unfit-option", "expected OSError with errno EINVAL, but")
class UnfitOptionIgnored(Faithful):
    def madvise(self, option, *span):
        with contextlib.suppress(OSError if option in (mmap.MADV_FREE, mmap.MADV_REMOVE) else ()):
            super().madvise(option, *span)


@caught_by("madvise.unaligned-start", "expected OSError with errno EINVAL, but")
class EmptyAdviceIsNotJudged(Faithful):
    def madvise(self, option, *span):
        if span[1:] != (0,) or not 0 <= span[0] < len(self):
            super().madvise(option, *span)


@caught_by("madvise.unaligned-start", "expected OSError with errno EINVAL, but")
class LastPageIsRounded(Faithful):
    def madvise(self, option, *span):
        last = len(self) // mmap.PAGESIZE * mmap.PAGESIZE
        if span and last < span[0] < len(self):
            span = (last, *span[1:])
        super().madvise(option, *span)


# -- trackfd, set_name(), the with statement, errors --------------------------


@caught_by("trackfd.resize", "expected TypeError, got ValueError: no descriptor", on="python3.13")
class UntrackedSizeIsNotConverted(MadeWith, Faithful):
    def resize(self, size, /):
        if not self.made_with.get("trackfd", True):
            raise ValueError("no descriptor")
        super().resize(size)


@caught_by("trackfd.truth", "At index 1 diff: 2 != 1", on="python3.13")
class TruthAskedTwice(Faithful):
    def __new__(cls, *args, **kwargs):
        bool(kwargs.get("trackfd"))
        return super().__new__(cls, *args, **kwargs)


@caught_by("trackfd.anonymous", "== b'AAA'", on="python3.13")
class UntrackedMemoryIsPrivate(Faithful):
    def __new__(cls, fileno, length, *args, **kwargs):
        if fileno == -1 and not args and kwargs.get("trackfd") is False:
            kwargs.setdefault("flags", mmap.MAP_PRIVATE)
        return super().__new__(cls, fileno, length, *args, **kwargs)


@caught_by(
    "set_name.file-map", "expected ValueError, but the operation returned None", on="python3.15"
)
class UntrackedFileCountsAsMemory(MadeWith, Faithful):
    def set_name(self, name, /):
        if self.anonymous or self.made_with.get("trackfd", True):
            super().set_name(name)


@caught_by("set_name.returns-none", "assert False", on="python3.15")
class OneNameOnly(Faithful):
    named = False

    def set_name(self, name, /):
        if self.named:
            raise ValueError("it has a name")
        super().set_name(name)
        self.named = True


@caught_by("set_name.every-anonymous-map", "text='read-only'", on="python3.15")
class ReadonlyMemoryHasNoName(MadeWith, Faithful):
    def set_name(self, name, /):
        if self.made_with.get("prot") == mmap.PROT_READ:
            raise TypeError("read-only")
        super().set_name(name)


@caught_by("context.exception-propagates", "assert [True, False] == [True, True]")
class GeneratorExitLeavesOpen(Faithful):
    def __exit__(self, kind, *details):
        if kind is not GeneratorExit:
            super().__exit__(kind, *details)


@caught_by("context.exit-returns-none", "TypeError was raised: no class of exceptions")
class ExitJudgesItsArguments(Faithful):
    def __exit__(self, kind, *details):
        if kind is not None and not isinstance(kind, type):
            raise TypeError("no class of exceptions")
        super().__exit__(kind, *details)


@caught_by("flush.flags", "expected ValueError, but the operation returned None", on="python3.15")
class ClosedTakesFlags(Faithful):
    def flush(self, *args, **kwargs):
        if not (self.closed and kwargs):
            super().flush(*args, **kwargs)


@caught_by("interpreter.system-error", "(False, False, None) != (True, True, None)")
class ErrorWithoutText(Faithful):
    def madvise(self, *args):
        try:
            super().madvise(*args)
        except OSError as error:
            raise OSError(error.errno, None) from None


@caught_by("audit.not-for-methods", "('mmap.rfind', ())")
class SearchIsAudited(Faithful):
    def rfind(self, *args):
        sys.audit("mmap.rfind")
        return super().rfind(*args)


@caught_by("context.exit-again", "ValueError was raised: closed")
class ExitOfClosedJudgesItsArguments(Faithful):
    def __exit__(self, kind, *details):
        if self.closed and kind is not None:
            raise ValueError("closed")
        super().__exit__(kind, *details)


@caught_by("context.exports", "position of the mapping 2 -> 0")
class RefusedExitRewinds(Faithful):
    def __exit__(self, *details):
        try:
            super().__exit__(*details)
        except BufferError:
            self.seek(0)
            raise


@caught_by("buffer.export-resize-first", "expected BufferError, but the operation returned None")
class RefusedOnceOnly(Faithful):
    refused = False

    def resize(self, size, /):
        try:
            super().resize(size)
        except BufferError:
            if self.refused:
                return
            self.refused = True
            raise


@caught_by("resize.prot-write", "TypeError was raised: executable")
class ExecutableHasItsSize(MadeWith, Faithful):
    def resize(self, size, /):
        if self.made_with.get("prot", 0) & mmap.PROT_EXEC:
            raise TypeError("executable")
        super().resize(size)


@caught_by("resize.length", "TypeError was raised: of a subclass")
class SubclassHasItsSize(Faithful):
    def resize(self, size, /):
        if type(self) is not SubclassHasItsSize:
            raise TypeError("of a subclass")
        super().resize(size)


@caught_by("madvise.clipped", "[False, False] == [True, True]")
class AdviceHas32Bits(Faithful):
    def madvise(self, option, *span):
        if len(span) == 2 and span[1] >= 1 << 30:
            span = (span[0], span[1] & 4095)
        super().madvise(option, *span)


@caught_by("flush.offset-past-end", "expected ValueError, but the operation returned None")
class MinusOneIsNotJudged(Faithful):
    def flush(self, *args, **kwargs):
        if self.closed or len(args) < 2 or args[1] != -1 or args[0] <= len(self):
            super().flush(*args, **kwargs)


@caught_by("interpreter.no-warning", "assert ['still open'] == []")
class WarnsOfOpenMaps(Faithful):
    def __del__(self):
        if not self.closed:
            warnings.warn("still open", ResourceWarning, stacklevel=2)
