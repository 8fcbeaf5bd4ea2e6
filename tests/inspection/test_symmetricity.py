"""Gradient symmetricity, against the gradient by the whole embedding of one equation at a time."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from grokterm.experiment.experiment import Experiment
from grokterm.inspection.symmetricity import gradient_symmetricity
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed, finish, started

TRANSFORMER = ("model.architecture=transformer", "model.d_model=8", "model.d_mlp=12", "training.steps=4")
NETWORKS: dict[str, tuple[str, ...]] = {
    "transformer": TRANSFORMER,
    "operands only": (*TRANSFORMER, "model.sequence=a b"),
    "constant attention, normalized": (*TRANSFORMER, "model.sequence=a b", "model.attention_rate=0.0", "model.norm=pre"),
    "two scored": (*TRANSFORMER, "model.sequence=<eos> a op b = c <eos>", "model.scored=answer_and_eos"),
    "lstm": ("model.architecture=lstm", "model.d_model=6", "training.steps=4"),
    "embedding_mlp": ("model.architecture=embedding_mlp", "model.d_model=6", "model.width=16", "training.steps=4"),
}
TRIPLES = np.array([[2, 3, 5], [0, 1, 0], [1, 0, 4], [7, 7, 1], [0, 0, 3], [10, 4, 10]])


def symmetricity(trainer: Trainer, triples: Any = TRIPLES) -> float | None:  # noqa: ANN401 - as it takes them
    return gradient_symmetricity(trainer.trainable.network, trainer.snapshot(), triples)


def cosine(trainer: Trainer, a: int, b: int, c: int) -> float:
    """By the gradient of the embedding; where a is b, another token with the same embedding stands for b."""
    network = trainer.trainable.network
    other = b if a != b else (b + 1) % 11
    weights = {name: torch.from_numpy(value).double() for name, value in trainer.snapshot().parameters.items()}
    embedding = weights["embedding"].clone()
    embedding[other] = embedding[b]
    embedding.requires_grad_()
    table = trainer.dataset.table
    (row,) = np.flatnonzero((table.operands == [a, other]).all(axis=1))
    tokens = network.encode(table)[0][row : row + 1]
    scores: Tensor = torch.func.functional_call(network, weights | {"embedding": embedding}, (tokens,))
    (grad,) = torch.autograd.grad(scores.reshape(network.n_scored, -1)[0, c], embedding)
    return float(torch.cosine_similarity(grad[a], grad[other], dim=0))


@pytest.mark.parametrize("network", NETWORKS)
def test_it_is_the_mean_cosine_over_the_triples(network: str, tiny: Experiment) -> None:
    trainer = finish(started(changed(tiny, *NETWORKS[network]))).trainer
    expected = np.mean([cosine(trainer, *triple) for triple in TRIPLES.tolist()])
    assert -1 < expected < 0.999
    assert symmetricity(trainer) == pytest.approx(expected, abs=1e-6)


def test_it_is_1_if_only_the_sum_of_the_embeddings_counts(tiny: Experiment) -> None:
    constant = finish(started(changed(tiny, *TRANSFORMER, "model.attention_rate=0.0"))).trainer
    assert symmetricity(constant, None) == pytest.approx(1)


def test_a_network_without_embedding_has_none(tiny: Experiment) -> None:
    assert symmetricity(started(tiny)) is None
