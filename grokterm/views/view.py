"""What every view of a network has in common: whom it shows, what of it, and where it is drawn."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grokterm.analysis.ordering import Order
from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.plots.palettes import Palette
from grokterm.session.state import LabState

if TYPE_CHECKING:  # the screen draws without loading torch
    from grokterm.experiment.records import Inspected
    from grokterm.inspection.analysis import NetworkAnalysis

ORDERS: dict[Order, str] = {"raw": "as stored", "frequency": "sorted by frequency", "deviation": "sorted by deviation"}


@dataclass(frozen=True)
class Subject:
    """A network that is looked at, and the training it is of."""

    state: LabState
    analysis: "NetworkAnalysis"
    history: "tuple[Inspected, ...]" = ()
    """What is known of the steps, in their order."""


@dataclass(frozen=True)
class Choice:
    """What of a network is looked at. Two networks side by side share it."""

    layer: str = ""
    place: str = ""
    order: Order = "frequency"
    x_scale: Scale = "log"
    chosen: int = 0
    """The neuron that a key acts upon, counted in the order."""

    is_zoomed: bool = False
    """One neuron instead of many, or the cells of the table instead of shares."""

    corner: tuple[int, int] = (0, 0)
    """The smallest a and b that are shown, where not all are."""


@dataclass(frozen=True)
class Sheet:
    """Where it is drawn."""

    width: int
    height: int
    palette: Palette
    limits: dict[str, float] = field(default_factory=dict, compare=False)
    """The color ranges in use, which stay until they are removed."""


@dataclass(frozen=True)
class Drawn:
    """A picture, and what it says of itself."""

    rows: Rows
    title: str
    subtitle: str


@dataclass(frozen=True)
class View:
    """One tab. What needs a pass through the network is asked first and worked out elsewhere; the rest is drawn at once."""

    name: str
    draw: Callable[[Subject, Choice, Sheet, Any], Drawn]
    """Draws what was found; None where nothing was asked."""

    question: Callable[[Subject, Choice, Sheet], Hashable] = lambda _subject, _choice, _sheet: None
    """What has to be worked out; None for nothing."""

    find: "Callable[[NetworkAnalysis, Any], object]" = lambda _examination, _question: None
    """Works it out, given the question."""
