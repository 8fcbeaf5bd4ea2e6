"""What is read from the folder of a run for the list."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grokterm.errors import GroktermError
from grokterm.runs.differences import as_written, flat
from grokterm.runs.listing.annotations import read_annotations
from grokterm.runs.listing.skim import Skim
from grokterm.runs.store import Run

GOES_ON = ("interrupted", "out_of_memory")  # reasons of an end after which a run is resumed


@dataclass
class Facts:
    """What the folder of a run says; what other runs and processes add to it is left out."""

    shown: dict[str, Any]
    """Fields of a RunRow."""

    settings: dict[str, Any] = field(default_factory=dict)
    """Every setting by its dotted name."""

    written: dict[str, Any] = field(default_factory=dict)
    """Those that a list writes in other words: files by their names."""

    owner: dict[str, Any] | None = None
    """The process that trains it, or may; None if it has ended."""

    is_paused: bool = False
    skim: dict[str, Any] | None = None
    """Of a run that has not ended: what was read of its journal."""


def read_facts(folder: Path, skim: Mapping[str, Any] | None = None) -> Facts:
    """Read a run, its journal on from where it was read before."""
    run, annotations = Run(folder), asdict(read_annotations(folder))
    try:
        return _read(run, annotations, None if skim is None else Skim(**skim))
    except GroktermError as error:
        return Facts(annotations | {"preset": run.preset, "problem": str(error)})


def _read(run: Run, annotations: dict[str, Any], before: Skim | None) -> Facts:
    from grokterm.experiment.records import Paused, Started
    from grokterm.runs.summary import summarize_means

    experiment, skim = run.experiment, Skim.of(run.journal, before)
    records = skim.records(run.journal)
    summary = summarize_means(run, records)
    settings = dict(flat(experiment.settings()))
    written = {name: short for name, value in settings.items() if (short := as_written(run, name, value)) != value}
    has_ended = summary.status == "ended"
    shown = annotations | {
        "preset": run.preset,
        "title": experiment.title,
        "operation": experiment.task.operation,
        "architecture": experiment.model.architecture,
        "optimizer": experiment.optimizer.kind,
        "train_fraction": experiment.task.train_fraction,
        "members": experiment.training.members,
        **{f"{name}_at": getattr(summary, f"{name}_at") for name in ("memorized", "grokked", "ungrokked", "diverged")},
        **{f"{side}_{what}": getattr(summary, f"{side}_{what}") for side in ("train", "val") for what in ("loss", "accuracy")},
        "step": summary.steps,
        "steps": experiment.training.steps,
        "steps_per_second": summary.steps_per_second,
        "ended": summary.ended if has_ended else None,
    }
    last = next((type(record) for record in reversed(records) if record.record in ("started", "paused", "continued")), Started)
    owner = None if has_ended or summary.owner is None else summary.owner.model_dump()
    return Facts(shown, settings, written, owner, last is Paused, None if has_ended else asdict(skim))
