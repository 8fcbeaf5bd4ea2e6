"""How long does it take to work out what a network has learned? One pass over a snapshot, part by part, medians.

    python tests/benchmarks/examination.py --preset gromov-gd --preset nanda

Wall time and processor time of all threads, in milliseconds; a pass is everything that `grokterm inspect` prints.
"""

import argparse
import os
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

from grokterm.experiment.reading.presets import find_preset
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.forward_pass import ForwardPass
from grokterm.inspection.metrics import NETWORK_METRICS
from grokterm.training.trainer import Trainer

PARTS: dict[str, Callable[[NetworkAnalysis], object]] = {
    "spectra and IPR": lambda seen: (NETWORK_METRICS["ipr"](seen), seen.key_frequencies, NETWORK_METRICS["gini"](seen)),
    "certificate": lambda seen: seen.certificate,
    "exact form's accuracy": NETWORK_METRICS["analytic_agreement"],
    "scores of the table": lambda seen: seen.scored,
    "restricted and excluded loss": lambda seen: seen.progress,
    "logits and norm": lambda seen: (seen.logit_quantiles, seen.parameter_norm),
}
"""In the order in which one needs what came before."""


def main() -> None:
    """Measure each part of a pass, several times over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: as many as the training takes")
    arguments = parser.parse_args()
    for preset in arguments.preset or ["gromov-gd", "nanda"]:
        trainer = Trainer(find_preset(preset).experiment)
        forward_pass = ForwardPass(trainer.trainable.network, arguments.threads or trainer.trainable.threads)
        times: dict[str, list[tuple[float, float]]] = {}
        for number in range(arguments.rounds + 1):
            for part, (wall, processor) in _one_pass(trainer, forward_pass).items():
                if number:  # the first one warms up
                    times.setdefault(part, []).append((wall, processor))
        threads = arguments.threads or trainer.trainable.threads
        lines = [f"{preset}: {threads} threads, medians of {arguments.rounds}, ms (wall, processor)"]
        for part, both in times.items():
            wall, processor = (1e3 * median(one) for one in zip(*both, strict=True))
            lines.append(f"  {part:<30}{wall:8.1f}{processor:8.1f}")
        sys.stdout.write("\n".join([*lines, ""]))


def _one_pass(trainer: Trainer, forward_pass: ForwardPass) -> dict[str, tuple[float, float]]:
    found = {}
    begun = started = (perf_counter(), process_time())
    seen = NetworkAnalysis(trainer.snapshot(), forward_pass)
    for name, work in PARTS.items():
        work(seen)
        now = (perf_counter(), process_time())
        found[name] = (now[0] - started[0], now[1] - started[1])
        started = now
    return found | {"the whole pass": (started[0] - begun[0], started[1] - begun[1])}


if __name__ == "__main__":
    main()
