"""From IMPL[@INTERPRETER] to a started worker: names, search paths, messages, builds."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import threading
from pathlib import Path

import pytest
import tomlkit
from judging import TESTS, write_impl
from mmap_spec import launcher, links, worker
from mmap_spec.candidate import Candidate
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.links import CannotStart
from mmap_spec.outcomes import CandidateDied, CandidateHung


def complaint(text: str) -> str:
    """What CannotStart says of a candidate's name."""
    with pytest.raises(CannotStart) as caught:
        launcher.parse(text)
    return str(caught.value)


@pytest.fixture
def interpreters(tmp_path, monkeypatch):
    """Writes an interpreters.toml of our own, in the current folder."""

    def write(**entries) -> Path:
        (tmp_path / "impls").mkdir()
        text = tomlkit.dumps({"interpreter": entries})
        (tmp_path / "impls" / "interpreters.toml").write_text(text)
        return tmp_path

    monkeypatch.chdir(tmp_path)
    return write


@pytest.fixture
def started():
    """Starts candidates, and ends them after the test."""
    candidates: list[Candidate] = []

    def start(text: str, **options) -> Candidate:
        candidates.append(launcher.start(launcher.parse(text), **options))
        return candidates[-1]

    yield start
    for candidate in candidates:
        candidate.close()


def program(folder: Path, name: str, body: str = "") -> Path:
    """An executable script for this interpreter."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(0o755)
    return path


# -- names ------------------------------------------------------------------


@pytest.mark.parametrize("text", ["stdlib", "stdlib@", "stdlib@this"])
def test_this_interpreter(text):
    spec = launcher.parse(text)
    assert (spec.text, spec.implementation.module) == (text, "mmap")
    assert spec.interpreter.command == (sys.executable,)


def test_interpreter_by_path():
    spec = launcher.parse(f"my_pkg.mmap@{sys.executable}")
    assert (spec.implementation.module, spec.interpreter.command) == (
        "my_pkg.mmap",
        (sys.executable,),
    )


def test_interpreter_by_command():
    """A command with arguments, quoted as in a shell."""
    spec = launcher.parse(f"stdlib@{shlex.quote(sys.executable)} -X 'dev' -O")
    assert spec.interpreter.command == (sys.executable, "-X", "dev", "-O")


def test_interpreter_by_name_on_the_path(tmp_path, monkeypatch):
    path = program(tmp_path, "other-python")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert launcher.parse("stdlib@other-python").interpreter.command == (str(path),)


def test_interpreter_in_the_home(tmp_path, monkeypatch):
    path = program(tmp_path / "bin", "python")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert launcher.parse("stdlib@~/bin/python").interpreter.command == (str(path),)


def test_unknown_interpreter():
    said = complaint("stdlib@pytohn3.9")
    assert "interpreter 'pytohn3.9': neither an id in interpreters.toml nor a program" in said
    assert "did you mean 'python3.9'?" in said


def test_unknown_implementation():
    with pytest.raises(BadDescriptor, match="neither an id in impls/"):
        launcher.parse("no such thing@this")


# -- interpreters.toml ------------------------------------------------------


def test_entry_with_a_command(interpreters, monkeypatch):
    """The command, the time limit, and the environment with ~ resolved."""
    folder = interpreters(
        own={
            "command": ["/opt/own", "-x"],
            "timeout": 5,
            "env": {"WHERE": "~/x"},
            "hint": "build it",
        }
    )
    monkeypatch.setenv("HOME", str(folder))
    found = launcher.parse("stdlib@own").interpreter
    assert (found.id, found.command, found.timeout) == ("own", ("/opt/own", "-x"), 5.0)
    assert (found.env, found.hint) == ((("WHERE", f"{folder}/x"),), "build it")


def test_entry_that_is_absent(interpreters):
    """What is not on this machine is said with the hint how to get it."""
    interpreters(own={"find": ["no-such-program-1", "/no/such/*/python"], "hint": "apt-get it"})
    assert complaint("stdlib@own") == "own is not on this machine. apt-get it"


def test_entry_takes_the_first_that_runs(interpreters, tmp_path, monkeypatch):
    """A stand-in that does not run is passed over."""
    program(tmp_path / "bin", "broken-python", "import sys; sys.exit(127)")
    good = program(tmp_path / "bin", "good-python")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    interpreters(own={"find": ["absent-python", "broken-python", "good-python"]})
    assert launcher.parse("stdlib@own").interpreter.command == (str(good),)


def test_entry_takes_the_highest_version(interpreters, tmp_path):
    """Of several that a pattern matches, by version and not by letters; all can be run."""
    for version in ("3.9.2", "3.9.18", "3.9.3"):
        program(tmp_path / version / "bin", "python3.9")
    program(tmp_path / "3.9.20" / "bin", "python3.9").chmod(0o644)
    interpreters(own={"find": [f"{tmp_path}/3.9.*/bin/python3.9"]})
    found = launcher.parse("stdlib@own").interpreter
    assert found.command == (str(tmp_path / "3.9.18" / "bin" / "python3.9"),)


# -- starting ---------------------------------------------------------------


def test_profile(started):
    """What the candidate is judged by, of the interpreter that runs it."""
    profile = started("stdlib").profile
    version = sys.version_info
    assert profile.api == profile.python_version == version[:2]
    assert profile.python_full_version.startswith("{}.{}.{}".format(*version))
    assert (profile.implementation_name, profile.sys_platform) == (
        sys.implementation.name,
        sys.platform,
    )
    assert (profile.ssize_max, profile.pointer_size * 8) == (
        sys.maxsize,
        sys.maxsize.bit_length() + 1,
    )
    assert profile.page_size % 4096 == 0
    assert profile.executable == sys.executable


def test_api(started, tmp_path):
    """The option, then the descriptor's claim, then the interpreter's version."""
    impl = write_impl(tmp_path / "mine", module="mmap", api="3.10")
    assert started(str(impl)).profile.api == (3, 10)
    assert started(str(impl), api=(3, 9)).profile.api == (3, 9)


def test_path_and_env(started, tmp_path):
    """The descriptor's folders come first on the path; its environment is the worker's."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "my_mmap.py").write_text(
        "from mmap import *\nimport os\nKEY = os.environ['KEY']"
    )
    impl = write_impl(tmp_path / "mine", module="my_mmap", path=["../lib"], env={"KEY": "value"})
    candidate = started(str(impl))
    assert candidate.mmap.KEY == "value"
    assert candidate.module("sys").path[0] == str(tmp_path / "lib")


def test_our_modules_are_not_on_the_path(started):
    """The folder of worker.py holds modules of ours that no candidate must find."""
    path = started("stdlib").module("sys").path
    assert str(Path(worker.__file__).parent) not in path


# What ssh does: a shell elsewhere gets the arguments as one text, and nothing of this environment.
SSH = """
import os, sys
os.chdir("/")
os.execve("/bin/sh", ["sh", "-c", " ".join(sys.argv[2:])], {"PATH": os.environ["PATH"]})
"""


def test_another_machine(started, tmp_path):
    """By ssh the worker's source is sent; none of our files, folders and cores are used there."""
    ssh = program(tmp_path, "ssh", SSH)
    command = f"{ssh} somewhere {sys.executable}"
    impl = write_impl(tmp_path / "mine", module="mmap", env={"KEY": 'it\'s "x" $HOME'})
    ours = os.sched_getaffinity(0)
    candidate = started(f"{impl}@{command}", core=max(links.CORES - {min(ours)} or ours))
    assert candidate.os.environ["KEY"] == 'it\'s "x" $HOME'
    assert (candidate.os.getcwd(), "" in candidate.module("sys").path) == ("/", False)
    assert candidate.anonymous(b"abc").find(b"c") == 2
    assert "mmap-spec-" in candidate.file(b"abc").path
    assert candidate.run("import os\nresult = sorted(os.sched_getaffinity(0))") == sorted(ours)
    sent = candidate.run("import sys\nresult = [v for v in sys.argv + sys.path if 'worker' in v]")
    assert sent == []
    with pytest.raises(CandidateDied, match="exited with status 5"):
        candidate.run("import os; os._exit(5)")
    candidate.reset()
    assert candidate.anonymous(b"abc")[:] == b"abc"


def test_module_that_another_machine_has_not(tmp_path):
    """What would have to be built here for a machine elsewhere is refused, with the remedy."""
    ssh = program(tmp_path, "ssh", SSH)
    (tmp_path / "mine" / "src").mkdir(parents=True)
    build = {"requirement": "..", "hint": "pip install mine"}
    impl = write_impl(tmp_path / "mine", module="absent_mmap", build=build)
    with pytest.raises(CannotStart, match=r"not installed in that interpreter\. pip install mine"):
        launcher.start(launcher.parse(f"{impl}@{ssh} somewhere {sys.executable}"))


def test_interpreter_that_cannot_run(interpreters):
    """A file that is no program is refused with the system's reason."""
    interpreters(own={"command": [str(TESTS / "judging.py")]})
    with pytest.raises(CannotStart, match="Permission denied"):
        launcher.start(launcher.parse("stdlib@own"))


NO_CORE = """
import os, sys
import mmap_spec.worker as worker
worker.Worker.op_pin = lambda self, request: print("no core", file=sys.stderr) or os._exit(7)
worker.main()
"""
FUTURISTIC = """
import mmap_spec.worker as worker
worker.PROTOCOL = 1000
worker.main()
"""


@pytest.mark.parametrize(
    ("body", "how"),
    [(NO_CORE, "exited with status 7\nno core"), (FUTURISTIC, "worker speaks protocol 1000, not")],
    ids=["no-core", "protocol"],
)
def test_worker_that_cannot_be_used(interpreters, tmp_path, body, how):
    """It is refused with the reason, and nothing of it is left."""
    own = program(tmp_path, "own", body)
    interpreters(own={"command": [sys.executable, str(own)]})
    before = threading.enumerate()
    with pytest.raises(CannotStart, match=f"own.*: {how}"):
        launcher.start(launcher.parse("stdlib@own"), core=0)
    for thread in set(threading.enumerate()) - set(before):
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_failing_import_gives_the_hint(tmp_path):
    """A module that is not there is refused with how to get it."""
    impl = write_impl(tmp_path / "mine", module="absent_mmap", build={"hint": "pip install absent"})
    with pytest.raises(CannotStart, match=r"import absent_mmap failed: .*\. pip install absent"):
        launcher.start(launcher.parse(str(impl)))


def test_module_without_pagesize(tmp_path):
    """A module that lacks what the profile needs is refused, not judged."""
    (tmp_path / "empty_mmap.py").write_text("class mmap: pass")
    impl = write_impl(tmp_path / "mine", module="empty_mmap", path=[".."])
    with pytest.raises(CannotStart, match="PAGESIZE"):
        launcher.start(launcher.parse(str(impl)))


def test_in_process(started):
    """Without a worker, everything happens here; only with this interpreter."""
    candidate = started("stdlib", in_process=True)
    assert candidate.os.getpid() == os.getpid()
    candidate.reset()
    assert candidate.anonymous(b"abc")[:] == b"abc"
    with pytest.raises(BadDescriptor, match="--in-process"):
        launcher.start(launcher.parse(f"stdlib@{sys.executable}"), in_process=True)


def test_build_of_a_folder(started, tmp_path, monkeypatch):
    """A requirement that is a folder is built into the cache, once, and anew when it changes."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
        '[project]\nname = "own-mmap"\nversion = "1"\n'
    )
    (source / "own.py").write_text(
        "import zipfile\n"
        "METADATA = 'Metadata-Version: 2.1\\nName: own-mmap\\nVersion: 1\\n'\n"
        "WHEEL = 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'\n"
        "def build_wheel(folder, settings=None, metadata=None):\n"
        "    name = 'own_mmap-1-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(folder + '/' + name, 'w') as wheel:\n"
        "        wheel.write('own_mmap.py')\n"
        "        base = 'own_mmap-1.dist-info/'\n"
        "        wheel.writestr(base + 'METADATA', METADATA)\n"
        "        wheel.writestr(base + 'WHEEL', WHEEL)\n"
        "        wheel.writestr(base + 'RECORD', '')\n"
        "    return name\n"
    )
    module = source / "own_mmap.py"
    module.write_text("from mmap import *\nMARK = 1\n")
    impl = write_impl(tmp_path / "own", module="own_mmap", build={"requirement": "../source"})
    monkeypatch.setenv("MMAP_SPEC_CACHE", str(tmp_path / "cache"))
    said: list[str] = []
    assert started(str(impl), say=said.append).mmap.MARK == 1
    assert started(str(impl), say=said.append).mmap.MARK == 1
    assert [text.split(" for ")[0] for text in said] == ["building own"]
    module.write_text("from mmap import *\nMARK = 2\n")
    assert started(str(impl), say=said.append).mmap.MARK == 2
    assert len(said) == 2
    assert not list((tmp_path / "cache").rglob(".building-*"))


def test_build_that_fails(tmp_path, monkeypatch):
    """What pip says is passed on, with the hint; nothing half-built stays in the cache."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text("this is no TOML")
    keys = {"requirement": "../source", "hint": "needs a compiler"}
    impl = write_impl(tmp_path / "own", module="own_mmap", build=keys)
    monkeypatch.setenv("MMAP_SPEC_CACHE", str(tmp_path / "cache"))
    with pytest.raises(CannotStart, match=r"it could not be built \(needs a compiler\)"):
        launcher.start(launcher.parse(str(impl)))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


# -- a worker that dies or hangs --------------------------------------------


@pytest.fixture
def candidate(started) -> Candidate:
    return started("stdlib")


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "died by SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGBUS)", "died by SIGBUS"),
        ("import os; os.abort()", "died by SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 3)", "died by signal"),
        ("import os; os._exit(0)", "exited with status 0"),
        ("import os; os._exit(9)", "exited with status 9"),
        ("import ctypes; ctypes.string_at(0)", "died by SIGSEGV"),
    ],
)
def test_death(candidate, source, how):
    """How the process ended is told; the next example has a fresh worker."""
    first = candidate.os.getpid()
    with pytest.raises(CandidateDied) as caught:
        candidate.run(source)
    assert (caught.value.how.startswith(how), caught.value.outcome) == (True, "crash")
    with pytest.raises(CandidateDied, match="ended before"):
        candidate.run("result = 1")
    candidate.reset()
    assert candidate.run("result = 1") == 1
    assert candidate.os.getpid() != first


def test_another_follows(candidate):
    """After a signal another child of the same process takes over, each time a fresh one."""
    parent = candidate.os.getppid()
    assert parent != os.getpid()
    for _ in range(3):
        with pytest.raises(CandidateDied, match="died by SIGKILL"):
            candidate.run("import builtins, os; builtins.left = os.kill(os.getpid(), 9)")
        candidate.reset()
        assert candidate.run("result = 'left' in dir(__builtins__)") is False
        assert candidate.os.getppid() == parent
    candidate.close()
    with pytest.raises(ProcessLookupError):
        os.kill(parent, 0)


def test_end_is_final_while_another_waits(candidate):
    """Closed right after a death, before another worker is wanted, it leaves no process."""
    parent = candidate.os.getppid()
    with pytest.raises(CandidateDied):
        candidate.run("import os; os.abort()")
    candidate.close()
    with pytest.raises(ProcessLookupError):
        os.kill(parent, 0)


def test_hang(started, interpreters):
    """A worker that does not answer in time is ended, and that is told apart from a crash."""
    interpreters(own={"command": [sys.executable], "timeout": 0.5})
    candidate = started("stdlib@own")
    with pytest.raises(CandidateHung, match=r"no answer within 0.5 s in: import signal") as caught:
        candidate.run("import signal\nwhile True: signal.pause()")
    assert caught.value.outcome == "hang"
    candidate.reset()
    assert candidate.run("result = 1") == 1


def test_folder_is_removed(tmp_path, monkeypatch):
    """The folder of the examples is gone when the candidate has ended, and what lay in it too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    candidate = launcher.start(launcher.parse("stdlib"))
    path = Path(candidate.file(b"abc").path)
    assert path.read_bytes() == b"abc"
    assert tmp_path in path.parents
    candidate.close()
    assert not any(tmp_path.iterdir())
