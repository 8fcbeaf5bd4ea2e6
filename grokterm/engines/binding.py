"""Weights put in the place of a network's own, without a copy.

What `torch.func.functional_call` does, less what it looks up anew at every call: a quarter of a small step.
"""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from torch import Tensor, nn

Slots = dict[str, tuple[dict[str, Tensor | None], str]]
"""The dictionary, and the key in it, under which a module keeps each parameter and buffer."""

_slots: WeakKeyDictionary[nn.Module, Slots] = WeakKeyDictionary()  # weak: a network must not live on by its slots


HAS_SLOTS: bool = all(isinstance(getattr(nn.Module(), kept, None), dict) for kept in ("_parameters", "_buffers"))
"""Whether modules keep their tensors in these dictionaries, which are torch's own affair."""


def bind(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Let a network use these parameters and buffers, by name, until others are bound.

    Its own are gone then. Not for tensors under a torch.func transform, which must not outlive it.
    """
    if not HAS_SLOTS:
        _set_attributes(network, tensors)
        return
    slots = _slots.get(network)
    if slots is None:
        slots = _slots[network] = _slots_of(network)
    for name, tensor in tensors.items():
        owner, key = slots[name]
        owner[key] = tensor


def _slots_of(network: nn.Module) -> Slots:
    return {
        f"{prefix}.{key}".lstrip("."): (owner, key)
        for prefix, module in network.named_modules()
        for owner in (module._parameters, module._buffers)
        for key in owner
    }


def _set_attributes(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        path, _, key = name.rpartition(".")
        module = network.get_submodule(path)
        if isinstance(getattr(module, key), nn.Parameter):
            delattr(module, key)  # a module refuses other tensors in the place of a parameter
        setattr(module, key, tensor)
