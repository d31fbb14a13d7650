"""The oracle: what the specification requires of one mapping, as a program.

Pure: no ``mmap``, no file, no clock.  A ``Mapping`` holds what a program can
observe of a mapping; its methods have the names of the real operations, and
each returns the value or raises the built-in exception that is required.  Where
releases or platforms leave that open, it returns a ``OneOf`` instead; all of its
outcomes leave the same state behind.  ``outcomes`` brings the three into one
form, ``Mapping.accepts`` judges contents.

Out of its reach, and the caller's duty: a file must not become shorter than its
mappings, memory must suffice, and arguments must not act on the mapping while
they are converted.
"""

from __future__ import annotations

import dataclasses
import enum
import errno
import functools
import operator
from collections.abc import Callable
from typing import Any, Protocol

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


@dataclasses.dataclass(frozen=True)
class Raises:
    """The operation raises ``type``; ``errno`` is a symbol, None where it is open."""

    type: type[BaseException]
    errno: str | None = None


class OneOf:
    """The outcomes that are allowed, at least one."""

    def __init__(self, *outcomes: Returns | Raises) -> None:
        self.outcomes = outcomes

    def __repr__(self) -> str:
        return " or ".join(map(repr, self.outcomes))

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


class File:
    """A file as far as its mappings are concerned: its bytes, shared by all of them."""

    def __init__(self, contents: bytes) -> None:
        self.contents = bytearray(contents)

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.contents)


class Mapping:
    """One mapping: length, position, closed, access, offset, exports, contents.

    ``store`` holds the contents from ``base`` on; a shared mapping of a file has
    the file's own bytes as its store.  Positions and sizes are in bytes.
    """

    def __init__(
        self,
        facts: Facts,
        store: bytearray,
        base: int,
        length: int,
        access: Access,
        file: File | None,
        offset: int,
        shared: bool,
        trackfd: bool,
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
        self._store = store
        self._base = base
        self._length = length
        self._unsettled = range(0)

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
        store = bytearray(contents)
        return cls(facts, store, 0, len(contents), access, file, offset, shared, trackfd)

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
        if shared:
            store, base = file.contents, offset
        else:
            store, base = file.contents[offset : offset + length], 0
        return cls(facts, store, base, length, access, file, offset, shared, trackfd)

    # the state

    @property
    def readonly(self) -> bool:
        return self.access is Access.READ

    @property
    def contents(self) -> bytes:
        """The bytes of the mapping; those that growth uncovered may be others: ``accepts``."""
        self._require_open()
        return bytes(self._store[self._base : self._base + self._length])

    def accepts(self, contents: bytes) -> bool:
        """Whether the mapping may hold ``contents``; if so, the model takes them over.

        There is a choice only after an anonymous mapping shrank and grew again
        within a page: what it held there before may show, or zeros.  To be asked
        after each resize, before the next operation.
        """
        mine = self.contents
        if len(contents) != len(mine):
            return False
        chosen = bytearray(mine)
        for place in self._unsettled:
            if contents[place] == 0:
                chosen[place] = 0
        if chosen != contents:
            return False
        self._put(0, contents)
        self._unsettled = range(0)
        return True

    @property
    def _of_file(self) -> bool:
        """Whether the contents are the file's own bytes, not a copy or other memory."""
        return self.file is not None and self._store is self.file.contents

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError("closed")

    def _require_writable(self) -> None:
        if self.readonly:
            raise TypeError("read-only")

    def _put(self, start: int, new: bytes) -> None:
        self._store[self._base + start : self._base + start + len(new)] = new

    def _take(self, size: int) -> bytes:
        """The next ``size`` bytes, or as many as there are; the position follows."""
        taken = self.contents[self.position : self.position + size]
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
        newline = self.contents.find(b"\n", self.position)
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
        if None in bounds and self.facts.api < (3, 15):
            return OneOf(Returns(found), Raises(TypeError))  # 3.14.1 and later, 3.14.0
        return found

    def _found(self, search: Any, needle: bytes, start: int, end: int) -> int:
        if start > self._length and self.facts.api >= (3, 15):
            return -1
        start, end = (
            min(place if place >= 0 else max(0, place + self._length), self._length)
            for place in (start, end)
        )
        return int(search(self.contents, needle, start, end)) if start <= end else -1

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
        if size > self._length and not self._of_file:
            if self.file is not None:
                raise Unspecified("growth of memory that came with a file")
            if self.shared and linux:
                raise ValueError("shared anonymous memory does not grow")
        if size == 0:
            raise OSError(errno.EINVAL, "empty") if linux else OSError("empty")
        if size + self.offset > ADDRESS_SPACE:
            raise OSError("too large")
        self._change_length(size)

    def _change_length(self, size: int) -> None:
        old, self._length = self._length, size
        end = self._base + size
        if self._of_file:
            kept = end
        else:  # what lies behind the end in the last page may show again
            kept = -(-end // self.facts.page_size) * self.facts.page_size
        del self._store[kept:]
        self._unsettled = range(min(old, size), min(size, len(self._store)))
        self._store.extend(bytes(max(0, end - len(self._store))))

    # items and slices

    def __getitem__(self, key: Any) -> Any:
        try:
            place = self._place(key)
        except Exception as error:
            return self._refuse(error)
        return self.contents[place]

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
        for place, item in zip(places, new, strict=True):
            self._store[self._base + place] = item
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
