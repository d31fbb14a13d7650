"""The rows of the benchmark: what is done, on what.

A row is a statement that is timed for each module by turns.  In it, ``m`` is
a map, ``mmap`` the module, and the other names are those of ``World``.
"""

import functools
import os
import random
import threading
from dataclasses import dataclass
from pathlib import Path

KIB = 1 << 10
MIB = 1 << 20

ABSENT_BYTE = b"\x01"
ABSENT_WORD = b"zebrafish!"
ABSENT_COMMON = b"tion of these ententions"
COMMON_PREFIX = b"return self._zq"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    group: str
    name: str
    statement: str
    data: str = "text"  # the file that is mapped: a method of World
    operations: int = 1  # in one statement; the time is given for one
    setup: str = "pass"  # before each sample, not timed
    once: bool = False  # a sample is one statement, right after the setup
    native: str = ""  # the C function that reads the same bytes
    size: int = 0  # bytes that are passed over, for GB/s
    floor: bool = False  # can be done to an object that does nothing (floor.c)


@functools.lru_cache
def sources():
    """Python's own sources, without what has to be absent."""
    paths = sorted(Path(os.__file__).parent.glob("*.py"))
    content = b"".join(path.read_bytes() for path in paths if path.is_file())
    for absent in (ABSENT_BYTE, ABSENT_WORD, ABSENT_COMMON, COMMON_PREFIX):
        content = content.replace(absent, b" ")
    return content


def text(size):
    """Python's own sources, as often as it takes."""
    content = sources()
    return (content * (size // len(content) + 1))[:size]


def fibonacci(size):
    """The Fibonacci word, in which everything repeats and nothing is periodic."""
    a, b = b"a", b"ab"
    while len(b) < size:
        a, b = b, b + a
    return b[:size]


# Haystack and needle of the worst cases; each needle is absent.
WORST = {
    "flaw at the end": (lambda n: b"a" * n, b"a" * 63 + b"b"),
    "flaw at the start": (lambda n: b"a" * n, b"b" + b"a" * 63),
    "flaw in the middle": (lambda n: b"ab" * (n // 2), b"ab" * 16 + b"b" + b"ab" * 15 + b"a"),
    "runs too short": (lambda n: (b"a" * 63 + b"b") * (n // 64), b"a" * 64),
    "period off by one": (lambda n: (b"a" * 30 + b"b") * (n // 31), (b"a" * 31 + b"b") * 2),
    "Fibonacci word": (fibonacci, fibonacci(63) + b"b"),
    "two random letters": (
        lambda n: bytes(random.Random(1).choices(b"ab", k=n)),
        bytes(random.Random(2).choices(b"ab", k=64)),
    ),
}


class World:
    """Files, and what the statements need besides the map."""

    def __init__(self, folder, size, large):
        """Make the files in a folder; sizes in bytes."""
        self.folder = Path(folder)
        self.size = size
        self.large = large
        self.opened = {}

    def path(self, name, content):
        """The file of that name; content is made if it is not there."""
        path = self.folder / name
        if not path.exists():
            path.write_bytes(content())
        return path

    def file(self, data):
        """An open file with that data: "text", "large", "page" or a worst case."""
        if data not in self.opened:
            contents = {
                "text": lambda: text(self.size),
                "large": lambda: text(self.large),
                "cold": lambda: text(self.size),
                "page": lambda: text(64 * KIB),
            }
            content = contents.get(data, lambda: WORST[data][0](MIB))
            path = self.path(data.replace(" ", "-"), content)
            self.opened[data] = path.open("r+b", buffering=0)
        return self.opened[data]

    def names(self, module, data):
        """The global names of a statement."""
        file = self.file(data)
        m = module.mmap(file.fileno(), 0)
        if data == "cold":
            m.close()  # pages that are mapped stay in memory
        return {
            "mmap": module,
            "m": m,
            "fd": file.fileno(),
            "needle": WORST[data][1] if data in WORST else b"",
            "chunk": text(MIB),
            "find_all": find_all,
            "rfind_all": rfind_all,
            "drain": drain,
            "in_threads": in_threads,
            "drop_cache": lambda: drop_cache(file),
        }

    def close(self):
        """Close every file."""
        for file in self.opened.values():
            file.close()


def find_all(m, needle, end):
    """Every hit below `end`."""
    at = m.find(needle, 0, end)
    while at >= 0:
        at = m.find(needle, at + 1, end)


def rfind_all(m, needle, end):
    """The same from the end."""
    at = m.rfind(needle, 0, end)
    while at >= 0:
        at = m.rfind(needle, 0, at)


def drain(m):
    """Read all lines."""
    m.seek(0)
    while m.readline():
        pass


def in_threads(count, function):
    """Call a function in so many threads at once."""
    threads = [threading.Thread(target=function) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def drop_cache(file):
    """Ask the system to forget the pages of a file that nobody maps."""
    os.fsync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def search_rows(size, large):
    """Long searches: the bytes are passed over once."""
    needles = [
        ("absent byte", ABSENT_BYTE),
        ("absent word", ABSENT_WORD),
        ("absent, common letters", ABSENT_COMMON),
        ("common prefix", COMMON_PREFIX),
    ]
    for method, native in (("find", "memchr"), ("rfind", "memrchr")):
        for name, needle in needles:
            statement = f"m.{method}({needle!r}, 0)"
            yield Row("search", f"{method}, {name}", statement, native=native, size=size)
        yield Row(
            "search",
            f"{method}, absent word, larger than the cache",
            f"m.{method}({ABSENT_WORD!r}, 0)",
            "large",
            native=native,
            size=large,
        )
    for method in ("find", "rfind"):
        for name in WORST:
            yield Row("worst case", f"{method}, {name}", f"m.{method}(needle, 0)", name, size=MIB)


def growth_rows():
    """The same worst case for needles of 1 to 4096 bytes."""
    for method in ("find", "rfind"):
        for m in (1, 16, 256, 4096):
            needle = f"b'a' * {m // 2} + b'b' + b'a' * {m - m // 2 - 1}"
            yield Row(
                "growth",
                f"{method}, {m} bytes, 128 KiB",
                f"m.{method}(n, 0, {128 * KIB})",
                "flaw at the end",
                setup=f"n = {needle}",
                size=128 * KIB,
            )


def small_rows():
    """Calls that touch few bytes."""
    rewind = "m.seek(0)"
    yield Row("small", "find in 32 bytes, absent", "m.find(b'~Q', 0, 32)")
    yield Row("small", "rfind in 32 bytes, absent", "m.rfind(b'~Q', 0, 32)")
    yield Row("small", "find in 32 bytes, one byte", "m.find(b'~', 0, 32)")
    yield Row("small", "m[5]", "m[5]", floor=True)
    yield Row("small", "m[-5]", "m[-5]", floor=True)
    yield Row("small", "m[5] = 65", "m[5] = 65", "page", floor=True)
    yield Row("small", "m[8:9]", "m[8:9]")
    yield Row("small", "m[8:16]", "m[8:16]")
    yield Row("small", "m[8:72]", "m[8:72]")
    yield Row("small", "m[8:16] = 8 bytes", "m[8:16] = b'abcdefgh'", "page")
    yield Row("small", "read_byte", "m.read_byte()", setup=rewind, floor=True)
    yield Row("small", "write_byte", "m.write_byte(65)", "large", setup=rewind, floor=True)
    yield Row("small", "iterate, one byte", "for b in m: pass", "page", 64 * KIB, floor=True)
    yield Row("small", "an empty call", "m.seekable()", floor=True)
    yield Row("small", "len", "len(m)", floor=True)
    yield Row("small", "tell", "m.tell()", floor=True)
    yield Row("small", "seek", "m.seek(5)", floor=True)
    for method in ("find", "rfind"):
        end = 64 * KIB
        call = f"{method}_all(m, b'th', {end})"
        yield Row("small", f"{method} all of 'th' in 64 KiB", call, size=end)


def copy_rows(size):
    """Bytes in and out."""
    yield Row("copy", "readline over 64 KiB", "drain(m)", "page", size=64 * KIB)
    for n in (1, 64, 4 * KIB, 64 * KIB, MIB, size):
        label = f"{n} B" if n < KIB else f"{n // KIB} KiB"
        yield Row("copy", f"seek, read {label}", f"m.seek(0); m.read({n})", size=n)
        yield Row(
            "copy",
            f"seek, write {label}",
            "m.seek(0); m.write(source)",
            "large",
            setup=f"source = m[:{n}]",
            size=n,
        )
    yield Row("copy", "m[:1 MiB]", f"m[:{MIB}]", size=MIB)
    for step in (2, 64, -1):
        yield Row("copy", f"m[::{step}] of 1 MiB", f"m[{step_range(step)}]", size=MIB)
    yield Row("copy", "m[::2] = ..., 1 MiB", f"m[:{MIB}:2] = chunk[::2]", "large", size=MIB)
    yield Row("copy", "move 4 KiB", "m.move(100, 0, 4096)", "page", size=4 * KIB)
    yield Row("copy", "move 1 MiB, overlapping", f"m.move(100, 0, {MIB})", "large", size=MIB)


def step_range(step):
    """A slice over the first MiB."""
    return f"{MIB - 1}::-1" if step < 0 else f":{MIB}:{step}"


def system_rows():
    """What the operating system has a part in."""
    yield Row("system", "open and close", "mmap.mmap(fd, 0).close()", "page")
    yield Row("system", "anonymous, open and close", "mmap.mmap(-1, 4096).close()", "page")
    yield Row(
        "system",
        "resize, there and back",
        "a.resize(8192); a.resize(4096)",
        "page",
        setup="a = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE)",
    )
    yield Row("system", "flush a clean page", "m.flush(0, 4096)", "page")
    yield Row("system", "write and flush a page", "m[0] = 65; m.flush(0, 4096)", "page")
    search = f"m.find({ABSENT_WORD!r}, 0)"
    for count in (2, 4):
        yield Row("system", f"find in {count} threads", f"in_threads({count}, lambda: {search})")
    yield Row(
        "system",
        "find in a cold file",
        f"c.find({ABSENT_WORD!r}); c.close()",
        "cold",
        setup="drop_cache(); c = mmap.mmap(fd, 0)",
        once=True,
    )


def all_rows(size, large):
    """The table, in order."""
    yield from search_rows(size, large)
    yield from growth_rows()
    yield from small_rows()
    yield from copy_rows(size)
    yield from system_rows()
