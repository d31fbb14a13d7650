import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Final, NoReturn, SupportsIndex, overload

from typing_extensions import Buffer, Self, disjoint_base

error = OSError

ACCESS_DEFAULT: Final[int]
ACCESS_READ: Final[int]
ACCESS_WRITE: Final[int]
ACCESS_COPY: Final[int]

ALLOCATIONGRANULARITY: Final[int]
PAGESIZE: Final[int]

if sys.platform != "win32":
    PROT_READ: Final[int]
    PROT_WRITE: Final[int]
    PROT_EXEC: Final[int]

    MAP_SHARED: Final[int]
    MAP_PRIVATE: Final[int]
    MAP_ANON: Final[int]
    MAP_ANONYMOUS: Final[int]

    MS_SYNC: Final[int]
    MS_ASYNC: Final[int]
    MS_INVALIDATE: Final[int]

    MADV_NORMAL: Final[int]
    MADV_RANDOM: Final[int]
    MADV_SEQUENTIAL: Final[int]
    MADV_WILLNEED: Final[int]
    MADV_DONTNEED: Final[int]
    MADV_FREE: Final[int]

# The rest is what this or that C library has; a program that uses one asks
# sys.platform, or hasattr(), first.
if sys.platform == "linux":
    MAP_32BIT: Final[int]  # x86-64
    MAP_DENYWRITE: Final[int]
    MAP_EXECUTABLE: Final[int]
    MAP_NORESERVE: Final[int]
    MAP_POPULATE: Final[int]
    MAP_STACK: Final[int]

    MADV_REMOVE: Final[int]
    MADV_DONTFORK: Final[int]
    MADV_DOFORK: Final[int]
    MADV_HWPOISON: Final[int]
    MADV_MERGEABLE: Final[int]
    MADV_UNMERGEABLE: Final[int]
    MADV_HUGEPAGE: Final[int]
    MADV_NOHUGEPAGE: Final[int]
    MADV_DONTDUMP: Final[int]
    MADV_DODUMP: Final[int]
elif sys.platform == "darwin":
    MAP_HASSEMAPHORE: Final[int]
    MAP_JIT: Final[int]
    MAP_NOCACHE: Final[int]
    MAP_NOEXTEND: Final[int]
    MAP_NORESERVE: Final[int]
    MAP_RESILIENT_CODESIGN: Final[int]
    MAP_RESILIENT_MEDIA: Final[int]
    MAP_TPRO: Final[int]
    MAP_TRANSLATED_ALLOW_EXECUTE: Final[int]
    MAP_UNIX03: Final[int]
    MAP_32BIT: Final[int]

    MADV_FREE_REUSABLE: Final[int]
    MADV_FREE_REUSE: Final[int]
elif sys.platform != "win32":
    MAP_ALIGNED_SUPER: Final[int]  # FreeBSD
    MAP_CONCEAL: Final[int]  # OpenBSD
    MAP_STACK: Final[int]

    MADV_AUTOSYNC: Final[int]  # FreeBSD
    MADV_CORE: Final[int]
    MADV_NOCORE: Final[int]
    MADV_NOSYNC: Final[int]
    MADV_PROTECT: Final[int]

@disjoint_base
class mmap:
    if sys.platform == "win32":
        def __new__(
            cls,
            fileno: SupportsIndex,
            length: SupportsIndex,
            tagname: str | None = ...,
            access: SupportsIndex = ...,
            offset: SupportsIndex = ...,
            *,
            trackfd: bool = ...,
        ) -> Self: ...
    else:
        def __new__(
            cls,
            fileno: SupportsIndex,
            length: SupportsIndex,
            flags: SupportsIndex = ...,
            prot: SupportsIndex = ...,
            access: SupportsIndex = ...,
            offset: SupportsIndex = ...,
            *,
            trackfd: bool = ...,
        ) -> Self: ...

    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def find(
        self,
        view: Buffer,
        start: SupportsIndex | None = None,
        end: SupportsIndex | None = None,
        /,
    ) -> int: ...
    def rfind(
        self,
        view: Buffer,
        start: SupportsIndex | None = None,
        end: SupportsIndex | None = None,
        /,
    ) -> int: ...
    def flush(
        self,
        offset: SupportsIndex = 0,
        size: SupportsIndex = -1,
        /,
        *,
        flags: SupportsIndex = 0,
    ) -> None: ...
    if sys.platform != "win32":
        def madvise(
            self,
            option: SupportsIndex,
            start: SupportsIndex = 0,
            length: SupportsIndex | None = None,
            /,
        ) -> None: ...

    def move(self, dest: SupportsIndex, src: SupportsIndex, count: SupportsIndex, /) -> None: ...
    def read(self, n: SupportsIndex | None = None, /) -> bytes: ...
    def read_byte(self) -> int: ...
    def readline(self) -> bytes: ...
    if sys.platform == "linux" or sys.platform == "win32":
        def resize(self, newsize: SupportsIndex, /) -> None: ...

    if sys.platform == "linux":
        def set_name(self, name: str, /) -> None: ...

    def seek(self, pos: SupportsIndex, whence: SupportsIndex = 0, /) -> int: ...
    def seekable(self) -> bool: ...
    def size(self) -> int: ...
    def tell(self) -> int: ...
    def write(self, bytes: Buffer, /) -> int: ...
    def write_byte(self, byte: SupportsIndex, /) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    @overload
    def __setitem__(self, key: SupportsIndex, value: SupportsIndex, /) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Buffer, /) -> None: ...
    def __delitem__(self, key: SupportsIndex | slice, /) -> NoReturn: ...
    # Not there: iteration uses the old sequence protocol, and yields bytes
    # of length 1.
    def __iter__(self) -> Iterator[bytes]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    if sys.version_info >= (3, 12):
        def __release_buffer__(self, buffer: memoryview, /) -> None: ...
