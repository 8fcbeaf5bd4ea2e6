"""A limit on time and bytes for drawing, so that the lab does not slow down the training it shows."""

from time import monotonic, thread_time

from grokterm.tui.link import FULL, Link

SHARE_OF_TIME = 0.03  # share of wall time for all work of the screen's thread: drawing, layout, painting, timers and keys

LONGEST = 2.0  # seconds that a drawing is paid for by waiting, at most


class DrawBudget:
    """Says when the next drawing is due. One thread owns it, and all drawings of that thread share it."""

    def __init__(self, link: Link = FULL) -> None:
        self.link = link
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
        rested = now - self._drawn_at
        return rested >= self.link.longest or (rested >= self.link.rest and not (self._until_time or self._until_bytes))

    def spend(self, n_bytes: int) -> None:
        """Account for the bytes of a drawing; its time, painting included, is measured afterwards."""
        self.owe(n_bytes)
        self._drawn_at = monotonic()

    def owe(self, n_bytes: int) -> None:
        """Account for bytes of what does not wait for its turn."""
        self._until_bytes += n_bytes / self.link.bytes_per_second
