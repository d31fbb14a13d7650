"""Programs of several threads on one map, for the tests of threads: drawn ones, and ready ones.

What is judged holds on every schedule.  Drawn programs have fixed seeds; where an order
is looked for, the model says what each operation gives in it.
"""

import pytest

from mmap_spec import threaded
from mmap_spec.model import File, Mapping

CELLS = bytes(range(97, 113))  # what a map holds before; no two bytes are alike
LARGE = 128 << 10  # bytes of a cell: a step of a few of them may let other threads run
STEPS = 48
seeds = pytest.mark.parametrize("seed", range(2))

# -- alphabets ------------------------------------------------------------------


def letters(chance):
    """One to three bytes."""
    return bytes(chance.choices(b"\nABab", k=chance.randrange(1, 4)))


def span(chance, least=0):
    """A slice within the map as it is before, of at least so many bytes."""
    start = chance.randrange(len(CELLS) - least)
    return slice(start, chance.randrange(start + least, len(CELLS) + 1))


def assignment(chance):
    """A slice and as many bytes."""
    start, new = chance.randrange(len(CELLS) - 3), letters(chance)
    return slice(start, start + len(new)), new


NOTHING = {"tell": lambda chance: ()}
POSITION = {
    "read": lambda chance: (chance.randrange(4),),
    "write": lambda chance: (letters(chance),),
    "seek": lambda chance: (chance.randrange(len(CELLS)),),
    "tell": lambda chance: (),
}
BYTES = {
    "read_byte": lambda chance: (),
    "readline": lambda chance: (),
    "write_byte": lambda chance: (chance.choice(b"\nx"),),
}
SLICES = {
    "__getitem__": lambda chance: (span(chance),),
    "__setitem__": assignment,
    "move": lambda chance: (chance.randrange(8, 12), *chance.choices(range(5), k=2)),
    "__len__": lambda chance: (),
}
ITEMS = {
    "__getitem__": lambda chance: (chance.randrange(-len(CELLS), len(CELLS)),),
    "__setitem__": lambda chance: (chance.randrange(len(CELLS)), chance.randrange(256)),
}
SEARCHES = {
    "find": lambda chance: (bytes([chance.choice(b"\nABabc")]),),
    "rfind": lambda chance: (bytes([chance.choice(b"\nABabc")]), chance.randrange(8)),
}
WRITES = {name: POSITION[name] for name in ("write", "seek")}
WHOLE = {"__getitem__": lambda chance: (span(chance, least=8),)}
RESIZES = {"resize": lambda chance: (chance.randrange(1, 2 * len(CELLS)),)}
SIZES = {"size": lambda chance: (), "__len__": lambda chance: ()}
BUFFERS = {"export": lambda chance: (), "release": lambda chance: ()}
CLOSES = {"close": lambda chance: (), "closed": lambda chance: ()}
NEXT = {"next": lambda chance: ()}


def check(candidate, seed, *alphabets, cell=1, steps=STEPS):
    """Play a drawn program, a thread for each alphabet, on a file's map: it can be explained."""
    check_program(candidate, threaded.draw(seed, *alphabets, steps=steps), cell)


def check_closing(candidate, *alphabets, cell=1):
    """The same, where one more thread closes the map in the middle, and one looks on."""
    watching = [("closed", ()), ("tell", ())] * 8
    closing = [("closed", ())] * 8 + [("close", ()), ("closed", ())] * 4
    for seed in range(6):
        program = [*threaded.draw(seed, *alphabets, steps=16), watching, closing]
        check_program(candidate, program, cell)


def check_program(candidate, program, cell):
    """Play a program on a map of CELLS: some order of its steps explains what they give."""
    file = candidate.file()
    file.truncate(len(CELLS) * cell)
    m = candidate.mmap.mmap(file.fd, 0)
    calls = threaded.play(candidate, m, CELLS, program, cell)
    explanation = threaded.explained(calls, Mapping.of_file(candidate.profile, File(CELLS)))
    assert explanation, str(explanation)


# -- ready programs -------------------------------------------------------------


def the_map(candidate):
    """A map of a file of 9000 bytes."""
    return candidate.mmap.mmap(candidate.file(bytes(9000)).fd, 0)


# The map is resized from one of two sizes to the other, and another thread looks at all of it.
TWO_SIZES = """
import time
small, large = sizes
done = []
end = time.monotonic() + 0.5  # seconds
def change():
    try:
        for _ in range(rounds):
            m.resize(large)
            m.resize(small)
            if time.monotonic() > end:
                break
    finally:
        done.append(True)
def look():
    seen = set()
    while not done:
        every = m[::step]
        seen.add((len(every) * step, every.count(b"x") * step, m.rfind(b"x", 0)))
        m[small - 1] = 120
    return seen
m.resize(small)
m[:] = b"x" * small
result = sorted(together(change, look)[1])
"""


def check_two_sizes(candidate, sizes, rounds):
    """Contents that both sizes have are always seen, and nothing but zeros behind them."""
    m, (small, large) = the_map(candidate), sizes
    names = {"sizes": sizes, "rounds": rounds, "step": small // 1000}
    seen = threaded.together(candidate, TWO_SIZES, m=m, **names)
    assert set(seen) <= {(small, small, small - 1), (large, small, small - 1)}


# The interpreter takes its lock from no thread here: who waits for it runs when it is given back.
# Another thread may still come too late for one operation, but not for each of many.
BESIDE = """
import sys, threading

def outcome(function):
    try:
        return function()
    except Exception as error:
        return type(error)

def beside(operation, other):
    # What an operation gives, and what another thread gives that runs as soon as it can.
    turn, given = threading.Lock(), []
    turn.acquire()
    def run_other():
        turn.acquire()
        given.append(outcome(other))
    thread = threading.Thread(target=run_other, daemon=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(100)
    try:
        thread.start()
        turn.release()
        given.insert(0, outcome(operation))
    finally:
        sys.setswitchinterval(max(interval, 2e-6))  # 1e-6 s are rounded to none on 32 bits
        thread.join(60)
    return given

size = 8 << 20
source = bytes(size)
def filled():
    return fill(mmap.mmap(-1, size))
def fill(m, piece=b"y" * (1 << 20)):  # small enough for the cache
    for start in range(0, size, len(piece)):
        m[start:start + len(piece)] = piece[:size - start]
    return m
"""
