"""The command ``mmap-spec``: its options, and what each of its subcommands calls."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

import mmap_spec
from mmap_spec import (
    clauses,
    compare,
    corpus,
    descriptors,
    explore,
    fetch,
    launcher,
    links,
    matrix,
    runs,
)
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report import changes, markdown, overview, platforms, site
from mmap_spec.verdicts import GREEN, INCOMPLETE, RED, USAGE

RESULT = "a result stream, or a folder of them"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 green, 1 red, 2 wrong usage, 3 not started or incomplete."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like an interrupt
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.default_int_handler)  # the terminal was closed
    given = list(sys.argv[1:] if arguments is None else arguments)
    ours = given[: given.index("--")] if "--" in given else given
    options = parser().parse_args(ours)
    options.rest = given[len(ours) + 1 :]  # what follows -- is for pytest
    if options.rest and options.command not in ("run", "replay"):
        parser().error(f"{options.command} takes nothing after --")
    try:
        return int(options.function(options))
    except BadDescriptor as error:
        print(f"mmap-spec: {error}", file=sys.stderr)
        return USAGE
    except (links.CannotStart, fetch.CannotFetch) as error:
        print(f"mmap-spec: {error}", file=sys.stderr)
        return INCOMPLETE
    except KeyboardInterrupt:
        print("mmap-spec: interrupted", file=sys.stderr)
        return INCOMPLETE
    except BrokenPipeError:  # `mmap-spec list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return GREEN


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="mmap-spec",
        description="Judge an implementation of Python's mmap by its numbered specification.",
        epilog="run and replay give what follows -- to pytest. exit status: 0 green, 1 red, "
        "2 wrong usage, 3 not started or incomplete",
    )
    top.add_argument("--version", action="version", version=f"mmap-spec {mmap_spec.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="judge candidates by every clause")
    add_candidates(run)
    add_filters(run)
    run.add_argument(
        "-n",
        metavar="N",
        type=int,
        help="processes (pytest-xdist); by default one a core for the whole battery, else one",
    )
    run.add_argument(
        "--jobs",
        metavar="N",
        type=positive,
        default=1,
        help="candidates side by side, each in one process; what they print comes when they end",
    )
    run.add_argument(
        "--report", type=Path, metavar="FILE", help="write the result stream (JSON lines)"
    )
    run.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, a case a clause")
    run.set_defaults(function=command_run)

    lister = commands.add_parser("list", help="the clauses")
    add_filters(lister)
    lister.add_argument("--ids", action="store_true", help="only the ids, one a line")
    lister.set_defaults(function=command_list)

    smoke = commands.add_parser("smoke", help="does this candidate answer at all?")
    add_candidates(smoke)
    smoke.set_defaults(function=command_smoke)

    replay = commands.add_parser("replay", help="run one test again, as a failure names it")
    add_candidates(replay)
    replay.add_argument("test", help="such as test_find.py::test_name")
    replay.set_defaults(function=command_replay)

    update = commands.add_parser("update", help="write the known deviations from a run")
    add_candidates(update)
    add_filters(update)
    update.set_defaults(function=command_update)

    fetcher = commands.add_parser("fetch", help="get interpreters, or list those to be had")
    fetcher.add_argument("names", nargs="*", metavar="NAME", help="such as pyodide-3.14, or wine-*")
    fetcher.set_defaults(function=command_fetch)

    table = commands.add_parser("matrix", help="judge every candidate that can run here")
    table.add_argument(
        "--impl",
        action="append",
        metavar="IMPL[@INTERPRETER]",
        help="only these; wildcards such as 'stdlib@*' (default: all)",
    )
    add_filters(table)
    table.add_argument(
        *("-n", "--jobs"), metavar="N", type=positive, default=2, help="side by side (default: 2)"
    )
    table.add_argument(
        *("-o", "--results"),
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="where result streams are kept, and where a rerun goes on (default: results)",
    )
    table.add_argument("--again", action="store_true", help="judge also what is judged already")
    table.set_defaults(function=command_matrix)

    report = commands.add_parser("report", help="draw results: a site, Markdown, figures")
    report.add_argument("results", nargs="+", type=Path, metavar="RESULT", help=RESULT)
    report.add_argument("-o", "--site", type=Path, metavar="FOLDER", help="write a static site")
    report.add_argument(
        "--markdown", type=Path, metavar="FILE", help="add a summary to it, as $GITHUB_STEP_SUMMARY"
    )
    report.add_argument(
        "--figures", type=Path, metavar="FILE", help="put the key figures between a README's marks"
    )
    report.add_argument(
        "--platforms", type=Path, metavar="FILE", help="write how two platforms differ (Markdown)"
    )
    report.set_defaults(function=command_report)

    differ = commands.add_parser("diff", help="what changed from one result to another")
    differ.add_argument("old", type=Path, metavar="OLD", help=RESULT)
    differ.add_argument("new", type=Path, metavar="NEW", help=RESULT)
    differ.set_defaults(function=command_diff)

    compare = commands.add_parser(
        "compare", help="random programs in lockstep on several candidates"
    )
    compare.add_argument("impls", nargs="+", metavar="IMPL[@INTERPRETER]")
    compare.add_argument("--seconds", type=float, default=60, help="how long to look (default: 60)")
    compare.add_argument("--seed", type=int, help="look in the same places as another run")
    compare.set_defaults(function=command_compare)

    explorer = commands.add_parser(
        "explore", help="random steps against the model; what is found goes into a corpus file"
    )
    explorer.add_argument("--impl", metavar="IMPL[@INTERPRETER]", default="stdlib")
    explorer.add_argument("--minutes", type=float, default=1, help="how long to look (default: 1)")
    explorer.add_argument("--seed", type=int, help="look in the same places as another run")
    explorer.add_argument("--finds", type=positive, metavar="N", help="stop after so many finds")
    explorer.add_argument(
        "--corpus",
        type=Path,
        metavar="FILE",
        default=Path(corpus.LOCAL),
        help="where finds are written (default: %(default)s)",
    )
    explorer.add_argument(
        "--hazards", action="store_true", help="do not avoid what known deviations cover"
    )
    explorer.set_defaults(function=command_explore)
    return top


def positive(text: str) -> int:
    """A number of things of which there is at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def add_candidates(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--impl",
        action="append",
        metavar="IMPL[@INTERPRETER]",
        help="an id in impls/, an impl.toml, or a module's name; the interpreter is an id, "
        "a path or a command; may be repeated (default: stdlib)",
    )
    command.add_argument("--api", metavar="3.X", help="judge by this API version")
    command.add_argument("--in-process", action="store_true", help="no worker: for debugging")


def add_filters(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--clause", action="append", default=[], metavar="GLOB", help="such as find.*"
    )
    command.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="GLOB",
        help="such as find; !find: all others",
    )
    command.add_argument("--level", action="append", default=[], choices=clauses.LEVELS)


# -- run and replay ---------------------------------------------------------


def command_run(options: argparse.Namespace) -> int:
    """Each candidate in a pytest of its own; the worst exit status of all."""
    specs = options.impl or ["stdlib"]
    clauses.select(options.clause, options.topic, options.level)
    planned = [runs.Run(spec, pytest_arguments(options, spec, len(specs))) for spec in specs]
    status = GREEN
    if options.jobs > 1 and len(planned) > 1:
        with contextlib.closing(runs.side_by_side(planned, options.jobs)) as crew:
            for ended in crew:
                print(f"\n== {ended.run.name}\n{ended.output.strip()}", flush=True)
                status = max(status, ended.status, key=runs.severity)
        return status
    for run in planned:
        if len(planned) > 1:
            print(f"\n== {run.name}", flush=True)
        status = max(status, runs.alone(run.arguments), key=runs.severity)
    return status


def pytest_arguments(options: argparse.Namespace, spec: str, candidates: int) -> tuple[str, ...]:
    """What pytest is called with for one of several candidates."""
    arguments = [str(runs.BATTERY), f"--impl={spec}", *shared_options(options)]
    arguments += filters(options)
    for name in ("report", "junit"):
        path = getattr(options, name)
        if path is not None:
            arguments.append(f"--{name}={for_candidate(path, spec, candidates)}")
    return (*arguments, "-n", str(processes(options, candidates)), *options.rest)


def filters(options: argparse.Namespace) -> list[str]:
    """The options that select clauses, for pytest."""
    return [
        f"--{name}={value}"
        for name in ("clause", "topic", "level")
        for value in getattr(options, name)
    ]


def processes(options: argparse.Namespace, candidates: int) -> int:
    """How many processes share the tests of a candidate; 0 is this one alone."""
    if options.n is not None:
        return int(options.n)
    side_by_side = options.jobs > 1 and candidates > 1
    if side_by_side or options.clause or options.topic or options.in_process:
        return 0
    return max(len(links.CORES), 1)


def for_candidate(path: Path, spec: str, candidates: int) -> Path:
    """A file's name for one of several candidates."""
    if candidates == 1:
        return path
    return path.with_name(f"{path.stem}-{runs.safe(spec)}{path.suffix}")


def shared_options(options: argparse.Namespace) -> list[str]:
    found = [f"--api={options.api}"] if options.api else []
    return found + (["--in-process"] if options.in_process else [])


def command_replay(options: argparse.Namespace) -> int:
    """One test on each candidate."""
    test = runs.BATTERY / options.test.removeprefix("battery/")
    status = GREEN
    for spec in options.impl or ["stdlib"]:
        arguments = [str(test), f"--impl={spec}", *shared_options(options), *options.rest]
        status = max(status, runs.alone([*arguments, "--by-test"]), key=runs.severity)
    return status


# -- list and smoke ---------------------------------------------------------


class Output(Console):
    """A console that leaves a closed pipe to ``main``."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def command_list(options: argparse.Namespace) -> int:
    """The clauses as a table, or their ids."""
    chosen = clauses.select(options.clause, options.topic, options.level)
    if options.ids:
        print("\n".join(chosen))
        return GREEN
    console = Output()
    table = Table(box=None, pad_edge=False)
    for heading in ("clause", "level", "API", "sentence"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("level", "API"))
    for clause in chosen.values():
        versions = span(clause)
        table.add_row(clause.id, clause.level, versions, clause.text)
    if not console.is_terminal:
        console = Output(width=200)
    console.print(table)
    console.print(f"{len(chosen)} clauses of {len(clauses.catalogue())}")
    return GREEN


def span(clause: clauses.Clause) -> str:
    """The API versions of a clause, such as ``3.13-`` or ``-3.12``."""
    if clause.since is None and clause.until is None:
        return ""
    texts = ["" if v is None else f"{v[0]}.{v[1]}" for v in (clause.since, clause.until)]
    return "-".join(texts)


def command_smoke(options: argparse.Namespace) -> int:
    """Start each candidate, map something, read it back."""
    status = GREEN
    api = descriptors.parse_api(options.api, "--api") if options.api else None
    for text in options.impl or ["stdlib"]:
        begun = time.monotonic()
        spec = launcher.parse(text)
        candidate = launcher.start(spec, api=api, in_process=options.in_process, say=print)
        try:
            mapping = candidate.anonymous(b"smoke")
            answer = mapping[:]
            mapping.close()
        except Exception as error:
            answer = error
        finally:
            candidate.close()
        well = answer == b"smoke"
        status = max(status, GREEN if well else RED)
        seconds = time.monotonic() - begun
        print(f"{'ok' if well else 'BAD'}  {text}: {candidate.profile.describe()}, {seconds:.2f} s")
        if not well:
            print(f"     wrote b'smoke' into an anonymous mapping, and got {answer!r}")
    return status


def command_update(options: argparse.Namespace) -> int:
    """Judge each candidate, and bring its expected.toml up to date with what was seen."""
    from mmap_spec import update

    clauses.select(options.clause, options.topic, options.level)
    chosen = [*shared_options(options), *filters(options)]
    return update.update(options.impl or ["stdlib"], chosen, runs.alone, runs.BATTERY)


def command_fetch(options: argparse.Namespace) -> int:
    """Get each interpreter that is named; without a name, list them."""
    known = fetch.fetchable()
    if not options.names:
        width = max([12, *map(len, known)])
        for name, details in known.items():
            where = fetch.installed(name, details)
            print(f"{name:<{width}} {where or f'absent: mmap-spec fetch {name}'}")
        return GREEN
    for pattern in options.names:
        for name in fnmatch.filter(known, pattern) or [pattern]:
            print(f"{name}: {fetch.fetch(name, print)}", flush=True)
    return GREEN


def command_compare(options: argparse.Namespace) -> int:
    """Play random programs on all candidates, and show where they part."""
    if len(options.impls) < 2:
        raise BadDescriptor("compare needs at least two candidates")

    def quiet(arguments: list[str]) -> int:
        return runs.alone(arguments, silent=True)

    return compare.run(options.impls, options.seconds, options.seed, quiet)


# -- matrix -----------------------------------------------------------------


def command_matrix(options: argparse.Namespace) -> int:
    """Every candidate that is here, side by side; then the table."""
    chosen = clauses.select(options.clause, options.topic, options.level)
    every = matrix.candidates()
    wanted = options.impl or ["*"]
    names = [name for name in every if any(fnmatch.fnmatchcase(name, glob) for glob in wanted)]
    names += [name for name in wanted if not fnmatch.filter(every, name)]  # such as a path
    rows = matrix.plan(names, options.results, len(chosen), options.again)
    console = Output()
    if not console.is_terminal:
        console = Output(width=200)
    status = matrix.run(rows, filters(options), options.jobs, console)
    matrix.conclude(rows, options.results, console)
    return status


def command_explore(options: argparse.Namespace) -> int:
    """Take random steps on a candidate and on the model, and show where they part."""
    if options.minutes <= 0:
        raise BadDescriptor(f"--minutes={options.minutes:g}: it must be more than 0")
    return explore.run(
        options.impl,
        options.minutes,
        options.seed,
        options.corpus,
        finds=options.finds,
        hazards=options.hazards,
    )


# -- report and diff --------------------------------------------------------


def command_report(options: argparse.Namespace) -> int:
    """Draw what result streams hold; without an option, the Markdown summary is printed."""
    found = overview.gather(options.results)
    if options.site:
        pages = site.build(found, options.site)
        print(f"{pages} pages of {len(found.columns)} candidates: {options.site / 'index.html'}")
    if options.markdown:
        with options.markdown.open("a", encoding="utf-8") as stream:
            stream.write(markdown.summary(found))
    if options.figures:
        markdown.put_figures(options.figures, found)
    if options.platforms:
        options.platforms.write_text(platforms.page(options.results), encoding="utf-8")
    if not (options.site or options.markdown or options.figures or options.platforms):
        print(markdown.summary(found), end="")
    return GREEN


def command_diff(options: argparse.Namespace) -> int:
    """The clauses that changed; 1 if something got worse, 3 if the new run is incomplete."""
    status = GREEN
    for said in changes.report([options.old], [options.new]):
        if isinstance(said, int):
            status = said
        else:
            print(said)
    return status
