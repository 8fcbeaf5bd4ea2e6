"""The kinds of dialog that lie over a screen: a question, a word to wait, and some fields to fill in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from grokterm.errors import GroktermError
from grokterm.plots.sanitize import plain_text
from grokterm.tui.screens.help import Guide
from grokterm.tui.widgets.setup.explanation import Explanation
from grokterm.tui.widgets.text_field import TextField

Answer = TypeVar("Answer")
Result = TypeVar("Result")


BESIDE = (
    Binding("left", "app.focus_previous", "Button before", show=False),
    Binding("right", "app.focus_next", "Next button", show=False),
)
"""Keys that move between the buttons of a question."""


class Question(ModalScreen[Answer]):
    """A question, which can be written again while it is asked."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = Static(plain_text(question), markup=False)

    def ask(self, question: str) -> None:
        """Write it again."""
        self.question.update(plain_text(question))


class Confirm(Question[bool]):
    """A question with two answers: enter agrees, unless that is to be thought over, and escape stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Agree"),
        Binding("n,escape", "dismiss(False)", "Stay"),
        *BESIDE,
    ]

    def __init__(self, question: str, agree: str, stay: str = "Stay", *, is_grave: bool = False) -> None:
        super().__init__(question)
        self._agree, self._stay = agree, stay
        self._is_grave = is_grave

    def compose(self) -> ComposeResult:
        """Compose the question and two buttons."""
        with Vertical(classes="dialog"):
            yield self.question
            with Horizontal(classes="buttons"):
                yield Button(self._agree, id="agree", compact=True)
                yield Button(self._stay, id="stay", compact=True)

    def on_mount(self) -> None:
        """Let enter press the button that is safe to press in passing."""
        self.query_one("#stay" if self._is_grave else "#agree").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "agree")


class Waiting(ModalScreen[None]):
    """Says what is waited for; no key does anything meanwhile."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Compose the text."""
        with Vertical(classes="dialog"):
            yield Static(plain_text(self._text), markup=False)


class FieldsDialog(ModalScreen[Result | None], Generic[Result]):
    """A few fields from which `make` builds the result; while it, or `accept`, refuses them, the dialog stays and says why.

    `note` is a line above them, `meanings` explain those that need it while they have the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(
        self,
        title: str,
        fields: dict[str, tuple[str, str]],
        make: Callable[[dict[str, str]], Result],
        note: str = "",
        meanings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = fields
        self._make = make
        self.accept: Callable[[Result], Awaitable[str]] | None = None  # does what is asked for, or says why it cannot be done
        self._note = note
        self._meanings = meanings

    def compose(self) -> ComposeResult:
        """Compose one row a field."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = self._title
            if self._note:
                yield Static(plain_text(self._note), classes="note", markup=False)
            with VerticalScroll(classes="fields -noted" if self._note else "fields", can_focus=False):
                for name, (text, placeholder) in self._fields.items():
                    with Horizontal(classes="row"):
                        yield Label(name.rpartition(".")[2], classes="name", markup=False)
                        yield TextField(plain_text(text), placeholder=placeholder, name=name, compact=True)
            if self._meanings:
                yield Explanation("")
            yield from self.extra()
            yield Static(id="problem", markup=False)
            yield Static("enter applies · tab, down: next · escape cancels", classes="hint", markup=False)

    @property
    def guide(self) -> Guide:
        """What the help says of this dialog."""
        keys = [("enter", "apply"), ("tab, down", "go to the next field"), ("escape", "cancel, and change nothing")]
        return {"keys": keys, **({"settings": list(self._meanings.items())} if self._meanings else {})}

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Explain the field under the cursor."""
        for explanation in self.query(Explanation):
            name = str(event.widget.name)
            explanation.text = f"{name}: {self._meanings[name]}" if name in self._meanings else ""

    def extra(self) -> ComposeResult:
        """Compose what a dialog has below its fields."""
        yield from ()

    def show_step(self, step: int | None) -> None:
        """Say in the title at which step the training is held; None if it is not."""
        for dialog in self.query(".dialog"):
            dialog.border_title = self._title if step is None else f"{self._title} at step {step:,}"

    def action_go(self, direction: int) -> None:
        """Move to the next or the previous field."""
        (self.focus_next if direction > 0 else self.focus_previous)()

    @on(Input.Submitted)
    async def _do(self) -> None:
        for field in self.query(Input):
            typed = asyncio.Event()
            if field.call_later(typed.set):  # after the keys that are still on their way to it
                await typed.wait()
        if not self.is_current:  # a second enter
            return
        texts = {str(field.name): field.value.strip() for field in self.query(Input)}
        try:
            result = self._make(texts)
            objection = "" if self.accept is None else await self.accept(result)
        except GroktermError as error:
            objection = str(error)
        if not objection:
            self.dismiss(result)
            return
        problem = self.query_one("#problem", Static)
        problem.update(plain_text(objection))
        self.call_after_refresh(problem.scroll_visible, animate=False)
