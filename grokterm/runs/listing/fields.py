"""What a query and a sort order can name: columns of a row, and the settings of its experiment.

To add a column, add a row to COLUMNS, and what it is called for short to SHORT.
"""

from collections.abc import Callable, Sequence
from time import time
from typing import TYPE_CHECKING

from grokterm.errors import ConfigError
from grokterm.experiment.reading.hints import SYNONYMS, nearest
from grokterm.runs.listing.row import RunRow

if TYPE_CHECKING:
    from grokterm.experiment.settings import Settings

Value = object  # text, a number, a truth value, several texts, or None where a run has none
Getter = Callable[[RunRow], Value]


def _delay(row: RunRow) -> int | None:
    return None if row.grokked_at is None or row.memorized_at is None else row.grokked_at - row.memorized_at


COLUMNS: dict[str, Getter] = {
    "name": lambda row: row.name,
    "preset": lambda row: row.preset,
    "title": lambda row: row.title,
    "operation": lambda row: row.operation,
    "architecture": lambda row: row.architecture,
    "optimizer": lambda row: row.optimizer,
    "train_fraction": lambda row: row.train_fraction,
    "members": lambda row: row.members,
    "memorized_at": lambda row: row.memorized_at,
    "grokked_at": lambda row: row.grokked_at,
    "ungrokked_at": lambda row: row.ungrokked_at,
    "diverged_at": lambda row: row.diverged_at,
    "delay": _delay,
    "train_accuracy": lambda row: row.train_accuracy,
    "val_accuracy": lambda row: row.val_accuracy,
    "train_loss": lambda row: row.train_loss,
    "val_loss": lambda row: row.val_loss,
    "step": lambda row: row.step,
    "steps": lambda row: row.steps,
    "speed": lambda row: row.steps_per_second,
    "age": lambda row: time() - row.created,
    "state": lambda row: row.state,
    "ended": lambda row: row.ended or "",
    "differs": lambda row: row.told,
    "parent": lambda row: row.parent,
    "tag": lambda row: row.tags,
    "note": lambda row: row.note,
}
"""What a run has, by name. Numbers are compared, texts are searched."""

NUMBERS = {
    *("train_fraction", "members", "memorized_at", "grokked_at", "ungrokked_at", "diverged_at", "delay", "train_accuracy"),
    *("val_accuracy", "train_loss", "val_loss", "step", "steps", "speed", "age"),
}
"""The columns that hold numbers."""

SHORT = {
    "op": "operation",
    "arch": "architecture",
    "network": "architecture",
    "opt": "optimizer",
    "fraction": "train_fraction",
    "memorized": "memorized_at",
    "grokked": "grokked_at",
    "ungrokked": "ungrokked_at",
    "diverged": "diverged_at",
    "train": "train_accuracy",
    "val": "val_accuracy",
    "created": "age",
    "tags": "tag",
    "run": "name",
}
"""What columns are called for short. The short names of settings are those of `grokterm.experiment.reading.hints`."""


def find_field(name: str) -> tuple[Getter, bool]:
    """Return what reads a column or a setting of a row, by its name, and whether it is a column of numbers.

    Raises:
        ConfigError: with the nearest name, if there is none.
    """
    column = SHORT.get(name, name)
    if column in COLUMNS:
        return COLUMNS[column], column in NUMBERS
    meant = _settings_called(name) or [one for other in SYNONYMS.get(name, ()) for one in _settings_called(other)]
    if not meant:
        plain = [*COLUMNS, *SHORT, *SYNONYMS, *(one.rpartition(".")[2] for one in setting_names())]
        known = setting_names() if "." in name else plain
        hint = nearest(name, known) or ": `grokterm help searching` lists the fields, and every setting is one"
        raise ConfigError(f"a run has no field {name!r}{hint}")
    if len(meant) == 1:
        (only,) = meant
        return lambda row: row.settings.get(only), False
    return lambda row: next((row.settings[one] for one in meant if one in row.settings), None), False


def setting_names() -> tuple[str, ...]:
    """Return the dotted names of all settings, of every network and every optimizer."""
    from grokterm.experiment.experiment import Experiment
    from grokterm.experiment.model import MODELS
    from grokterm.experiment.optimizer import OPTIMIZERS

    sections = {name: (type(getattr(Experiment(), name)),) for name in ("task", "loss", "training")}
    kinds: dict[str, Sequence[type[Settings]]] = {**sections, "model": MODELS, "optimizer": OPTIMIZERS}
    found = [f"{section}.{name}" for section, some in kinds.items() for kind in some for name in kind.model_fields]
    return tuple(dict.fromkeys(("seed", "device", *found)))


def _settings_called(name: str) -> list[str]:
    """Return the settings of this name, dotted or not."""
    return [one for one in setting_names() if name in (one, one.rpartition(".")[2])]
