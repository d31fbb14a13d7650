"""The mutants' tools: operators, equivalents, kills, survivors, judgements, resumption.

What is mutated here is ``tests/mutants/example``, a module of one C file with one function.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from judging import TESTS
from mutants import operators, parsing
from mutants.__main__ import main
from mutants.killing import ChildFailed, Children
from mutants.operators import Vocabulary, mutants_of
from mutants.records import Record, Records

EXAMPLE = TESTS / "mutants" / "example"
SNIPPET = """
enum mode { READ, WRITE };
static int
add(struct thing *self, int size, enum mode mode)
{
    if (size < 0 || self->closed) {
        return raise_value("below zero");
    }
    Py_BEGIN_ALLOW_THREADS
    self->total += size;
    Py_END_ALLOW_THREADS
    copy(self->data, size, mode == READ);
    free(self->data);
    return !size + 0;
}
static const struct row rows[] = {
#ifdef ONE
    {"one", 1},
#endif
    {"two", 2},
};
PyObject *raise_value(const char *text) { return raise(PyExc_ValueError, text); }
PyObject *raise_type(const char *text) { return raise(PyExc_TypeError, text); }
"""


def made(tmp_path: Path, text: str = SNIPPET) -> dict[str, list[str]]:
    """The mutants of a text: what each operator makes of what."""
    path = tmp_path / "snippet.c"
    path.write_text(text)
    source = parsing.parse(path)
    found: dict[str, list[str]] = {}
    for mutant in mutants_of(source, Vocabulary([source])):
        found.setdefault(mutant.operator, []).append(mutant.id.split(": ", 1)[1])
    return found


CHANGES = [
    ("statement-deleted", "self->total += size; -> ;"),
    ("statement-deleted", 'return raise_value("below zero"); -> ;'),
    ("release-dropped", "free(self->data); -> ;"),
    ("check-dropped", "size < 0 || self->closed -> 0"),
    ("condition-forced", "size < 0 || self->closed -> 1"),
    ("relational", "size < 0 -> size <= 0"),
    ("relational", "size < 0 -> size >= 0"),
    ("relational", "mode == READ -> mode != READ"),
    ("arithmetic", "self->total += size -> self->total -= size"),
    ("logical", "size < 0 || self->closed -> size < 0 && self->closed"),
    ("logical", "size < 0 || self->closed -> self->closed"),
    ("logical", "size < 0 || self->closed -> size < 0"),
    ("logical", "!size -> !!size"),
    ("constant", "0 -> 1"),
    ("off-by-one", "size -> size + 1"),
    ("off-by-one", "size -> size - 1"),
    ("exception-type", "raise_value -> raise_type"),
    ("exception-type", "PyExc_TypeError -> PyExc_RuntimeError"),
    ("flag", "READ -> WRITE"),
    ("argument-order", "(self->data, size, mode == READ) -> (size, self->data, mode == READ)"),
    ("initializer-dropped", '{"one", 1} -> '),
]


@pytest.mark.parametrize(("operator", "change"), CHANGES, ids=lambda value: value)
def test_operators(tmp_path, operator, change):
    assert change in made(tmp_path)[operator]


def test_every_operator_is_tested():
    assert {operator for operator, _ in CHANGES} == set(operators.OPERATORS)


def test_ids_survive_edits_elsewhere(tmp_path):
    """They hold no line numbers, and alike ones are counted within their function."""
    assert made(tmp_path) == made(tmp_path, "/* more */\n\n" + SNIPPET)
    ids = [text for texts in made(tmp_path).values() for text in texts]
    assert any(text.endswith("#2") for text in ids)


# -- runs -------------------------------------------------------------------


def run(folder: Path, judgements: str, *more: str, source: Path = EXAMPLE) -> tuple[int, str, str]:
    """Run the mutants of the example's function in ``folder``: exit status, output, errors."""
    (folder / "judgements.toml").write_text(judgements)
    said, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        status = main(
            [
                f"--source={source}",
                "--module=counted",
                "--api=",
                "--topic=length",
                f"--cache={folder / 'cache'}",
                f"--results={folder / 'results'}",
                f"--judgements={folder / 'judgements.toml'}",
                "--id=counted.c:fitted:*",
                *more,
            ]
        )
    return status, said.getvalue(), told.getvalue()


def history(tmp_path: Path) -> list[tuple[str, str]]:
    """Every record that was written: (id, status)."""
    (path,) = tmp_path.glob("cache/*/records.jsonl")
    return [(r["id"], r["status"]) for r in map(json.loads, path.read_text().splitlines())]


IDENTICAL = "counted.c:fitted:relational: length > 0 -> length >= 0"
KILLED = "counted.c:fitted:condition-forced: length > most -> 1"
SURVIVORS = {
    "counted.c:fitted:constant: 7 -> 8",
    "counted.c:fitted:constant: 7 -> 6",
    "counted.c:fitted:condition-forced: length > most -> 0",
    "counted.c:fitted:relational: length > most -> length >= most",
    "counted.c:fitted:condition-forced: length > 0 -> 1",
    "counted.c:fitted:constant: 0 -> 1 #2",
}


def judged(*ids: str, verdict: str = "equivalent") -> str:
    """Judgements on these."""
    listed = ", ".join(json.dumps(name) for name in sorted(ids))
    return f'[[judgement]]\nis = "{verdict}"\nwhy = "never that long"\nmutants = [{listed}]\n'


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which a whole run has ended without judgements, and what came of it."""
    folder = tmp_path_factory.mktemp("mutants")
    return folder, run(folder, "")


def test_survivors_without_a_judgement_are_red(finished):
    _, (status, said, _) = finished
    told = {line.split("  ")[1] for line in said.splitlines() if line.startswith("SURVIVED")}
    assert (status, told) == (1, SURVIVORS)


def test_kills(finished):
    """A mutant that is noticed is killed, and the matrix says by which clause."""
    folder, _ = finished
    assert dict(history(folder))[KILLED] == "killed"
    rows = [row.split("\t") for row in (folder / "results/matrix.tsv").read_text().splitlines()]
    (clause,) = {row[0] for row in rows if row[1] == KILLED}
    assert clause.startswith("length.")


def test_equivalents_by_object_code_are_removed(finished):
    folder, _ = finished
    assert dict(history(folder))[IDENTICAL] == "identical"


def test_judged_survivors_are_green(finished):
    folder, _ = finished
    status, said, _ = run(folder, judged(*SURVIVORS))
    assert "6 equivalent, 0 holes, 0 not judged, 0 open" in said
    assert status == 0


def test_holes_lower_the_score(finished):
    folder, _ = finished
    status, said, _ = run(folder, judged(*SURVIVORS, verdict="hole"))
    assert "0 equivalent, 6 holes, 0 not judged, 0 open" in said
    assert status == 1


@pytest.mark.parametrize(
    ("stale", "problem"),
    [(KILLED, "killed, not a survivor"), ("counted.c:gone:constant: 1 -> 2", "no such mutant")],
)
def test_a_stale_judgement_is_an_error(finished, stale, problem):
    folder, _ = finished
    status, _, told = run(folder, judged(*SURVIVORS, stale))
    assert f"{problem}: {stale}" in told
    assert status == 2


def test_unproven_clauses_are_shown(finished):
    """Those that killed nothing here, and have no miniature."""
    folder, _ = finished
    lines = (folder / "results" / "clauses.tsv").read_text().splitlines()[1:]
    assert {line.split("\t")[3] for line in lines} == {"proven", "unproven"}


def test_a_finished_run_is_not_done_again(finished):
    folder, (status, said, _) = finished
    before = history(folder)
    assert run(folder, "")[:2] == (status, said)
    assert history(folder) == before


def test_an_interrupted_run_is_resumed(tmp_path, monkeypatch):
    """What is done is kept, and the same command does the rest."""
    add = Records.add

    def interrupted(self: Records, record: Record) -> None:
        add(self, record)
        if record.battery:  # the first one that was run
            raise KeyboardInterrupt

    monkeypatch.setattr(Records, "add", interrupted)
    status, _, told = run(tmp_path, "")
    monkeypatch.undo()
    kept = history(tmp_path)
    assert (status, "the same command goes on" in told) == (3, True)
    assert run(tmp_path, "")[0] == 1
    assert history(tmp_path)[: len(kept)] == kept
    assert not set(history(tmp_path)[len(kept) :]) & set(kept)


# -- edits of the sources ---------------------------------------------------

BESIDE = """#include "beside.h"
int beside(int n) { return n > MOST ? n : 4; }
"""


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """A copy of the example with a second file, beside which a whole run has ended."""
    source = tmp_path_factory.mktemp("edited") / "source"
    shutil.copytree(EXAMPLE, source)
    setup = source / "setup.py"
    setup.write_text(setup.read_text().replace('["counted.c"]', '["counted.c", "beside.c"]'))
    (source / "beside.c").write_text(BESIDE)
    (source / "beside.h").write_text("int beside(int n);\n#define MOST 3\n")
    assert run(source.parent, "", "--id=beside.c:*", source=source)[0] == 1
    return source


def rerun(source: Path, name: str, before: str, after: str) -> tuple[set[str], set[str]]:
    """Edit a file, and run again: of which files mutants were compiled, and of which judged."""
    (records,) = source.parent.glob("cache/*/records.jsonl")
    known = records.read_text().splitlines()
    text = (source / name).read_text()
    assert before in text
    (source / name).write_text(text.replace(before, after))
    assert run(source.parent, "", "--id=beside.c:*", source=source)[0] == 1
    added = [json.loads(line) for line in records.read_text().splitlines()[len(known) :]]
    old = {(r["id"], r["seconds"]) for r in map(json.loads, known)}
    judged_anew = {r["id"] for r in added if r["battery"] and (r["id"], r["seconds"]) not in old}
    return {r["id"].split(":")[0] for r in added}, {name.split(":")[0] for name in judged_anew}


@pytest.mark.parametrize("name", ["beside.c", "beside.h"])
def test_an_edit_that_changes_no_code_keeps_all_results(edited, name):
    """The file's mutants are compiled again, and their object code is as it was."""
    assert rerun(edited, name, "int beside", "/* more */\nint beside") == ({"beside.c"}, set())


@pytest.mark.parametrize(("name", "code"), [("beside.c", ": 4"), ("beside.h", "MOST 3")])
def test_an_edit_of_one_file_keeps_the_results_of_others(edited, name, code):
    """Only its own mutants are compiled and judged again; a header's edit reaches its includers."""
    assert rerun(edited, name, code, code + "1") == ({"beside.c"}, {"beside.c"})


def test_records_of_older_sources_do_not_count(edited):
    """A report after an edit says that it is incomplete."""
    with (edited / "beside.c").open("a") as stream:
        stream.write("/* the end */\n")
    counted = run(edited.parent, "", "--report-only", source=edited)
    both = run(edited.parent, "", "--report-only", "--id=beside.c:*", source=edited)
    assert (counted[0], both[0]) == (1, 3)


def test_a_child_that_is_killed():
    """It gives what stands for a lost one; that is how its mutant is left open."""
    tasks = [("killed", lambda slot: os.kill(os.getpid(), signal.SIGKILL)), ("other", str)]
    assert dict(Children(1, lost="lost").map(tasks)) == {"killed": "lost", "other": "0"}
    with pytest.raises(ChildFailed, match="killed: it ended without a word"):
        list(Children(1).map(tasks))
