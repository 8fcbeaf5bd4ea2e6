"""The interventions of a training, and where its chunks end."""

from collections.abc import Sequence

from grokterm.experiment.interventions import Intervention, Milestone
from grokterm.experiment.training import Training


class Schedule:
    """The interventions that are still to come, by their number in the experiment; each is taken once."""

    def __init__(self, interventions: Sequence[Intervention]) -> None:
        self._waiting = dict(enumerate(interventions))

    def due(self, *, at_step: int | None = None, when: Milestone | None = None) -> list[int]:
        """List the interventions at this step, or at this milestone."""
        return [number for number, one in self._waiting.items() if (one.at_step, one.when) == (at_step, when)]

    def take(self, number: int) -> Intervention:
        """Remove and return one."""
        return self._waiting.pop(number)

    def cross_off(self, number: int | None) -> None:
        """Remove one that happened before a checkpoint; None was a command."""
        if number is not None:
            self._waiting.pop(number, None)

    def chunk_end(self, step: int, training: Training, longest: int) -> int:
        """Return the step at which a chunk that starts here ends, at most `longest` steps later.

        While an intervention or the end waits for a milestone, a chunk ends at every evaluation.
        """
        waiting = self._waiting.values()
        ends = [training.steps, step + longest, *(one.at_step for one in waiting if one.at_step is not None)]
        if training.stop_when != "never" or any(one.when is not None for one in waiting):
            ends.append(training.next_evaluation(step))
        return min(end for end in ends if end > step)
