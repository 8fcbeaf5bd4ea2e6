"""A limit on time and bytes for drawing, so that the lab does not slow down the training it shows."""

from time import monotonic, thread_time

SHARE_OF_TIME = 0.03  # share of wall time for all work of the screen's thread: drawing, layout, painting, timers and keys

BYTES_PER_SECOND = 28_000  # terminal output that a slow ssh connection carries without falling behind

LONGEST = 2.0  # seconds that a drawing waits at most


class DrawBudget:
    """Says when the next drawing is due. One thread owns it, and all drawings of that thread share it."""

    def __init__(self) -> None:
        self._seen_at, self._worked = monotonic(), thread_time()
        self._until_time = 0.0  # seconds until the thread's work is back within its share of time
        self._until_bytes = 0.0  # seconds until the connection has carried what was sent
        self._drawn_at = self._seen_at

    def is_due(self) -> bool:
        """Tell whether a drawing is due now."""
        now, worked = monotonic(), thread_time()
        passed = now - self._seen_at
        self._until_time = min(max(self._until_time + (worked - self._worked) / SHARE_OF_TIME - passed, 0.0), LONGEST)
        self._until_bytes = max(self._until_bytes - passed, 0.0)
        self._seen_at, self._worked = now, worked
        return not (self._until_time or self._until_bytes) or now - self._drawn_at >= LONGEST

    def spend(self, n_bytes: int) -> None:
        """Account for the bytes of a drawing; its time, painting included, is measured afterwards."""
        self._until_bytes += n_bytes / BYTES_PER_SECOND
        self._drawn_at = monotonic()
