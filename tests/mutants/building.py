"""Compile an implementation with one mistake each, and tell which mistakes the compiler drops."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import io
import os
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from mutants.operators import Mutant

# Nonsense that a compiler tells every author is no mutant.
STRICT = ["-Werror=incompatible-pointer-types", "-Werror=int-conversion", "-Werror=implicit"]
# Only the code counts: the same mistake must give the same object file.
OPTIONS = ["-O2", "-DNDEBUG", "-w", "-fPIC", "-fno-ident", *STRICT]
DEADLINE = 120  # seconds; for a compiler that hangs


class CannotBuild(Exception):
    """The implementation could not be built as it is; the text says why."""


class DoesNotCompile(Exception):
    """A mutant that is no C."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How an implementation is built: what its ``setup.py`` says of its one extension.

    ``folder`` holds setup.py; ``module`` is what is imported; ``extension`` the dotted name of
    the compiled part.
    """

    folder: Path
    module: str
    extension: str
    sources: tuple[Path, ...]
    flags: tuple[str, ...]
    package: Path | None  # the folder of the Python files around it

    @functools.cached_property
    def headers(self) -> tuple[Path, ...]:
        """The headers beside the sources."""
        folders = dict.fromkeys(source.parent for source in self.sources)
        return tuple(path for folder in folders for path in sorted(folder.glob("*.h")))

    @functools.cached_property
    def files(self) -> dict[str, Path]:
        """Sources and headers by name."""
        return {path.name: path for path in (*self.sources, *self.headers)}

    @functools.cached_property
    def settings(self) -> str:
        """A hash of how it is compiled, and where."""
        flags = [flag for flag in self.flags if not flag.startswith("-I")]
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        facts = (flags, OPTIONS, sysconfig.get_platform(), suffix)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of all that is compiled."""
        return self.hash_of(self.files)

    def hash_of(self, names: Iterable[str]) -> str:
        """A hash of what is in these files."""
        digest = hashlib.sha256()
        for name in sorted(names):
            digest.update(name.encode() + b"\0" + self.files[name].read_bytes())
        return digest.hexdigest()[:16]


def read_recipe(folder: Path, module: str) -> Recipe:
    """The recipe of a folder with a setup.py that builds one extension in C."""
    from distutils.core import run_setup  # type: ignore[import-not-found,unused-ignore]

    import setuptools  # noqa: F401 - where distutils is gone, it brings its own

    folder = folder.resolve()
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        distribution = run_setup("setup.py", script_args=["build"], stop_after="init")
    (extension,) = distribution.ext_modules
    flags = [*extension.extra_compile_args]
    flags += [f"-I{(folder / path).resolve()}" for path in extension.include_dirs]
    flags += [
        f"-D{name}" + (f"={value}" if value else "") for name, value in extension.define_macros
    ]
    package = folder / "src" / module
    return Recipe(
        folder=folder,
        module=module,
        extension=extension.name,
        sources=tuple((folder / source).resolve() for source in extension.sources),
        flags=tuple(flags),
        package=package if package.is_dir() else None,
    )


class Builder:
    """Builds a recipe's module with changes; ``folder`` keeps what is used again.

    ``interpreter`` is the id of the one that runs what is built, "" this one; ``share`` is a C
    function for covering.py to use in place of its own.
    """

    interpreter = ""
    share = ""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe = recipe
        self.folder = folder
        self.compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[:1]
        self.python = [f"-I{sysconfig.get_path(name)}" for name in ("include", "platinclude")]
        self.libraries = ["-pthread"]
        self.suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, command: list[str], folder: Path | None = None) -> str:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
        if done.returncode != 0:
            raise DoesNotCompile(f"{shlex.join(command)}\n{done.stderr}")
        return done.stdout

    def compile(self, source: Path, target: Path, headers: Path | None = None) -> None:
        """Compile one file; what lies in ``headers`` is included before all others."""
        where = self.recipe.files[source.name].parent if source.name in self.recipe.files else None
        beside = [f"-I{headers}"] if headers else []
        beside += [f"-I{where}"] if where else []
        flags = [*self.recipe.flags, *OPTIONS, *beside, *self.python]
        # By its bare name, which is all that __FILE__ may say.
        self.run([*self.compiler, *flags, "-c", source.name, "-o", str(target)], source.parent)

    @functools.cached_property
    def includers(self) -> dict[str, list[Path]]:
        """For each file, the sources that have to be compiled again when it changes."""
        found: dict[str, list[Path]] = {name: [] for name in self.recipe.files}
        for source in self.recipe.sources:
            command = [*self.compiler, *self.recipe.flags, *self.python, "-MM", str(source)]
            for word in self.run(command).split():
                name = Path(word).name
                if word != "\\" and name in found and source not in found[name]:
                    found[name].append(source)
        return found

    @functools.cached_property
    def inputs(self) -> dict[str, str]:
        """For each file, a hash of all that is compiled when it changes: sources with headers."""
        read: dict[str, set[str]] = {source.name: set() for source in self.recipe.sources}
        for name, sources in self.includers.items():
            for source in sources:
                read[source.name].add(name)
        return {
            name: self.recipe.hash_of({name}.union(*(read[source.name] for source in sources)))
            for name, sources in self.includers.items()
        }

    @functools.cached_property
    def objects(self) -> dict[str, Path]:
        """The objects of the unchanged sources, by the source's name."""
        folder = self.folder / "original"
        folder.mkdir(exist_ok=True)
        found = {}
        for source in self.recipe.sources:
            target = folder / f"{source.stem}-{self.inputs[source.name]}.o"
            if not target.exists():
                for old in folder.glob(f"{source.stem}-*.o"):
                    old.unlink()
                scratch = target.with_suffix(f".{os.getpid()}")
                try:
                    self.compile(source, scratch)
                except DoesNotCompile as error:
                    raise CannotBuild(str(error)) from None
                scratch.rename(target)
            found[source.name] = target
        return found

    def compile_mutant(self, mutant: Mutant, folder: Path) -> dict[str, Path]:
        """The objects that differ from the original's, by source; made in ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        original = self.recipe.files[mutant.file]
        text = original.read_bytes()
        changed = folder / mutant.file
        changed.write_bytes(text[: mutant.start] + mutant.text.encode() + text[mutant.end :])
        if changed.suffix == ".h":
            self.copy_with_quotes(folder)
        found = {}
        for source in self.includers[mutant.file]:
            target = folder / f"{source.stem}.o"
            place = changed if source.name == mutant.file else folder / source.name
            if place is not changed:
                shutil.copyfile(source, place)
            self.compile(place, target, folder)
            if target.read_bytes() == self.objects[source.name].read_bytes():
                target.unlink()
            else:
                found[source.name] = target
        return found

    def copy_with_quotes(self, folder: Path) -> None:
        """Headers that include the changed one by quotes must lie beside it."""
        for header in self.recipe.headers:
            if not (folder / header.name).exists():
                shutil.copyfile(header, folder / header.name)

    def link(self, folder: Path, objects: dict[str, Path], more: tuple[Path, ...] = ()) -> Path:
        """Link the given objects in place of the original's; the folder to import from."""
        every = {**self.objects, **objects}
        *packages, name = self.recipe.extension.split(".")
        place = folder.joinpath(*packages)
        place.mkdir(parents=True, exist_ok=True)
        target = place / f"{name}{self.suffix}"
        command = [*self.compiler, "-shared", *map(str, (*every.values(), *more)), *self.libraries]
        self.run([*command, "-o", str(target)])
        if self.recipe.package is not None:
            for path in self.recipe.package.glob("*.py"):
                shutil.copyfile(path, place / path.name)
        return folder


def digest_of(objects: dict[str, Path]) -> str:
    """A hash of objects: two mutants with the same one are the same mutant."""
    digest = hashlib.sha256()
    for name, path in sorted(objects.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def remove_sources(folder: Path) -> None:
    """Remove what only the compiler needed."""
    for path in [*folder.glob("*.c"), *folder.glob("*.h"), *folder.glob("*.o")]:
        path.unlink()
