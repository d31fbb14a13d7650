"""How a candidate's score went from run to run, as a small drawing."""

from __future__ import annotations

from collections.abc import Sequence

from mmap_spec.report.results import Judged

WIDTH, HEIGHT, MARGIN = 640, 160, 34
LEVELS = ("must", "should")


def drawing(runs: Sequence[Judged]) -> str:
    """An SVG of the share of clauses held by level, oldest run on the left; empty for one run."""
    oldest_first = list(reversed(runs))
    if len(oldest_first) < 2:
        return ""
    parts = [rule(0, "0 %"), rule(50, "50 %"), rule(100, "100 %")]
    for level in LEVELS:
        parts += line(level, [share(judged, level) for judged in oldest_first])
    words = "; ".join(
        f"{level}: " + ", ".join(percent(share(judged, level)) for judged in oldest_first)
        for level in LEVELS
    )
    return (
        f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="Share of clauses held, oldest run first. {words}">'
        + "".join(parts)
        + "</svg>"
    )


def share(judged: Judged, level: str) -> float | None:
    """How many in a hundred clauses of a level hold; None if none was judged."""
    held, every = judged.held(level)
    return 100 * held / every if every else None


def percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} %"


def height(value: float) -> float:
    return round(HEIGHT - MARGIN / 2 - value * (HEIGHT - MARGIN) / 100, 1)


def rule(value: float, text: str) -> str:
    """A horizontal line with its number."""
    y = height(value)
    return (
        f'<line class="rule" x1="{MARGIN + 12}" y1="{y}" x2="{WIDTH - 8}" y2="{y}"/>'
        f'<text x="6" y="{y + 4}">{text}</text>'
    )


def line(level: str, values: Sequence[float | None]) -> list[str]:
    """One level's course, a dot a run."""
    step = (WIDTH - 2 * MARGIN - 60) / (len(values) - 1)
    points = [
        (round(MARGIN + 20 + index * step, 1), height(value))
        for index, value in enumerate(values)
        if value is not None
    ]
    if not points:
        return []
    course = " ".join(f"{x},{y}" for x, y in points)
    dots = [f'<circle class="{level}" cx="{x}" cy="{y}" r="3.5"/>' for x, y in points]
    x, y = points[-1]
    return [
        f'<polyline class="{level}" points="{course}"/>',
        *dots,
        f'<text x="{x + 8}" y="{y + (17 if level == "should" else 2)}">{level}</text>',
    ]
