"""Check what the built distributions own: `python tests/check_wheels.py FOLDER`.

Each wheel has exactly one top-level import name; the suite's wheel carries the
catalogue, the battery, the descriptors of impls/, the schemas, and what pages are made of.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

OWNED = {"mmap_spec": "mmap_spec", "mmap_reference": "mmap_reference"}
ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "spec_tests" / "mmap_spec"


def travelling() -> set[str]:
    """The data and test files that the suite's wheel must hold."""
    files = [*SOURCE.glob("clauses/*.toml"), *SOURCE.glob("schemas/*.json")]
    files += [*SOURCE.glob("battery/*.py"), *SOURCE.glob("battery/*.ini")]
    files += [*SOURCE.glob("report/templates/*"), *SOURCE.glob("report/static/*")]
    names = {f"mmap_spec/{path.relative_to(SOURCE).as_posix()}" for path in files}
    data = (ROOT / "impls").rglob("*.toml")
    return names | {
        f"mmap_spec/impls/{path.relative_to(ROOT / 'impls').as_posix()}" for path in data
    }


def check(wheel: Path) -> list[str]:
    """What is wrong with one wheel."""
    names = set(zipfile.ZipFile(wheel).namelist())
    distribution = wheel.name.partition("-")[0]
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    wrong = []
    if tops != {OWNED[distribution]}:
        wrong.append(f"{wheel.name}: owns {sorted(tops)}, not only {OWNED[distribution]}")
    if distribution == "mmap_spec":
        wrong += [f"{wheel.name}: lacks {name}" for name in sorted(travelling() - names)]
    return wrong


def main(folder: Path) -> int:
    wheels = sorted(folder.glob("*.whl"))
    found = {wheel.name.partition("-")[0] for wheel in wheels}
    wrong = [f"{folder}: no wheel of {name}" for name in sorted(set(OWNED) - found)]
    wrong += [line for wheel in wheels for line in check(wheel)]
    print("\n".join(wrong) or f"{len(wheels)} wheels are as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
