"""What a changed experiment is called: a title, and a name for its runs, made of what differs from its preset."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from grokterm.errors import PresetError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.overrides import parse_assignment
from grokterm.experiment.reading.presets import Preset
from grokterm.experiment.settings import Settings
from grokterm.runs.branching import Branching
from grokterm.runs.differences import flat, in_short, short, told, without_folder
from grokterm.runs.store import without_time

MOST_NAMED = 3  # differences in the name of a run; a plus stands for more
LONGEST_PART = 24  # characters of one difference in it
LONGEST_STEM = 80  # of what stands before, in the name of a branch of a branch of a branch

# The most telling differences, first in a name. Those without a number speak for themselves.
KINDS = (
    "model.architecture",
    "task.operation",
    "task.expression",
    "optimizer.kind",
    "loss.kind",
    "model.activation",
    "task.split",
)
LAST = ("seed",)  # least telling

# Settings that leave what the title of a preset says as true as it was.
KEEP_TITLE = {
    "seed",
    "training.evaluate_every",
    "training.inspect_every",
    "training.checkpoint_at",
    "training.checkpoint_gigabytes",
    "training.threads",
}


@dataclass(frozen=True)
class Named:
    """An experiment ready to be run."""

    experiment: Experiment
    preset: str
    """The preset that it follows."""

    name: str
    """What its runs are called, before their time."""


def named(experiment: Experiment, preset: Preset) -> Named:
    """Give a changed experiment a name of its own, and a title unless it has one; a preset without changes keeps both."""
    followed = preset.followed or preset.name
    try:
        usual = preset.experiment
    except PresetError:  # the changes made it valid
        return Named(experiment, followed, without_time(preset.name))
    own, before = dict(flat(experiment.settings())), dict(flat(usual.settings()))
    differing = {
        name: without_folder(name, own[name])
        for name in sorted(told(own, before), key=_rank)
        if not _is_filled(experiment, usual, name)
    }
    if experiment.title == usual.title and not differing.keys() <= KEEP_TITLE:
        experiment = experiment.model_copy(update={"title": f"{without_time(preset.name)}, but {in_short(differing)}"})
    return Named(experiment, followed, "-".join([without_time(preset.name), *_parts(differing)]))


def branch_name(plan: Branching) -> tuple[str, str]:
    """Name a branch, and give it a title: by its parent, the step and what differs from there on."""
    acted = [value for action in plan.actions for value in flat(action.model_dump(exclude={"kind"}, exclude_none=True))]
    changed = {name.removeprefix("values."): value for name, value in acted}
    changed |= {".".join(path): value for path, value in map(parse_assignment, plan.changes)}
    stem = f"{without_time(plan.run.name)}-from-{plan.step}"
    title = f"{without_time(plan.run.name)} from step {plan.step:,} on" + (f", but {in_short(changed)}" if changed else "")
    return "-".join([stem[-LONGEST_STEM:].lstrip("-."), *_parts(changed)]), title


def _rank(name: str) -> int:
    return KINDS.index(name) if name in KINDS else len(KINDS) + (name in LAST)


def _is_filled(experiment: Experiment, usual: Experiment, name: str) -> bool:
    """Tell whether a setting only has the default of a new kind of network or optimizer."""
    section, _, key = name.partition(".")
    holder = getattr(experiment, section)
    is_new = (
        isinstance(holder, Settings)
        and key not in ("architecture", "kind")
        and type(holder) is not type(getattr(usual, section))
    )
    return is_new and getattr(holder, key) == type(holder).model_fields[key].get_default(call_default_factory=True)


def _parts(differing: Mapping[str, object]) -> list[str]:
    """Write differences for the name of a folder: `lstm`, `weight_decay-0.3`."""
    parts = [_part(name, value) for name, value in list(differing.items())[:MOST_NAMED]]
    return [*parts[:-1], f"{parts[-1]}+"] if len(differing) > MOST_NAMED else parts


def _part(name: str, value: object) -> str:
    shown = "" if isinstance(value, list | tuple) else re.sub(r"[^A-Za-z0-9_.]+", "-", short(value))[:LONGEST_PART]
    key = "" if name in KINDS else name.rpartition(".")[2][: LONGEST_PART - len(shown)]  # half a number would be another one
    return f"{key}-{shown}".strip("-.")
