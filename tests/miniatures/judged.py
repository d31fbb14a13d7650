"""The module that is judged: the real mmap, but for the class that MINIATURE names.

The environment variable MINIATURE is ``module.Class``, such as
``wrong_search.FindStartsAtZero``; the modules lie beside this file.
"""

import importlib
import os
from mmap import *  # noqa: F403 - every public name, whatever release this is

_module, _, _name = os.environ["MINIATURE"].partition(".")
mmap = getattr(importlib.import_module(f"miniatures.{_module}"), _name)
mmap.__name__ = mmap.__qualname__ = "mmap"
mmap.__module__ = __name__
globals().update(mmap.__dict__.get("module_names", {}))

del importlib, os
