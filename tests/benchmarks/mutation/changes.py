"""The ways in which a module is made wrong: each changes one place of its syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff
from pathlib import Path
from typing import Any

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.RShift: ast.LShift,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
"""Operators, and what stands in their place."""

TYPES = {"annotation", "returns", "format_spec"}
"""Fields of a tree that nothing is computed from, and how a number is written."""

Function = ast.FunctionDef | ast.Lambda


@dataclass(frozen=True)
class Place:
    """Where a node hangs in the tree."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: object) -> object:
        """Put another node there, or with None take an element out of a list, and return what was there."""
        if self.index is None:
            there = getattr(self.parent, self.field)
            setattr(self.parent, self.field, node)
            return there
        whole = getattr(self.parent, self.field)
        setattr(self.parent, self.field, whole[: self.index] + ([] if node is None else [node]) + whole[self.index + 1 :])
        return whole

    def restore(self, there: object) -> None:
        """Undo `put`."""
        setattr(self.parent, self.field, there)


@dataclass(frozen=True)
class Mutant:
    """A module with one thing in it changed."""

    path: Path
    number: int
    """Of the module's."""

    tree: ast.Module
    statement: ast.stmt
    function: int | None
    """The first line of the innermost function that it is in; None at the level of the module or a class."""

    kind: str
    place: Place
    new: object

    @property
    def line(self) -> int:
        """Where it is."""
        return (self.place.parent if isinstance(self.place.parent, ast.expr) else self.statement).lineno

    @property
    def source(self) -> str:
        """The whole module, changed."""
        return self._changed(self.tree)

    @property
    def difference(self) -> list[str]:
        """The lines of the statement that are not as they were, before and after."""
        lines = ndiff(ast.unparse(self.statement).splitlines(), self._changed(self.statement).splitlines())
        return [line.rstrip() for line in lines if line[0] in "-+"]

    def _changed(self, node: ast.AST) -> str:
        if node is self.statement and isinstance(self.new, ast.Pass):
            return "pass"  # in its place, which is outside of it
        there = self.place.put(self.new)
        try:
            return ast.unparse(ast.fix_missing_locations(node))
        finally:
            self.place.restore(there)


def mutants_of(path: Path) -> list[Mutant]:
    """List all mutants of a module, in the order of its text."""
    tree = ast.parse(path.read_text("utf-8"))
    found = (
        (statement, None if function is None else _first_line(function), *change)
        for place, node, statement, function in _places(tree, None, None)
        for change in _changes(place, node, is_inner=function is not None)
    )
    return [Mutant(path, number, tree, *one) for number, one in enumerate(found)]


def _places(
    parent: ast.AST, statement: ast.stmt | None, function: ast.FunctionDef | None
) -> Iterator[tuple[Place, Any, Any, ast.FunctionDef | None]]:
    """Walk over all nodes that something is computed from, with the statement and the function around each."""
    for field, value in ast.iter_fields(parent):
        if field in TYPES:
            continue
        is_list = isinstance(value, list)
        for index, node in enumerate(value if is_list else [value]):
            if not isinstance(node, ast.AST) or _is_type(node):
                continue
            around = node if isinstance(node, ast.stmt) else statement
            yield Place(parent, field, index if is_list else None), node, around, function
            yield from _places(node, around, node if isinstance(node, ast.FunctionDef) else function)


def _is_type(node: ast.AST) -> bool:
    """Tell what nothing is computed from: docstrings, imports, types such as `Float[Tensor, "batch"]`, frozen=True."""
    match node:
        case ast.Expr(ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.AnnAssign(annotation=ast.Name("TypeAlias")):
            return True
        case ast.Call(ast.Name("TypeVar" | "dataclass" | "lru_cache")):
            return True
        case ast.Subscript(ast.Name(name)):
            return name[0].isupper() and not name.isupper()
    return False


def _changes(place: Place, node: ast.AST, *, is_inner: bool) -> Iterator[tuple[str, Place, object]]:
    """Say what a node is replaced with, in turn."""
    match node:
        case ast.Constant(bool(value)):
            yield "constant", place, ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield "constant", place, ast.Constant(value + 1)
        case ast.Constant(str(text)):
            yield "constant", place, ast.Constant(f"XX{text}XX")
        case ast.operator() | ast.cmpop() | ast.boolop() if type(node) in SWAPPED:
            kinds = {"operator": "arithmetic", "cmpop": "comparison", "boolop": "boolean"}
            yield kinds[type(node).__mro__[1].__name__], place, SWAPPED[type(node)]()
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert() as operator, operand):
            yield "arithmetic" if isinstance(operator, ast.USub) else "boolean", place, operand
        case ast.Call(args=arguments, keywords=keywords):
            yield from (("argument", Place(node, "args", i), None) for i in range(len(arguments)))
            yield from (("argument", Place(node, "keywords", i), None) for i in range(len(keywords)))
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "boolean", Place(node, "test", None), ast.UnaryOp(ast.Not(), test)
        case ast.comprehension(ifs=conditions):
            yield from (("boolean", Place(node, "ifs", i), ast.UnaryOp(ast.Not(), one)) for i, one in enumerate(conditions))
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "return", Place(node, "value", None), ast.Constant(None)
        case ast.arguments(defaults=defaults, kw_defaults=others):
            for field, values in (("defaults", defaults), ("kw_defaults", others)):
                given = ((i, one) for i, one in enumerate(values) if one is not None and not isinstance(one, ast.Constant))
                yield from (("default", Place(node, field, i), ast.Constant(None)) for i, _ in given)
        case ast.Assign() | ast.AugAssign() | ast.AnnAssign(value=ast.expr()) | ast.Expr() | ast.Raise() if is_inner:
            yield "deletion", place, ast.Pass()


def _first_line(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
