"""C sources as trees: functions, and the statements in them.  Knows nothing of mutants."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_c
from tree_sitter import Language, Node, Parser

# Macros that are no C by themselves: whole statements without a semicolon, and attributes.
# Blanks of the same length take their place for the parser.
HIDING = re.compile(
    rb"\b(?:Py_(?:BEGIN|END)_ALLOW_THREADS|Py_(?:BEGIN|END)_CRITICAL_SECTION\(\w*\)"
    rb"|Py_UNUSED\((?=\w+\))|VEC_INLINE|VEC_TARGET|GUARD_THREAD_LOCAL"
    rb"|LEVEL\(\d\)|_Py_COMP_DIAG_\w+|__asm__ volatile\([^;]*\);)"
)
# A table at the top level, in which the parser wants no conditional lines.
TABLE = re.compile(rb"^[^\n]*\[\w*\] = \{\n.*?^\};", re.DOTALL | re.MULTILINE)
DIRECTIVE = re.compile(rb"^#.*$", re.MULTILINE)


@functools.cache
def parser() -> Parser:
    return Parser(Language(tree_sitter_c.language()))


def readable(text: bytes) -> bytes:
    """The text without what hides the structure from the parser; all offsets stay."""

    def blank(match: re.Match[bytes]) -> bytes:
        word = match.group()
        if word.startswith(b"Py_UNUSED"):
            return b" " * len(word)
        end = b";" if word.startswith((b"Py_BEGIN", b"Py_END")) else b" "
        return b" " * (len(word) - 1) + end

    text = HIDING.sub(blank, text)
    text = TABLE.sub(lambda t: DIRECTIVE.sub(lambda d: b" " * len(d.group()), t.group()), text)
    # The closing parenthesis of Py_UNUSED(name).
    return re.sub(rb"( {10}\w+)\)(?=[,)])", rb"\1 ", text)


@dataclasses.dataclass(frozen=True)
class Source:
    """A C file: ``text`` is what it says, ``root`` its tree over the same offsets."""

    path: Path
    text: bytes
    root: Node

    @property
    def name(self) -> str:
        return self.path.name

    def slice(self, node: Node) -> str:
        """The text of a node, with each run of white space as one blank."""
        return " ".join(self.text[node.start_byte : node.end_byte].decode().split())


def parse(path: Path) -> Source:
    text = path.read_bytes()
    return Source(path, text, parser().parse(readable(text)).root_node)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes above, nearest first."""
    while node.parent is not None:
        node = node.parent
        yield node


def function_of(node: Node) -> Node | None:
    """The definition of the function that a node is in."""
    return next((up for up in ancestors(node) if up.type == "function_definition"), None)


def name_of(function: Node) -> str:
    """The name that a function's definition defines."""
    declarator = function.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "identifier":
        inner = declarator.child_by_field_name("declarator")
        declarator = inner or next((c for c in declarator.children if c.is_named), None)
    return declarator.text.decode() if declarator is not None and declarator.text else "?"


def is_step(node: Node) -> bool:
    """Is it a statement or declaration that runs by itself, one after the other?"""
    inside = node.parent is not None and node.parent.type in (
        "compound_statement",
        "case_statement",
        "labeled_statement",
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
    )
    return (
        inside
        and (node.type.endswith("_statement") or node.type == "declaration")
        and node.type not in ("case_statement", "labeled_statement")  # one jumps behind those
        and node.end_byte - node.start_byte > 1  # a macro that was blanked is an empty statement
        and function_of(node) is not None
    )


def step_of(node: Node) -> Node | None:
    """The innermost such statement that a node is, or is part of."""
    return next((up for up in (node, *ancestors(node)) if is_step(up)), None)
