"""Does a long training grow? Trains headless, as `grokterm run` does, and prints the resident memory at every tenth of the way.

    python tests/benchmarks/memory_growth.py --steps 1000000

A run keeps its evaluations to draw them, 40 bytes each: with `evaluate_every = "log"`, the default here, there are some ten
thousand in a million steps. Everything else must stay as large as it was after the first tenth.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from grokterm.bench.memory import resident
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold

TINY = ["task.modulus=11", "task.train_fraction=0.6", "model.width=32"]
"""A step of it takes so little that a million are over in a few minutes."""


def main() -> None:
    """Train; print megabytes as they come, and what the last nine tenths added."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--as-it-is", action="store_true", help="the preset's own network instead of a tiny one")
    arguments = parser.parse_args()
    small = [] if arguments.as_it_is else TINY
    changes = ["training.inspect_every=0", "training.evaluate_every=log", *small, *arguments.assignments]
    settings = override(find_preset(arguments.preset).settings, [*changes, f"training.steps={arguments.steps}"])
    with tempfile.TemporaryDirectory() as folder:
        session = start_session(settings.experiment, Path(folder), "growing")
        state, seen = LabState(settings.experiment), list[int]()
        for records in session.records():
            state = fold(state, records)
            if 10 * state.step >= (len(seen) + 1) * arguments.steps:
                seen.append(resident("VmRSS"))
                sys.stdout.write(f"step {state.step:11,}   {seen[-1] / 1e6:8.1f} MB\n")
                sys.stdout.flush()
    sys.stdout.write(f"the last nine tenths added {(seen[-1] - seen[0]) / 1e6:+.1f} MB\n")


if __name__ == "__main__":
    main()
