"""What is read from the folder of a run for the list."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from grokterm.errors import GroktermError
from grokterm.experiment.recording.owner import Owner
from grokterm.experiment.recording.records import Paused, Record
from grokterm.runs.differences import as_written, flat
from grokterm.runs.journal import refuse_lost
from grokterm.runs.listing.annotations import read_annotations
from grokterm.runs.listing.facts import Facts
from grokterm.runs.listing.skim import Skim
from grokterm.runs.results.status import Status, status_of_unended
from grokterm.runs.results.summarizing import summarize_means
from grokterm.runs.store import Run, made_at


def read_facts(folder: Path, skim: Mapping[str, Any] | None = None) -> Facts:
    """Read a run, its journal on from where it was read before."""
    run, annotations = Run(folder), asdict(read_annotations(folder))
    try:
        with run.without_plugins():
            facts = _read(run, annotations, None if skim is None else Skim(**skim))
    except GroktermError as error:
        facts = Facts(annotations | {"preset": run.preset, "problem": str(error)})
    return replace(facts, created=made_at(run), plugins=run.meta.get("plugins"))


def status_of(folder: Path, facts: Facts) -> tuple[Status, Owner | None]:
    """Tell whether a run that has not ended is trained at this moment, and by which process."""
    return status_of_unended(folder, None if facts.owner is None else Owner.model_validate(facts.owner))


def _read(run: Run, annotations: dict[str, Any], before: Skim | None) -> Facts:
    outline, skim = run.outline, Skim.of(run.journal, before)
    records = skim.records(run.journal)
    if not records:
        refuse_lost(run.journal, n_records=0)
    summary = summarize_means(run, records)
    settings = plain(dict(flat(run.settings)))
    written = {name: short for name, value in settings.items() if (short := as_written(run, name, value)) != value}
    has_ended = summary.status == "ended"
    shown = annotations | {
        "preset": run.preset,
        **{name: getattr(outline, name) for name in ("title", "operation", "architecture", "optimizer", "train_fraction")},
        "members": outline.members,
        **{f"{name}_at": getattr(summary, f"{name}_at") for name in ("memorized", "grokked", "ungrokked", "diverged")},
        **{f"{side}_{what}": getattr(summary, f"{side}_{what}") for side in ("train", "val") for what in ("loss", "accuracy")},
        "step": summary.steps,
        "steps": outline.steps,
        "steps_per_second": summary.steps_per_second,
        "ended": summary.ended if has_ended else None,
        "trouble": summary.trouble or "",
        "parent": f"{summary.parent}@{summary.branched_at}" if summary.parent else "",
    }
    owner = None if has_ended or summary.owner is None else summary.owner.model_dump()
    return Facts(shown, settings, written, owner, _is_paused(records), None if has_ended else asdict(skim))


def plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as JSON has them: lists for tuples."""
    found: dict[str, Any] = json.loads(json.dumps(settings, default=str))
    return found


def _is_paused(records: Sequence[Record]) -> bool:
    told = [record for record in records if record.record in ("started", "paused", "continued")]
    return bool(told) and isinstance(told[-1], Paused)
