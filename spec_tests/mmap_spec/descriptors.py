"""The data under impls/: implementations, interpreters, known deviations.

Reads and checks the TOML files against their JSON Schemas (schemas/), and finds
them by id in ./impls first, then among those that travel with this package,
then among installed packages (entry points ``mmap_spec.impls``).
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import importlib.metadata
import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
from packaging.markers import InvalidMarker, Marker

HERE = Path(__file__).parent


class BadDescriptor(Exception):
    """A file of impls/ or a name that was given is wrong; the text names the remedy."""


@functools.cache
def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of ``impl``, ``expected``, ``interpreters``, ``clauses`` or ``result``."""
    return dict(json.loads((HERE / "schemas" / f"{kind}.schema.json").read_text()))


def nearest(name: str, known: list[str]) -> str:
    """A hint at the nearest known name, or the list of them."""
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]!r}?" if close else "known: " + ", ".join(sorted(known))


def load(path: Path, kind: str) -> dict[str, Any]:
    """One TOML file, checked; BadDescriptor names file, key and the nearest known one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadDescriptor(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDescriptor(f"{path}: not TOML: {error}") from None
    validator = jsonschema.Draft202012Validator(schema(kind))
    problems = sorted(validator.iter_errors(data), key=lambda problem: list(problem.path))
    if problems:
        raise BadDescriptor(f"{path}: {explain(problems[0])}")
    return data


def explain(error: jsonschema.ValidationError) -> str:
    """A schema error for people: where, what, and the nearest known key."""
    where = ".".join(str(part) for part in error.path)
    where = f"{where}: " if where else ""
    rule: Any = error.schema
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(rule.get("properties", {}))
        for key in error.instance:
            if key not in known:
                return f"{where}unknown key {key!r}; {nearest(key, known)}"
    return f"{where}{error.message}"


@functools.cache
def marker(text: str, where: str) -> Marker:
    """A PEP 508 marker; BadDescriptor names the place it stands in."""
    try:
        return Marker(text)
    except InvalidMarker as error:
        raise BadDescriptor(f"{where}: not a PEP 508 marker: {text!r}: {error}") from None


@dataclasses.dataclass(frozen=True)
class Deviation:
    """A known deviation: one entry of an expected.toml."""

    clause: str
    reason: str
    when: str | None
    outcome: tuple[str, ...]
    link: str | None
    file: Path

    def applies(self, environment: dict[str, str]) -> bool:
        """Whether its condition holds for a profile's marker environment."""
        if self.when is None:
            return True
        return marker(self.when, f"{self.file}: {self.clause}").evaluate(environment)


@dataclasses.dataclass(frozen=True)
class CrossBuild:
    """How an implementation is built for Windows on another system.

    ``variable`` is the environment variable that names the folder of the Windows CPython, as a
    path of this system; ``program`` is the compiler, ``hint`` how to get it.
    """

    variable: str
    program: str
    hint: str


@dataclasses.dataclass(frozen=True)
class Implementation:
    """A module that implements mmap: an impl.toml, or a dotted name without one."""

    id: str
    title: str
    module: str
    folder: Path | None = None
    api: tuple[int, int] | None = None
    path: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    requirement: str | None = None
    hint: str | None = None
    windows: CrossBuild | None = None
    extends: str | None = None
    homepage: str | None = None
    tracker: str | None = None
    interpreters: tuple[str, ...] = ("*",)

    def deviations(self, below: tuple[str, ...] = ()) -> list[Deviation]:
        """Its own known deviations, and those of what it extends."""
        if self.id in below:
            raise BadDescriptor(f"{self.folder}: extends goes round: {' -> '.join(below)}")
        own = []
        if self.folder is not None and (self.folder / "expected.toml").exists():
            own = load_expected(self.folder / "expected.toml")
        inherited = []
        if self.extends:
            ids = known()
            if self.extends not in ids:
                hint = nearest(self.extends, sorted(ids))
                raise BadDescriptor(f"{self.folder}: extends unknown {self.extends!r}; {hint}")
            inherited = load_impl(ids[self.extends]).deviations((*below, self.id))
        mine = {deviation.clause for deviation in own}
        return own + [deviation for deviation in inherited if deviation.clause not in mine]


def load_expected(path: Path) -> list[Deviation]:
    """The entries of one expected.toml, in order."""
    found = []
    for entry in load(path, "expected").get("deviation", []):
        if "when" in entry:
            marker(entry["when"], f"{path}: {entry['clause']}")
        outcome = entry.get("outcome", ["fail", "crash", "hang"])
        found.append(
            Deviation(
                clause=entry["clause"],
                reason=entry["reason"],
                when=entry.get("when"),
                outcome=(outcome,) if isinstance(outcome, str) else tuple(outcome),
                link=entry.get("link"),
                file=path,
            )
        )
    return found


def load_impl(path: Path) -> Implementation:
    """An impl.toml; relative folders in it are relative to it."""
    data = load(path, "impl")
    folder = path.resolve().parent
    build = data.get("build", {})
    requirement = build.get("requirement")
    if requirement is not None and requirement.startswith("."):
        requirement = str((folder / requirement).resolve())
    return Implementation(
        id=folder.name,
        title=data["title"],
        module=data["module"],
        folder=folder,
        api=parse_api(data["api"], str(path)) if "api" in data else None,
        path=tuple(str((folder / entry).resolve()) for entry in data.get("path", [])),
        env=tuple(data.get("env", {}).items()),
        requirement=requirement,
        hint=build.get("hint"),
        windows=CrossBuild(**build["windows"]) if "windows" in build else None,
        extends=data.get("extends"),
        homepage=data.get("homepage"),
        tracker=data.get("tracker"),
        interpreters=tuple(data.get("interpreters", ["*"])),
    )


def parse_api(text: str, where: str) -> tuple[int, int]:
    """An API version such as ``3.13``."""
    major, _, minor = text.partition(".")
    if not (major == "3" and minor.isdigit()):
        raise BadDescriptor(f"{where}: API version {text!r} is not of the form 3.13")
    return 3, int(minor)


def folders() -> list[Path]:
    """Where ids are looked up, first match first."""
    packaged = HERE / "impls"
    if not packaged.is_dir():  # a source checkout
        packaged = HERE.parents[1] / "impls"
    here = Path.cwd() / "impls"
    return [here, packaged] if here.is_dir() and here != packaged else [packaged]


def known() -> dict[str, Path]:
    """Every implementation's id and its impl.toml."""
    found: dict[str, Path] = {}
    for point in importlib.metadata.entry_points(group="mmap_spec.impls"):
        found[point.name] = Path(point.load())
    for folder in reversed(folders()):
        for path in sorted(folder.glob("*/impl.toml")):
            found[path.parent.name] = path
    return found


def find(name: str) -> Implementation:
    """An implementation by id, path of an impl.toml, or dotted module name."""
    if name.endswith(".toml") or "/" in name or "\\" in name:
        path = Path(name)
        return load_impl(path / "impl.toml" if path.is_dir() else path)
    ids = known()
    if name in ids:
        return load_impl(ids[name])
    if all(part.isidentifier() for part in name.split(".")) and name:
        return Implementation(id=name, title=name, module=name)
    raise BadDescriptor(
        f"--impl={name}: neither an id in impls/, nor an impl.toml, nor a module's name; "
        + nearest(name, sorted(ids))
    )


@dataclasses.dataclass(frozen=True)
class Interpreter:
    """A Python that runs candidates: an entry of interpreters.toml, a path or a command."""

    id: str
    command: tuple[str, ...]
    hint: str = ""
    timeout: float = 30.0
    env: tuple[tuple[str, str], ...] = ()
    recipe: str = ""  # by which it is fetched
    shares: str = ""  # what it has in common with others, so that one waits for the other

    @property
    def elsewhere(self) -> bool:
        """Whether it runs on another machine, which has neither our files nor our cores."""
        return Path(self.command[0]).stem == "ssh"


def load_interpreters() -> dict[str, dict[str, Any]]:
    """The entries of interpreters.toml by id, local ones first."""
    found: dict[str, dict[str, Any]] = {}
    for folder in reversed(folders()):
        path = folder / "interpreters.toml"
        if path.exists():
            found.update(load(path, "interpreters").get("interpreter", {}))
    return found
