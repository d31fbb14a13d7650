"""From ``IMPL[@INTERPRETER]`` to a started worker.

Finds the interpreter, builds the implementation where that is needed, and starts
a worker there, as ``links.py`` does it.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import glob
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any

from packaging.version import InvalidVersion, Version

from mmap_spec import descriptors, fetch
from mmap_spec.cache import cache, make_once
from mmap_spec.candidate import Candidate, LinkDied, Profile, Session
from mmap_spec.descriptors import BadDescriptor, CrossBuild, Implementation, Interpreter
from mmap_spec.links import CORES, CannotStart, InProcessLink, PipeLink

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Spec:
    """A candidate as the command line names it."""

    text: str
    implementation: Implementation
    interpreter: Interpreter


def parse(text: str) -> Spec:
    """``IMPL[@INTERPRETER]``, resolved; BadDescriptor or CannotStart say what is wrong."""
    name, _, where = text.partition("@")
    spec = Spec(text, descriptors.find(name), interpreter(where))
    if spec.interpreter.recipe == "wine" and spec.implementation.requirement is not None:
        cross_build(spec)
    return spec


def interpreter(name: str) -> Interpreter:
    """An interpreter by id, path or command; none is the one that runs this."""
    if name in ("", "this"):
        return Interpreter("this", (sys.executable,))
    known = descriptors.load_interpreters()
    if name in known:
        return from_entry(name, known[name])
    command = tuple(os.path.expanduser(part) for part in shlex.split(name))
    program = shutil.which(command[0]) if command else None
    if program is None:
        raise CannotStart(
            f"interpreter {name!r}: neither an id in interpreters.toml nor a program; "
            + descriptors.nearest(name, sorted(known))
        )
    return Interpreter(name, (program, *command[1:]))


def from_entry(name: str, entry: dict[str, Any]) -> Interpreter:
    """An entry of interpreters.toml, looked for on this machine."""
    if "command" in entry:
        command = tuple(entry["command"])
    else:
        found = find_program(name, entry)
        if found is None:
            only_fetched = "fetch" in entry and "find" not in entry
            hint = f"mmap-spec fetch {name}" if only_fetched else entry.get("hint", "")
            raise CannotStart(f"{name} is not on this machine. {hint}".strip())
        command = (found,)
    return Interpreter(
        name,
        command,
        entry.get("hint", ""),
        float(entry.get("timeout", Interpreter.timeout)),
        tuple((key, os.path.expanduser(value)) for key, value in entry.get("env", {}).items()),
        entry.get("fetch", {}).get("recipe", ""),
        entry.get("shares", ""),
    )


def find_program(name: str, entry: dict[str, Any]) -> str | None:
    """The program of an entry: the first of its places, or the one that was fetched."""
    places = entry.get("find", [] if "fetch" in entry else [name])
    found = next((path for path in map(locate, places) if path), None)
    return found or ("fetch" in entry and fetch.installed(name, entry["fetch"])) or None


def locate(where: str) -> str | None:
    """A program on PATH that really runs, or the highest version that a path pattern matches."""
    if "/" not in where:
        found = shutil.which(where)
        return found if found and runs(found) else None
    matches = [path for path in glob.glob(os.path.expanduser(where)) if os.access(path, os.X_OK)]
    return max(matches, key=version_in, default=None)


def runs(program: str) -> bool:
    """Whether a program starts at all: a version manager's stand-in may be an empty shell."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def version_in(path: str) -> Version:
    """The version that a path like ``.../versions/3.9.18/bin/python3`` holds; 0 without one."""
    for part in reversed(Path(path).parts):
        try:
            return Version(part)
        except InvalidVersion:
            continue
    return Version("0")


# -- building ---------------------------------------------------------------


def fingerprint(requirement: str) -> str:
    """A hash of the requirement, and of the sources if it is a folder."""
    digest = hashlib.sha256(requirement.encode())
    folder = Path(requirement)
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            wanted = parts[0] == "src" or len(parts) == 1
            if (
                wanted
                and path.is_file()
                and "__pycache__" not in parts
                and ".egg-info" not in str(path)
            ):
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def build(spec: Spec, facts: dict[str, Any], say: Say) -> Path:
    """The folder that holds the built implementation, built now if it is not there."""
    requirement = spec.implementation.requirement
    assert requirement is not None
    tag = "{implementation_name}-{implementation_version}-{platform_machine}".format(**facts)
    tag += "-32bit" if facts["pointer_size"] == 4 else ""  # the machine may be a 64-bit one
    tag += "-debug" if facts["debug"] else ""
    tag += "" if facts["gil"] else "-nogil"
    name = spec.implementation.id

    def make(scratch: Path) -> None:
        say(f"building {name} for {tag} ...")
        source = requirement
        if Path(requirement).is_dir():  # pip would leave its traces in the sources
            source = str(scratch.with_suffix(".source"))
            shutil.copytree(
                requirement, source, ignore=shutil.ignore_patterns("build", "*.egg-info")
            )
        install(spec, facts, ["--target", str(scratch), source])

    return make_once(cache() / "built" / name / f"{tag}-{fingerprint(requirement)}", make)


def install(spec: Spec, facts: dict[str, Any], arguments: list[str]) -> None:
    """Run pip for the spec's interpreter: its own, or one that is brought for it."""
    command = list(spec.interpreter.command)
    env = {**os.environ, **dict(spec.interpreter.env), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    pip = [*command, "-m", "pip"]
    if facts["os_name"] == "nt" and os.name != "nt":
        env |= cross_building(spec, facts)
        pip = [sys.executable, "-m", "pip"]
    elif subprocess.run([*pip, "--version"], capture_output=True, env=env).returncode != 0:
        pip = [*command, str(brought_pip(facts["python_version"]) / "pip")]
    done = subprocess.run(
        [*pip, "install", "--quiet", *arguments],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    if done.returncode != 0:
        hint = "; ".join(filter(None, (spec.implementation.hint, spec.interpreter.hint)))
        raise CannotStart(
            f"{spec.text}: it could not be built"
            + (f" ({hint})" if hint else "")
            + f": {shlex.join(pip)} install {shlex.join(arguments)}\n{done.stderr.strip()[-3000:]}"
        )


def brought_pip(version: str) -> Path:
    """A folder with the newest pip for a version of Python, such as 3.15.

    The host's own may be too old for an interpreter that is newer than it.
    """

    def make(scratch: Path) -> None:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(scratch)]
        command += ["--python-version", version, "--only-binary", ":all:", "--no-deps", "pip"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotStart(
                f"an interpreter without pip needs one, but {shlex.join(command)}\n"
                + done.stderr.strip()[-3000:]
            )

    return make_once(cache() / "tools" / f"pip-for-{version}", make)


def cross_building(spec: Spec, facts: dict[str, Any]) -> dict[str, str]:
    """The environment that makes a build one for a Windows CPython on another system."""
    variable = cross_build(spec).variable
    folder = PureWindowsPath(facts["executable"]).parent  # Wine's disk Z: is all of this system
    return {variable: "/" + folder.relative_to(folder.anchor).as_posix()}


def cross_build(spec: Spec) -> CrossBuild:
    """How the implementation is built for Windows on another system, if that can be done here."""
    how = spec.implementation.windows
    if how is None:
        raise CannotStart(
            f"{spec.text}: it cannot be built for Windows on another system: its impl.toml has "
            "no build.windows"
        )
    if shutil.which(how.program) is None:
        raise CannotStart(
            f"{spec.text} needs the program {how.program}, which is not on this machine. {how.hint}"
        )
    return how


# -- starting ---------------------------------------------------------------


def share_core(index: int) -> int | None:
    """Bind this process to one core, which its worker will share; None where that cannot be.

    They take turns, so that two cores would only wait for one another to wake up.  ``index``
    spreads the processes of one run.
    """
    if not CORES:
        return None
    core = sorted(CORES)[index % len(CORES)]
    try:
        os.sched_setaffinity(0, {core})
    except OSError:  # a container that does not allow it
        return None
    return core


def scratch_folder() -> tuple[str, Callable[[], None]]:
    """A folder for the examples of this run, and what removes it, whatever workers left there."""
    folder = tempfile.mkdtemp(prefix="mmap-spec-")
    remove = functools.partial(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(remove)  # for a run that is interrupted
    return folder, remove


def start(
    spec: Spec,
    *,
    api: tuple[int, int] | None = None,
    in_process: bool = False,
    core: int | None = None,
    say: Say = lambda text: None,
) -> Candidate:
    """The candidate, started; CannotStart says why not and what to do."""
    chosen, judged = spec.interpreter, spec.implementation
    if in_process and chosen.id != "this":
        raise BadDescriptor(f"--in-process cannot run {spec.text}: it means this interpreter")
    folder, remove = scratch_folder()

    def link() -> PipeLink | InProcessLink:
        if in_process:
            return InProcessLink(judged.path)
        return PipeLink(chosen, dict(judged.env), folder, core)

    path = [*judged.path, *built(spec, link, say)]
    listed = judged.deviations()

    def deviations(profile: Profile) -> frozenset[str]:
        environment = profile.markers()
        return frozenset(entry.clause for entry in listed if entry.applies(environment))

    session = Session(link, judged.module, path)
    try:
        return Candidate(
            spec.text, session, api=api or judged.api, deviations=deviations, at_close=remove
        )
    except CannotStart:
        raise
    except Exception as error:
        session.close()
        hint = f" {judged.hint}" if judged.hint else ""
        if judged.folder is None and isinstance(error, ModuleNotFoundError):
            hint = " " + descriptors.nearest(judged.id, sorted(descriptors.known()))
        raise CannotStart(
            f"{spec.text}: import {judged.module} failed: {type(error).__name__}: {error}.{hint}"
        ) from error


def built(spec: Spec, link: Callable[[], Any], say: Say) -> list[str]:
    """The folder in which the implementation was built, if it is not in the interpreter already."""
    judged, elsewhere = spec.implementation, spec.interpreter.elsewhere
    if judged.requirement is None:
        return []
    if elsewhere or not Path(judged.requirement).is_dir():
        if importable(link, judged.module, list(judged.path)):
            return []
        if elsewhere or judged.requirement.startswith("/"):
            raise CannotStart(
                f"{spec.text}: not installed in that interpreter. {judged.hint or ''}"
            )
    probe = link()
    facts = probe.facts
    probe.close()
    return [str(build(spec, facts, say))]


def importable(link: Callable[[], Any], module: str, path: list[str]) -> bool:
    """Whether the interpreter has the module already."""
    worker_link = link()
    try:
        message = {"id": 1, "op": "import", "name": module, "path": path}
        return "raised" not in worker_link.request(message)
    except LinkDied:
        return True  # it is there, and kills its interpreter: that is for the run to say
    finally:
        worker_link.close()
