"""The command: ``nox -s mutants -- ...`` or ``python -m mutants ...`` with tests/ on the path."""

from __future__ import annotations

import argparse
import collections
import difflib
import fnmatch
import importlib
import os
import pkgutil
import sys
from pathlib import Path

import miniatures
from mmap_spec import launcher
from mmap_spec.cache import cache
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.links import CannotStart

from mutants import records, report, sampling, windows
from mutants.building import CannotBuild, read_recipe
from mutants.campaign import Campaign, number_of, thinned
from mutants.killing import Battery
from mutants.operators import OPERATORS, Mutant
from mutants.progress import Progress
from mutants.records import BadRecord

GREEN, RED, USAGE, INCOMPLETE = 0, 1, 2, 3
REPOSITORY = Path(__file__).resolve().parents[2]


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    add = parser.add_argument
    add("--sample", action="store_true", help="only those of sample.toml: some minutes")
    add("--choose-sample", action="store_true", help="write sample.toml from the records")
    add("--every", action="store_true", help="all mutants that can be made, not a share of each")
    add("--file", action="append", metavar="GLOB", help="only mutants of these files")
    add("--operator", action="append", metavar="GLOB", help=f"of these: {', '.join(OPERATORS)}")
    add("--id", action="append", metavar="GLOB", help="only these mutants")
    add("--topic", action="append", default=[], help="only these topics of the battery")
    add("--list", action="store_true", help="print the mutants' ids, and end")
    add("--show", action="store_true", help="print what each mutant changes, and end")
    add("--report-only", action="store_true", help="run nothing: report from the records")
    add("--keep-kills", action="store_true", help="what an older battery killed counts as killed")
    add("--trust", action="store_true", help="do not run those that are judged equivalent")
    add(
        "--limit",
        type=float,
        default=900,
        metavar="SECONDS",
        help="a mutant that outlives them is left open, for the next run (default: 900)",
    )
    add("--jobs", type=int, default=2, help="mutants at a time (default: 2)")
    add(
        "--source",
        type=Path,
        default=REPOSITORY / "reference",
        metavar="FOLDER",
        help="what to mutate: a folder with a setup.py of one extension",
    )
    add(
        "--interpreter",
        default="",
        metavar="ID",
        help="a CPython for Windows, such as wine-3.13: compiled by mingw-w64, judged there",
    )
    add("--module", default="mmap_reference", help="what is imported from it")
    add("--api", default="3.15", help="the API version it claims; '' for its interpreter's")
    add("--cache", type=Path, default=cache() / "mutants", help="where objects and records are")
    add(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="where report.md, matrix.tsv and clauses.tsv go",
    )
    add("--judgements", type=Path, metavar="FILE")
    options = parser.parse_args(given)
    on = options.interpreter
    options.results = options.results or REPOSITORY / "results" / f"mutants-{on}".rstrip("-")
    options.judgements = options.judgements or (windows if on else records).JUDGEMENTS
    options.level = (windows if on else report).LEVEL
    return options


def selected(options: argparse.Namespace, every: list[Mutant]) -> list[Mutant]:
    """The mutants that the options name."""
    if options.sample:
        return sampling.selected(every)
    chosen = every if options.every or options.id else thinned(every)
    for name in ("file", "operator", "id"):
        patterns = getattr(options, name)
        if patterns:
            chosen = [
                m for m in chosen if any(matches(getattr(m, name), pattern) for pattern in patterns)
            ]
    if not chosen:
        raise BadRecord("no mutant is selected: --list shows what there is")
    return chosen


def matches(text: str, pattern: str) -> bool:
    return text == pattern or fnmatch.fnmatchcase(text, pattern)


def show(campaign: Campaign, mutant: Mutant) -> None:
    """Print what a mutant changes."""
    text = campaign.recipe.files[mutant.file].read_bytes()
    changed = text[: mutant.start] + mutant.text.encode() + text[mutant.end :]
    lines = difflib.unified_diff(
        text.decode().splitlines(),
        changed.decode().splitlines(),
        mutant.file,
        mutant.id,
        n=2,
        lineterm="",
    )
    print("\n".join(lines) + "\n")


def proofs() -> dict[str, int]:
    """How many miniatures each clause catches."""
    for module in pkgutil.iter_modules(miniatures.__path__):
        if module.name.startswith("wrong_"):
            importlib.import_module(f"miniatures.{module.name}")
    return collections.Counter(miniature.clause for miniature in miniatures.MINIATURES)


def hunt(campaign: Campaign, options: argparse.Namespace, mutants: list[Mutant]) -> set[str]:
    """Judge all that is due; the clauses that apply to this implementation."""
    judged = records.read_judgements(options.judgements)
    applying: set[str] = set()
    with Progress() as progress:
        alive = campaign.compile(mutants, progress)
        due = campaign.due(alive, options.keep_kills)
        if options.trust or options.sample:
            due = [m for m in due if not (m.id in judged and judged[m.id].equivalent)]
        open_before = {m.id for m in due if campaign.records.by_id[m.id].status == "open"}
        due.sort(key=lambda mutant: (mutant.id in open_before, number_of(mutant)))

        def work(battery: Battery) -> None:
            applying.update(report.clauses_that_apply(battery.gate.profile))
            if options.sample:
                tests = sampling.orders(due, list(battery.items))
                campaign.kill(battery, due, tests, progress, options.limit)
            elif due:
                coverage = campaign.coverage(battery, progress)
                orders = campaign.orders(due, coverage)
                campaign.kill(battery, due, orders, progress, options.limit)

        Battery(campaign.original(), work, options.topic).run()
    return applying


def conclude(
    campaign: Campaign, options: argparse.Namespace, mutants: list[Mutant], applying: set[str]
) -> int:
    """Write the report, print its figures, give the exit status."""
    judgements = records.read_judgements(options.judgements)
    known = campaign.current()
    path = report.write(options.results, mutants, known, judgements, proofs(), applying)
    figures = report.count(mutants, known, judgements)
    for mutant in mutants:
        record = known.get(mutant.id)
        if record is not None and mutant.id not in judgements:
            if record.status in ("survived", "open"):
                print(f"{record.status.upper()}  {mutant.id}  (line {mutant.line})")
    print(
        f"{figures.made} mutants: {figures.killed} killed, {figures.equivalent} equivalent, "
        f"{figures.holes} holes, {figures.unjudged} not judged, {figures.open} open; "
        f"{figures.identical} with the same "
        f"object code as another, {figures.invalid} no C; score {figures.score:.1f} % - {path}"
    )
    if not options.sample:
        records.check_judgements(
            judgements, [m.id for m in campaign.every], known, options.judgements
        )
    through = [
        m
        for m in mutants
        if m.id in judgements or (m.id in known and known[m.id].status not in ("built", "open"))
    ]
    if len(through) < len(mutants):
        return INCOMPLETE
    return RED if figures.unjudged or figures.score < options.level else GREEN


def open_campaign(options: argparse.Namespace) -> Campaign:
    """The campaign that the options describe."""
    more = {"api": options.api or None, "jobs": options.jobs, "topics": options.topic}
    folder = options.cache.resolve()
    if options.interpreter:
        python = launcher.interpreter(options.interpreter)
        recipe = windows.recipe_for(python, options.source, options.module)
        return windows.WindowsCampaign(python, recipe, folder, **more)
    return Campaign(read_recipe(options.source, options.module), folder=folder, **more)


def main(given: list[str]) -> int:
    options = arguments(given)
    try:
        campaign = open_campaign(options)
        mutants = selected(options, campaign.every)
        if options.list or options.show:
            for mutant in mutants:
                show(campaign, mutant) if options.show else print(mutant.id)
            return GREEN
        if options.choose_sample:
            print(f"{sampling.FILE}: {sampling.choose(mutants, campaign.current())} mutants")
            return GREEN
        applying: set[str] = set()
        if not options.report_only:
            applying = hunt(campaign, options, mutants)
        return conclude(campaign, options, mutants, applying)
    except (BadRecord, BadDescriptor) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return USAGE
    except (CannotBuild, CannotStart) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return INCOMPLETE
    except KeyboardInterrupt:
        print("mutants: interrupted; the same command goes on from here", file=sys.stderr)
        return INCOMPLETE


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main(sys.argv[1:]))
