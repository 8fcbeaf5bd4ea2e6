"""Parser of polynomials in a and b, or in a, b and c. It never evaluates the text as Python."""

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from grokterm.errors import ConfigError
from grokterm.tasks.arithmetic import Function, Residues

EXAMPLE = "a**2 + 3*a*b"
MAX_CHARACTERS, MAX_NESTING, MAX_EXPONENT = 200, 20, 1000

_TOKEN = re.compile(r"[^\W\d]\w*|[0-9]+|\S")
_ALLOWED = re.compile(r"[a-c]|[0-9]+|[-+*^()]")
_NAMES = "abc"
_ARITHMETIC: dict[type[ast.operator], Callable[[Residues, Residues], Residues]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
}


def parse_expression(text: str, n_operands: int = 2) -> Function:
    """Parse a polynomial with integer coefficients, made of the operands, + - *, ** or ^, and parentheses.

    Intermediate values stay below modulus², so int64 holds them for any coefficient and exponent.

    Raises:
        ConfigError: if it is anything else, or too large.
    """
    try:
        return _parsed(" ".join(text.split()), n_operands)
    except ValueError as problem:
        shown = repr(text) if len(text) <= 60 else repr(text[:57]) + "..."
        names = "a and b" if n_operands == 2 else "a, b and c"
        raise ConfigError(f"expression must be a polynomial in {names}, such as {EXAMPLE}, not {shown}: {problem}") from None


def _parsed(text: str, n_operands: int) -> Function:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_CHARACTERS} characters")
    if refused := [token for token in _TOKEN.findall(text) if not _ALLOWED.fullmatch(token)]:
        raise ValueError(f"{refused[0]} is not allowed")
    if n_operands == 2 and "c" in text:
        raise ValueError("c is the third operand: set task.n_operands=3")
    depths = np.cumsum([(character == "(") - (character == ")") for character in text])
    if depths.max(initial=0) > MAX_NESTING:
        raise ValueError(f"its parentheses are nested deeper than {MAX_NESTING}")
    try:
        return _compiled(ast.parse(text.replace("^", "**"), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError):  # what ast.parse raises on text it cannot read
        raise _unreadable() from None


def _compiled(node: ast.expr) -> Function:
    match node:
        case ast.Name(id=name):
            return lambda *given: given[_NAMES.index(name)]
        case ast.Constant(value=int(number)):
            return lambda *given: np.full_like(given[0], number % given[-1])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _combined(np.subtract, _compiled(ast.Constant(0)), _compiled(operand))
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int(exponent))) if exponent <= MAX_EXPONENT:
            return _power(_compiled(base), exponent)
        case ast.BinOp(op=ast.Pow()):
            raise ValueError(f"an exponent must be a whole number from 0 to {MAX_EXPONENT}")
        case ast.BinOp(left=first, op=operator, right=second) if type(operator) in _ARITHMETIC:
            return _combined(_ARITHMETIC[type(operator)], _compiled(first), _compiled(second))
    raise _unreadable()


def _combined(combine: Callable[[Residues, Residues], Residues], first: Function, second: Function) -> Function:
    return lambda *given: combine(first(*given), second(*given)) % given[-1]


def _power(base: Function, exponent: int) -> Function:
    def raised(*given: Any) -> Residues:  # noqa: ANN401 - operands, then the modulus
        modulus = given[-1]
        powers = np.array([pow(residue, exponent, modulus) for residue in range(modulus)], dtype=np.int64)
        return powers[base(*given)]

    return raised


def _unreadable() -> ValueError:
    return ValueError("it cannot be read; a product is written 3*a, a power a**2")
