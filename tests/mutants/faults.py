"""Faults to plant, one at a time, as JSON: `python tests/mutants/faults.py callback/operation.py`.

Those of Python are what mutmut changes; it looks into functions alone, this also into the tables
above them. What a person reads in the log is left as it is: which words it has matters to nobody's
money. Those of SQL: a condition dropped, a comparison turned, a value or a column left out. It runs
with the libraries of requirements-mutants.txt, not with ours.
"""

from __future__ import annotations

import ast
import json
import sys
from difflib import SequenceMatcher
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import libcst
import sqlglot
from libcst import matchers
from libcst.metadata import (
    MetadataWrapper,
    ParentNodeProvider,
    WhitespaceInclusivePositionProvider,
)
from mutmut.mutation.file_mutation import NEVER_MUTATE_FUNCTION_NAMES, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGED = matchers.Call(
    func=matchers.Attribute(
        value=matchers.Name("log"), attr=matchers.Name("warning") | matchers.Name("unexpected")
    )
)
FOR_TYPES = matchers.If(test=matchers.Name("TYPE_CHECKING"))
TEXTS = (libcst.SimpleString, libcst.FormattedString, libcst.ConcatenatedString)
BILLS = "bills_of_all"


def main() -> None:
    """Write the mutants of the files on the command line."""
    mutants = [
        mutant
        for name in sys.argv[1:]
        for mutant in (of_sql if name.endswith(".sql") else of_python)(name)
    ]
    json.dump(mutants, sys.stdout, ensure_ascii=False)


def of_python(name: str) -> Iterator[dict[str, Any]]:
    """Yield the mutants of a module; none twice, and none that means the same."""
    text = Path(name).read_text(encoding="utf-8")
    wrapper = MetadataWrapper(libcst.parse_module(text))
    parents = wrapper.resolve(ParentNodeProvider)
    places = wrapper.resolve(WhitespaceInclusivePositionProvider)
    visitor = Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    starts = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    known = {_meaning(text)}
    for mutation in visitor.mutations:
        old, new = mutation.original_node, mutation.mutated_node
        if _is_for_people(old, new, parents) or _is_same_pattern(old, new, parents):
            continue
        place = places[old]
        first = starts[place.start.line - 1] + place.start.column
        last = starts[place.end.line - 1] + place.end.column
        code = text[:first] + wrapper.module.code_for_node(new) + text[last:]
        try:
            meaning = _meaning(code)
        except SyntaxError:
            continue
        if meaning not in known:
            known.add(meaning)
            yield _mutant(name, text, code)


class Visitor(MutationVisitor):
    """Looks into decorated functions as well: mutmut cannot replace them as it replaces others."""

    def _skip_node_and_children(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.FunctionDef):
            return node.name.value in NEVER_MUTATE_FUNCTION_NAMES
        return bool(super()._skip_node_and_children(node))


def _meaning(code: str) -> str:
    return ast.dump(ast.parse(code))


def _is_for_people(old: libcst.CSTNode, new: libcst.CSTNode, parents: Any) -> bool:
    """Whether only a text of the log or a docstring changes, or what mypy alone reads."""
    changed = [old]
    if isinstance(old, libcst.Call) and isinstance(new, libcst.Call):
        kept = {id(arg.value) for arg in new.args}
        changed = [arg.value for arg in old.args if id(arg.value) not in kept] or changed
    is_text = all(isinstance(node, TEXTS) for node in changed)
    node = old
    while True:
        if matchers.matches(node, FOR_TYPES) or (
            is_text and (isinstance(node, libcst.Raise | libcst.Expr) and _says(node))
        ):
            return True
        if node not in parents:
            return False
        node = parents[node]


def _is_same_pattern(old: libcst.CSTNode, new: libcst.CSTNode, parents: Any) -> bool:
    """Whether only the letters' case changes of a pattern that looks at none."""
    if not isinstance(old, libcst.SimpleString) or not isinstance(new, libcst.SimpleString):
        return False
    node = parents[old]
    while isinstance(node, libcst.ConcatenatedString | libcst.BinaryOperation | libcst.Arg):
        node = parents[node]
    without_case = matchers.Arg(matchers.Attribute(attr=matchers.Name("IGNORECASE")))
    return (
        isinstance(node, libcst.Call)
        and any(matchers.matches(arg, without_case) for arg in node.args)
        and old.value.lower() == new.value.lower()
    )


def _says(node: libcst.CSTNode) -> bool:
    if isinstance(node, libcst.Raise):
        return True
    return isinstance(node, libcst.Expr) and (
        isinstance(node.value, TEXTS) or matchers.matches(node.value, LOGGED)
    )


def _mutant(name: str, text: str, code: str) -> dict[str, Any]:
    old, new = text.splitlines(), code.splitlines()
    first = next(n for n, (one, two) in enumerate(zip(old, new, strict=False)) if one != two)
    shortest = min(len(old), len(new)) - first
    same = next((n for n in range(shortest) if old[-1 - n] != new[-1 - n]), shortest)
    last = max(len(old) - same, first + 1)
    return {
        "file": name,
        "line": first + 1,
        "lines": list(range(first + 1, last + 1)),
        "was": _joined(old[first:last]),
        "becomes": _joined(new[first : len(new) - same]),
        "code": code,
    }


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


def of_sql(name: str) -> Iterator[dict[str, Any]]:
    """Yield the mutants of a statement."""
    text = Path(name).read_text(encoding="utf-8").replace("{bills}", f"SELECT {BILLS}")
    statement = sqlglot.parse_one(text, dialect="mysql")
    original = _written(statement)
    known = {original}
    for place in range(len(list(statement.walk()))):
        for number in range(9):
            copy = statement.copy()
            node = list(copy.walk())[place]
            faults = list(_faults(node))
            if number >= len(faults):
                break
            old = node.sql(dialect="mysql", comments=False)
            what = faults[number]
            if not what(node):
                continue
            code = _written(copy)
            if code not in known:
                known.add(code)
                yield {
                    "file": name,
                    "line": 1,
                    "lines": [],
                    "was": old,
                    "becomes": _difference(original, code),
                    "code": code,
                }


def _written(statement: exp.Expression) -> str:
    text: str = statement.sql(dialect="mysql", comments=False)
    return text.replace(f"SELECT {BILLS}", "{bills}") + "\n"


def _difference(old: str, new: str) -> str:
    old_words, new_words = old.split(), new.split()
    blocks = SequenceMatcher(None, old_words, new_words, autojunk=False).get_opcodes()
    changes = [block for block in blocks if block[0] != "equal"]
    return " … ".join(
        f"[{' '.join(old_words[one:two])}] -> [{' '.join(new_words[three:four])}]"
        for _, one, two, three, four in changes
    )


TURNED = {
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LT),
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GT),
}
# Where a number is one of digits.
PRECISE = (exp.DataTypeParam, exp.UtcTimestamp)
# What a condition is a part of.
WHOLES = (exp.Where, exp.And, exp.Or, exp.Join, exp.Paren, exp.Not, exp.If, exp.Having)


def _faults(node: exp.Expression) -> Iterator[Any]:  # noqa: PLR0912
    """The changes that can be made at a node, each a function that says whether it has made one."""
    parent = node.parent
    is_condition = isinstance(node, exp.Predicate | exp.Not) or (
        isinstance(node, exp.Paren) and isinstance(node.this, exp.And | exp.Or)
    )
    if is_condition and isinstance(parent, WHOLES):
        for truth in ("TRUE", "FALSE"):
            yield lambda node, truth=truth: node.replace(sqlglot.parse_one(TRUTHS[truth]))
    is_set = isinstance(parent, exp.Update)
    for turned in () if is_set else TURNED.get(type(node), ()):
        yield lambda node, turned=turned: node.replace(
            turned(this=node.this.copy(), expression=node.expression.copy())
        )
    if isinstance(node, exp.Is | exp.In | exp.Between | exp.Exists):
        yield lambda node: node.replace(exp.Not(this=node.copy()))
    if isinstance(node, exp.And | exp.Or):
        other = exp.Or if isinstance(node, exp.And) else exp.And
        yield lambda node: node.replace(
            exp.Paren(this=other(this=node.this.copy(), expression=node.expression.copy()))
        )
    if isinstance(node, exp.Neg):
        yield lambda node: node.replace(node.this.copy())
    if isinstance(node, exp.Cast):
        yield lambda node: node.replace(node.this.copy())
    if isinstance(node, exp.Coalesce):
        yield lambda node: node.replace(node.this.copy())
        for rest in range(len(node.expressions)):
            yield lambda node, rest=rest: node.replace(node.expressions[rest].copy())
    if isinstance(node, exp.Max):
        yield lambda node: node.replace(exp.Min(this=node.this.copy()))
    if isinstance(node, exp.Literal) and not isinstance(parent, PRECISE):
        yield lambda node: node.replace(
            exp.Literal.string(f"{node.this}X")
            if node.is_string
            else exp.Literal.number(f"{int(float(node.this)) + 1}")
        )
    if isinstance(node, exp.Placeholder) and not isinstance(
        parent, exp.Limit | exp.Offset | exp.In
    ):
        yield lambda node: node.replace(exp.Null())
    if isinstance(node, exp.EQ) and is_set:
        yield lambda node: len(parent_of(node).expressions) > 1 and (node.pop() or True)
    if isinstance(node, exp.Insert):
        for place in range(len(node.this.expressions)):
            yield lambda node, place=place: _without_column(node, place)
    if _is_selected(node):
        yield lambda node: node.replace(exp.alias_(exp.Null(), node.alias_or_name, quoted=False))
    if isinstance(node, exp.Ordered) and isinstance(parent, exp.Order):
        yield _without_order
        yield lambda node: node.set("desc", not node.args.get("desc")) or True
    if isinstance(node, exp.Lock):
        yield lambda node: node.pop() or True
    if isinstance(node, exp.Join):
        yield lambda node: node.set("side", "" if node.side else "LEFT") or True
    if isinstance(node, exp.Union):
        yield lambda node: node.set("distinct", not node.args.get("distinct")) or True


TRUTHS = {"TRUE": "1 = 1", "FALSE": "1 = 0"}


def _is_selected(node: exp.Expression) -> bool:
    return (
        isinstance(node, exp.Column | exp.Alias | exp.Subquery)
        and isinstance(node.parent, exp.Select)
        and node.arg_key == "expressions"
        and not isinstance(node.parent.parent, exp.Exists)
    )


def parent_of(node: exp.Expression) -> exp.Expression:
    """What it is a part of."""
    assert node.parent is not None
    return node.parent


def _without_column(insert: exp.Expression, place: int) -> bool:
    insert.this.expressions[place].pop()
    source = insert.expression
    row = source.expressions[0] if isinstance(source, exp.Values) else source
    row.expressions[place].pop()
    return True


def _without_order(ordered: exp.Expression) -> bool:
    order = parent_of(ordered)
    if len(order.expressions) > 1:
        ordered.pop()
    else:
        order.pop()
    return True


if __name__ == "__main__":
    main()
