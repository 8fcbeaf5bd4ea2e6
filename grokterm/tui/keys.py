"""The keys of the lab and what they do, for its footer, the palette and the help."""

from typing import NamedTuple

from textual.binding import Binding

from grokterm.views.table import VIEWS

PANE_KEYS = (*"1234567890", *(f"f{number}" for number in range(1, 13)))


class Key(NamedTuple):
    """A row of the help, and its bindings."""

    shown: str
    meaning: str
    bindings: tuple[Binding, ...]


def panes() -> dict[str, str]:
    """Return the panes and their keys; a narrow terminal shows one pane at a time."""
    return dict(zip(("curves", *VIEWS, "facts"), PANE_KEYS, strict=False))


def keys() -> tuple[Key, ...]:
    """List every key of the lab; what a view does with a key is said by its row in VIEWS."""
    of_pane = panes()
    have_parts = ", ".join(view.name for view in VIEWS.values() if view.next_part)
    zoomed = ", ".join(f"{view.zoomed} ({view.name})" for view in VIEWS.values() if view.zoomed)
    can_move = ", ".join(view.name for view in VIEWS.values() if view.move)
    return (
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
            f"1 ... {of_pane['facts']}",
            f"{', '.join(of_pane)}; tab and shift+tab go from one to the next",
            (
                *(_hidden(key, f"view({name!r})", name.title()) for name, key in of_pane.items()),
                _hidden("tab", "turn(1)", "Next view"),
                _hidden("shift+tab", "turn(-1)", "Previous view"),
            ),
        ),
        Key("l", f"another layer or place in the network: {have_parts}", (Binding("l", "network('next_layer')", "Layer"),)),
        Key(
            "o",
            "order of the neurons: as stored, by frequency, by deviation",
            (Binding("o", "network('next_order')", "Order"),),
        ),
        Key(
            "enter",
            f"zoom: {zoomed}; escape zooms out",
            (
                Binding("enter", "network('zoom')", "Zoom", key_display="enter"),
                _hidden("escape", "network('unzoom')", "Zoom out"),
            ),
        ),
        Key(
            "arrows",
            f"choose a neuron, or move over a table larger than the screen; page keys: the next neurons: {can_move}",
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
            "slower, faster: watch a network that groks quickly at one step a second",
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


def _hidden(key: str, action: str, description: str) -> Binding:
    return Binding(key, action, description, show=False)
