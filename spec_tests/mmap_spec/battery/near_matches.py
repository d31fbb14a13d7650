"""Contents full of near matches: behind enough of them a fast search has to go another way.

A search that looks for the rare bytes of a needle first is slow where those are everywhere, and
changes its method there.  What is made here has a near match at each needle's length, each wrong at
another place, so that no few bytes tell them from the needle, and then something to be found.
"""

from __future__ import annotations

from collections.abc import Iterator

ENOUGH = 15000  # bytes of near matches
WRONG = b"z"  # in no needle
ROOM = 100  # bytes behind them

# Periodic ones and almost periodic ones, and such as no period fits.  All of 13 bytes: ten of them
# may be looked for at once, and where needles are longer there are fewer near matches.
NEEDLES = [
    b"aaaaaaaaaaaaa",
    b"aaaaaaaaaaaab",
    b"baaaaaaaaaaaa",
    b"aaaaaabaaaaaa",
    b"ababababababa",
    b"babababababab",
    b"abaabaabaabaa",
    b"aabaabaabaaba",
    b"baabaabaabaab",
    b"abacabacabaca",
    b"abaababaabaab",
    b"abbabaabbaaba",
    b"abbbbabbbbabb",
    b"aabbaabbaabba",
    b"babcbabdbabcb",
    b"abcdefghijklm",
    b"acbedgfihkjml",
]
SIZE = 13


def near(needle: bytes, place: int) -> bytes:
    """The needle, but wrong in one place."""
    return needle[:place] + WRONG + needle[place + 1 :]


def many(needle: bytes, size: int = ENOUGH) -> bytes:
    """At least so many bytes of near matches, wrong in each place in turn but the last."""
    each = b"".join(near(needle, place) + WRONG for place in range(SIZE - 1))
    return each * (size // len(each) + 1)


def endings(needle: bytes) -> Iterator[bytes]:
    """What may come behind them, ROOM bytes: parts of the needle, with and without all of it."""
    for cut in range(1, len(needle)):
        head, tail = needle[:cut], needle[cut:]
        for ending in (
            tail + needle,
            head + needle,
            near(needle, 0) + tail + needle[-cut:] + needle,
            near(needle, 0) + WRONG * len(needle) + needle[-cut:],
        ):
            yield ending.ljust(ROOM, b"Q")
