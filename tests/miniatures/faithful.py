"""The miniature without a mistake: what all others derive from, and their control."""

import mmap


class Faithful(mmap.mmap):
    """A subclass of the real class that behaves like it."""

    def __iter__(self):
        # A subclass would yield ints: it is indexed through __getitem__.
        index = 0
        while index < len(self):
            yield bytes([self[index]])
            index += 1
        if self.closed:
            raise ValueError("closed while it was iterated over")
