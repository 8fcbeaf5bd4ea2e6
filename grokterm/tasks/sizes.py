"""Sizes of training sets: as a share of the table, and as a number of equations."""

from grokterm.errors import ConfigError


def share_of(n_train: int, n_equations: int) -> float:
    """Return the share of the table that a number of equations is.

    Raises:
        ConfigError: if there are not so many.
    """
    if n_train > n_equations:
        raise ConfigError(f"n_train must be at most {n_equations:,}, the equations of this task, not {n_train:,}")
    return n_train / n_equations


def n_train(train_fraction: float, n_equations: int) -> int:
    """Return the size of a training set from its share of the table.

    Raises:
        ConfigError: if training would be empty, or validation by rounding.
    """
    size = round(train_fraction * n_equations)
    if train_fraction == 1 or 0 < size < n_equations:
        return size
    side, advice = ("training", "") if size == 0 else ("validation", ", or 1 for the whole table")
    raise ConfigError(
        f"train_fraction {train_fraction:g} of {n_equations:,} equations leaves {side} empty: choose another share{advice}"
    )
