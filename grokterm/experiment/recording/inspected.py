"""The record of an inspection: the metrics of a network."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from grokterm.experiment.metrics import METRICS
from grokterm.experiment.recording.base import BaseRecord


class PhaseAlignment(BaseModel):
    """Circular mean of φ1 + φ2 − φ3 over the matched neurons, in radians, and their resultant length: 1 if all agree."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")

    mean: float
    resultant: float


class Inspected(BaseRecord):
    """The metrics of a network at a step, which may lie some evaluations back; None for those that it lacks.

    METRICS says what each means. One that has no field here is kept as an extra, under its name.
    """

    model_config = ConfigDict(frozen=True, extra="allow", ser_json_inf_nan="null")

    __pydantic_extra__: dict[str, float | None]

    record: Literal["inspected"] = "inspected"
    ipr: float | None = None
    key_frequencies: tuple[int, ...] = ()
    gini: float | None = None
    matched_frequency_share: float | None = None
    phase_alignment: PhaseAlignment | None = None
    exact_fit: float | None = None
    analytic_agreement: float | None = None
    restricted_loss: float | None = None
    excluded_loss: float | None = None
    distance_irrelevance: float | None = None
    parameter_norm: float | None = None
    logit_quantiles: tuple[float, ...] = ()
    """Of the right answer's score, over the training equations that the network answers right."""

    @model_validator(mode="before")
    @classmethod
    def _drop_what_is_no_metric(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name in cls.model_fields or name in METRICS}

    @property
    def median_score(self) -> float | None:
        """The middle of the quantiles."""
        return self.logit_quantiles[len(self.logit_quantiles) // 2] if self.logit_quantiles else None

    def metric(self, name: str) -> float | None:
        """Return a metric by its name in METRICS; None if the network lacks it."""
        first, _, rest = name.partition(".")
        value = getattr(self, first, None)
        return getattr(value, rest, None) if rest else value
