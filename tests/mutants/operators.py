"""The mistakes that a mutant can have: each operator yields replacements of a piece of text."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import re
from collections.abc import Callable, Iterable, Iterator

from tree_sitter import Node

from mutants.parsing import Source, ancestors, function_of, name_of, step_of, walk

BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
NEGATION = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
ARITHMETIC = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "%": "/",
    "<<": ">>",
    ">>": "<<",
    "&": "|",
    "|": "&",
    "^": "&",
    "+=": "-=",
    "-=": "+=",
    "*=": "/=",
    "&=": "|=",
    "|=": "&=",
    "++": "--",
    "--": "++",
    "<<=": ">>=",
    ">>=": "<<=",
}
RELEASES = re.compile(
    r"(?i)decref|clear|xsetref|free|release|unmap|close|unlock|fini|_end|_leave|leave"
)
SIZES = re.compile(
    r"^(?:n|m|nbytes|len|count|size|length|start|stop|end|pos|offset|dest|src|from|to|starts"
    r"|rest|left|newsize|length_of\(self\)|\(size_t\).*|\(Py_ssize_t\).*"
    r"|\w+(?:->|\.)(?:size|pos|len|length|offset))$"
)
# Names that can stand for one another; those of enumerations are found in the sources.
SYSTEM_FLAGS = [
    ["MAP_SHARED", "MAP_PRIVATE"],
    ["PROT_READ", "PROT_WRITE"],
    ["MS_SYNC", "MS_ASYNC"],
    ["SEEK_SET", "SEEK_CUR", "SEEK_END"],
    ["PyBUF_SIMPLE", "PyBUF_WRITABLE", "PyBUF_FULL_RO"],
    ["SIG_DFL", "SIG_IGN"],
    ["METH_NOARGS", "METH_O"],
    ["EINVAL", "EBADF", "EFAULT", "ENOSYS"],
    ["PY_SSIZE_T_MAX", "INT64_MAX", "INT_MAX"],
    ["UCHAR_MAX", "INT_MAX"],
    ["Py_True", "Py_False"],
]
EXCEPTIONS = ["PyExc_ValueError", "PyExc_TypeError", "PyExc_RuntimeError"]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One mistake: bytes [start, end) of a file become ``text``.

    ``id`` holds no line numbers: file, function, operator, the texts, and which of several
    alike.  ``step`` is the line and column of the statement, or None outside functions.
    """

    id: str
    file: str
    function: str
    operator: str
    start: int
    end: int
    text: str
    line: int
    step: tuple[int, int] | None


@dataclasses.dataclass(frozen=True)
class Change:
    """What an operator yields: ``node`` is shown, [start, end) becomes ``text``."""

    node: Node
    start: int
    end: int
    text: str


def whole(node: Node, text: str) -> Change:
    return Change(node, node.start_byte, node.end_byte, text)


def operator_of(node: Node) -> Node | None:
    return node.child_by_field_name("operator")


class Vocabulary:
    """What all sources together declare: groups of names that can stand for one another."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.groups: dict[str, list[str]] = {}
        functions: dict[str, set[str]] = collections.defaultdict(set)
        self.raised: dict[str, str] = {}  # function -> the exception that it raises
        for group in [*SYSTEM_FLAGS, EXCEPTIONS]:
            self.add(group)
        for source in sources:
            for node in walk(source.root):
                if node.type == "enumerator_list":
                    self.add(
                        [
                            source.slice(e.children[0])
                            for e in node.named_children
                            if e.type == "enumerator"
                        ]
                    )
                elif node.type == "function_definition":
                    body = node.child_by_field_name("body")
                    errors = re.findall(r"\b(?:PyExc|raise)_\w+", source.slice(body or node))
                    self.raised[name_of(node)] = errors[0] if errors else ""
                elif node.type == "function_declarator":
                    name, parameters = node.children[0], node.children[-1]
                    if source.slice(name).startswith("raise_"):
                        functions[source.slice(parameters)].add(source.slice(name))
        for names in functions.values():
            self.add(sorted(names))

    def add(self, names: list[str]) -> None:
        for name in names if len(names) > 1 else []:
            self.groups.setdefault(name, names)

    def other(self, name: str) -> str | None:
        """The next name of the same group; of functions, the next that raises something else."""
        group = self.groups.get(name, [])
        at = group.index(name) if group else 0
        following = group[at + 1 :] + group[:at]
        return next((n for n in following if self.error_of(n) != self.error_of(name)), None)

    def error_of(self, name: str) -> str:
        """The exception that a function raises, maybe by way of another; else the name itself."""
        while name in self.raised:
            name = self.raised[name]
        return name


def leaves(node: Node) -> bool:
    """Does a branch end by leaving the function, the loop, or the switch?"""
    if node.type == "compound_statement":
        return bool(node.named_children) and leaves(node.named_children[-1])
    return node.type in (
        "return_statement",
        "goto_statement",
        "break_statement",
        "continue_statement",
    )


def statement_deleted(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """An assignment, a call, an increment, or a return from within a branch is gone."""
    if node.type == "expression_statement" and not RELEASES.search(called(source, node)):
        if node.named_children:
            yield whole(node, ";")
    elif node.type in (
        "return_statement",
        "break_statement",
        "continue_statement",
        "goto_statement",
    ):
        step = node.parent
        if step is not None and step.parent is not None:
            if step.parent.type != "function_definition":
                yield whole(node, ";")


def called(source: Source, node: Node) -> str:
    """The name of the function that an expression statement calls, or nothing."""
    for inner in walk(node):
        if inner.type == "call_expression":
            return source.slice(inner.children[0])
    return ""


def release_dropped(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """A call that gives something back is gone."""
    if node.type == "expression_statement" and RELEASES.search(called(source, node)):
        yield whole(node, ";")


def condition_of(node: Node) -> Node | None:
    condition = node.child_by_field_name("condition")
    if condition is not None and condition.type == "parenthesized_expression":
        return condition.named_children[0] if condition.named_children else None
    return condition


def check_dropped(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """A branch that leaves is never taken."""
    condition = condition_of(node)
    consequence = node.child_by_field_name("consequence")
    if node.type == "if_statement" and condition is not None and consequence is not None:
        if leaves(consequence):
            yield whole(condition, "0")


def condition_forced(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """A condition always holds, or never."""
    condition = condition_of(node)
    if condition is None or condition.type == "number_literal":
        return
    if node.type in ("if_statement", "conditional_expression"):
        yield whole(condition, "1")
        consequence = node.child_by_field_name("consequence")
        if node.type != "if_statement" or not (consequence and leaves(consequence)):
            yield whole(condition, "0")
    elif node.type in ("while_statement", "for_statement"):
        yield whole(condition, "0")


def replace_operator(node: Node, table: dict[str, str]) -> Iterator[Change]:
    sign = operator_of(node)
    if sign is not None and sign.type in table:
        yield Change(node, sign.start_byte, sign.end_byte, table[sign.type])


def relational(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """A comparison is off at its boundary, or the opposite."""
    if node.type == "binary_expression":
        yield from replace_operator(node, BOUNDARY)
        yield from replace_operator(node, NEGATION)


def arithmetic(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """Another arithmetic or bitwise operator."""
    if node.type in ("binary_expression", "assignment_expression", "update_expression"):
        yield from replace_operator(node, ARITHMETIC)
    elif node.type == "unary_expression":
        sign = operator_of(node)
        operand = node.child_by_field_name("argument")
        if sign is not None and operand is not None and operand.type != "number_literal":
            if sign.type in "-~":
                yield Change(node, sign.start_byte, sign.end_byte, "")


def one_operand(node: Node) -> Iterator[Change]:
    """The right operand of a binary expression alone, then the left one."""
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    assert left is not None
    assert right is not None
    yield Change(node, node.start_byte, right.start_byte, "")
    yield Change(node, left.end_byte, node.end_byte, "")


def logical(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """The other logical operator, one operand alone, or no negation."""
    sign = operator_of(node)
    if sign is None:
        return
    if node.type == "binary_expression" and sign.type in ("&&", "||"):
        yield Change(node, sign.start_byte, sign.end_byte, "||" if sign.type == "&&" else "&&")
        yield from one_operand(node)
    elif node.type == "unary_expression" and sign.type == "!":
        yield Change(node, sign.start_byte, sign.end_byte, "!!")


def in_type(node: Node) -> bool:
    """Is it part of a declaration of an array, an enumeration or a structure?"""
    return any(
        up.type in ("array_declarator", "enumerator", "bitfield_clause") for up in ancestors(node)
    )


def constant(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """Another number, character or truth value."""
    if in_type(node):
        return
    text = source.slice(node)
    if node.type == "number_literal" and re.fullmatch(r"\d+", text):
        yield whole(node, str(int(text) + 1))
        if text not in "01":
            yield whole(node, str(int(text) - 1))
        if text == "1":
            yield whole(node, "0")
    elif node.type == "char_literal":
        yield whole(node, f"({text} + 1)")
    elif node.type in ("true", "false"):
        yield whole(node, "false" if text == "true" else "true")


def off_by_one(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """A size or an index that is handed on is one too many or too few."""
    if node.type == "argument_list":
        found = [child for child in node.named_children if SIZES.match(source.slice(child))]
    elif node.type == "subscript_expression":
        index = node.child_by_field_name("index")
        found = [index] if index is not None and index.type != "number_literal" else []
    elif node.type in ("assignment_expression", "init_declarator"):
        value = node.child_by_field_name("right") or node.child_by_field_name("value")
        signs = operator_of(node)
        plain = value is not None and (signs is None or signs.type == "=")
        found = [value] if plain and value and SIZES.match(source.slice(value)) else []
    else:
        return
    for child in found:
        text = source.text[child.start_byte : child.end_byte].decode()
        yield whole(child, f"{text} + 1")
        yield whole(child, f"{text} - 1")


def names(source: Source, node: Node, words: Vocabulary, wanted: bool) -> Iterator[Change]:
    if node.type != "identifier" or (node.parent and node.parent.type == "enumerator"):
        return
    text = source.slice(node)
    error = text.startswith(("PyExc_", "raise_"))
    other = words.other(text)
    if error != wanted or other is None:
        return
    if node.parent and node.parent.type in ("function_declarator", "subscript_designator"):
        return
    yield whole(node, other)


def exception_type(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """Another exception is raised."""
    yield from names(source, node, words, True)
    if source.slice(node).startswith("PyExc_") and words.other(source.slice(node)) is None:
        if node.type == "identifier":
            yield whole(node, "PyExc_RuntimeError")


def flag(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """Another flag, or one flag fewer."""
    yield from names(source, node, words, False)
    sign = operator_of(node)
    if node.type == "binary_expression" and sign is not None and sign.type == "|":
        yield from one_operand(node)


def argument_order(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """Two neighbouring arguments change places."""
    if node.type != "argument_list":
        return
    arguments = [child for child in node.named_children if child.type != "comment"]
    for left, right in itertools.pairwise(arguments):
        texts = [source.text[a.start_byte : a.end_byte].decode() for a in (left, right)]
        if texts[0] != texts[1] and not all(a.type == "string_literal" for a in (left, right)):
            between = source.text[left.end_byte : right.start_byte].decode()
            text = texts[1] + between + texts[0]
            yield Change(node, left.start_byte, right.end_byte, text)


def initializer_dropped(source: Source, node: Node, words: Vocabulary) -> Iterator[Change]:
    """A row of a table, or a field of a structure, is not there."""
    if node.parent is None or node.parent.type != "initializer_list":
        return
    plain = node.type in ("number_literal", "identifier", "comment", "string_literal")
    if not node.is_named or plain or node.type.startswith("preproc"):
        return
    following = node.next_sibling
    if following is not None and following.type == ",":
        if (
            function_of(node) is not None
            or node.type != "initializer_pair"
            or node.type == "initializer_pair"
        ):
            yield Change(node, node.start_byte, following.end_byte, "")


Operator = Callable[[Source, Node, Vocabulary], Iterator[Change]]
OPERATORS: dict[str, Operator] = {
    function.__name__.replace("_", "-"): function
    for function in (
        statement_deleted,
        release_dropped,
        check_dropped,
        condition_forced,
        relational,
        arithmetic,
        logical,
        constant,
        off_by_one,
        exception_type,
        flag,
        argument_order,
        initializer_dropped,
    )
}
SHOWN = 90  # characters of a text in an id


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def mutants_of(source: Source, words: Vocabulary) -> list[Mutant]:
    """All mutants of one file, in the order of its text."""
    found: list[Mutant] = []
    seen: set[tuple[int, int, str]] = set()
    alike: collections.Counter[str] = collections.Counter()
    for node in walk(source.root):
        if node.has_error and node.type == "ERROR":
            continue
        for name, operator in OPERATORS.items():
            for change in operator(source, node, words):
                spot = (change.start, change.end, change.text)
                if spot not in seen:
                    seen.add(spot)
                    found.append(mutant_of(source, name, change, alike))
    return found


def mutant_of(
    source: Source, operator: str, change: Change, alike: collections.Counter[str]
) -> Mutant:
    node = change.node
    function = function_of(node)
    where = name_of(function) if function is not None else "-"
    before = source.text[node.start_byte : node.end_byte].decode()
    head = source.text[node.start_byte : change.start].decode()
    tail = source.text[change.end : node.end_byte].decode()
    after = head + change.text + tail
    key = f"{source.name}:{where}:{operator}: {short(before)} -> {short(after)}"
    alike[key] += 1
    step = step_of(node)
    return Mutant(
        id=key if alike[key] == 1 else f"{key} #{alike[key]}",
        file=source.name,
        function=where,
        operator=operator,
        start=change.start,
        end=change.end,
        text=change.text,
        line=source.text.count(b"\n", 0, change.start) + 1,
        step=None if step is None else (step.start_point[0], step.start_point[1]),
    )
