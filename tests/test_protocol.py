"""The worker protocol: real sessions follow the schema, malformed lines are refused.

Sessions are recorded on the wire, by an interpreter (interpreters/recorder.py)
that stands between host and worker and notes each line.
"""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import jsonschema
import pytest
import tomlkit
from judging import TESTS, judge
from mmap_spec import descriptors, launcher, links, protocol, worker
from mmap_spec.candidate import Candidate
from mmap_spec.outcomes import CandidateDied
from mmap_spec.session import Session

SCHEMA = descriptors.schema("protocol")
# One clause or two of several topics, which together need every kind of request.
SAMPLE = [
    "assignment.slice-size-error",
    "close.exported-usable",
    "constructor.index",
    "context.exception-propagates",
    "iteration.reversed",
    "module.pagesize",
    "read.argument-type",
    "sharing.file-to-map",
    "type.weakref",
]


TAGS = {
    "ref", "attribute", "bytes", "bytearray", "tuple", "dict", "slice", "class", "exception",
    "float", "constant", "release", "judged", "kwargs", "by-reference",
}  # fmt: skip


def validator(part: str) -> jsonschema.Draft202012Validator:
    """The schema of ``hello``, ``request`` or ``answer``."""
    return jsonschema.Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{part}"}]})


VALID = {part: validator(part) for part in ("hello", "request", "answer")}


@pytest.fixture
def record(tmp_path, monkeypatch) -> Path:
    """Makes the interpreters ``recorder`` and ``little`` known, in the current folder."""
    interpreters = {
        "recorder": {
            "command": [sys.executable, str(TESTS / "interpreters" / "recorder.py")],
            "env": {"RECORD": str(tmp_path / "record")},
        },
        "little": {"command": [sys.executable, str(TESTS / "interpreters" / "little_worker.py")]},
    }
    (tmp_path / "impls").mkdir()
    text = tomlkit.dumps({"interpreter": interpreters})
    (tmp_path / "impls" / "interpreters.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "record"


def assert_valid(record: Path) -> list[dict]:
    """Every line of a record follows the schema of its direction; the requests."""
    requests = []
    for line in record.read_bytes().splitlines(keepends=True):
        assert line.endswith(b"\n")
        assert line.isascii()
        message = json.loads(line[1:])
        if line.startswith(b">"):
            requests.append(message)
        part = "request" if line.startswith(b">") else "hello" if "hello" in message else "answer"
        VALID[part].validate(message)
    return requests


def operations_of_the_schema() -> set[str]:
    """Every value that ``op`` may have."""
    found = set()
    for choice in SCHEMA["$defs"]["request"]["oneOf"]:
        op = SCHEMA["$defs"][choice["$ref"].rpartition("/")[2]]["properties"]["op"]
        found |= set(op.get("enum", [op.get("const")]))
    return found


def tags(message) -> set[str]:
    """The keys of all objects in a message."""
    if isinstance(message, dict):
        return set(message).union(*map(tags, message.values()))
    return set().union(*map(tags, message)) if isinstance(message, list) else set()


# -- real sessions ----------------------------------------------------------


def test_battery(record):
    """A sample of the battery speaks the protocol in both directions."""
    judged = judge("stdlib@recorder", SAMPLE, record.with_name("report.jsonl"))
    assert set(judged.verdicts().values()) == {"pass"}
    seen = {request["op"] for request in assert_valid(record)}
    assert seen >= {"import", "get", "call", "apply", "hostile", "run", "file", "state", "reset"}


def use_everything(candidate: Candidate) -> None:
    """Every operation, and every kind of value in both directions."""
    everything = [
        None, True, -(2**100), 1.5, float("inf"), "\ud800ü", b"\x00\xff", bytearray(b"a"), (1, ()),
        {"key": [b""]}, slice(1, None, -1), ValueError, KeyError("k", 2), Ellipsis, NotImplemented,
    ]  # fmt: skip
    back = candidate.run("result = values", values=everything)
    assert [type(value) for value in back] == [type(value) for value in everything]
    assert back[:12] == everything[:12]
    assert repr(back[12:]) == repr(everything[12:])
    m = candidate.anonymous(b"abcdef")
    file = candidate.file(b"abc")
    assert (file.contents(), file.size()) == (b"abc", 3)
    hostile = candidate.hostile(3, do=[partial(m.seek, 1), m.read_byte])
    assert (m[hostile], hostile.calls, m.tell()) == (ord("d"), 1, 2)
    faulty = candidate.hostile(raises=ZeroDivisionError)
    with candidate.raises(ZeroDivisionError):
        m.read(faulty)
    assert candidate.builtins.isinstance(m, candidate.mmap.mmap)
    again = candidate.mmap.mmap(-1, 3, access=candidate.mmap.ACCESS_READ)
    assert (m.find.resolve()(b"f"), again[:]) == (5, bytes(3))
    holder = candidate.run("class Holder: pass\nresult = Holder()")
    holder.attribute = m.close
    del hostile, faulty, again
    candidate.collect()
    candidate.reset()


def test_everything(record):
    """Every operation and every tag occurs in a session, and follows the schema."""
    candidate = launcher.start(launcher.parse("stdlib@recorder"), core=0)
    try:
        use_everything(candidate)
    finally:
        candidate.close()
    requests = assert_valid(record)
    assert {request["op"] for request in requests} == operations_of_the_schema()
    assert set().union(*map(tags, requests)) >= TAGS


def test_operations():
    """The schema and the worker know the same operations."""
    assert operations_of_the_schema() == set(worker.Worker().operations)


def test_documented_operations():
    """The page describes each operation and each fact."""
    page = (TESTS.parent / "docs" / "protocol.md").read_text(encoding="utf-8")
    facts = SCHEMA["$defs"]["facts"]["required"]
    assert [name for name in operations_of_the_schema() if f"\n| `{name}` |" not in page] == []
    assert [name for name in facts if f"`{name}`" not in page] == []


def test_facts():
    """The schema demands the facts that the worker gives."""
    assert set(worker.facts()) == set(SCHEMA["$defs"]["facts"]["required"])


# -- another worker ---------------------------------------------------------


def test_worker_written_from_the_page(record):
    """A worker that knows nothing of ours but the page can be judged through."""
    clauses = ["read_byte.last", "readline.position"]
    report = record.with_name("report.jsonl")
    judged = judge("stdlib@little", clauses, report)
    assert judged.head["profile"]["implementation_name"] == "little"
    assert judged.verdicts() == dict.fromkeys(clauses, "pass")


def test_operation_that_a_worker_refuses(record):
    """What a worker cannot do is a harness-error and red, no pass and no skip."""
    judged = judge("stdlib@little", ["read_byte.at-end"], record.with_name("report.jsonl"))
    assert judged.verdicts() == {"read_byte.at-end": "harness-error"}
    assert "cannot do that: state" in judged.found("read_byte.at-end")
    assert judged.status == 1


# -- malformed lines --------------------------------------------------------

REF = {"ref": 1}
EXCEPTION = {
    "type": "ValueError", "mro": ["ValueError", "Exception", "BaseException", "object"],
    "args": [], "errno": None, "symbol": None, "winerror": None, "text": "",
}  # fmt: skip

MALFORMED_REQUESTS = [
    [],
    {},
    {"op": "state"},
    {"id": 1},
    {"id": "1", "op": "state"},
    {"id": 1.5, "op": "state"},
    {"id": 1, "op": "fly"},
    {"id": 1, "op": ["state"]},
    {"id": 1, "op": "state", "release": 3},
    {"id": 1, "op": "state", "relaese": [3]},
    {"id": 1, "op": "import"},
    {"id": 1, "op": "import", "name": 3},
    {"id": 1, "op": "import", "name": "os", "path": "/"},
    {"id": 1, "op": "get", "on": REF},
    {"id": 1, "op": "get", "name": "x"},
    {"id": 1, "op": "get", "on": 1, "name": "x"},
    {"id": 1, "op": "get", "on": {"ref": "1"}, "name": "x"},
    {"id": 1, "op": "set", "on": REF, "name": "x"},
    {"id": 1, "op": "call", "name": "x"},
    {"id": 1, "op": "call", "on": REF, "args": {"a": 1}},
    {"id": 1, "op": "call", "on": REF, "args": [{"bytes": "YQ=="}, {"bites": "YQ=="}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"bytes": "YQ==", "tuple": []}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"bytes": "Y"}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"bytes": [97]}]},
    {"id": 1, "op": "call", "on": REF, "args": [{}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"slice": [1, 2]}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"dict": {"a": 1}}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"dict": [["a"]]}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"float": "1.0"}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"constant": "None"}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"class": "no such class"}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"exception": "ValueError"}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"attribute": [{"ref": 1}]}]},
    {"id": 1, "op": "call", "on": REF, "kwargs": [1]},
    {"id": 1, "op": "apply", "name": "len"},
    {"id": 1, "op": "hostile", "slot": "__index__", "answer": 1},
    {"id": 1, "op": "hostile", "slot": "__index__", "do": []},
    {"id": 1, "op": "hostile", "slot": "index", "do": [], "answer": 1},
    {"id": 1, "op": "run"},
    {"id": 1, "op": "run", "source": 5},
    {"id": 1, "op": "file", "name": "f"},
    {"id": 1, "op": "file", "name": "f", "mode": "w"},
    {"id": 1, "op": "file", "name": "f", "mode": "rb", "contents": "text"},
    {"id": 1, "op": "read-file"},
    {"id": 1, "op": "pin", "core": 0},
]

MALFORMED_ANSWERS = [
    [],
    {},
    {"id": 1},
    {"value": 1},
    {"id": "1", "value": 1},
    {"id": 1, "value": 1, "raised": EXCEPTION},
    {"id": 1, "value": {"bites": "YQ=="}},
    {"id": 1, "value": {"bytes": "YQ==", "tuple": []}},
    {"id": 1, "value": {"ref": 1}},
    {"id": 1, "value": {"type": "mmap.mmap"}},
    {"id": 1, "value": {"ref": 0, "type": "mmap.mmap"}},
    {"id": 1, "value": {"method": 1}},
    {"id": 1, "value": {"tuple": [{"bytes": 1}]}},
    {"id": 1, "value": {"exception": {"type": "ValueError", "args": []}}},
    {"id": 1, "raised": "ValueError"},
    {"id": 1, "raised": {**EXCEPTION, "mro": ["ValueError"]}},
    {"id": 1, "raised": {**EXCEPTION, "errno": "EINVAL"}},
    {"id": 1, "raised": {**EXCEPTION, "args": [[1]]}},
    {"id": 1, "raised": {key: EXCEPTION[key] for key in EXCEPTION if key != "text"}},
    {"id": 1, "error": None},
    {"id": 1, "error": ""},
]

MALFORMED_HELLOS = [
    {},
    {"hello": "x", "protocol": 2, "facts": worker.facts()},
    {"hello": "x", "protocol": 1},
    {"hello": "x", "protocol": 1, "facts": {}},
    {"hello": "x", "protocol": 1, "facts": {**worker.facts(), "python_version": "2.7"}},
    {"hello": "x", "protocol": 1, "facts": {**worker.facts(), "gil": "yes"}},
    {"hello": "x", "protocol": 1, "facts": {**worker.facts(), "pointer_size": 64}},
    {"hello": "x", "protocol": 1, "facts": {**worker.facts(), "unknown": 1}},
]


@pytest.mark.parametrize("message", MALFORMED_REQUESTS, ids=json.dumps)
def test_schema_refuses_request(message):
    assert not VALID["request"].is_valid(message)


@pytest.mark.parametrize("message", MALFORMED_ANSWERS, ids=json.dumps)
def test_schema_refuses_answer(message):
    assert not VALID["answer"].is_valid(message)


@pytest.mark.parametrize("message", MALFORMED_HELLOS, ids=range(len(MALFORMED_HELLOS)))
def test_schema_refuses_hello(message):
    assert not VALID["hello"].is_valid(message)


@pytest.fixture
def judging_worker() -> worker.Worker:
    """A worker in this process that holds the module mmap under the number 1."""
    started = worker.Worker()
    first = {"id": 1, "op": "import", "name": "mmap", "judged": True}
    assert json.loads(started.answer(json.dumps(first)))["value"]["ref"] == 1
    yield started
    started.answer(b'{"id": 2, "op": "reset"}')
    started.end()


@pytest.mark.parametrize(("operation", "closed"), [("reset", True), ("collect", False)])
def test_dropped_without_reference_counts(judging_worker, monkeypatch, operation, closed):
    """Where objects live until they are collected, ``reset`` closes a map that was dropped."""
    monkeypatch.setattr(worker, "REFCOUNTING", False)
    call = {"id": 3, "op": "call", "on": {"ref": 1}, "name": "mmap", "args": [-1, 3]}
    number = json.loads(judging_worker.answer(json.dumps(call)))["value"]["ref"]
    m = judging_worker.objects[number]
    judging_worker.answer(json.dumps({"id": 4, "op": "state", "release": [number]}))
    assert (number in judging_worker.objects, m.closed) == (False, False)
    judging_worker.answer(json.dumps({"id": 5, "op": operation}))
    judging_worker.answer(b'{"id": 6, "op": "reset"}')
    assert m.closed == closed


# What a worker may take at its word: types of values, and keys that it does not know.
TOLERATED = [
    {"id": 1.5, "op": "state"},
    {"id": "1", "op": "state"},
    {"id": 1, "op": "state", "relaese": [3]},
    {"id": 1, "op": "import", "name": 3},
    {"id": 1, "op": "import", "name": "os", "path": "/"},
    {"id": 1, "op": "get", "on": 1, "name": "x"},
    {"id": 1, "op": "call", "on": REF, "args": {"a": 1}},
    {"id": 1, "op": "call", "on": REF, "args": [{"slice": [1, 2]}]},
    {"id": 1, "op": "call", "on": REF, "args": [{"float": "1.0"}]},
    {"id": 1, "op": "hostile", "slot": "__index__", "do": []},
    {"id": 1, "op": "hostile", "slot": "index", "do": [], "answer": 1},
    {"id": 1, "op": "run", "source": 5},
    {"id": 1, "op": "file", "name": "f", "mode": "rb", "contents": "text"},
]


@pytest.mark.parametrize(
    "message", [m for m in MALFORMED_REQUESTS if m not in TOLERATED], ids=json.dumps
)
def test_worker_refuses_request(judging_worker, message):
    """A request that does not follow the page is an error, and no exception of the candidate."""
    answer = json.loads(judging_worker.answer(json.dumps(message)))
    VALID["answer"].validate(answer)
    assert "error" in answer, answer
    assert answer["id"] in (None, 1)


@pytest.mark.parametrize(
    "line", [b"", b"nonsense", b'{"id": 1', b"\xff\xfe", b"[1]", b"3", b"null"]
)
def test_worker_refuses_line(judging_worker, line):
    answer = json.loads(judging_worker.answer(line))
    VALID["answer"].validate(answer)
    assert "error" in answer
    assert answer["id"] is None


@pytest.mark.parametrize("message", [{"ref": 77}, {"attribute": [{"ref": 77}, "close"]}], ids=str)
def test_worker_refuses_reference_that_it_does_not_hold(judging_worker, message):
    request = {"id": 2, "op": "call", "on": {"ref": 1}, "name": "mmap", "args": [message]}
    answer = json.loads(judging_worker.answer(json.dumps(request)))
    assert "error" in answer, answer


def test_worker_goes_on_after_a_malformed_line(judging_worker):
    """The next request is answered as if nothing had been."""
    judging_worker.answer(b"nonsense")
    answer = json.loads(judging_worker.answer(b'{"id": 2, "op": "collect"}'))
    assert answer == {"id": 2, "value": None}


class Canned:
    """A link whose worker imports the module, and then gives one answer."""

    def __init__(self, answer) -> None:
        self.facts = worker.facts()
        self.answer = answer

    def request(self, message):
        if message["op"] == "import":
            return {"id": message["id"], "value": {"ref": message["id"], "type": "module mmap"}}
        answer = dict(self.answer)
        return {**answer, "id": message["id"]} if answer.get("id") == 1 else answer

    def close(self):
        pass


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1},
        {"id": 77, "value": 1},
        {"value": 1},
        {"id": 1, "value": {"bites": "YQ=="}},
        {"id": 1, "value": {"bytes": "YQ==", "tuple": []}},
        {"id": 1, "value": {}},
        {"id": 1, "value": {"ref": 1}},
        {"id": 1, "value": {"bytes": "Y"}},
        {"id": 1, "value": {"constant": "None"}},
        {"id": 1, "value": {"class": "NoSuchClass"}},
        {"id": 1, "raised": "ValueError"},
        {"id": 1, "raised": {**EXCEPTION, "mro": []}},
        {"id": 1, "error": "it said so"},
    ],
    ids=json.dumps,
)
def test_host_refuses_answer(message):
    """An answer that does not follow the page is a ProtocolError, no outcome of the candidate."""
    session = Session(lambda: Canned(message), "mmap", [])
    session.open()
    with pytest.raises(protocol.ProtocolError):
        session.perform({"op": "collect"}, "the code")


def test_host_refuses_line(tmp_path):
    """A line that is no JSON is a ProtocolError."""
    program = tmp_path / "babbler.py"
    hello = json.dumps({"hello": "x", "protocol": 1, "facts": worker.facts()})
    program.write_text(
        f"import sys\nprint({hello!r}, flush=True)\nsys.stdin.readline()\nprint('no JSON')"
    )
    interpreter = descriptors.Interpreter("babbler", (sys.executable, str(program)))
    link = links.PipeLink(interpreter, {}, str(tmp_path))
    try:
        with pytest.raises(protocol.ProtocolError, match="no JSON"):
            link.request({"id": 1, "op": "collect"})
    finally:
        link.close()


@pytest.mark.parametrize(
    ("raised", "kind", "symbol"),
    [
        ({"type": "Own", "mro": ["Own", "KeyError", "Exception", "BaseException"]}, KeyError, None),
        (
            {"type": "OSError", "mro": ["OSError", "Exception", "BaseException"], "errno": 10022,
             "symbol": "EINVAL", "args": [10022, "text"]},
            OSError, "EINVAL",
        ),
        (
            {"type": "PermissionError", "mro": ["PermissionError", "OSError", "BaseException"],
             "errno": 913, "symbol": "EACCES", "args": [913, "text"]},
            PermissionError, "EACCES",
        ),
        (
            {"type": "UnicodeDecodeError", "args": ["ascii"],
             "mro": ["UnicodeDecodeError", "UnicodeError", "ValueError", "BaseException"]},
            UnicodeDecodeError, None,
        ),
    ],
)  # fmt: skip
def test_exceptions_of_another_system(raised, kind, symbol):
    """They arrive as the nearest class here; error numbers are translated by their symbols."""
    error = protocol.exception({**EXCEPTION, "text": "text", **raised})
    assert (type(error), error.symbol) == (kind, symbol)
    if symbol is not None:
        assert error.errno == getattr(errno, symbol)


def test_worker_leaves_no_file(tmp_path):
    """At the end of its input the worker removes what the examples made, and ends well."""
    request = {"id": 1, "op": "file", "name": "f", "mode": "rb", "contents": {"bytes": "YWJj"}}
    done = subprocess.run(
        [sys.executable, worker.__file__, str(tmp_path)],
        input=json.dumps(request).encode() + b"\n",
        capture_output=True,
        timeout=60,
        check=True,
    )
    hello, answer = map(json.loads, done.stdout.splitlines())
    VALID["hello"].validate(hello)
    VALID["answer"].validate(answer)
    _, path = answer["value"]["tuple"]
    assert tmp_path in Path(path).parents
    assert not any(tmp_path.iterdir())


def test_values_that_cannot_travel():
    """What the protocol has no encoding for is refused before it is sent."""
    for value in (object(), len, {1, 2}, {1: 2}, type("C", (), {}), memoryview(b"")):
        with pytest.raises(TypeError, match=r"cannot travel"):
            protocol.encode(value)


def test_reference_of_a_worker_that_has_ended():
    """A reference is not sent to another worker, in which its number means another object."""
    candidate = launcher.start(launcher.parse("stdlib"))
    try:
        m = candidate.anonymous(b"abc")
        with pytest.raises(CandidateDied, match="exited with status 3"):
            candidate.run("import os; os._exit(3)")
        candidate.reset()
        with pytest.raises(CandidateDied, match="has ended before"):
            m.read()
    finally:
        candidate.close()
