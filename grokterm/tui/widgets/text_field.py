"""A text among other fields."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class TextField(Input):
    """A text whose keys to other fields work at once, so that what arrives together with them is typed where it belongs.

    An Input leaves such a key to its screen, while the characters after it are on their way to the Input already. A binding
    with priority moves the focus before the next key is sent to what has it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next field", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "Previous field", show=False, priority=True),
        Binding("up", "screen.go(-1)", "Previous field", show=False, priority=True),
        Binding("down", "screen.go(1)", "Next field", show=False, priority=True),
    ]

    def on_mount(self) -> None:
        """Remember what an Input subscribes to, which then keeps it: a screen would keep all fields that it has ever had."""
        self._kept_by = self.screen.text_selection_started_signal

    def on_unmount(self) -> None:
        """Be no longer kept."""
        self._kept_by.unsubscribe(self)


class SettingField(TextField):
    """A text of the form: enter goes on to the next field too."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.go(1)", "Next field", show=False, priority=True)]
