"""Shows on a screen what has happened to its training: a warning at once, information one at a time."""

from time import monotonic

from textual.screen import Screen

from grokterm.plots.sanitize import plain_text
from grokterm.session.state import LabState
from grokterm.tui.control.notifications import Notice, Notifications, Severity, merged

INFORMATION_SECONDS, WARNING_SECONDS = 3.0, 8.0  # that a notification lies over the pictures


class Notifier:
    """Notifies on a screen, and rings the bell of its terminal if the user wants that."""

    def __init__(self, screen: Screen[None], *, bell: bool) -> None:
        self._screen = screen
        self._bell = bell
        self._notifications = Notifications()
        self._unsaid: list[Notice] = []
        self._shown_until = 0.0  # the last information

    def await_save(self, step: int) -> None:
        """Announce a save that was requested at this step once it is done, or fails."""
        self._notifications.await_save(step)

    def pass_over(self, state: LabState) -> None:
        """Leave out what this training has refused so far: it is said elsewhere."""
        self._notifications.pass_over(state)

    def forget(self) -> None:
        """Begin with another training."""
        self._notifications = Notifications()

    def say(self, text: str, title: str, severity: Severity = "information") -> None:
        """Warn at once; information waits until the last one is gone, so that one at a time covers the pictures."""
        if severity == "information":
            self._unsaid.append(Notice(plain_text(text), title))
        else:
            self._screen.notify(plain_text(text), title=title, severity=severity, timeout=WARNING_SECONDS, markup=False)

    def report(self, state: LabState) -> None:
        """Say what has happened since the last call."""
        notices = list(self._notifications.of(state))
        for notice in notices:
            self.say(notice.text, notice.title, notice.severity)
        if self._bell and any(notice.rings for notice in notices):
            self._screen.app.bell()
        if self._unsaid and monotonic() >= self._shown_until:
            notice, self._unsaid = merged(self._unsaid), []
            self._shown_until = monotonic() + INFORMATION_SECONDS
            self._screen.notify(notice.text, title=notice.title, timeout=INFORMATION_SECONDS, markup=False)
