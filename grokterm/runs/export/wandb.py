"""The log of a run for Weights & Biases: an offline run, which `wandb sync` uploads. Nothing is sent from here."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import wandb

from grokterm.plots.sanitize import plain_text
from grokterm.runs.export.measured import Event, seeds_of
from grokterm.runs.store import Run

PROJECT = "grokterm"


def _seen(value: Any) -> Any:  # noqa: ANN401 - settings, and all below them
    """Leave out of texts what is not seen, as it would act on a terminal that shows the files."""
    if isinstance(value, Mapping):
        return {plain_text(name): _seen(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_seen(one) for one in value]
    return plain_text(value) if isinstance(value, str) else value


class WandbLog:
    """A folder `wandb/offline-run-...`; metrics of the members of an ensemble begin with `seed-0/`, `seed-1/`, ..."""

    def __init__(self, run: Run, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in folder.glob("wandb/offline-run-*"):
            shutil.rmtree(earlier)
        os.environ["WANDB_ERROR_REPORTING"] = "false"  # which would be sent
        seeds = seeds_of(run)
        self._prefixes = [f"seed-{seed}/" for seed in seeds] if len(seeds) > 1 else [""]
        settings = _seen(run.experiment.settings())
        self._run = wandb.init(
            mode="offline",
            dir=str(folder),
            project=PROJECT,
            name=plain_text(run.name),
            notes=plain_text(run.experiment.title),
            config=settings,
            settings=wandb.Settings(
                console="off",
                silent=True,
                disable_git=True,
                disable_code=True,
                disable_job_creation=True,
                x_disable_meta=True,
                x_disable_stats=True,
                x_save_requirements=False,
            ),
        )
        self._run.define_metric("*", step_metric="step")

    def measured(self, network: int, step: int, values: Mapping[str, float], at: float) -> None:
        """Write metrics as a row, with its `step`."""
        prefix = self._prefixes[network]
        self._run.log({"step": step, "_timestamp": at, **{f"{prefix}{name}": value for name, value in values.items()}})

    def happened(self, event: Event, at: float) -> None:
        """Write an event as a row, by its kind."""
        self._run.log({"step": event.step, "_timestamp": at, f"events/{event.kind}": event.what})

    def flush(self) -> None:
        """Do nothing: its own process writes."""

    def close(self) -> None:
        """Wait until all is written."""
        self._run.finish()
        wandb.teardown()  # its process still writes, until it has ended
