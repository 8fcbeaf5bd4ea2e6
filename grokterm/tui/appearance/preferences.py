"""What grokterm remembers of a user from one start to the next, in a file of the user's configuration folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field
from textual.theme import BUILTIN_THEMES

from grokterm.analysis.ordering import Order
from grokterm.errors import ConfigError, GroktermError, StorageError
from grokterm.experiment.overrides import parse_assignment
from grokterm.experiment.settings import KeyOf, Settings
from grokterm.experiment.toml import format_toml, parse_toml
from grokterm.plots.axis import Scale
from grokterm.tui.appearance.remembered import FILE
from grokterm.tui.appearance.theme import DARK, LIGHT


class Preferences(Settings):
    """Theme and chosen views; the lab writes them down as they are chosen."""

    theme: Annotated[str, KeyOf((DARK.name, LIGHT.name, *BUILTIN_THEMES))] = DARK.name
    """Colors of the screen, as ctrl+p, "Theme" lists them."""

    view: str = "curves"
    """Pane that the lab opens with: curves, facts, or a view of the network."""

    x_scale: Scale = "log"
    """Axis of steps: log or linear."""

    order: Order = "frequency"
    """Order of the neurons: raw (as stored), frequency or deviation."""

    third_chart: str = ""
    """Third chart below accuracy and loss; empty: chosen by what the run has."""

    overlays: tuple[str, ...] = Field((), strict=False)
    """Paths of the runs that are overlaid on the curves."""

    bell: bool = True
    """Whether the terminal's bell rings when a run memorizes, groks, ungrokks, diverges or ends."""


def read_preferences(path: Path) -> Preferences:
    """Read a file; without one, nothing is remembered yet.

    Raises:
        ConfigError: if the file is not TOML, or breaks a rule.
        StorageError: if it cannot be read.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Preferences()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} must be corrected or deleted: it is not text in UTF-8") from None
    try:
        return Preferences.from_settings(parse_toml(text))
    except ConfigError as error:
        raise ConfigError(f"{path} must be corrected or deleted: {error}") from None


def write_preferences(path: Path, preferences: Preferences) -> None:
    """Write what differs from the defaults, atomically: of two that write at once, the last one wins.

    Raises:
        StorageError: if it cannot be written.
    """
    target = path.resolve()  # a link stays a link
    text = format_toml(preferences.model_dump(exclude_defaults=True))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=f".{FILE}.") as folder:
            (draft := Path(folder) / FILE).write_text(text, encoding="utf-8")
            draft.replace(target)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


def change_preferences(path: Path, changes: dict[str, Any]) -> Preferences:
    """Change some values of a file and leave the others, which another lab may have written.

    Raises:
        ConfigError: if a value is invalid, or the file is damaged, which is then left as it is.
        StorageError: if it cannot be read or written.
    """
    preferences = Preferences.from_settings({**read_preferences(path).model_dump(), **changes})
    write_preferences(path, preferences)
    return preferences


def parse_changes(assignments: Sequence[str]) -> dict[str, Any]:
    """Parse `name=value` assignments.

    Raises:
        ConfigError: if an assignment has another form, or names a pane that the lab does not have.
    """
    from grokterm.tui.panes import panes  # loads every view

    changes = {".".join(path): value for path, value in map(parse_assignment, assignments)}
    if (view := changes.get("view", "curves")) not in panes():
        raise ConfigError(f"view must be one of {', '.join(panes())}, not {view!r}")
    return changes


class RememberedPreferences:
    """The preferences of a lab, which writes them down as they change."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Read the file. `say` is told of later problems, once each; that of reading is in `problem`."""
        self.values = Preferences()
        self.problem = ""
        self._path = path
        self._say = say
        try:
            self.values = read_preferences(path)
        except GroktermError as error:
            self.problem = str(error)

    def change(self, **changes: Any) -> None:  # noqa: ANN401 - any field
        """Remember values, and write them to the file; a damaged file is left as it is."""
        changed = Preferences.from_settings({**self.values.model_dump(), **changes})
        if changed == self.values:
            return
        self.values = changed
        try:
            change_preferences(self._path, changes)
        except GroktermError as error:
            if str(error) != self.problem:
                self.problem = str(error)
                self._say(self.problem)
