"""A run over many mutants: choose, compile, learn the coverage, kill, keep what came of it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mutants import covering, parsing
from mutants.building import Builder, DoesNotCompile, Recipe, digest_of, remove_sources
from mutants.covering import Coverage, Notes
from mutants.killing import Battery, Children, Found, describe
from mutants.operators import Mutant, Vocabulary, mutants_of
from mutants.progress import Progress
from mutants.records import Record, Records, battery_fingerprint

# How many of 100 an operator's mutants are taken, unless all are asked for: those that many
# others resemble are thinned out most.  Which ones, a hash of the id decides.
SHARE = {
    "statement-deleted": 50,
    "release-dropped": 100,
    "check-dropped": 80,
    "condition-forced": 35,
    "relational": 25,
    "arithmetic": 35,
    "logical": 30,
    "constant": 15,
    "off-by-one": 20,
    "exception-type": 100,
    "flag": 50,
    "argument-order": 15,
    "initializer-dropped": 50,
}


ALIVE = ("built", "open", "killed", "survived")  # status of what has code of its own


def number_of(mutant: Mutant) -> int:
    """A number that its id alone decides."""
    return int.from_bytes(hashlib.sha256(mutant.id.encode()).digest()[:8], "big")


def all_mutants(recipe: Recipe) -> list[Mutant]:
    """Every mutant of every file, by file and place."""
    sources = [parsing.parse(path) for _, path in sorted(recipe.files.items())]
    words = Vocabulary(sources)
    return [mutant for source in sources for mutant in mutants_of(source, words)]


def thinned(mutants: list[Mutant]) -> list[Mutant]:
    """The share of each operator."""
    return [mutant for mutant in mutants if number_of(mutant) % 100 < SHARE[mutant.operator]]


@functools.cache
def words_of(text: str) -> frozenset[str]:
    """The words of names, in small letters."""
    return frozenset(re.findall(r"[a-z]{3,}", text.lower())) - {"mmap", "test", "self"}


@dataclasses.dataclass
class Experience:
    """Which tests have killed, and where: the likeliest and cheapest comes first."""

    by_file: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    by_function: Counter[tuple[str, str, str]] = dataclasses.field(default_factory=Counter)

    @classmethod
    def of(cls, mutants: list[Mutant], records: dict[str, Record]) -> Experience:
        experience = cls()
        for mutant in mutants:
            record = records.get(mutant.id)
            if record is not None:
                experience.learn(mutant, record.test)
        return experience

    def learn(self, mutant: Mutant, test: str) -> None:
        """A test has killed a mutant; "" is none."""
        if test:
            self.by_file[mutant.file, test] += 1
            self.by_function[mutant.file, mutant.function, test] += 1

    def order(
        self, mutant: Mutant, hint: str, tests: list[str], seconds: dict[str, float]
    ) -> list[str]:
        """The tests by their promise for each second, best first; before all others the hint.

        A test promises more that has killed nearby, or whose name has words of the mutant's.
        """
        wanted = words_of(mutant.id.partition(":")[2])

        def promise(test: str) -> float:
            kills = 8 * self.by_function[mutant.file, mutant.function, test]
            kills += 2 * len(wanted & words_of(test)) + self.by_file[mutant.file, test]
            return (1 + kills) / (seconds.get(test, 1) + 0.005)

        return sorted(tests, key=lambda test: (test != hint, -promise(test), test))


class Campaign:
    """The mutants of one recipe, in a folder that keeps objects and records."""

    def __init__(
        self, recipe: Recipe, api: str | None, folder: Path, jobs: int, topics: Iterable[str] = ()
    ) -> None:
        self.recipe = recipe
        self.every = all_mutants(recipe)
        self.api = api
        self.folder = folder / f"{recipe.module}-{recipe.settings}"
        self.jobs = jobs
        self.builder = self.make_builder()
        self.records = Records(self.folder / "records.jsonl")
        self.experience = Experience()
        self.topics = list(topics)
        self.battery = battery_fingerprint(self.topics)

    def make_builder(self) -> Builder:
        """What builds the mutants, in the campaign's folder."""
        return Builder(self.recipe, self.folder)

    def place(self, mutant: Mutant) -> Path:
        """The folder of one mutant."""
        return self.folder / f"{number_of(mutant):016x}"

    # compile

    def current(self) -> dict[str, Record]:
        """The records of mutants of the sources as they are now."""
        inputs, known = self.builder.inputs, self.records.by_id
        return {
            mutant.id: known[mutant.id]
            for mutant in self.every
            if mutant.id in known and known[mutant.id].inputs == inputs[mutant.file]
        }

    def compile(self, mutants: list[Mutant], progress: Progress) -> list[Mutant]:
        """Compile what is new, or made of sources that have changed since.

        Returns those that are neither invalid, identical nor somebody's twin.
        """
        current = self.current()
        todo = {mutant.id: mutant for mutant in mutants if mutant.id not in current}
        _ = self.builder.objects  # once, for all children
        progress.expect("compiled", len(todo))
        tasks = ((name, functools.partial(self.compile_one, m)) for name, m in todo.items())
        for name, digest in Children(self.jobs).map(tasks):
            self.records.add(self.compiled(todo[name], digest))
            progress.count()
        self.tell_twins(mutants)
        return [m for m in mutants if self.records.by_id[m.id].status in ALIVE]

    def compiled(self, mutant: Mutant, digest: str) -> Record:
        """The record of what was just compiled: a result stays where the code is the same."""
        inputs = self.builder.inputs[mutant.file]
        if digest in ("invalid", "identical"):
            return Record(mutant.id, digest, inputs=inputs)
        before = self.records.by_id.get(mutant.id)
        if before is not None and before.digest == digest:
            return dataclasses.replace(before, inputs=inputs)
        hint = before.test if before is not None else ""
        return Record(mutant.id, "built", digest, test=hint, inputs=inputs)

    def tell_twins(self, mutants: list[Mutant]) -> None:
        """Of those with the same object code only one is run: the first, or one that has been."""
        known = self.current()
        alive = [record for record in known.values() if record.status in ALIVE]
        firsts: dict[str, str] = {}
        for record in sorted(alive, key=lambda record: record.status == "built"):
            firsts.setdefault(record.digest, record.id)
        for mutant in mutants:
            record = known[mutant.id]
            if record.status in ("built", "twin"):
                first = firsts.setdefault(record.digest, mutant.id) == mutant.id
                status = "built" if first else "twin"
                if status != record.status:
                    self.records.add(dataclasses.replace(record, status=status))
            if self.records.by_id[mutant.id].status not in ALIVE:
                shutil.rmtree(self.place(mutant), ignore_errors=True)

    def compile_one(self, mutant: Mutant, slot: int) -> str:
        """In a child: a mutant's digest, or what is the matter with it."""
        folder = self.place(mutant)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            objects = self.builder.compile_mutant(mutant, folder)
        except DoesNotCompile:
            return "invalid"
        keep = {path: path.read_bytes() for path in objects.values()}
        remove_sources(folder)
        for path, data in keep.items():
            path.write_bytes(data)
        return digest_of(objects) if objects else "identical"

    def objects_of(self, mutant: Mutant) -> dict[str, Path]:
        folder = self.place(mutant)
        found = {f"{path.stem}.c": path for path in folder.glob("*.o")}
        return found or self.builder.compile_mutant(mutant, folder)

    # cover

    def describe(self, folder: Path, module: Path, env: dict[str, str] | None = None) -> str:
        """A module that was built into a folder, as a candidate."""
        path = describe(folder, self.recipe.module, self.api, module, env or {})
        return f"{path}@{self.builder.interpreter}".rstrip("@")

    def original(self) -> str:
        """The description of the unchanged implementation."""
        module = self.builder.link(self.folder / "original" / "module", {})
        return self.describe(self.folder / "original", module)

    def coverage(self, battery: Battery, progress: Progress) -> Coverage:
        """What each test executes; known from before, or found out now."""
        path = self.folder / f"coverage-{self.battery}-{self.recipe.fingerprint}.json"
        if path.exists():
            return Coverage.load(path)
        for old in self.folder.glob("coverage-*.json"):
            old.unlink()
        folder = self.folder / "noting"
        shutil.rmtree(folder, ignore_errors=True)
        module, steps = covering.build(self.builder, folder)
        tests = list(battery.items)
        progress.expect("shares of the tests observed", 8 * self.jobs)

        def task(part: list[str], slot: int) -> Any:
            notes = Notes(folder / f"notes-{slot}", len(steps))
            env = {covering.VARIABLE: str(notes.path)}
            where = self.describe(folder / f"slot-{slot}", module, env)
            return battery.cover(where, slot, part, notes)

        parts = [tests[i :: 8 * self.jobs] for i in range(8 * self.jobs)]
        tasks = ((i, functools.partial(task, part)) for i, part in enumerate(parts))
        coverage = Coverage(steps, set(), {}, {})
        for _, covered in Children(self.jobs).map(tasks):
            coverage.start |= covered.start
            coverage.tests.update(covered.tests)
            coverage.seconds.update(covered.seconds)
            progress.count()
        coverage.save(path)
        return coverage

    # kill

    def due(self, mutants: list[Mutant], keep_kills: bool) -> list[Mutant]:
        """Those that the battery as it is now has not judged."""
        found = []
        for mutant in mutants:
            record = self.records.by_id[mutant.id]
            current = record.battery == self.battery
            if record.status in ("built", "open") or not (
                current or (keep_kills and record.outcome)
            ):
                found.append(mutant)
        return found

    def orders(self, mutants: list[Mutant], coverage: Coverage) -> Callable[[Mutant], list[str]]:
        """For a mutant, the tests that reach it, the most promising first; it learns meanwhile."""
        self.experience = Experience.of(mutants, self.records.by_id)

        def order(mutant: Mutant) -> list[str]:
            hint = self.records.by_id[mutant.id].test
            return self.experience.order(mutant, hint, coverage.reaching(mutant), coverage.seconds)

        return order

    def kill(
        self,
        battery: Battery,
        mutants: list[Mutant],
        order: Callable[[Mutant], list[str]],
        progress: Progress,
        limit: float,
    ) -> None:
        """Run each mutant's tests on it until the first failure; ``limit`` is for one mutant."""
        by_id = {mutant.id: mutant for mutant in mutants}
        progress.expect("mutants", len(mutants))
        tasks = (
            (m.id, functools.partial(self.kill_one, battery, m, order(m), limit)) for m in mutants
        )
        lost = Found(complete=False)  # left open, for the next run
        for name, found in Children(self.jobs, lost).map(tasks):
            self.keep(by_id[name], found)
            self.experience.learn(by_id[name], found.test)
            progress.count(not found.outcome)

    def kill_one(
        self, battery: Battery, mutant: Mutant, tests: list[str], limit: float, slot: int
    ) -> Found:
        """In a child: link the mutant, and hunt it."""
        folder = self.place(mutant)
        objects = self.objects_of(mutant)
        module = self.builder.link(folder / "module", objects)
        description = self.describe(folder, module)
        try:
            return battery.hunt(description, slot, tests, limit)
        finally:
            shutil.rmtree(folder / "module", ignore_errors=True)

    def keep(self, mutant: Mutant, found: Found) -> None:
        before = self.records.by_id[mutant.id]
        status = "killed" if found.outcome else "survived" if found.complete else "open"
        self.records.add(
            Record(
                mutant.id,
                status,
                before.digest,
                self.battery,
                found.outcome,
                found.test,
                found.clauses,
                found.text,
                found.tests,
                found.seconds,
                tuple(found.more),
                before.inputs,
            )
        )
