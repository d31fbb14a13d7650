"""The recipe ``wine``: an official CPython for Windows, run by Wine.

The package holds, in a zip, a complete Windows CPython with headers and import libraries.
All of them share one Wine prefix, the folder that is Windows' disk and registry.
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from mmap_spec.cache import cache, make_once
from mmap_spec.fetch.downloads import CannotFetch, Say, need, run, source_distribution

# Wine's own services inherit standard error of whoever comes first, and would keep that pipe
# open: so they are started by a command of their own, without pipes.  The server stays a few
# seconds after its last program has ended, then takes the services with it.  Without wbemprox,
# Python's platform module does not ask WMI, which Wine 8 does not survive.
SCRIPT = """\
#!/bin/sh
# Runs the CPython for Windows of this folder; made by `mmap-spec fetch`.
export WINEPREFIX={prefix} WINEDEBUG=-all
export WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe,wbemprox='
unset DISPLAY
if ! wineserver -k0 2>/dev/null; then
    setsid wineserver -p3 </dev/null >/dev/null 2>&1
    setsid wine cmd.exe /c exit </dev/null >/dev/null 2>&1
fi
exec wine {program} "$@"
"""

# Without a debugger that exists, a crash would start Wine's, which writes to the crashed
# program's standard output.
REGISTRY = [
    *("reg", "add", r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug"),
    *("/v", "Debugger", "/t", "REG_SZ", "/d", "none.exe", "/f"),
]


def recipe(details: dict[str, Any], scratch: Path, final: Path, say: Say) -> None:
    """Fill ``scratch`` with a Windows CPython and the script ``python`` that starts it."""
    what = f"CPython for Windows ({details['package']} {details['version']})"
    for program in ("wine", "wineserver"):
        need(program, "--no-install-recommends wine wine64", what)
    prefix = make_once(cache() / "wine-prefix", lambda folder: make_prefix(folder, say))
    archive = source_distribution(details["package"], details["version"], details["sha256"], say)
    say(f"unpacking {details['package']} {details['version']}")
    unpack(archive, details["member"], scratch)
    write_script(scratch / "python", prefix, final / "python.exe")


def make_prefix(folder: Path, say: Say) -> None:
    """A Wine prefix of our own; about 10 seconds and 700 MB."""
    say("making the Wine prefix, once for all")
    env = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    env |= {"WINEPREFIX": str(folder), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}
    steps = [["wine", "wineboot", "-i"], ["wine", "winecfg", "-v", "win10"]]
    steps += [["wine", *REGISTRY], ["wineserver", "-w"]]
    try:
        for step in steps:
            run(step, "the Wine prefix", env=env, stderr=subprocess.DEVNULL)
    except BaseException:  # nobody may work on in a folder that goes away
        subprocess.run(["wineserver", "-k"], env=env, stderr=subprocess.DEVNULL, check=False)
        raise


def unpack(archive: Path, member: str, folder: Path) -> None:
    """The zip inside of a source distribution, without the folder that it has at its top."""
    with tarfile.open(archive) as outer:
        name = next((name for name in outer.getnames() if name.endswith("/" + member)), None)
        stream = outer.extractfile(name) if name else None
        if stream is None:
            raise CannotFetch(f"{archive.name} holds no {member}")
        data = stream.read()
    with zipfile.ZipFile(io.BytesIO(data)) as inner:
        (top,) = {name.split("/")[0] for name in inner.namelist()}
        inner.extractall(folder.with_suffix(".zip"))
    (folder.with_suffix(".zip") / top).rename(folder)


def write_script(path: Path, prefix: Path, program: Path) -> None:
    """The executable ``python``."""
    path.write_text(
        SCRIPT.format(prefix=shlex.quote(str(prefix)), program=shlex.quote(str(program)))
    )
    path.chmod(0o755)
