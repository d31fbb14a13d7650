"""Miniatures that are wrong in what closing, exports or the with statement do."""

import contextlib
import ctypes
import gc
import operator

from miniatures import caught_by
from miniatures.faithful import Faithful, MadeWith


@caught_by("close.refuses-len", "expected ValueError, but the operation returned 0")
class LengthOfClosedIsZero(Faithful):
    def __len__(self):
        return 0 if self.closed else super().__len__()


@caught_by("close.refuses-seek", "expected ValueError, but the operation returned None")
class SeekOnClosedWorks(Faithful):
    def seek(self, *args):
        return None if self.closed else super().seek(*args)


@caught_by("close.conversion-open", "assert 2 in (0, 1)")
class SeekOnClosedConvertsTwice(Faithful):
    def seek(self, position, *args):
        if self.closed:
            operator.index(position)
            operator.index(position)
            raise ValueError("closed")
        return super().seek(position, *args)


@caught_by("close.resize-bad-argument", "but the operation returned None")
class ResizeOfClosedTakesAnything(Faithful):
    def resize(self, size, /):
        if not self.closed or type(size) is int:
            super().resize(size)


@caught_by("close.refuses-iteration", "expected ValueError, but the operation returned")
class ClosedIsEmptyToIterate(Faithful):
    def __iter__(self):
        return iter(()) if self.closed else super().__iter__()


@caught_by("close.refuses-flush", "expected ValueError, but the operation returned None")
class FlushOnClosedReadOnlyWorks(MadeWith, Faithful):
    def flush(self, *args, **kwargs):
        readonly = self.made_with.get("access") == 1
        return None if readonly and self.closed else super().flush(*args, **kwargs)


@caught_by("close.exported", "expected BufferError, but the operation returned None")
class CloseIgnoresExports(Faithful):
    def close(self):
        with contextlib.suppress(BufferError):
            super().close()


@caught_by("buffer.export-resize-first", "expected BufferError, but the operation returned None")
class ResizeIgnoresExports(Faithful):
    def resize(self, size, /):
        with contextlib.suppress(BufferError):
            super().resize(size)


@caught_by("close.again", "ValueError was raised: closed already")
class SecondCloseRaises(Faithful):
    def close(self):
        if self.closed:
            raise ValueError("closed already")
        super().close()


@caught_by("context.exit-closes", "assert False is True")
class ExitDoesNotClose(Faithful):
    def __exit__(self, *details):
        return None


@caught_by("context.exception-propagates", "assert None == [True, True]")
class ExitSwallows(Faithful):
    def __exit__(self, *details):
        super().__exit__(*details)
        return True


@caught_by("context.enter-returns-self", "assert False is True")
class EnterReturnsView(Faithful):
    def __enter__(self):
        return memoryview(super().__enter__())


@caught_by("buffer.needle-released-type", "BufferError was raised: Existing exports of data")
class NeedleKeptOnError(Faithful):
    kept = []

    def find(self, needle, /, *bounds):
        view = memoryview(needle)
        try:
            return super().find(needle, *bounds)
        except TypeError:
            self.kept.append(view)
            raise
        finally:
            if not self.kept:
                view.release()


@caught_by("close.refuses-item", "died by SIGSEGV in: m[0]", outcome="crash")
class ItemOfClosedTouchesMemory(Faithful):
    """Reads through the address that close() has set to 0."""

    def __getitem__(self, key):
        if self.closed and type(key) is int:
            return ctypes.c_ubyte.from_address(key).value
        return super().__getitem__(key)


@caught_by(
    "close.refuses-memoryview", "expected ValueError, but the operation returned", on="python3.13"
)
class ClosedHandsOutBuffer(Faithful):
    def __buffer__(self, flags):
        return memoryview(b"\0") if self.closed else super().__buffer__(flags)


@caught_by("context.exit-ignores-override", "assert [1, True] == [0, True]")
class ExitCallsClose(Faithful):
    def __exit__(self, *details):
        self.close()


@caught_by("close.exported-slice", "expected BufferError, but the operation returned None")
class SliceOfViewDoesNotCount(Faithful):
    """Refuses to be closed only while a view of the whole map is alive."""

    def close(self):
        try:
            super().close()
        except BufferError:
            if any(is_whole(view, len(self)) for view in views_of(self)):
                raise


def views_of(mapping):
    """The memoryviews of a mapping, released ones too: each refers to a buffer that does."""
    buffers = [b for b in gc.get_referrers(mapping) if type(b).__name__ == "managedbuffer"]
    return [v for v in gc.get_referrers(*buffers) if type(v) is memoryview] if buffers else []


def is_whole(view, size):
    """Whether a view is alive and shows everything, byte by byte."""
    try:
        return (len(view), view.format) == (size, "B")
    except ValueError:
        return False


@caught_by("buffer.export-subclass", "TypeError was raised: no buffer", on="python3.13")
class SubclassWithoutBuffer(Faithful):
    def __buffer__(self, flags):
        if type(self) is not SubclassWithoutBuffer:
            raise TypeError("no buffer")
        return super().__buffer__(flags)
