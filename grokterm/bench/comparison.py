"""Everybody who can train an experiment here, timed in turn."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import get_args

from grokterm.bench.measurement import Spread, Timed, measure, ratio, spread
from grokterm.bench.process import NOTEBOOK, ContestantProcess, Introduction
from grokterm.errors import ConfigError
from grokterm.experiment.architectures.mixture import MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.records import Started
from grokterm.experiment.training import Training
from grokterm.training.trainer import make_trainer

AUTO = "auto"
FLOOR = "floor"
FLOORS = (FLOOR, "floor by torch")
"""The same products by either kind of threads: whichever is faster in a repetition is the floor."""

TRAINING = "training"
UPDATE = "update"

ENGINES: tuple[str, ...] = get_args(Training.model_fields["engine"].annotation)

Present = list[tuple[Introduction, ContestantProcess]]

FOR_EVER = 1_000_000_000
"""Steps that no benchmark comes to."""


@dataclass(frozen=True)
class Result:
    """What one contestant came to."""

    name: str
    about: str
    rates: Mapping[str, tuple[float, ...]]
    """Steps a second in each repetition: TRAINING with evaluations, UPDATE without."""

    memory: int | None
    """Bytes at the worst moment, beyond a process that has loaded torch; None where nobody tells."""


@dataclass(frozen=True)
class Comparison:
    """What everybody came to on one experiment; the engine that grokterm chooses comes first."""

    preset: str
    experiment: Experiment
    device: str
    torch: str
    results: tuple[Result, ...]
    left_out: Mapping[str, str]
    """Who could not take part, and why."""

    def rate(self, name: str, mode: str) -> Spread | None:
        """Return somebody's steps a second; None where there are none."""
        rates = self._rates(name, mode)
        return spread(rates) if rates else None

    def ratio(self, name: str, mode: str, *, to: str) -> Spread | None:
        """Return how many times as fast somebody is as somebody else; None where there is nothing to compare."""
        ours, theirs = self._rates(name, mode), self._rates(to, mode)
        return ratio(ours, theirs) if ours and theirs else None

    def _rates(self, name: str, mode: str) -> tuple[float, ...]:
        names = FLOORS if name == FLOOR else (name,)
        found = [result.rates.get(mode, ()) for result in self.results if result.name in names]
        return tuple(map(max, zip(*found, strict=True)))


def compare(preset: str, experiment: Experiment, *, repetitions: int, seconds: float) -> Comparison:
    """Time every engine that this experiment can have, the notebook loop and the floors, in turn.

    Raises:
        ConfigError: if grokterm cannot train it here, or somebody cannot go on.
    """
    try:
        timed = as_timed(experiment)
        chosen = _engine_of(timed)
        with ExitStack() as stack:
            names = dict.fromkeys([chosen, *ENGINES, NOTEBOOK, *FLOORS])
            processes = {name: stack.enter_context(ContestantProcess(name)) for name in names if name != AUTO}
            present, left_out = _introduced(processes, timed, chosen)
            rates = measure(_timed(present, timed), repetitions=repetitions, seconds=seconds)
            results = tuple(_result(who, process, rates) for who, process in present)
    except ConfigError as error:
        raise ConfigError(f"preset {preset}: {error}") from None
    first, _ = present[0]
    return Comparison(preset, experiment, first.device, first.torch, results, left_out)


def _engine_of(experiment: Experiment) -> str:
    """Return the engine that grokterm chooses here."""
    if isinstance(experiment.model, MixtureModel):
        raise ConfigError("a mixture is made of trained networks, which a benchmark has not: choose another preset")
    return next(record.engine for record in make_trainer(experiment).begin() if isinstance(record, Started))


def _introduced(processes: Mapping[str, ContestantProcess], timed: Experiment, chosen: str) -> tuple[Present, dict[str, str]]:
    """Tell everybody what to be, one after the other; only the engine that is chosen has to be there."""
    present, left_out = Present(), dict[str, str]()
    for name, process in processes.items():
        is_other_engine = name in ENGINES and name != chosen
        try:
            present.append((process.introduce(as_timed(timed, name) if is_other_engine else timed), process))
        except ConfigError as error:
            if name == chosen:
                raise
            left_out[name] = str(error)
    return present, left_out


def _result(who: Introduction, process: ContestantProcess, rates: Mapping[tuple[str, str], tuple[float, ...]]) -> Result:
    memory = None if who.name in FLOORS else process.memory  # a floor has tried every way to multiply
    return Result(who.name, who.about, {mode: rates[who.name, mode] for mode in who.modes}, memory)


def as_timed(experiment: Experiment, engine: str = AUTO) -> Experiment:
    """Return an experiment as it is timed: for ever, evaluated as it says, without what happens to it once.

    Raises:
        ConfigError: if it cannot have this engine.
    """
    settings = experiment.settings()
    settings.pop("expect", None)
    settings.pop("interventions", None)
    settings["training"] |= {"steps": FOR_EVER, "stop_when": "never", "inspect_every": 0, "engine": engine}
    return Experiment.from_settings(settings)


def _timed(present: Present, experiment: Experiment) -> dict[tuple[str, str], Timed]:
    """Let everybody train in turn, then everybody update; a turn of training has whole intervals between evaluations."""
    interval = next(step for step in count(1) if experiment.training.evaluates(step))
    units = {TRAINING: interval, UPDATE: 1}
    return {
        (who.name, mode): Timed(partial(process.run, mode), unit)
        for mode, unit in units.items()
        for who, process in present
        if mode in who.modes
    }
