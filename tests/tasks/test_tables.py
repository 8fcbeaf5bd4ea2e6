from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import OPERATIONS, OwnOperation, find_operation
from grokterm.tasks.tables import Table, read_table


def npy(array: np.ndarray) -> bytes:
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def operation(rows: list[list[int]]) -> Operation:
    answers = read_table("\n".join(",".join(map(str, row)) for row in rows).encode(), ".csv")
    return find_operation("table", OwnOperation(table=Table("mine.csv", repr(rows), answers)))


@settings(max_examples=30)
@given(
    st.integers(1, 6).flatmap(lambda n: st.lists(st.lists(st.integers(0, 12), min_size=n, max_size=n), min_size=1, max_size=6))
)
def test_a_table_holds_the_answers_of_its_file_and_no_others(rows: list[list[int]]) -> None:
    row, array = operation(rows), np.array(rows)
    n = max(*array.shape, int(array.max()) + 1, 2)
    assert row.order == row.n_elements(n) == n
    pairs = [[a, b] for a in range(len(rows)) for b in range(len(rows[0]))]
    assert row.operands(n).tolist() == pairs
    assert row.n_equations(n) == len(pairs)
    assert row.answers(row.operands(n), n, 0).tolist() == array.ravel().tolist()
    assert np.array_equal(read_table(npy(array), ".npy"), read_table(npy(array.astype(">u2")), ".npy"))
    assert np.array_equal(read_table(npy(array), ".npy"), read_table(npy(np.asfortranarray(array)), ".npy"))


def test_an_empty_cell_and_minus_one_are_pairs_without_an_answer() -> None:
    answers = read_table("\ufeff0, 1 ,\r\n-1,0,1\r\n".encode(), ".csv")
    assert answers.tolist() == [[0, 1, -1], [-1, 0, 1], [-1, -1, -1]]
    row = operation([[0, 1, -1], [-1, 0, 1]])
    assert row.operands(3).tolist() == [[0, 0], [0, 1], [1, 1], [1, 2]]
    assert row.chance(3, 0) == 0.5


def test_the_table_of_a_sum_is_found_to_be_a_sum() -> None:
    added = operation([[(a + b) % 7 for b in range(7)] for a in range(7)])
    form = added.sum_form(7)
    assert form is not None
    assert form.order == 7
    assert added.is_symmetric(7)
    assert not operation([[0, 1], [-1, 1]]).is_symmetric(2)
    assert operation([[(a + b) % 7 if a + b else -1 for b in range(7)] for a in range(7)]).sum_form(7) is None
    assert operation([[max(a, b) for b in range(7)] for a in range(7)]).sum_form(7) is None


def test_the_name_of_a_file_is_no_format() -> None:
    own = OwnOperation(table=Table("{p}{0}.csv", "", np.eye(2, dtype=np.int64)))
    assert find_operation("table", own).label.format(p=2) == "the table {p}{0}.csv"


def test_a_table_keeps_its_answers_beside_every_other_operation() -> None:
    own = OwnOperation(table=Table("mine.csv", "1", np.eye(7, dtype=np.int64)))
    assert find_operation("add", own) is OPERATIONS["add"]


def declared(shape: str, dtype: str = "<i8") -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"


@pytest.mark.parametrize(
    ("content", "ending", "message"),
    [
        (b"", ".csv", "it has no answer"),
        (b",\n,", ".csv", "it has no answer"),
        (b"0,1\n0", ".csv", "line 2 has 1 cells, and line 1 has 2"),
        (b"a,b\n0,1", ".csv", "line 1, cell 1 must be a whole number, not 'a'"),
        (b"0,1.0", ".csv", "line 1, cell 2 must be a whole number, not '1.0'"),
        (b"0,997", ".csv", "an answer must lie between 0 and 996, or be -1 for none, not 997"),
        (b"0,-2", ".csv", "an answer must lie between 0 and 996, or be -1 for none, not -2"),
        (b"0," + b"9" * 4000, ".csv", "an answer must lie between 0 and 996, or be -1 for none, not 9"),
        (b"0," + b"9" * 5000, ".csv", "line 1, cell 2 must be a whole number, not '99999999999999999999'"),
        (b"\xff\xfe", ".csv", "it is not a text in UTF-8"),
        (b"0\n" * 998, ".csv", "it must have from 1 to 997 rows and columns"),
        (b"0," * 998, ".csv", "it must have from 1 to 997 rows and columns"),
        (b"\n0,1\n1,0", ".csv", "line 1 is blank: write a row in each"),
        (b"0,1", ".npy", "it is not an array that numpy.save has written"),
        (b"", ".npy", "it is not an array that numpy.save has written"),
        (
            declared("((((((((3, 3)"),
            ".npy",
            "it is not an array that numpy.save has written",
        ),  # on which numpy.load fails otherwise
        (declared("(3, 3)", "(),"), ".npy", "it is not an array that numpy.save has written"),
        (declared("(3 3, 3)"), ".npy", "it is not an array that numpy.save has written"),
        (declared(f"({'9' * 5000}, 3)"), ".npy", "it is not an array that numpy.save has written"),
        (declared("(" + "9" * 80 + "x)"), ".npy", "it is not an array that numpy.save has written"),  # at once
        (declared("(3, 3)", "zz"), ".npy", "it is not an array that numpy.save has written"),
        (declared("(1000000, 1000000)"), ".npy", "it must have from 1 to 997 rows and columns"),
        (declared("(900, 900)"), ".npy", "it does not hold the 900 × 900 numbers that it declares"),
        (declared("(0, 3)"), ".npy", "it must have from 1 to 997 rows and columns"),
        (declared("(-3, 3)"), ".npy", "it must have from 1 to 997 rows and columns"),
        (declared("(3, 3)", "|O"), ".npy", "it must be a matrix of whole numbers, not of object with 2 dimensions"),
        (npy(np.zeros((3, 3))), ".npy", "it must be a matrix of whole numbers, not of float64 with 2 dimensions"),
        (npy(np.zeros((3, 3, 3), int)), ".npy", "it must be a matrix of whole numbers, not of int64 with 3 dimensions"),
        (npy(np.full((3, 3), 2**64 - 1, np.uint64)), ".npy", "an answer must lie between 0 and 996, or be -1 for none"),
        (npy(np.full((3, 3), -1)), ".npy", "it has no answer"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(content: bytes, ending: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")) as refused:
        read_table(content, ending)
    assert len(str(refused.value)) < 120
