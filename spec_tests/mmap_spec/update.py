"""``mmap-spec update``: bring an expected.toml up to date with what a run saw.

New failures are added with a condition that names exactly this interpreter and
the reason "unreviewed: ...", for a person to widen and to explain; entries that
hold are narrowed or removed.  Comments and order stay.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit
from packaging.markers import Marker
from tomlkit.items import AoT, Table

from mmap_spec import descriptors
from mmap_spec.candidate import machine
from mmap_spec.links import CannotStart
from mmap_spec.report import stream
from mmap_spec.verdicts import GREEN

UNREVIEWED = "unreviewed: "


def update(
    specs: list[str],
    options: list[str],
    run_pytest: Callable[[list[str]], int],
    battery: Path,
) -> int:
    """Judge each candidate and write its deviations; an incomplete run changes nothing."""
    for spec in specs:
        implementation = descriptors.find(spec.partition("@")[0])
        if implementation.folder is None:
            raise descriptors.BadDescriptor(
                f"--impl={spec} has no folder to write into; make "
                f"impls/{implementation.id}/impl.toml "
                f'with title = "..." and module = "{implementation.module}", and name that'
            )
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "result.jsonl"
            run_pytest([str(battery), f"--impl={spec}", *options, f"--report={report}"])
            if not report.exists():
                raise CannotStart(f"{spec}: no result; nothing was changed")
            head, lines, foot = stream.read(report)
        if foot is None:
            raise CannotStart(f"{spec}: the run is incomplete; nothing was changed")
        path = implementation.folder / "expected.toml"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        new, changes = revise(text, lines, head["profile"])
        if changes:
            stream.replace(path, new)
        for change in changes:
            print(change)
        print(f"{path}: {len(changes)} changes")
    return GREEN


def condition(profile: dict[str, Any]) -> str:
    """The marker that names exactly the interpreter of a profile."""
    name = profile["implementation_name"]
    parts = [f'implementation_name == "{name}"']
    if name == "cpython":
        parts.append(f'python_full_version == "{profile["python_full_version"]}"')
    else:
        parts.append(f'implementation_version == "{profile["implementation_version"]}"')
    if profile["sys_platform"] != "linux":
        parts.append(f'sys_platform == "{profile["sys_platform"]}"')
    elif profile["pointer_size"] == 4:
        parts.append('"32-bit" in platform_machine')
    return " and ".join(parts)


def revise(
    text: str, lines: list[dict[str, Any]], profile: dict[str, Any]
) -> tuple[str, list[str]]:
    """An expected.toml's text after a run, and what was changed, a sentence each."""
    document = tomlkit.parse(text)
    if "deviation" not in document:
        document["deviation"] = tomlkit.aot()
    entries: Any = document["deviation"]
    here = condition(profile)
    changes = []
    for line in lines:
        if line["level"] == "may":
            continue
        if line["verdict"] == "stale":
            changes.append(narrow(entries, line["id"], here, profile))
        elif line["verdict"] in ("fail", "crash", "hang"):
            changes.append(worsen(entries, line, profile) or add(entries, line, here))
    if not entries:
        del document["deviation"]
    return tomlkit.dumps(document), changes


def worsen(entries: AoT, line: dict[str, Any], profile: dict[str, Any]) -> str | None:
    """A listed clause that fails in another way: its entry gets that outcome too."""
    clause, outcome = line["id"], line["verdict"]
    for entry in entries:
        if entry["clause"] == clause and applies(entry, profile):
            given = entry.get("outcome", [])
            entry["outcome"] = [*([given] if isinstance(given, str) else given), outcome]
            return f"{clause}: {outcome} as well as {given}"
    return None


def environment(profile: dict[str, Any]) -> dict[str, str]:
    """A profile's data as the environment of a marker."""
    version = ".".join(profile["python_full_version"].split(".")[:2])
    known = {key: value for key, value in profile.items() if isinstance(value, str)}
    known["platform_machine"] = machine(profile["platform_machine"], profile["pointer_size"])
    return {**known, "python_version": version}


def add(entries: AoT, line: dict[str, Any], here: str) -> str:
    """One new failure: an entry of its own, or one more interpreter for an unreviewed one."""
    clause, outcome = line["id"], line["verdict"]
    for entry in entries:
        if entry["clause"] != clause or not str(entry["reason"]).startswith(UNREVIEWED):
            continue
        if entry.get("outcome") == outcome and "when" in entry:
            entry["when"] = f"{entry['when']} or {here}"
            return f"widened {clause}: {outcome} where {here}"
    found = next((test["found"] for test in line["tests"] if test["outcome"] == outcome), "")
    entry = tomlkit.table()
    entry["clause"] = clause
    entry["when"] = here
    entry["outcome"] = outcome
    said = found.partition("Traceback (most recent call last)")[0]  # holds paths of this machine
    entry["reason"] = UNREVIEWED + " ".join(said.split())[:160]
    entries.append(entry)
    return f"added {clause}: {outcome} where {here}"


def applies(entry: Any, profile: dict[str, Any]) -> bool:
    """Whether an entry's condition holds for a profile."""
    return "when" not in entry or bool(Marker(str(entry["when"])).evaluate(environment(profile)))


def narrow(entries: AoT, clause: str, here: str, profile: dict[str, Any]) -> str:
    """One entry that holds here: removed if it names only this interpreter, else narrowed."""
    for index, entry in enumerate(entries):
        if entry["clause"] != clause or not applies(entry, profile):
            continue
        when = entry.get("when")
        alternatives = [part for part in (when or "").split(" or ") if part != here]
        if when is not None and not alternatives:
            del entries[index]
            return f"removed {clause}: it holds"
        if len(alternatives) < len((when or "").split(" or ")):
            entry["when"] = " or ".join(alternatives)
        else:
            exclude(entry, here)
        return f"narrowed {clause}: it holds where {here}"
    return f"{clause} holds, but its entry is inherited: narrow it by hand"


def exclude(entry: Table, here: str) -> None:
    """Add a condition that leaves this interpreter out; PEP 508 has no ``not``."""
    parts = here.replace(" == ", " != ").replace(" in ", " not in ").split(" and ")
    other = " or ".join(parts)
    entry["when"] = f"({entry['when']}) and ({other})" if "when" in entry else other
