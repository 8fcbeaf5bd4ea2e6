"""Leaving a training for another run: it is saved and ends, or goes on in the background."""

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Button

from grokterm.session.commands import Release
from grokterm.session.state import LabState
from grokterm.session.thread import TrainingThread
from grokterm.tui.control.handover import reason_against
from grokterm.tui.control.training import TrainingControl
from grokterm.tui.screens.dialogs import Question

Answer = Literal["detach", "save", "stay"]

ANSWERS: dict[Answer, str] = {"detach": "Go on in the background", "save": "Save and end", "stay": "Stay"}


class Departure(Question[Answer]):
    """Asks what becomes of a training: enter lets it go on, escape stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "dismiss('detach')", "Go on in the background"),
        Binding("y", "dismiss('save')", "Save and end"),
        Binding("n,escape", "dismiss('stay')", "Stay"),
    ]

    def compose(self) -> ComposeResult:
        """Compose the question and a button for each answer."""
        with Vertical(classes="dialog"):
            yield self.question
            with Horizontal(classes="buttons"):
                for answer, label in ANSWERS.items():
                    yield Button(label, variant="primary" if answer == "detach" else "default", id=answer, compact=True)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(next(answer for answer in ANSWERS if answer == event.button.id))


async def may_leave(control: TrainingControl, screen: Screen[None]) -> bool:
    """Ask what becomes of a training that another run takes the place of; return whether it may; for a worker."""
    training, state = control.training, control.state
    if state.phase != "training" or not isinstance(training, TrainingThread) or reason_against(training):
        return await control.may_end("leave")

    def question(state: LabState) -> str:
        return f"Step {state.step:,} of {state.steps:,}. What becomes of this training?"

    answer = await control.ask(Departure(question(state)), question)
    if answer == "save":
        control.is_leaving = True
        return True
    control.send(Release())
    return answer == "detach" and bool(await control.detach())
