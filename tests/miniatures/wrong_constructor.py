"""Miniatures whose constructor is wrong in one thing."""

import errno
import inspect
import mmap
import operator
import os
import sys

from miniatures import caught_by
from miniatures.faithful import Faithful


def signature(fileno, length, flags=1, prot=3, access=0, offset=0):
    """The parameters of the constructor on Unix."""


def bound(args, kwargs):
    """The arguments by name, defaults filled in."""
    given = inspect.signature(signature).bind(*args, **kwargs)
    given.apply_defaults()
    return given.arguments


@caught_by("constructor.length-negative", "expected OverflowError, got ValueError")
class NegativeLengthIsValueError(Faithful):
    def __new__(cls, *args, **kwargs):
        if bound(args, kwargs)["length"] < 0:
            raise ValueError("negative length")
        return super().__new__(cls, *args, **kwargs)


@caught_by("constructor.access-and-prot", "expected ValueError, but the operation returned")
class AccessWithProtAccepted(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["access"]:
            del given["flags"], given["prot"]
        return super().__new__(cls, **given)


@caught_by("constructor.access-invalid", "expected ValueError, but the operation returned")
class UnknownAccessAccepted(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["access"] not in (0, 1, 2, 3):
            given["access"] = 0
        return super().__new__(cls, **given)


@caught_by("access.pages", "assert (['r--p'], False) == (['r--s'], False)")
class ReadOnlyIsPrivate(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["access"] == mmap.ACCESS_READ:
            given.update(access=0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        return super().__new__(cls, **given)


@caught_by("access.prot-pages", "assert (['rw-s'], False) == (['-w-s'], False)")
class WritableIsReadable(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if not given["access"] and given["prot"] & mmap.PROT_WRITE:
            given["prot"] |= mmap.PROT_READ
        return super().__new__(cls, **given)


@caught_by("length.too-long", "expected ValueError, but the operation returned")
class LengthBeyondFileShortened(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["fileno"] >= 0:
            rest = os.fstat(given["fileno"]).st_size - given["offset"]
            given["length"] = min(given["length"], max(rest, 0))
        return super().__new__(cls, **given)


@caught_by("offset.past-end", "expected ValueError, but the operation returned")
class OffsetPastEndUnchecked(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["fileno"] >= 0 and given["offset"] > os.fstat(given["fileno"]).st_size:
            given.update(fileno=-1, offset=0, length=given["length"] or mmap.PAGESIZE)
        return super().__new__(cls, **given)


@caught_by(
    "anonymous.zero-length",
    "expected OSError with errno EINVAL, but the operation returned",
)
class AnonymousLengthZeroAccepted(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["fileno"] == -1 and given["length"] == 0:
            given["length"] = mmap.PAGESIZE
        return super().__new__(cls, **given)


@caught_by("length.empty-file", "expected ValueError, but the operation returned")
class EmptyFileAccepted(Faithful):
    def __new__(cls, *args, **kwargs):
        try:
            return super().__new__(cls, *args, **kwargs)
        except ValueError:
            given = bound(args, kwargs)
            if given["length"] == 0 and os.fstat(given["fileno"]).st_size == 0:
                return super().__new__(cls, -1, mmap.PAGESIZE)
            raise


@caught_by("length.device", "ValueError was raised: longer than the file")
class DeviceSizeChecked(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["fileno"] >= 0 and given["length"] > os.fstat(given["fileno"]).st_size:
            raise ValueError("longer than the file")
        return super().__new__(cls, **given)


@caught_by("constructor.keywords", "unexpected keyword argument")
class KeywordsRefused(Faithful):
    def __new__(cls, *args):
        return super().__new__(cls, *args)


@caught_by("constructor.fileno-range", "expected OverflowError, got OSError (errno EBADF")
class FilenoTruncated(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        low = operator.index(given["fileno"]) & 0xFFFFFFFF
        given["fileno"] = low - (1 << 32) if low >> 31 else low
        return super().__new__(cls, **given)


@caught_by("access.copy-not-in-file", "first difference at index 1:")
class CopyReachesFile(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["access"] == mmap.ACCESS_COPY:
            given["access"] = mmap.ACCESS_WRITE
        return super().__new__(cls, **given)


@caught_by("access.private-not-in-file", "first difference at index 1:")
class PrivateFlagIgnored(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["flags"] == mmap.MAP_PRIVATE:
            given["flags"] = mmap.MAP_SHARED
        return super().__new__(cls, **given)


@caught_by("sharing.two-maps", "first difference at index 1, index 1:")
class MapsIncoherent(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["fileno"] >= 0 and not given["access"]:
            given["flags"] = mmap.MAP_PRIVATE
        return super().__new__(cls, **given)


@caught_by("anonymous.fork-shared", "(b'\\x00\\x00\\x00', 0) == (b'abc', 255)")
class AnonymousPrivateOverFork(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["fileno"] == -1 and not given["access"]:
            given["flags"] = mmap.MAP_PRIVATE
        return super().__new__(cls, **given)


@caught_by("anonymous.zero-is-descriptor", "OSError was raised: [Errno 22]")
class DescriptorZeroIsAnonymous(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        given["fileno"] = given["fileno"] or -1
        return super().__new__(cls, **given)


@caught_by("constructor.failure-descriptors", "assert 6 == 5")
class DescriptorLeakedOnFailure(Faithful):
    def __new__(cls, *args, **kwargs):
        fileno = bound(args, kwargs)["fileno"]
        duplicate = os.dup(fileno) if fileno >= 0 else None
        made = super().__new__(cls, *args, **kwargs)
        if duplicate is not None:
            os.close(duplicate)
        return made


@caught_by(
    "audit.not-for-bad-values", "Left contains one more item: ('mmap.__new__', (-1, -1, 0, 0))"
)
class AuditedBeforeChecks(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        sys.audit("mmap.__new__", *map(given.get, ("fileno", "length", "access", "offset")))
        return super().__new__(cls, *args, **kwargs)


@caught_by("type.subclass-super-init", "missing 2 required positional arguments")
class InitTakesArguments(Faithful):
    def __init__(self, fileno, length, *args, **kwargs):
        super().__init__()


@caught_by("offset.contents", "assert b'\\x00' == b'\\xd0'")
class OffsetIgnored(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["length"] == 0 and given["fileno"] >= 0:
            given["length"] = os.fstat(given["fileno"]).st_size - given["offset"]
        return super().__new__(cls, **{**given, "offset": 0})


@caught_by("offset.zero-length", "ValueError was raised: mmap length is greater than file size")
class RestIgnoresOffset(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["length"] == 0 and given["fileno"] >= 0:
            given["length"] = os.fstat(given["fileno"]).st_size
        return super().__new__(cls, **given)


@caught_by("constructor.index-once", "assert 2 == 1")
class IndexConvertedTwice(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        operator.index(given["length"])
        return super().__new__(cls, **given)


@caught_by("access.prot-read-exec", "expected TypeError, but the operation returned")
class ExecutableIsWritable(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["prot"] == mmap.PROT_READ | mmap.PROT_EXEC:
            given["prot"] |= mmap.PROT_WRITE
        return super().__new__(cls, **given)


@caught_by("offset.too-long", "expected ValueError, but the operation returned")
class LengthHeldAgainstWholeFile(Faithful):
    """Maps anonymous memory where offset and length together reach beyond the file."""

    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        size = os.fstat(given["fileno"]).st_size if given["fileno"] >= 0 else 0
        if given["length"] <= size < given["offset"] + given["length"]:
            given["fileno"] = -1
        return super().__new__(cls, **given)


@caught_by("sharing.tmpfile", "the file has no name")
class UnlinkedFileRefused(Faithful):
    def __new__(cls, *args, **kwargs):
        given = bound(args, kwargs)
        if given["fileno"] >= 0 and os.fstat(given["fileno"]).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "the file has no name")
        return super().__new__(cls, **given)


@caught_by("trackfd.no-descriptor", "assert 7 == 6", on="python3.13")
class TrackfdIgnored(Faithful):
    def __new__(cls, *args, trackfd=True, **kwargs):
        return super().__new__(cls, *args, **kwargs)
