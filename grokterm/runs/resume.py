"""Rules for resuming a saved run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.reading.overrides import live_changes, override, parse_assignment
from grokterm.experiment.reading.toml import format_value
from grokterm.experiment.recording.endings import GOES_ON
from grokterm.experiment.recording.records import Acted, Branched, Finished, Record, Started
from grokterm.plugins.registry import changed, lacks
from grokterm.runs.command_line import command_line
from grokterm.runs.journal import reached_step, read_journal
from grokterm.runs.lock import holder_of
from grokterm.runs.store import Run

# Settings that may change when a run is resumed: in its experiment, unlike others that may change while it trains.
RESUMABLE = (
    "training.steps",
    "training.evaluate_every",
    "training.inspect_every",
    "training.checkpoint_at",
    "training.checkpoint_gigabytes",
    "training.stop_when",
    "training.threads",
    "device",
)


@dataclass(frozen=True)
class Resumption:
    """How a run goes on."""

    experiment: Experiment
    """Its settings, with those changed that leave the past alone."""

    changes: tuple[str, ...]
    """What changed in them."""

    before: tuple[str, ...]
    """What these were, as far as they may change while it trains."""

    action: Set | None
    """What to set where it goes on, of what may change while it trains; the journal keeps it as a user's action."""


def resumption(run: Run, assignments: Sequence[str]) -> Resumption:
    """Check what is to change when a run goes on.

    Raises:
        ConfigError: if a setting may not change, or fewer steps are asked for than the journal tells of.
    """
    live, changes, before, values = run.experiment.live_names(), [], [], {}
    for assignment in assignments:
        path, value = parse_assignment(assignment)
        name = ".".join(path)
        if name in RESUMABLE:
            changes.append(assignment)
            before += [f"{name}={format_value(run.experiment.live_value(name))}"] if name in live else []
        elif name in live:
            values[name] = value
        else:
            allowed = ", ".join(dict.fromkeys((*RESUMABLE, *live)))
            raise ConfigError(f"{name} cannot be changed when a run is resumed, only {allowed}: start a new run")
    experiment = override(run.experiment.scheduled.settings(), changes).experiment  # more steps do not stretch a schedule
    steps = experiment.training.steps
    if steps < run.experiment.training.steps and steps < (made := reached_step(read_journal(run.journal))):
        raise ConfigError(f"training.steps {steps:,} is less than the {made:,} steps that run {run.name} has made: choose more")
    action = Set.from_settings({"values": values}) if values else None
    if action is not None:
        settings_now(experiment, read_journal(run.journal)).changed(action)  # refuses what is invalid
    return Resumption(experiment, tuple(changes), tuple(before), action)


def check_plugins(run: Run) -> None:
    """Check whether the plugins that a run needs are what they were.

    Raises:
        ConfigError: if one is another now: what was computed before would not be gone on with.
    """
    if said := changed(run.meta.get("plugins")):
        raise ConfigError(f"run {run.name} cannot go on: {said}: load the former, or start a new run")


def check_recorded(run: Run, action: object) -> None:
    """Check whether a run records the plugin of the operation that it is to turn to: its journal could not be read without.

    Raises:
        ConfigError: if it does not.
    """
    if isinstance(action, Swap) and action.operation and lacks(run.meta.get("plugins"), "operation", action.operation):
        raise ConfigError(
            f"operation {action.operation} is a plugin's, which this run does not record: branch with task.operation="
            f"{action.operation}, or start a new run"
        )


def settings_now(experiment: Experiment, records: Iterable[Record]) -> Experiment:
    """Apply the settings that were changed while a run trained, or when it was resumed."""
    for record in records:
        if (change := change_of(experiment, record)) is not None:
            experiment = experiment.changed(change)
    return experiment


def change_of(experiment: Experiment, record: Record) -> Set | None:
    """Return what a record says was set of what may change while a run trains; None if it says nothing of it."""
    match record:
        case Acted(action=Set() as change):
            return change
        case Started(changes=changes) | Branched(changes=changes):
            return live_changes(experiment, changes)
    return None


def rounding_note(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say what rounds differently here than where a run was made, by the meta of both; empty if nothing does."""
    pairs = {name: (before.get(name), now[name]) for name in ("torch", "numpy")}
    known = before.get("arithmetic")
    if isinstance(known, Mapping):
        there, here = known, now["arithmetic"]
        pairs |= {name: (there.get(name, "unset"), here.get(name, "unset")) for name in {**there, **here}}
    changed = [f"{name} {one}, now {other}" for name, (one, other) in pairs.items() if one not in (None, other)]
    return f"bits may differ from a run without a break: {'; '.join(changed)}" if changed else ""


def check_reached(run: Run, step: int, records: Sequence[Record]) -> None:
    """Check whether a run has come to a step.

    Raises:
        ConfigError: if it has not; the message says how it gets there.
    """
    if step < 0:
        raise ConfigError(f"step must be at least 0, not {step:,}")
    if step > (reached := reached_step(records)):
        training = run.experiment.training
        longer = training.model_copy(update={"steps": max(step, training.steps)})
        if has_ended(run.experiment.model_copy(update={"training": longer}), records):
            advice = f"it has ended, so choose a step up to {reached:,}"
        else:
            more = f" --set training.steps={step}" if step > training.steps else ""
            if holder_of(run.path) is None:
                advice = f"go on with {command_line('run --resume', run.path)}{more}"
            else:
                extends = ", and e there extends it" if more else ""
                advice = f"it trains: {command_line('attach', run.path)} shows it{extends}"
        raise ConfigError(f"run {run.name} has reached step {reached:,}, not {step:,}: {advice}")


def is_over(run: Run, asked: Resumption) -> bool:
    """Whether nothing is left to train.

    Raises:
        ConfigError: if nothing is, and something is to be set where the run would go on.
    """
    if not has_ended(asked.experiment, read_journal(run.journal), asked.changes):
        return False
    if asked.action is not None:
        raise ConfigError(f"run {run.name} has ended, and nothing is left to train: set training.steps to more steps too")
    return True


def has_ended(experiment: Experiment, records: Sequence[Record], changes: Sequence[str] = ()) -> bool:
    """Whether a run has nothing left to do under these settings, some of which a resume is about to change."""
    last = next((record for record in reversed(records) if isinstance(record, Finished) or _extends(record)), None)
    match last.reason if isinstance(last, Finished) else "interrupted":
        case reason if reason in GOES_ON:
            return False
        case "complete":
            return last is not None and last.step >= experiment.training.steps
        case "stopped" | "diverged":
            return True
        case condition:
            return condition == _stop_when(experiment, records, changes)


def _stop_when(experiment: Experiment, records: Sequence[Record], changes: Sequence[str]) -> str:
    """Return what ends the run now: what its settings say, unless that was changed while it trained."""
    name = "training.stop_when"
    made = [*(change_of(experiment, record) for record in records), live_changes(experiment, changes)]
    said = [change.values[name] for change in made if change is not None and name in change.values]
    return experiment.changed(Set(values={name: said[-1]})).training.stop_when if said else experiment.training.stop_when


def _extends(record: Record) -> bool:
    return isinstance(record, Acted) and isinstance(record.action, Extend)
