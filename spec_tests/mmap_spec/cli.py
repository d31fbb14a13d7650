"""The command ``mmap-spec``: run, list, smoke, replay, update."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

import mmap_spec
from mmap_spec import clauses, compare, descriptors, launcher
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.verdicts import GREEN, INCOMPLETE, RED, USAGE

BATTERY = Path(__file__).parent / "battery"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 green, 1 red, 2 wrong usage, 3 not started or incomplete."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like an interrupt
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
    except launcher.CannotStart as error:
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
    update.set_defaults(function=command_update)

    compare = commands.add_parser(
        "compare", help="random programs in lockstep on several candidates"
    )
    compare.add_argument("impls", nargs="+", metavar="IMPL[@INTERPRETER]")
    compare.add_argument("--seconds", type=float, default=60, help="how long to look (default: 60)")
    compare.add_argument("--seed", type=int, help="look in the same places as another run")
    compare.set_defaults(function=command_compare)
    return top


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
        "--topic", action="append", default=[], metavar="GLOB", help="such as find"
    )
    command.add_argument("--level", action="append", default=[], choices=clauses.LEVELS)


# -- run and replay ---------------------------------------------------------


def command_run(options: argparse.Namespace) -> int:
    """Each candidate in a pytest of its own; the worst exit status of all."""
    specs = options.impl or ["stdlib"]
    clauses.select(options.clause, options.topic, options.level)
    status = GREEN
    for spec in specs:
        if len(specs) > 1:
            print(f"\n== {spec}", flush=True)
        arguments = [str(BATTERY), f"--impl={spec}", *shared_options(options)]
        for name in ("clause", "topic", "level"):
            arguments += [f"--{name}={value}" for value in getattr(options, name)]
        for name in ("report", "junit"):
            path = getattr(options, name)
            if path is not None:
                arguments.append(f"--{name}={for_candidate(path, spec, len(specs))}")
        arguments += ["-n", str(processes(options))]
        status = max(status, run_pytest([*arguments, *options.rest]), key=severity)
    return status


def processes(options: argparse.Namespace) -> int:
    """How many processes share the tests; 0 is this one alone."""
    if options.n is not None:
        return int(options.n)
    if options.clause or options.topic or options.in_process:
        return 0
    return max(len(launcher.CORES), 1)


def severity(status: int) -> int:
    """Which of two exit statuses says more: wrong usage, incomplete, red, green."""
    return [GREEN, RED, INCOMPLETE, USAGE].index(status)


def for_candidate(path: Path, spec: str, candidates: int) -> Path:
    """A file's name for one of several candidates."""
    if candidates == 1:
        return path
    safe = "".join(c if c.isalnum() or c in "._-@" else "-" for c in spec)
    return path.with_name(f"{path.stem}-{safe}{path.suffix}")


def shared_options(options: argparse.Namespace) -> list[str]:
    found = [f"--api={options.api}"] if options.api else []
    return found + (["--in-process"] if options.in_process else [])


def run_pytest(arguments: list[str], silent: bool = False) -> int:
    """pytest over the battery with nothing of the user's own configuration in its way."""
    quiet = ["-qq", "-rN", "--no-header", "--tb=short", "--color=auto", "-p", "no:cacheprovider"]
    quiet += ["-o", "console_output_style=classic"]  # no percentages: the plugin shows progress
    config = ["-c", str(BATTERY / "pytest.ini"), "--rootdir", str(BATTERY)]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "mmap_spec.plugin",
        *config,
        *quiet,
        *arguments,
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL if silent else None) as child:
        try:
            status = child.wait()
        except KeyboardInterrupt:
            end(child)
            raise
    return {4: USAGE}.get(status, status) if status in (0, 1, 2, 3, 4) else INCOMPLETE


def end(child: subprocess.Popen[bytes]) -> None:
    """Let an interrupted run put its workers away; a terminal has interrupted it already."""
    for number in (None, signal.SIGINT, signal.SIGKILL):
        if number is not None:
            child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=10)
            return


def command_replay(options: argparse.Namespace) -> int:
    """One test on each candidate."""
    test = options.test.removeprefix("battery/")
    status = GREEN
    for spec in options.impl or ["stdlib"]:
        arguments = [str(BATTERY / test), f"--impl={spec}", *shared_options(options), *options.rest]
        status = max(status, run_pytest([*arguments, "--by-test"]), key=severity)
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

    return update.update(options.impl or ["stdlib"], shared_options(options), run_pytest, BATTERY)


def command_compare(options: argparse.Namespace) -> int:
    """Play random programs on all candidates, and show where they part."""
    if len(options.impls) < 2:
        raise BadDescriptor("compare needs at least two candidates")

    def quiet(arguments: list[str]) -> int:
        return run_pytest([str(BATTERY), *arguments], silent=True)

    return compare.run(options.impls, options.seconds, options.seed, quiet)
