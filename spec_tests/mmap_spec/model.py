"""The oracle: what the specification requires of one mapping, as a program.

Pure: no ``mmap``, no file, no clock.  A ``Mapping`` holds what a program can
observe of a mapping; its methods have the names of the real operations, and
each returns the value or raises the built-in exception that is required.  Where
releases or platforms leave that open, it returns a ``OneOf`` instead; all of its
outcomes leave the same state behind.  ``outcomes`` brings the three into one
form, ``Mapping.accepts`` judges contents.

A byte may be open as well: what a private mapping shows of a page that it has not
written while the file changes, the end of a file's last page.  ``Mapping.accepts``
takes such a byte as it is seen first.

Out of its reach, and the caller's duty: memory must suffice, and arguments must
not act on the mapping while they are converted.
"""

from __future__ import annotations

import dataclasses
import enum
import errno
import functools
import operator
from collections.abc import Callable
from typing import Any, Protocol

from mmap_spec.memory import File, Memory

ADDRESS_SPACE = 1 << 46  # bytes; no platform maps more in one piece
MISSING = object()


class Facts(Protocol):
    """What the model has to know of a candidate; ``candidate.Profile`` has it all."""

    @property
    def api(self) -> tuple[int, int]: ...
    @property
    def sys_platform(self) -> str: ...
    @property
    def page_size(self) -> int: ...
    @property
    def ssize_max(self) -> int: ...
    @property
    def int_max(self) -> int: ...


class Access(enum.IntEnum):
    """The access modes; the values are those of the module's constants."""

    DEFAULT = 0
    READ = 1
    WRITE = 2
    COPY = 3


class Unspecified(Exception):
    """The specification says nothing of this: draw something else."""


# -- outcomes ---------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Returns:
    """The operation returns ``value``, of exactly this type."""

    value: Any

    def __str__(self) -> str:
        return f"a result of {self.value!r}"


@dataclasses.dataclass(frozen=True)
class Raises:
    """The operation raises ``type``; ``errno`` is a symbol, None where it is open."""

    type: type[BaseException]
    errno: str | None = None

    def __str__(self) -> str:
        return self.type.__name__ + (f" ({self.errno})" if self.errno else "")


class OneOf:
    """The outcomes that are allowed, at least one."""

    def __init__(self, *outcomes: Returns | Raises) -> None:
        self.outcomes = outcomes

    def __repr__(self) -> str:
        return " or ".join(map(str, self.outcomes))

    def allows_value(self, value: Any) -> bool:
        """Whether the operation may return ``value``."""
        return any(
            isinstance(outcome, Returns)
            and type(outcome.value) is type(value)
            and outcome.value == value
            for outcome in self.outcomes
        )

    def allows_error(self, kind: type[BaseException], symbol: str | None = None) -> bool:
        """Whether the operation may raise ``kind``; a subclass will do for OSError only."""
        return any(
            isinstance(outcome, Raises)
            and (outcome.type is kind or (outcome.type is OSError and issubclass(kind, OSError)))
            and (outcome.errno is None or symbol is None or outcome.errno == symbol)
            for outcome in self.outcomes
        )


def outcomes(operation: Callable[..., Any], *args: Any, **kwargs: Any) -> OneOf:
    """Perform an operation of the model: every outcome that the real one may have."""
    try:
        value = operation(*args, **kwargs)
    except Unspecified:
        raise
    except OSError as error:
        symbol = None if error.errno is None else errno.errorcode[error.errno]
        return OneOf(Raises(OSError, symbol))
    except Exception as error:
        return OneOf(Raises(type(error)))
    return value if isinstance(value, OneOf) else OneOf(Returns(value))


# -- conversion of arguments ------------------------------------------------


def ssize(facts: Facts, value: Any) -> int:
    """An integer as C's ssize_t takes it; TypeError, OverflowError."""
    number = operator.index(value)
    if not -facts.ssize_max - 1 <= number <= facts.ssize_max:
        raise OverflowError("beyond ssize_t")
    return number


def c_int(facts: Facts, value: Any) -> int:
    """An integer as C's int takes it; TypeError, OverflowError."""
    number = operator.index(value)
    if not -facts.int_max - 1 <= number <= facts.int_max:
        raise OverflowError("beyond int")
    return number


def byte(facts: Facts, value: Any) -> int:
    """An integer from 0 to 255; TypeError, OverflowError."""
    number = operator.index(value)
    if not 0 <= number <= 255:
        raise OverflowError("beyond a byte")
    return number


def count(facts: Facts, value: Any) -> int:
    """An ssize_t, or None, which means all: -1."""
    return -1 if value is None else ssize(facts, value)


def bound(facts: Facts, value: Any) -> int | None:
    """A bound of a search: an ssize_t, or None where releases take it (3.14.1 and later)."""
    return None if value is None and facts.api >= (3, 14) else ssize(facts, value)


def option(facts: Facts, value: Any) -> str:
    """The name of an advice."""
    return str(value)


def extent(facts: Facts, value: Any) -> int | None:
    """The size of flush: an ssize_t, or None where releases take it (some of 3.14)."""
    return None if value is None and facts.api == (3, 14) else ssize(facts, value)


def data(facts: Facts, value: Any) -> bytes:
    """The bytes of a C-contiguous buffer; TypeError, ValueError if released, BufferError."""
    view = memoryview(value)
    if not view.c_contiguous:
        raise BufferError("not C-contiguous")
    return view.tobytes()


def operation(
    *converters: Callable[[Facts, Any], Any], optional: int = 0, writes: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Around a method: convert the arguments, refuse a closed and a read-only mapping.

    A closed mapping refuses bad arguments with either error: releases differ in
    which of the two they look at first.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def checked(self: Mapping, *args: Any) -> Any:
            try:
                if not len(converters) - optional <= len(args) <= len(converters):
                    raise TypeError("number of arguments")
                converted = [to(self.facts, arg) for to, arg in zip(converters, args, strict=False)]
            except Exception as error:
                if self.closed:
                    return OneOf(Raises(ValueError), Raises(type(error)))
                raise
            self._require_open()
            if writes:
                self._require_writable()
            return method(self, *converted)

        return checked

    return decorate


# -- the mapping ------------------------------------------------------------


class Mapping:
    """One mapping: length, position, closed, access, offset, exports, contents.

    A shared mapping of a file has the file as its memory, from ``base`` on; any
    other has memory of its own.  Positions and sizes are in bytes.
    """

    def __init__(
        self,
        facts: Facts,
        memory: Memory,
        length: int,
        access: Access,
        file: File | None,
        offset: int,
        shared: bool,
        trackfd: bool,
        mapped: File | None = None,
    ) -> None:
        self.facts = facts
        self.access = access
        self.file = file
        self.offset = offset
        self.shared = shared
        self.trackfd = trackfd
        self.position = 0
        self.exports = 0
        self.closed = False
        self._memory = memory
        self._base = offset if memory is file else 0
        self._length = length
        self._mapped = mapped  # the file whose pages it shows, shared or private
        self._written: set[int] = set()  # pages of a private mapping that are its own

    @classmethod
    def of_memory(
        cls,
        facts: Facts,
        contents: bytes,
        *,
        access: Access = Access.DEFAULT,
        shared: bool = True,
        trackfd: bool = True,
        offset: int = 0,
        file: File | None = None,
    ) -> Mapping:
        """An anonymous mapping, already filled; ``file`` where one came with MAP_ANONYMOUS."""
        shared = shared and access is not Access.COPY
        memory = Memory(contents)
        return cls(facts, memory, len(contents), access, file, offset, shared, trackfd)

    @classmethod
    def of_file(
        cls,
        facts: Facts,
        file: File,
        length: int = 0,
        *,
        access: Access = Access.DEFAULT,
        shared: bool = True,
        trackfd: bool = True,
        offset: int = 0,
    ) -> Mapping:
        """A mapping of ``length`` bytes of a file from ``offset`` on, all if 0."""
        length = length or file.size - offset
        if length <= 0 or offset + length > file.size:
            raise ValueError("beyond the file")
        shared = shared and access is not Access.COPY
        memory = file if shared else Memory(bytes(file.data[offset : offset + length]))
        return cls(facts, memory, length, access, file, offset, shared, trackfd, file)

    # the state

    @property
    def readonly(self) -> bool:
        return self.access is Access.READ

    @property
    def reach(self) -> int:
        """How many bytes from the first can be touched: to the page in which the file ends."""
        if self._mapped is None:
            return self._length
        return max(0, min(self._length, len(self._mapped.data) - self.offset))

    @property
    def contents(self) -> bytes:
        """The bytes within reach; those that are open may be others: ``accepts``."""
        self._require_open()
        return bytes(self._memory.data[self._base : self._base + self.reach])

    def accepts(self, contents: bytes) -> bool:
        """Whether the mapping may show ``contents``; if so, the model takes them over.

        There is a choice where an anonymous mapping shrank and grew again within a
        page, where a file changed under a page that a private mapping has not
        written, and behind the end of a file.  To be asked after each step.
        """
        mine = self.contents
        if len(contents) != len(mine):
            return False
        if self._mapped is not None and mine != contents:
            self._follow()
        return self._memory.shows(self._base, contents)

    def _follow(self) -> None:
        """Leave open what the system may change by itself, at any time.

        A page of a private mapping that is not written may show the file; what is
        behind the end of a file is zeros as soon as the system writes the page out.
        """
        assert self._mapped is not None
        size, page = self.reach, self.facts.page_size
        if self.shared:
            end = max(0, self._mapped.size - self.offset)
            self._memory.leave_open(self._base + end, bytes(max(0, size - end)))
            return
        for start in range(0, size, page):
            if start // page not in self._written:
                stop = min(start + page, size)
                self._memory.leave_open(start, self._of_file(start, stop))

    def _of_file(self, start: int, stop: int) -> bytes:
        """The bytes of the mapped file that lie under a range."""
        assert self._mapped is not None
        return bytes(self._mapped.data[self.offset + start : self.offset + stop])

    def loses_pages(self, size: int) -> bool:
        """Whether a private mapping has written pages that a file of ``size`` does not reach."""
        page = self.facts.page_size
        end = size + -size % page - self.offset
        return not self.shared and any(number * page >= end for number in self._written)

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError("closed")

    def _require_writable(self) -> None:
        if self.readonly:
            raise TypeError("read-only")

    def _touch(self, start: int, stop: int) -> None:
        """Refuse a range that is not empty and reaches a page that the file does not."""
        if start < stop and stop > self.reach:
            raise OSError("the file ends before")

    def _put(self, start: int, new: bytes) -> None:
        """Write; if the file does not reach so far, what was written before that is open."""
        self.write_at(range(start, start + len(new)), new)

    def write_at(self, places: range, new: bytes) -> None:
        """One byte of ``new`` at each place; OSError where the file does not reach."""
        reach = self.reach
        lost = [place for place in places if place >= reach]
        if lost:
            for place, value in zip(places, new, strict=True):
                if place < reach:
                    self._memory.leave_open(self._base + place, bytes([value]))
            raise OSError("the file ends before")
        self._own(places)
        if places.step == 1:
            self._memory.put(self._base + places.start, new)
        else:
            for place, value in zip(places, new, strict=True):
                self._memory.put(self._base + place, bytes([value]))

    def _own(self, places: range) -> None:
        """The pages of a private mapping that are written follow the file no more."""
        if not self.shared and self._mapped is not None:
            self._written.update({place // self.facts.page_size for place in places})

    def _take(self, size: int) -> bytes:
        """The next ``size`` bytes, or as many as there are; the position follows."""
        stop = min(self.position + size, self._length)
        self._touch(self.position, stop)
        taken = self.contents[self.position : stop]
        self.position += len(taken)
        return taken

    def _rest(self) -> int:
        """Number of bytes behind the position; negative where it is past the end."""
        return self._length - self.position

    # life

    def close(self) -> None:
        """Close; BufferError while there are exports."""
        if self.exports:
            raise BufferError("exported")
        self.closed = True

    def __enter__(self) -> Mapping:
        self._require_open()
        return self

    def __exit__(self, *details: Any) -> None:
        self.close()

    def export(self, writable: bool = False) -> None:
        """Hand out one buffer more."""
        self._require_open()
        if writable and self.readonly:
            raise BufferError("read-only")
        self.exports += 1

    def release(self) -> None:
        """Take one buffer back."""
        self.exports -= 1

    # position

    @operation()
    def tell(self) -> int:
        return self.position

    @operation(ssize, c_int, optional=1)
    def seek(self, distance: int, whence: int = 0) -> int | None:
        if whence not in (0, 1, 2):
            raise ValueError("whence")
        target = (0, self.position, self._length)[whence] + distance
        if not 0 <= target <= self._length:
            raise ValueError("out of range")
        self.position = target
        return target if self.facts.api >= (3, 13) else None

    def seekable(self) -> bool:
        if self.facts.api < (3, 13):
            raise AttributeError("seekable")
        return True

    # reading

    @operation(count, optional=1)
    def read(self, size: int = -1) -> bytes:
        return self._take(self._length if size < 0 else size)

    @operation()
    def read_byte(self) -> int:
        if self._rest() < 1:
            raise ValueError("at the end")
        return self._take(1)[0]

    @operation()
    def readline(self) -> bytes:
        newline = self.contents.find(b"\n", self.position)  # -1 also where it is out of reach
        return self._take(self._length if newline < 0 else newline + 1 - self.position)

    # writing

    @operation(data, writes=True)
    def write(self, new: bytes) -> int:
        if len(new) > self._rest():
            raise ValueError("out of range")
        self._put(self.position, new)
        self.position += len(new)
        return len(new)

    @operation(byte, writes=True)
    def write_byte(self, value: int) -> None:
        if self._rest() < 1:
            raise ValueError("at the end")
        self._put(self.position, bytes([value]))
        self.position += 1

    @operation(ssize, ssize, ssize, writes=True)
    def move(self, dest: int, src: int, size: int) -> None:
        if min(dest, src, size) < 0 or max(dest, src) + size > self._length:
            raise ValueError("out of range")
        if size and max(src, dest) + size > self.reach:
            moved = self.contents[src : src + max(0, self.reach - dest)][:size]
            self._memory.leave_open(self._base + dest, moved)
            raise OSError("the file ends before")
        self._put(dest, self.contents[src : src + size])

    # searching

    @operation(data, bound, bound, optional=2)
    def find(self, needle: bytes, *bounds: int | None) -> int | OneOf:
        return self._search(bytes.find, needle, *bounds)

    @operation(data, bound, bound, optional=2)
    def rfind(self, needle: bytes, *bounds: int | None) -> int | OneOf:
        return self._search(bytes.rfind, needle, *bounds)

    def _search(self, search: Any, needle: bytes, *bounds: int | None) -> int | OneOf:
        start, end = (*bounds, None, None)[:2]
        found = self._found(
            search,
            needle,
            self.position if start is None else start,
            self._length if end is None else end,
        )
        if None in bounds and self.facts.api < (3, 15):  # 3.14.1 and later, 3.14.0
            allowed = found if isinstance(found, OneOf) else OneOf(Returns(found))
            return OneOf(*allowed.outcomes, Raises(TypeError))
        return found

    def _found(self, search: Any, needle: bytes, start: int, end: int) -> int | OneOf:
        if start > self._length and self.facts.api >= (3, 15):
            return -1
        start, end = (
            min(place if place >= 0 else max(0, place + self._length), self._length)
            for place in (start, end)
        )
        if start > end:
            return -1
        found = int(search(self.contents, needle, start, end))
        if not needle:  # it is found out of reach too
            found = start if search is bytes.find else end
        if start < end and end > self.reach:  # it may stop before what is out of reach
            raising = Raises(OSError)
            open_still = found < 0 and self._may_occur(needle, start, end)
            return OneOf(raising) if open_still else OneOf(Returns(found), raising)
        return found

    def _may_occur(self, needle: bytes, start: int, end: int) -> bool:
        """Whether the needle fits somewhere where it ends out of reach, as far as one can see."""
        contents, reach = self.contents, self.reach
        first = max(start, reach - len(needle) + 1)
        return bool(needle) and any(
            needle.startswith(contents[place:reach])
            for place in range(first, end - len(needle) + 1)
        )

    # size, flush, resize

    def __len__(self) -> int:
        self._require_open()
        return self._length

    @operation()
    def size(self) -> int:
        modern = self.facts.api >= (3, 15)
        if not self.trackfd:
            if modern:
                raise ValueError("trackfd")
            raise OSError(errno.EBADF, "trackfd")
        if self.file is not None:
            return self.file.size
        if modern or self.facts.sys_platform == "win32":
            return self._length
        raise OSError(errno.EBADF, "anonymous")

    @operation(ssize, extent, optional=2)
    def flush(self, offset: int = 0, size: Any = MISSING) -> OneOf | None:
        if size is MISSING:
            size = None if self.facts.api >= (3, 15) else self._length
        elif size is None:  # 3.14: refused, or the rest
            return OneOf(Raises(TypeError), *outcomes(self.flush, offset).outcomes)
        elif size == -1 and self.facts.api >= (3, 15):
            size = None
        if size is None:
            size = self._length - offset
        if offset < 0 or size < 0 or offset + size > self._length:
            raise ValueError("out of range")
        if self.access in (Access.READ, Access.COPY):
            return None
        if self.facts.sys_platform == "win32":
            return OneOf(Returns(None), Raises(OSError)) if offset == self._length else None
        if offset % self.facts.page_size:
            raise OSError(errno.EINVAL, "not aligned")
        return None

    @operation(option, ssize, count, optional=2)
    def madvise(self, advice: str, start: int = 0, length: Any = MISSING) -> OneOf | None:
        """``advice`` is the constant's name: it decides what may be seen afterwards."""
        if length is None and self.facts.api < (3, 14):
            raise TypeError("length")
        whole = length is MISSING or length is None
        size = self._length if whole else length
        if not 0 <= start < self._length or size < 0:
            raise ValueError("out of range")
        if start + size > self.facts.ssize_max and not whole:
            raise OverflowError("start + length")
        if start % self.facts.page_size and self.facts.sys_platform == "linux":
            raise OSError(errno.EINVAL, "not aligned")
        if advice == "MADV_DONTNEED":
            self._forget(start, min(start + size, self._length))
        if length is None and self.facts.api < (3, 15):
            return OneOf(Returns(None), Raises(TypeError))
        return None

    def _forget(self, start: int, stop: int) -> None:
        """What Linux makes of MADV_DONTNEED: private pages are as on the first day."""
        if self.facts.sys_platform != "linux":
            raise Unspecified("MADV_DONTNEED is another thing elsewhere")
        if self.shared or start >= stop:
            return
        page = self.facts.page_size
        stop = min(stop + -stop % page, self.reach)
        self._written.difference_update(range(start // page, -(-stop // page)))
        fresh = self._of_file(start, stop) if self._mapped else bytes(stop - start)
        self._memory.put(start, fresh)

    @operation(ssize)
    def resize(self, size: int) -> None:
        if self.facts.sys_platform not in ("linux", "win32"):
            raise Unspecified("resize depends on the system")
        if self.exports:
            raise BufferError("exported")
        if not self.trackfd:
            raise ValueError("trackfd")
        if self.access in (Access.READ, Access.COPY):
            raise TypeError("read-only or copy-on-write")
        if size < 0 or size + self.offset > self.facts.ssize_max:
            raise ValueError("out of range")
        linux = self.facts.sys_platform == "linux"
        if size > self._length and self._memory is not self.file:
            if self.file is not None:
                raise Unspecified("growth of a private map, or of memory that came with a file")
            if self.shared and linux:
                raise ValueError("shared anonymous memory does not grow")
        if size == 0:
            raise OSError(errno.EINVAL, "empty") if linux else OSError("empty")
        if size + self.offset > ADDRESS_SPACE:
            raise OSError("too large")
        self._change_length(size)

    def _change_length(self, size: int) -> None:
        old, self._length = self._length, size
        if self.file is not None and self._memory is self.file:
            self.file.truncate(self.offset + size)
            return
        data = self._memory.data
        kept = size + -size % self.facts.page_size  # behind the end, but in its page
        shown = bytes(data[:kept])
        self._memory.data = data = bytearray(shown.ljust(size, b"\0"))
        if size > old:  # it may show again
            self._memory.leave_open(old, bytes(min(size, len(shown)) - old))

    # items and slices

    def joined(self) -> bytes:
        """All that iteration yields, put together."""
        self._require_open()
        self._touch(0, self._length)
        return self.contents

    def __contains__(self, value: object) -> bool | OneOf:
        self._require_open()
        found = isinstance(value, bytes) and len(value) == 1 and value in self.contents
        if not found:
            self._touch(0, self._length)
        return found

    def __getitem__(self, key: Any) -> Any:
        try:
            place = self._place(key)
        except Exception as error:
            return self._refuse(error)
        self._require_open()
        self._touch_each(self._places(key))
        whole = self.contents.ljust(self._length, b"\0")
        return whole[place]

    def _touch_each(self, places: range) -> None:
        if places:
            self._touch(min(places), max(places) + 1)

    def __setitem__(self, key: Any, value: Any) -> OneOf | None:
        """Item or slice assignment; where key and value are both bad, either error will do."""
        if self.readonly:
            return self._refuse(TypeError())
        errors = []
        for convert, given in [(self._place, key), (self._value_for(key), value)]:
            try:
                convert(given)
            except Exception as error:
                errors.append(error)
        if errors or self.closed:
            return self._refuse(*errors)
        new = data(self.facts, value) if isinstance(key, slice) else bytes([operator.index(value)])
        places = self._places(key)
        if len(new) != len(places):
            raise IndexError("wrong size")
        self.write_at(places, new)
        return None

    def __delitem__(self, key: Any) -> OneOf:
        """Never works, by TypeError or by what is wrong with the key."""
        if self.readonly:
            return self._refuse(TypeError())
        try:
            self._place(key)
        except Exception as error:
            return self._refuse(TypeError(), error)
        return self._refuse(TypeError())

    def _refuse(self, *errors: Exception) -> OneOf:
        """Any of the errors, or ValueError too where the mapping is closed; raises if it is one."""
        kinds = dict.fromkeys(type(error) for error in errors)
        if self.closed:
            kinds[ValueError] = None
        if len(kinds) == 1:
            raise next(iter(kinds))
        return OneOf(*map(Raises, kinds))

    def _place(self, key: Any) -> Any:
        """An index in range, or a slice that can be applied; TypeError, IndexError, ValueError."""
        length = 0 if self.closed else self._length
        if isinstance(key, slice):
            key.indices(length)
            return key
        index = operator.index(key)
        if not self.closed and not -length <= index < length:
            raise IndexError("out of range")
        return index

    def _places(self, key: Any) -> range:
        """The places in the mapping that a valid key names."""
        whole = range(self._length)
        return whole[key] if isinstance(key, slice) else range(whole[key], whole[key] + 1)

    def _value_for(self, key: Any) -> Callable[[Any], Any]:
        return functools.partial(data, self.facts) if isinstance(key, slice) else self._item

    def _item(self, value: Any) -> int:
        """What can be assigned to an item: an int from 0 to 255; TypeError, ValueError."""
        try:
            number = ssize(self.facts, value)
        except OverflowError:
            raise TypeError("beyond ssize_t") from None
        if not 0 <= number <= 255:
            raise ValueError("beyond a byte")
        return number
