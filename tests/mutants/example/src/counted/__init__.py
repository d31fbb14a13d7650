"""The standard library's mmap, whose length goes through a few lines of C."""

import mmap as _real
from mmap import *  # noqa: F403 - every public name, whatever release this is

from counted import _counted


class mmap(_real.mmap):  # noqa: N801 - the name of the type
    def __len__(self):
        return _counted.fit(super().__len__())
