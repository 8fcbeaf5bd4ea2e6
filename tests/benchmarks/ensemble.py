"""How many updates a second does an ensemble make, beside one notebook loop after another?

    python tests/benchmarks/ensemble.py --preset liu-essay --members 16

Both train as the preset says, in turns: the ensemble evaluated as the preset evaluates, with the updates of all its members
counted; the notebook's loop evaluated at each step, as it is written. Ratios are taken within a turn.
"""

import argparse
import os
import sys
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `grokterm` does, before numpy is loaded

import torch

from grokterm.bench.comparison import as_timed
from grokterm.bench.measurement import Workload, measure, ratio, spread
from grokterm.bench.notebook import Notebook
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset
from grokterm.training.trainer import make_trainer

N_THREADS = torch.get_num_threads()


def main() -> None:
    """Measure; print both rates and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5, help="of a turn")
    arguments = parser.parse_args()
    settings = find_preset(arguments.preset).settings
    trainer = make_trainer(as_timed(override(settings, [f"training.members={arguments.members}"]).experiment))
    trainer.begin()
    notebook = Notebook(as_timed(override(settings, []).experiment))

    def by_ensemble(n_steps: int) -> float:
        last = trainer.step + n_steps
        started: float = perf_counter()
        while trainer.step < last:
            trainer.advance(limit=last - trainer.step)
        return perf_counter() - started

    def by_notebook(n_steps: int) -> float:
        torch.set_num_threads(N_THREADS)
        started = perf_counter()
        notebook.train(n_steps)
        return perf_counter() - started

    runs = {"ensemble": Workload(by_ensemble, 20), "notebook": Workload(by_notebook, 1)}
    rates = measure(runs, repetitions=arguments.repetitions, seconds=arguments.seconds)
    updates = {"ensemble": [rate * arguments.members for rate in rates["ensemble"]], "notebook": rates["notebook"]}
    middle, low, high = ratio(updates["ensemble"], updates["notebook"])
    for name, made in updates.items():
        sys.stdout.write(f"{name:<10}{spread(made).median:10,.0f} updates/s\n")
    sys.stdout.write(f"ratio {middle:.2f} ({low:.2f} to {high:.2f})\n")


if __name__ == "__main__":
    main()
