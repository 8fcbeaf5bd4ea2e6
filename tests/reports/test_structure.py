import pytest

from grokterm.reports.structure import in_line
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.structure import structure


@pytest.mark.parametrize(
    ("operation", "modulus", "line"),
    [
        ("add", 97, "97 elements · commutative group, identity 0 · chance 1.0 % · basis: residues"),
        ("multiply", 97, "97 elements · commutative, identity 1 · chance 2.1 % · basis: logarithms"),
        ("divide", 97, "97 elements · partial, not commutative · chance 1.0 % · basis: logarithms"),
        ("subtract", 12, "12 elements · Latin square, not commutative · chance 8.3 % · basis: residues"),
        ("cubic", 97, "97 elements · not commutative · chance 1.2 % · no basis known"),
        ("s5_product", 120, "120 elements · non-commutative group · chance 0.8 % · basis: representations"),
    ],
)
def test_the_structure_of_an_operation_is_one_line(operation: str, modulus: int, line: str) -> None:
    assert in_line(structure(OPERATIONS[operation], modulus, 0)) == line


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply"])
def test_the_longest_lines_fit_between_the_margins_of_80_columns(operation: str) -> None:
    assert len(in_line(structure(OPERATIONS[operation], 997, 0))) <= 78
