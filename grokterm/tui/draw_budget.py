"""Drawing has a draw_budget: a screen that is watched must not slow down the training it shows."""

from time import monotonic, thread_time

SHARE_OF_TIME = 0.03
"""Of wall time, for all that the screen's thread does: drawing, layout, painting, timers and keys."""

BYTES_PER_SECOND = 28_000
"""Of terminal output: what a slow ssh connection carries without falling behind, less the status line."""

LONGEST = 2.0
"""Seconds that a drawing waits at worst, whatever was spent."""


class DrawBudget:
    """Says when something may be drawn again. All that is drawn by one thread shares one, and that thread asks it."""

    def __init__(self) -> None:
        self._seen_at, self._worked = monotonic(), thread_time()
        self._rest = 0.0
        """Seconds until what the thread has worked is no more than its share."""

        self._silence = 0.0
        """Seconds until the line has carried what was sent."""

        self._drawn_at = self._seen_at

    def is_due(self) -> bool:
        """Tell whether something may be drawn now."""
        now, worked = monotonic(), thread_time()
        passed = now - self._seen_at
        self._rest = _left(self._rest + (worked - self._worked) / SHARE_OF_TIME, passed)
        self._silence = _left(self._silence, passed)
        self._seen_at, self._worked = now, worked
        return not (self._rest or self._silence) or now - self._drawn_at >= LONGEST

    def spend(self, n_bytes: int) -> None:
        """Take a drawing into account by what it sends; its work is seen when it is done, painting included."""
        self._silence += n_bytes / BYTES_PER_SECOND
        self._drawn_at = monotonic()


def _left(seconds: float, passed: float) -> float:
    return min(max(seconds - passed, 0.0), LONGEST)
