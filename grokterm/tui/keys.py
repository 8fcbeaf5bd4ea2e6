"""The keys of the lab and what they do: a row each, by what they act on."""

from collections.abc import Callable, Collection

from textual.binding import Binding

from grokterm.session.state import Phase
from grokterm.tui.key import Key
from grokterm.tui.panes import panes
from grokterm.tui.situation import Situation
from grokterm.views.view import View

BACK, BRANCH = "back, forth", "branch"  # first in the footer, while an earlier step is looked at
SAVE_AGAIN = "save again"  # likewise, while what was trained is not saved
END_COMPARISON = "end comparison"  # likewise, while there is one
FIRST = {BACK, BRANCH, SAVE_AGAIN, END_COMPARISON}

CHANGEABLE: tuple[Phase, ...] = ("training", "paused", "ended")

RETRIED = {"out_of_memory": "try again", "process_died": "open again"}  # what space does, by the reason of trouble


def keys_of_training() -> tuple[Key, ...]:
    """List the keys that act on the training."""
    return (
        _key("space", "training('pause')", "Pause", "pause, resume; after the end, go on", _pause),
        _key(".", "training('step')", "Step", "one step while paused", _when("step", "paused"), "full_stop"),
        _key(
            "w",
            "training('swap')",
            "Swap",
            "swap the training set: a smaller share (ungrokking), a new split, another operation",
            _when("swap", *CHANGEABLE),
        ),
        _key("h", "training('change')", "Change", "change a setting", _when("change", *CHANGEABLE)),
        _key(
            "d",
            "app.detach",
            "Detach",
            "leave, while the training goes on in the background; `grokterm attach` comes back to it",
            lambda now: "" if now.trouble else _when("detach", "training", "paused")(now),
        ),
        _key("s", "training('save')", "Save", "save a checkpoint now", _save),
        _key(
            "e",
            "training('extend')",
            "Extend",
            "extend: more steps, also of a run that has ended",
            _when("more steps", "training", "paused"),
        ),
        Key(
            "< >",
            "slower, to watch a network that groks quickly; faster, and at last without a limit",
            (
                Binding("less_than_sign", "training('slower')", "Slower"),
                Binding("greater_than_sign", "training('faster')", "Faster"),
            ),
            _when("pace", "training", "paused"),
        ),
    )


def keys_of_curves() -> tuple[Key, ...]:
    """List the keys that change how the curves are drawn."""
    return (
        Key(
            "+ -",
            "zoom the curves about the cursor; the mouse wheel does so about the pointer",
            (
                Binding("plus", "curves('zoom_in')", "Zoom in"),
                Binding("minus", "curves('zoom_out')", "Zoom out"),
                Binding("equals_sign", "curves('zoom_in')", "Zoom in"),
            ),
            _on_curves("zoom"),
        ),
        _key("0", "curves('whole')", "Whole", "all steps of the curves", lambda _: ""),
        _key(
            "u",
            "curves('since_swap')",
            "Since swap",
            "the curves since the last swap, steps counted from it; again: all steps",
            lambda now: _on_curves("since swap")(now) if now.is_swapped else "",
        ),
        _key(
            "t",
            "curves('next_third')",
            "Third chart",
            "another third chart: norm, IPR, exact fit, losses of the key frequencies, learning rate, ...",
            _on_curves("third chart"),
        ),
        _key(
            "y",
            "curves('next_loss_scale')",
            "Loss axis",
            "the loss on a logarithmic or a linear axis, or on the one that suits it",
            _on_curves("loss axis"),
        ),
        _key("m", "curves('smooth')", "Smooth", "means of neighboring evaluations, for minibatches", _on_curves("smooth")),
    )


def keys_of_views(views: Collection[View]) -> tuple[Key, ...]:
    """List the keys whose effect a row in VIEWS decides, and say what they do in these views."""

    def where(has: Callable[[View], object]) -> str:
        return f": {', '.join(view.name for view in views if has(view))}" if len(views) > 1 else ""

    zoomed = ", ".join(f"{view.zoomed}{f' ({view.name})' if len(views) > 1 else ''}" for view in views if view.zoomed)
    return (
        _key(
            "l",
            "network('next_layer')",
            "Layer",
            f"another layer or place in the network{where(lambda view: view.next_part)}",
            lambda now: "layer" if now.view and now.view.next_part else "",
        ),
        _key(
            "o",
            "network('next_order')",
            "Order",
            "order of the neurons: as stored, by frequency, by deviation",
            lambda now: "order" if now.does("o") else "",
        ),
        Key(
            "enter",
            f"zoom: {zoomed}; escape zooms out",
            (Binding("enter", "network('zoom')", "Zoom"), Binding("escape", "network('unzoom')", "Unzoom")),
            lambda now: ("zoom out" if now.is_zoomed else "zoom") if now.view and now.view.zoomed else "",
        ),
        Key(
            "arrows",
            "move the cursor of the curves, choose a neuron, or move over a large picture; page keys: the next neurons"
            + where(lambda view: view.move),
            (
                Binding("up", "move(-1, 0)", "Up"),
                Binding("down", "move(1, 0)", "Down"),
                Binding("left", "move(0, -1)", "Left"),
                Binding("right", "move(0, 1)", "Right"),
                Binding("pagedown", "move(0, 0, 1)", "Page down"),
                Binding("pageup", "move(0, 0, -1)", "Page up"),
            ),
            _arrows,
        ),
        _key(
            "z",
            "network('hold')",
            "Hold colors",
            "hold the color range, or let it follow what is shown",
            lambda now: "hold colors" if now.does("z") and now.view and not now.view.z_zooms else "",
        ),
        _key(
            "x",
            "scale",
            "Log-x",
            "steps on a logarithmic or a linear axis",
            lambda now: "log/linear" if now.draws_curves or now.does("x") else "",
        ),
    )


def further_keys() -> tuple[Key, ...]:
    """List the keys that look elsewhere: at other steps, runs and panes, and those that leave."""
    of_pane = panes()
    return (
        Key(
            "[ ]",
            "look at the checkpoint before, or after it; past the newest, and at escape, back to the present",
            (
                Binding("left_square_bracket", "look(-1, 'checkpoint')", "Checkpoint before"),
                Binding("right_square_bracket", "look(1, 'checkpoint')", "Checkpoint after"),
            ),
            lambda now: BACK if now.is_looking_back else _unless_loading("look back")(now),
        ),
        _key(
            "q",
            "quit",
            "Quit",
            "quit; a training that has not ended is saved first; from a member of a sweep, back to the sweep",
            lambda now: "" if now.is_above_sweep else "quit",
        ),
        _key(
            "c",
            "compare",
            "Compare",
            "compare with any run at any step, shown on the left of this one (again: end it); earlier runs behind the curves",
            lambda now: END_COMPARISON if now.is_comparing else _unless_loading("compare")(now),
        ),
        _key(
            "b",
            "branch",
            "Branch",
            "branch: a new run from the step that is looked at, or the present one, with other settings; this run stays",
            lambda now: BRANCH if now.is_to_branch else "",
        ),
        Key(
            "{ }",
            "the same by evaluation",
            (
                Binding("left_curly_bracket", "look(-1, 'evaluation')", "Evaluation before"),
                Binding("right_curly_bracket", "look(1, 'evaluation')", "Evaluation after"),
            ),
            lambda _: "",
        ),
        _key(
            "p",
            "picture",
            "Save picture",
            "save the screen as SVG, and the curves as CSV and PNG, in the folder of the run",
            _unless_loading("picture"),
        ),
        _key(
            "f",
            "freeze",
            "Freeze",
            "freeze the pictures, while the training goes on",
            lambda now: "unfreeze" if now.is_frozen else _when("freeze", "training")(now),
        ),
        _key(
            "r",
            "restart",
            "Restart",
            "restart with the same settings and the same seed, as a new run",
            _unless_loading("restart"),
        ),
        _key("n", "app.another", "New", "another experiment", lambda _: "new"),
        _key("R", "app.runs", "Runs", "the runs that are saved, over the lab: find, compare, open", lambda _: "runs"),
        Key(
            f"1 ... {of_pane['facts']}",
            f"{', '.join(of_pane)}; tab and shift+tab go from one to the next",
            (
                *(Binding(key, f"view({name!r})", name.title()) for name, key in of_pane.items()),
                Binding("tab", "turn(1)", "Next view"),
                Binding("shift+tab", "turn(-1)", "Previous view"),
            ),
            lambda _: "",  # the tabs show their keys
        ),
        Key("?", "the manual, and what every key does", (), lambda _: ""),  # always last in the footer
        Key("ctrl+p", "every command by name", (), lambda _: ""),
    )


def _arrows(now: Situation) -> str:
    if now.draws_curves or (now.view is not None and now.view.move):
        return "move"
    return "scroll" if now.has_facts and now.view is None else ""


def _pause(now: Situation) -> str:
    if now.trouble is not None:
        return RETRIED.get(now.trouble.reason, "")
    return {"training": "pause", "paused": "resume", "ended": "go on"}.get(now.phase, "")


def _save(now: Situation) -> str:
    return SAVE_AGAIN if now.is_unsaved else _when("save", "training", "paused")(now)


def _on_curves(label: str) -> Callable[[Situation], str]:
    return lambda now: label if now.draws_curves else ""


def _when(label: str, *phases: Phase) -> Callable[[Situation], str]:
    return lambda now: label if now.phase in phases and (now.trouble is None or now.trouble.can_be_retried) else ""


def _unless_loading(label: str) -> Callable[[Situation], str]:
    return lambda now: label if now.phase != "loading" else ""


def _key(shown: str, action: str, label: str, meaning: str, now: Callable[[Situation], str], name: str = "") -> Key:  # noqa: PLR0913, PLR0917 - the columns of a table
    return Key(shown, meaning, (Binding(name or shown, action, label),), now)
