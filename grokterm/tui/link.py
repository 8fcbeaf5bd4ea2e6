"""How much is drawn on a terminal that is far away."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, cast

if TYPE_CHECKING:
    from textual.widget import Widget

LinkName = Literal["full", "calm", "slow"]
LinkChoice = Literal["auto", "full", "calm", "slow"]


@dataclass(frozen=True)
class Link:
    """What a connection carries."""

    name: LinkName
    meaning: str
    bytes_per_second: int
    """Terminal output, on average."""

    rest: float
    """Seconds between two drawings, at least."""

    longest: float
    """Seconds that a drawing waits for what was sent before it, at most."""

    has_pictures: bool = True
    """Whether curves and networks are drawn; else numbers stand for them."""


LINKS: dict[LinkName, Link] = {
    "full": Link("full", "draw everything", 28_000, rest=0.0, longest=2.0),
    "calm": Link("calm", "draw everything, but seldom", 7_000, rest=0.5, longest=5.0),
    "slow": Link("slow", "numbers instead of pictures", 2_500, rest=1.0, longest=5.0, has_pictures=False),
}
FULL = LINKS["full"]

CALM_FROM, SLOW_FROM = 0.2, 0.6  # seconds until an answer is here


def choose_link(choice: LinkChoice, round_trip: float | None) -> Link:
    """Return the link of a choice; `auto` goes by how long the terminal took to answer, None if it was not asked."""
    if choice != "auto":
        return LINKS[choice]
    seconds = round_trip or 0.0
    return LINKS["slow" if seconds >= SLOW_FROM else "calm" if seconds >= CALM_FROM else "full"]


class Linked(Protocol):
    """An application that knows its link."""

    link: Link


def link_of(widget: "Widget") -> Link:
    """Return the link of a widget's terminal; ask at each drawing, for the user may choose another."""
    return cast("Linked", widget.app).link
