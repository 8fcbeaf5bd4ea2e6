"""An experiment: one validated value, written as TOML, that says everything about a run."""

import re
from typing import Any, Self

import tomlkit
from pydantic import Field, ValidationError, field_validator, model_validator
from tomlkit.exceptions import TOMLKitError

from grokterm.errors import ConfigError
from grokterm.experiment.expectation import Expect
from grokterm.experiment.interventions import Intervention, Set
from grokterm.experiment.loss import Loss
from grokterm.experiment.model import MLPModel, Model
from grokterm.experiment.optimizer import GradientDescent, Optimizer
from grokterm.experiment.problems import describe, nearest
from grokterm.experiment.settings import Settings, is_live
from grokterm.experiment.task import Task
from grokterm.experiment.training import Training


class Experiment(Settings):
    """Everything about a run, in one value."""

    title: str = "Untitled"
    """What it shows, in a sentence."""

    source: str = ""
    """Paper and figure, or the words "ours"."""

    seed: int = Field(0, ge=0)
    """Draws the split, the weights, the order of the batches and a random table."""

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
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        """Validate plain tables.

        Raises:
            ConfigError: one line that names the setting, the rule and the value.
        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            raise ConfigError(describe(error, cls)) from None

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read an experiment.

        Raises:
            ConfigError: if the text is not TOML, or breaks a rule.
        """
        return cls.from_settings(parse_toml(text))

    def to_toml(self) -> str:
        """Write every setting, defaults too; reading it back gives an equal experiment."""
        return tomlkit.dumps(self.settings())

    def settings(self) -> dict[str, Any]:
        """Return plain tables, without what is not set."""
        settings = self.model_dump(exclude_none=True, exclude=None if self.interventions else {"interventions"})
        settings["optimizer"] = {"kind": self.optimizer.kind, **settings["optimizer"]}  # the kind reads first
        return settings

    def changed(self, action: Set) -> Self:
        """Apply settings that may change while the training runs.

        Raises:
            ConfigError: if a name is unknown or not live, or a value breaks its rule.
        """
        settings = self.settings()
        for name, value in action.values.items():
            section, _, key = name.partition(".")
            holder = getattr(self, section, None)
            known = sorted(
                f"{part}.{field}"
                for part in type(self).model_fields
                if isinstance(model := getattr(self, part), Settings)
                for field in type(model).model_fields
                if is_live(type(model), field)
            )
            if not isinstance(holder, Settings) or f"{section}.{key}" not in known:
                raise ConfigError(
                    f"{name} cannot be set while training{nearest(name, known) or ': choose one of ' + ', '.join(known)}"
                )
            settings[section][key] = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        return type(self).from_settings(settings)

    @property
    def batch_limit(self) -> int | None:
        """The batch size that was asked for; None for the whole training set."""
        return None if self.optimizer.batch_size == "full" else self.optimizer.batch_size

    def warnings(self) -> list[str]:
        """Say what is unwise, though not invalid."""
        found = []
        optimizer, scaling = self.optimizer, self.model.scaling
        if scaling == "gromov" and optimizer.kind == "adamw" and optimizer.weight_decay >= 1:
            found.append(f"weight_decay {optimizer.weight_decay:g} under the gromov scaling collapses to the zero function")
        if scaling in ("doshi", "standard") and optimizer.kind in ("gd", "sgd") and optimizer.learning_rate > 1e3:
            found.append(
                f"learning_rate {optimizer.learning_rate:g} belongs to the gromov scaling and diverges under {scaling}"
            )
        if (shrinkage := optimizer.learning_rate * optimizer.weight_decay) >= 1:
            found.append(f"learning_rate times weight_decay is {shrinkage:g}: from 1 on, every step turns the weights around")
        return found

    @field_validator("device")
    @classmethod
    def _is_a_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
            raise ValueError(f"must be auto, cpu, cuda, cuda:N or mps, not {device!r}")
        return device

    @model_validator(mode="after")
    def _batch_fits(self) -> Self:
        if self.batch_limit is not None and self.batch_limit > self.task.n_train:
            raise ValueError(
                f"optimizer.batch_size {self.batch_limit:,} is larger than the training set of {self.task.n_train:,} equations:"
                ' choose a smaller one or "full"'
            )
        return self


def parse_toml(text: str) -> dict[str, Any]:
    """Read TOML into plain tables.

    Raises:
        ConfigError: with the line and column, if the text is not TOML.
    """
    try:
        return tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise ConfigError(f"not valid TOML: {error}") from None
