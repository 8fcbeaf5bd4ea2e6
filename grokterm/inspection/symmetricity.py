"""Whether a network over tokens treats its two operands alike: gradient symmetricity (Zhong 2023, arXiv:2306.17844)."""

from copy import deepcopy

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torch.func import functional_call, grad, vmap

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.inspection.snapshot import Snapshot
from grokterm.models.network import Network
from grokterm.models.sequences import TokenNetwork
from grokterm.tasks.equations import Equations

N_TRIPLES = 1000  # drawn from all (a, b, c); the source draws 100
CHUNK = 100  # triples at a time: bounds the memory


def gradient_symmetricity(
    network: Network, snapshot: Snapshot, triples: Int64[np.ndarray, "triples 3"] | None = None
) -> float | None:
    """Return the mean cosine between the gradients of the score of c by the embeddings of a and of b, over triples (a, b, c).

    1 if only the sum of the embeddings counts. None for a network without token embedding, or if all gradients are zero.
    """
    if not isinstance(network, TokenNetwork) or snapshot.dataset.n_operands != 2:
        return None
    p = snapshot.dataset.n_elements
    if triples is None:
        triples = np.random.default_rng(0).integers(p, size=(N_TRIPLES, 3))
    weights = {name: torch.from_numpy(value).double() for name, value in snapshot.parameters.items()}
    embedding = weights.pop("embedding")
    one = deepcopy(network).cpu()
    # The same two tokens in every equation, whose embeddings are those of a and b: so they differ where a and b are the same.
    tokens, _ = one.encode(Equations(np.array([[0, 1]]), np.array([0])))

    def score(operands: Float64[Tensor, "2 features"], answer: Int64[Tensor, ""]) -> Float64[Tensor, ""]:
        given = {**weights, "embedding": torch.cat([operands, embedding[2:]])}
        scores = functional_call(one, given, (tokens,)).reshape(one.n_scored, -1)[0]
        chosen: Tensor = scores.gather(0, answer.view(1)).squeeze(0)
        return chosen

    pairs, answers = torch.from_numpy(triples[:, :2]), torch.from_numpy(triples[:, 2])
    with steady_arithmetic():
        grads = vmap(grad(score), chunk_size=CHUNK)(embedding[pairs], answers)
    cosines = (grads[:, 0] * grads[:, 1]).sum(dim=1) / grads.norm(dim=2).prod(dim=1)
    known = cosines[cosines.isfinite()]
    return float(known.mean()) if len(known) else None
