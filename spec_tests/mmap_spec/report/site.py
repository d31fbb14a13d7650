"""A static site from results: an overview, a page a clause, a candidate and a pair of candidates.

Plain files that need no server and no build step; only the filters of the table of clauses need a
script.  ``overview.py`` says what there is to show; templates/ and static/ how it looks.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import mmap_spec
from mmap_spec import descriptors, versions
from mmap_spec.clauses import Clause
from mmap_spec.descriptors import BadDescriptor
from mmap_spec.report import badge, failure
from mmap_spec.report.overview import PLATFORMS, Cell, Column, Overview, as_data, platforms
from mmap_spec.report.trend import drawing

HERE = Path(__file__).parent
MARK = "report.json"  # a folder that holds it is a site of ours, and may be replaced


def build(overview: Overview, folder: Path) -> int:
    """Write the whole site into ``folder``, replacing an earlier one; how many pages it has."""
    if folder.exists() and not folder.is_dir():
        raise BadDescriptor(f"{folder} is a file; name a folder for the site")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise BadDescriptor(
            f"{folder} is not empty, and no site that this command has made: name another folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        scratch.chmod(0o755)
        pages = Site(overview, scratch).write()
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return pages


@dataclasses.dataclass(frozen=True)
class Pair:
    """Where two candidates differ: ids of clauses that apply to both."""

    file: str
    better: tuple[list[str], list[str]]  # only the first holds, only the second
    otherwise: list[str]  # broken by both, in other ways

    @property
    def differing(self) -> list[str]:
        return [*self.better[0], *self.better[1], *self.otherwise]


@dataclasses.dataclass
class Group:
    """Candidates on which one clause fails alike."""

    test: dict[str, Any] | None
    replay: str
    members: list[tuple[Column, Cell]]


class Site:
    """The pages of one overview, written into one folder."""

    def __init__(self, overview: Overview, folder: Path) -> None:
        self.overview = overview
        self.folder = folder
        self.pages = 0
        self.environment = environment()
        self.environment.globals.update(
            overview=overview, release=mmap_spec.__version__, battery=versions.battery()
        )

    def write(self) -> int:
        """All of it; the number of pages."""
        for path in (HERE / "static").iterdir():
            shutil.copyfile(path, self.folder / path.name)
        self.data()
        self.page("index.html", "index")
        self.page("clauses.html", "clauses", platforms=PLATFORMS)
        self.page("agreement.html", "agreement", **agreement(self.overview))
        pairs = self.compare()
        self.clauses()
        for column in self.overview.columns:
            self.candidate(column, pairs)
        return self.pages

    def page(self, name: str, template: str, **values: Any) -> None:
        """One page from its template; ``root`` leads from it to the folder's top."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        root = "../" * name.count("/")
        text = self.environment.get_template(f"{template}.html").render(
            root=root, page=Path(name).stem if not root else "", **values
        )
        path.write_text(text, encoding="utf-8")
        self.pages += 1

    def data(self) -> None:
        """The same for machines."""
        text = json.dumps(as_data(self.overview), indent=1)
        (self.folder / MARK).write_text(text + "\n", encoding="utf-8")
        schema = json.dumps(descriptors.schema("report"), indent=2)
        (self.folder / "report.schema.json").write_text(schema + "\n", encoding="utf-8")

    def clauses(self) -> None:
        """A page a clause."""
        every = list(self.overview.clauses.values())
        for before, clause, after in zip([None, *every], every, [*every[1:], None], strict=False):
            cells = [(column, column.cell(clause.id)) for column in self.overview.judged]
            cells = [(column, cell) for column, cell in cells if cell.verdict != "none"]
            tests = {test["test"] for _, cell in cells for test in cell.line["tests"]}
            self.page(
                f"clause/{clause.id}.html", "clause",
                clause=clause, cells=cells, failures=groups(cells),
                tests=sorted({re.sub(r"\[.*", "", test, flags=re.S) for test in tests}),
                before=before, after=after,
            )  # fmt: skip

    def candidate(self, column: Column, pairs: dict[tuple[str, str], Pair]) -> None:
        """A candidate's page and badge."""
        others = [
            (other, pair.file, len(pair.differing))
            for other in self.overview.judged
            if (pair := pairs.get((column.slug, other.slug))) is not None
        ]
        self.page(
            f"candidate/{column.slug}.html", "candidate",
            column=column, deviations=deviations(self.overview, column), others=others,
            trend=Markup(drawing([column.judged, *column.earlier])),
            badge_text=f"{badge.LABEL}: {badge.message(column.judged)}",
        )  # fmt: skip
        folder = self.folder / "badge"
        folder.mkdir(exist_ok=True)
        (folder / f"{column.slug}.svg").write_text(badge.svg(column.judged), encoding="utf-8")
        shield = json.dumps(badge.endpoint(column.judged)) + "\n"
        (folder / f"{column.slug}.json").write_text(shield, encoding="utf-8")

    def compare(self) -> dict[tuple[str, str], Pair]:
        """A page a pair, and the table that leads to them; the pairs in both directions."""
        pairs: dict[tuple[str, str], Pair] = {}
        for left, right in itertools.combinations(self.overview.judged, 2):
            pair, agreeing = compared(self.overview, left, right)
            self.page(
                f"compare/{pair.file}", "pair",
                left=left, right=right, pair=pair, agreeing=agreeing,
            )  # fmt: skip
            pairs[left.slug, right.slug] = pairs[right.slug, left.slug] = pair
        self.page("compare.html", "compare", pairs=pairs)
        return pairs


# -- what pages show ---------------------------------------------------------


def compared(overview: Overview, left: Column, right: Column) -> tuple[Pair, int]:
    """Where two candidates differ, and in how many clauses they are alike."""
    pair = Pair(f"{left.slug}--{right.slug}.html", ([], []), [])
    agreeing = 0
    for name in overview.clauses:
        one, other = left.cell(name), right.cell(name)
        if not all(cell.holds or cell.deviates for cell in (one, other)):
            continue
        if one.holds != other.holds:
            pair.better[0 if one.holds else 1].append(name)
        elif one.kind != other.kind:
            pair.otherwise.append(name)
        else:
            agreeing += 1
    return pair, agreeing


def agreement(overview: Overview) -> dict[str, dict[str, Column | None]]:
    """Clauses by where they fail: nowhere, everywhere, on one alone; or judged too seldom."""
    found: dict[str, dict[str, Column | None]] = {
        name: {} for name in ("nowhere", "everywhere", "once", "unjudged")
    }
    for name in overview.clauses:
        cells = [(column, column.cell(name)) for column in overview.judged]
        judged = [(column, cell) for column, cell in cells if cell.holds or cell.deviates]
        failing = [column for column, cell in judged if cell.deviates]
        if len(judged) < 2:
            found["unjudged"][name] = None
        elif not failing:
            found["nowhere"][name] = None
        elif len(failing) == len(judged):
            found["everywhere"][name] = None
        elif len(failing) == 1:
            found["once"][name] = failing[0]
    return found


def deviations(overview: Overview, column: Column) -> dict[str, list[tuple[Clause, Cell]]]:
    """What a candidate breaks: new, known, recorded; and what is listed though it holds."""
    found: dict[str, list[tuple[Clause, Cell]]] = {
        name: [] for name in ("new", "known", "recorded", "stale")
    }
    for clause in overview.clauses.values():
        cell = column.cell(clause.id)
        if cell.verdict in ("stale", "known"):
            found[cell.verdict].append((clause, cell))
        elif cell.deviates:
            found["recorded" if clause.level == "may" else "new"].append((clause, cell))
    return found


def groups(cells: list[tuple[Column, Cell]]) -> list[Group]:
    """The failing candidates of a clause, those together whose program is the same."""
    found: dict[tuple[str, str], Group] = {}
    for column, cell in cells:
        if not cell.deviates:
            continue
        test = cell.failures[0] if cell.failures else None
        said = first_line(test["found"]) if test else ""
        program = (
            test["program"].partition("\n")[2] if test else ""
        )  # its title names the candidate
        key = (said, program) if test else (column.name, "")
        replay = failure.replay_command(column.name, test["test"]) if test else ""
        found.setdefault(key, Group(test, replay, [])).members.append((column, cell))
    return list(found.values())


# -- templates ---------------------------------------------------------------


@functools.cache
def environment() -> jinja2.Environment:
    """The templates, everything escaped, an unknown name being an error."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        after_dot=lambda name: name.partition(".")[2],
        api=api,
        colours=colours,
        day=lambda moment: moment[:10],
        minute=lambda moment: moment[:16].replace("T", " "),
        first_line=first_line,
        heat=heat,
        interpreter=interpreter,
        link=link,
        platform=PLATFORMS.get,
        platforms=platforms,
        safe_link=safe_link,
    )
    return found


def colours(cell: Cell) -> str:
    """The classes of a cell, for the style sheet and the filters."""
    names = {"not-applicable": "na", "harness-error": "harness", "none": "empty"}
    known = " known" if cell.verdict == "known" else ""
    return "stale" if cell.verdict == "stale" else names.get(cell.kind, cell.kind) + known


def heat(broken: int, judged: int) -> str:
    """How warm a number of broken clauses is: h0, none, to h4, half of them or more."""
    if not judged:
        return "na"
    share = broken / judged
    return f"h{sum(share > limit for limit in (0, 0.1, 0.25, 0.5))}"


def api(clause: Clause) -> str:
    """The API versions of a clause in words."""
    since, until = (None if v is None else f"{v[0]}.{v[1]}" for v in (clause.since, clause.until))
    if since and until:
        return f"{since} to {until}"
    return f"since {since}" if since else f"until {until}" if until else "all"


def interpreter(profile: dict[str, Any]) -> str:
    """An interpreter's name and version."""
    name, version = profile["platform_python_implementation"], profile["implementation_version"]
    if profile["implementation_name"] != "cpython":
        version = f"{version} (Python {profile['python_full_version']})"
    odd = [] if profile["gil"] else ["no GIL"]
    return ", ".join([f"{name} {version}", *odd, *(["debug build"] if profile["debug"] else [])])


def first_line(text: str) -> str:
    """The first line of what was found."""
    return text.strip().partition("\n")[0]


def safe_link(text: str | None) -> bool:
    """Whether a link of a descriptor leads to the web, and nowhere else."""
    return bool(text) and str(text).startswith(("https://", "http://"))


LINKS: tuple[tuple[str, str], ...] = (
    (r"gh-(\d+)", "https://github.com/python/cpython/issues/{}"),
    (r"bpo-(\d+)", "https://bugs.python.org/issue{}"),
    (r"SF (\d+)", "https://bugs.python.org/issue{}"),
    (r"PEP (\d+)", "https://peps.python.org/pep-{:0>4}/"),
    (r"docs: mmap\.mmap.*", "https://docs.python.org/3/library/mmap.html#mmap.mmap"),
    (r"docs: mmap\.([a-z_]+)", "https://docs.python.org/3/library/mmap.html#mmap.mmap.{}"),
    (r"docs: mmap\b.*", "https://docs.python.org/3/library/mmap.html"),
)


def link(source: str) -> str | None:
    """Where a source of the catalogue can be read; None for those without an address."""
    for pattern, address in LINKS:
        found = re.fullmatch(pattern, source)
        if found:
            return address.format(*found.groups())
    return None


def pages(folder: Path) -> Iterator[Path]:
    """Every page of a site."""
    return folder.rglob("*.html")
