"""The site in a real Chromium: accessibility, width, keyboard, filters, with and without scripts.

`nox -s site` runs it; by itself: AXE=.../axe.min.js python -m pytest tests/browser/pages.py
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

import sample_results
from mmap_spec.report import site

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PAGES = {
    "overview": "index.html",
    "clauses": "clauses.html",
    "clause": f"clause/{sample_results.FAILING}.html",
    "candidate": "candidate/good@python3.9.html",
    "deviating": "candidate/bad@python3.10.html",
    "absent": "candidate/none@wine.html",
    "compare": "compare.html",
    "pair": "compare/bad@python3.9--good@python3.9.html",
    "agreement": "agreement.html",
}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    results = sample_results.folder_of_every_kind(tmp_path_factory.mktemp("results"))
    folder = tmp_path_factory.mktemp("sites") / "site"
    site.build(sample_results.small(results), folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail("no Chromium: apt-get install chromium, or CHROMIUM=/path/to/it")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser, root):
    """A function that opens a page of the site; what the page complains about fails the test."""
    contexts, complaints = [], []

    def opened(name: str, address: str | None = None, viewport=DESK, **options) -> Page:
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.goto(address or (root / name).as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def server(root) -> Iterator[str]:
    """The address of a web server that knows nothing but files."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as started:
        thread = threading.Thread(target=started.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{started.server_port}/"
        started.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def axe() -> str:
    path = os.environ.get("AXE")
    if not path:
        pytest.fail("AXE does not name axe.min.js: npm install axe-core, or use nox -s site")
    return Path(path).read_text(encoding="utf-8")


# -- accessibility and looks -------------------------------------------------


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_accessible(open_page, axe, name, scheme, viewport):
    """No violation of WCAG 2.2 AA that axe-core can find, and nothing wider than the window."""
    page = open_page(PAGES[name], viewport=viewport, color_scheme=scheme)
    page.add_style_tag(content="* { content-visibility: visible !important }")  # all of it, now
    if "SCREENSHOTS" in os.environ:
        folder = Path(os.environ["SCREENSHOTS"])
        file = folder / f"{name}-{viewport['width']}-{scheme}.png"
        page.screenshot(path=str(file), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.evaluate(axe)
    options = {"runOnly": RULES, "resultTypes": ["violations"], "preload": False}
    found = page.evaluate("options => axe.run(options)", options)
    assert found["passes"] or found["violations"], "axe-core has looked at nothing"
    said = [
        f"{violation['id']}: {violation['help']}: {violation['nodes'][0]['html'][:200]}"
        for violation in found["violations"]
    ]
    assert said == []


def test_axe_finds_something(open_page, axe):
    """The control: a picture without a text, and words that nobody can read."""
    page = open_page("index.html")
    page.evaluate(
        "document.querySelector('main').innerHTML = '<img src=\"icon.svg\">"
        '<p style="color: #ccc; background: #fff">faint</p>\''
    )
    page.evaluate(axe)
    found = page.evaluate("options => axe.run(options)", {"runOnly": RULES, "preload": False})
    assert {"image-alt", "color-contrast"} <= {one["id"] for one in found["violations"]}


def test_dark_mode(open_page):
    """The ground is dark where the reader asks for that."""
    grounds = [
        open_page("index.html", color_scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(251, 251, 253)", "rgb(18, 21, 27)"]


# -- keyboard ----------------------------------------------------------------


def test_keyboard(open_page):
    """The first stop leads past the navigation; every wide table can be scrolled by keys."""
    page = open_page("clauses.html", viewport=PHONE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#main'")
    table = page.locator(".scroll").first
    table.focus()
    before = table.evaluate("element => element.scrollLeft")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([element, before]) => element.scrollLeft > before", arg=[table.element_handle(), before]
    )


def test_cell_leads_to_its_program(open_page):
    """A red cell is a link to the failure on that candidate."""
    page = open_page("clauses.html")
    page.get_by_role("link", name="crash on bad@python3.9").first.click()
    assert page.url.endswith(f"clause/{sample_results.CRASHING}.html#bad@python3.9")
    assert page.locator("pre.program").first.is_visible()


# -- filters -----------------------------------------------------------------


def shown(page: Page) -> list[str]:
    """The clauses that can be seen."""
    return page.eval_on_selector_all(
        "table.clauses tbody tr:not([hidden]) th a",
        "links => links.map(link => link.getAttribute('href').slice(7, -5))",
    )


def ids(test) -> list[str]:
    return [name for name, clause in sample_results.CLAUSES.items() if test(clause)]


def test_filters(open_page):
    """By text, level, platform, verdict and candidate; the number says how many are left."""
    page = open_page("clauses.html")
    every = list(sample_results.CLAUSES)
    assert shown(page) == every
    page.fill("#f-text", "READ_BYTE byte")
    wanted = ids(lambda c: c.topic == "read_byte" and "byte" in f"{c.id} {c.text}")
    assert shown(page) == wanted
    assert page.locator("#f-count").inner_text() == f"{len(wanted)} of {len(every)} clauses"
    assert page.locator("section.topic:not([hidden])").count() == 1
    page.click("button[type=reset]")
    page.wait_for_function("n => document.querySelectorAll('tr[hidden]').length === 0", arg=0)
    page.select_option("#f-level", "should")
    assert shown(page) == ids(lambda c: c.level == "should")
    page.select_option("#f-level", "")
    page.select_option("#f-platform", "win32")
    applies = site.platforms
    assert shown(page) == ids(lambda c: "win32" in applies(c))


@pytest.mark.parametrize(
    ("verdict", "candidate", "wanted"),
    [
        ("crash", "bad@python3.9", [sample_results.CRASHING]),
        ("deviates", "bad@python3.9", [sample_results.CRASHING, sample_results.FAILING]),
        ("na", "bad@python3.9", [sample_results.ODD]),
        ("known", "listed@python3.9", [sample_results.CRASHING, sample_results.FAILING]),
        ("new", "listed@python3.9", []),
        ("new", "good@python3.10", []),
        ("pass", "good@python3.10", sample_results.NAMES),
    ],
)
def test_filter_by_verdict_and_candidate(open_page, verdict, candidate, wanted):
    """Only that candidate's column stays, and the clauses to which it gives that verdict."""
    page = open_page("clauses.html")
    page.select_option("#f-verdict", verdict)
    page.select_option("#f-candidate", label=candidate)
    assert shown(page) == wanted
    if wanted:
        heads = page.locator("section:not([hidden]) th.v:visible")
        assert set(heads.all_text_contents()) == {candidate}


def test_filter_in_the_address(open_page, server):
    """A view can be linked to, and is kept in the address."""
    page = open_page("clauses.html", address=f"{server}clauses.html?level=should")
    assert shown(page) == ids(lambda c: c.level == "should")
    page.fill("#f-text", "move")
    page.wait_for_url("**/clauses.html?text=move&level=should")


# -- without this and that ---------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_without_scripts(open_page, name):
    """Everything is there but the filters."""
    page = open_page(PAGES[name], java_script_enabled=False)
    assert page.locator("h1").is_visible()
    if name == "clauses":
        assert not page.locator("#filters").is_visible()
        assert page.locator("table.clauses tbody tr").count() == len(sample_results.CLAUSES)


def test_from_a_web_server(open_page, server):
    """As from a file: nothing is missing, and links work."""
    page = open_page("", address=server)
    page.get_by_role("link", name="bad@python3.9").first.click()
    assert page.locator("h1").inner_text().startswith("bad@python3.9")
    page.get_by_role("link", name="Clauses", exact=True).first.click()
    assert len(shown(page)) == len(sample_results.CLAUSES)
