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


def download_once(
    package: str, version: str, digest: str, say: Say, client: list[str], wanted: str
) -> Path:
    """The file that a registry has for ``wanted``, downloaded unless it is here, and checked.

    ``client`` is a command up to the option after which the folder stands to download into.
    """
    what = f"{package} {version}"

    def download(scratch: Path) -> None:
        say(f"downloading {what}")
        folder = scratch.with_suffix(".folder")
        folder.mkdir()
        run([*client, str(folder), wanted], what)
        (found,) = folder.iterdir()
        if sha256(found) != digest:
            raise CannotFetch(
                f"{what}: its sha256 is {sha256(found)}, not {digest} as pinned in "
                "interpreters.toml"
            )
        found.rename(scratch)

    return make_once(cache() / "downloads" / f"{package}-{version}-{digest[:12]}", download)


def source_distribution(package: str, version: str, digest: str, say: Say) -> Path:
    """The source distribution of a Python package, downloaded by pip unless it is here."""
    progress = "--progress-bar=on" if sys.stderr.isatty() else "--quiet"
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", progress]
    pip += ["--no-deps", "--no-binary", ":all:", "--dest"]
    return download_once(package, version, digest, say, pip, f"{package}=={version}")


def npm_package(package: str, version: str, digest: str, say: Say) -> Path:
    """The archive of a package for Node.js, downloaded by npm unless it is here."""
    need("npm", "npm", f"{package} {version}")
    npm = ["npm", "pack", "--silent", "--pack-destination"]
    return download_once(package, version, digest, say, npm, f"{package}@{version}")
