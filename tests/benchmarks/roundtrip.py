"""What a round trip to a worker costs.

`python tests/benchmarks/roundtrip.py [IMPL[@INTERPRETER] ...]`

Prints, for each candidate, the median and the 90th percentile in microseconds
of a bare protocol exchange, and of operations as tests do them (journal and
decoding included).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from mmap_spec import launcher
from mmap_spec.candidate import Candidate

REPEATS = 5000


def measure(operation: Callable[[], object]) -> tuple[float, float]:
    """Median and 90th percentile of one operation, in microseconds."""
    for _ in range(REPEATS // 10):
        operation()
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter_ns()
        operation()
        times.append((time.perf_counter_ns() - begun) / 1000)
    return statistics.median(times), statistics.quantiles(times, n=10)[-1]


def operations(candidate: Candidate) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    mapping = candidate.anonymous(b"needle in a haystack")
    link = candidate.session.link
    assert link is not None
    message = {"id": 0, "op": "call", "on": mapping.wire(), "name": "tell"}
    return {
        "protocol exchange": lambda: link.request(message),
        "m.tell()": mapping.tell,
        "m.find(b'hay', 2)": lambda: mapping.find(b"hay", 2),
        "m[3:9]": lambda: mapping[3:9],
    }


def main(specs: list[str]) -> None:
    core = launcher.share_core(0)
    for text in specs or ["stdlib"]:
        candidate = launcher.start(launcher.parse(text), core=core, say=print)
        try:
            candidate.reset()
            print(f"{text}: {candidate.profile.describe()}")
            for name, operation in operations(candidate).items():
                median, tail = measure(operation)
                candidate.session.journal.clear()
                print(f"  {name:20} median {median:6.1f} µs   90% {tail:6.1f} µs")
        finally:
            candidate.close()


if __name__ == "__main__":
    main(sys.argv[1:])
