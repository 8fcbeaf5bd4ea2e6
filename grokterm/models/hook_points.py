"""Identity modules at which a forward pass can be observed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Literal

from torch import Tensor, nn

Kind = Literal["neurons", "attention"]
"""Shapes: neurons (equations, positions if there are several, neurons), attention (equations, heads, queries, keys)."""


class HookPoint(nn.Module):
    """Returns its input unchanged; `forward_hooks` observes it."""

    def __init__(self, label: str, kind: Kind = "neurons") -> None:
        super().__init__()
        self.label = label
        self.kind: Kind = kind

    def forward(self, values: Tensor) -> Tensor:
        """Return the same tensor."""
        return values


@contextmanager
def forward_hooks(hooks: Mapping[HookPoint, Callable[[Tensor], None]]) -> Iterator[None]:
    """Inside the context, call each function with every tensor that passes its hook point."""
    with ExitStack() as handles:
        for point, hook in hooks.items():
            handle = point.register_forward_hook(lambda _module, _inputs, output, hook=hook: hook(output))
            handles.callback(handle.remove)
        yield
