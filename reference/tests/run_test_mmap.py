"""Run CPython's own test_mmap, of the running interpreter, on the reference.

    python run_test_mmap.py

The test package of the standard library must be installed.  Nothing is
copied from it: the reference takes the place of ``mmap`` in ``sys.modules``
before ``test.test_mmap`` is imported.  Exit status: 0 if exactly the tests
named in ``DIFFERENT`` fail, 1 otherwise, 3 if there is no test package.
"""

import re
import sys
import unittest

import mmap_reference

# Tests that must fail: (name, first and last version where it does, reason).
# Apart from the name, the reference follows CPython 3.15 on every version.
NAME = "the class is called mmap_reference.mmap, the test wants mmap.mmap"
ITEM_ORDER = (
    "m[len(m)] = b'\\0' is a TypeError for the value, no longer an IndexError "
    "(gh-157335; 3.13.16, 3.14.8, 3.15)"
)
TRACKFD_SIZE = "size() with trackfd=False is a ValueError, no longer an OSError (3.15)"
DIFFERENT = [
    ("test_repr", (3, 9, 0), (3, 99, 0), NAME),
    ("test_basic", (3, 9, 0), (3, 13, 15), ITEM_ORDER),
    ("test_basic", (3, 14, 0), (3, 14, 7), ITEM_ORDER),
    ("test_trackfd_neg1", (3, 13, 0), (3, 14, 99), TRACKFD_SIZE),
    ("test_trackfd_parameter", (3, 13, 0), (3, 14, 99), TRACKFD_SIZE),
]


def expected_failures():
    """The tests that must fail on this version of Python, with the reason."""
    version = sys.version_info[:3]
    return {name: reason for name, first, last, reason in DIFFERENT if first <= version <= last}


class Result(unittest.TextTestResult):
    """Remembers which tests failed, subtests included."""

    def failed_names(self):
        """Names of the failed methods, without class and module."""
        broken = [test for test, _ in self.failures + self.errors]
        return {re.match(r"\w+", str(test)).group() for test in broken}


def main():
    """Run the tests and compare the failures with the table."""
    sys.modules["mmap"] = mmap_reference
    try:
        from test import test_mmap
    except ImportError as error:
        print(f"cannot import test.test_mmap: {error}")
        return 3
    suite = unittest.defaultTestLoader.loadTestsFromModule(test_mmap)
    result = unittest.TextTestRunner(resultclass=Result, verbosity=1).run(suite)
    failed = result.failed_names()
    expected = expected_failures()
    for name in sorted(failed - set(expected)):
        print(f"failed: {name}")
    for name in sorted(set(expected) - failed):
        print(f"passed, but is listed as different: {name}")
    for name in sorted(failed & set(expected)):
        print(f"differs, as it must: {name}: {expected[name]}")
    return 0 if failed == set(expected) and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
