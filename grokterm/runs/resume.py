"""Rules for resuming a saved run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.overrides import override
from grokterm.experiment.records import Finished, Record
from grokterm.runs.store import Run

# Settings that may change when a run is resumed.
RESUMABLE = (
    "training.steps",
    "training.evaluate_every",
    "training.inspect_every",
    "training.checkpoint_at",
    "training.stop_when",
    "training.threads",
    "device",
)


def resumed_experiment(run: Run, changes: Sequence[str]) -> Experiment:
    """Apply changes to the experiment of a run.

    Raises:
        ConfigError: if a setting may not change.
    """
    for change in changes:
        if (name := change.partition("=")[0].strip()) not in RESUMABLE:
            raise ConfigError(f"{name} cannot be changed when a run is resumed, only {', '.join(RESUMABLE)}: start a new run")
    return override(run.experiment.settings(), changes).experiment


def rounding_note(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say what rounds differently here than where a run was made, by the meta of both; empty if nothing does."""
    pairs = {name: (before.get(name), now[name]) for name in ("torch", "numpy")}
    known = before.get("arithmetic")
    if isinstance(known, Mapping):
        there, here = known, now["arithmetic"]
        pairs |= {name: (there.get(name, "unset"), here.get(name, "unset")) for name in {**there, **here}}
    changed = [f"{name} {one}, now {other}" for name, (one, other) in pairs.items() if one not in (None, other)]
    return f"bits may differ from a run without a break: {'; '.join(changed)}" if changed else ""


def has_ended(experiment: Experiment, records: Iterable[Record]) -> bool:
    """Whether a run has nothing left to do under these settings."""
    last = next((record for record in reversed(list(records)) if isinstance(record, Finished)), None)
    match last.reason if last else "interrupted":
        case "interrupted" | "out_of_memory":
            return False
        case "complete":
            return last is not None and last.step >= experiment.training.steps
        case "stopped" | "diverged":
            return True
        case condition:
            return condition == experiment.training.stop_when
