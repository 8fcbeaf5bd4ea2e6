"""From the trainer to the operation that updates the weights there are few calls to read."""

import traceback
from pathlib import Path

import pytest
import torch

import grokterm
from grokterm.experiment.experiment import Experiment
from grokterm.optim import adam
from tests.training.outcome import changed, started

PACKAGE = str(Path(grokterm.__file__).parent)
MOST = 10


@pytest.mark.parametrize("engine", ["fused", "eager"])
def test_at_most_ten_frames_lie_between_a_chunk_and_the_operation_of_the_optimizer(
    tiny: Experiment, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = started(changed(tiny, f"training.engine={engine}"))
    stacks: list[list[str]] = []
    real = adam.fused_operation("_fused_adamw_", torch.device("cpu"))
    assert real is not None

    def recording(*arguments: object, **options: object) -> object:
        frames = [frame for frame in traceback.extract_stack() if frame.filename.startswith(PACKAGE)]
        stacks.append([f"{Path(frame.filename).relative_to(PACKAGE)}: {frame.name}" for frame in frames])
        return real(*arguments, **options)

    monkeypatch.setattr(adam, "fused_operation", lambda *_: recording)
    trainer.advance(1)
    (stack,) = stacks
    assert stack[0] == "training/trainer.py: advance"
    assert len(stack) <= MOST, "\n".join(stack)
