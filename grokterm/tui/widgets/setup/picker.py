"""The presets by source, below a filter."""

from collections.abc import Iterator
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from grokterm.experiment.reading.presets import Preset, group_presets
from grokterm.plots.sanitize import plain_text

FIRST_PRESET = "quick"


class PresetPicker(Vertical):
    """Lists the presets that have the words of the filter; those that were changed have a star."""

    @dataclass
    class Highlighted(Message):
        """The highlight has moved to a preset."""

        name: str

    @dataclass
    class Selected(Message):
        """A preset was chosen."""

        name: str

    def __init__(self, preset: Preset) -> None:
        super().__init__(id="choosing")
        self.border_title, self.border_subtitle = "presets", "enter starts"
        self._groups = _groups(preset)
        self.presets = {known.name: known for group in self._groups.values() for known in group}
        self._name_shown = preset.name
        self._changed: set[str] = set()
        self._filter = Input(placeholder="/ to filter", id="filter", compact=True)
        self._list = OptionList(*self._options(), id="presets", markup=False)

    def compose(self) -> ComposeResult:
        """Compose the filter above the list."""
        yield self._filter
        yield self._list

    def on_mount(self) -> None:
        """Highlight the preset of the command line."""
        self._highlight()

    @property
    def is_filtering(self) -> bool:
        """Whether the filter has the focus."""
        return self._filter.has_focus

    @property
    def list_has_focus(self) -> bool:
        """Whether the list has the focus."""
        return self._list.has_focus

    def to_filter(self) -> None:
        """Let the user type what is looked for."""
        self._filter.focus()

    def to_list(self) -> None:
        """Let the user choose among what is listed."""
        self._list.focus()

    def clear_filter(self) -> None:
        """List all presets."""
        self._filter.clear()

    def move(self, direction: int) -> None:
        """Move the highlight by one, from outside the list."""
        (self._list.action_cursor_down if direction > 0 else self._list.action_cursor_up)()

    def mark(self, name: str, *, is_changed: bool) -> None:
        """Say whether a preset was changed."""
        (self._changed.add if is_changed else self._changed.discard)(name)
        if any(option.id == name for option in self._list.options):
            self._list.replace_option_prompt(name, self._label(name))

    def _options(self) -> Iterator[Option]:
        words = self._filter.value.lower().split()
        for source, presets in self._groups.items():
            left = [one for one in presets if all(word in f"{one.name} {one.source} {one.title}".lower() for word in words)]
            if left:
                yield Option(plain_text(source or "other"), disabled=True)
            yield from (Option(self._label(preset.name), id=preset.name) for preset in left)

    def _label(self, name: str) -> str:
        return f" {plain_text(name)}{'*' if name in self._changed else ''}"

    def _highlight(self) -> None:
        """Highlight the preset that was highlighted last, or the first one if the filter leaves it out."""
        listed = [option.id for option in self._list.options if option.id]
        if listed:
            name = self._name_shown if self._name_shown in listed else listed[0]
            self._list.highlighted = self._list.get_option_index(name)

    @on(Input.Changed)
    def _list_anew(self, event: Input.Changed) -> None:
        event.stop()
        self._list.clear_options()
        self._list.add_options(list(self._options()) or [Option("no preset has these words", disabled=True)])
        self._highlight()

    @on(Input.Submitted)
    def _leave_filter(self, event: Input.Submitted) -> None:
        event.stop()
        self.to_list()

    @on(OptionList.OptionHighlighted)
    def _move(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_index == self._list.highlighted:  # the highlight has not moved on meanwhile
            self._name_shown = str(event.option_id)
            self.post_message(self.Highlighted(self._name_shown))

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Selected(str(event.option_id)))


def _groups(preset: Preset) -> dict[str, list[Preset]]:
    """Group the presets by source: one to begin with before all others, and last one from a path."""
    groups = {
        source: [preset if one.name == preset.name else one for one in group] for source, group in group_presets().items()
    }
    first = [one for group in groups.values() for one in group if one.name == FIRST_PRESET]
    rest = {source: [one for one in group if one not in first] for source, group in groups.items()}
    known = {one.name for group in groups.values() for one in group}
    given = {"given": [preset]} if preset.name not in known else {}
    return {"to begin with": first} | rest | given
