"""What a sweep is to be: a preset or a sweep that is there, with what the command line changes of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grokterm.errors import ConfigError, PresetError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.hints import nearest
from grokterm.experiment.reading.overrides import Overridden, override, parse_assignment
from grokterm.experiment.reading.paths import user_path
from grokterm.experiment.reading.presets import find_preset, preset_names
from grokterm.experiment.reading.ranges import values_of
from grokterm.experiment.reading.toml import parse_value
from grokterm.experiment.sweep import VARIANT, Sweep
from grokterm.runs.command_line import near
from grokterm.runs.differences import flat, told
from grokterm.runs.finding import is_sweep, sweep_names
from grokterm.runs.starting_points import with_start
from grokterm.sweeps.measuring.measures import check_measure
from grokterm.sweeps.members import NOT_HASHED, experiment_at, points
from grokterm.sweeps.storage.finding import find_sweep
from grokterm.sweeps.storage.folder import SweepFolder

AS_IN = "--grid task.train_fraction=0.2:0.9:0.1 --seeds 8"


@dataclass(frozen=True)
class Changes:
    """What the command line says of a sweep; None and empty: as it is."""

    grid: Sequence[str] = ()
    zipped: Sequence[str] = ()
    assignments: Sequence[str] = ()
    seeds: int | None = None
    measure: str | None = None
    at: str | None = None
    over: str | None = None
    keep: str | None = None

    @property
    def table(self) -> dict[str, Any]:
        """What it changes of `[sweep]`, but for the axes."""
        given = {"seeds": self.seeds, "measure": self.measure, "at": self.at, "over": self.over, "keep": self.keep}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Definition:
    """A sweep, before its folder is written."""

    folder: Path
    """The runs folder."""

    name: str
    preset: str
    settings: dict[str, Any]
    """Of the experiment that is varied."""

    sweep: Sweep
    notes: tuple[str, ...] = ()

    @property
    def n_members(self) -> int:
        """How many it has, without those that a search adds; nothing is made to count them."""
        return self.sweep.n_points * self.sweep.seeds


def define(source: str, folder: Path, changes: Changes, name: str | None = None) -> Definition:
    """Read a preset, by name or path, or a sweep of the runs folder, and change it; a name that both have is the preset's.

    Raises:
        ConfigError: if there is none, or a change is refused; points are not looked at.
        RunNotFoundError: if the sweep cannot be read, or there is no run from whose weights it starts.
    """
    there = _sweep_there(source, folder)
    if name is not None and (not name or "/" in name or name.startswith((".", "-"))):
        raise ConfigError(f"the name of a sweep is that of a folder below {folder}, without a slash, not {name!r}")
    if there is None:
        preset = find_preset(source)
        overridden, table = _overridden(preset.settings, changes.assignments), _table(preset.sweep)
        known = name or (preset.name if table else f"{preset.name}-sweep")
        definition = Definition(folder, known, preset.name, {}, Sweep())
    elif name not in (None, there.name):
        raise ConfigError(f"{there.name} is a sweep, and keeps its name: give it none")
    else:
        overridden, table = _overridden(there.settings, changes.assignments), _table(there.sweep)
        definition = Definition(there.path.parent, there.name, there.preset, {}, Sweep())
    table = _with_axes(table, changes) | changes.table
    if changes.grid or changes.zipped or changes.measure or changes.at:
        table.pop("expect", None)  # it was about other points, or numbers
    sweep = Sweep.from_settings(table)
    _check(definition, overridden.experiment, sweep, changes.assignments)
    # The weights that members start from are a copy of the sweep's own: it travels, and stays when that run is trained on.
    experiment = with_start(overridden.experiment, definition.folder)
    if there is None:
        _refuse_folder_of_another(SweepFolder(folder / known), preset.name, experiment, sweep)
    return Definition(definition.folder, definition.name, definition.preset, experiment.settings(), sweep, overridden.notes)


def _sweep_there(source: str, folder: Path) -> SweepFolder | None:
    """Find the sweep that is meant; None if it is a preset."""
    if is_sweep(path := user_path(source)):
        return SweepFolder(path.resolve())
    presets = preset_names()
    if source in presets or "/" in source or source.endswith(".toml"):
        return None
    names = sweep_names(folder)
    if any(one.startswith(source) for one in names):
        return find_sweep(folder, source)
    hint = nearest(source, [*presets, *names]) or ": `grokterm presets` lists the presets"
    raise PresetError(f"no preset and no sweep is called {source!r}{hint}")


def _overridden(settings: Mapping[str, Any], assignments: Sequence[str]) -> Overridden:
    """Apply assignments to settings without `[expect]`, which is about one run."""
    varied = {name: value for name, value in settings.items() if name != "expect"}
    return override(varied, assignments) if assignments else Overridden(Experiment.from_settings(varied), ())


def _table(sweep: Sweep | None) -> dict[str, Any]:
    return {} if sweep is None else sweep.model_dump(exclude_defaults=True, exclude_none=True)


def _with_axes(table: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """Give axes the values of the command line, which add to those that there are or take their place."""
    grid, zipped = _axes("--grid", changes.grid), _axes("--zip", changes.zipped)
    return table | {
        "grid": {name: values for name, values in table.get("grid", {}).items() if name not in zipped} | grid,
        "zipped": {name: values for name, values in table.get("zipped", {}).items() if name not in grid} | zipped,
    }


def _axes(option: str, given: Iterable[str]) -> dict[str, list[Any]]:
    axes: dict[str, list[Any]] = {}
    for one in given:
        name, equals, text = (part.strip() for part in one.partition("="))
        if not equals or not name:
            raise ConfigError(f"{option} wants NAME=VALUES, as in task.train_fraction=0.2:0.9:0.1, not {one!r}")
        if name in axes:
            raise ConfigError(f"{option} {name} is given twice: list all of its values in one")
        try:
            axes[name] = values_of(text)
        except ValueError as error:
            raise ConfigError(f"axis {name}: {error}") from None
    return axes


def options_of(given: Iterable[str]) -> dict[str, Any]:
    """Read what a queue is told, `timeout_min=120`.

    Raises:
        ConfigError: if one has another form.
    """
    found = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--option wants NAME=VALUE, as in timeout_min=120, not {one!r}")
        found[name.strip()] = parse_value(text)
    return found


def _check(definition: Definition, experiment: Experiment, sweep: Sweep, assignments: Sequence[str]) -> None:
    """Refuse what no point can mend."""
    check_measure(sweep)
    for name in (".".join(parse_assignment(assignment)[0]) for assignment in assignments):
        if name in sweep.axes:
            raise ConfigError(f"{name} is an axis of the sweep, so one value of it has no effect: give the axis its values")
    for name in {*NOT_HASHED, "training.threads"}.intersection(sweep.axes):
        raise ConfigError(f"{name} is no axis: members that differ in nothing else are the same run")
    if experiment.training.members > 1 or "training.members" in sweep.axes:
        raise ConfigError("a member of a sweep is one network: leave out training.members, and give the sweep more seeds")
    if sweep.search is None and sweep.n_points * sweep.seeds == 1:
        experiment_at(next(points(sweep)), experiment.settings(), sweep)  # an axis that does not exist is the better reason
        there = is_sweep(definition.folder / definition.name)
        hint = f"; `grokterm sweep {definition.name}` goes on with the one that is there" if there else ""
        raise ConfigError(f"nothing is varied: give axes or seeds, as in {AS_IN}{hint}")


def _refuse_folder_of_another(found: SweepFolder, preset: str, experiment: Experiment, sweep: Sweep) -> None:
    """Refuse a folder with results of the same preset that is varied otherwise: none of them would be shown any more."""
    if not is_sweep(found.path) or found.preset != preset or not found.has_results:
        return
    before, after = _swept(found.sweep), _swept(sweep)
    other = f"is swept over {_listed(before)}, not over {_listed(after)}" if set(before) != set(after) else ""
    if not other:
        was, now = (dict(flat(one.settings())) for one in (_overridden(found.settings, ()).experiment, experiment))
        different = [name for name in told(now, was) if name not in (*sweep.axes, "training.threads")]
        other = "".join(f"has {name} {was.get(name)}, not {now[name]}" for name in different[:1])
    if other:
        go_on = f"`grokterm sweep {found.name}` goes on with that one"
        raise ConfigError(f"{near(found.path)} {other}: choose another name; {go_on}")


def _swept(sweep: Sweep) -> list[str]:
    """Name what is varied, but for the seed."""
    return [*([VARIANT] if sweep.variants else []), *sweep.axes, *([sweep.search.along] if sweep.search else [])]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) or "seeds alone"
