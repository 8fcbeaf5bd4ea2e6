"""The keys of the lab, and what they do: for its footer, the palette and the help. One row an action."""

from typing import NamedTuple

from textual.binding import Binding

from grokterm.views.table import VIEWS

PANES: tuple[str, ...] = ("curves", *VIEWS, "facts")
"""What a narrow terminal shows one of; a key each."""


class Key(NamedTuple):
    """What is pressed, what it does, and how Textual is told."""

    shown: str
    meaning: str
    bindings: tuple[Binding, ...]


def _hidden(key: str, action: str, description: str) -> Binding:
    return Binding(key, action, description, show=False)


KEYS = (
    Key("space", "pause, resume", (Binding("space", "pause", "Pause"),)),
    Key(
        "w",
        "swap the training set: a smaller share (ungrokking), a new split, another operation",
        (Binding("w", "swap", "Swap"),),
    ),
    Key("s", "save a checkpoint now", (Binding("s", "save", "Save"),)),
    Key("?", "this list", (Binding("question_mark", "app.help", "Help", key_display="?"),)),
    Key("q", "quit; a training that has not ended is saved first", (Binding("q", "app.quit", "Quit"),)),
    Key(
        "1 ... 8",
        f"{', '.join(PANES)}; tab and shift+tab go from one to the next",
        (
            *(_hidden(str(number), f"view({name!r})", name.title()) for number, name in enumerate(PANES, start=1)),
            _hidden("tab", "turn(1)", "Next view"),
            _hidden("shift+tab", "turn(-1)", "Previous view"),
        ),
    ),
    Key("l", "another layer; of activations another place in the network", (Binding("l", "network('next_layer')", "Layer"),)),
    Key(
        "o",
        "order of the neurons: as stored, by frequency, by deviation",
        (Binding("o", "network('next_order')", "Order"),),
    ),
    Key(
        "enter",
        "one neuron instead of many, cells of the table instead of shares; escape goes back",
        (
            Binding("enter", "network('zoom')", "Zoom", key_display="enter"),
            _hidden("escape", "network('unzoom')", "Zoom out"),
        ),
    ),
    Key(
        "arrows",
        "choose a neuron, or move over what is larger than its picture; page keys: the next neurons",
        (
            _hidden("up", "move(-1, 0)", "Up"),
            _hidden("down", "move(1, 0)", "Down"),
            _hidden("left", "move(0, -1)", "Left"),
            _hidden("right", "move(0, 1)", "Right"),
            _hidden("pagedown", "page(1)", "Page down"),
            _hidden("pageup", "page(-1)", "Page up"),
        ),
    ),
    Key(
        "c",
        "compare: a second network, any run at any step, on the left of this one; again takes it away",
        (Binding("c", "compare", "Compare"),),
    ),
    Key("z", "fit the color range to what is shown", (Binding("z", "network('rescale')", "Rescale"),)),
    Key("f", "freeze the pictures, while the training goes on", (Binding("f", "freeze", "Freeze"),)),
    Key("x", "steps on a logarithmic or a linear axis", (Binding("x", "scale", "Log-x"),)),
    Key(".", "one step while paused", (Binding("full_stop", "step", "Step", key_display="."),)),
    Key(
        "< >",
        "slower, faster: a network that groks before anyone can look can be watched at a step a second",
        (
            Binding("less_than_sign", "slower", "Slower", key_display="<"),
            Binding("greater_than_sign", "faster", "Faster", key_display=">"),
        ),
    ),
    Key("h", "change the learning rate or the weight decay", (Binding("h", "change", "Change"),)),
    Key("r", "restart with the same settings and the same seed, as a new run", (Binding("r", "restart", "Restart"),)),
    Key("n", "another experiment", (Binding("n", "app.another", "New"),)),
    Key("ctrl+p", "every command by name", ()),
)
