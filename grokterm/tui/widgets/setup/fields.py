"""The settings of an experiment as fields of a form."""

from collections.abc import Iterator
from dataclasses import dataclass

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.kinds import by_kind
from grokterm.experiment.reading.fields import KINDS_OF_SECTION, choices_of
from grokterm.experiment.reading.files import is_hash
from grokterm.experiment.reading.toml import format_value
from grokterm.experiment.settings import Settings, field_docstrings, own_first

SECTIONS = ("task", "model", "loss", "optimizer", "training")


def kinds() -> dict[str, tuple[str, ...]]:
    """Return the fields that decide which other fields exist, and the values they may take."""
    return {f"{section}.{kind}": tuple(by_kind(members, kind)) for section, (kind, members) in KINDS_OF_SECTION.items()}


# Fields that a form shows at once; the others are folded away.
FIRST = (
    "task.operation",
    "task.expression",
    "task.modulus",
    "task.train_fraction",
    "model.architecture",
    "model.n_layers",
    "model.d_model",
    "model.width",
    "model.activation",
    "model.scaling",
    "optimizer.kind",
    "optimizer.learning_rate",
    "optimizer.weight_decay",
    "training.steps",
    "seed",
)


@dataclass(frozen=True)
class FormField:
    """One setting."""

    name: str  # dotted, as in a preset
    text: str  # its value as TOML, without the quotes of a text
    choices: tuple[str, ...]  # its possible values, where they can be listed
    help: str

    @property
    def guide(self) -> list[tuple[str, str]]:
        """What the help says of it."""
        choices = [("one of", ", ".join(self.choices))] if self.choices else []
        return [("meaning", self.help), *choices]


def form_fields(experiment: Experiment) -> Iterator[FormField]:
    """List every setting that a form can change, in the order of a preset, without the hashes of files, which follow."""
    for name in ("seed", "device"):
        yield _field(experiment, name, "")
    for section in SECTIONS:
        settings: Settings = getattr(experiment, section)
        for name in sorted(own_first(type(settings)), key=lambda name: name not in ("kind", "architecture")):
            if not is_hash(section, name):
                yield _field(settings, name, f"{section}.")


def without_other_kinds(edits: dict[str, str]) -> dict[str, str]:
    """Leave out edits of settings that the newly chosen kind does not have."""
    for section, (kind, members) in KINDS_OF_SECTION.items():
        if chosen := by_kind(members, kind).get(edits.get(f"{section}.{kind}", "")):
            known = {f"{section}.{name}" for name in chosen.model_fields}
            edits = {name: text for name, text in edits.items() if name in known or not name.startswith(f"{section}.")}
    return edits


def _field(settings: Settings, name: str, prefix: str) -> FormField:
    info = type(settings).model_fields[name]
    dotted = prefix + name
    description = " ".join(field_docstrings(type(settings)).get(name, "").split())
    return FormField(
        dotted, _as_text(settings.model_dump(include={name}, exclude_none=True)[name]), choices_of(dotted, info), description
    )


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and float(short := f"{value:g}".replace("e+0", "e").replace("e-0", "e-")) == value:
        return short
    return format_value(value)
