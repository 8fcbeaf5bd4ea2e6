"""A split in a file: written, read back, and refused with the line that is wrong."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.tasks.orders import SplitName
from grokterm.tasks.split_file import read_split, write_split
from tests.tasks.tables import SPLITS, dataset


@given(split=st.sampled_from(SPLITS), fraction=st.sampled_from([0.2, 0.5, 1.0]), seed=st.integers(0, 5))
def test_a_split_that_is_written_is_read_back_in_its_order(split: SplitName, fraction: float, seed: int) -> None:
    drawn = dataset(split=split, train_fraction=fraction, seed=seed)
    train, val = read_split(write_split(drawn.train, drawn.val).encode(), 2, 11)
    assert (train.tolist(), val.tolist()) == (drawn.train.operands.tolist(), drawn.val.operands.tolist())


def test_lines_may_end_as_on_windows_and_have_spaces_and_gaps() -> None:
    train, val = read_split(b"\xef\xbb\xbfa, b, side\r\n3, 1, train\r\n\r\n0,10,val\r\n", 2, 11)
    assert (train.tolist(), val.tolist()) == ([[3, 1]], [[0, 10]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 must be a,b,side, not ''"),
        ("1,2,train", "line 1 must be a,b,side, not '1,2,train'"),
        ("a,b,side\n1,2", "line 2 must have 3 cells, not 2"),
        ("a,b,side\n1,2,train\n1,11,val", "line 3: b must be a whole number from 0 to 10, not '11'"),
        ("a,b,side\n1,2,train\n-1,1,val", "line 3: a must be a whole number from 0 to 10, not '-1'"),
        ("a,b,side\n1,2,test", "line 2: side must be train or val, not 'test'"),
        ("a,b,side\n1,2,train\n2,1,val\n1,2,val", "line 4 names (1, 2) again, after line 2"),
        ("a,b,side\n1,2,val", "no line is on the side train"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_split(text.encode(), 2, 11)


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="it is not a text in UTF-8"):
        read_split(b"\xff\xfe\x00", 2, 11)


def test_a_split_of_triples_has_a_column_for_each() -> None:
    train, val = read_split(b"a,b,c,side\n1,2,3,train\n0,0,1,val", 3, 5)
    assert (train.tolist(), val.tolist()) == ([[1, 2, 3]], [[0, 0, 1]])
