"""A badge for one candidate: JSON for a badge service's endpoint, and the same as an SVG."""

from __future__ import annotations

from xml.sax.saxutils import escape

from mmap_spec.report.results import Judged

LABEL = "mmap-spec"
COLOURS = {"green": "#12704a", "red": "#b3261e", "absent": "#586072"}  # the others are no verdict
OTHER = "#8a5a00"
WIDTH = 6.6  # of a character of 11 px, about; textLength makes it exact


def message(judged: Judged) -> str:
    """The words of a badge; figures only of a whole run by today's battery."""
    if judged.status not in ("green", "red"):
        return judged.status
    held, all_of_them = judged.held("must")
    return f"{held}/{all_of_them} must" + (f", {judged.new} new" if judged.new else "")


def colour(judged: Judged) -> str:
    """Of the message's side."""
    return COLOURS.get(judged.status, OTHER)


def endpoint(judged: Judged) -> dict[str, object]:
    """What shields.io calls an endpoint."""
    return {
        "schemaVersion": 1,
        "label": LABEL,
        "message": message(judged),
        "color": colour(judged).lstrip("#"),
        "isError": judged.status != "green",
    }


def svg(judged: Judged) -> str:
    """The badge as a picture, 20 pixels high."""
    text = message(judged)
    left, right = (round(len(part) * WIDTH) for part in (LABEL, text))
    width = left + right + 24
    title = escape(f"{LABEL}: {text}", {'"': "&quot;"})
    middle = left + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<clipPath id="r"><rect width="{width}" height="20" rx="4"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{middle}" height="20" fill="#3d4350"/>'
        f'<rect x="{middle}" width="{right + 12}" height="20" fill="{colour(judged)}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="7" y="14" textLength="{left}">{escape(LABEL)}</text>'
        f'<text x="{middle + 5}" y="14" textLength="{right}">{escape(text)}</text></g></svg>\n'
    )
