"""Settings that have no effect beside the others: worth a word, no refusal, for a preset may keep them for a later change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokterm.experiment.experiment import Experiment


@dataclass(frozen=True)
class Idle:
    """A setting without effect where others have these values; its default is never told of."""

    name: str
    reason: str
    """What would have to be otherwise, in a few words."""

    others: dict[str, Callable[[object], bool]]
    """By setting, which values leave it without effect; all must hold, and an experiment must have them all."""


def _equals(*values: object) -> Callable[[object], bool]:
    return lambda value: value in values


def _is_not(*values: object) -> Callable[[object], bool]:
    return lambda value: value not in values


IDLE = (
    Idle("optimizer.filter_strength", "without optimizer.gradient_filter", {"optimizer.gradient_filter": _equals("none")}),
    Idle("optimizer.filter_memory", "but with optimizer.gradient_filter ema", {"optimizer.gradient_filter": _is_not("ema")}),
    Idle("optimizer.filter_window", "but with optimizer.gradient_filter ma", {"optimizer.gradient_filter": _is_not("ma")}),
    Idle(
        "optimizer.decay_to",
        "without optimizer.weight_decay",
        {"optimizer.weight_decay": _equals(0.0), "optimizer.groups": _equals({}), "interventions": _equals(())},
    ),
    Idle("model.bandwidth", "but with model.kernel gaussian", {"model.kernel": _is_not("gaussian")}),
    Idle(
        "model.dropout",
        "between the layers of an lstm that has one",
        {"model.architecture": _equals("lstm"), "model.n_layers": _equals(1)},
    ),
    Idle("training.tf32", "but on a cuda device", {"device": _equals("cpu", "mps")}),
    Idle("training.threads", "but on a cpu", {"device": lambda device: str(device).startswith(("cuda", "mps"))}),
)


def idle_settings(experiment: "Experiment") -> Iterator[str]:
    """Say in a line of each setting that has another value than its default, and no effect."""
    for one in IDLE:
        value = _value(experiment, one.name)
        if value is None or value == _default(experiment, one.name):
            continue
        if all((found := _value(experiment, name)) is not None and holds(found) for name, holds in one.others.items()):
            shown = str(value).lower() if isinstance(value, bool) else value
            yield f"{one.name} {shown} has no effect {one.reason}"


def _value(experiment: "Experiment", name: str) -> object:
    section, _, key = name.rpartition(".")
    return getattr(getattr(experiment, section) if section else experiment, key, None)


def _default(experiment: "Experiment", name: str) -> object:
    section, _, key = name.rpartition(".")
    return type(getattr(experiment, section)).model_fields[key].default
