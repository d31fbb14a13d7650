"""Compare mmap_reference with the standard library, and with fmmap.

    python bench.py                     every row, on the installed modules
    python bench.py --quick             fewer repetitions, smaller files
    python bench.py --rows find --rows small
    python bench.py --json out.json --plot out.svg     (the plot: matplotlib)

The modules take turns within one process; a row gives the median of each, and
the ratio of the medians: below 1 we are faster.  "floor" is the same ratio for
an object whose methods do nothing (floor.c): no module can be below it.
"noise" is half the distance of the quartiles over the median, of the noisier
module.  Nothing is asserted.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import timeit
from pathlib import Path

import floor
import native
import rows

OURS = "mmap_reference"
STDLIB = "mmap"
OTHERS = ("fmmap",)


def modules():
    """The modules that there are; ours and the standard library's always."""
    found = {STDLIB: importlib.import_module(STDLIB), OURS: importlib.import_module(OURS)}
    for name in OTHERS:
        try:
            found[name] = importlib.import_module(name)
        except ImportError as error:
            print(f"without {name}: {error}", file=sys.stderr)
    return found


def timers(row, found, world, options):
    """A timer for each module, and for the C function; None if it fails."""
    # The system's share, and threads, are not seen in the time of the processor.
    on_cpu = options.cpu_time and row.group != "system"
    clock = time.process_time if on_cpu else time.perf_counter
    made = {}
    for name, module in found.items():
        names = world.names(module, row.data)
        timer = timeit.Timer(row.statement, row.setup, clock, globals=names)
        try:
            timer.timeit(1)
        except Exception as error:  # a module may lack what a row is about
            print(f"{row.name}: {name}: {error!r}", file=sys.stderr)
            timer = None
        made[name] = timer
        if row.floor and name == STDLIB and floor.nothing() is not None:
            only_m = {"m": floor.nothing()}
            made["floor"] = timeit.Timer(row.statement, row.setup, clock, globals=only_m)
        if row.native and name == STDLIB:
            call = native.search(row.native, names["m"], rows.ABSENT_BYTE[0], row.size)
            made["native"] = call and timeit.Timer(call, timer=clock)
    return {name: timer for name, timer in made.items() if timer}


def loops(row, timer, least):
    """How many statements make a sample of `least` seconds."""
    if row.once:
        return 1
    number = 1
    while timer.timeit(number) < least:
        number *= 2
    return number


def measure(row, found, world, options):
    """Samples of each, by turns, in seconds for one operation."""
    made = timers(row, found, world, options)
    numbers = {name: loops(row, timer, options.sample) for name, timer in made.items()}
    samples = {name: [] for name in made}
    deadline = time.perf_counter() + options.seconds
    for turn in range(options.repeat):
        order = list(made) if turn % 2 else list(reversed(made))
        for name in order:
            taken = made[name].timeit(numbers[name])
            samples[name].append(taken / numbers[name] / row.operations)
        if turn >= 2 and time.perf_counter() > deadline:
            break
    return samples


def summary(row, samples):
    """A line of the table, as data; times in seconds."""
    medians = {name: statistics.median(values) for name, values in samples.items()}
    ours = medians.get(OURS)
    return {
        "group": row.group,
        "name": row.name,
        "statement": row.statement,
        "native_function": row.native,
        "bytes": row.size,
        "samples": len(samples.get(OURS, [])),
        "median": medians,
        "least": {name: min(values) for name, values in samples.items()},
        "ratio": {
            name: ours / value
            for name, value in medians.items()
            if ours and name not in {OURS, "floor"}
        },
        "floor": medians.get("floor", 0) / medians[STDLIB] if STDLIB in medians else 0,
        "noise": max(noise(values) for values in samples.values()),
    }


def noise(values):
    """Half the distance of the quartiles, over the median."""
    if len(values) < 4:
        return 0.0
    low, middle, high = statistics.quantiles(values, n=4)
    return (high - low) / 2 / middle


def written(seconds):
    """A time for people."""
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def line(result):
    """A line of the table, as text."""
    median, ratio = result["median"], result["ratio"]
    cells = [written(median[name]) if name in median else "-" for name in (STDLIB, OURS)]
    cells += [f"{ratio[name]:.2f}" if name in ratio else "-" for name in (STDLIB, *OTHERS)]
    cells.append(f"{result['floor']:.2f}" if result["floor"] else "-")
    kind = result["native_function"]
    cells.append(f"{ratio['native']:.2f} {kind}" if "native" in ratio else "-")
    cells.append(f"{result['noise']:.0%}")
    return f"| {result['name']} | " + " | ".join(cells) + " |"


def table(results):
    """The whole table, in Markdown."""
    head = ["row", "stdlib", "ours", "ratio", *(f"to {name}" for name in OTHERS)]
    head += ["floor", "to C", "noise"]
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    yield from map(line, results)


def circumstances(options):
    """What the figures depend on."""
    processor = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for entry in listed.read_text().splitlines():
            if entry.startswith("model name"):
                processor = entry.split(":", 1)[1].strip()
    return {
        "date": time.strftime("%Y-%m-%d"),
        "python": sys.version,
        "processor": processor,
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "libc": " ".join(platform.libc_ver()),
        "load": os.getloadavg(),
        "clock": "processor time" if options.cpu_time else "elapsed time",
    }


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", action="append", default=[], help="part of a name or group")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--quick", action="store_true", help="rough figures in a minute")
    parser.add_argument("--repeat", type=int, default=31, help="samples of each module")
    parser.add_argument("--seconds", type=float, default=6.0, help="at most, for a row")
    parser.add_argument("--sample", type=float, default=1e-3, help="seconds, at least")
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="for a busy machine: do not count the time of other processes",
    )
    parser.add_argument("--size", type=int, default=16, help="MiB of text")
    parser.add_argument("--large", type=int, default=128, help="MiB, more than the cache")
    parser.add_argument("--folder", help="where the files are made (a temporary folder)")
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--plot", help="write a plot to this file: .svg or .png")
    options = parser.parse_args()
    if options.quick:
        options.repeat, options.seconds = min(options.repeat, 7), 0.5
        options.sample, options.large = 2e-4, 2 * options.size
    return options


def chosen(options):
    """The rows that were asked for."""
    for row in rows.all_rows(options.size * rows.MIB, options.large * rows.MIB):
        if not options.rows or any(part in f"{row.group}: {row.name}" for part in options.rows):
            yield row


def main():
    """Measure, print, write."""
    options = arguments()
    if options.list:
        for row in chosen(options):
            print(f"{row.group}: {row.name}: {row.statement}")
        return
    found, results = modules(), []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        world = rows.World(folder, options.size * rows.MIB, options.large * rows.MIB)
        for row in chosen(options):
            results.append(summary(row, measure(row, found, world, options)))
            print(line(results[-1]), file=sys.stderr, flush=True)
        world.close()
    report = {"circumstances": circumstances(options), "rows": results}
    print("\n".join(table(results)))
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    if options.plot:
        import plot  # needs matplotlib, which the rest does not

        plot.draw([report], options.plot)


if __name__ == "__main__":
    main()
