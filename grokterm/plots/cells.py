"""A grid of styled characters, rendered to rows of rich segments."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Int, Shaped
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

Rows = list[list[Segment]]
"""One inner list per terminal line, all of the requested width."""


class Cells:
    """A grid of one-cell characters, each with a style; text beyond its edges is cut off."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 0), max(height, 0)
        self._characters = np.full((self.height, self.width), " ", dtype="<U1")
        self._codes = np.zeros((self.height, self.width), dtype=np.int32)
        self._styles: dict[Style | None, int] = {None: 0}

    def write(self, row: int, column: int, text: str, style: Style | None = None) -> None:
        """Write one line of text, blanks included."""
        start, end = max(column, 0), min(column + len(text), self.width)
        if 0 <= row < self.height and start < end:
            self._characters[row, start:end] = list(text[start - column : end - column])
            self._codes[row, start:end] = self._code(style)

    def stamp(self, row: int, column: int, lines: Sequence[str], style: Style | None = None) -> None:
        """Overlay lines of equal length; their blanks are transparent."""
        new = np.array([list(line) for line in lines], dtype="<U1")
        where = slice(row, row + new.shape[0]), slice(column, column + new.shape[1])
        self._characters[where] = np.where(new == " ", self._characters[where], new)
        self._codes[where] = np.where(new == " ", self._codes[where], self._code(style))

    def paint(
        self,
        characters: Shaped[np.ndarray, "row column"],
        codes: Int[np.ndarray, "row column"],
        style_of: Callable[[int], Style | None],
        at: tuple[int, int] = (0, 0),
    ) -> None:
        """Fill the grid from a cell on, to the right and down, with characters, each in the style of its code."""
        (row, column), (height, width) = at, characters.shape
        distinct, inverse = np.unique(codes, return_inverse=True)
        own_codes = np.array([self._code(style_of(int(code))) for code in distinct], dtype=np.int32)
        self._characters[row : row + height, column : column + width] = characters
        self._codes[row : row + height, column : column + width] = own_codes[inverse].reshape(codes.shape)

    def write_labels(self, row: int, labels: Iterable[tuple[int, str]], style: Style | None = None) -> None:
        """Write each label centered at its column, unless it would touch the label before it."""
        labels = list(labels)
        for (_, label), start in zip(labels, label_starts(labels, self.width), strict=True):
            if start is not None:
                self.write(row, start, label, style)

    def rows(self) -> Rows:
        """Return each line as one segment per run of equally styled cells."""
        if self.width == 0:
            return [[] for _ in range(self.height)]
        styles = list(self._styles)
        changes = self._codes[:, 1:] != self._codes[:, :-1]
        rows: Rows = []
        lines: list[str] = self._characters.view(f"<U{self.width}")[:, 0].tolist()
        for text, codes, change in zip(lines, self._codes, changes, strict=True):
            bounds = [0, *(np.flatnonzero(change) + 1).tolist(), self.width]
            rows.append([Segment(text[a:b], styles[codes[a]]) for a, b in pairwise(bounds)])
        return rows

    def _code(self, style: Style | None) -> int:
        return self._styles.setdefault(style, len(self._styles))


def label_starts(labels: Iterable[tuple[int, str]], width: int) -> list[int | None]:
    """Return where labels begin that are centered at columns; None for one that would touch the label before it."""
    starts: list[int | None] = []
    free = 0
    for column, label in labels:
        start = max(min(column - len(label) // 2, width - len(label)), 0)
        fits = free <= start <= width - len(label)
        starts.append(start if fits else None)
        free = start + len(label) + 1 if fits else free
    return starts


def rows_to_text(rows: Rows) -> Text:
    """Join rows into one rich Text."""
    lines = (Text.assemble(*((segment.text, segment.style or "") for segment in row)) for row in rows)
    return Text("\n", no_wrap=True).join(lines)
