"""Bytes of the model: a file's, or those of anonymous memory.

Where the platform leaves a byte open, ``Memory`` knows the other value that may
show there; the first look settles it.
"""

from __future__ import annotations


class Memory:
    """Bytes that several mappings may share; places and sizes in bytes."""

    def __init__(self, contents: bytes = b"") -> None:
        self.data = bytearray(contents)
        self._others: dict[int, int] = {}  # by place: what may show there instead

    def put(self, start: int, new: bytes) -> None:
        """Write; what was open there is settled."""
        self.data[start : start + len(new)] = new
        self._settle(start, len(new))

    def leave_open(self, start: int, other: bytes) -> None:
        """From ``start`` on each byte may be that of ``other`` instead."""
        for place, value in enumerate(other, start):
            if self.data[place] != value:
                self._others[place] = value

    def shows(self, start: int, seen: bytes) -> bool:
        """Whether ``seen`` may be read at ``start``; if so, that is what is there from now on."""
        mine = self.data[start : start + len(seen)]
        if mine != seen and not self._may_show(start, mine, seen):
            return False
        self.put(start, seen)
        return True

    def _may_show(self, start: int, mine: bytearray, seen: bytes) -> bool:
        return len(mine) == len(seen) and all(
            value == own or self._others.get(place) == value
            for place, (own, value) in enumerate(zip(mine, seen, strict=True), start)
        )

    def _settle(self, start: int, size: int) -> None:
        if self._others:
            for place in [p for p in self._others if start <= p < start + size]:
                del self._others[place]


class File(Memory):
    """A file: its bytes, and behind its end the rest of its last page, which maps can see."""

    def __init__(self, contents: bytes = b"", page_size: int = 4096) -> None:
        super().__init__(contents + bytes(-len(contents) % page_size))
        self.size = len(contents)
        self._page_size = page_size

    @property
    def contents(self) -> bytes:
        """What reading the file gives."""
        return bytes(self.data[: self.size])

    def truncate(self, size: int) -> None:
        """Cut or extend; the new bytes are zeros.

        Only what a map has put behind the end of the file may be there instead.
        """
        old, self.size = self.size, size
        if size < old:
            del self.data[size:]
            self._settle(size, old)
        self.data.extend(bytes(size - len(self.data) if size > len(self.data) else 0))
        self.data.extend(bytes(-len(self.data) % self._page_size))
        if size > old:
            self.leave_open(old, bytes(min(size, old + -old % self._page_size) - old))

    def pwrite(self, new: bytes, offset: int) -> int:
        """Write at an offset, beyond the end too; how much."""
        if new:
            self.truncate(max(self.size, offset + len(new)))
            self.put(offset, new)
        return len(new)
