"""The training behind the lab: of a new run, or of a saved one; and whether another run can begin."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grokterm.errors import GroktermError
from grokterm.runs.journal import read_in_brief
from grokterm.runs.naming import Named
from grokterm.runs.resume import check_reached
from grokterm.runs.storage.making import check_room
from grokterm.runs.store import Run, without_time
from grokterm.runs.thinning import checkpoint_sizes
from grokterm.session.state import LabState
from grokterm.session.thread import OpenedSession, TrainingThread
from grokterm.session.torch_import import import_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from grokterm.session.control import Training
    from grokterm.session.session import Session


def new_training(chosen: Named, runs_dir: Path) -> TrainingThread:
    """Train an experiment as a new run; first the parts of a mixture that have no run."""

    def parts() -> "Iterator[tuple[str, Session]]":
        import_torch()  # in the thread
        from grokterm.runs.mixture_parts import find_parts
        from grokterm.session.start import start_untrained_parts

        n_untrained = len(find_parts(chosen.experiment, runs_dir).untrained)
        for number, part in enumerate(start_untrained_parts(chosen.experiment, runs_dir), start=1):
            yield f"part {number} of {n_untrained}", part

    def opener() -> OpenedSession:
        from grokterm.session.start import start_session

        return start_session(chosen.experiment, runs_dir, chosen.preset, chosen.name), ()

    return TrainingThread(opener, LabState(chosen.experiment), parts, whole=chosen)


def saved_training(run: Run, before: "Training | None" = None) -> TrainingThread:
    """Open a saved run, paused at its last checkpoint; until then, what was known of it `before` stays."""
    run = Run(run.path)  # whose settings another process may have changed

    def opener() -> OpenedSession:
        import_torch()  # in the thread
        from grokterm.session.start import resume_session

        return resume_session(run, paused=True)

    return TrainingThread(opener, LabState(run.experiment), before=before)


def branched_training(run: Run, step: int, assignments: "Sequence[str]") -> TrainingThread:
    """Train a new run from a step of a saved one."""
    run = Run(run.path)  # whose settings another process may have changed

    def opener() -> OpenedSession:
        import_torch()  # in the thread
        from grokterm.runs.branching import plan_branch
        from grokterm.session.branch import branch_session

        return branch_session(plan_branch(run, step, assignments), run.runs_dir)

    return TrainingThread(opener, LabState(run.experiment, part=f"training again up to step {step:,}"))


def training_anew(run: Run) -> "Callable[[], TrainingThread]":
    """Return what trains a saved run again from its start, as a new run."""
    run = Run(run.path)  # whose settings another process may have changed
    chosen = Named(run.experiment, run.preset or run.name, without_time(run.name))
    return partial(new_training, chosen, run.runs_dir)


def reason_against_another(run: Run, step: int = 0) -> str:
    """Say why no other run can begin beside one, at a step of it; empty if one can, as far as that is known before."""
    try:
        check_reached(run, step, read_in_brief(run.journal))
        largest = max(checkpoint_sizes(run.checkpoints).values(), default=0)
        check_room(run.runs_dir, 2 * largest)  # of the step that is left, and of the run that begins
    except GroktermError as error:
        return str(error)
    return ""
