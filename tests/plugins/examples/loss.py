"""The hinge loss: a margin of 1 between the right score and the best of the others."""

from torch import Tensor
from torch.nn import functional

import grokterm


@grokterm.loss("hinge")
def hinge(scores: Tensor, answers: Tensor) -> Tensor:
    right = scores.gather(1, answers[:, None])
    others = scores.scatter(1, answers[:, None], float("-inf")).amax(dim=1)
    return functional.relu(1 - right[:, 0] + others)
