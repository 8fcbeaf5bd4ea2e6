"""What others need to know of a network's weights: which layer a matrix belongs to, and how it is looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One weight matrix of a network."""

    name: str
    """The layer that `model.frozen` names."""

    parameter: str
    """The parameter of the module."""

    label: str
    """What people see above its picture."""

    over_residues: bool = True
    """Its rows are the residues of the task, so that it has a spectrum."""

    transposed: bool = False
    """It is stored neurons first, and is looked at with one column a neuron."""
