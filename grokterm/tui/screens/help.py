"""What every key does."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS = (
    ("space", "pause, resume"),
    (".", "one step while paused"),
    ("< >", "slower, faster: a network that groks before anyone can look can be watched at a step a second"),
    ("w", "swap the training set: a smaller share (ungrokking), a new split, another operation"),
    ("h", "change the learning rate or the weight decay"),
    ("s", "save a checkpoint now"),
    ("r", "restart with the same settings and the same seed, as a new run"),
    ("n", "another experiment"),
    ("f", "freeze the pictures, while the training goes on"),
    ("x", "steps on a logarithmic or a linear axis"),
    ("l", "another layer"),
    ("o", "order of the neurons: as stored, by frequency, by deviation"),
    ("z", "fit the colour range to the weights"),
    ("1 2 3 4", "on a narrow terminal: curves, weights, spectrum, experiment"),
    ("ctrl+p", "every command by name"),
    ("q", "quit; a training that has not ended is saved first"),
)


class HelpScreen(ModalScreen[None]):
    """The keys, and what they do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss(None)", "Close")]

    def compose(self) -> ComposeResult:
        """Compose the list."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = "keys"
            yield Static("\n".join(f"{key:<10}{meaning}" for key, meaning in KEYS), markup=False)
            yield Static("escape closes", classes="hint", markup=False)
