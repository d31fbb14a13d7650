"""Write what bench.py measured on several interpreters as one Markdown table.

python table.py FIGURES.json [MORE.json ...]
"""

import json
import sys
from pathlib import Path

from bench import OURS, STDLIB, written

RATIOS = {"fmmap": "to fmmap", "native": "to C"}  # besides the standard library's


def heads(report):
    """The columns of one interpreter."""
    version = ".".join(report["circumstances"]["python"].split()[0].split(".")[:2])
    others = [RATIOS[name] for name in compared(report)]
    return [f"{version}: stdlib", "ours", "ratio", "floor", *others, "noise"]


def compared(report):
    """Which further ratios any row has."""
    return [name for name in RATIOS if any(name in row["ratio"] for row in report["rows"])]


def cells(row, report):
    """The cells of a row for one interpreter."""
    if row is None:
        return [""] * len(heads(report))
    times = [written(row["median"][name]).replace("us", "µs") for name in (STDLIB, OURS)]
    ratios = [f"{row['ratio'][n]:.2f}" if n in row["ratio"] else "" for n in compared(report)]
    floor = f"{row['floor']:.2f}" if row["floor"] else ""
    return [*times, f"**{row['ratio'][STDLIB]:.2f}**", floor, *ratios, f"{row['noise']:.0%}"]


def lines(reports):
    """The table, for the rows that the first report has."""
    columns = ["group", "row", *(head for report in reports for head in heads(report))]
    yield "| " + " | ".join(columns) + " |"
    yield "|---|---" + "|--:" * (len(columns) - 2) + "|"
    named = [{row["name"]: row for row in report["rows"]} for report in reports]
    for name, first in named[0].items():
        found = [rows.get(name) for rows in named]
        parts = [cell for row, report in zip(found, reports) for cell in cells(row, report)]
        yield "| " + " | ".join([first["group"], name, *parts]) + " |"


def main():
    """The command line."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    reports = [json.loads(Path(path).read_text()) for path in sys.argv[1:]]
    print("\n".join(lines(reports)))


if __name__ == "__main__":
    main()
