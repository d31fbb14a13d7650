"""Whether some order of overlapping calls, one after another, explains what they gave.

The question is Herlihy and Wing's linearisability; the search is Wing and Gong's,
with the memory of Lowe: from the calls that may come first, try each whose outcome
the sequential specification allows, and never look twice at the same rest from the
same state.  Pure: what is called, and on what, is the caller's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, TypeVar

State = TypeVar("State", bound=Hashable)


@dataclasses.dataclass(frozen=True)
class Call:
    """One call: by which thread, what, and what came of it.

    ``begin`` and ``end`` are its places in the order of all beginnings and ends: a
    call that ended before another began comes before it in every explanation.
    """

    thread: int
    begin: int
    end: int
    name: str
    args: tuple[Any, ...]
    outcome: Any

    def __str__(self) -> str:
        arguments = ", ".join(map(repr, self.args))
        span = f"{self.begin}-{self.end}"
        return f"{span:>9}  thread {self.thread}: {self.name}({arguments}) -> {self.outcome}"


@dataclasses.dataclass(frozen=True, repr=False)
class Explanation:
    """An order of the calls; where there is none, the longest that was found."""

    order: tuple[Call, ...]
    stuck: tuple[Call, ...]  # one of them had to come next, and none could; empty: explained

    def __bool__(self) -> bool:
        return not self.stuck

    def __repr__(self) -> str:
        return f"<{'no ' if self.stuck else ''}explanation>"

    def __str__(self) -> str:
        if not self.stuck:
            return "explained"
        last = self.order[-12:]
        left_out = len(self.order) - len(last)
        lines = [f"... {left_out} calls before"] if left_out else []
        lines += [str(call) for call in last]
        lines += ["after which none of these fits:", *map(str, self.stuck)]
        return "no order explains what the threads saw:\n" + "\n".join(lines)


def explain(
    threads: Sequence[Sequence[Call]], start: State, step: Callable[[State, Call], State | None]
) -> Explanation:
    """Look for an order of all calls that the sequential specification allows.

    ``threads``: each thread's calls, in its own order.  ``step`` says what state a
    call leaves, None where its outcome is not allowed; it must not change the state
    that it is given.
    """
    done = (0,) * len(threads)
    order: list[Call] = []
    longest = Explanation((), tuple(_next_calls(threads, done)))
    seen = {(done, start)}
    # Depth first: each level has the calls that are still to be tried there.
    levels = [(done, start, iter(longest.stuck))]
    while levels:
        done, state, untried = levels[-1]
        found = _first_allowed(untried, state, step)
        if found is None:
            levels.pop()
            del order[-1:]
            continue
        call, after = found
        done = (*done[: call.thread], done[call.thread] + 1, *done[call.thread + 1 :])
        if (done, after) in seen:
            continue
        seen.add((done, after))
        order.append(call)
        stuck = tuple(_next_calls(threads, done))
        if len(order) > len(longest.order):
            longest = Explanation(tuple(order), stuck)
        if not stuck:
            break
        levels.append((done, after, iter(stuck)))
    return longest


def _next_calls(threads: Sequence[Sequence[Call]], done: tuple[int, ...]) -> Iterator[Call]:
    """The calls that may come next: none that is left ended before they began."""
    left = [calls[count] for calls, count in zip(threads, done, strict=True) if count < len(calls)]
    first_end = min((call.end for call in left), default=0)
    return (call for call in left if call.begin < first_end)


def _first_allowed(
    calls: Iterator[Call], state: State, step: Callable[[State, Call], State | None]
) -> tuple[Call, State] | None:
    """The first of some calls whose outcome is allowed, and the state that it leaves."""
    for call in calls:
        after = step(state, call)
        if after is not None:
            return call, after
    return None
