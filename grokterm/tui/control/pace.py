"""Limits on steps a second, to watch networks that grok quickly."""

PACES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)  # steps a second; after the last, no limit


def slower(steps_per_second: float | None) -> float:
    """Return the next slower pace; None stands for an unknown speed."""
    return max((pace for pace in PACES if steps_per_second is None or pace < steps_per_second), default=PACES[0])


def faster(pace: float) -> float | None:
    """Return the next faster pace; None for no limit."""
    return min((one for one in PACES if one > pace), default=None)
