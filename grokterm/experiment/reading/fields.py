"""Which settings there are, and which values they may have."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.kinds import by_kind, holders_of
from grokterm.experiment.model import MODELS
from grokterm.experiment.optimizer import OPTIMIZERS
from grokterm.experiment.reading.toml import format_value
from grokterm.experiment.settings import texts_of

KINDS_OF_SECTION: dict[str, tuple[str, Sequence[type[BaseModel]]]] = {
    "model": ("architecture", MODELS),
    "optimizer": ("kind", OPTIMIZERS),
}
"""Sections whose settings depend on a kind: the setting that names it, and the settings of each kind."""


def fields_of(settings: Mapping[str, Any]) -> dict[str, FieldInfo]:
    """Return the settings that an experiment of these kinds has, by their dotted names."""
    found: dict[str, FieldInfo] = {}
    for section in ("task", "model", "loss", "optimizer", "training"):
        kind, _ = KINDS_OF_SECTION.get(section, ("", ()))
        chosen = (Experiment().settings()[section] | _table_of(settings, section)).get(kind)
        for holder in holders_of(Experiment.model_fields[section]):
            if not kind or holder.model_fields[kind].default == chosen:
                found |= {f"{section}.{name}": field for name, field in holder.model_fields.items()}
    return found


def choices_of(name: str, field: FieldInfo) -> tuple[str, ...]:
    """List the values that a setting may have, as they are written; empty where they cannot be listed."""
    section, _, own = name.partition(".")
    kind, holders = KINDS_OF_SECTION.get(section, ("", ()))
    if kind and own == kind:
        return tuple(by_kind(holders, kind))
    return ("true", "false") if field.annotation is bool else texts_of(field)


def examples_of(name: str, field: FieldInfo) -> tuple[str, ...]:
    """List the values that a setting may have, or else its default, if it has one."""
    is_unset = field.default in (None, "") or field.is_required()
    return choices_of(name, field) or (() if is_unset else (format_value(field.default),))


def _table_of(settings: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return a section of settings that are not yet validated; empty if it is no table."""
    written = settings.get(section)
    return written if isinstance(written, dict) else {}
