from rich.segment import Segment
from rich.style import Style

from grokterm.plots.cells import Cells, rows_to_text

RED = Style(color="red")


def test_neighbors_of_the_same_style_are_one_segment() -> None:
    cells = Cells(6, 1)
    cells.write(0, 1, "ab", RED)
    cells.write(0, 3, "c", RED)
    assert cells.rows() == [[Segment(" "), Segment("abc", RED), Segment("  ")]]


def test_what_is_written_beyond_the_edges_is_cut_off() -> None:
    cells = Cells(3, 1)
    cells.write(0, -1, "abc")
    cells.write(0, 2, "xyz")
    cells.write(1, 0, "below")
    assert rows_to_text(cells.rows()).plain == "bcx"


def test_a_stamp_leaves_what_lies_under_its_blanks() -> None:
    cells = Cells(3, 1)
    cells.write(0, 0, "abc")
    cells.stamp(0, 0, ["x y"], RED)
    assert cells.rows() == [[Segment("x", RED), Segment("b"), Segment("y", RED)]]


def test_labels_never_touch() -> None:
    cells = Cells(12, 1)
    cells.write_labels(0, [(0, "first"), (5, "dropped"), (9, "third")])
    assert rows_to_text(cells.rows()).plain == "first  third"


def test_a_sheet_without_room_is_empty() -> None:
    assert Cells(0, 2).rows() == [[], []]
    assert Cells(-1, -1).rows() == []


def test_text_keeps_lines_and_colors() -> None:
    cells = Cells(2, 2)
    cells.write(1, 1, "x", RED)
    text = rows_to_text(cells.rows())
    assert text.plain == "  \n x"
    assert [(span.start, span.end, span.style) for span in text.spans if span.style] == [(4, 5, RED)]
