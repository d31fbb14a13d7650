"""What is drawn from results: the site's pages, report.json, badges, Markdown, key figures.

How pages look and behave in a browser is in browser/pages.py (`nox -s site`).
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

import jsonschema
import pytest
import sample_results
from judging import mmap_spec_command
from mmap_spec import descriptors
from mmap_spec.clauses import LEVELS, catalogue
from mmap_spec.report import badge, markdown, overview, results, site
from mmap_spec.report.overview import Overview
from sample_results import CLAUSES, CRASHING, FAILING, MARKUP, NAMES, ODD, small
from samples import clause

STATUSES = {
    "good@python3.9": "green",
    "good@python3.10": "green",
    "bad@python3.9": "red",
    "bad@python3.10": "red",
    "listed@python3.9": "green",
    "listed@python3.10": "red",
    "half@python3.9": "incomplete",
    "old@python3.9": "outdated",
    "some@python3.9": "partial",
    "none@wine": "absent",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Overview:
    return small(sample_results.folder_of_every_kind(tmp_path_factory.mktemp("results")))


@pytest.fixture(scope="module")
def pages(shown, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sites") / "site"
    site.build(shown, folder)
    return folder


def text(pages: Path, name: str) -> str:
    return (pages / name).read_text(encoding="utf-8")


class Links(HTMLParser):
    """Where a page's links lead, and which anchors it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs) -> None:
        found = dict(attrs)
        self.targets += [found[key] for key in ("href", "src") if key in found]
        self.anchors += [found["id"]] if "id" in found else []


# -- statuses ----------------------------------------------------------------


def test_status_of_every_kind(shown):
    """Only a whole run of today's battery is green or red."""
    assert {column.name: column.judged.status for column in shown.columns} == STATUSES


def test_newest_result_counts(shown):
    """Of several results of a candidate the newest is shown, the others are its past."""
    column = next(column for column in shown.columns if column.name == "good@python3.9")
    assert column.judged.started.startswith("2026-11-20")
    assert [one.started[:10] for one in column.earlier] == ["2026-11-10", "2026-11-01"]


def test_names_in_their_natural_order(shown):
    """3.9 stands before 3.10."""
    names = [column.name for column in shown.columns]
    assert names.index("good@python3.9") < names.index("good@python3.10")


def test_known_counts_as_a_deviation(shown):
    """In every score, whatever is listed."""
    column = next(column for column in shown.columns if column.name == "listed@python3.9")
    must = sum(c.level == "must" for c in CLAUSES.values())
    broken = sum(CLAUSES[name].level == "must" for name in (CRASHING, FAILING))
    assert column.judged.held("must") == (must - broken, must)
    assert (column.judged.count("known"), column.judged.new, column.judged.crashes) == (2, 0, 1)


# -- pages -------------------------------------------------------------------


def test_links_lead_somewhere(pages):
    """Every relative link of every page, with its anchor; every page is led to."""
    every = {page: Links(page) for page in site.pages(pages)}
    reached = {pages / "index.html"}
    for page, links in every.items():
        assert len(links.anchors) == len(set(links.anchors)), page
        for target in links.targets:
            if target.startswith("https://"):
                continue
            address, anchor = urldefrag(target)
            path = (page.parent / unquote(address)).resolve() if address else page
            assert path.is_file(), f"{page.name} leads to {target}"
            reached.add(path)
            if anchor and path in every:
                assert unquote(anchor) in every[path].anchors, f"{page.name} leads to {target}"
    assert reached >= set(every)


def test_a_page_a_clause_and_a_candidate(pages, shown):
    """And one a pair of candidates with results."""
    assert {path.stem for path in (pages / "clause").iterdir()} == set(CLAUSES)
    assert {path.stem for path in (pages / "candidate").iterdir()} == set(STATUSES)
    judged = len(shown.judged)
    assert len(list((pages / "compare").iterdir())) == judged * (judged - 1) // 2


def test_nothing_from_elsewhere(pages):
    """No page loads anything that does not lie beside it."""
    for page in site.pages(pages):
        loaded = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"', page.read_text())
        assert loaded
        assert not [address for address in loaded if ":" in address]


def test_what_candidates_say_is_escaped(pages):
    """Texts of results and descriptors are text, and their links lead to the web only."""
    for page in site.pages(pages):
        content = page.read_text(encoding="utf-8")
        assert "<script>document" not in content
        assert 'href="javascript:' not in content
    assert "&lt;script&gt;document" in text(pages, f"clause/{FAILING}.html")
    assert 'href="https://example.org/1"' in text(pages, "candidate/listed@python3.9.html")


def test_clause_page(pages):
    """Sentence, sources, verdicts by candidate, and one program for those that fail alike."""
    content = text(pages, f"clause/{FAILING}.html")
    assert CLAUSES[FAILING].text.split("'")[0] in content.replace("&#39;", "'")
    for name in ("bad@python3.9", "bad@python3.10", "listed@python3.9"):
        assert f'<h3 id="{name}">' in content
    assert content.count('<pre class="program"') == 1
    assert "mmap-spec replay --impl=bad@python3.9" in content
    assert f"test_{FAILING.partition('.')[0]}.py" in content
    assert '<h3 id="good' not in content
    assert "no result" not in text(pages, f"clause/{ODD}.html")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("half@python3.9", "This run did not reach its end"),
        ("old@python3.9", "was made by another battery (another)"),
        ("some@python3.9", f"Only {len(CLAUSES)} of {len(CLAUSES)} clauses"),
        ("none@wine", "not here; fetch"),
    ],
)
def test_what_is_no_verdict_says_so(pages, name, words):
    """On the candidate's page, in the table of candidates, and in no green badge."""
    content = text(pages, f"candidate/{name}.html")
    assert words in content
    assert "s-green" not in content.partition("<h2")[0]
    row = next(r for r in text(pages, "index.html").split("<tr>") if f"candidate/{name}.html" in r)
    assert f"s-{STATUSES[name]}" in row
    shield = json.loads(text(pages, f"badge/{name}.json"))
    assert (shield["message"], shield["isError"]) == (STATUSES[name], True)
    assert shield["color"] != badge.COLOURS["green"].lstrip("#")


def test_compared(pages, shown):
    """What only one of two keeps; what does not apply to both is left out."""
    columns = {column.name: column for column in shown.columns}
    pair, _ = site.compared(shown, columns["good@python3.9"], columns["bad@python3.9"])
    assert pair.better == ([CRASHING, FAILING], [])
    assert pair.otherwise == []
    pair, alike = site.compared(shown, columns["bad@python3.9"], columns["bad@python3.9"])
    assert (pair.differing, alike) == ([], len(CLAUSES) - 1)
    assert "Only bad@python3.9 holds" in text(pages, "compare/bad@python3.9--bad@python3.10.html")


def test_agreement(shown):
    """Clauses that fail nowhere, everywhere, on one alone."""
    found = site.agreement(shown)
    assert NAMES[5] in found["nowhere"]
    assert found["once"][NAMES[4]].name == "bad@python3.10"
    assert CRASHING not in {**found["nowhere"], **found["everywhere"], **found["once"]}
    only = overview.Overview(
        tuple(c for c in shown.columns if c.implementation == "bad"), shown.clauses, ""
    )
    assert {CRASHING, FAILING} <= set(site.agreement(only)["everywhere"])
    assert ODD in site.agreement(only)["unjudged"]


def test_folder_of_somebody_else(shown, tmp_path):
    """A folder that is no site is not replaced; a site is, with nothing left of the old one."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(descriptors.BadDescriptor, match="no site that this command has made"):
        site.build(shown, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "report.json").write_text("{}")
    (mine / "old.html").write_text("")
    site.build(shown, mine)
    assert not (mine / "old.html").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("gh-151021", "https://github.com/python/cpython/issues/151021"),
        ("bpo-5387", "https://bugs.python.org/issue5387"),
        ("PEP 688", "https://peps.python.org/pep-0688/"),
        ("docs: mmap.find", "https://docs.python.org/3/library/mmap.html#mmap.mmap.find"),
        ("releases 3.8 to 3.15", None),
        ("POSIX: mmap", None),
    ],
)
def test_link_of_a_source(source, address):
    assert site.link(source) == address


def test_platforms_of_a_condition():
    """Where a clause can apply, whatever else its condition asks for."""
    every = list(overview.PLATFORMS)
    assert overview.platforms(clause()) == every
    assert overview.platforms(clause(when='sys_platform == "win32"')) == ["win32"]
    assert overview.platforms(clause(when='python_version >= "3.12"')) == every
    odd = 'sys_platform != "win32" and implementation_name != "cpython"'
    assert overview.platforms(clause(when=odd)) == ["linux", "darwin", "emscripten"]
    assert all(overview.platforms(one) for one in catalogue().values())


# -- report.json, badges, Markdown -------------------------------------------


def test_report_json(pages, shown):
    """It is as its schema says, and holds every verdict."""
    data = json.loads(text(pages, "report.json"))
    schema = json.loads(text(pages, "report.schema.json"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)
    assert {one["name"]: one["status"] for one in data["candidates"]} == STATUSES
    by_id = {one["id"]: one for one in data["clauses"]}
    assert by_id[CRASHING]["verdicts"]["listed@python3.9"] == {"verdict": "known", "kind": "crash"}
    assert "none@wine" not in by_id[CRASHING]["verdicts"]
    assert "executable" not in data["candidates"][0]["profile"]
    good = next(one for one in data["candidates"] if one["name"] == "good@python3.9")
    assert set(good["levels"]) == set(LEVELS)
    assert len(good["earlier"]) == 2


def test_schema_refuses(shown):
    """A verdict or a key that nobody knows."""
    data = overview.as_data(shown)
    validator = jsonschema.Draft202012Validator(descriptors.schema("report"))
    data["clauses"][0]["verdicts"]["good@python3.9"]["verdict"] = "fine"
    data["surplus"] = 1
    assert len(list(validator.iter_errors(data))) == 2


def test_badge(pages, shown):
    """Figures of a whole run; an SVG that can be read."""
    columns = {column.name: column.judged for column in shown.columns}
    held, judged = columns["bad@python3.9"].held("must")
    assert badge.message(columns["bad@python3.9"]) == f"{held}/{judged} must, 2 new"
    assert badge.endpoint(columns["good@python3.9"])["isError"] is False
    root = ElementTree.parse(pages / "badge" / "good@python3.9.svg").getroot()
    assert root.get("aria-label", "").startswith("mmap-spec: ")


def test_markdown(shown):
    """A line a candidate; what is new with its program; nothing of a candidate is markup."""
    said = markdown.summary(shown)
    assert "| `good@python3.9` | 🟢 green |" in said
    assert "| `none@wine` | ⚪ absent |" in said
    assert "| `half@python3.9` | 🟡 incomplete |" in said
    assert f"- **crash** `{CRASHING}`" in said
    assert said.count("```python") == len(re.findall(r"^  ```$", said, flags=re.M)) > 0
    outside = re.sub(r"  ```python.*?\n  ```\n", "", said, flags=re.S)
    assert "<script>" not in outside
    assert "listed@python3.9: " not in said


def test_figures(shown, tmp_path):
    """The table of a README stands between its marks, and nothing else changes."""
    path = tmp_path / "README.md"
    path.write_text(f"# A\n\n{markdown.BEGIN}\nold\n{markdown.END}\n\nrest\n")
    markdown.put_figures(path, shown)
    said = path.read_text()
    assert said.startswith(f"# A\n\n{markdown.BEGIN}\n| candidate |")
    assert said.endswith(f"{markdown.END}\n\nrest\n")
    assert "old\n" not in said
    assert "Not judged: `none@wine`." in said
    assert "Runs of 2026-11-20" in said
    path.write_text("# no marks\n")
    with pytest.raises(descriptors.BadDescriptor, match="no place for the figures"):
        markdown.put_figures(path, shown)


# -- the command -------------------------------------------------------------


def test_command(tmp_path):
    """From one stream to a site and a summary; a summary is added to what a file holds."""
    path = sample_results.write(tmp_path, "good")
    (tmp_path / "summary.md").write_text("before\n")
    done = mmap_spec_command(
        "report", path, "-o", "out/site", "--markdown", "summary.md", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "site" / "index.html").is_file()
    assert (tmp_path / "summary.md").read_text().startswith("before\n## mmap conformance\n")
    printed = mmap_spec_command("report", path, cwd=tmp_path)
    assert "| `good` | 🟢 green |" in printed.stdout


def test_wrong_usage(tmp_path):
    """What is no result is named, with what is wrong about it."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.jsonl").write_text("hello\n")
    for given, words in [
        ("empty", "no result stream (*.jsonl) in this folder"),
        ("nowhere.jsonl", "nowhere.jsonl: cannot be read"),
        ("text.jsonl", "text.jsonl is no result stream"),
    ]:
        done = mmap_spec_command("report", given, "-o", "site", cwd=tmp_path)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_read_of_an_old_format(tmp_path):
    """A stream without the newer facts can be shown, as outdated."""
    path = sample_results.write(tmp_path, "old")
    head, *lines = sample_results.lines(path)
    for key in ("battery_version", "implementation"):
        del head[key]
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *lines]))
    assert results.read(path).status == "outdated"
    site.build(small(tmp_path), tmp_path / "site")


def test_markup_is_in_the_samples():
    """The control of the tests of escaping."""
    assert "<script>" in MARKUP
