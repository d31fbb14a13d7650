"""Miniatures that are wrong in what indexing, slicing or assignment do."""

import ctypes
import mmap
import operator
import sys

from miniatures import caught_by
from miniatures.faithful import Faithful


@caught_by("sequence.item-above", "expected IndexError, but the operation returned 0")
class BehindLengthReadable(Faithful):
    def __getitem__(self, key):
        if type(key) is int and len(self) <= key < -(-len(self) // mmap.PAGESIZE) * mmap.PAGESIZE:
            return 0
        return super().__getitem__(key)


@caught_by("sequence.item-negative", "IndexError was raised: negative index")
class NegativeIndexRefused(Faithful):
    def __getitem__(self, key):
        if type(key) is int and key < 0:
            raise IndexError("negative index")
        return super().__getitem__(key)


@caught_by("sequence.slice-huge-bounds", "OverflowError was raised: bound is too large")
class HugeSliceBoundsRefused(Faithful):
    def __getitem__(self, key):
        if isinstance(key, slice):
            for bound in (key.start, key.stop):
                if type(bound) is int and abs(bound) > sys.maxsize + 1:
                    raise OverflowError("bound is too large")
        return super().__getitem__(key)


@caught_by("sequence.slice-type", "assert <class 'bytearray'> is bytes")
class SliceIsByteArray(Faithful):
    def __getitem__(self, key):
        found = super().__getitem__(key)
        return bytearray(found) if isinstance(key, slice) else found


@caught_by("sequence.slice-step", "At index 1 diff: b'\\xa7' != b'8'")
class StepIgnored(Faithful):
    def __getitem__(self, key):
        if isinstance(key, slice):
            key = slice(key.start, key.stop)
        return super().__getitem__(key)


@caught_by("assignment.value-range", "expected ValueError, but the operation returned None")
class ValueReduced(Faithful):
    def __setitem__(self, key, value):
        super().__setitem__(key, value & 255 if type(value) is int else value)


@caught_by("assignment.slice-size-error", "expected IndexError, got ValueError")
class WrongSizeIsValueError(Faithful):
    def __setitem__(self, key, value):
        try:
            super().__setitem__(key, value)
        except IndexError as error:
            raise (ValueError(str(error)) if isinstance(key, slice) else error) from None


@caught_by(
    "assignment.slice-too-long",
    "IndexError was raised, but left changes: contents of the mapping",
)
class WrongSizeWritesSome(Faithful):
    def __setitem__(self, key, value):
        if isinstance(key, slice):
            for index, byte in zip(range(*key.indices(len(self))), bytes(value), strict=False):
                super().__setitem__(index, byte)
        super().__setitem__(key, value)


@caught_by("assignment.index-bad-conversion", "assert 2 in (0, 1)")
class ValueConvertedTwiceForBadIndex(Faithful):
    def __setitem__(self, key, value):
        if type(key) is int and not -len(self) <= key < len(self):
            operator.index(value)
            operator.index(value)
            raise IndexError("no such place")
        super().__setitem__(key, value)


@caught_by("assignment.readonly-before-index", "expected TypeError, got IndexError")
class ReadOnlyJudgedLast(Faithful):
    def __setitem__(self, key, value):
        if type(key) is int and not -len(self) <= key < len(self):
            raise IndexError("index out of range")
        super().__setitem__(key, value)


@caught_by("iteration.bytes", "At index 0 diff: 0 != b'\\x00'")
class IterationYieldsInts(Faithful):
    def __iter__(self):
        return iter(self[:])


@caught_by("iteration.contains-int", "assert (97 in <remote miniatures.judged.mmap m>) is False")
class ContainsInts(Faithful):
    def __contains__(self, value):
        return value in self[:]


@caught_by("assignment.delete-item", "expected TypeError, but the operation returned None")
class DeletionZeroes(Faithful):
    def __delitem__(self, key):
        if isinstance(key, slice):
            super().__delitem__(key)
        self[key] = 0


@caught_by("assignment.alias-upwards", "At index 2 diff: b'\\x00' != b'\\xa7'")
class OverlapCopiedForwards(Faithful):
    def __setitem__(self, key, value):
        if isinstance(key, slice) and isinstance(value, memoryview):
            for index, place in enumerate(range(*key.indices(len(self)))):
                super().__setitem__(place, value[index])
        else:
            super().__setitem__(key, value)


@caught_by("reentrancy.grow-in-store-value", "died by SIGSEGV in: m[", outcome="crash")
class ValueConvertedAfterChecks(Faithful):
    """Writes to where the byte lay before the value was converted."""

    def __setitem__(self, key, value):
        if type(key) is not int or self.closed or not 0 <= key < len(self):
            super().__setitem__(key, value)
        else:
            bytes_of_map = (ctypes.c_char * len(self)).from_buffer(self)
            place = ctypes.addressof(bytes_of_map) + key
            del bytes_of_map
            ctypes.memset(place, operator.index(value), 1)


@caught_by("assignment.index-closes", "expected ValueError, but the operation returned None")
class IndexClosesUnnoticed(Faithful):
    def __setitem__(self, key, value):
        index = key if isinstance(key, slice) else operator.index(key)
        if not self.closed:
            super().__setitem__(index, value)


@caught_by("assignment.value-closes", "expected ValueError, but the operation returned None")
class ValueClosesUnnoticed(Faithful):
    def __setitem__(self, key, value):
        if type(key) is int and not isinstance(value, int) and hasattr(value, "__index__"):
            value = operator.index(value)
        if not self.closed:
            super().__setitem__(key, value)


@caught_by("sequence.slice-bound-closes", "expected ValueError, but the operation returned b")
class SliceBoundClosesUnnoticed(Faithful):
    def __getitem__(self, key):
        if isinstance(key, slice) and not self.closed:
            length = len(self)
            indices = range(*key.indices(length))
            if self.closed:
                return bytes(len(indices))
        return super().__getitem__(key)


@caught_by(
    "assignment.source-closes",
    "expected ValueError, but the operation returned None",
    on="python3.13",
)
class SourceClosesUnnoticed(Faithful):
    def __setitem__(self, key, value):
        if isinstance(key, slice) and not isinstance(value, (bytes, str)):
            value = bytes(value)
        if not self.closed:
            super().__setitem__(key, value)


@caught_by(
    "iteration.subclass", "At index 0 diff: [b'a', b'b', b'c'] != [97, 98, 99]", control="stdlib"
)
class SubclassYieldsBytes(Faithful):
    """``Faithful`` itself: its subclasses inherit the ``__iter__`` that it needs."""
