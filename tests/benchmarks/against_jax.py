"""Is training as fast as a whole step compiled by JAX, with all steps under one scan? In turn, in steps a second.

    python tests/benchmarks/against_jax.py --preset liu-essay --preset gromov-gd --repetitions 5

JAX is no dependency of grokterm: `pip install jax`, here or in an environment of its own, whose python --jax-python names.
It starts from the same weights and split, and before anything is timed both must have come to the same loss. JAX reads operands
by lookup and as one-hot rows; both are timed, and the faster one counts.
"""

import argparse
import pickle
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from grokterm.bench.comparison import AUTO, TRAINING, UPDATE, as_timed
from grokterm.bench.measurement import Workload, measure, ratio, spread
from grokterm.bench.process import ContestantProcess
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.training.trainer import Trainer

OURS = "grokterm"
WAYS = {"JAX, lookup": (), "JAX, one-hot": ("--one-hot",)}
SCAN = 50
"""Steps under one scan where nothing is evaluated."""


def main() -> None:
    """Compare on each preset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", action="append", default=[])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn")
    parser.add_argument("--jax-python", default=sys.executable)
    arguments = parser.parse_args()
    if subprocess.run([arguments.jax_python, "-c", "import jax"], check=False, capture_output=True).returncode:
        raise SystemExit(f"{arguments.jax_python} has no JAX: pip install jax, or name another with --jax-python")
    for preset in arguments.preset or ["liu-essay", "gromov-gd", "nanda"]:
        experiment = as_timed(find_preset(preset).experiment.model_copy(update={"device": "cpu"}))
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data.npz"
            loss = _write(experiment, data)
            script = str(Path(__file__).with_name("jax_training.py"))
            command = [arguments.jax_python, script, str(data), "--scan", str(SCAN)]
            for options in WAYS.values():
                _check(experiment, [*command, *options], loss)
            print(preset)  # noqa: T201 - a script prints
            _compare(experiment, command, arguments.repetitions, arguments.seconds)


def _write(experiment: Experiment, path: Path) -> float:
    """Write down what a training starts from, and return the training loss that grokterm has at the first evaluation."""
    trainer = Trainer(experiment)
    network, dataset = trainer.trainable.network, trainer.dataset
    arrays: dict[str, Any] = {f"weight {name}": weight.detach().numpy() for name, weight in network.named_parameters()}
    for name, side in (("train", dataset.train), ("val", dataset.val)):
        tokens, answers = network.encode(side)
        arrays |= {f"{name} tokens": tokens.numpy(), f"{name} answers": answers.numpy()}
    np.savez(path, **arrays)
    records = trainer.begin()
    while trainer.step < _interval(experiment):
        records += trainer.advance(_interval(experiment) - trainer.step)
    return [record for record in records if isinstance(record, Evaluated)][-1].train_loss


def _interval(experiment: Experiment) -> int:
    return experiment.training.mean_interval


def _check(experiment: Experiment, command: list[str], expected: float) -> None:
    question = pickle.dumps({"experiment": experiment.to_toml()})
    checked = [*command, "--check", str(_interval(experiment))]
    said = subprocess.run(checked, check=True, input=question, stdout=subprocess.PIPE).stdout
    found = pickle.loads(said)["train_loss"]
    if abs(found - expected) > 1e-4 * abs(expected):
        raise SystemExit(f"JAX comes to a loss of {found}, grokterm to {expected}: they do not train alike")


def _compare(experiment: Experiment, command: list[str], repetitions: int, seconds: float) -> None:
    with ExitStack() as stack:
        contestants = {OURS: stack.enter_context(ContestantProcess(AUTO))}
        contestants |= {
            name: stack.enter_context(ContestantProcess(name, [*command, *options])) for name, options in WAYS.items()
        }
        engine, *_ = [process.start(experiment).name for process in contestants.values()]
        units = {TRAINING: _interval(experiment), UPDATE: SCAN}
        runs = {
            (name, mode): Workload(partial(process.run, mode), unit)
            for mode, unit in units.items()
            for name, process in contestants.items()
        }
        rates = measure(runs, repetitions=repetitions, seconds=seconds)
    for mode in units:
        faster = max(WAYS, key=lambda name: spread(rates[name, mode]).median)
        speeds = "   ".join(f"{name} {spread(rates[name, mode]).median:,.1f}" for name in contestants)
        middle, low, high = ratio(rates[OURS, mode], rates[faster, mode])
        print(f"  {mode:<10}{speeds} steps/s   {engine} to {faster}: {middle:.2f} ({low:.2f}–{high:.2f})", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
