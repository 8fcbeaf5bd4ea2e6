"""Where does the time of a training go? Trains headless, as `grokterm run` does, under torch's profiler, on one thread.

    python tests/benchmarks/time_shares.py --preset liu-essay --preset nanda

Prints a row for each preset: shares of the wall time of its steps by kind of work, as Markdown. *Python* is what no operation
of torch accounts for: interpreting the step, calling operations, autograd's own bookkeeping. The profiler slows small
operations down, so the shares of what is small are upper bounds; the speed beside them was measured without it.
"""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does

import numpy as np
import torch
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile, record_function

from grokterm.cli.headless.progress import Reporter
from grokterm.engines.evaluation import Evaluator
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset
from grokterm.models.processor import processor
from grokterm.models.products import LIBRARY
from grokterm.runs.journal import JournalWriter
from grokterm.session.session import Session
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold
from grokterm.training.trainer import Trainer

PRESETS = ("liu-essay", "gromov-gd", "nanda", "small-lstm")
WARM_UP_SECONDS, SECONDS = 1.0, 2.0

REGIONS: dict[tuple[type, str], str] = {
    (Evaluator, "__call__"): "evaluation",
    (Trainer, "_report"): "records",
    (JournalWriter, "write"): "journal",
    (Session, "_checkpoint"): "journal",
    (Reporter, "show"): "screen",
}
"""Methods whose time counts as one kind of work, whatever operations are in it."""

OPERATIONS = {
    "products": ("mm", "addmm", "bmm", "baddbmm", "numpy.dot"),
    "gathers": ("embedding", "index", "scatter", "gather"),
    "update": ("_fused_adam", "_foreach"),
}
"""Parts of the names of operations; all others are elementwise work, sums and copies."""

KINDS = ("products", "gathers", "elementwise", "update", "evaluation", "records", "journal", "screen", "Python")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", action="append", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each preset is profiled")
    arguments = parser.parse_args()
    sys.stdout.write(f"| preset | steps/s, one thread | {' | '.join(KINDS)} |\n|{' --- |' * (len(KINDS) + 2)}\n")
    for preset in arguments.preset or PRESETS:
        rate, shares = time_shares(preset, arguments.seconds)
        cells = " | ".join(f"{100 * shares[kind]:.0f} %" for kind in KINDS)
        sys.stdout.write(f"| `{preset}` | {rate:,.4g} | {cells} |\n")
        sys.stdout.flush()
    sys.stdout.write(f"\n{processor()}, torch {torch.__version__}; products by {LIBRARY}\n")


def time_shares(preset: str, seconds: float) -> tuple[float, dict[str, float]]:
    """Return steps a second without the profiler, and the share of each kind of work with it."""
    changes = ["training.threads=1", "training.steps=1000000000", "training.stop_when=never", "training.inspect_every=0"]
    settings = find_preset(preset).settings
    experiment = override({name: value for name, value in settings.items() if name not in ("expect", "interventions")}, changes)
    with tempfile.TemporaryDirectory() as folder:
        session = start_session(experiment.experiment, Path(folder), "profiled")
        drive = _driver(session)
        drive(WARM_UP_SECONDS)
        rate = drive(seconds)
        with _regions(), profile(activities=[ProfilerActivity.CPU]) as profiled:
            started = perf_counter()
            drive(seconds)
            wall = perf_counter() - started
    return rate, _shares(list(profiled.events()), wall)


def _driver(session: Session) -> Callable[[float], float]:
    """Return what trains for some seconds as a headless run does, and says at how many steps a second."""
    records, reporter = session.records(), Reporter()
    state = LabState(session.trainer.experiment)

    def drive(seconds: float) -> float:
        nonlocal state
        started, first = perf_counter(), session.trainer.step
        while perf_counter() - started < seconds:
            state = fold(state, next(records))
            reporter.show(state)
        return (session.trainer.step - first) / (perf_counter() - started)

    return drive


@contextmanager
def _regions() -> Iterator[None]:
    """In this context, the methods of REGIONS and numpy's products are named to the profiler."""
    originals = {(owner, name): getattr(owner, name) for owner, name in REGIONS}
    dot = np.dot
    for (owner, name), region in REGIONS.items():
        setattr(owner, name, _named(f"region {region}", originals[owner, name]))
    np.dot = _named("numpy.dot", dot)
    try:
        yield
    finally:
        np.dot = dot
        for (owner, name), original in originals.items():
            setattr(owner, name, original)


def _named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def named(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it takes
        with record_function(name):
            return function(*arguments, **options)

    return named


def _shares(events: list[FunctionEvent], wall: float) -> dict[str, float]:
    """Add up the time of the operations themselves by kind; all of a region counts as that region."""
    seconds: dict[str, float] = defaultdict(float)
    for event in events:
        ancestors, parent = [], event.cpu_parent
        while parent is not None:
            ancestors.append(parent.name)
            parent = parent.cpu_parent
        if any(name.startswith("region ") for name in ancestors):
            continue
        if event.name.startswith("region "):
            seconds[event.name.removeprefix("region ")] += event.cpu_time_total * 1e-6
        elif event.name.startswith(("aten::", "mkldnn::", "numpy.")):
            seconds[_kind(event.name)] += event.self_cpu_time_total * 1e-6
    return {kind: seconds[kind] / wall for kind in KINDS if kind != "Python"} | {"Python": 1 - sum(seconds.values()) / wall}


def _kind(name: str) -> str:
    operation = name.rpartition("::")[2]
    found = (kind for kind, parts in OPERATIONS.items() if any(_matches(operation, part, kind) for part in parts))
    return next(found, "elementwise")


def _matches(operation: str, part: str, kind: str) -> bool:
    return operation == part if kind == "products" else part in operation


if __name__ == "__main__":
    main()
