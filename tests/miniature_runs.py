"""Judging a miniature by the clause that it breaks, once a process: two tests ask for it."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

import miniatures
from judging import TESTS, Judgement, judge, write_impl
from miniatures import MINIATURES, Miniature

for _module in pkgutil.iter_modules(miniatures.__path__):
    if _module.name.startswith("wrong_"):
        importlib.import_module(f"miniatures.{_module.name}")

BY_NAME = {miniature.name: miniature for miniature in MINIATURES}
THIS = "python{}.{}".format(*sys.version_info)


def candidate(folder: Path, name: str, on: str = "this") -> str:
    """A class of the miniatures as a candidate; its impl.toml is made in ``folder``."""
    environment = {"MINIATURE": name}
    path = write_impl(folder / name, module="miniatures.judged", path=[str(TESTS)], env=environment)
    return str(path) if on in ("this", THIS) else f"{path}@{on}"


@functools.cache
def judged(miniature: Miniature) -> Judgement:
    """What the battery finds in a miniature, by its clause."""
    with tempfile.TemporaryDirectory() as folder:
        impl = candidate(Path(folder), miniature.name, miniature.on)
        return judge(impl, [miniature.clause], Path(folder) / "report")


def assert_caught(miniature: Miniature) -> None:
    """Its clause fails, with a text that tells the mistake and a program; the run is red."""
    found = judged(miniature)
    assert (found.verdicts(), found.status) == ({miniature.clause: miniature.outcome}, 1)
    assert miniature.found in found.found(miniature.clause)
    assert found.programs(miniature.clause)
