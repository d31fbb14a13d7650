"""The manual of this repository: `nox -l` lists what can be done, `nox -s NAME` does it."""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2024.4"
nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "reference", "tests", "gate", "sample"]
nox.options.reuse_existing_virtualenvs = True

ROOT = Path(__file__).parent
VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
REFERENCE_SINCE = "3.9"
WINDOWS_VERSIONS = ["3.9", "3.10", "3.11", "3.12", "3.13"]  # for which there is a package
MUTATION = ["tree-sitter>=0.23", "tree-sitter-c>=0.23"]  # reads C sources, to mutate them


@nox.session
def conformance(session: nox.Session) -> None:
    """Judge a candidate by every clause: `nox -s conformance -- --impl=stdlib`."""
    session.install("-q", "-e", ".")
    session.run("mmap-spec", "run", *(session.posargs or ["--impl=stdlib"]))


@nox.session
def gate(session: nox.Session) -> None:
    """Judge the standard library and the reference on every CPython found on this machine."""
    session.install("-q", "-e", ".")
    found = [version for version in VERSIONS if answers(session, f"stdlib@python{version}")]
    session.log("CPythons found: %s", ", ".join(found))
    candidates = [f"--impl=stdlib@python{version}" for version in found]
    start = VERSIONS.index(REFERENCE_SINCE)
    candidates += [f"--impl=reference@python{v}" for v in found if VERSIONS.index(v) >= start]
    session.run("mmap-spec", "run", "--jobs=2", *candidates, *session.posargs)


def answers(session: nox.Session, candidate: str) -> bool:
    """Whether a candidate is on this machine."""
    said = session.run(
        "mmap-spec", "smoke", f"--impl={candidate}", success_codes=[0, 3], silent=True, log=False
    )
    return str(said).startswith("ok")


@nox.session
def matrix(session: nox.Session) -> None:
    """Judge every candidate that can run here, two at a time; a rerun goes on where it stopped."""
    session.install("-q", "-e", ".")
    session.run("mmap-spec", "matrix", *session.posargs, success_codes=[0, 1])  # red is a result


@nox.session
def site(session: nox.Session) -> None:
    """Test the pages in Chromium; draw results/ as site/; put the key figures into the README.

    It needs the programs chromium (`apt-get install chromium`; or CHROMIUM=/path/to/it) and npm.
    """
    session.install("-q", "-e", ".", "pytest", "playwright")
    modules = Path(session.create_tmp()).resolve()
    session.run(
        *("npm", "install", "--silent", "--no-audit", "--prefix", str(modules), "axe-core@4"),
        external=True,
    )
    axe = modules / "node_modules" / "axe-core" / "axe.min.js"
    env = {"AXE": str(axe), "SCREENSHOTS": str(modules / "screenshots")}
    session.run("python", "-m", "pytest", "-q", "tests/browser/pages.py", env=env)
    session.log("screenshots: %s", modules / "screenshots")
    if any((ROOT / "results").glob("*.jsonl")):
        session.run("mmap-spec", "report", "results", "-o", "site", "--figures", "README.md")
    else:
        session.warn("no results/ yet, so no site: nox -s matrix makes them")


@nox.session
def tests(session: nox.Session) -> None:
    """The engine's own tests: miniatures, self-test candidates, meta-tests."""
    at_once = ["-n", "4", "--dist=worksteal"]  # more than cores: they wait more than they compute
    test_engine(session, *(session.posargs or ["-m", "not slow", *at_once, "-q"]))


@nox.session
def slow(session: nox.Session) -> None:
    """Those of the engine's tests that take more than half a minute each."""
    test_engine(session, "-m", "slow", *(session.posargs or ["-n", "2", "-q"]))


def test_engine(session: nox.Session, *arguments: str) -> None:
    session.install("-q", ".", "pytest-xdist", "setuptools>=77", *MUTATION)
    session.run("python", "-m", "pytest", "tests", *arguments)


@nox.session
def mutants(session: nox.Session) -> None:
    """The battery on mutants of the reference: about an hour; goes on where it was interrupted."""
    mutate(session, *session.posargs)


@nox.session
def sample(session: nox.Session) -> None:
    """About sixty of the mutants, each of which the battery has killed before."""
    mutate(session, "--sample", *session.posargs)


def mutate(session: nox.Session, *arguments: str) -> None:
    session.install("-q", "-e", ".", "setuptools>=77", *MUTATION)
    session.run("python", "-m", "mutants", *arguments, env={"PYTHONPATH": "tests"})


@nox.session
def bugs(session: nox.Session) -> None:
    """Write docs/bugs.md: on which of the CPythons found each known bug shows."""
    session.install("-q", "-e", ".")
    session.run("python", "tests/bugs.py", *session.posargs)


@nox.session
def reference(session: nox.Session) -> None:
    """The reference's own tests: its OS layer and kernels in C, white-box tests, its stubs."""
    install_reference(session, "pytest", "mypy")
    session.run("python", "reference/ctests/run.py")
    session.run("python", "-m", "pytest", "-q", "-c", "reference/pyproject.toml", "reference/tests")
    session.run(
        *("python", "-m", "mypy.stubtest", "mmap_reference"),
        *("--allowlist", "reference/tests/stubtest-allowlist.txt", "--ignore-unused-allowlist"),
    )


def install_reference(session: nox.Session, *more: str) -> None:
    """The reference from its sources, warnings being errors, and what a session needs beside it."""
    session.install("-q", "setuptools>=77", *more)
    env = {"MMAP_REFERENCE_WERROR": "1"}
    session.install("-q", "--force-reinstall", "--no-deps", "./reference", env=env)


@nox.session
def faults(session: nox.Session) -> None:
    """Each system call and allocation of the reference fails once: nothing may have changed."""
    session.install("-q", "setuptools>=77")
    session.run("python", "reference/checks/faults.py", *session.posargs)


@nox.session
def leaks(session: nox.Session) -> None:
    """100,000 calls of every public method of the reference: nothing may grow."""
    install_reference(session)
    session.run("python", "reference/checks/leaks.py", *session.posargs)


@nox.session
def sanitize(session: nox.Session) -> None:
    """The reference and the battery under GCC's sanitizers."""
    session.install("-q", "-e", ".", "setuptools>=77")
    command = str(Path(session.bin) / "mmap-spec")
    session.run("python", "reference/checks/sanitize.py", "--battery", command, *session.posargs)


@nox.session
def windows(session: nox.Session) -> None:
    """The reference on CPythons for Windows, by Wine: built, imported, its tests, the battery."""
    session.install("-q", "-e", ".", "setuptools>=77")
    names = [f"wine-{version}" for version in WINDOWS_VERSIONS]
    session.run("mmap-spec", "fetch", *names)
    listed = str(session.run("mmap-spec", "fetch", silent=True)).splitlines()
    programs = dict(line.split(maxsplit=1) for line in listed)
    pythons = [programs[name] for name in names]
    session.run("python", "reference/checks/windows.py", *pythons)
    session.run("python", "-m", "pytest", "-q", "tests/wine/orphans.py")
    candidates = [f"--impl=reference@{name}" for name in names]
    session.run("mmap-spec", "run", *candidates, *session.posargs)


@nox.session
def cross(session: nox.Session) -> None:
    """Compile the reference for macOS, the BSDs, other Linuxes and Windows; 400 MB of compiler."""
    session.install("-q", "ziglang==0.17.1")
    session.run("python", "reference/checks/cross.py", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Random programs of map operations under Clang's sanitizers: `-- --minutes 10`."""
    session.run("python", "reference/fuzz/fuzz.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """The reference beside the standard library: a table of ratios, measured side by side."""
    install_reference(session, *(["matplotlib"] if "--plot" in session.posargs else []))
    session.run("python", "reference/benchmarks/bench.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff and mypy over the Python sources."""
    session.install("-q", "-e", ".", "ruff>=0.6", "mypy>=1.11", "types-jsonschema", "nox")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def build(session: nox.Session) -> None:
    """Build both wheels, check what is in them, and use mmap-spec from its wheel."""
    session.install("-q", "build", "twine")
    folder = Path(session.create_tmp()).resolve()
    wheels = folder / "wheels"
    for project in (ROOT, ROOT / "reference"):
        session.run("python", "-m", "build", "--outdir", str(wheels), str(project), silent=True)
    session.run("twine", "check", "--strict", *map(str, sorted(wheels.iterdir())))
    session.run("python", str(ROOT / "tests" / "check_wheels.py"), str(wheels))
    session.install(
        "-q", "--force-reinstall", "--no-deps", *map(str, wheels.glob("mmap_spec-*.whl"))
    )
    session.install("-q", *map(str, wheels.glob("*.whl")))
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    session.chdir(empty)
    session.run("mmap-spec", "run", "--impl=stdlib", "--topic=read", "--topic=find")
    session.run("mmap-spec", "smoke", "--impl=stdlib", "--impl=mmap", "--impl=reference")


@nox.session
def roundtrip(session: nox.Session) -> None:
    """What a round trip to a worker costs, in microseconds."""
    session.install("-q", "-e", ".")
    session.run("python", "tests/benchmarks/roundtrip.py", *session.posargs)
