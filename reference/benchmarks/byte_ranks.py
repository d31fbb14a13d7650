"""Count how common each byte is, for the table in search_filter.c.

    python byte_ranks.py FILES... -- MORE FILES... -- ...

Each group of files counts the same, however large it is.
"""

import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

LONGEST = 500_000  # bytes of one file


def shares(paths):
    """The share of each byte in these files."""
    count = Counter()
    for path in filter(Path.is_file, map(Path, paths)):
        with path.open("rb") as file:
            count.update(file.read(LONGEST))
    total = sum(count.values()) or 1
    return [count[byte] / total for byte in range(256)]


def main():
    """Print the ranks as rows of C."""
    groups = [shares(paths) for bar, paths in groupby(sys.argv[1:], lambda a: a == "--") if not bar]
    common = [sum(column) for column in zip(*groups)]
    order = sorted(range(256), key=lambda byte: (common[byte], byte))
    ranks = {byte: rank for rank, byte in enumerate(order)}
    for start in range(0, 256, 12):
        row = ", ".join(f"{ranks[b]:3}" for b in range(start, min(start + 12, 256)))
        print(f"    {row},")


if __name__ == "__main__":
    main()
