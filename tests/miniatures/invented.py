"""Mistakes that no clause names, for ``compare``: holes of the specification on purpose."""

from miniatures.faithful import Faithful


class MoveRefusesEleven(Faithful):
    def move(self, destination, source, count, /):
        if type(count) is int and count == 11:
            raise KeyError(count)
        super().move(destination, source, count)
