"""All weights as one vector, for rules that treat every entry alike: one operation instead of one a tensor."""

import torch
from torch import Tensor

from grokterm.optim.rules import OptimizerState, Weights

FLAT = "all"  # the key of the vector, in place of the names of the weights


class FlatDict(Weights):
    """Tensors by name that are views of one vector."""

    def __init__(self, vector: Tensor, tensors: Weights) -> None:
        super().__init__(tensors)
        self.vector = vector


class FlatParameters:
    """Converts between weights by name and the form that a rule updates: one vector, or for rules by tensor the same dict.

    Stacked networks have one more dimension in front.
    """

    def __init__(self, weights: Weights, *, as_one: bool) -> None:
        self._shapes = {name: weight.shape for name, weight in weights.items()} if as_one else {}
        self._sizes = [shape.numel() for shape in self._shapes.values()]
        self._unpacked = FlatDict(torch.empty(0), {})

    def pack(self, tensors: Weights) -> Weights:
        """Concatenate tensors, one for each weight."""
        if not self._shapes:
            return tensors
        if isinstance(tensors, FlatDict):
            return {FLAT: tensors.vector}
        return {FLAT: torch.cat([_flat(tensors[name], shape) for name, shape in self._shapes.items()], dim=-1)}

    def unpack(self, packed: Weights) -> Weights:
        """Return each tensor as a view of the vector; the views are made once for the same vector."""
        if not self._shapes:
            return packed
        vector = packed[FLAT]
        if self._unpacked.vector is not vector:  # views take microseconds, of the few hundred of a small step
            parts = torch.split(vector, self._sizes, dim=-1)
            named = zip(self._shapes.items(), parts, strict=True)
            self._unpacked = FlatDict(vector, {name: part.view((*part.shape[:-1], *shape)) for (name, shape), part in named})
        return self._unpacked

    def pack_state(self, state: OptimizerState) -> OptimizerState:
        """Concatenate the entries of a state that belong to weights, a vector for each purpose; leave the others."""
        packed: OptimizerState = {}
        for key in state:
            purpose, _, name = key.partition(".")
            if name not in self._shapes:
                packed[key] = state[key]
            elif f"{purpose}.{FLAT}" not in packed:
                packed[f"{purpose}.{FLAT}"] = self.pack({one: state[f"{purpose}.{one}"] for one in self._shapes})[FLAT]
        return packed

    def unpack_state(self, packed: OptimizerState) -> OptimizerState:
        """Return the entries of each weight again."""
        state: OptimizerState = {}
        for key, value in packed.items():
            purpose, _, name = key.partition(".")
            if self._shapes and name == FLAT:
                state |= {f"{purpose}.{one}": tensor for one, tensor in self.unpack({FLAT: value}).items()}
            else:
                state[key] = value
        return state


def _flat(tensor: Tensor, shape: torch.Size) -> Tensor:
    return tensor.reshape(*tensor.shape[: tensor.ndim - len(shape)], -1)
