"""The table of constants against the C header."""

import mmap as stdlib
import os
import re
import shlex
import subprocess

import mmap_reference

PROGRAM = """
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
int main(void)
{
%s
    return 0;
}
"""
ROW = '#ifdef {0}\n    printf("{0} %ld\\n", (long){0});\n#endif'


def table(sources):
    """The names that constants.c has rows for."""
    text = (sources / "constants.c").read_text()
    return set(re.findall(r"^    ROW\((\w+)\),$", text, re.M))


def header(names, folder):
    """What the C header says of these names."""
    source = folder / "constants.c"
    source.write_text(PROGRAM % "\n".join(ROW.format(name) for name in names))
    program = folder / "constants"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, str(source), "-o", str(program)], check=True)
    lines = subprocess.check_output([program], text=True).splitlines()
    return {name: int(value) for name, value in map(str.split, lines)}


def constants():
    """The module's constants that come from the C header."""
    return {
        name: value
        for name, value in vars(mmap_reference).items()
        if name.startswith(("PROT_", "MAP_", "MADV_", "MS_"))
    }


def test_values_are_those_of_the_header(sources, tmp_path):
    """Each name of the table is there with its value if the header has it."""
    names = sorted(name for name in table(sources) if not name.startswith("ACCESS_"))
    assert len(names) > 40
    assert constants() == header(names, tmp_path)


def test_each_row_is_guarded_by_its_own_name(sources):
    """A row and the #ifdef above it speak of the same constant."""
    text = (sources / "constants.c").read_text()
    rows = re.findall(r"#ifdef (\w+)\n    ROW\((\w+)\),\n#endif", text)
    assert rows
    assert all(guard == row for guard, row in rows)
    assert {row for _, row in rows} == table(sources) - {
        "ACCESS_DEFAULT",
        "ACCESS_READ",
        "ACCESS_WRITE",
        "ACCESS_COPY",
    }


def test_sizes_and_access(page):
    """What does not come from sys/mman.h."""
    sizes = mmap_reference.PAGESIZE, mmap_reference.ALLOCATIONGRANULARITY
    assert sizes == (page, page)
    assert [
        mmap_reference.ACCESS_DEFAULT,
        mmap_reference.ACCESS_READ,
        mmap_reference.ACCESS_WRITE,
        mmap_reference.ACCESS_COPY,
    ] == [0, 1, 2, 3]


def test_none_of_the_interpreter_is_missing():
    """What the standard module of this Python has is there, and the same."""
    theirs = {name: value for name, value in vars(stdlib).items() if name.isupper()}
    assert len(theirs) > 30
    assert {name: getattr(mmap_reference, name, None) for name in theirs} == theirs
