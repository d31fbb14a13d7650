"""Generators: contents, integers, slices, needles, and the settings of every property.

They construct valid values; what they leave out is said in their docstrings.  They are kept:
to build and check a strategy costs more than to draw from it.
"""

from __future__ import annotations

import functools

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from mmap_spec.program import pattern

__all__ = [
    "ALPHABET",
    "contents",
    "edges",
    "haystacks",
    "indices",
    "integers_near",
    "needles_in",
    "pattern",
    "searches_in",
    "slices",
]

STEPS = 30  # of an example of a state machine
FINDING = (Phase.explicit, Phase.generate)
ALPHABET = b"ab\n\x00\xff"

settings.register_profile(
    "gate",
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=(*FINDING, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def machine_settings() -> settings:
    """The current profile's settings for a state machine: its examples are long, so fewer.

    They are not shrunk by what was drawn: steps are left out of the program (``reduce.py``).
    """
    return settings(settings.default, max_examples=30, stateful_step_count=STEPS, phases=FINDING)


def edges(length: int, page: int = 4096) -> list[int]:
    """The integers at which an operation on ``length`` bytes can go wrong, but huge ones."""
    around = [0, length // 2, length, page, 2 * length]
    return sorted(
        {value + step for value in around for step in (-1, 0, 1)} | {-length - 1, -length}
    )


@functools.cache
def integers_near(length: int, page: int = 4096) -> st.SearchStrategy[int]:
    """Integers around 0, the length, minus the length and the page, and any between."""
    return st.sampled_from(edges(length, page)) | st.integers(-length - 2, length + 2)


@functools.cache
def contents(min_size: int = 1, max_size: int = 300) -> st.SearchStrategy[bytes]:
    """Bytes for a mapping, seldom uniform; sizes in bytes."""
    return st.binary(min_size=min_size, max_size=max_size) | st.integers(min_size, max_size).map(
        pattern
    )


@functools.cache
def haystacks(min_size: int = 1, max_size: int = 60) -> st.SearchStrategy[bytes]:
    """Bytes of a small alphabet, so that matches, near matches and repetitions occur."""
    return st.lists(st.sampled_from(list(ALPHABET)), min_size=min_size, max_size=max_size).map(
        bytes
    )


@st.composite
def needles_in(draw: st.DrawFn, haystack: bytes) -> bytes:
    """A part of the haystack, often one, or bytes of the same alphabet; may be empty."""
    if draw(st.booleans()):
        start = draw(st.integers(0, len(haystack)))
        return haystack[start : draw(st.integers(start, len(haystack)))]
    return draw(haystacks(0, 6))


@st.composite
def searches_in(draw: st.DrawFn, haystack: bytes) -> tuple[bytes, list[int]]:
    """A part of the haystack, and one or two bounds within a byte of its place, negative or not."""
    start = draw(st.integers(0, len(haystack)))
    stop = draw(st.integers(start, min(len(haystack), start + 8)))
    steps = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=2))
    bounds = [place + step for place, step in zip((start, stop), steps, strict=False)]
    from_end = draw(st.sampled_from([False, True]))
    return haystack[start:stop], [bound - len(haystack) * from_end for bound in bounds]


@functools.cache
def indices(length: int) -> st.SearchStrategy[int]:
    """Valid indices of a sequence of ``length`` items, negative ones too."""
    return st.integers(-length, length - 1)


@functools.cache
def slices(length: int) -> st.SearchStrategy[slice]:
    """Slices with any bounds, out of range ones and None too, and any step but 0."""
    bound = st.none() | integers_near(length)
    step = st.none() | st.integers(-length - 1, length + 1).filter(bool)
    return st.builds(slice, bound, bound, step)
