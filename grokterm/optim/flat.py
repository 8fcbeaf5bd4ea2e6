"""All weights as one vector, where a rule treats every entry alike: one operation instead of one a tensor."""

import torch
from torch import Tensor

from grokterm.optim.rules import OptimizerState, Weights

ALL = "all"
"""The name of the vector, in place of the names of the weights."""


class FlatDict(Weights):
    """Tensors by name that lie end to end in one vector."""

    def __init__(self, vector: Tensor, tensors: Weights) -> None:
        super().__init__(tensors)
        self.vector = vector


class FlatParameters:
    """Goes back and forth between weights by name and the form in which a rule updates them.

    Where several networks are stacked, everything has one more dimension in front.
    """

    def __init__(self, weights: Weights, *, as_one: bool) -> None:
        self._shapes = {name: weight.shape for name, weight in weights.items()} if as_one else {}
        self._sizes = [shape.numel() for shape in self._shapes.values()]
        self._unpacked = FlatDict(torch.empty(0), {})

    def pack(self, tensors: Weights) -> Weights:
        """Lay tensors, one a weight, end to end."""
        if not self._shapes:
            return tensors
        if isinstance(tensors, FlatDict):
            return {ALL: tensors.vector}
        return {ALL: torch.cat([_flat(tensors[name], shape) for name, shape in self._shapes.items()], dim=-1)}

    def unpack(self, packed: Weights) -> Weights:
        """Find each tensor again: views, which share the vector's state, and are made once for as long as it is the same."""
        if not self._shapes:
            return packed
        vector = packed[ALL]
        if self._unpacked.vector is not vector:
            parts = torch.split(vector, self._sizes, dim=-1)
            named = zip(self._shapes.items(), parts, strict=True)
            self._unpacked = FlatDict(vector, {name: part.view((*part.shape[:-1], *shape)) for (name, shape), part in named})
        return self._unpacked

    def pack_state(self, state: OptimizerState) -> OptimizerState:
        """Lay what is remembered of the weights end to end, a vector for each purpose; other memories stay."""
        packed: OptimizerState = {}
        for key in state:
            purpose, _, name = key.partition(".")
            if name not in self._shapes:
                packed[key] = state[key]
            elif f"{purpose}.{ALL}" not in packed:
                packed[f"{purpose}.{ALL}"] = self.pack({one: state[f"{purpose}.{one}"] for one in self._shapes})[ALL]
        return packed

    def unpack_state(self, packed: OptimizerState) -> OptimizerState:
        """Find what is remembered of each weight again."""
        state: OptimizerState = {}
        for key, value in packed.items():
            purpose, _, name = key.partition(".")
            if self._shapes and name == ALL:
                state |= {f"{purpose}.{one}": tensor for one, tensor in self.unpack({ALL: value}).items()}
            else:
                state[key] = value
        return state


def _flat(tensor: Tensor, shape: torch.Size) -> Tensor:
    return tensor.reshape(*tensor.shape[: tensor.ndim - len(shape)], -1)
