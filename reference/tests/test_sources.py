"""The rules of the C sources that a machine can check."""

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parent.parent / "src" / "_mmap"
FILES = sorted(SOURCES.glob("*.[ch]"))
NAMES = [path.name for path in FILES]

# Where the platform may be asked for.
PLATFORM_FILES = re.compile(r"(os|guard|constants|errors|signature)(_\w+)?\.[ch]")
PLATFORM_NAMES = re.compile(
    r"_WIN32|_WIN64|MS_WINDOWS|__linux__|__APPLE__|__MACH__|__\w*BSD__|__sun"
    r"|__unix__|__CYGWIN__|__EMSCRIPTEN__|__wasi__|_MSC_VER|HAVE_\w+"
    r"|\b(MAP|PROT|MADV|MS)_[A-Z]+\b"
)
# What must not know Python.
PYTHON_FREE = re.compile(r"(os(_\w+)?|guard(_\w+)?|memory|search\w*|stride)\.[ch]")
# Where the version of Python may be asked for.
VERSION_FILES = {"pycompat.h", "static_type.c"}

all_files = pytest.mark.parametrize("path", FILES, ids=NAMES)


def conditions(path):
    """The preprocessor's conditions in a file."""
    return re.findall(r"^\s*#\s*(?:el)?if(?:n?def)?\b.*", path.read_text(), re.M)


def functions(path):
    """Name and number of lines of each function that a file defines."""
    pattern = re.compile(r"^(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.M | re.S)
    for match in pattern.finditer(path.read_text()):
        yield match.group(1), match.group(0).count("\n") + 2


def test_files_are_found():
    """The checks below are about something."""
    assert {"module.c", "os.h", "os_posix.c", "search.c"} <= set(NAMES)
    assert sum(len(list(functions(path))) for path in FILES) > 100


@all_files
def test_platform_is_asked_in_few_files(path):
    """No platform #if outside os*, guard*, constants.c, errors.c, signature_*."""
    asked = [line for line in conditions(path) if PLATFORM_NAMES.search(line)]
    assert asked == [] or PLATFORM_FILES.fullmatch(path.name)


@all_files
def test_capabilities_only_choose_methods(path):
    """OS_HAS_* decides which methods there are, and nothing else."""
    asked = [line for line in conditions(path) if "OS_HAS" in line]
    assert asked == [] or path.name in {"object.c", "control.c", "os_posix.c"}


@all_files
def test_version_of_python_is_asked_in_one_file(path):
    """PY_VERSION_HEX is for pycompat.h."""
    asked = [line for line in conditions(path) if "PY_VERSION" in line]
    assert asked == [] or path.name in VERSION_FILES


@all_files
def test_seam_knows_no_python(path):
    """os*, guard*, memory and search include nothing that includes Python.h."""
    included = re.findall(r'#\s*include\s+["<](.+?)[">]', path.read_text())
    if PYTHON_FREE.fullmatch(path.name):
        own = [name for name in included if (SOURCES / name).exists()]
        assert all(PYTHON_FREE.fullmatch(name) for name in own)
        assert "Python.h" not in included


@all_files
def test_file_says_what_it_is_for(path):
    """A file opens with its name and its job."""
    assert path.read_text().startswith(f"/* {path.name}: ")


@all_files
def test_lines_are_short(path):
    """At most 79 columns, no tabs, no blanks at the end."""
    bad = [
        line
        for line in path.read_text().splitlines()
        if len(line) > 79 or "\t" in line or line != line.rstrip()
    ]
    assert bad == []


@all_files
def test_functions_are_short(path):
    """No function has more than 70 lines."""
    assert [pair for pair in functions(path) if pair[1] > 70] == []


def test_macros_hide_no_return():
    """A macro that returns, or jumps, hides the way out of its caller."""
    for path in FILES:
        joined = path.read_text().replace("\\\n", " ")
        for line in re.findall(r"^\s*#\s*define.*", joined, re.M):
            assert not re.search(r"\b(return|goto)\b", line), line


def test_memory_is_touched_in_one_place():
    """Outside of memory.* and guard_few.* nothing copies from or to mapped memory."""
    touch = re.compile(r"\bmem(cpy|move|chr|cmp|set)\(|map\.data\s*\[|\*\s*self->map")
    allowed = re.compile(r"(memory|guard_few|search\w*)\.[ch]")
    for path in FILES:
        if allowed.fullmatch(path.name):
            continue
        lines = [line for line in path.read_text().splitlines() if touch.search(line)]
        if path.name == "os_windows.c":  # memory that Windows has promised, to resize it
            continue
        # control.c builds the text of a name.
        lines = [line for line in lines if "memcpy(name" not in line]
        assert lines == [], path.name


def test_sources_are_listed_by_name():
    """setup.py names every source and every header."""
    tree = ast.parse((SOURCES.parent.parent / "setup.py").read_text())
    lists = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id in {"SOURCES", "HEADERS"}
    }
    assert lists["SOURCES"] == sorted(p.name for p in FILES if p.suffix == ".c")
    assert lists["HEADERS"] == sorted(p.name for p in FILES if p.suffix == ".h")


@pytest.mark.skipif(sys.version_info < (3, 13), reason="there is no free-threaded build of it")
def test_sources_fit_a_build_without_a_gil(sources):
    """Its macros for locks are others: this interpreter's headers, read as one would."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    include = sysconfig.get_path("include")
    if compiler is None or not Path(include, "Python.h").exists():
        pytest.skip("no compiler, or no headers of Python")
    files = [path for path in sources.glob("*.c") if '"mmap_object.h"' in path.read_text()]
    assert len(files) > 5
    command = [compiler, "-fsyntax-only", "-std=c11", "-Wall", "-Wextra", "-Werror"]
    command += ["-DPy_GIL_DISABLED=1", f"-I{include}", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
