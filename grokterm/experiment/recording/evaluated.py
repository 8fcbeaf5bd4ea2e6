"""The record of an evaluation: how well a network, or the members of an ensemble, know either side."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from math import isfinite, isnan, nan
from statistics import fmean
from typing import Literal, Self

from pydantic import field_validator

from grokterm.experiment.metrics import EVALUATION_METRICS, METRICS_IN_ORDER, SEEN_METRICS
from grokterm.experiment.recording.base import BaseRecord


class Evaluated(BaseRecord):
    """Both sides were evaluated; for an ensemble, the means over the members that have not diverged.

    Validation is what was never trained on. What is held out and was trained on before, after some swaps, is `seen`. The
    numbers of a side without equations are None.
    """

    record: Literal["evaluated"] = "evaluated"
    train_loss: float
    train_accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    parameter_norm: float | None = None
    """Euclidean, of all parameters together; None in older journals."""

    seen_loss: float | None = None
    seen_accuracy: float | None = None
    average_val_loss: float | None = None
    """Of validation under the averaged weights; None where none are kept."""

    average_val_accuracy: float | None = None
    members: dict[str, tuple[float, ...]] | None = None
    """Of an ensemble, the values of every member by metric; NaN on a side of which a member has no equations."""

    @classmethod
    def of(cls, step: int, rows: Sequence[Sequence[float]]) -> "Evaluated":
        """Make a record from a row for each member, whose accuracy on a side is missing or NaN without such equations."""
        columns = dict(zip(METRICS_IN_ORDER, zip(*rows, strict=True), strict=False))
        named = _rows(columns)
        sound = [row for row in named if all(isfinite(row[name]) for name in EVALUATION_METRICS if name in row)] or named
        values = {name: [row[name] for row in sound if name in row] for name in columns}
        means = {name: fmean(some) for name, some in values.items() if some}
        members = {name: columns[name] for name in means} if len(rows) > 1 else None
        return cls.model_validate({"step": step, **means, "members": members})

    @field_validator("members", mode="before")
    @classmethod
    def _by_name(cls, members: object) -> object:
        """Name the columns of older journals, which have a row for each member, without the norm."""
        if not isinstance(members, list):
            return members
        return dict(zip((*EVALUATION_METRICS, *SEEN_METRICS), zip_longest(*members, fillvalue=nan), strict=False))

    def of_member(self, number: int) -> Self:
        """Return what it says of the member with this number; the same of a single network."""
        if self.members is None:
            return self
        return self.model_copy(update={**dict.fromkeys(METRICS_IN_ORDER), **self.rows[number], "members": None})

    @property
    def rows(self) -> list[dict[str, float]]:
        """The metrics of each member, or of the one network; without those of an empty side."""
        if self.members is None:
            values = vars(self)
            return [{name: value for name in METRICS_IN_ORDER if (value := values[name]) is not None}]
        return _rows(self.members)


def _rows(columns: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    return [_measured(dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]


def _measured(row: Mapping[str, float]) -> dict[str, float]:
    """Leave out the numbers of an empty side, whose accuracy is missing or NaN."""
    sides = [name.removesuffix("accuracy") for name in METRICS_IN_ORDER if name.endswith("_accuracy")]
    empty = tuple(side for side in sides if side != "train_" and isnan(row.get(f"{side}accuracy", nan)))
    return {name: value for name, value in row.items() if not name.startswith(empty)}
