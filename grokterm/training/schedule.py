"""When a training next has something to do."""

from collections.abc import Sequence

from grokterm.experiment.interventions import Intervention, Milestone
from grokterm.experiment.training import Training


class Schedule:
    """The interventions that still wait for their time; hands every one out once, with its number in the experiment."""

    def __init__(self, interventions: Sequence[Intervention]) -> None:
        self._waiting = dict(enumerate(interventions))

    def due(self, *, at_step: int | None = None, when: Milestone | None = None) -> list[int]:
        """List the interventions that wait for this step, or for this milestone."""
        return [number for number, one in self._waiting.items() if (one.at_step, one.when) == (at_step, when)]

    def take(self, number: int) -> Intervention:
        """Hand out one that is due; it waits no longer."""
        return self._waiting.pop(number)

    def cross_off(self, number: int | None) -> None:
        """Forget one that had happened before a checkpoint; None was a person's."""
        if number is not None:
            self._waiting.pop(number, None)

    def chunk_end(self, step: int, training: Training, longest: int) -> int:
        """Find the next step at which somebody may want to do something, at most `longest` steps away.

        While a milestone is waited for, every evaluation has to be looked at as it is made.
        """
        waiting = self._waiting.values()
        ends = [training.steps, step + longest, *(one.at_step for one in waiting if one.at_step is not None)]
        if training.stop_when != "never" or any(one.when is not None for one in waiting):
            ends.append(training.next_evaluation(step))
        return min(end for end in ends if end > step)
