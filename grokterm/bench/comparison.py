"""Benchmark every engine that supports an experiment, a notebook's loop, and the matrix products alone."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import get_args

from grokterm.bench.measurement import Spread, Workload, measure, ratio, spread
from grokterm.bench.process import NOTEBOOK, ContestantInfo, ContestantProcess
from grokterm.engines.device import find_device
from grokterm.errors import ConfigError
from grokterm.experiment.architectures.mixture import MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.records import Started
from grokterm.experiment.training import Training
from grokterm.training.trainer import make_trainer

AUTO = "auto"
COMPILED = "compiled"  # a contestant on CUDA devices only: on a CPU the compiler alone takes longer than all others
FLOOR = "floor"
# The same products with Python threads and with torch's threads; the faster one of a repetition counts.
FLOORS = (FLOOR, "floor by torch")

TRAINING = "training"
UPDATE = "update"

ENGINES: tuple[str, ...] = get_args(Training.model_fields["engine"].annotation)

Running = list[tuple[ContestantInfo, ContestantProcess]]

ENDLESS_STEPS = 1_000_000_000  # more steps than a benchmark reaches


@dataclass(frozen=True)
class Result:
    """The result of one contestant."""

    name: str
    description: str
    rates: Mapping[str, tuple[float, ...]]
    """Steps per second in each repetition, of all members together: TRAINING with evaluations, UPDATE without."""

    memory: int | None
    """Peak bytes, beyond those of a process that has loaded torch; None if unknown, or spread over several processes."""


@dataclass(frozen=True)
class Comparison:
    """The results on one experiment, first that of the engine grokterm chooses."""

    preset: str
    experiment: Experiment
    device: str
    torch: str
    results: tuple[Result, ...]
    left_out: Mapping[str, str]
    """Contestants that cannot train this experiment, and why."""

    def rate(self, name: str, mode: str) -> Spread | None:
        """Return a contestant's steps per second; None without rates."""
        rates = self._rates(name, mode)
        return spread(rates) if rates else None

    def ratio(self, name: str, mode: str, *, to: str) -> Spread | None:
        """Return the speed of a contestant relative to another; None if either has no rates."""
        rates, baseline = self._rates(name, mode), self._rates(to, mode)
        return ratio(rates, baseline) if rates and baseline else None

    def _rates(self, name: str, mode: str) -> tuple[float, ...]:
        names = FLOORS if name == FLOOR else (name,)
        rates = [result.rates.get(mode, ()) for result in self.results if result.name in names]
        return tuple(map(max, zip(*rates, strict=True)))


def compare(preset: str, experiment: Experiment, *, repetitions: int, seconds: float) -> Comparison:
    """Time every engine that supports this experiment, the notebook loop and the floors, in turns.

    Raises:
        ConfigError: if grokterm cannot train it here, or a contestant fails.
    """
    try:
        timed = as_timed(experiment)
        chosen = _engine_of(timed)
        with ExitStack() as stack:
            compiled = [COMPILED] if find_device(timed.device).type == "cuda" else []
            names = dict.fromkeys([chosen, *ENGINES, NOTEBOOK, *compiled, *FLOORS])
            processes = {name: stack.enter_context(ContestantProcess(name)) for name in names if name != AUTO}
            started, left_out = _started(processes, timed, chosen)
            rates = measure(_workloads(started, timed), repetitions=repetitions, seconds=seconds)
            has_processes = timed.training.members > 1 and started[0][0].device == "cpu"
            results = tuple(_result(info, process, rates, measures_memory=not has_processes) for info, process in started)
    except ConfigError as error:
        raise ConfigError(f"preset {preset}: {error}") from None
    first, _ = started[0]
    return Comparison(preset, experiment, first.device, first.torch, results, left_out)


def _engine_of(experiment: Experiment) -> str:
    """Return the engine that grokterm chooses here."""
    if isinstance(experiment.model, MixtureModel):
        raise ConfigError("a mixture is made of trained networks, which a benchmark has not: choose another preset")
    return next(record.engine for record in make_trainer(experiment).begin() if isinstance(record, Started))


def _started(processes: Mapping[str, ContestantProcess], timed: Experiment, chosen: str) -> tuple[Running, dict[str, str]]:
    """Start the contestants, one after the other; only the chosen engine must not fail."""
    started, left_out = Running(), dict[str, str]()
    for name, process in processes.items():
        is_other_engine = name in ENGINES and name != chosen
        try:
            started.append((process.start(as_timed(timed, name) if is_other_engine else timed), process))
        except ConfigError as error:
            if name == chosen:
                raise
            left_out[name] = str(error)
    return started, left_out


def _result(
    info: ContestantInfo,
    process: ContestantProcess,
    rates: Mapping[tuple[str, str], tuple[float, ...]],
    *,
    measures_memory: bool,
) -> Result:
    is_floor = info.name in FLOORS  # which also holds the buffers of slower plans
    memory = process.memory if measures_memory and not is_floor else None
    return Result(info.name, info.description, {mode: rates[info.name, mode] for mode in info.modes}, memory)


def as_timed(experiment: Experiment, engine: str = AUTO) -> Experiment:
    """Return an experiment for timing: endless, evaluated as before, without interventions and inspections.

    Raises:
        ConfigError: if it does not support this engine.
    """
    settings = experiment.settings()
    settings.pop("expect", None)
    settings.pop("interventions", None)
    settings["training"] |= {"steps": ENDLESS_STEPS, "stop_when": "never", "inspect_every": 0, "engine": engine}
    return Experiment.from_settings(settings)


def _workloads(started: Running, experiment: Experiment) -> dict[tuple[str, str], Workload]:
    """Return TRAINING, in whole intervals between evaluations, then UPDATE, of all contestants."""
    interval = next(step for step in count(1) if experiment.training.evaluates(step))
    units = {TRAINING: interval, UPDATE: 1}
    return {
        (info.name, mode): Workload(partial(process.run, mode), unit)
        for mode, unit in units.items()
        for info, process in started
        if mode in info.modes
    }
