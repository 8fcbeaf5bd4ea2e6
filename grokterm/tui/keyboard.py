"""All keys of the lab in their order, for its footer, the palette, the help and the settings of a user."""

from collections.abc import Iterable

from grokterm.tui.key import NO_OWN_KEYS, Key, OwnKeys
from grokterm.tui.keymap import action_name, is_choosable, written
from grokterm.tui.keys import FIRST, further_keys, keys_of_curves, keys_of_training, keys_of_views
from grokterm.tui.screens.help import Guide
from grokterm.tui.situation import Situation
from grokterm.tui.widgets.key_bar import ALL_KEYS, Hint
from grokterm.views.table import VIEWS
from grokterm.views.terms import explained

TO_SWEEP = Hint("to the sweep", [("escape", "escape")])


def keys(own: OwnKeys = NO_OWN_KEYS) -> tuple[Key, ...]:
    """List every key of the lab, the most useful first: what a small terminal has no room for comes late."""
    pause, step, swap, change, detach, save, extend, pace = keys_of_training()
    layer, order, zoom, *of_pictures = keys_of_views(VIEWS.values())
    look, leave, compare, *others = further_keys()
    rows = (
        *(pause, step, swap, change, detach),
        *(layer, order, zoom),
        *(look, leave, save, compare, extend, pace),
        *of_pictures,
        *keys_of_curves(),
        *others,
    )
    return tuple(key.rebound(own) for key in rows)


def choosable() -> list[tuple[str, dict[str, str]]]:
    """List what a user may choose keys for: what it does, and the key of each action by default."""
    rows: list[tuple[str, dict[str, str]]] = []
    for key in keys():
        defaults: dict[str, str] = {}
        for binding in filter(is_choosable, key.bindings):
            defaults.setdefault(action_name(binding), written(binding.key))
        if defaults:
            rows.append((key.meaning, defaults))
    return rows


def hints(situation: Situation, own: OwnKeys = NO_OWN_KEYS) -> tuple[Hint, ...]:
    """List the keys that do something, the most useful first, and last the one that shows all."""
    found = [hint for key in keys(own) if (hint := key.hint(situation)) is not None]
    leaves = situation.is_above_sweep and not (situation.is_zoomed or situation.is_looking_back)
    return (*([TO_SWEEP] if leaves else ()), *sorted(found, key=lambda hint: hint.label not in FIRST), ALL_KEYS)


def guide(situation: Situation, own: OwnKeys = NO_OWN_KEYS) -> Guide:
    """Explain the keys and the terms of what is on the screen, then every other key."""

    def rows(keys: Iterable[Key]) -> list[tuple[str, str]]:
        return [(key.shown, key.meaning) for key in (key.rebound(own) for key in keys)]

    view = situation.view
    others = [one for one in VIEWS.values() if one is not view] if situation.has_pictures else []
    name = "this view" if view is None else view.name
    return {
        f"keys of {name}": rows(key for key in keys_of_views([view] if view else []) if key.now(situation)),
        f"terms of {name}": [explained(term) for term in situation.terms],
        "keys of the training": rows(keys_of_training()),
        "keys of the curves": rows(keys_of_curves() if situation.has_pictures else ()),
        "further keys": rows(further_keys()),
        "keys of other views": rows(key for key in (keys_of_views(others) if others else ()) if not key.now(situation)),
    }
