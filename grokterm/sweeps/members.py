"""The members of a sweep: one experiment at each of its points, for each seed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import product
from typing import Any, Self

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.plugins import plugins_of
from grokterm.experiment.reading.files import without_paths
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.toml import format_value
from grokterm.experiment.sweep import VARIANT, Sweep, Value, label_of
from grokterm.plugins.registry import check_loaded

# What is no part of a member's identity: words, and what leaves its numbers alone up to rounding.
NOT_HASHED = ("title", "source", "device", "expect")

KEY_LENGTH = 16  # hexadecimal digits: two of a million members have the same key once in 10^7 sweeps


@dataclass(frozen=True)
class Point:
    """Where in a sweep: a value for each axis, and a variant."""

    values: Mapping[str, Value] = field(default_factory=dict)
    variant: str = ""

    def with_value(self, name: str, value: Value) -> Self:
        """Return the point with a value on one more axis."""
        return replace(self, values={**self.values, name: value})

    @property
    def columns(self) -> dict[str, Value]:
        """The variant, if the sweep has some, and the values by axis."""
        return {**({VARIANT: self.variant} if self.variant else {}), **self.values}

    def __str__(self) -> str:
        shown = [f"{name} {value}" for name, value in self.values.items()]
        return ", ".join([self.variant, *shown] if self.variant else shown) or "the experiment itself"


@dataclass(frozen=True, slots=True)
class Member:
    """One run of a sweep. Its experiment is made where it is trained: there may be many thousand members."""

    point: Point
    seed: int
    key: str
    """What it is called: the hash of its experiment, wherever that comes from and runs."""


def points(sweep: Sweep) -> Iterator[Point]:
    """List the points of the grid; the last axis changes first."""
    together: Sequence[tuple[Value, ...]] = list(zip(*sweep.zipped.values(), strict=True)) or [()]
    names = (*sweep.grid, *sweep.zipped)
    for variant in sweep.variants or ("",):
        for crossed in product(*sweep.grid.values()):
            for values in together:
                yield Point(dict(zip(names, (*crossed, *values), strict=True)), variant)


def experiment_at(point: Point, settings: Mapping[str, Any], sweep: Sweep) -> Experiment:
    """Make the experiment of a point, with its first seed; its title says which point that is.

    Raises:
        ConfigError: if it refuses a value.
    """
    changes = {**sweep.variants.get(point.variant, {}), **point.values}
    base = {name: value for name, value in settings.items() if name != "expect"}  # which is about the preset as it is
    if point.columns:
        base["title"] = label_of(point.columns)
    try:
        return override(base, [f"{name}={format_value(value)}" for name, value in changes.items()]).experiment
    except ConfigError as error:
        raise ConfigError(f"{point}: {error}") from None


def members_at(point: Point, settings: Mapping[str, Any], sweep: Sweep, n_seeds: int | None = None) -> list[Member]:
    """Make the members of a point, one for each seed.

    Raises:
        ConfigError: if the experiment refuses a value.
        PluginError: if it needs what this process alone has added.
    """
    experiment = experiment_at(point, settings, sweep)
    check_loaded(plugins_of(experiment))
    hashed = _hashed(experiment)
    seeds = range(experiment.seed, experiment.seed + (n_seeds or sweep.seeds))
    return [Member(point, seed, _key(hashed | {"seed": seed})) for seed in seeds]


def key_of(experiment: Experiment, seed: int) -> str:
    """Return the key of the member that has this experiment, with this seed."""
    return _key(_hashed(experiment) | {"seed": seed})


def _hashed(experiment: Experiment) -> dict[str, Any]:
    hashed = without_paths(experiment.settings())
    for name in NOT_HASHED:
        hashed.pop(name, None)
    return hashed | {"training": {name: value for name, value in hashed["training"].items() if name != "threads"}}


def _key(settings: Mapping[str, Any]) -> str:
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


def members_of(settings: Mapping[str, Any], sweep: Sweep) -> list[Member]:
    """Make all members of the grid, one seed after the other, so that every point is seen early.

    Raises:
        ConfigError: if the experiment refuses a value.
    """
    by_point = [members_at(point, settings, sweep) for point in points(sweep)]
    return [member for one_seed in zip(*by_point, strict=True) for member in one_seed]


def on_one_thread(experiment: Experiment, seed: int) -> Experiment:
    """Return the experiment of a seed as a sweep trains it: on one thread of a CPU, beside other members, and uninspected.

    What a sweep measures of a network it measures once it has ended.
    """
    training = experiment.training.model_copy(update={"threads": 1, "inspect_every": 0})
    return experiment.model_copy(update={"seed": seed, "training": training})
