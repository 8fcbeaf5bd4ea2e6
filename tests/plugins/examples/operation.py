"""The sum of two cubes, as an operation."""

import numpy as np

import grokterm


@grokterm.operation("cube_sum", "a³ + b³ mod {p}")
def cube_sum(a: np.ndarray, b: np.ndarray, p: int) -> np.ndarray:
    return (a**3 + b**3) % p
