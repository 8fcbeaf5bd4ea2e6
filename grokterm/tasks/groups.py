"""Finite groups as tables of products, and the characters of their irreducible representations.

Elements are numbered; 0 is the identity.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import permutations, product
from math import prod
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64, Int64

Table: TypeAlias = Int64[np.ndarray, "elements elements"]
Character: TypeAlias = Float64[np.ndarray, " elements"]


@dataclass(frozen=True, eq=False)
class Representation:
    """An irreducible representation, or two that are complex conjugates of each other, which a real function holds alike."""

    name: str
    degree: int
    """Dimension d of one representation."""

    character: Character
    """Trace of each element; of two conjugates their sum."""

    @property
    def share_of_noise(self) -> float:
        """The share of the power of noise that lies in it: d² / |G|, or twice that."""
        return float(self.degree * self.character[0] / len(self.character))


@dataclass(frozen=True, eq=False)
class Group:
    """A finite group."""

    name: str
    elements: str
    """What its elements are."""

    product: Table
    representations: tuple[Representation, ...]

    @cached_property
    def inverses(self) -> Int64[np.ndarray, " elements"]:
        """The inverse of each element."""
        return np.argmin(self.product, axis=1)

    @property
    def is_commutative(self) -> bool:
        """Whether a · b = b · a for every pair."""
        return np.array_equal(self.product, self.product.T)


@cache
def symmetric(n: int) -> Group:
    """Return the permutations of n things in lexicographic order.

    The product does a first: (a · b)[i] = b[a[i]], as in the public code of Power et al. (2022).
    """
    elements = np.array(list(permutations(range(n))), dtype=np.int64)
    composed = elements[:, elements].swapaxes(0, 1)
    digits = n ** np.arange(n - 1, -1, -1)  # as numbers in base n, permutations keep their order
    types = _cycle_types(elements)
    found = (_symmetric_representation(partition, types) for partition in _partitions(n))
    return Group(f"S{n}", "permutations", np.searchsorted(elements @ digits, composed @ digits), tuple(found))


@cache
def alternating(n: int) -> Group:
    """Return the even permutations of n things in lexicographic order, with the product of the symmetric group."""
    whole, types = symmetric(n), _cycle_types(list(permutations(range(n))))
    chosen = np.flatnonzero(_sign(types) == 1)
    table = np.searchsorted(chosen, whole.product[np.ix_(chosen, chosen)])
    types = [types[element] for element in chosen]
    found: list[Representation] = []
    for partition in _partitions(n):
        conjugate = _conjugate(partition)
        restricted = _symmetric_representation(partition, types)
        if partition > conjugate:  # of two that restrict to the same one, the first
            found.append(restricted)
        elif partition == conjugate:
            found += _split(restricted, partition, types, table)
    return Group(f"A{n}", "permutations", table, tuple(found))


@cache
def dihedral(n: int) -> Group:
    """Return the symmetries of a regular polygon with n corners: n rotations, then n reflections.

    Element k turns by k corners; element n + k reflects first, and then turns by k corners.
    """
    turns, flips = np.tile(np.arange(n), 2), np.repeat([0, 1], n)
    turned = (turns[:, None] + (1 - 2 * flips[:, None]) * turns) % n
    product = turned + n * (flips[:, None] ^ flips)
    sign, alternation = 1.0 - 2 * flips, 1.0 - 2 * (turns % 2)
    found: list[tuple[str, int, Character]] = [("trivial", 1, np.ones(2 * n)), ("sign", 1, sign)]
    if n % 2 == 0:
        found += [("alternating", 1, alternation), ("alternating · sign", 1, alternation * sign)]
    waves = ((k, 2 * np.cos(2 * np.pi * k * turns / n) * (1 - flips)) for k in range(1, (n + 1) // 2))
    found += [(f"rotation {k}", 2, wave) for k, wave in waves]
    return Group(f"D{n}", "rotations and reflections", product, tuple(Representation(*row) for row in found))


@cache
def cyclic_product(factors: tuple[int, ...]) -> Group:
    """Return the sums of tuples, each place modulo its factor; tuples in lexicographic order."""
    tuples = np.array(list(product(*map(range, factors))), dtype=np.int64)
    added = (tuples[:, None] + tuples) % factors
    table = np.ravel_multi_index(tuple(np.moveaxis(added, -1, 0)), factors)
    found = []
    for wave in tuples:
        opposite = tuple((-wave % factors).tolist())
        if tuple(wave.tolist()) <= opposite:
            n_waves = 1 if tuple(wave.tolist()) == opposite else 2
            character = n_waves * np.cos(2 * np.pi * (tuples * wave / factors).sum(axis=1))
            name = f"frequencies ({', '.join(map(str, wave))})" if wave.any() else "trivial"
            found.append(Representation(name, 1, character))
    return Group(" × ".join(f"Z{factor}" for factor in factors), "tuples", table, tuple(found))


def _cycle_types(elements: Sequence[Sequence[int]] | Int64[np.ndarray, "elements n"]) -> list[tuple[int, ...]]:
    return [tuple(sorted(_cycles(element), reverse=True)) for element in elements]


def _cycles(element: Sequence[int] | Int64[np.ndarray, " n"]) -> Iterator[int]:
    remaining = set(range(len(element)))
    while remaining:
        thing, length = remaining.pop(), 1
        while (thing := int(element[thing])) in remaining:
            remaining.remove(thing)
            length += 1
        yield length


def _sign(types: Sequence[tuple[int, ...]]) -> Int64[np.ndarray, " elements"]:
    return np.array([(-1) ** sum(length - 1 for length in cycles) for cycles in types], dtype=np.int64)


def _partitions(n: int, largest: int | None = None) -> Iterator[tuple[int, ...]]:
    """List the partitions of n, the largest first."""
    if n == 0:
        yield ()
    for part in range(min(n, largest or n), 0, -1):
        for rest in _partitions(n - part, part):
            yield (part, *rest)


def _conjugate(partition: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sum(part > row for part in partition) for row in range(partition[0]))


def _symmetric_representation(partition: tuple[int, ...], types: Sequence[tuple[int, ...]]) -> Representation:
    n, n_parts = sum(partition), len(partition)
    names = {(n,): "trivial", (n - 1, 1): "standard", (1,) * n: "sign", (2, *(1,) * (n - 2)): "standard · sign"}
    if n < 4:  # the standard representation of S3 is its own product with the sign
        names[2, 1] = "standard"
    hooks = frozenset(part + n_parts - 1 - row for row, part in enumerate(partition))
    by_type = {cycles: _character(hooks, cycles) for cycles in set(types)}
    name = names.get(partition, f"[{', '.join(map(str, partition))}]")
    return Representation(name, by_type[types[0]], np.array([by_type[cycles] for cycles in types], dtype=np.float64))


def _character(hooks: frozenset[int], cycles: tuple[int, ...]) -> int:
    """Remove rim hooks as long as the cycles, one after the other (Murnaghan and Nakayama).

    A partition is given by the hook lengths of its first column. To remove a rim hook of length r is to lower one of them
    by r; the sign is that of the number of others that are passed.
    """
    if not cycles:
        return 1
    length, *rest = cycles
    return sum(
        (-1) ** sum(hook - length < other < hook for other in hooks) * _character(hooks - {hook} | {hook - length}, tuple(rest))
        for hook in hooks
        if hook >= length and hook - length not in hooks
    )


def _split(
    whole: Representation, partition: tuple[int, ...], types: Sequence[tuple[int, ...]], table: Table
) -> list[Representation]:
    """Split the restriction of a partition that is its own conjugate (Frobenius): a half differs from the other on one type.

    Its values there are (e ± √(e Π)) / 2, with Π the product of the hook lengths on the diagonal and e the character of the
    whole. If they are complex, the halves are conjugates, and stay together.
    """
    diagonal = tuple(2 * (part - row) - 1 for row, part in enumerate(partition) if part > row)
    value = whole.character[types.index(diagonal)]
    if value < 0:
        return [Representation(whole.name, whole.degree // 2, whole.character)]
    first, inverses = types.index(diagonal), np.argmin(table, axis=1)
    conjugates = np.unique(table[table[:, first], inverses])
    differences = np.zeros(len(types))
    differences[[cycles == diagonal for cycles in types]] = -np.sqrt(prod(diagonal))
    differences[conjugates] *= -1
    return [
        Representation(f"{whole.name}{mark}", whole.degree // 2, (whole.character + sign * differences) / 2)
        for mark, sign in (("⁺", 1), ("⁻", -1))
    ]
