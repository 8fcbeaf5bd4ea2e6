"""Descriptions of a network's weight matrices, for analysis and pictures."""

from dataclasses import dataclass

RESIDUES = "residues"


@dataclass(frozen=True)
class Layer:
    """One weight matrix of a network."""

    parameter: str
    """Parameter name in the module."""

    label: str
    rows: str = RESIDUES
    """What its rows index. Over residues it has a spectrum; rows of other tokens come last."""

    transposed: bool = False
    """Whether it is stored with one row per neuron; pictures have one column per neuron."""
