"""Which step of a training the screen shows: the newest, one at which it is frozen, or an earlier one, trained again."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from grokterm.plots.axis import Scale
from grokterm.runs.store import Run
from grokterm.runs.thinning import checkpoint_sizes
from grokterm.session.control import Training
from grokterm.session.state import LabState
from grokterm.tui.layout import Earlier, Scene
from grokterm.views.looking_back import LookingBack

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

Stride = Literal["checkpoint", "evaluation"]


class Pictured:
    """Holds what the pictures show while they do not follow the training, which goes on meanwhile."""

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self.is_frozen = False
        self._held: tuple[LabState, NetworkAnalysis] | None = None
        self._stale: NetworkAnalysis | None = None  # older than the key that has frozen them
        self._looking: LookingBack | None = None
        self._earlier: LabState | None = None  # what was known at the step that is looked at
        self._warn = warn

    @property
    def is_held(self) -> bool:
        """Whether the pictures show something else than the newest step."""
        return self._held is not None or self._earlier is not None

    @property
    def step(self) -> int | None:
        """The earlier step that is looked at, if one is."""
        return None if self._earlier is None else self._earlier.step

    def scene(self, training: Training, x_scale: Scale) -> Scene:
        """Return what is drawn now."""
        newest, state = training.analysis, training.state
        earlier = self._look(training)
        if self.is_frozen and self._held is None and newest is not None and newest is not self._stale:
            self._held = state.until(newest.step), newest
        pictured, analysis = self._held or (state, newest)
        is_frozen = self.is_frozen and self._held is not None
        return Scene(state, training.run_name, pictured, analysis, x_scale, is_frozen, training.is_elsewhere, earlier)

    def freeze(self, training: Training) -> None:
        """Freeze the pictures at a snapshot of this moment, or release them."""
        self.to_present()
        self.is_frozen, self._held, self._stale = not self.is_frozen, None, training.analysis

    def to_present(self) -> None:
        """Show the newest step again; what is frozen stays frozen."""
        if self._earlier is not None:
            self._earlier = self._held = None
        if self._looking is not None:
            self._looking.stop()

    def forget(self) -> None:
        """Begin with another training."""
        self.is_frozen, self._held, self._earlier = False, None, None
        self.leave()

    def leave(self) -> None:
        """End the thread that replays."""
        if self._looking is not None:
            self._looking.leave()
            self._looking = None

    def turn(self, training: Training, by: int, stride: Stride) -> None:
        """Look at the step of the checkpoint or the evaluation before, or after; past the newest lies the present."""
        run, state = training.saved_run, training.state
        if run is None:
            return
        now = state.step if self.step is None else self.step
        further = _next(_steps(run, state, stride), now, by)
        if further is not None and further < max(now, state.step):
            self._look_at(run, state, further)
        elif by > 0:
            self.to_present()

    def _look_at(self, run: Run, state: LabState, step: int) -> None:
        if self._looking is None or self._looking.run.path != run.path:
            self.leave()
            self._looking = LookingBack(run)
        self.is_frozen = False
        self._held = self._held if self._earlier is not None else None
        self._earlier = state.until(step)
        self._looking.look_at(step)

    def _look(self, training: Training) -> Earlier | None:
        """Take over the network of the step that is looked at, once it is there; return how far that is."""
        looking, earlier = self._looking, self._earlier
        if looking is None or earlier is None:
            return None
        if looking.problem:
            self._warn(looking.problem, f"Step {earlier.step:,} cannot be shown")
            self.to_present()
            return None
        if (analysis := looking.analysis) is not None:
            self._held = earlier, analysis
        elif self._held is None and training.analysis is not None:
            self._held = training.state, training.analysis  # until then
        return Earlier(earlier, None if analysis is not None else looking.reached or 0)


def _steps(run: Run, state: LabState, stride: Stride) -> np.ndarray:
    """List the steps that can be turned to, in order."""
    return state.curves.column("step") if stride == "evaluation" else np.unique([0, *checkpoint_sizes(run.checkpoints)])


def _next(steps: np.ndarray, now: int, by: int) -> int | None:
    """Return the step after one, or before it."""
    row = int(np.searchsorted(steps, now, side="right") if by > 0 else np.searchsorted(steps, now) - 1)
    return int(steps[row]) if 0 <= row < len(steps) else None
