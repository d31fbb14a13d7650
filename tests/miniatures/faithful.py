"""The miniature without a mistake: what all others derive from, and their control."""

import contextlib
import mmap
import operator


class Faithful(mmap.mmap):
    """A subclass of the real class that behaves like it."""

    def __iter__(self):
        # A subclass would yield ints: it is indexed through __getitem__.
        index = 0
        with contextlib.suppress(IndexError):  # another thread may shrink it at any moment
            while index < len(self):
                yield bytes([self[index]])
                index += 1
        if self.closed:
            raise ValueError("closed while it was iterated over")

    def resize(self, size, /):
        # Before 3.14.1 the real method does not notice that the conversion has closed the map.
        return super().resize(operator.index(size))


class MadeWith:
    """Keeps the keyword arguments, the descriptor and the first length of the map."""

    def __new__(cls, fileno, length, *args, **kwargs):
        made = super().__new__(cls, fileno, length, *args, **kwargs)
        made.made_with, made.anonymous = kwargs, fileno == -1
        made.fileno, made.first_length = fileno, len(made)
        return made
