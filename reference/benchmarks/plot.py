"""Draw the figures that bench.py wrote.  Needs matplotlib.

python plot.py FIGURES.json [MORE.json ...] -o speed.svg
"""

import argparse
import json
from pathlib import Path

from matplotlib.figure import Figure

STDLIB = "mmap"


def draw(reports, target):
    """Ratios to the standard library, one dot for each row and interpreter."""
    names = [row["name"] for row in reports[0]["rows"]]
    figure = Figure(figsize=(9, 1 + 0.17 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    for report in reports:
        ratios = {row["name"]: row["ratio"].get(STDLIB) for row in report["rows"]}
        known = [(ratios[name], i) for i, name in enumerate(names) if ratios.get(name)]
        label = "CPython " + report["circumstances"]["python"].split()[0]
        axes.plot(*zip(*known), "o", markersize=4, label=label)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="both", linewidth=0.3)
    axes.set_xlabel("our time over the standard library's (left of 1: we are faster)")
    axes.legend()
    figure.savefig(target)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="Draw the figures that bench.py wrote.")
    parser.add_argument("figures", nargs="+", help="JSON files")
    parser.add_argument("-o", dest="target", required=True, help=".svg or .png")
    options = parser.parse_args()
    draw([json.loads(Path(path).read_text()) for path in options.figures], options.target)


if __name__ == "__main__":
    main()
