"""Mistakes that no clause names, for ``compare``: holes of the specification on purpose."""

from miniatures.faithful import Faithful


class MoveRefusesEleven(Faithful):
    def move(self, destination, source, count, /):
        if 11 in [each for each in (destination, source, count) if type(each) is int]:
            raise KeyError(11)
        super().move(destination, source, count)
