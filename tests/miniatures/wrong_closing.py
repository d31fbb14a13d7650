"""Miniatures that are wrong in what closing, exports or the with statement do."""

import contextlib

from miniatures import caught_by
from miniatures.faithful import Faithful


@caught_by("close.refuses-len", "expected ValueError, but the operation returned 0")
class LengthOfClosedIsZero(Faithful):
    def __len__(self):
        return 0 if self.closed else super().__len__()


@caught_by("close.refuses-seek", "expected ValueError, but the operation returned None")
class SeekOnClosedWorks(Faithful):
    def seek(self, *args):
        return None if self.closed else super().seek(*args)


@caught_by("close.refuses-iteration", "expected ValueError, but the operation returned")
class ClosedIsEmptyToIterate(Faithful):
    def __iter__(self):
        return iter(()) if self.closed else super().__iter__()


@caught_by("close.refuses-flush", "expected ValueError, but the operation returned None")
class FlushOnClosedReadOnlyWorks(Faithful):
    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls, *args, **kwargs)
        made.readonly = kwargs.get("access") == 1
        return made

    def flush(self, *args, **kwargs):
        return None if self.readonly and self.closed else super().flush(*args, **kwargs)


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
