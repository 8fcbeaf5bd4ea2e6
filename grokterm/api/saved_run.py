"""A run on disk, as an object."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from grokterm.api.asked import Overrides, Place, assignments_of, folder_of, text_of
from grokterm.api.dataset import Dataset, laid_out
from grokterm.api.frames import Kind, frame
from grokterm.errors import ConfigError
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.packing import unpacked, until
from grokterm.plots.sanitize import plain_text
from grokterm.plugins.registry import changed
from grokterm.runs.branching import find_step
from grokterm.runs.export.measured import with_parts
from grokterm.runs.finding import find_run
from grokterm.runs.journal import iterate_journal, read_journal
from grokterm.runs.results.sides import dataset_after
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import Run
from grokterm.runs.thinning import checkpoint_sizes
from grokterm.session.curves import Curves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from grokterm.api.analysis import Analysis
    from grokterm.api.training import Training
    from grokterm.experiment.experiment import Experiment
    from grokterm.experiment.recording.records import Record
    from grokterm.runs.results.summary import Summary
    from grokterm.training.trainer import Trainer

Step: TypeAlias = int | str | None
"""A step that a run has come to: a number, `"memorized"` or another milestone, `"last"`; None: its newest checkpoint."""

Member: TypeAlias = int | str
"""A network of a run: the number of a member of an ensemble, or what a network is to a mixture."""


def open_run(name: str | Path, runs_dir: Place = None) -> "SavedRun":
    """Open a saved run: by name, the beginning of one, `"-"` for the newest, or by path.

    `runs_dir` is the folder of runs: by default that of GROKTERM_RUNS_DIR, of your settings, or ./runs.

    Raises:
        GroktermError: if there is no such run, with the nearest name.
    """
    return SavedRun(find_run(folder_of(runs_dir), text_of("a run", name)))


class SavedRun:
    """A run on disk. It is read anew by every property and method, so that one that still trains can be watched.

    A `step` is a number, a milestone that the run has reached ("memorized", "grokked", "ungrokked"), "last", or None for the
    newest checkpoint, which is the last step of a run that has ended. Without a checkpoint there, the run is trained again in
    memory, on the CPU, from the one before.

    A `member` is a network of an ensemble by its number, 0, 1, ... in the order of the seeds; of a mixture also one of the two
    that it is made of, "generalizer" or "memorizer", at a step of its own training.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self._run.name

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._run.path

    @property
    def experiment(self) -> "Experiment":
        """Its settings, named as in a preset: `run.experiment.task.modulus`. `.to_toml()` writes them all."""
        return Run(self.path).experiment

    @property
    def summary(self) -> "Summary":
        """What `grokterm run --json` prints, as attributes: `run.summary.grokked_at`."""
        return summarize(self._run, read_journal(self._run.journal))

    @property
    def steps(self) -> int:
        """How many steps it has made."""
        return self.summary.steps

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """The steps with a checkpoint, at which nothing has to be trained again."""
        return tuple(sorted(checkpoint_sizes(self._run.checkpoints)))

    def records(self) -> "Iterator[Record]":
        """Read what has happened, one record after another; `record.record` says which kind it is."""
        return unpacked(iterate_journal(self._run.journal))

    def curves(self, as_: Kind | None = None, *, member: Member | None = None) -> Any:  # noqa: ANN401 - a frame of a library that may be missing
        """Return what was measured: a row an evaluation, in the columns `step`, `train_loss`, `val_accuracy`, ...

        A pandas frame if that is installed, else one of polars, else a dict of NumPy arrays; or what `as_` asks for. A column
        is missing that was never measured, and NaN where a side is empty. For an ensemble they are means over the members,
        with columns `lowest_...` and `highest_...`, or the curves of one `member`.
        """
        run, number = (self._run, None) if member is None else self._network(member)
        records = (one for one in read_journal(run.journal) if isinstance(one, Evaluated | Evaluations))
        evaluated = [one.of_member(number) if isinstance(one, Evaluated) and number is not None else one for one in records]
        measured = Curves().extended(evaluated).measured
        columns = {name: column.astype(np.int64 if name == "step" else np.float64) for name, column in measured.items()}
        return frame(columns, as_)

    def dataset(self, step: Step = None, member: Member = 0) -> Dataset:
        """Return all equations at a step, and which of them are trained on: swaps and changed label noise are seen in it."""
        self._warn_of_others()
        run, number = self._network(member)
        past = until(read_journal(run.journal), _step(run, step))
        return laid_out(dataset_after(run.experiment.member(number), past)[0])

    def network(self, step: Step = None, member: Member = 0) -> "nn.Module":
        """Return the network at a step, as a module of PyTorch: `network(pairs)` scores every answer.

        `pairs` are the operands, integers of shape (equations, 2), or 3 columns for three operands. The scores, (equations,
        classes), are those before the softmax. A network over tokens also scores its other tokens, after the answers. It is
        on the CPU, in evaluation mode, and trains no further unless you do that; its parameters are named as in
        `grokterm help layout`, below `network`.
        """
        from grokterm.api.network import network_at

        self._warn_of_others()
        run, number = self._network(member)
        return network_at(run, _step(run, step), number)

    def analysis(self, step: Step = None, member: Member = 0) -> "Analysis":
        """Return what the network has learned at a step: what `grokterm inspect --json` prints, and the arrays behind it."""
        from grokterm.api.analysis import Analysis
        from grokterm.runs.replay import trainer_at
        from grokterm.runs.results.metrics import RunMetrics
        from grokterm.runs.results.norms import Norms

        self._warn_of_others()
        run, number = self._network(member)

        def replay_to(run: Run, step: int | None) -> "Trainer":
            return trainer_at(run, step, "cpu", number)

        return Analysis(RunMetrics(run, _step(run, step), Norms(run, replay_to, member=number), replay_to))

    def resume(self, overrides: Overrides = ()) -> "Training":
        """Go on with the run once this is iterated, from its newest checkpoint; if it has ended, there is nothing to iterate.

        `overrides` may change what `grokterm run --resume` can, as `{"training.steps": 400}`.
        """
        from grokterm.api.training import resume

        return resume(self._run, assignments_of(overrides))

    def branch(self, step: Step = None, overrides: Overrides = ()) -> "Training":
        """Begin a new run with a step of this one, and what `grokterm run --from` can change there."""
        from grokterm.api.training import branch

        return branch(self._run, _step(self._run, step), assignments_of(overrides))

    def _warn_of_others(self) -> None:
        if said := changed(self._run.meta.get("plugins")):
            warnings.warn(plain_text(f"run {self.name}: {said}: what is computed now may differ"), stacklevel=3)

    def _network(self, member: Member) -> tuple[Run, int]:
        """Return the run of a network, and its number in it."""
        run, parts = Run(self.path), with_parts(self._run)
        if isinstance(member, str):
            if member not in parts:
                raise ConfigError(f"run {self.name} has no network called {member!r}: choose one of {', '.join(parts)}")
            return parts[member], 0
        n_members = run.experiment.training.members
        if not isinstance(member, int | np.integer) or not 0 <= member < n_members:
            known = f"a number from 0 to {n_members - 1}" if n_members > 1 else "0, as the run is no ensemble"
            raise ConfigError(f"member must be {known}, not {member!r}")
        return run, int(member)


def _step(run: Run, step: Step) -> int:
    return find_step(run, "" if step is None else str(step))
