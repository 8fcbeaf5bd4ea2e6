"""Operations from outside the package."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from grokterm.errors import PluginError
from grokterm.plugins.registry import blamed, check_arguments, check_name, printable, provide
from grokterm.tasks.arithmetic import Function, Residues
from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import MADE_OF, OPERATIONS

Written = TypeVar("Written", bound=Callable[..., Any])


def operation(name: str, label: str = "", *, needs_prime: bool = False) -> Callable[[Written], Written]:
    """Add an operation: a function of the arrays a and b and of the modulus p, which returns the array of answers.

    `label`: its formula as displayed; `{p}` stands for the modulus. `needs_prime`: other moduli are refused.

    Raises:
        PluginError: if the name is taken, or the label cannot be printed.
    """
    check_name("operation", name, (*OPERATIONS, *MADE_OF))
    shown = printable(f"label of operation {name}", label or f"{name}(a, b) mod {{p}}")
    with blamed(f"label {shown!r} of operation {name}"):
        shown.format(p=97)

    def add(function: Written) -> Written:
        check_arguments(f"operation {name}", function, "a", "b", "p")
        provide("operation", name, function)
        OPERATIONS[name] = Operation(shown, _checked(name, function), needs_prime=needs_prime, is_tried=True)
        return function

    return add


def _checked(name: str, function: Callable[..., Any]) -> Function:
    def answers(left: Residues, right: Residues, modulus: int) -> Residues:
        with blamed(f"operation {name}"):
            given = np.asarray(function(left.copy(), right.copy(), modulus))
        if given.shape != left.shape or not np.issubdtype(given.dtype, np.integer):
            raise PluginError(
                f"operation {name} must return a whole number for each pair, an array of {left.shape},"
                f" not {given.dtype} of {given.shape}"
            )
        wrong = np.flatnonzero((given < 0) | (given >= modulus))
        if len(wrong):
            first = f"{given[wrong[0]]} for ({left[wrong[0]]}, {right[wrong[0]]})"
            raise PluginError(f"operation {name} must give answers from 0 to {modulus - 1}, not {first}: return them % p")
        return given.astype(np.int64)

    return answers
