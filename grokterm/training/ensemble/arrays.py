"""Tensors as numpy arrays, to be pickled; bfloat16, which numpy lacks, as the int16 of the same bits."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

Arrays: TypeAlias = dict[str, np.ndarray]


def to_arrays(tensors: Mapping[str, Tensor]) -> Arrays:
    """Return arrays that share the memory of tensors on the CPU."""
    on_cpu = {name: value.cpu() for name, value in tensors.items()}
    as_bits = {name: value.view(torch.int16) if value.dtype == torch.bfloat16 else value for name, value in on_cpu.items()}
    return {name: value.numpy() for name, value in as_bits.items()}


def to_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Return the tensors again."""
    tensors = {name: torch.from_numpy(value) for name, value in arrays.items()}
    return {name: value.view(torch.bfloat16) if value.dtype == torch.int16 else value for name, value in tensors.items()}
