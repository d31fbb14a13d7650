"""Miniatures that are right in one thread, and wrong where another one comes between two steps."""

import threading

from miniatures import caught_by
from miniatures.faithful import Faithful

UNEXPLAINED = "no order explains what the threads saw"


def let_others_run():
    """Give up the interpreter's lock, where there is one, for long enough to be overtaken."""
    threading.Event().wait(0.0002)


def assign_in_halves(mapping, key, value, least):
    """Assign a slice of at least so many bytes in two steps, anything else in one."""
    simple = isinstance(key, slice) and key.step is None
    if not simple or not least <= len(value) == len(range(len(mapping))[key]):
        Faithful.__setitem__(mapping, key, value)
        return
    middle = (key.start or 0) + len(value) // 2
    Faithful.__setitem__(mapping, slice(key.start, middle), value[: len(value) // 2])
    let_others_run()
    Faithful.__setitem__(mapping, slice(middle, key.stop), value[len(value) // 2 :])


@caught_by("threads.written-once", "assert (False, False) == (True, True)")
class WriteByteLosesUpdates(Faithful):
    def write_byte(self, value):
        place = self.tell()
        let_others_run()
        if place >= len(self):
            raise ValueError("at the end")
        self[place] = value
        self.seek(place + 1)


@caught_by("threads.read-once", "assert (False,")
class ReadByteTwice(Faithful):
    def read_byte(self):
        place = self.tell()
        let_others_run()
        if place >= len(self):
            raise ValueError("at the end")
        self.seek(place + 1)
        return self[place]


@caught_by("threads.file-like", UNEXPLAINED)
class ReadInHalves(Faithful):
    def read(self, size=-1, /):
        size = len(self) if size is None or size < 0 else size
        first = super().read(size // 2)
        let_others_run()
        return first + super().read(size - len(first))


@caught_by("threads.sequence", UNEXPLAINED)
class SliceAssignedInHalves(Faithful):
    def __setitem__(self, key, value):
        assign_in_halves(self, key, value, 2)


@caught_by("threads.large-sequence", UNEXPLAINED)
class LongSliceTornInTheMiddle(Faithful):
    def __setitem__(self, key, value):
        assign_in_halves(self, key, value, 1 << 18)


@caught_by("threads.search", UNEXPLAINED)
class FindFromPositionOfBefore(Faithful):
    def find(self, needle, /, *bounds):
        if bounds:
            return super().find(needle, *bounds)
        start = self.tell()
        let_others_run()
        return super().find(needle, start)


@caught_by("threads.resize-size", UNEXPLAINED)
class LengthLagsBehind(Faithful):
    length = None

    def resize(self, size, /):
        self.length = len(self)
        super().resize(size)
        let_others_run()
        self.length = None

    def __len__(self):
        known = self.length
        return super().__len__() if known is None else known


@caught_by("threads.close", UNEXPLAINED)
class SaysClosedBeforeItIs(Faithful):
    closing = False

    def close(self):
        self.closing = True
        let_others_run()
        super().close()

    @property
    def closed(self):
        return self.closing or super().closed


@caught_by("threads.iteration", UNEXPLAINED)
class IteratesOverACopy(Faithful):
    def __iter__(self):
        for value in self[:]:
            yield bytes([value])


@caught_by("threads.close-together", "ValueError was raised: closed already")
class SecondOfTwoClosesRaises(Faithful):
    def close(self):
        if self.closed:
            return
        let_others_run()
        if self.closed:
            raise ValueError("closed already")
        super().close()


@caught_by("threads.maps-of-their-own", "not what this thread has written")
class MapsShareWhatTheySearchFor(Faithful):
    sought = None

    def find(self, needle, /, *bounds):
        MapsShareWhatTheySearchFor.sought = bytes(needle)
        let_others_run()
        return super().find(MapsShareWhatTheySearchFor.sought, *bounds)


@caught_by("threads.signal-handler", "BufferError was raised: in use")
class RefusesToBeInterrupted(Faithful):
    used = False

    def find(self, needle, /, *bounds):
        if self.used:
            raise BufferError("in use")
        self.used = True
        let_others_run()
        try:
            return super().find(needle, *bounds)
        finally:
            self.used = False


@caught_by("threads.conversion-shrinks", "AssertionError")
class LooksAtTheLengthBeforeTheConversion(Faithful):
    def read(self, size=-1, /):
        length = len(self)
        size = None if size is None else size.__index__()
        assert len(self) == length, "the map was longer when I looked"
        return super().read(size)


@caught_by("threads.large-lines", "<= {")
class LineFoundThenRead(Faithful):
    def readline(self):
        place = self.tell()
        end = super().find(b"\n", place)
        let_others_run()
        return self.read(len(self) if end < 0 else end + 1 - place)
