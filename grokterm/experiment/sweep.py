"""A sweep: one experiment many times, with other settings and seeds. The table `[sweep]` of a preset."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from grokterm.experiment.expectation import is_step
from grokterm.experiment.reading.ranges import MOST_VALUES, listed, n_points
from grokterm.experiment.reading.toml import format_value
from grokterm.experiment.settings import Settings

Value: TypeAlias = bool | int | float | str | Annotated[tuple[bool | int | float | str, ...], Field(strict=False)]
"""What a setting can hold."""


def _distinct(values: tuple[Value, ...]) -> tuple[Value, ...]:
    if not values:
        raise ValueError("has no values: list some")
    if len(set(map(repr, values))) < len(values):
        raise ValueError(f"names a value twice: {', '.join(map(str, values))}")
    return values


Values: TypeAlias = Annotated[
    tuple[Value, ...], Field(strict=False, max_length=MOST_VALUES), BeforeValidator(listed), AfterValidator(_distinct)
]
Axes: TypeAlias = dict[str, Values]

VARIANT = "variant"
"""What the axis of variants is called."""


class Search(Settings):
    """Where a measure crosses a value along an axis, found by bisection instead of a grid."""

    along: str
    """The setting that is searched."""

    between: Annotated[tuple[float, float], Field(strict=False)]
    """Two values of it, on both sides of the crossing."""

    crosses: float | None = None
    """The value that the measure's median over the seeds crosses: 0.5, and of a step, whether it is reached at all."""

    tolerance: float = Field(gt=0)
    """How near the two sides of the crossing come; with logarithmic spacing, their ratio minus 1."""

    spacing: Literal["linear", "logarithmic"] = "linear"
    """Whether the middle of two values is their mean, or the root of their product."""

    expect: Annotated[tuple[float, float] | None, Field(strict=False)] = None
    """Where the crossing must lie."""

    @model_validator(mode="after")
    def _has_two_sides(self) -> Self:
        low, high = self.between
        if low >= high:
            raise ValueError(f"between must name the lower value first, and two different ones, not {list(self.between)}")
        if self.spacing == "logarithmic" and low <= 0:
            raise ValueError(f"between must be above 0 with logarithmic spacing, not {list(self.between)}")
        return self


class ExpectedPoint(Settings):
    """What a point of a sweep must show: the median of a measure over its seeds."""

    where: dict[str, Value] = Field(min_length=1)
    """Values of axes, and `variant`; every point that has them."""

    within: Annotated[tuple[float, float], Field(strict=False)] | Literal["never"]
    """The lowest and the highest value that is met, or "never" for a step that no seed reaches."""

    measure: str = ""
    """What is compared, at the end; empty: what the sweep measures."""


class Sweep(Settings):
    """Which experiments, and what is drawn of them."""

    seeds: int = Field(1, ge=1, le=MOST_VALUES)
    """How many at each point: the experiment's seed, the next, ..."""

    grid: Axes = Field({})
    """Settings and their values, each with each: a list, a range `0.2:0.9:0.1`, or `1e-4:1:log5` at equal ratios."""

    zipped: Axes = Field({})
    """Settings that change together: the first values of all, the second ones, ..."""

    variants: dict[str, dict[str, Value]] = Field({})
    """Labels, and what each changes."""

    search: Search | None = None
    """Where the measure crosses a value along one more axis."""

    measure: str = "val_accuracy"
    """What is drawn: a name of `run --json` or of `inspect --json`, best_val_accuracy or grokking_delay."""

    at: str = "end"
    """Where a metric of the network is taken: at the end, or at a milestone: memorized, grokked."""

    over: str = ""
    """The axis below the curve; empty: the one with most numbers."""

    keep: Literal["all", "results"] = "all"
    """Of a finished run everything, or all but its checkpoints."""

    evidence: str = ""
    """Where the expectations come from: S source, V re-run independently, D digitized, I inferred, ours and how many seeds."""

    expect: tuple[ExpectedPoint, ...] = Field((), strict=False)
    """What must be seen; `grokterm verify` holds the sweep to it."""

    @model_validator(mode="after")
    def _is_one_grid(self) -> Self:
        lengths = {name: len(values) for name, values in self.zipped.items()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise ValueError(f"zipped wants as many values of each setting: {shown}")
        names = [*self.grid, *self.zipped, *([self.search.along] if self.search else [])]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))} is more than one axis: name it once")
        for label, changes in self.variants.items():
            if both := [name for name in names if name in changes]:
                raise ValueError(f"variants.{label} changes {both[0]}, which is an axis: leave it out of one of them")
        if "seed" in names:
            raise ValueError("seed is no axis: seeds says how many there are")
        axes = {**self.grid, **self.zipped}
        if self.over and self.over not in axes:
            raise ValueError(f"over must name an axis, {' or '.join(axes) or 'and there is none'}, not {self.over!r}")
        return self

    @model_validator(mode="after")
    def _expects_on_evidence(self) -> Self:
        if not self.evidence and (self.expect or (self.search is not None and self.search.expect)):
            raise ValueError("evidence must say where the expectations come from")
        for one in self.expect:
            measure = one.measure or self.measure
            if one.within == "never" and not is_step(measure):
                raise ValueError(f"{measure} cannot be never: give a range [low, high]")
            if one.within != "never" and one.within[0] > one.within[1]:
                raise ValueError(f"within must be [low, high], not {list(one.within)}")
        return self

    @property
    def axes(self) -> Axes:
        """All axes with given values, also those that change together."""
        return {**self.grid, **self.zipped}

    @property
    def n_points(self) -> int:
        """How many points the grid has, without those that the search adds."""
        return n_points(self.grid, self.zipped, self.variants)


def short_name(setting: str) -> str:
    """Write the name of a setting, or of a measure, as people say it: `train fraction`."""
    return setting.rpartition(".")[2].replace("_", " ")


def written(value: Value) -> str:
    """Write a value of an axis, a number with six digits."""
    if isinstance(value, float):
        digits, power, exponent = f"{value:.6g}".partition("e")
        return f"{digits}e{int(exponent)}" if power else digits
    return value if isinstance(value, str) else format_value(value)


def label_of(columns: Mapping[str, Value]) -> str:
    """Name what is at these values of axes: `wide, weight decay 1`."""
    return ", ".join(
        written(value) if name == VARIANT else f"{short_name(name)} {written(value)}" for name, value in columns.items()
    )
