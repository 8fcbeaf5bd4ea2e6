"""Presets that are trained once for all tests, whichever process they run in."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from filelock import FileLock

from grokterm.runs.store import Run, list_runs
from tests.cli.process import Outcome, run_here

PRESETS: dict[str, Sequence[str]] = {
    "quick": (),  # of what is seen in a circuit at a step
    "liu-essay": (),  # of a delay of thousands of steps
    "quick-ungrok": ("training.steps=300",),  # with an intervention, and what follows from it
    "liu-null-untrained": (),  # what never comes
    "random-features": ("training.steps=300",),  # with a frozen layer
    "rfm-quadratic": ("training.steps=24",),  # without gradients
    "small-transformer": ("training.stop_when=grokked", "training.inspect_every=0"),
}
"""Of each kind of network that a CPU trains in seconds the cheapest, and of each kind of expectation; no longer than needed."""

Verified = Callable[[str], tuple[Outcome, Run]]
"""What was said of one of these presets, and the run that was made."""


@pytest.fixture(scope="session")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    """Verify a preset as a user does, unless that was done."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def verify(name: str) -> tuple[Outcome, Run]:
        runs, said = folder / f"verified-{name}", folder / f"verified-{name}.json"
        with FileLock(f"{said}.lock"):
            if not said.exists():
                changes = [option for change in PRESETS[name] for option in ("--set", change)]
                with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
                    code = run_here("verify", name, *changes, "--json", "--runs-dir", runs)
                outcome = Outcome(code, out.getvalue(), err.getvalue())
                said.write_text(json.dumps(vars(outcome)), encoding="utf-8")
        (run,) = list_runs(runs)
        return Outcome(**json.loads(said.read_text("utf-8"))), run

    return verify
