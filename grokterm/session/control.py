"""What a screen knows of a training, wherever it trains."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis
    from grokterm.runs.store import Run
    from grokterm.session.commands import Command
    from grokterm.session.state import LabState


class Training(Protocol):
    """One training that a screen shows and controls: in this process, in another one, or read from its journal."""

    @property
    def state(self) -> "LabState":
        """The latest state; any thread may read it."""

    @property
    def failure(self) -> str:
        """Why it could not be opened, or cannot go on, for the user; empty if it can."""

    @property
    def bug(self) -> BaseException | None:
        """An unexpected exception, for a traceback."""

    @property
    def analysis(self) -> "NetworkAnalysis | None":
        """The network at the last `Analyze`."""

    @property
    def saved_run(self) -> "Run | None":
        """The run on disk, once it is open."""

    @property
    def run_name(self) -> str:
        """The name of its directory; empty before it is open."""

    @property
    def is_elsewhere(self) -> bool:
        """Another process trains, which goes on when the screen leaves."""

    @property
    def is_over(self) -> bool:
        """It takes no more commands: it was left, or has ended elsewhere."""

    def start(self) -> None:
        """Begin, once: what follows is seen in `state`."""

    def send(self, command: "Command") -> None:
        """Send a command, from any thread; before it is open, commands are queued. `Leave` ends it wherever it trains."""

    def leave(self, seconds: float) -> bool:
        """Save and end a training of this process, or disconnect from another's; return whether it was over in that time."""
