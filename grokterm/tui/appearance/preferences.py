"""What a user has set, and what the lab remembers, in one file of the user's configuration folder."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, field_validator
from textual.theme import BUILTIN_THEMES

from grokterm.analysis.ordering import Order
from grokterm.errors import ConfigError, GroktermError, StorageError
from grokterm.experiment.reading.hints import nearest
from grokterm.experiment.reading.overrides import parse_assignment
from grokterm.experiment.reading.toml import parse_toml
from grokterm.experiment.settings import KeyOf, Settings
from grokterm.plots.axis import Scale
from grokterm.runs.storage.durable import make_folder, write_durably
from grokterm.tui.appearance.remembered import RUNS_DIR
from grokterm.tui.appearance.theme import DARK, LIGHT
from grokterm.tui.link import LinkChoice


class Preferences(Settings):
    """Everything of grokterm that is a matter of taste; the lab writes down what is chosen in it."""

    theme: Annotated[str, KeyOf((DARK.name, LIGHT.name, *BUILTIN_THEMES))] = DARK.name
    """Colors of the screen, as ctrl+p, "Theme" lists them."""

    bell: bool = True
    """Whether the terminal's bell rings when a run memorizes, groks, ungrokks, diverges or ends."""

    hangup: Literal["continue", "save"] = "continue"
    """What becomes of a training when its terminal is gone: continue (in the background) or save (and end)."""

    runs_dir: str = Field(RUNS_DIR, min_length=1)
    """Where runs are kept, unless --runs-dir or the environment variable GROKTERM_RUNS_DIR says otherwise."""

    link: LinkChoice = "auto"
    """How much is drawn: full, calm or slow (numbers instead of pictures); auto: as quickly as the terminal answers."""

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

    keys: dict[str, str] = Field(default_factory=dict)
    """Keys of the lab, by action."""

    @field_validator("view")
    @classmethod
    def _is_pane(cls, view: str) -> str:
        from grokterm.tui.panes import panes  # loads every view

        if view != "curves" and view not in panes():
            raise ValueError(f"must be one of {', '.join(panes())}, not {view!r}{nearest(view, panes())}")
        return view


class Checked(NamedTuple):
    """The entries of a file that are valid, and what is wrong with the others, by name."""

    values: Preferences
    problems: dict[str, str]


def check(entries: Mapping[str, Any]) -> Checked:
    """Check each entry for itself: a wrong one is told of, and has its default."""
    from grokterm.tui.keyboard import keys  # loads every view
    from grokterm.tui.keymap import check_keys

    given, problems = dict(entries), dict[str, str]()
    if isinstance(entries.get("keys"), Mapping):
        given["keys"], wrong = check_keys(entries["keys"], (binding for key in keys() for binding in key.bindings))
        problems |= {f"keys.{action}": f"keys.{action}: {problem}" for action, problem in wrong.items()}
    for name, value in given.items():
        try:
            Preferences.from_settings({name: value})
        except ConfigError as error:
            problems[name] = str(error)
    return Checked(Preferences.from_settings({name: given[name] for name in given.keys() - problems.keys()}), problems)


def read_preferences(path: Path) -> Checked:
    """Read a file; without one, nothing is set yet.

    Raises:
        ConfigError: if the file is not TOML.
        StorageError: if it cannot be read.
    """
    return check(_entries(_read(path), path))


def change_preferences(path: Path, changes: Mapping[str, Any]) -> Preferences:
    """Change some entries of a file, atomically; leave the others as another lab, or the user, has written them.

    Raises:
        ConfigError: if a value is invalid, or the file is damaged, which is then left as it is.
        StorageError: if it cannot be read or written.
    """
    import tomlkit  # keeps the comments and the order of a file that was written by hand

    text = _read(path)
    before, document = _entries(text, path), tomlkit.parse(text)
    for name, value in changes.items():
        if isinstance(value, Mapping) and isinstance(table := document.setdefault(name, tomlkit.table()), MutableMapping):
            table.update(value)
        elif name in document or value != getattr(Preferences(), name, None):
            document[name] = value
    changed = check(document.unwrap())
    if new := changed.problems.keys() - check(before).problems.keys() or changed.problems.keys() & _names(changes):
        raise ConfigError(changed.problems[min(new)])
    if (written := tomlkit.dumps(document)) != text:
        _write(path, written)
    return changed.values


def parse_changes(assignments: Sequence[str]) -> dict[str, Any]:
    """Parse `name=value` and `keys.action=key` assignments.

    Raises:
        ConfigError: if an assignment has another form.
    """
    changes: dict[str, Any] = {}
    for path, value in (parse_assignment(one, "theme=dracula") for one in assignments):
        if len(path) == 2 and path[0] == "keys":
            changes["keys"] = {**changes.get("keys", {}), path[1]: str(value)}  # also a digit
        else:
            changes[".".join(path)] = value
    return changes


def _names(changes: Mapping[str, Any]) -> set[str]:
    return {
        f"{name}.{key}" if key else name
        for name, value in changes.items()
        for key in (value if isinstance(value, Mapping) else [""])
    }


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} must be corrected or deleted: it is not text in UTF-8") from None


def _entries(text: str, path: Path) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ConfigError as error:
        raise ConfigError(f"{path} must be corrected or deleted: {error}") from None


def _write(path: Path, text: str) -> None:
    target = path.resolve()  # a link stays a link
    try:
        make_folder(target.parent)
        write_durably(target, text.encode())
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


class RememberedPreferences:
    """The preferences of a lab, which writes them down as they change."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Read the file. `say` is told of later problems, once each; those of reading are in `problem`, a line."""
        self.values = Preferences()
        self.problem = ""
        self._path = path
        self._say = say
        self._told = set[str]()
        try:
            self.values, problems = read_preferences(path)
            self.problem = next((f"{path}: {problem} (ignored)" for problem in problems.values()), "")
            if len(problems) > 1:
                self.problem = f"{len(problems)} entries of {path} are ignored: `grokterm settings` lists them"
        except GroktermError as error:
            self._told.add(str(error))
            self.problem = f"{error}. Defaults are used, and nothing is remembered, until then."

    @property
    def hangup_now(self) -> Literal["continue", "save"]:
        """What the file says now of `hangup`: it may have been changed since it was read, for this moment."""
        try:
            return read_preferences(self._path).values.hangup
        except GroktermError:
            return self.values.hangup

    def change(self, **changes: Any) -> None:  # noqa: ANN401 - any field
        """Remember values, and write them to the file; a damaged file is left as it is."""
        changed = Preferences.from_settings({**self.values.model_dump(), **changes})
        if changed == self.values:
            return
        self.values = changed
        try:
            change_preferences(self._path, changes)
        except GroktermError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                self._say(str(error))
