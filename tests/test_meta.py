"""The rules that hold between the parts: catalogue, battery, descriptors, engine, worker, model."""

from __future__ import annotations

import ast
import py_compile
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path

import mmap_spec
import pytest
from judging import BATTERY
from mmap_spec import clauses, descriptors, launcher, links, plugin, worker
from mmap_spec.clauses import catalogue
from mmap_spec.descriptors import marker
from samples import profile

ENGINE = Path(mmap_spec.__file__).parent
WORKER = Path(worker.__file__)
ENGINE_FILES = sorted(path for path in ENGINE.rglob("*.py") if BATTERY not in path.parents)
BATTERY_FILES = sorted(BATTERY.glob("*.py"))
# Words by which somebody's implementation or interpreter could be meant; `stdlib` is the default.
NAMES = {
    "reference",
    "fmmap",
    "pypy",
    "pypy3",
    "graalpy",
    "graalpython",
    "rustpython",
    "ironpython",
}


def short(path: Path) -> str:
    """A file's name below the package, as the id of a test."""
    return str(path.relative_to(ENGINE))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """The modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def tops(names: set[str]) -> set[str]:
    """The top-level packages among module names."""
    return {name.partition(".")[0] for name in names}


# -- catalogue and battery --------------------------------------------------


class Collection:
    """A pytest plugin that keeps the tests that pytest collects."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "clause(*ids): the clauses that a test tests")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


@cache
def collected() -> list[pytest.Item]:
    """Every test of the battery, for whatever platform and version."""
    collection = Collection()
    arguments = ["-c", str(BATTERY / "pytest.ini"), "--rootdir", str(BATTERY), str(BATTERY)]
    arguments += ["--collect-only", "-qqq", "-p", "no:cacheprovider"]
    arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    assert pytest.main(arguments, plugins=[collection]) == 0
    return collection.items


def test_every_test_names_a_clause():
    """And each clause that it names exists."""
    assert [item.nodeid for item in collected() if not plugin.clauses_of(item)] == []
    named = {name for item in collected() for name in plugin.clauses_of(item)}
    assert named - set(catalogue()) == set()


def test_every_clause_has_a_test():
    """Or a reason why it cannot have one; not both."""
    named = {name for item in collected() for name in plugin.clauses_of(item)}
    untestable = {name for name, clause in catalogue().items() if clause.untestable}
    assert set(catalogue()) - named - untestable == set()
    assert named & untestable == set()


def test_every_clause_is_tested_in_its_own_topic():
    """A clause's test is found by its name."""
    at_home = {
        name
        for item in collected()
        for name in plugin.clauses_of(item)
        if item.path.stem == f"test_{catalogue()[name].topic}"
    }
    untestable = {name for name, clause in catalogue().items() if clause.untestable}
    assert set(catalogue()) - at_home - untestable == set()


def test_every_test_can_run_somewhere():
    """The clauses that a test names apply together on some platform and API version."""
    windows = {
        "sys_platform": "win32", "os_name": "nt", "platform_system": "Windows",
        "platform_machine": "AMD64", "platform_release": "11",
    }  # fmt: skip
    darwin = {"sys_platform": "darwin", "platform_system": "Darwin", "platform_release": "23"}
    bsd = {"sys_platform": "freebsd14", "platform_system": "FreeBSD", "platform_release": "14"}
    solaris = {"sys_platform": "sunos5", "platform_system": "SunOS", "platform_release": "5"}
    emscripten = {"sys_platform": "emscripten", "platform_system": "Emscripten"}
    profiles = [
        profile(api=(3, minor), python_full_version=f"3.{minor}.30", **platform)
        for minor in range(8, 16)
        for platform in ({}, windows, darwin, bsd, solaris, emscripten)
    ]
    nowhere = [
        item.nodeid
        for item in collected()
        if not any(
            all(catalogue()[name].applies(where) for name in plugin.clauses_of(item))
            for where in profiles
        )
    ]
    assert nowhere == []


def test_topics():
    """clauses/ and battery/ have the same topics."""
    topics = {path.stem for path in clauses.FOLDER.glob("*.toml")}
    assert {path.stem.removeprefix("test_") for path in BATTERY.glob("test_*.py")} == topics
    assert {clause.topic for clause in catalogue().values()} == topics


def test_enough_clauses():
    """What the first catalogue was asked to hold, at least."""
    assert len(catalogue()) >= 250


def test_sentences():
    """A clause is one sentence of its own."""
    texts = [clause.text for clause in catalogue().values()]
    assert [text for text in texts if not text.endswith(".")] == []
    again = {text for text in texts if texts.count(text) > 1}
    paired = {
        text
        for text in again
        if len({(c.since, c.until, c.when) for c in catalogue().values() if c.text == text})
        == texts.count(text)
    }
    assert again - paired == set()


def test_versions():
    """since is not after until, and both are versions that can be judged."""
    wrong = [
        clause.id
        for clause in catalogue().values()
        if not (clause.since or (3, 8)) <= (clause.until or (3, 99))
        or (clause.since or (3, 8)) < (3, 8)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", BATTERY_FILES, ids=short)
def test_battery_uses_candidate_raises(path):
    """pytest.raises would not look at what the operation left behind."""
    used = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in ("raises", "skip", "importorskip", "xfail", "exit")
        and isinstance(node.value, ast.Name)
        and node.value.id == "pytest"
    ]
    assert used == []


@pytest.mark.parametrize("path", BATTERY_FILES, ids=short)
def test_battery_leaves_settings_alone(path):
    """Settings live in strategies.py; nothing sleeps or looks at the clock; no skip, no xfail."""
    found = tops(imported(path)) & {"time", "datetime", "random", "mmap", "sched"}
    marks = {
        node.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("skip", "skipif", "xfail", "sleep")
    }
    settings = {
        alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hypothesis")
        for alias in node.names
        if alias.name in ("settings", "assume", "reproduce_failure", "seed")
    }
    assert (found, marks, settings) == (set(), set(), set())


@pytest.mark.parametrize("path", [p for p in BATTERY_FILES if p.name != "__init__.py"], ids=short)
def test_battery_tests_say_what_they_show(path):
    """The file and each test have a docstring."""
    module = tree(path)
    tests = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert ast.get_docstring(module)
    assert [test.name for test in tests if not ast.get_docstring(test)] == []


# -- nobody is known by name ------------------------------------------------


def words(path: Path) -> set[str]:
    """The names and the words of strings in a Python file, in small letters; no comments."""
    found = set()
    with path.open("rb") as stream:
        for token in tokenize.tokenize(stream.readline):
            if token.type in (tokenize.NAME, tokenize.STRING):
                text = token.string.lower()
                found |= set("".join(c if c.isalnum() else " " for c in text).split())
    return found


@pytest.mark.parametrize("path", BATTERY_FILES, ids=short)
def test_battery_names_no_implementation(path):
    """A test asks the profile, never the name."""
    if path.name == "__init__.py":
        return
    assert words(path) & (NAMES | {"stdlib"} | set(descriptors.known())) - {"reference"} == set()
    assert "implementation_name" not in path.read_text(encoding="utf-8")
    assert "platform_python_implementation" not in path.read_text(encoding="utf-8")


def test_clauses_name_no_implementation():
    """A clause speaks of no implementation; its marker may ask for an interpreter's C API."""
    forbidden = ("implementation_version", "platform_python_implementation")
    guilty = [
        clause.id
        for clause in catalogue().values()
        if any(word in (clause.when or "") for word in forbidden)
        or NAMES - {"reference"} & set(clause.text.lower().replace(".", " ").split())
    ]
    assert guilty == []


@pytest.mark.parametrize("path", ENGINE_FILES, ids=short)
def test_engine_names_no_implementation(path):
    """No code depends on a name of impls/, but for the default `stdlib`."""
    strings = {
        node.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert strings & (set(descriptors.known()) | NAMES) - {"stdlib"} == set()
    assert "mmap_reference" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*ENGINE_FILES, *BATTERY_FILES], ids=short)
def test_never_imports_the_reference(path):
    assert tops(imported(path)) & {"mmap_reference", "_mmap"} == set()


# -- impls/ -----------------------------------------------------------------


def expected_files() -> list[Path]:
    found = [path.parent / "expected.toml" for path in descriptors.known().values()]
    return [path for path in found if path.exists()]


def test_there_are_known_deviations():
    """So that what follows is about something."""
    assert "stdlib" in {path.parent.name for path in expected_files()}


@pytest.mark.parametrize("path", expected_files(), ids=lambda path: path.parent.name)
def test_known_deviations(path):
    """Each entry names a clause of the catalogue, and has a condition that can be evaluated."""
    entries = descriptors.load_expected(path)
    assert [entry.clause for entry in entries if entry.clause not in catalogue()] == []
    for entry in entries:
        if entry.when is not None:
            marker(entry.when, entry.clause).evaluate(profile().markers())


@pytest.mark.parametrize("path", expected_files(), ids=lambda path: path.parent.name)
def test_known_deviations_can_meet_their_clause(path):
    """None lists a clause that is never judged: untestable, or of level may."""
    entries = descriptors.load_expected(path)
    listed = [catalogue()[entry.clause] for entry in entries]
    assert [clause.id for clause in listed if clause.untestable or clause.level == "may"] == []


@pytest.mark.parametrize("name", sorted(descriptors.known()))
def test_descriptors_load(name):
    """Each impl.toml is valid, and so is all that it extends."""
    descriptors.find(name).deviations()


def test_the_reference_has_no_known_deviation():
    """It is what the others are compared with."""
    assert descriptors.find("reference").deviations() == []


# -- the worker, the model --------------------------------------------------


def test_worker_is_python_36():
    """Its syntax, by the grammar of that version."""
    source = WORKER.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert not any(isinstance(node, ast.JoinedStr) for node in ast.walk(ast.parse(source)))


def oldest_python() -> str | None:
    """A CPython 3.6 of this machine, if there is one."""
    try:
        return launcher.interpreter("python3.6").command[0]
    except links.CannotStart:
        return None


def test_worker_compiles(tmp_path):
    """By CPython 3.6 where there is one, and by this one."""
    program = "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], doraise=True)"
    py_compile.compile(str(WORKER), str(tmp_path / "here.pyc"), doraise=True)
    oldest = oldest_python()
    if oldest is not None:
        command = [oldest, "-c", program, str(WORKER), str(tmp_path / "oldest.pyc")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def test_worker_needs_nothing_but_the_standard_library():
    assert tops(imported(WORKER)) <= sys.stdlib_module_names
    assert "mmap" not in imported(WORKER)


def test_worker_runs_alone(tmp_path):
    """The file runs from anywhere, with nothing of ours beside it, and says hello."""
    alone = tmp_path / "worker.py"
    alone.write_bytes(WORKER.read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(alone)],
        input=b"",
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith(b'{"hello":')
    assert done.stderr == b""


def test_model_knows_no_mmap():
    """The oracle is pure: it rests on no implementation and on nothing of the engine's wire."""
    names = imported(ENGINE / "model.py") | imported(ENGINE / "memory.py")
    assert tops(names) & {"mmap", "ctypes", "os", "pytest", "multiprocessing"} == set()
    assert {name for name in names if name.startswith("mmap_spec.")} == {"mmap_spec.memory"}
