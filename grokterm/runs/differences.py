"""In which settings saved runs differ from their presets."""

from collections.abc import Iterable, Iterator, Mapping

from grokterm.errors import GroktermError
from grokterm.experiment.presets import find_preset
from grokterm.runs.store import Run

_UNCOUNTED = {"title", "source", "device", "expect"}  # settings that make no difference


def flat(settings: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """List settings by their dotted names, without those that make no difference."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}.") if above + name not in _UNCOUNTED else ()
        elif above + name not in _UNCOUNTED:
            yield above + name, value


def differences(runs: Iterable[Run]) -> Iterator[dict[str, object]]:
    """Say of each run what differs from its preset; where that is not at hand, from the first run here that names it.

    Raises:
        RunNotFoundError: if the settings of a run cannot be read.
    """
    usual: dict[str, dict[str, object]] = {}
    for run in runs:
        preset, own = str(run.meta.get("preset", "")), dict(flat(run.experiment.settings()))
        if preset not in usual:
            usual[preset] = _settings_of(preset) or own
        yield {name: value for name, value in own.items() if name not in usual[preset] or usual[preset][name] != value}


def _settings_of(preset: str) -> dict[str, object]:
    try:
        return dict(flat(find_preset(preset).experiment.settings()))
    except GroktermError:
        return {}


def in_short(differing: Mapping[str, object]) -> str:
    """Write settings with the last parts of their names: `weight_decay=2, seed=3`."""
    return ", ".join(f"{name.rpartition('.')[2]}={_short(value)}" for name, value in differing.items())


def _short(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[...]" if value else "[]"
    return f"{value:g}" if isinstance(value, float) else str(value)
