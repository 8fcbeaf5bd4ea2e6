"""Presets, experiments with a name: from a given file, `./presets`, the user's folder, or the installed package.

Only names and sources are needed to list them, so what validates an experiment is imported with the first one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_data_path

from grokterm.errors import ConfigError, PresetError
from grokterm.experiment.reading.hints import nearest
from grokterm.experiment.reading.paths import user_path
from grokterm.experiment.reading.toml import parse_toml

if TYPE_CHECKING:
    from grokterm.experiment.experiment import Experiment
    from grokterm.experiment.reading.overrides import Overridden
    from grokterm.experiment.sweep import Sweep

OURS = "ours"  # the source of presets that reproduce no published figure


@dataclass(frozen=True)
class Preset:
    """A named experiment, as text."""

    name: str
    path: Path
    text: str
    problem: str = ""
    """Why the file could not be read; empty if it could."""

    followed: str = ""
    """The preset that a run follows, whose settings these are; empty for a preset itself."""

    @property
    def settings(self) -> dict[str, Any]:
        """The tables of the experiment, not yet validated; paths in it are relative to its folder.

        Raises:
            PresetError: if the file cannot be read, or is not TOML.
        """
        return {name: value for name, value in self._tables.items() if name != "sweep"}

    @property
    def sweep(self) -> "Sweep | None":
        """How the experiment is varied; None if the file does not say.

        Raises:
            PresetError: if it cannot be read, or is invalid.
        """
        from grokterm.experiment.sweep import Sweep

        if (table := self._tables.get("sweep")) is None:
            return None
        try:
            return Sweep.from_settings(table)
        except ConfigError as error:
            raise PresetError(f"preset {self.name}, sweep: {error}") from None

    @property
    def written_sweep(self) -> dict[str, Any] | None:
        """The table `[sweep]` as it is written, not yet validated; None if there is none.

        Raises:
            ConfigError: if the text is not TOML.
        """
        return parse_toml(self.text).get("sweep") if "sweep" in self.text else None

    @property
    def is_shipped(self) -> bool:
        """Whether it came with grokterm, whose tests have validated it."""
        return self.path.parent.resolve() == _shipped()

    @property
    def _tables(self) -> dict[str, Any]:
        from grokterm.experiment.reading.files import located

        if self.problem:
            raise PresetError(self.problem)
        try:
            return located(parse_toml(self.text), self.path.parent)
        except ConfigError as error:
            raise PresetError(f"preset {self.name}: {error}") from None

    @property
    def source(self) -> str:
        """Paper and figure, or "ours"; empty if missing or unreadable."""
        return self._written("source")

    @property
    def title(self) -> str:
        """What it shows, in a sentence; empty if missing or unreadable."""
        return self._written("title")

    def _written(self, name: str) -> str:
        """Find a text at the top of the file, which is parsed as a whole only where it has to be."""
        if written := re.search(rf'^{name} *= *"([^"\\]*)" *$', self.text.partition("\n[")[0], re.MULTILINE):
            return written[1]
        try:
            return str(parse_toml(self.text).get(name, ""))
        except ConfigError:
            return ""

    @cached_property
    def experiment(self) -> "Experiment":
        """The validated experiment.

        Raises:
            PresetError: if the file is not TOML, or a setting is invalid.
        """
        from grokterm.experiment.experiment import Experiment

        settings = self.settings
        try:
            return Experiment.from_settings(settings)
        except ConfigError as error:
            raise PresetError(f"preset {self.name}: {error}") from None

    def overridden(self, assignments: Sequence[str]) -> "Overridden":
        """Apply `a.b=value` assignments to the experiment.

        Raises:
            ConfigError: as `override` does; without assignments, a PresetError if the preset breaks a rule.
        """
        from grokterm.experiment.reading.overrides import Overridden, override

        return override(self.settings, assignments) if assignments else Overridden(self.experiment, ())


def find_preset(name: str) -> Preset:
    """Find a preset by path (it ends in .toml or contains a slash) or by name.

    Raises:
        PresetError: if there is none, or it cannot be read.
    """
    if name.endswith(".toml") or "/" in name:
        found = _read(user_path(name))
    else:
        known = _paths()
        if name not in known:
            hint = nearest(name, known) or ": `grokterm presets` lists them"
            raise PresetError(f"no preset is called {name!r}{hint}")
        found = _read(known[name])
    if found.problem:
        raise PresetError(found.problem)
    return found


def preset_names() -> list[str]:
    """List the names of the presets, whether they can be read or not."""
    return sorted(_paths())


def list_presets() -> list[Preset]:
    """List presets by name; of equal names the one in the earlier folder."""
    return [_read(path) for _, path in sorted(_paths().items())]


def group_presets() -> dict[str, list[Preset]]:
    """List presets by source, ours last."""
    groups: dict[str, list[Preset]] = {}
    for preset in list_presets():
        groups.setdefault(split_source(preset.source)[0], []).append(preset)
    return {name: groups[name] for name in sorted(groups, key=lambda name: (name == "", name == OURS, name))}


def split_source(source: str) -> tuple[str, str]:
    """Split "Gromov 2023, arXiv:2301.02679, Fig. 1" into the source and the figure."""
    if re.match(rf"{OURS}\b", source):
        return OURS, source.removeprefix(OURS).lstrip(" ,:;")
    group, _, figure = source.partition(",")
    return group.strip(), figure.strip()


def _paths() -> dict[str, Path]:
    """Return the file of each preset by name; earlier folders take precedence."""
    return {path.stem: path for folder in reversed(_folders()) for path in folder.glob("*.toml")}


def _folders() -> list[Path]:
    return [Path("presets"), user_data_path("grokterm") / "presets", _shipped()]


@cache
def _shipped() -> Path:
    installed = Path(str(files("grokterm") / "presets"))
    checkout = Path(__file__).parents[3] / "presets"  # an editable install has no presets inside the package
    return (installed if installed.is_dir() else checkout).resolve()


def _read(path: Path) -> Preset:
    try:
        return Preset(path.stem, path, path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        problem = "is not a text in UTF-8"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    return Preset(path.stem, path, "", f"preset {path} {problem}")
