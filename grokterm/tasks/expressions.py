"""Parser of polynomials in a and b. It never evaluates the text as Python."""

import ast
import re
from collections.abc import Callable

import numpy as np

from grokterm.errors import ConfigError
from grokterm.tasks.arithmetic import Function, Residues

EXAMPLE = "a**2 + 3*a*b"
MAX_CHARACTERS, MAX_NESTING, MAX_EXPONENT = 200, 20, 1000

_TOKEN = re.compile(r"[^\W\d]\w*|[0-9]+|\S")
_ALLOWED = re.compile(r"[ab]|[0-9]+|[-+*^()]")
_ARITHMETIC: dict[type[ast.operator], Callable[[Residues, Residues], Residues]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
}


def parse_expression(text: str) -> Function:
    """Parse a polynomial with integer coefficients, made of a, b, + - *, ** or ^, and parentheses.

    Intermediate values stay below modulus², so int64 holds them for any coefficient and exponent.

    Raises:
        ConfigError: if it is anything else, or too large.
    """
    try:
        return _parsed(" ".join(text.split()))
    except ValueError as problem:
        shown = repr(text) if len(text) <= 60 else repr(text[:57]) + "..."
        raise ConfigError(f"expression must be a polynomial in a and b, such as {EXAMPLE}, not {shown}: {problem}") from None


def _parsed(text: str) -> Function:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_CHARACTERS} characters")
    if refused := [token for token in _TOKEN.findall(text) if not _ALLOWED.fullmatch(token)]:
        raise ValueError(f"{refused[0]} is not allowed")
    depths = np.cumsum([(character == "(") - (character == ")") for character in text])
    if depths.max(initial=0) > MAX_NESTING:
        raise ValueError(f"its parentheses are nested deeper than {MAX_NESTING}")
    try:
        return _compiled(ast.parse(text.replace("^", "**"), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError):  # what ast.parse raises on text it cannot read
        raise _unreadable() from None


def _compiled(node: ast.expr) -> Function:
    match node:
        case ast.Name(id="a"):
            return lambda left, _right, _modulus: left
        case ast.Name(id="b"):
            return lambda _left, right, _modulus: right
        case ast.Constant(value=int(number)):
            return lambda left, _right, modulus: np.full_like(left, number % modulus)
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
    return lambda left, right, modulus: combine(first(left, right, modulus), second(left, right, modulus)) % modulus


def _power(base: Function, exponent: int) -> Function:
    def raised(left: Residues, right: Residues, modulus: int) -> Residues:
        powers = np.array([pow(residue, exponent, modulus) for residue in range(modulus)], dtype=np.int64)
        return powers[base(left, right, modulus)]

    return raised


def _unreadable() -> ValueError:
    return ValueError("it cannot be read; a product is written 3*a, a power a**2")
