"""What a run of this experiment must show, and on whose word."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from grokterm.experiment.settings import Settings

MILESTONE_STEPS = ("memorized_at", "grokked_at", "ungrokked_at", "diverged_at")
MEASURES = (
    *MILESTONE_STEPS,
    "train_loss",
    "val_loss",
    "train_accuracy",
    "val_accuracy",
    "val_loss_peak",
    "val_loss_peak_at",
)
"""The numbers that `run --json` prints and that can be expected."""

Range = Annotated[tuple[float, float], Field(strict=False)]


def _is_range(value: object) -> object:
    if value != "never" and not (isinstance(value, list | tuple) and len(value) == 2):
        raise ValueError('must be a range [low, high] or "never"')
    return value


class Expect(Settings):
    """What must be seen: a range [low, high] a measure, or "never" for a milestone."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Range | Literal["never"], BeforeValidator(_is_range)]]

    evidence: str = Field(min_length=1)
    """S source, V re-run independently, D digitised from one run, I inferred, ours (and over how many seeds)."""

    @property
    def ranges(self) -> dict[str, tuple[float, float] | Literal["never"]]:
        """The expected range of each measure."""
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _measures_exist(self) -> Self:
        for name, wanted in self.ranges.items():
            if name not in MEASURES:
                raise ValueError(f"{name} is not measured: choose one of {', '.join(MEASURES)}")
            if wanted == "never" and name not in MILESTONE_STEPS:
                raise ValueError(f"{name} cannot be never: give a range [low, high]")
            if wanted != "never" and wanted[0] > wanted[1]:
                raise ValueError(f"{name} must be [low, high], not {list(wanted)}")
        return self
