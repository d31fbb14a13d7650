"""The files of impls/: what is read from them, and what is said where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from judging import mmap_spec_command, write_impl
from mmap_spec import descriptors
from mmap_spec.descriptors import BadDescriptor
from samples import profile


def write(folder: Path, name: str, text: str) -> Path:
    """A file in a folder."""
    path = folder / name
    path.write_text(text)
    return path


def complaint(function, *args) -> str:
    """What BadDescriptor says."""
    with pytest.raises(BadDescriptor) as caught:
        function(*args)
    return str(caught.value)


# -- impl.toml --------------------------------------------------------------


def test_impl(tmp_path):
    """Every key, with folders relative to the file."""
    path = write_impl(
        tmp_path / "mine",
        module="my_pkg.mmap",
        api="3.14",
        path=["build/lib", "/absolute"],
        env={"KEY": "value"},
        build={"requirement": "../sources", "hint": "make it"},
        extends="stdlib",
        homepage="https://example.org",
        tracker="https://example.org/issues",
    )
    found = descriptors.load_impl(path)
    assert (found.id, found.title, found.module, found.api) == (
        "mine",
        "mine",
        "my_pkg.mmap",
        (3, 14),
    )
    assert found.path == (str(tmp_path / "mine" / "build" / "lib"), "/absolute")
    assert found.env == (("KEY", "value"),)
    assert found.requirement == str(tmp_path / "sources")
    assert (found.hint, found.extends) == ("make it", "stdlib")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('title = "x"\nmodul = "y"', "unknown key 'modul'; did you mean 'module'?"),
        (
            'title = "x"\nmodule = "y"\n[build]\nrequirements = "z"',
            "unknown key 'requirements'; did you mean 'requirement'?",
        ),
        ('title = "x"\nmodule = "y"\nzzz = 1', "unknown key 'zzz'; known: api, build"),
        ('title = "x"', "'module' is a required property"),
        ('title = "x"\nmodule = 3', "module: 3 is not of type 'string'"),
        ('title = "x"\nmodule = "a b"', "module: 'a b' does not match"),
        ('title = "x"\nmodule = "y"\napi = "3"', "api: '3' does not match"),
        ('title = "x"\nmodule = "y"\napi = 3.13', "api: 3.13 is not of type 'string'"),
        ("title = ", "not TOML"),
        ('title = "\xff"', "not TOML"),
    ],
)
def test_wrong_impl(tmp_path, text, said):
    path = tmp_path / "impl.toml"
    path.write_bytes(text.encode("latin-1"))
    message = complaint(descriptors.load_impl, path)
    assert message.startswith(f"{path}: ")
    assert said in message


def test_missing_impl(tmp_path):
    assert complaint(descriptors.find, str(tmp_path / "no" / "impl.toml")).endswith(
        "impl.toml: cannot be read: No such file or directory"
    )


def test_folder_of_an_impl(tmp_path):
    """A folder is named as well as the impl.toml in it."""
    write_impl(tmp_path / "mine", module="mmap")
    assert descriptors.find(str(tmp_path / "mine")).id == "mine"


def test_names():
    """An id in impls/ comes before a module's name; what is neither is refused with the ids."""
    assert descriptors.find("stdlib").module == "mmap"
    assert descriptors.find("my_pkg.mmap").module == "my_pkg.mmap"
    message = complaint(descriptors.find, "std-lib")
    assert "neither an id in impls/, nor an impl.toml, nor a module's name" in message
    assert "did you mean 'stdlib'?" in message
    complaint(descriptors.find, "")


def test_local_ids_come_first(tmp_path, monkeypatch):
    """An implementation described in ./impls hides one of the same id that we bring."""
    write_impl(tmp_path / "impls" / "stdlib", module="their_mmap")
    write_impl(tmp_path / "impls" / "theirs", module="their_mmap")
    monkeypatch.chdir(tmp_path)
    assert descriptors.find("stdlib").module == "their_mmap"
    assert descriptors.find("theirs").module == "their_mmap"
    assert "reference" in descriptors.known()


# -- expected.toml ----------------------------------------------------------


def expected(folder: Path, text: str) -> Path:
    return write(folder, "expected.toml", text)


def test_expected(tmp_path):
    """Each key; the outcome is any failure by default."""
    path = expected(
        tmp_path,
        '[[deviation]]\nclause = "a.b"\nreason = "one"\n'
        '[[deviation]]\nclause = "a.c"\nreason = "two"\noutcome = "crash"\n'
        'when = \'python_version < "3.12"\'\nlink = "https://example.org/1"\n'
        '[[deviation]]\nclause = "a.d"\nreason = "three"\noutcome = ["fail", "hang"]\n',
    )
    one, two, three = descriptors.load_expected(path)
    assert (one.clause, one.outcome, one.when) == ("a.b", ("fail", "crash", "hang"), None)
    assert (two.outcome, two.link) == (("crash",), "https://example.org/1")
    assert three.outcome == ("fail", "hang")
    assert [entry.applies(profile().markers()) for entry in (one, two, three)] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[deviation]]\nclause = "a.b"\nreason = "one"\nwhne = "x"',
            "unknown key 'whne'; did you mean 'when'?",
        ),
        (
            '[[deviations]]\nclause = "a.b"\nreason = "one"',
            "unknown key 'deviations'; did you mean 'deviation'?",
        ),
        ('[[deviation]]\nclause = "a.b"', "'reason' is a required property"),
        ('[[deviation]]\nreason = "one"', "'clause' is a required property"),
        ('[[deviation]]\nclause = "ab"\nreason = "one"', "'ab' does not match"),
        ('[[deviation]]\nclause = "a.b"\nreason = "one"\noutcome = "pass"', "'pass' is not"),
        ('[[deviation]]\nclause = "a.b"\nreason = "one"\noutcome = []', "[] is not"),
        (
            '[[deviation]]\nclause = "a.b"\nreason = "one"\nwhen = "python > 3"',
            "a.b: not a PEP 508 marker: 'python > 3'",
        ),
        (
            '[[deviation]]\nclause = "a.b"\nreason = "one"\nwhen = "python_version"',
            "not a PEP 508 marker",
        ),
    ],
)
def test_wrong_expected(tmp_path, text, said):
    path = expected(tmp_path, text)
    message = complaint(descriptors.load_expected, path)
    assert message.startswith(f"{path}: ")
    assert said in message


def test_extends(tmp_path, monkeypatch):
    """The deviations of what is extended are inherited, unless the clause is listed here."""
    base = tmp_path / "impls" / "base"
    write_impl(base, module="mmap")
    expected(
        base,
        '[[deviation]]\nclause = "a.b"\nreason = "inherited"\n'
        '[[deviation]]\nclause = "a.c"\nreason = "inherited"\n',
    )
    mine = tmp_path / "impls" / "mine"
    write_impl(mine, module="mmap", extends="base")
    expected(mine, '[[deviation]]\nclause = "a.c"\nreason = "our own"\n')
    monkeypatch.chdir(tmp_path)
    found = {entry.clause: entry.reason for entry in descriptors.find("mine").deviations()}
    assert found == {"a.b": "inherited", "a.c": "our own"}


@pytest.mark.parametrize("name", ["std-lib", "stdlbi", "mmap"])
def test_extends_unknown(tmp_path, name):
    """What is extended must have a descriptor: a mistyped id must not inherit nothing."""
    path = write_impl(tmp_path / "mine", module="mmap", extends=name)
    assert name in complaint(descriptors.load_impl(path).deviations)


def test_extends_itself(tmp_path, monkeypatch):
    """A circle of extensions is an error, and no endless loop."""
    for name, other in (("one", "two"), ("two", "one")):
        write_impl(tmp_path / "impls" / name, module="mmap", extends=other)
    monkeypatch.chdir(tmp_path)
    assert "extends" in complaint(descriptors.find("one").deviations)


# -- interpreters.toml ------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[interpreter.x]\ncomand = ["a"]',
            "interpreter.x: unknown key 'comand'; did you mean 'command'?",
        ),
        (
            '[interpreters.x]\nfind = ["a"]',
            "unknown key 'interpreters'; did you mean 'interpreter'?",
        ),
        ("[interpreter.x]\ntimeout = 0", "interpreter.x.timeout: 0 is"),
        ('[interpreter.x]\nfind = "a"', "interpreter.x.find: 'a' is not of type 'array'"),
    ],
)
def test_wrong_interpreters(tmp_path, monkeypatch, text, said):
    (tmp_path / "impls").mkdir()
    path = write(tmp_path / "impls", "interpreters.toml", text)
    monkeypatch.chdir(tmp_path)
    message = complaint(descriptors.load_interpreters)
    assert message.startswith(f"{path}: ")
    assert said in message


# -- what the command makes of it -------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--impl=std-lib"], "did you mean 'stdlib'?"),
        (["run", "--impl=./impl.toml"], "unknown key 'modul'; did you mean 'module'?"),
        (
            ["run", "--clause=find.defualt-start"],
            "no clause matches; did you mean 'find.default-start'?",
        ),
        (["run", "--topic=fnid"], "no clause matches; did you mean 'find'?"),
        (["run", "--level=maybe"], "invalid choice: 'maybe'"),
        (["run", "--topic=find", "--api=4"], "API version '4' is not of the form 3.13"),
        (["list", "--clause=nothing.*"], "no clause matches"),
        (["smoke", "--impl=./gone.toml"], "gone.toml: cannot be read"),
        (["fly"], "invalid choice: 'fly'"),
    ],
)
def test_wrong_usage(tmp_path, arguments, said):
    """Wrong usage is exit status 2 and one clear line, no stack trace."""
    write(tmp_path, "impl.toml", 'title = "x"\nmodul = "y"')
    done = mmap_spec_command(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
