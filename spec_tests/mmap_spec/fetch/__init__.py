"""``mmap-spec fetch NAME``: interpreters that are brought here on demand.

An entry of interpreters.toml with a table ``fetch`` names a recipe and says what it needs:
package, version, sha256.  A recipe is a function of this package that fills a folder of the
cache, in which an executable called ``python`` then is the interpreter: a command like any
other, whatever is behind it.  ``RECIPES`` is the list of them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmap_spec import descriptors
from mmap_spec.cache import cache, make_once
from mmap_spec.descriptors import BadDescriptor, nearest
from mmap_spec.fetch import debian, pyodide, wine
from mmap_spec.fetch.downloads import CannotFetch, Say

__all__ = ["CannotFetch", "fetch", "fetchable", "home", "installed"]

FORMATS = {"pyodide": 2}  # raised from 1 when a recipe makes something else of the same details

# Each fills a folder: recipe(details of the entry, scratch folder, final folder, say).
Recipe = Callable[[dict[str, Any], Path, Path, Say], None]
RECIPES: dict[str, Recipe] = {
    "debian": debian.recipe,
    "pyodide": pyodide.recipe,
    "wine": wine.recipe,
}


def fetchable() -> dict[str, dict[str, Any]]:
    """The interpreters that can be fetched: name -> what its recipe needs."""
    known = descriptors.load_interpreters()
    return {name: entry["fetch"] for name, entry in known.items() if "fetch" in entry}


def home(name: str, details: dict[str, Any]) -> Path:
    """The folder of an interpreter; another one when its details change."""
    text = json.dumps([FORMATS.get(details["recipe"], 1), details], sort_keys=True)
    return cache() / "interpreters" / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def installed(name: str, details: dict[str, Any]) -> str | None:
    """The interpreter's program, if it was fetched."""
    program = home(name, details) / "python"
    return str(program) if program.exists() else None


def fetch(name: str, say: Say) -> str:
    """Fetch an interpreter unless it is here; its program.  CannotFetch names the remedy."""
    known = fetchable()
    if name not in known:
        raise BadDescriptor(f"{name!r} cannot be fetched; {nearest(name, sorted(known))}")
    details = known[name]
    recipe = RECIPES.get(details["recipe"])
    if recipe is None:
        hint = nearest(details["recipe"], sorted(RECIPES))
        raise BadDescriptor(f"interpreters.toml: {name}: unknown recipe; {hint}")
    if not sys.platform.startswith("linux"):
        raise CannotFetch(f"{name}: the recipes are for Linux")
    target = home(name, details)
    make_once(target, lambda scratch: recipe(details, scratch, target, say))
    return str(target / "python")
