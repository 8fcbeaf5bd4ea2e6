"""Actions on a running training, scheduled by a preset or sent live: both are the same values."""

from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import BeforeValidator, Discriminator, Field, PlainSerializer, model_validator

from grokterm.experiment.conditions import Condition, ConditionText
from grokterm.experiment.settings import Settings
from grokterm.experiment.task import OperationName
from grokterm.experiment.training import LARGEST_STEPS
from grokterm.tasks.dataset import Dataset

LiveValue: TypeAlias = bool | int | float | str | Annotated[tuple[float, ...], Field(strict=False)]
"""What a setting that may change while the training runs can hold."""


class Swap(Settings):
    """Exchange the training set; network and optimizer state stay."""

    kind: Literal["swap"] = "swap"

    train_fraction: float | None = Field(None, gt=0, le=1)
    """Share of all equations: smaller keeps a prefix of the training set, larger adds from validation, 1 adds everything."""

    n_train: int | None = Field(None, ge=1)
    """The same as a number of equations."""

    seed: int | None = Field(None, ge=0)
    """Draw a new split from this seed, within what was never trained on if there is enough."""

    operation: OperationName | None = None
    """Ask the same pairs for another answer; expression leads back to the polynomial that a task began with."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_dump(exclude={"kind"}, exclude_none=True):
            raise ValueError("swap needs a train_fraction, an n_train, a seed or an operation")
        if self.train_fraction is not None and self.n_train is not None:
            raise ValueError("swap takes either a train_fraction or an n_train")
        return self

    def applied(self, dataset: Dataset, *, was_used: bool = True) -> Dataset:
        """Exchange the training set of a dataset, on which updates were made unless it was not used.

        Raises:
            ConfigError: if a side would be empty, validation has too few equations that were never trained on, or the operation
                cannot be asked.
        """
        return dataset.swapped(**self.model_dump(exclude={"kind"}), was_used=was_used)

    def __str__(self) -> str:
        parts = [
            f"to {100 * self.train_fraction:.3g} %" if self.train_fraction is not None else "",
            f"to {self.n_train:,} equations" if self.n_train is not None else "",
            f"to {self.operation}" if self.operation is not None else "",
            f"to the split of seed {self.seed}" if self.seed is not None else "",
        ]
        return "swap " + ", ".join(part for part in parts if part)


class Set(Settings):
    """Change settings that may change while the training runs."""

    kind: Literal["set"] = "set"

    values: dict[str, LiveValue] = Field(min_length=1)
    """Dotted names and their new values: {"optimizer.learning_rate" = 1e-3}."""

    def __str__(self) -> str:
        return "set " + ", ".join(f"{name.rpartition('.')[2]} {_short(value)}" for name, value in self.values.items())


def _short(value: LiveValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " and ".join(map(_short, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


class Save(Settings):
    """Write a checkpoint."""

    kind: Literal["save"] = "save"

    def __str__(self) -> str:
        return "save"


class Stop(Settings):
    """End the training, saved."""

    kind: Literal["stop"] = "stop"

    def __str__(self) -> str:
        return "stop"


class Extend(Settings):
    """Move the last step of a run, which goes on if it has ended. A preset has no use for it: it says `training.steps`."""

    kind: Literal["extend"] = "extend"

    steps: int = Field(ge=1, le=LARGEST_STEPS)
    """The new last step."""

    def __str__(self) -> str:
        return f"extend to {self.steps:,} steps"


ScheduledAction: TypeAlias = Swap | Set | Save | Stop
Action = Annotated[ScheduledAction | Extend, Discriminator("kind")]


def _without_kind(swap: Swap | None) -> dict[str, object] | None:
    return None if swap is None else swap.model_dump(exclude={"kind"}, exclude_none=True)


def _with_values(values: object) -> object:
    """Presets write `set = { "optimizer.learning_rate" = 1e-3 }`, without a table of values inside."""
    return {"values": values} if isinstance(values, dict) and "values" not in values else values


def _only_values(action: Set | None) -> dict[str, object] | None:
    return None if action is None else dict(action.values)


class Intervention(Settings):
    """One action, and when it happens: at a step, or when a condition is met."""

    at_step: int | None = Field(None, ge=0)
    """Before the update that follows this step."""

    when: ConditionText | None = None
    """At the evaluation that first shows it, or so many steps later."""

    swap: Annotated[Swap | None, PlainSerializer(_without_kind)] = None
    set: Annotated[Set | None, BeforeValidator(_with_values), PlainSerializer(_only_values)] = None
    save: Literal[True] | None = None
    stop: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_one_act_at_one_time(self) -> Self:
        if (self.at_step is None) == (self.when is None):
            raise ValueError("an intervention needs either at_step or when")
        kinds = [action.model_fields["kind"].default for action in get_args(ScheduledAction)]
        if sum(getattr(self, kind) is not None for kind in kinds) != 1:
            raise ValueError(f"an intervention needs exactly one of {', '.join(kinds[:-1])} and {kinds[-1]}")
        return self

    @property
    def condition(self) -> Condition | None:
        """What `when` says."""
        return None if self.when is None else Condition.parse(self.when)

    @property
    def action(self) -> ScheduledAction:
        """The action."""
        return self.swap or self.set or (Save() if self.save else Stop())
