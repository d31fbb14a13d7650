"""Leave out of a program every step that it does not need.

Hypothesis shrinks by what was drawn; here steps are left out, with all that were done to
what they made, and the numbers of the rest follow.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
from collections.abc import Callable, Sequence

from mmap_spec.model import Unspecified
from mmap_spec.steps import ON_DESCRIPTORS, ON_FILES, ON_VIEWS, OPENING, Step
from mmap_spec.world import World


def reduce(
    steps: Sequence[Step], new_world: Callable[[], World], fails: Callable[[list[Step]], bool]
) -> list[Step]:
    """The steps of which none can be left out any more, so that the program still ``fails``."""
    kept = list(steps)
    index = len(kept) - 1
    while index >= 0:
        shorter = without(kept, index, new_world())
        if fails(shorter):
            kept = shorter
        index = min(index, len(kept)) - 1
    return kept


def without(steps: Sequence[Step], gone: int, world: World) -> list[Step]:
    """The steps without one, and without those that need what it made."""
    numbers: dict[str, dict[int, int]] = collections.defaultdict(dict)  # by sort: old and new
    kept = []
    for index, step in enumerate(steps):
        sort = sort_of(step)
        before = sizes(world)
        with contextlib.suppress(Unspecified):
            world.perform(step)
        if index == gone or (sort and step.on not in numbers[sort]):
            continue
        kept.append(dataclasses.replace(step, on=numbers[sort][step.on] if sort else step.on))
        for made, size in sizes(world).items():
            if size > before[made]:
                numbers[made][before[made]] = len(numbers[made])
    return kept


def sort_of(step: Step) -> str:
    """What its ``on`` counts; nothing for a step that needs none."""
    for sort, names in [
        ("file", ON_FILES),
        ("descriptor", ON_DESCRIPTORS),
        ("view", ON_VIEWS),
        ("", tuple({*OPENING} - {*ON_FILES} - {*ON_DESCRIPTORS})),
    ]:
        if step.do in names:
            return sort
    return "map"


def sizes(world: World) -> dict[str, int]:
    """How many of each sort there are."""
    return {
        "file": len(world.files),
        "descriptor": len(world.descriptors),
        "map": len(world.maps),
        "view": len(world.views),
    }
