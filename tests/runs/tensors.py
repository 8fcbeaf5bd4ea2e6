"""When two sets of tensors are the same."""

import torch
from torch import Tensor


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """Tell whether tensors agree bit for bit, NaN and signed zeros too."""
    return left.keys() == right.keys() and all(
        torch.equal(left[name].contiguous().view(torch.int32), right[name].contiguous().view(torch.int32)) for name in left
    )
