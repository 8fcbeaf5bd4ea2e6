"""What a run of an experiment must show, and the evidence for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from grokterm.experiment.conditions import Comparison, has_comparison
from grokterm.experiment.metrics import EVALUATION_METRICS, SEEN_METRICS, expected_metrics
from grokterm.experiment.settings import Settings

MILESTONE_STEPS = ("memorized_at", "grokked_at", "ungrokked_at", "diverged_at")
# The numbers of `run --json` that can be expected.
MEASURES = (*MILESTONE_STEPS, *EVALUATION_METRICS, *SEEN_METRICS, "val_loss_peak", "val_loss_peak_at")

Range = Annotated[tuple[float, float], Field(strict=False)]
Wanted = tuple[float, float] | Literal["never"]


@dataclass(frozen=True)
class MetricAtStep:
    """A metric of the network at a step, `ipr @ 200`, or at the end of the run, `ipr`."""

    measure: str
    step: int | None = None

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read a measure's name as a metric of METRICS; None if it is another measure.

        Raises:
            ValueError: if it names a step, and not a metric that can be expected at one.
        """
        measure, at, step = (part.strip() for part in name.partition("@"))
        if not at:
            return cls(measure) if name in expected_metrics() else None
        if measure not in expected_metrics(at_step=True) or not (step.isascii() and step.isdigit()):
            raise ValueError(
                f"{name!r} is not a number at a step: write MEASURE @ STEP, as in ipr @ 200, "
                f"the measure being one of {', '.join(expected_metrics(at_step=True))}"
            )
        return cls(measure, int(step))


def _is_range(value: object) -> object:
    if isinstance(value, dict):
        raise ValueError('must be a range [low, high] or "never": a name with a dot in it stands in quotes')  # noqa: TRY004 - as pydantic wants it
    if value != "never" and not (isinstance(value, list | tuple) and len(value) == 2):
        raise ValueError('must be a range [low, high] or "never"')
    return value


class Expect(Settings):
    """A range [low, high] for each measure, or "never" for a step that must not come.

    A measure is one of MEASURES or a metric of the network, or in quotes a first crossing, `"train_loss < 1e-4" = [73, 165]`,
    or a metric at a step, `"ipr @ 200" = [0.85, 1.0]`.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Range | Literal["never"], BeforeValidator(_is_range)]]

    evidence: str = Field(min_length=1)
    """S source, V re-run independently, D digitized from one run, I inferred, ours (and over how many seeds)."""

    source_says: str = ""
    """The source's own numbers in words, for people: "train99 960, test99 1,200"."""

    @property
    def ranges(self) -> dict[str, Wanted]:
        """The expected range of each measure."""
        return dict(self.__pydantic_extra__)

    @cached_property
    def crossings(self) -> dict[str, Comparison]:
        """The measures that are first crossings, by the name in the preset."""
        return {name: crossing for name in self.__pydantic_extra__ if (crossing := Comparison.parse(name))}

    @cached_property
    def inspected(self) -> dict[str, MetricAtStep]:
        """The measures that are metrics of the network, by the name in the preset."""
        return {name: wanted for name in self.__pydantic_extra__ if (wanted := MetricAtStep.parse(name))}

    @property
    def is_digitized(self) -> bool:
        """The ranges were read off a figure of one run: they are no bounds."""
        return self.evidence.startswith("D")

    @model_validator(mode="after")
    def _measures_exist(self) -> Self:
        for name, wanted in self.ranges.items():
            if name not in (*MEASURES, *self.inspected, *self.crossings):
                known = ", ".join((*MEASURES, *expected_metrics()))
                raise ValueError(
                    f'{name} is not measured: choose one of {known}, a first crossing as "train_loss < 1e-4", '
                    'or a number at a step as "ipr @ 200"'
                )
            if wanted == "never" and not is_step(name):
                raise ValueError(f"{name} cannot be never: give a range [low, high]")
            if wanted != "never" and wanted[0] > wanted[1]:
                raise ValueError(f"{name} must be [low, high], not {list(wanted)}")
        return self


def inspected_after(last: float, names: Iterable[str]) -> list[str]:
    """List the metrics that are named at a step beyond the last one."""
    return [name for name in names if (at := re.search(r"@\s*([0-9]+)\s*$", name)) and int(at[1]) > last]


def is_step(measure: str) -> bool:
    """Tell whether a measure is the step of something that may never come."""
    return measure in (*MILESTONE_STEPS, "grokking_delay") or has_comparison(measure)
