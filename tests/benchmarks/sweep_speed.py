"""Does a sweep over seeds make as many updates a second as an ensemble of the same seeds?

    python -m tests.benchmarks.sweep_speed --preset liu-essay --seeds 16 --steps 3000

Both train as the preset says and write everything that they write, in turns, from their first process to their last checkpoint.
Ratios are taken within a turn.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `grokterm` does, before numpy is loaded

from grokterm.bench.measurement import ratio, spread
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.sweep import Sweep
from grokterm.models.processor import available_cores, processor
from grokterm.session.start import start_session
from grokterm.sweeps.engines.local import LocalEngine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.storage.keeping import keep_sweep


def main() -> None:
    """Measure; print both rates and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    sys.stdout.write(f"{processor()}, {available_cores()} cores, load {os.getloadavg()[0]:.1f}\n")
    preset = find_preset(arguments.preset)
    shorter = override(preset.settings, [f"training.steps={arguments.steps}", "device=cpu"]).experiment.settings()
    n_updates, rates = arguments.seeds * arguments.steps, {"sweep": list[float](), "ensemble": list[float]()}
    for _ in range(arguments.repetitions):
        for name, train in (("sweep", _by_sweep), ("ensemble", _by_ensemble)):
            with tempfile.TemporaryDirectory() as folder:
                started = perf_counter()
                train(Path(folder), shorter, arguments.seeds)
                rates[name].append(n_updates / (perf_counter() - started))
        sys.stdout.write("   ".join(f"{name} {made[-1]:,.0f} updates/s" for name, made in rates.items()) + "\n")
        sys.stdout.flush()
    middle, low, high = ratio(rates["sweep"], rates["ensemble"])
    medians = "   ".join(f"{name} {spread(made).median:,.0f} updates/s" for name, made in rates.items())
    sys.stdout.write(f"{medians}   ratio {middle:.2f} ({low:.2f} to {high:.2f})\n")


def _by_sweep(folder: Path, settings: dict[str, Any], seeds: int) -> None:
    sweep = keep_sweep(folder, "seeds", "timed", settings, Sweep.from_settings({"seeds": seeds}))
    *_, last = Scheduler(sweep, Grid(sweep.members()), LocalEngine(sweep)).run()
    assert last.n_done == seeds


def _by_ensemble(folder: Path, settings: dict[str, Any], seeds: int) -> None:
    session = start_session(override(settings, [f"training.members={seeds}"]).experiment, folder, "timed")
    for _ in session.records():
        pass
    session.trainer.trainable.close()


if __name__ == "__main__":
    main()
