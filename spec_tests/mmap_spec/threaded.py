"""Programs of several threads on one map: drawn, run in the worker, explained by the model.

A program is a list of steps for each thread, a step the name of an operation and its
arguments: methods of the map, dunder methods among them, ``closed``, and ``export``,
``release`` (of the thread's own buffers) and ``next`` (of the thread's own iterator).
"""

from __future__ import annotations

import copy
import dataclasses
import random
import textwrap
from collections.abc import Callable
from collections.abc import Mapping as Table
from typing import Any

from mmap_spec.candidate import Candidate, Remote
from mmap_spec.linearisable import Call, Explanation, explain
from mmap_spec.model import Mapping, OneOf, Raises, Returns, outcomes

Step = tuple[str, tuple[Any, ...]]
Draw = Callable[[random.Random], tuple[Any, ...]]
Alphabet = Table[str, Draw]

REFUSALS = (ValueError, IndexError)

# What worker programs of several threads begin with; the syntax is that of Python 3.6.
TOGETHER = """
import sys, threading

DEADLINE = 20  # seconds; for hangs only

def together(*functions):
    # Call functions in threads that begin at once; their results, or what the first raised.
    results, errors = [None] * len(functions), []
    start = threading.Barrier(len(functions))

    def call(number):
        try:
            start.wait(DEADLINE)
            results[number] = functions[number]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(i,), daemon=True) for i in range(len(functions))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
    finally:
        sys.setswitchinterval(interval)
    assert not any([thread.is_alive() for thread in threads]), "a thread hangs"
    if errors:
        raise errors[0]
    return results
"""

# Plays a program and keeps what its steps gave.
#
# The log is one list, to which a thread appends as each step begins and ends: where
# lists can be shared at all, this needs no lock that would keep threads apart.
#
# A cell stands for one byte of the model.  Where it has more than one byte, the contents and
# the steps are magnified, and what they give is made small again; bytes of different values
# within a cell are half an operation, and come back as "torn".
PLAY = """
import errno

PACE = 4  # steps from one meeting of the threads to the next, so that none runs ahead

def magnified(name, args):
    if cell == 1:
        return args
    needle = args[:1] if name in ("find", "rfind") else ()
    return needle + tuple([larger(arg) for arg in args[len(needle):]])

def larger(value):
    if isinstance(value, bytes):
        return b"".join([value[i:i + 1] * cell for i in range(len(value))])
    if isinstance(value, slice):
        return slice(larger(value.start), larger(value.stop))
    return None if value is None else value * cell

def smaller(name, value):
    if cell == 1 or value is None or value is True or value is False:
        return value
    if isinstance(value, bytes):
        small = value[::cell]
        return small if larger(small) == value else ("torn", len(value), bytes(set(value)))
    if value < 0:
        return value
    if value % cell and not (name == "rfind" and value % cell == cell - 1):
        return ("torn", value)
    return value // cell

class Own:
    def __init__(self):
        self.views = []
        self.iterator = None

    def export(self):
        self.views.append(memoryview(m))

    def release(self):
        if self.views:
            self.views.pop().release()

    def closed(self):
        return m.closed

    def next(self):
        if self.iterator is None:
            self.iterator = iter(m)
        return next(self.iterator, None)

def play(number):
    own = owners[number]
    steps, results = [], []
    for name, args in programs[number]:
        target = own if hasattr(own, name) else m
        steps.append((getattr(target, name), name, magnified(name, args)))
    begun, ended = (number, True), (number, False)
    for operation, name, args in steps:
        if len(results) < shortest and len(results) % PACE == 0:
            meeting.wait(DEADLINE)
        log.append(begun)
        try:
            result = operation(*args)
        except Exception as error:
            log.append(ended)
            results.append((type(error), errno.errorcode.get(getattr(error, "errno", None))))
        else:
            log.append(ended)
            results.append((None, smaller(name, result)))
    return results

log = []
m[:] = larger(contents)
shortest = min([len(program) for program in programs])
owners = [Own() for program in programs]
meeting = threading.Barrier(len(programs))
players = [lambda number=number: play(number) for number in range(len(programs))]
result = together(*players), log
for own in owners:
    while own.views:
        own.views.pop().release()
"""


# -- drawing ------------------------------------------------------------------


def draw(seed: int, *alphabets: Alphabet, steps: int) -> list[list[Step]]:
    """A program with one thread for each alphabet; the same seed gives the same one."""
    chance = random.Random(seed)
    return [
        [(name, alphabet[name](chance)) for name in chance.choices(list(alphabet), k=steps)]
        for alphabet in alphabets
    ]


# -- running ------------------------------------------------------------------


def together(candidate: Candidate, source: str, **names: Any) -> Any:
    """Run a worker program that has the function ``together``: its variable ``result``."""
    return candidate.run(TOGETHER + textwrap.dedent(source), **names)


def play(
    candidate: Candidate, m: Remote, contents: bytes, programs: list[list[Step]], cell: int = 1
) -> list[list[Call]]:
    """Fill a map of as many cells as ``contents`` has bytes, and run a drawn program on it.

    Returns each thread's calls, with what came of them, in bytes of the model.
    """
    names = {"contents": contents, "programs": programs, "cell": cell}
    given, log = together(candidate, PLAY, m=m, **names)
    begins: list[list[int]] = [[] for _ in programs]
    ends: list[list[int]] = [[] for _ in programs]
    for place, (thread, begins_here) in enumerate(log):
        (begins if begins_here else ends)[thread].append(place)
    return [
        [
            Call(thread, begin, end, name, args, outcome)
            for begin, end, (name, args), outcome in zip(
                begins[thread], ends[thread], program, given[thread], strict=True
            )
        ]
        for thread, program in enumerate(programs)
    ]


# -- explaining ---------------------------------------------------------------


@dataclasses.dataclass(eq=False)
class State:
    """The model of the map, and what each thread has of its own; not to be changed."""

    mapping: Mapping
    views: tuple[int, ...]
    iterators: tuple[int | None, ...]  # the next index; None where the iterator has ended

    @classmethod
    def before(cls, mapping: Mapping, threads: int) -> State:
        """What there is when the threads begin."""
        return cls(mapping, (0,) * threads, (0,) * threads)

    def _key(self) -> tuple[Any, ...]:
        m = self.mapping
        contents = b"" if m.closed else m.contents
        return m.closed, len(contents), m.position, contents, self.views, self.iterators

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def after(self, call: Call) -> State | None:
        """The state that a call leaves; None where its outcome is not allowed."""
        facts = self.mapping.facts
        mapping = copy.deepcopy(self.mapping, {id(facts): facts})
        then = State(mapping, self.views, self.iterators)
        return then if _fits(call.outcome, then._perform(call)) else None

    def _perform(self, call: Call) -> OneOf:
        if call.name == "export":
            return self._export(call.thread)
        if call.name == "release":
            return self._release(call.thread)
        if call.name == "next":
            return self._next(call.thread)
        if call.name == "closed":
            return OneOf(Returns(self.mapping.closed))
        return outcomes(getattr(self.mapping, call.name), *call.args)

    def _export(self, thread: int) -> OneOf:
        allowed = outcomes(self.mapping.export)
        if not self.mapping.closed:
            self.views = _replaced(self.views, thread, self.views[thread] + 1)
        return allowed

    def _release(self, thread: int) -> OneOf:
        if self.views[thread]:
            self.mapping.release()
            self.views = _replaced(self.views, thread, self.views[thread] - 1)
        return OneOf(Returns(None))

    def _next(self, thread: int) -> OneOf:
        index, ended = self.iterators[thread], Returns(None)
        if self.mapping.closed:  # an iterator that has raised may have ended, or raise again
            self.iterators = _replaced(self.iterators, thread, None)
            return OneOf(Raises(ValueError), *([ended] if index is None else []))
        if index is None or index >= len(self.mapping):
            self.iterators = _replaced(self.iterators, thread, None)
            return OneOf(ended)
        self.iterators = _replaced(self.iterators, thread, index + 1)
        return OneOf(Returns(bytes([self.mapping[index]])))


def _fits(outcome: tuple[type[BaseException] | None, Any], allowed: OneOf) -> bool:
    """Whether a call may have given this: what it raised, and the errno's name or the value.

    Which of ValueError and IndexError refuses an operation is judged where one thread runs.
    """
    kind, value = outcome
    if kind is None:
        return allowed.allows_value(value)
    kinds = REFUSALS if kind in REFUSALS else (kind,)
    return any(allowed.allows_error(each, value) for each in kinds)


def _replaced(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])


def explained(threads: list[list[Call]], model: Mapping) -> Explanation:
    """Whether some order of the calls, begun with the map as the model has it, gives the same."""
    return explain(threads, State.before(model, len(threads)), State.after)
