"""Downloads by the registries' own clients, checked by sha256, kept in the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmap_spec.cache import cache, make_once

Say = Callable[[str], None]


class CannotFetch(Exception):
    """Something could not be fetched; the text names the remedy."""


def need(program: str, package: str, what: str) -> None:
    """CannotFetch unless a program of a Debian package is on this machine."""
    if shutil.which(program) is None:
        raise CannotFetch(f"{what} needs the program {program}: apt-get install {package}")


def run(command: list[str], what: str, **options: Any) -> None:
    """Run a command to its end; CannotFetch shows the end of what it said."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False, **options
    )
    if done.returncode != 0:
        said = ((done.stderr or "") + (done.stdout or "")).strip()[-2000:]
        raise CannotFetch(f"{what}: {' '.join(command)}: exit status {done.returncode}\n{said}")


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def checked(found: Path, what: str, digest: str) -> Path:
    """A file whose sha256 is the pinned one; CannotFetch for any other."""
    if sha256(found) != digest:
        raise CannotFetch(
            f"{what}: its sha256 is {sha256(found)}, not {digest} as pinned in interpreters.toml"
        )
    return found


def source_distribution(package: str, version: str, digest: str, say: Say) -> Path:
    """The source distribution of a Python package, downloaded by pip unless it is here."""

    def download(scratch: Path) -> None:
        say(f"downloading {package} {version}")
        folder = scratch.with_suffix(".folder")
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
        command += ["--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
        if sys.stderr.isatty():
            command[command.index("--quiet")] = "--progress-bar=on"
        run([*command, f"{package}=={version}"], f"{package} {version}")
        (found,) = folder.iterdir()
        checked(found, f"{package} {version}", digest).rename(scratch)

    return make_once(cache() / "downloads" / f"{package}-{version}-{digest[:12]}", download)


def npm_package(package: str, version: str, digest: str, say: Say) -> Path:
    """The archive of a package for Node.js, downloaded by npm unless it is here."""
    what = f"{package} {version}"
    need("npm", "npm", what)

    def download(scratch: Path) -> None:
        say(f"downloading {what}")
        folder = scratch.with_suffix(".folder")
        folder.mkdir()
        command = ["npm", "pack", "--silent", "--pack-destination", str(folder)]
        run([*command, f"{package}@{version}"], what)
        (found,) = folder.iterdir()
        checked(found, what, digest).rename(scratch)

    return make_once(cache() / "downloads" / f"{package}-{version}-{digest[:12]}", download)
