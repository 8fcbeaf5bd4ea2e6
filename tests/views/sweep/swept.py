"""Sweeps whose results are known, without a training."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from grokterm.experiment.sweep import Sweep
from grokterm.plots.cells import Rows
from grokterm.sweeps.measuring.outcomes import PointOutcome, outcomes
from grokterm.sweeps.members import Member, points
from grokterm.sweeps.storage.result import Result

Measured = Callable[[Mapping[str, Any], int], float | None]
"""What is measured at a point with a seed: inf for never, None for not yet."""


def swept(measured: Measured, **table: Any) -> tuple[Sweep, list[PointOutcome]]:  # noqa: ANN401 - a table `[sweep]`
    sweep = Sweep.from_settings(table)
    members = [
        Member(point, seed, f"{number}-{seed}") for number, point in enumerate(points(sweep)) for seed in range(sweep.seeds)
    ]
    results = {}
    for member in members:
        if (value := measured(member.point.columns, member.seed)) is not None:
            results[member.key] = Result.model_validate({"key": member.key, sweep.measure: None if value == inf else value})
    return sweep, outcomes(members, results, sweep.measure)


def text(rows: Rows) -> list[str]:
    return ["".join(segment.text for segment in row) for row in rows]
