"""A small run of every network there is, by any engine."""

from dataclasses import replace

import pytest
import torch

from grokterm.engines.table import ENGINES
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import ARCHITECTURES, build
from grokterm.models.mixture import MixturePart
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed

SMALL: dict[str, dict[str, object]] = {
    "mlp": {"width": 12, "depth": 3, "scaling": "standard"},
    "embedding_mlp": {"width": 12, "d_model": 6},
    "lstm": {"d_model": 8, "n_layers": 2},
    "transformer": {"d_model": 8, "n_heads": 2, "n_layers": 2, "d_mlp": 16},
    "mixture": {},
    "kernel": {},
}
"""Settings of each network that make it quick."""

MODULUS = 7

every_network = pytest.mark.parametrize("architecture", ARCHITECTURES)


def small(architecture: str, *assignments: str) -> Experiment:
    """Make an experiment that trains a network of this kind for some steps."""
    follows = {"kind": "agop"} if architecture == "kernel" else {"kind": "adamw", "learning_rate": 1e-2, "weight_decay": 0.1}
    experiment = Experiment.from_settings(
        {
            "task": {"modulus": MODULUS, "train_fraction": 0.7},
            "model": {"architecture": architecture, **SMALL[architecture]},
            "loss": {"kind": "mse" if architecture in ("mixture", "kernel") else "cross_entropy"},
            "optimizer": follows,
            "training": {"steps": 30, "evaluate_every": 3},
        }
    )
    return changed(experiment, *assignments)


def trainer_of(experiment: Experiment) -> Trainer:
    """Make its trainer, and what a mixture is made of."""
    parts = None
    if experiment.model.architecture == "mixture":
        trained = {role: small("mlp", f"seed={seed}") for seed, role in enumerate(("generalizer", "memorizer"))}
        parts = {role: MixturePart(role, one, build(one.model, MODULUS, one.seed)) for role, one in trained.items()}
    return Trainer(experiment, threads=1, parts=parts)


def allow_everywhere(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    """Let an engine run on a CPU what it objects to only because it is one."""
    unsupported_reason = ENGINES[engine].unsupported_reason
    elsewhere = replace(
        ENGINES[engine], unsupported_reason=lambda experiment, _: unsupported_reason(experiment, torch.device("cuda"))
    )
    monkeypatch.setitem(ENGINES, engine, elsewhere)
