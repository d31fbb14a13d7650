"""An example's operations as a stand-alone program.

The journal is kept by ``candidate.py``: one ``Step`` an operation.  The result
imports ``mmap`` and nothing of ours, makes its files in a temporary folder, and
prints what each operation gave.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

ACCESS = {0: "ACCESS_DEFAULT", 1: "ACCESS_READ", 2: "ACCESS_WRITE", 3: "ACCESS_COPY"}
PATTERN = '''def pattern(size):
    """Bytes that repeat nowhere near a page size."""
    return bytes((i * 167 + (i >> 8) * 13 + (i >> 16)) & 255 for i in range(size))
'''
PLAIN = (int, bytes, str, bool, type(None))
LONG = 120  # characters of a literal that is still readable
MANY = 8  # runs of equal bytes in one


@functools.lru_cache(maxsize=64)
def pattern(size: int) -> bytes:
    """``size`` bytes that are not uniform and repeat at no page size: those of PATTERN."""
    blocks = range((size + 255) // 256)
    return b"".join(block(13 * number + (number >> 8) & 255) for number in blocks)[:size]


@functools.cache
def block(first: int) -> bytes:
    """256 bytes of the pattern: of those with equal numbers there is one for each first byte."""
    return bytes((first + i * 167) & 255 for i in range(256))


Code = str | Callable[[], str]  # an operation's source text, or what makes it


def text_of(code: Code) -> str:
    """An operation's source text."""
    return code if isinstance(code, str) else code()


def lazily(make: Callable[..., str], *values: Any) -> Code:
    """``make(*values)``, later if the values are plain; at once if not.

    A journal that held on to remotes would keep the candidate's objects alive.
    """
    if all(type(value) in PLAIN for value in values):
        return functools.partial(make, *values)
    return make(*values)


@dataclasses.dataclass
class Step:
    """One operation: its code, the name its result gets, what came of it."""

    code_: Code  # a function where the text is costly and seldom wanted
    name: str | None = None
    value: Any = None
    raised: str | None = None
    expected: str | None = None
    statement: bool = False  # the code prints nothing by itself
    died: str | None = None

    @property
    def code(self) -> str:
        return text_of(self.code_)


def render(value: Any) -> str:
    """Source code for a value that an operation takes."""
    code = getattr(value, "_code", None)
    if isinstance(code, str):
        return code
    if isinstance(value, (bytes, bytearray)):
        text = literal(bytes(value))
        return text if isinstance(value, bytes) else f"bytearray({text})"
    if isinstance(value, tuple):
        return "(" + "".join(render(item) + ", " for item in value).strip() + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(render, value)) + "]"
    if isinstance(value, slice):
        return f"slice({render(value.start)}, {render(value.stop)}, {render(value.step)})"
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return f"float({str(value)!r})"
    return repr(value)


def literal(data: bytes) -> str:
    """Bytes as code: a literal, a run length, a pattern, or hexadecimal digits."""
    text = repr(data)
    if len(text) <= LONG:
        return text
    if data[:LONG] == pattern(LONG)[: len(data)] and data == pattern(len(data)):
        return f"pattern({len(data)})"
    first = list(itertools.islice(runs(data), MANY + 1))
    if len(first) <= MANY:
        return " + ".join(
            f"{byte!r} * {count}" if count > 1 else repr(byte) for byte, count in first
        )
    return f"bytes.fromhex({data.hex()!r})"


def runs(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The runs of equal bytes in some data: the byte, how often it follows itself."""
    while data:
        rest = data.lstrip(data[:1])
        yield data[:1], len(data) - len(rest)
        data = rest


def arguments(args: Iterable[Any], kwargs: dict[str, Any]) -> str:
    """The text between the brackets of a call."""
    parts = [render(arg) for arg in args]
    for key, value in kwargs.items():
        known = key == "access" and type(value) is int and value in ACCESS
        parts.append(f"{key}=" + (f"mmap.{ACCESS[value]}" if known else render(value)))
    return ", ".join(parts)


def subscript(key: Any) -> str:
    """The text between square brackets."""
    if not isinstance(key, slice):
        return render(key)
    parts = ["" if part is None else render(part) for part in (key.start, key.stop)]
    if key.step is not None:
        parts.append(render(key.step))
    return ":".join(parts)


def short(value: Any, limit: int = 70) -> str:
    """A value on one line, for a comment."""
    text = render(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def standalone(steps: list[Step], headline: str, module: str) -> str:
    """The program: headline as its docstring, then the steps."""
    counted = {step.code.removesuffix(".calls") for step in steps if step.code.endswith(".calls")}
    body = "\n".join(
        line
        for step in steps
        for line in lines_of(counting(step) if step.name in counted else step)
    )
    imports = ["os", "tempfile"] + (["array"] if "array." in body else [])
    text = headline.replace("\\", "\\\\").replace('"', "'")
    head = [f'"""{text}"""']
    head += [f"import {name}" for name in sorted(imports)]
    head.append("import mmap" if module == "mmap" else f"import {module} as mmap")
    head.append("")
    if "pattern(" in body:
        head += ["", PATTERN, ""]
    head.append("os.chdir(tempfile.mkdtemp())")
    return "\n".join(head) + "\n" + body + "\n"


def counting(step: Step) -> Step:
    """The making of a hostile object, with a count of its calls."""
    head, _, body = step.code.partition("(self, *args):\n")
    kind, _, slot = head.rpartition("\n")
    code = f"{kind}\n    calls = 0\n{slot}(self, *args):\n        self.calls += 1\n{body}"
    return dataclasses.replace(step, code_=code)


def lines_of(step: Step) -> list[str]:
    """One step as lines of code, its outcome as a comment."""
    code = step.code.split("\n")
    if step.died is not None:
        return [*code[:-1], f"{code[-1]}  # {step.died}"]
    if step.raised is not None:
        expected = "" if step.expected in (None, "an exception") else f"; expected: {step.expected}"
        indented = ["    " + line for line in code]
        return [
            "try:",
            *indented,
            f"except Exception as error:  # got {step.raised}{expected}",
            "    print(type(error).__name__, error)",
        ]
    if step.name is not None:
        return [*code[:-1], f"{step.name} = {code[-1]}"]
    if step.statement:
        return code
    expected = f", expected: {step.expected}" if step.expected else ""
    return [*code[:-1], f"print({code[-1]})  # {short(step.value)}{expected}"]
