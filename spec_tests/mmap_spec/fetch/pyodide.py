"""The recipe ``pyodide``: a CPython in WebAssembly, run by Node.js.

``pyodide_host.mjs`` beside this file is what makes it a command like any other interpreter's.
"""

from __future__ import annotations

import shlex
import shutil
import tarfile
from pathlib import Path
from typing import Any

from mmap_spec.fetch.downloads import Say, need, npm_package, run

HOST = Path(__file__).with_name("pyodide_host.mjs")

SCRIPT = """\
#!/bin/sh
# Runs the Pyodide of this folder; made by `mmap-spec fetch`.
exec node {host} {package} "$@"
"""


def recipe(details: dict[str, Any], scratch: Path, final: Path, say: Say) -> None:
    """Fill ``scratch`` with Pyodide, its memory after a start, and the script ``python``."""
    what = f"Pyodide {details['version']}"
    need("node", "nodejs npm", what)
    archive = npm_package(details["package"], details["version"], details["sha256"], say)
    say(f"unpacking {what}")
    with tarfile.open(archive) as packed:
        packed.extractall(scratch, filter="data")
    host = shutil.copyfile(HOST, scratch / HOST.name)
    say("keeping its memory after a start, so that later ones are quick")
    run(["node", str(host), str(scratch / "package"), "--snapshot"], what)
    script = scratch / "python"
    names = {"host": final / HOST.name, "package": final / "package"}
    script.write_text(
        SCRIPT.format_map({key: shlex.quote(str(path)) for key, path in names.items()})
    )
    script.chmod(0o755)
