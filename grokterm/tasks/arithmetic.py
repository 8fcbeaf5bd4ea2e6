"""Number theory of modular tasks."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Int64

Residues: TypeAlias = Int64[np.ndarray, " equations"]
Function: TypeAlias = Callable[..., Residues]
"""(a, b, modulus) -> a ∘ b, or (a, b, c, modulus) -> a ∘ b ∘ c, for many equations at once."""


def is_prime(number: int) -> bool:
    """Whether a number is prime, by trial division."""
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def inverses(modulus: int) -> Int64[np.ndarray, " modulus"]:
    """Return the multiplicative inverse of each residue of a prime modulus; 0 for 0, which has none."""
    return np.array([0, *(pow(residue, -1, modulus) for residue in range(1, modulus))], dtype=np.int64)


def powers_of_primitive_root(modulus: int) -> Int64[np.ndarray, " nonzero"]:
    """Return g⁰, g¹, ... for the smallest primitive root g of a prime modulus: residues in the order of their logarithm."""
    if not is_prime(modulus):
        raise ValueError(f"{modulus} is not prime")
    candidates = ([pow(root, exponent, modulus) for exponent in range(modulus - 1)] for root in range(1, modulus))
    return np.array(next(powers for powers in candidates if len(set(powers)) == modulus - 1), dtype=np.int64)
