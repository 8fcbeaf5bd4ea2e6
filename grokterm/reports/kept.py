"""The checkpoints of a run, in words."""

from grokterm.runs.thinning import GIGABYTE


def kept(n_checkpoints: int | None, n_bytes: int | None) -> str:
    """Say how many there are and what they take: `14 checkpoints, 24 MB`; empty if that is not known."""
    if n_checkpoints is None or n_bytes is None:
        return ""
    return f"{n_checkpoints:,} checkpoint{'s' if n_checkpoints > 1 else ''}, {size(n_bytes)}"


def room(n_bytes: int | None, gigabytes: float) -> str:
    """Say what they take, and of how much: `24 MB of 1 GB`; empty if that is not known."""
    return "" if n_bytes is None else f"{size(n_bytes)} of {size(gigabytes * GIGABYTE)}"


def size(n_bytes: float) -> str:
    """Write bytes: `24 MB`."""
    for unit, name in ((1000 * GIGABYTE, "TB"), (GIGABYTE, "GB"), (1e6, "MB"), (1e3, "KB")):
        if n_bytes >= unit:
            return f"{n_bytes / unit:.3g} {name}"
    return f"{n_bytes:.0f} bytes"
