"""What is kept: results, so that a run can be resumed, and the judgements on survivors."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmap_spec import plugin

JUDGEMENTS = Path(__file__).with_name("survivors.toml")
ENGINE = Path(plugin.__file__).parent


class BadRecord(Exception):
    """A committed file says something that is not so; the text names the remedy."""


@dataclasses.dataclass
class Record:
    """What became of one mutant.

    ``status`` is killed, survived, or open (the time was over before the tests were); or, without
    being run, built; or, never to be run, identical (the same object code as the original), twin
    (the same as another mutant) or invalid (no C).  ``inputs`` is a hash of the sources it was
    compiled from, ``digest`` one of its object code, ``battery`` one of the engine and the tests
    that judged it.  A result counts as long as the digest is the same; of one that does not count
    any more, ``test`` stays as a hint.
    """

    id: str
    status: str
    digest: str = ""
    battery: str = ""
    outcome: str = ""
    test: str = ""
    clauses: tuple[str, ...] = ()
    text: str = ""
    tests: int = 0
    seconds: float = 0.0
    more: tuple[tuple[str, str], ...] = ()  # (test, clause): what else was seen to fail
    inputs: str = ""


class Records:
    """A file of records, one JSON object a line; the last one of a mutant counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by_id: dict[str, Record] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    data = json.loads(line)
                except ValueError:
                    continue  # cut off by an interruption: that mutant is run again
                data["clauses"] = tuple(data["clauses"])
                data["more"] = tuple(tuple(pair) for pair in data["more"])
                self.by_id[data["id"]] = Record(**data)

    def add(self, record: Record) -> None:
        self.by_id[record.id] = record
        with self.path.open("a") as stream:
            stream.write(json.dumps(dataclasses.asdict(record)) + "\n")


def battery_fingerprint(topics: Iterable[str]) -> str:
    """A hash of the engine, the catalogue and the battery, and of which topics are used."""
    digest = hashlib.sha256(repr(sorted(topics)).encode())
    used = {f"test_{topic}" for topic in topics} | set(topics)
    for path in sorted([*ENGINE.rglob("*.py"), *ENGINE.rglob("*.toml")]):
        if not used or path.parent.name not in ("battery", "clauses") or path.stem in used:
            digest.update(str(path.relative_to(ENGINE)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclasses.dataclass(frozen=True)
class Judgement:
    """Why a mutant survives: it is equivalent, or the battery has a hole."""

    equivalent: bool
    why: str


def read_judgements(path: Path) -> dict[str, Judgement]:
    """The judgements by the mutant's id."""
    data = read_toml(path)
    found: dict[str, Judgement] = {}
    for entry in data.get("judgement", []):
        if entry.keys() != {"is", "why", "mutants"} or entry["is"] not in ("equivalent", "hole"):
            raise BadRecord(
                f"{path}: a judgement has exactly the keys is ('equivalent' or 'hole'), why and "
                f"mutants, not {sorted(entry)}"
            )
        for name in entry["mutants"]:
            if name in found:
                raise BadRecord(f"{path}: two judgements on {name!r}: keep one")
            found[name] = Judgement(entry["is"] == "equivalent", entry["why"])
    return found


def read_toml(path: Path) -> dict[str, Any]:
    """A file's contents; of one that does not exist, nothing."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadRecord(f"{path}: {error}") from None


def check_judgements(
    judgements: dict[str, Judgement], known: Iterable[str], records: dict[str, Record], path: Path
) -> None:
    """A judgement on no mutant, or on one that does not survive, is an error."""
    known = set(known)
    problems = [f"no such mutant: {name}" for name in judgements if name not in known]
    for name in judgements:
        status = records[name].status if name in known and name in records else "open"
        if status not in ("survived", "open", "built"):
            problems.append(f"{status}, not a survivor: {name}")
    if problems:
        listed = "\n  ".join(problems)
        raise BadRecord(f"{path}: stale judgements, to be removed or renamed:\n  {listed}")
