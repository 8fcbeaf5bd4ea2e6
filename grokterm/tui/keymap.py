"""The keys that a user has chosen, by action: how they are written, and which of them cannot be."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from textual.binding import Binding
from textual.keys import Keys, format_key

from grokterm.errors import ConfigError
from grokterm.experiment.reading.hints import nearest

RESERVED = {
    "question_mark": "opens the manual",
    "ctrl+p": "opens the palette",
    "ctrl+q": "quits",
    "ctrl+c": "copies",
}
"""Keys of every screen, which no other action can have."""

NAMES = {key.value for key in Keys if re.fullmatch(r"[a-z0-9+_]+", key.value)} - {"return"}
MODIFIERS = {"alt", "ctrl", "shift"}
SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace"}
"""What terminals send for two keys."""


def action_name(binding: Binding) -> str:
    """Name an action by what the palette calls it: `third_chart` for "Third chart"."""
    return re.sub(r"\W+", "_", binding.description.lower())


def is_choosable(binding: Binding) -> bool:
    """Tell whether a user may choose the key: those of the views are their numbers."""
    return not binding.action.startswith("view(")


def written(key: str) -> str:
    """Write a key as a user does: `<` for less_than_sign, and space by its name."""
    return key if key in NAMES or "+" in key else format_key(key)


def parse_key(text: object) -> str:
    """Return what Textual calls a key: `less_than_sign` for `<`.

    Raises:
        ConfigError: if there is no such key, or no terminal tells it from another.
    """
    if not isinstance(text, str):
        raise ConfigError(f'a key is a text such as "k" or "ctrl+k", not {text!r}')
    *modifiers, last = [text] if len(text) == 1 else text.lower().split("+")
    is_sign = len(last) == 1 and last.isprintable() and last != " "
    if not (is_sign or last in NAMES) or not MODIFIERS.issuperset(modifiers):
        hint = nearest(text, NAMES) or ': write one sign, or a name such as "space", "pageup", "f5" or "ctrl+k"'
        raise ConfigError(f"there is no key {text!r}{hint}")
    name = "+".join((*sorted(modifiers), "comma" if last == "," else last))  # Textual parts keys at a comma
    if name in SAME:
        raise ConfigError(f"{text} is {SAME[name]} to a terminal: choose another key")
    if modifiers == ["shift"] and is_sign:
        raise ConfigError(f"{text} is sent as a sign of its own: write {last.upper()!r}")
    (binding,) = Binding.make_bindings([Binding(name, "", "")])
    return binding.key


def check_keys(chosen: Mapping[str, object], bindings: Iterable[Binding]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the keys that can be used, as Textual calls them, and what is wrong with the others, both by action.

    No key has two actions: of two that are chosen, the one that is written first keeps it.
    """
    fixed, default = dict(RESERVED), dict[str, list[str]]()
    for binding in bindings:
        if is_choosable(binding):
            default.setdefault(action_name(binding), []).append(binding.key)
        else:
            fixed[binding.key] = f"chooses {action_name(binding)}"
    keys, problems = dict[str, str](), dict[str, str]()
    for action, text in chosen.items():
        if action not in default:
            problems[action] = f"there is no such action{nearest(action, default) or ': grokterm settings lists them'}"
            continue
        try:
            keys[action] = parse_key(text)
        except ConfigError as error:
            problems[action] = str(error)
    while clash := _clash(keys, default, fixed):
        action, reason = clash
        problems[action] = f"{written(keys.pop(action))} {reason} already"
    return keys, problems


def _clash(keys: dict[str, str], default: Mapping[str, list[str]], fixed: Mapping[str, str]) -> tuple[str, str] | None:
    """Find the last chosen key that does something else too, and what."""
    for action, key in reversed(keys.items()):
        others = (other for other in default if other != action and key in ([keys[other]] if other in keys else default[other]))
        if reason := fixed.get(key) or next((f"is the key of {other}" for other in others), ""):
            return action, reason
    return None


def rebound(bindings: Iterable[Binding], own: Mapping[str, str]) -> tuple[Binding, ...]:
    """Put the keys of a user in the place of those by default."""
    changed = (replace(one, key=own[action_name(one)]) if action_name(one) in own else one for one in bindings)
    return tuple(dict.fromkeys(changed))  # an action with two keys by default has one then


def moved(own: Mapping[str, str]) -> str:
    """Say which keys a user has chosen, above pages that name those by default; nothing if none."""
    listed = ", ".join(f"{action} {written(key)}" for action, key in own.items())
    return f"The pages name the keys by default. Yours: {listed}." if listed else ""
