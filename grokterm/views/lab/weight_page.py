"""The part of a weight matrix that is on the screen: whole columns, one character column a neuron."""

from dataclasses import dataclass

from grokterm.views.pictures import WeightPicture
from grokterm.views.view import Sheet

FILLED = 0.75  # share of the room that a picture with one pixel a row has to fill
RESOLVED = 0.45  # waves a row of the picture up to which rows that are averages leave a wave visible


@dataclass(frozen=True)
class WeightPage:
    """Rows and neurons of a matrix that are shown, the neurons in one or more bands, one under the other."""

    rows: slice
    neurons: slice
    n_bands: int
    n_lines: int
    """Height of a band, without its heading."""

    n_pixels: int
    """Rows of the picture; fewer than rows of the matrix where they are averaged."""

    n_finest: int
    """The same in real pixels, where the terminal draws them."""

    @property
    def n_rows(self) -> int:
        """Rows of the matrix that are shown."""
        return int(self.rows.stop - self.rows.start)

    @property
    def n_neurons(self) -> int:
        """Neurons that are shown."""
        return int(self.neurons.stop - self.neurons.start)

    @property
    def bands(self) -> list[slice]:
        """The neurons of each band: as many in each but the last."""
        across = max(-(-self.n_neurons // self.n_bands), 1)
        starts = range(self.neurons.start, self.neurons.stop, across)
        return [slice(start, min(start + across, self.neurons.stop)) for start in starts]


def fit_page(picture: WeightPicture, sheet: Sheet, corner: tuple[int, int], n_together: int = 1) -> WeightPage:
    """Choose what fits, from a corner on.

    Every row of the matrix is shown if there is room, in more than one band if there is more. If not, rows are averaged to as
    many as fit, or the last are left out, whichever shows the waves of more neurons.
    """
    n_rows, n_neurons = picture.matrix.shape
    headings = int(picture.frequencies is not None or n_together > 1)
    lines = -(-n_rows // sheet.rows_per_line)
    n_bands = max(min(sheet.height // n_together // (lines + headings), -(-n_neurons // max(sheet.width, 1))), 1)
    room = max(sheet.height // (n_bands * n_together) - headings, 0) * sheet.rows_per_line
    finest = sheet.palette.finest(room, sheet.width)
    n_shown = min(n_bands * finest[1], n_neurons)
    neuron = max(min(corner[1], n_neurons - n_shown), 0)
    neurons = slice(neuron, neuron + n_shown)
    is_whole = n_rows <= finest[0] or _is_better_averaged(picture, neurons, room)
    n_seen = n_rows if is_whole else room
    row = max(min(corner[0], n_rows - n_seen), 0)
    n_pixels = _filled(n_seen, room)
    n_lines, n_finest = -(-n_pixels // sheet.rows_per_line), sheet.palette.finest(n_pixels, 1)[0]
    return WeightPage(slice(row, row + n_seen), neurons, n_bands, n_lines, n_pixels, n_finest)


def fit_together(n_rows: int, n_together: int, sheet: Sheet) -> bool:
    """Return whether every row of several matrices fits, each under a heading, and a line for their frequencies."""
    return n_together * (-(-n_rows // sheet.rows_per_line) + 1) + 1 <= sheet.height


def _filled(n_rows: int, room: int) -> int:
    """Return the height of the picture: as many pixels for each row, unless that would leave much of the room blank."""
    repeat = room // n_rows if n_rows else 0
    return n_rows * repeat if repeat > 1 or (repeat == 1 and n_rows >= FILLED * room) else room


def _is_better_averaged(picture: WeightPicture, neurons: slice, room: int) -> bool:
    """Return whether averages show the waves of more neurons than a part of the rows, which cuts the longest."""
    if picture.frequencies is None:
        return False
    known = picture.frequencies[neurons][picture.frequencies[neurons] > 0]
    n_resolved, n_whole = (known <= RESOLVED * room).sum(), (known * room >= len(picture.matrix)).sum()
    return bool(n_resolved >= max(n_whole, 1))
