"""plot"""


def plot() -> None:
    """Plot."""
