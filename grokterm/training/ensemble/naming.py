"""How the tensors of an ensemble are named in a checkpoint."""

from collections.abc import Mapping

from torch import Tensor


def with_member(number: int, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name the tensors of a member."""
    return {f"{prefix_of(number)}{name}": value for name, value in tensors.items()}


def of_member(number: int, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Find the tensors of a member."""
    prefix = prefix_of(number)
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def prefix_of(number: int) -> str:
    """Return what stands before the names of a member."""
    return f"member-{number:04d}."
