"""Miniatures whose module or type is wrong in one thing."""

from miniatures import caught_by
from miniatures.faithful import Faithful


@caught_by("module.public-names", "At index 1 diff: 'granularity' != 'mmap'")
class ExtraName(Faithful):
    module_names = {"granularity": 4096}


@caught_by("module.error", "is OSError")
class ErrorIsOwnClass(Faithful):
    module_names = {"error": type("error", (Exception,), {})}


@caught_by("module.access-values", "assert (1, 2, 4) == (1, 2, 3)")
class WrongConstant(Faithful):
    module_names = {"ACCESS_COPY": 4}


@caught_by("comparison.not-equal-maps", "assert (True, False) == (False, True)")
class EqualByContents(Faithful):
    def __eq__(self, other):
        return isinstance(other, Faithful) and self[:] == other[:]

    __hash__ = Faithful.__hash__


@caught_by("comparison.hash-stable", "remote method builtins.hash")
class HashOfContents(Faithful):
    def __hash__(self):
        return hash(self[:])


@caught_by("comparison.add", "expected TypeError, but the operation returned b'abca'")
class AddsLikeBytes(Faithful):
    def __add__(self, other):
        return self[:] + other


@caught_by("type.repr", "repr() is '<miniatures.judged.mmap object at")
class PlainRepr(Faithful):
    __repr__ = object.__repr__


@caught_by("type.getsizeof", "remote method sys.getsizeof")
class SizeofCountsMapping(Faithful):
    def __sizeof__(self):
        return super().__sizeof__() + (0 if self.closed else len(self))


@caught_by("type.pickle", "expected TypeError, but the operation returned")
class CanBePickled(Faithful):
    def __reduce_ex__(self, protocol):
        return bytes, (self[:],)


@caught_by("type.immutable-new-name", "assert 'changed' == 'refused'", control="stdlib")
class ClassTakesAttributes(Faithful):
    """``Faithful`` itself: a class that was written in Python can be changed."""


@caught_by("type.repr-subclass", "assert 'mmap.mmap' == 'Own'")
class ReprNamesBaseClass(Faithful):
    def __repr__(self):
        details = super().__repr__().partition(" ")[2]
        own = type(self) is not ReprNamesBaseClass
        return f"<{'mmap.mmap' if own else 'mmap'} {details}"
