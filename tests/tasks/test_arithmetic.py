import pytest

from grokterm.tasks.arithmetic import inverses, is_prime, powers_of_primitive_root


def test_the_primes_below_a_hundred_are_known() -> None:
    sieve = set(range(2, 100)) - {a * b for a in range(2, 50) for b in range(2, 50)}
    assert {number for number in range(-3, 100) if is_prime(number)} == sieve


@pytest.mark.parametrize("modulus", [2, 3, 5, 13, 97])
def test_a_residue_times_its_inverse_is_one(modulus: int) -> None:
    assert [int(inverse) * residue % modulus for residue, inverse in enumerate(inverses(modulus))] == [0] + [1] * (modulus - 1)


@pytest.mark.parametrize(("modulus", "root"), [(3, 2), (7, 3), (23, 5), (41, 6), (97, 5)])
def test_the_smallest_primitive_root_is_found(modulus: int, root: int) -> None:
    assert powers_of_primitive_root(modulus).tolist() == [pow(root, exponent, modulus) for exponent in range(modulus - 1)]


def test_a_composite_modulus_has_no_table_of_logarithms() -> None:
    with pytest.raises(ValueError, match="15 is not prime"):
        powers_of_primitive_root(15)
