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
        _key("space", "training('pause')", "Pause", "pause, resume"),
        _key(
            "w",
            "training('swap')",
            "Swap",
            "swap the training set: a smaller share (ungrokking), a new split, another operation",
        ),
        _key("s", "training('save')", "Save", "save a checkpoint now"),
        _key("?", "app.help", "Help", "the manual, and what every key does", name="question_mark"),
        _key("q", "app.quit", "Quit", "quit; a training that has not ended is saved first"),
        Key(
            f"1 ... {of_pane['facts']}",
            f"{', '.join(of_pane)}; tab and shift+tab go from one to the next",
            (
                *(_hidden(key, f"view({name!r})", name.title()) for name, key in of_pane.items()),
                _hidden("tab", "turn(1)", "Next view"),
                _hidden("shift+tab", "turn(-1)", "Previous view"),
            ),
        ),
        _key("l", "network('next_layer')", "Layer", f"another layer or place in the network: {have_parts}"),
        _key("o", "network('next_order')", "Order", "order of the neurons: as stored, by frequency, by deviation"),
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
                _hidden("pagedown", "move(0, 0, 1)", "Page down"),
                _hidden("pageup", "move(0, 0, -1)", "Page up"),
            ),
        ),
        _key(
            "c",
            "compare",
            "Compare",
            "compare: a second network, any run at any step, on the left of this one; again takes it away",
        ),
        _key("z", "network('rescale')", "Rescale", "fit the color range to what is shown"),
        _key("f", "freeze", "Freeze", "freeze the pictures, while the training goes on"),
        _key("x", "scale", "Log-x", "steps on a logarithmic or a linear axis"),
        _key(".", "training('step')", "Step", "one step while paused", name="full_stop"),
        _key(
            "<",
            "training('slower')",
            "Slower",
            "slower: watch a network that groks quickly at one step a second",
            name="less_than_sign",
        ),
        _key(">", "training('faster')", "Faster", "faster, and after the last pace without a limit", name="greater_than_sign"),
        _key("h", "training('change')", "Change", "change the learning rate or the weight decay"),
        _key("r", "restart", "Restart", "restart with the same settings and the same seed, as a new run"),
        _key("n", "app.another", "New", "another experiment"),
        Key("ctrl+p", "every command by name", ()),
    )


def _key(shown: str, action: str, label: str, meaning: str, name: str = "") -> Key:
    return Key(shown, meaning, (Binding(name or shown, action, label, key_display=shown),))


def _hidden(key: str, action: str, label: str) -> Binding:
    return Binding(key, action, label, show=False)
