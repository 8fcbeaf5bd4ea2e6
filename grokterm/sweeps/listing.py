"""A sweep in the list of runs: one row, whatever many members it has."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokterm.errors import GroktermError, StorageError
from grokterm.runs.finding import is_sweep
from grokterm.runs.listing.annotations import FILE, read_annotations
from grokterm.runs.listing.facts import Facts
from grokterm.runs.listing.index import stamp_of
from grokterm.runs.store import SWEEP, Run, made_at

if TYPE_CHECKING:
    from grokterm.experiment.recording.owner import Owner
    from grokterm.experiment.sweep import Sweep, Value
    from grokterm.runs.listing.row import State
    from grokterm.sweeps.storage.folder import SweepFolder

READ_FROM = (SWEEP, "meta.json", "results", FILE)  # a folder changes when something is put into it

MOST_POINTS = 200  # up to which the members of a grid are made, as two of them may be the same run


class ListedSweeps:
    """Reads the sweeps of a folder for the list of its runs."""

    def stamp(self, path: str) -> str | None:
        """Return what changes whenever a row may; None if this is no sweep."""
        return stamp_of(path, READ_FROM)

    def read(self, path: Path) -> Facts:
        """Read what a row shows."""
        from grokterm.sweeps.storage.folder import SweepFolder

        sweep = SweepFolder(path)
        told = asdict(read_annotations(path)) | {"kind": "sweep", "preset": sweep.preset}
        try:
            facts = Facts(told | _read(sweep))
        except GroktermError as error:
            facts = Facts(told | {"problem": sweep.lacks or str(error)})
        return replace(facts, created=made_at(Run(path)), plugins=Run(path).meta.get("plugins"))

    def state(self, path: Path) -> "tuple[State, Owner | None]":
        """Tell whether processes work on a sweep that has not ended, and name one of them."""
        from grokterm.sweeps.storage.folder import SweepFolder
        from grokterm.sweeps.storage.lease import claims

        found = claims(SweepFolder(path).leases_folder)
        return ("training", next(iter(found.values()))) if found else ("interrupted", None)


def refuse_if_trained(path: Path) -> None:
    """Refuse to go on with a run that a process holds, or a sweep that one works on.

    Raises:
        StorageError: which names the process.
    """
    if not is_sweep(path):
        from grokterm.runs.listing import trash  # and what validates records, for which a list need not wait

        trash.refuse_if_trained(path)
        return
    state, owner = ListedSweeps().state(path)
    if state == "training" and owner is not None:
        raise StorageError(f"process {owner.pid} on {owner.host} works on sweep {path.name}: end it first")


def _read(sweep: "SweepFolder") -> dict[str, Any]:
    from grokterm.experiment.experiment import Experiment
    from grokterm.experiment.reading.outline import Outline
    from grokterm.sweeps.plans import plan_so_far

    settings = sweep.written if sweep.lacks else Experiment.from_settings(sweep.settings).settings()
    outline, how, results = Outline.from_settings(settings), sweep.sweep, sweep.results()
    n_members = how.n_points * how.seeds
    if how.search is not None or (how.n_points <= MOST_POINTS and not sweep.lacks):
        keys = {member.key for member in plan_so_far(sweep, results).members}
        n_members, results = len(keys), {key: result for key, result in results.items() if key in keys}
    return {
        **{name: getattr(outline, name) for name in ("title", "operation", "architecture", "optimizer")},
        "told": _told(how),
        "members": n_members,
        "n_ended": len(results),
        "n_failed": sum(result.outcome == "failed" for result in results.values()),
        "ended": "complete" if len(results) >= n_members else None,
    }


def _told(sweep: "Sweep") -> str:
    """Say what is varied: `train_fraction=0.2..0.9, seeds=8, measure=grokked_at`."""
    from grokterm.sweeps.measuring.measures import measure_name

    axes = {name.rpartition(".")[2]: _range(values) for name, values in sweep.axes.items()}
    if sweep.search is not None:
        axes[sweep.search.along.rpartition(".")[2]] = _range(sweep.search.between)
    variants = {"variants": str(len(sweep.variants))} if sweep.variants else {}
    told = {**variants, **axes, "seeds": str(sweep.seeds), "measure": measure_name(sweep)}
    return ", ".join(f"{name}={value}" for name, value in told.items())


def _range(values: "tuple[Value, ...]") -> str:
    from grokterm.experiment.sweep import written

    first, last = written(values[0]), written(values[-1])
    return first if len(values) == 1 else f"{first}..{last}"
