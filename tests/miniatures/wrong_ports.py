"""Miniatures with mistakes of ports: of what they are given, of sizes, orders and operators."""

import collections.abc
import ctypes
import operator

from miniatures import caught_by
from miniatures.faithful import Faithful, MadeWith


def one_dimension(data):
    """The same, if it has a dimension."""
    if not memoryview(data).shape:
        raise TypeError("no dimension")
    return data


def without_gaps(data):
    """The same, if the items of a view lie one behind the other, even where there is only one."""
    if isinstance(data, memoryview) and data.ndim == 1 and data.strides != (data.itemsize,):
        raise BufferError("not contiguous")
    return data


def from_the_allocation(data):
    """The bytes from where the memory of a bytearray begins, be it before its first byte."""
    if type(data) is not bytearray or not data:
        return data
    behind_the_head = ctypes.c_void_p.from_address(id(data) + object.__basicsize__ + 16)
    return ctypes.string_at(behind_the_head.value, len(data))


@caught_by("write.buffers", "TypeError was raised: no dimension")
class WriteNeedsADimension(Faithful):
    def write(self, data, /):
        return super().write(one_dimension(data))


@caught_by("assignment.source-kinds", "not contiguous")
class SourceWithAStrideRefused(Faithful):
    def __setitem__(self, key, value):
        super().__setitem__(key, without_gaps(value))


@caught_by("write.buffers", "At index 2 diff: b'xxcdef' != b'xycdef'")
class WriteFromTheAllocation(Faithful):
    def write(self, data, /):
        return super().write(from_the_allocation(data))


@caught_by("write.not-a-buffer", "expected TypeError, but the operation returned")
class WriteAsksForBytes(Faithful):
    def write(self, data, /):
        return super().write(bytes(data) if hasattr(data, "__bytes__") else data)


@caught_by("close.refuses-as-argument", "expected ValueError, but the operation returned 0")
class ClosedMapIsAnEmptySource(Faithful):
    def write(self, data, /):
        closed = isinstance(data, Faithful) and data.closed and not self.closed
        return super().write(b"" if closed else data)


@caught_by("large.find", "(1048573, -1)")
class FindInPartsOfAMiB(Faithful):
    def find(self, needle, /, *bounds):
        found = super().find(needle, *bounds)
        first = found - (operator.index(bounds[0]) if bounds else self.tell())
        last = first + len(needle) - 1
        return found if first < 0 or first >> 20 == last >> 20 else -1


@caught_by("large.rfind", "the assertion did not hold")
class RfindComparesTheHead(Faithful):
    def rfind(self, needle, /, *bounds):
        return super().rfind(memoryview(needle)[: 1 << 16], *bounds)


@caught_by("readline.newline-included", "(1024, 0)")
class ReadlineInPartsOfAKiB(Faithful):
    def readline(self):
        line = super().readline()
        whole = len(line) % 1024 or not line.endswith(b"\n")
        return line if whole else line + super().readline()


@caught_by("resize.bounds-after", "assert False is True")
class FindUpToTheFirstLength(MadeWith, Faithful):
    def find(self, needle, /, *bounds):
        bounds = bounds or (self.tell(),)
        return super().find(needle, *bounds, *[self.first_length][len(bounds) - 1 :])


@caught_by("seek.tell-returns-int", "assert <class 'bool'> is int")
class TellsWhatItWasGiven(Faithful):
    given = None

    def seek(self, distance, *whence):
        found = super().seek(distance, *whence)
        self.given = distance
        return found

    def tell(self):
        position = super().tell()
        return self.given if self.given == position else position


@caught_by("seek.returns-position", "At index 0 diff: <class 'bool'>", on="python3.13")
class SeekReturnsWhatItWasGiven(Faithful):
    def seek(self, distance, whence=0, /):
        found = super().seek(distance, whence)
        return found if whence else distance


@caught_by("reentrancy.index-order", "assert [7, 5, 60] == [60, 5, 7]")
class MoveConvertsBackwards(Faithful):
    def move(self, destination, source, count, /):
        count, source, destination = map(operator.index, (count, source, destination))
        super().move(destination, source, count)


@caught_by("reentrancy.index-order-madvise", "assert [9, 4096, 0] == [0, 4096, 9]")
class MadviseConvertsBackwards(Faithful):
    def madvise(self, *args):
        super().madvise(*[operator.index(number) for number in reversed(args)][::-1])


@caught_by("reentrancy.index-of-int-subclass", "TypeError was raised: an int")
class ValueIsExactlyAnInt(Faithful):
    def __setitem__(self, key, value):
        if isinstance(value, int) and type(value) not in (int, bool):
            raise TypeError("an int")
        super().__setitem__(key, value)


@caught_by("constructor.bool", "TypeError was raised: an int")
class MemberOfAnEnumerationRefused(Faithful):
    def __new__(cls, *args, **kwargs):
        for value in (*args, *kwargs.values()):
            if isinstance(value, int) and type(value) not in (int, bool):
                raise TypeError("an int")
        return super().__new__(cls, *args, **kwargs)


@caught_by("constructor.unknown-keyword", "expected TypeError, but the operation returned")
class DescriptorHasASecondName(Faithful):
    def __new__(cls, *args, **kwargs):
        if "fd" in kwargs:
            kwargs["fileno"] = kwargs.pop("fd")
        return super().__new__(cls, *args, **kwargs)


@caught_by("type.subclass-method-override", "tell was called")
class FindCallsTell(Faithful):
    def find(self, needle, /, *bounds):
        return super().find(needle, *(bounds or (self.tell(),)))


@caught_by("comparison.reflected", "TypeError was raised")
class SumIsRefusedAtOnce(Faithful):
    def __add__(self, other):
        raise TypeError("no sum")


@caught_by("comparison.add", "expected TypeError, but the operation returned")
class ListTakesAMap(Faithful):
    def __radd__(self, other):
        return other if isinstance(other, list) else NotImplemented


@caught_by("type.abstract-classes", "assert True is False")
class IsASequence(Faithful):
    """Registered below, as ports in Python are."""


collections.abc.MutableSequence.register(IsASequence)


@caught_by("type.no-other-kind", "expected TypeError, but the operation returned")
class ClassIsGeneric(Faithful):
    def __class_getitem__(cls, key):
        return cls


@caught_by("type.str", "expected TypeError, but the operation returned")
class FormatsItsText(Faithful):
    def __format__(self, specification):
        return format(str(self), specification)


@caught_by("iteration.contains-error", "expected StopIteration, but the operation returned False")
class ErrorsEndContainment(Faithful):
    def __contains__(self, value):
        try:
            return [byte for byte in self if value == byte] != []
        except StopIteration:
            return False


@caught_by("iteration.contains-equality", "(True, 3) == (True, 1)")
class ContainmentComparesAll(Faithful):
    def __contains__(self, value):
        return [byte for byte in self if value == byte] != []


@caught_by("read.argument-type", "expected TypeError, but the operation returned b''")
class CountAtTheEndUnlookedAt(Faithful):
    def read(self, *args):
        at_the_end = not self.closed and self.tell() >= len(self)
        return b"" if at_the_end and len(args) == 1 else super().read(*args)
