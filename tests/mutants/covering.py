"""Which statements each test executes: a mistake elsewhere cannot make it fail.

A copy of the sources notes, before each statement, that it has been there, in a file that
every process of the candidate maps.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from mutants.building import Builder
from mutants.operators import Mutant
from mutants.parsing import is_step, parse, walk

VARIABLE = "MUTANTS_HITS"  # names that file
# Maps the beginning of a file, to share what is written there; NULL if it cannot.
SHARE = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
static void *
share(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return shared == MAP_FAILED ? NULL : shared;
}
"""
NOTEBOOK = """%(share)s
#include <stdlib.h>
static volatile unsigned char nowhere[%(size)d];
volatile unsigned char *mutants_hits = nowhere;
__attribute__((constructor)) static void
mutants_open(void)
{
    const char *path = getenv("%(variable)s");
    void *shared = path == NULL ? NULL : share(path, sizeof nowhere);
    if (shared != NULL) {
        mutants_hits = shared;
    }
}
"""
DECLARATION = b"extern volatile unsigned char *mutants_hits;\n"

Step = tuple[str, int, int]  # file, line and column, both from 0


@dataclasses.dataclass
class Coverage:
    """What each test came to on the unchanged implementation.

    ``tests`` are those that pass there: what they execute, as numbers of ``steps``, and how
    long they take in seconds; ``start`` is what is executed when the module is imported.
    """

    steps: dict[Step, int]
    start: set[int]
    tests: dict[str, set[int]]
    seconds: dict[str, float]

    def reaching(self, mutant: Mutant) -> list[str]:
        """The tests that execute a mutant's statement, cheapest first."""
        step = None if mutant.step is None else self.steps.get((mutant.file, *mutant.step))
        every = step is None or step in self.start
        found = [test for test, hits in self.tests.items() if every or step in hits]
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def save(self, path: Path) -> None:
        data = {
            "steps": [[*step, number] for step, number in self.steps.items()],
            "start": sorted(self.start),
            "tests": {test: sorted(hits) for test, hits in self.tests.items()},
            "seconds": self.seconds,
        }
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(data))
        scratch.rename(path)

    @classmethod
    def load(cls, path: Path) -> Coverage:
        data = json.loads(path.read_text())
        return cls(
            {(file, line, column): number for file, line, column, number in data["steps"]},
            set(data["start"]),
            {test: set(hits) for test, hits in data["tests"].items()},
            data["seconds"],
        )


def instrumented(path: Path, steps: dict[Step, int]) -> bytes:
    """The text of a file that notes where it has been; its statements join ``steps``."""
    source = parse(path)
    text = source.text
    spots = [node for node in walk(source.root) if is_step(node)]
    for node in reversed(spots):
        number = steps.setdefault((source.name, *node.start_point), len(steps))
        note = b"mutants_hits[%d] = 1; " % number
        text = text[: node.start_byte] + note + text[node.start_byte :]
    return DECLARATION + text if spots else text


def build(builder: Builder, folder: Path) -> tuple[Path, dict[Step, int]]:
    """Build the module that takes notes; the folder to import from, and its statements."""
    sources = folder / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    steps: dict[Step, int] = {}
    for name, path in builder.recipe.files.items():
        (sources / name).write_bytes(instrumented(path, steps))
    notebook = sources / "mutants_hits.c"
    names = {"share": builder.share or SHARE, "size": len(steps) or 1, "variable": VARIABLE}
    notebook.write_text(NOTEBOOK % names)
    objects = {}
    for source in builder.recipe.sources:
        objects[source.name] = sources / f"{source.stem}.o"
        builder.compile(sources / source.name, objects[source.name], sources)
    extra = sources / "mutants_hits.o"
    builder.compile(notebook, extra)
    return builder.link(folder / "module", objects, (extra,)), steps


class Notes:
    """The file that the candidate writes into, read from here."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self.clear()

    def clear(self) -> None:
        """In place: the candidate has it mapped."""
        mode = "r+b" if self.path.exists() else "wb"
        with self.path.open(mode) as stream:
            stream.write(bytes(self.size))

    def take(self) -> set[int]:
        """The numbers noted since the last time."""
        found = {i for i, byte in enumerate(self.path.read_bytes()) if byte}
        self.clear()
        return found
