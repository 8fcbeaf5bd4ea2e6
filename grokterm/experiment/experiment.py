"""An experiment: all settings of a run, validated, and written as TOML."""

import re
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.kernel import LARGEST_TRAINING_SET, KernelModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.compatibility import DEMANDS
from grokterm.experiment.conditions import Condition
from grokterm.experiment.expectation import Expect, inspected_after
from grokterm.experiment.idle import idle_settings
from grokterm.experiment.interventions import Intervention, LiveValue, Set, Swap
from grokterm.experiment.loss import Loss
from grokterm.experiment.model import Model
from grokterm.experiment.optimizer import GradientDescent, Optimizer, RecursiveFeatures
from grokterm.experiment.optimizers.schedule import SCHEDULES
from grokterm.experiment.reading.hints import nearest
from grokterm.experiment.reading.toml import format_toml, parse_toml
from grokterm.experiment.settings import RUNNING, Settings, is_live, own_first
from grokterm.experiment.task import Task
from grokterm.experiment.training import Training
from grokterm.experiment.unwise import unwise_settings
from grokterm.tasks.sum_forms import SumForm


class Experiment(Settings):
    """All settings of a run."""

    title: str = "Untitled"
    """What it shows, in a sentence."""

    source: str = ""
    """Paper and figure, or the word "ours"."""

    seed: int = Field(0, ge=0)
    """Seed of the split, the initial weights, the batches and a random table."""

    device: str = "auto"
    """auto (cuda, else cpu), cpu, cuda, cuda:1 or mps."""

    task: Task = Task()
    model: Model = MLPModel()
    loss: Loss = Loss()
    optimizer: Optimizer = GradientDescent()
    training: Training = Training()
    interventions: tuple[Intervention, ...] = Field((), strict=False)
    expect: Expect | None = None

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Parse an experiment.

        Raises:
            ConfigError: if the text is not TOML, or a setting is invalid.
        """
        return cls.from_settings(parse_toml(text))

    def to_toml(self) -> str:
        """Return all settings as TOML, defaults too; parsing it gives an equal experiment."""
        return format_toml(self.settings())

    def settings(self) -> dict[str, Any]:
        """Return nested dicts, without values that are None and tables that are empty."""
        settings = self.model_dump(exclude_none=True, exclude=None if self.interventions else {"interventions"})
        for section in ("model", "optimizer"):
            values, names = settings[section], own_first(type(getattr(self, section)))
            settings[section] = {name: values[name] for name in names if values[name] != {}}
        return settings

    def changed(self, action: Set) -> Self:
        """Apply settings that may change while the training runs.

        Raises:
            ConfigError: if a name is unknown or not live, or a value is invalid.
        """
        settings, known = self.model_copy(update={"interventions": ()}).settings(), self.live_names()
        for name, value in action.values.items():
            section, _, key = name.partition(".")
            if name not in known:
                alike = [one.partition(".")[2] for one in known if one.startswith(f"{section}.")] or sorted(
                    {f"{one.partition('.')[0]}.…" for one in known}
                )
                instead = "extend the run instead" if name == "training.steps" else f"choose one of {', '.join(alike)}"
                raise ConfigError(f"{name} cannot be set while training{nearest(name, known) or f': {instead}'}")
            settings[section][key] = value
        changed = type(self).from_settings(settings, is_running=True)
        return changed.model_copy(update={"interventions": self.interventions})  # which no live setting can make invalid

    def extended(self, steps: int, ended: str | None) -> Self:
        """Return the same experiment with another last step; a schedule ends where it did.

        The condition that has ended the run, if one did, is dropped: it would end the run again.
        """
        changes: dict[str, object] = {"steps": steps}
        if ended == self.training.stop_when:
            changes["stop_when"] = "never"
        return self.scheduled.model_copy(update={"training": self.training.model_copy(update=changes)})

    def member(self, number: int) -> Self:
        """Return the experiment of one member of an ensemble, as a single network."""
        training = self.training.model_copy(update={"members": 1, "threads": "auto"})
        return self.model_copy(update={"seed": self.seed + number, "training": training})

    def with_engine(self, engine: str) -> Self:
        """Return the same experiment, run by another engine."""
        return self.model_copy(update={"training": self.training.model_copy(update={"engine": engine})})

    def on_device(self, device: str) -> Self:
        """Return the same experiment on another device.

        Raises:
            ConfigError: if it cannot be computed there.
        """
        return type(self).from_settings(self.settings() | {"device": device})

    def live_names(self) -> list[str]:
        """List the settings that may change while the training runs, as section.key; the optimizer's first."""
        return [
            f"{section}.{key}"
            for section in sorted(type(self).model_fields, key=lambda section: section != "optimizer")
            if isinstance(part := getattr(self, section), Settings)
            for key in own_first(type(part))
            if is_live(type(part), key)
        ]

    def live_value(self, name: str) -> LiveValue:
        """Return the value of a live setting."""
        section, _, key = name.partition(".")
        value: LiveValue = getattr(getattr(self, section), key)
        return value

    @property
    def batch_limit(self) -> int | None:
        """The batch size; None for the whole training set."""
        return None if self.optimizer.batch_size == "full" else self.optimizer.batch_size

    @property
    def scheduled(self) -> Self:
        """The same experiment, with a number for the step at which its schedule ends, if it does."""
        optimizer = self.optimizer
        if isinstance(optimizer, RecursiveFeatures) or optimizer.schedule not in SCHEDULES or optimizer.schedule_steps != "all":
            return self
        last = max(self.training.steps, optimizer.warmup_steps + 1)
        return self.model_copy(update={"optimizer": optimizer.model_copy(update={"schedule_steps": last})})

    @property
    def exact_form(self) -> SumForm | None:
        """The sum whose exact solution are the initial weights; None if these are random."""
        starts_exact = isinstance(self.model, MLPModel) and self.model.initialization == "analytic"
        return self.task.sum_form if starts_exact else None

    def check_training_set(self, n_train: int) -> None:
        """Check the size of the training set.

        Raises:
            ConfigError: if it is too large for a kernel machine.
        """
        if isinstance(self.model, KernelModel) and n_train > LARGEST_TRAINING_SET:
            raise ConfigError(
                f"model.architecture kernel solves for at most {LARGEST_TRAINING_SET:,} training equations at once,"
                f" not {n_train:,}: choose a smaller task.modulus or train_fraction"
            )

    def warnings(self) -> list[str]:
        """Return warnings about valid settings that probably fail, or have no effect."""
        return [*idle_settings(self), *unwise_settings(self)]

    @field_validator("device")
    @classmethod
    def _is_a_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
            raise ValueError(f"must be auto, cpu, cuda, cuda:N or mps, not {device!r}")
        return device

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        for demand in DEMANDS:
            demand(self)
        return self

    @model_validator(mode="after")
    def _batch_fits(self, info: ValidationInfo) -> Self:
        is_running = info.context is not None and info.context[RUNNING]  # then a batch is lowered
        if not is_running and self.batch_limit is not None and self.batch_limit > self.task.train_size:
            raise ValueError(
                f"optimizer.batch_size {self.batch_limit:,} is larger than the training set of {self.task.train_size:,}"
                ' equations: choose a smaller one or "full"'
            )
        return self

    @model_validator(mode="after")
    def _can_stop(self) -> Self:
        condition = self.training.stop_condition
        if condition is not None and (reason := self.never_comes(condition)):
            asked = self.training.stop_when
            raise ValueError(
                f"training.stop_when {asked} never comes where {reason}: choose never or memorized, or change that"
            )
        return self

    def never_comes(self, condition: Condition) -> str:
        """Say what keeps a condition from being met; empty if nothing does."""
        if condition.is_about_average and not getattr(self.optimizer, "average_decay", 0):
            return "optimizer.average_decay is 0"
        if condition.is_about_validation and not self.task.has_validation:
            return "task.split_file names no val" if self.task.split_file else "task.train_fraction is 1"
        return ""

    @model_validator(mode="after")
    def _expected_steps_come(self) -> Self:
        last = self.training.steps
        if self.expect is not None and (late := inspected_after(last, self.expect.ranges)):
            raise ConfigError(f"expect: {late[0]} comes after the last step: training.steps is {last:,}")
        return self

    @model_validator(mode="after")
    def _interventions_can_happen(self) -> Self:
        """Try all interventions in order, so that an invalid one fails before the training starts.

        By step, if all have one; as they are written, if some wait for a milestone.
        """
        numbered = list(enumerate(self.interventions))
        if all(one.at_step is not None for one in self.interventions):
            numbered.sort(key=lambda pair: pair[1].at_step or 0)
        settings = self.model_copy(update={"interventions": ()})
        dataset = self.task.dataset(self.seed) if any(intervention.swap for intervention in self.interventions) else None
        swapped_at: int | None = 0
        for number, intervention in numbered:
            try:
                match intervention.action:
                    case Set() as change:
                        settings = settings.changed(change)
                    case Swap() as swap if dataset is not None:
                        dataset = swap.applied(
                            dataset, was_used=intervention.at_step is None or intervention.at_step != swapped_at
                        )
                        swapped_at = intervention.at_step
                        self.check_training_set(len(dataset.train))
            except ConfigError as error:
                raise ConfigError(f"interventions[{number}]: {error}") from None
        return self
