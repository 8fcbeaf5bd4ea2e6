"""What a sweep measures of a member, read from its run."""

import platform
from collections.abc import Sequence
from typing import Any

import numpy as np

from grokterm.errors import ConfigError
from grokterm.experiment.expectation import MetricAtStep
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.reading.hints import nearest
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.sweep import Sweep
from grokterm.runs.journal import read_journal
from grokterm.runs.results.summarizing import summarize_means
from grokterm.runs.results.summary import Summary
from grokterm.runs.store import Run
from grokterm.session.curves import Curves
from grokterm.sweeps.storage.result import Result

FROM_SUMMARY = [name for name in Result.model_fields if name in Summary.model_fields]

NUMBERS = [
    name
    for name, field in Result.model_fields.items()
    if field.annotation in (int | None, float | None) or name in ("steps", "seconds")
]
"""What can be drawn of every member."""


def measure_name(sweep: Sweep) -> str:
    """Name what a sweep measures: `val_accuracy`, `ipr @ grokked`."""
    return sweep.measure if sweep.at == "end" else f"{sweep.measure} @ {sweep.at}"


def check_measure(sweep: Sweep) -> None:
    """Check that there is what the sweep measures.

    Raises:
        ConfigError: with the nearest name.
    """
    if sweep.at not in ("end", "memorized", "grokked"):
        raise ConfigError(f"at must be end, memorized or grokked, not {sweep.at!r}")
    at_end = [*NUMBERS, *(name for name in METRICS if name not in NUMBERS)]
    where = "" if sweep.at == "end" else f", at {sweep.at} of the network"
    _check_known(sweep.measure, at_end if sweep.at == "end" else list(METRICS), where)
    for one in sweep.expect:
        if one.measure:
            _check_known(one.measure, at_end, ", as is expected")


def _check_known(measure: str, known: Sequence[str], where: str) -> None:
    if measure not in known:
        hint = nearest(measure, known) or f": choose one of {', '.join(known)}"
        raise ConfigError(f"measure must be a number of a run{where}, and {measure!r} is none{hint}")


def network_measures(sweep: Sweep) -> set[str]:
    """Name what a sweep measures of the network itself, which no evaluation tells."""
    return {measure_name(sweep), *(one.measure for one in sweep.expect if one.measure)} - Result.model_fields.keys()


def result_of_run(run: Run, sweep: Sweep, attempts: int = 1) -> Result:
    """Read what came of a member that has ended.

    Raises:
        CheckpointError: if its journal cannot be read, or a checkpoint that a metric needs.
    """
    records = read_journal(run.journal)
    summary = summarize_means(run, records)
    shown: dict[str, Any] = {name: getattr(summary, name) for name in FROM_SUMMARY}
    evaluated = (record for record in records if isinstance(record, Evaluated | Evaluations))
    accuracies = Curves().extended(evaluated).column("val_accuracy")
    is_out = summary.ended == "out_of_memory"
    return Result(
        **shown,
        key=run.name,
        outcome="failed" if is_out else "diverged" if summary.ended == "diverged" else "finished",
        problem="out of memory" if is_out else "",
        best_val_accuracy=float(np.nanmax(accuracies)) if np.isfinite(accuracies).any() else None,
        grokking_delay=_delay(summary),
        metrics=_metrics(run, sweep, summary),
        host=platform.node(),
        attempts=attempts,
        grokterm=str(run.meta.get("grokterm", "")),
        torch=str(run.meta.get("torch", "")),
    )


def _delay(summary: Summary) -> int | None:
    if summary.memorized_at is None or summary.grokked_at is None:
        return None
    return summary.grokked_at - summary.memorized_at


def _metrics(run: Run, sweep: Sweep, summary: Summary) -> dict[str, float | None]:
    """Measure of the network what is drawn or expected, and no evaluation tells."""
    from grokterm.runs.results.metrics import inspect  # and with it torch, without which a sweep is refused sooner

    drawn = measure_name(sweep)
    wanted = {one.measure: MetricAtStep(one.measure) for one in sweep.expect if one.measure}
    step = None if sweep.at == "end" else getattr(summary, f"{sweep.at}_at")
    if sweep.at == "end" or step is not None:
        wanted[drawn] = MetricAtStep(sweep.measure, step)
    of_network = {name: metric for name, metric in wanted.items() if name not in Result.model_fields}
    unreached: dict[str, float | None] = {} if drawn in Result.model_fields else {drawn: None}
    return unreached | inspect(run, of_network)
