"""Whether training on a device is that on a CPU, a line of JSON a check: name, outcome, detail.

    python -m tests.benchmarks.gpu.checks DEVICE [PATTERN]

A pattern selects them by "checks: NAME". Thirty steps at small size each, four under muon, whose bfloat16 every
device rounds in its way.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Tensor

from grokterm.engines.device import find_device
from grokterm.engines.table import ENGINES
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.models.build import ARCHITECTURES
from grokterm.optim.losses import LOSSES
from grokterm.optim.rules import RULES
from grokterm.training.ensemble.naming import of_member
from grokterm.training.trainer import Trainer
from tests.training.every_network import small, trainer_of
from tests.training.outcome import Outcome, changed, copied, finish, halts

RELATIVE, ABSOLUTE = 1e-2, 1e-3  # of weights and losses: AdamW makes a step of any rounding error in a small gradient

MODIFIERS = {
    "filter ema": ("optimizer.gradient_filter=ema",),
    "filter ma": ("optimizer.gradient_filter=ma", "optimizer.filter_window=6"),
    "warm-up": ("optimizer.warmup_steps=12",),
    "held norm": ("optimizer.held_norm=0.9",),
    "perpendicular gradient": ("optimizer.perpendicular_gradient=true",),
    "decay to init": ("optimizer.decay_to=init",),
    "schedule": ("optimizer.schedule=cosine", "optimizer.warmup_steps=3"),
    "clipping": ("optimizer.clip_norm=0.05", "optimizer.clip_value=0.01"),
    "average": ("optimizer.average_decay=0.9",),
    "groups": ("optimizer.groups={ readout = { learning_rate = 1e-3, weight_decay = 0.0 } }",),
    "tied operands": ("model.tied_operands=true",),
    "float64": ("training.precision=float64",),
    "whole table": ("task.train_fraction=1.0",),
    "three operands": ("task.n_operands=3",),
    "float64 loss": ("loss.precision=float64",),
    "batch norm": ("model.normalization=batch",),
}

SHALLOW = "model.depth=1"  # one hidden layer, which all engines can train

Check = Callable[[], float]
"""Returns the largest difference of a weight between two runs; raises an AssertionError if it is too large."""


class SkippedError(Exception):
    """Why a check does not apply to this device."""


class Run(NamedTuple):
    """What a run has come to."""

    losses: dict[str, float]
    """By measure and step."""

    tensors: Mapping[str, Tensor]


def experiments() -> dict[str, Experiment]:
    """Return every network, rule, modifier and loss, at small size."""
    followed = {name: small(name) for name in ARCHITECTURES}
    batches = {f"{name}, minibatches": small(name, "optimizer.batch_size=10") for name in ARCHITECTURES if name != "kernel"}
    few = {"muon": ("training.steps=4",)}
    rules = {f"mlp, {kind}": small("mlp", SHALLOW, f"optimizer.kind={kind}", *few.get(kind, ())) for kind in RULES}
    modified = {f"mlp, {name}": small("mlp", SHALLOW, *settings) for name, settings in MODIFIERS.items()}
    losses = {f"mlp, {kind}": small("mlp", SHALLOW, f"loss.kind={kind}") for kind in LOSSES}
    return followed | batches | rules | modified | losses


def checks(device: torch.device) -> Iterator[tuple[str, Check]]:
    """List the checks of a device."""
    for name, experiment in experiments().items():
        there = changed(experiment, f"device={device}")
        for engine in ("fused", "graph", "eager"):
            yield f"{name}: {engine} as on a CPU", partial(_as_on_cpu, there, engine, device)
    for name in ("mlp", "transformer", "lstm"):
        for settings in ((), ("optimizer.batch_size=10",)):
            one = small(name, f"device={device}", *settings)
            how = "minibatches" if settings else "whole"
            yield f"{name}, {how}: resumed as unbroken", partial(_as_unbroken, one)
            yield f"{name}, {how}: members as alone", partial(_as_alone, changed(one, "training.members=3"))
    noisy = small("mlp", f"device={device}", "optimizer.update_noise=0.1", "model.dropout=0.1", "optimizer.weight_noise=0.01")
    yield "mlp, noise: resumed as unbroken", partial(_as_unbroken, noisy)
    yield "mlp, noise: members as alone", partial(_as_alone, changed(noisy, "training.members=3"))


def _as_on_cpu(experiment: Experiment, engine: str, device: torch.device) -> float:
    if reason := ENGINES[engine].unsupported_reason(experiment, device):
        raise SkippedError(reason)
    return _difference(
        _run(finish(trainer_of(changed(experiment, f"training.engine={engine}")))), _reference(experiment.to_toml())
    )


@cache
def _reference(toml: str) -> Run:
    experiment = Experiment.from_toml(toml)
    return _run(finish(trainer_of(changed(experiment, "device=cpu", "training.engine=eager"))))


def _as_unbroken(experiment: Experiment) -> float:
    (halted,) = halts(experiment, [17])
    resumed = Trainer(experiment)
    resumed.restore(17, 0.0, copied(halted.trainer), halted.records)
    outcome, whole = finish(resumed), _run(finish(Trainer(experiment)))
    return _difference(Run({}, _run(outcome).tensors), whole._replace(losses={}))


def _as_alone(experiment: Experiment) -> float:
    trainer = finish(Trainer(experiment)).trainer
    together = {name: value.cpu() for name, value in trainer.tensors().items()}
    trainer.trainable.close()
    members = range(experiment.training.members)
    alone = [_run(finish(Trainer(experiment.member(number)))).tensors for number in members]
    found = [_difference(Run({}, of_member(number, together)), Run({}, alone[number])) for number in members]
    return max(found)


def _run(outcome: Outcome) -> Run:
    losses = {
        f"{measure} at {evaluated.step}": value
        for evaluated in outcome.every(Evaluated)
        for measure, value in evaluated.rows[0].items()
        if measure.endswith("loss")
    }
    return Run(losses, {name: value.cpu() for name, value in outcome.trainer.tensors().items()})


def _difference(found: Run, expected: Run) -> float:
    """Return the largest difference of a weight, if nothing differs by more than rounding makes of it."""
    torch.testing.assert_close(found.tensors, expected.tensors, rtol=RELATIVE, atol=ABSOLUTE)
    torch.testing.assert_close(found.losses, expected.losses, rtol=RELATIVE, atol=ABSOLUTE)
    return max(float((value - expected.tensors[name]).abs().max()) for name, value in found.tensors.items())


def _outcome(check: Check) -> tuple[str, str]:
    try:
        return "passed", f"weights within {check():.1e}"
    except SkippedError as error:
        return "skipped", str(error)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong on this device is what is wanted
        return "failed", f"{type(error).__name__}: {error}"[:2000]


def main() -> None:
    """Make the checks, and print a line each."""
    name, pattern = [*sys.argv[1:], ""][:2]
    device = find_device(name)
    for about, check in checks(device):
        if re.search(pattern, f"checks: {about}"):
            outcome, detail = _outcome(check)
            sys.stdout.write(json.dumps({"name": about, "outcome": outcome, "detail": detail}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
