"""A sweep: many runs of one experiment, and the table of what came of them."""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from grokterm.api.asked import Overrides, Place, assignments_of, folder_of, plain, shown, text_of, written
from grokterm.api.frames import Kind, frame
from grokterm.api.loops import closed_at_exit
from grokterm.api.saved_run import SavedRun
from grokterm.errors import ConfigError, RunNotFoundError
from grokterm.runs.export.columns import Column
from grokterm.sweeps.definition import Changes, Definition, define
from grokterm.sweeps.engines.table import EngineOf, Workplace, check_engine, make_engine
from grokterm.sweeps.plans import kept, plan_so_far
from grokterm.sweeps.storage.finding import find_sweep
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.tables import GrowingTable, columns_of, write_table

if TYPE_CHECKING:
    from grokterm.sweeps.scheduler import Progress

Axes: TypeAlias = Mapping[str, Any]
"""Values by the name of a setting: `{"task.train_fraction": [0.3, 0.5]}`, or a text as for `--grid`: `"0.3:0.9:0.1"`."""


def sweep(  # noqa: PLR0913 - what varies, and where
    preset: str | os.PathLike[str],
    grid: Axes | None = None,
    *,
    seeds: int | None = None,
    overrides: Overrides = (),
    name: str | None = None,
    engine: str = "local",
    workers: int | None = None,
    runs_dir: Place = None,
) -> "Sweep":
    """Vary a preset over a grid of settings and seeds; the members train side by side while the sweep is iterated.

    A preset with a table `[sweep]` brings its own grid. The name of a sweep that is there goes on with it: what has ended is
    never trained again. `name` is that of its folder, else that of the preset with `-sweep`. `engine` and `workers` are as for
    `grokterm sweep`, `overrides` and `runs_dir` as for `train`.

    Raises:
        GroktermError: if there is no such preset, a value is refused, or the folder cannot be written.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise ConfigError(f"workers must be a whole number, at least 1, not {shown(workers)}")
    place = Workplace(workers)
    check_engine(text_of("engine", engine), place)
    if not isinstance(grid or {}, Mapping):
        raise ConfigError(f'grid must be a dict, as in {{"task.train_fraction": [0.3, 0.5]}}, not {shown(grid)}')
    axes = [f"{axis}={_values(axis, values)}" for axis, values in (grid or {}).items()]
    changes = Changes(grid=axes, assignments=assignments_of(overrides), seeds=plain(seeds))
    asked = define(text_of("preset", preset), folder_of(runs_dir), changes, None if name is None else text_of("name", name))
    _, there = kept(asked, retries=False)
    return Sweep(there, asked, partial(make_engine, engine, place=place))


def open_sweep(name: str | os.PathLike[str], runs_dir: Place = None) -> "SavedSweep":
    """Open a sweep: by name, the beginning of one, or by path.

    Raises:
        GroktermError: if there is no such sweep.
    """
    return SavedSweep(find_sweep(folder_of(runs_dir), text_of("a sweep", name)))


class SavedSweep:
    """A sweep on disk, read anew at every call."""

    def __init__(self, there: SweepFolder) -> None:
        self._sweep = there

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self._sweep.name

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._sweep.path

    def table(self, as_: Kind | None = None) -> Any:  # noqa: ANN401 - a frame of a library that may be missing
        """Return a row for each member that has ended: axes by their settings' names, `seed`, `key`, `grokked_at`, losses, ...

        Frames are those of `SavedRun.curves`. A number that a member does not have is NaN.
        """
        results = self._sweep.results()
        members = plan_so_far(SweepFolder(self.path), results).members
        return frame({name: _array(column) for name, column in columns_of(members, results).items()}, as_)

    def run(self, key: str) -> SavedRun:
        """Open the run of a member, by its `key` in the table.

        Raises:
            GroktermError: if it left only its result, or there is none.
        """
        if (found := self._sweep.run_of(str(key))) is None:
            raise RunNotFoundError(f"sweep {self.name} has no run of a member {key!r}: its table has the keys")
        return SavedRun(found)


class Sweep(SavedSweep):
    """A sweep that is worked on while it is iterated, and yields several times a second how far it is.

    Each has `n_done`, `n_failed` and `members`. Leaving the loop saves and ends what is trained; iterated again it goes on.
    """

    def __init__(self, there: SweepFolder, asked: Definition, engine_of: EngineOf) -> None:
        super().__init__(there)
        self.notes = asked.notes
        """What the command line would say before it."""
        self._asked, self._engine_of = asked, engine_of

    def __iter__(self) -> "Iterator[Progress]":
        """Work on, until every member has a result unless the loop is left."""
        return closed_at_exit(self._work())

    def _work(self) -> "Generator[Progress, None, None]":
        from grokterm.sweeps.scheduler import Scheduler

        plan, there = kept(self._asked, retries=False)
        scheduler, table = Scheduler(there, plan, self._engine_of(there)), GrowingTable(there)
        running = scheduler.run()
        try:
            for progress in running:
                table.update(plan.members, progress.results)
                yield progress
        finally:
            scheduler.stop()
            for _ in running:  # which saves what is trained
                pass
            write_table(there, plan.members, there.results())

    def finish(self) -> Self:
        """Work to the end; return the sweep itself."""
        for _ in self:
            pass
        return self


def _values(axis: str, values: Any) -> str:  # noqa: ANN401 - any value
    if isinstance(values, str):
        return values
    if not isinstance(values, Iterable):
        raise ConfigError(f"{axis} needs a list of values, or a text as for --grid, not {shown(values)}")
    return ", ".join(written(axis, value) for value in values)


def _array(column: Column) -> np.ndarray:
    """Make a column of numbers, NaN for those that are missing; of texts as they are."""
    if column.kind in ("bool", "text"):
        return np.array(column.values, object)
    if column.kind == "int" and None not in column.values:
        return np.array(column.values, np.int64)
    return np.array([np.nan if value is None else value for value in column.values], np.float64)
