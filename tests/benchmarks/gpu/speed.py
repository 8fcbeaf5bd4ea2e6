"""Steps a second of presets, of one member and of many, beside a plain loop, a compiled one and the matrix products alone."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from math import inf
from threading import Timer
from typing import Any, NamedTuple

from grokterm.bench.comparison import COMPILED, ENGINES, FLOOR, TRAINING, UPDATE, as_timed
from grokterm.bench.floor import layers_of
from grokterm.bench.measurement import Workload, measure, spread
from grokterm.bench.process import NOTEBOOK, WORKER, ContestantInfo, ContestantProcess
from grokterm.engines.batches import batch_size
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.models.build import build

AUTO, EAGER = "auto", "eager"

LARGE_BLOCKS = "auto, large blocks"
"""An ensemble whose members are worked on sixteen times as many at once: fewer kernels, which fit no cache."""

COMMANDS = {
    LARGE_BLOCKS: (
        sys.executable,
        "-c",
        "from grokterm.training.ensemble import equations; equations.BLOCK_ROWS *= 16;"
        "from grokterm.bench.worker import main; main()",
    ),
}
"""What contestants run that are not those of `grokterm bench`."""

SMALL = {
    "mlp": ("task.modulus=11", "model.width=16"),
    "transformer": ("task.modulus=11", "model.d_model=16", "model.d_mlp=32"),
}
"""By architecture, what makes a preset quick."""


class Race(NamedTuple):
    """A preset with some members, and who takes part."""

    preset: str
    members: int
    contestants: tuple[str, ...]

    @property
    def name(self) -> str:
        """How it is called in results and by `--only`."""
        return f"{self.preset} × {self.members}"


def races(*, with_compiled: bool, small: bool) -> list[Race]:
    """List what is timed, in order of worth."""
    others = (NOTEBOOK, *([COMPILED] if with_compiled else []), FLOOR)
    perceptron, transformer = (AUTO, "fused", EAGER, *others), (AUTO, EAGER, *others)  # auto is graph
    order = [
        *(("liu-essay", 1), ("gromov-gd", 1), ("gromov-gd", 64), ("liu-essay", 1024), ("nanda", 1), ("power-add", 1)),
        *(("nanda", 64), ("power-add", 64), ("liu-essay", 64)),
        *((preset, 256) for preset in ("liu-essay", "gromov-gd", "nanda", "power-add")),
    ]
    fewer = {64: 2, 256: 3, 1024: 4} if small else {}
    ensemble = (AUTO, FLOOR) if small else (AUTO, LARGE_BLOCKS, FLOOR)
    alone = {"liu-essay": perceptron, "gromov-gd": perceptron, "nanda": transformer, "power-add": transformer}
    return [Race(preset, fewer.get(n, n), alone[preset] if n == 1 else ensemble) for preset, n in order]


def experiment_of(race: Race, device: str, *, small: bool) -> Experiment:
    """Return the preset as it is timed."""
    preset = find_preset(race.preset)
    quick = SMALL[preset.experiment.model.architecture] if small else ()
    calm = "optimizer.learning_rate=1e-3"  # as fast as any other, and no training diverges while it is timed
    changes = [f"device={device}", f"training.members={race.members}", calm, *quick]
    if small and preset.experiment.batch_limit is not None:
        changes.append("optimizer.batch_size=20")
    return as_timed(preset.overridden(changes).experiment)


def operations_of(experiment: Experiment) -> int:
    """Count the floating-point operations of the matrix products in one update of one member."""
    network = build(experiment.model, experiment.task.modulus, experiment.seed)
    rows = batch_size(experiment.batch_limit, experiment.optimizer.batch_share, experiment.task.train_size)
    return sum(3 * 2 * layer.rows * layer.inputs * layer.outputs for layer in layers_of(network, rows))


def prepared(race: Race) -> dict[str, ContestantProcess]:
    """Start the processes, which load torch and then wait."""
    return {name: ContestantProcess(name, COMMANDS.get(name, WORKER)) for name in race.contestants}


def time_race(
    race: Race, processes: Mapping[str, ContestantProcess], experiment: Experiment, *, seconds: float, limit: float
) -> Iterator[dict[str, Any]]:
    """Time the contestants in turns; yield a row for each. One that hangs is killed, and left out with the reason."""
    with ExitStack() as stack:
        for process in processes.values():
            stack.enter_context(process)
        with ThreadPoolExecutor() as executor:  # a compiler takes as long as all others together
            asked = {
                name: executor.submit(_start, process, as_timed(experiment, name) if name in ENGINES else experiment, limit / 2)
                for name, process in processes.items()
            }
        started = []
        for name, answer in asked.items():
            try:
                started.append((answer.result(), processes[name]))
            except ConfigError as error:
                yield {"preset": race.preset, "members": race.members, "who": name, "left_out": str(error)}
        with _killed_after(limit, list(processes.values())):
            yield from _rows(race, started, experiment, seconds)


def _start(process: ContestantProcess, experiment: Experiment, limit: float) -> ContestantInfo:
    with _killed_after(limit, [process]):
        return process.start(experiment)


@contextmanager
def _killed_after(seconds: float, processes: Sequence[ContestantProcess]) -> Iterator[None]:
    def kill() -> None:
        for process in processes:
            process.kill()

    watch = Timer(seconds, kill)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _rows(
    race: Race, started: Sequence[tuple[ContestantInfo, ContestantProcess]], experiment: Experiment, seconds: float
) -> Iterator[dict[str, Any]]:
    unit = {TRAINING: experiment.training.mean_interval, UPDATE: 1}
    failures: dict[str, str] = {}

    def run(process: ContestantProcess, mode: str, n_steps: int) -> float:
        try:
            return process.run(mode, n_steps)
        except ConfigError as error:
            failures[process.name] = str(error)
            return inf  # the others go on

    workloads = {
        (process.name, mode): Workload(partial(run, process, mode), unit[mode])
        for info, process in started
        for mode in info.modes
    }
    rates = measure(workloads, repetitions=3, seconds=seconds)
    for info, process in started:
        row = {"preset": race.preset, "members": race.members, "who": process.name}
        if process.name in failures:
            yield row | {"left_out": failures[process.name]}
            continue
        of_modes = {mode: spread(rates[process.name, mode])._asdict() for mode in info.modes}
        about = {"engine": info.name, "how": info.description}
        yield row | about | of_modes | {"memory": process.memory, "operations": operations_of(experiment)}
