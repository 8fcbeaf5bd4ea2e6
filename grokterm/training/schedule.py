"""The interventions of an experiment that still wait for their time."""

from collections.abc import Sequence

from grokterm.experiment.interventions import Intervention, Milestone


class Schedule:
    """Hands every intervention out once, with its number in the experiment."""

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

    def next_step(self, after: int) -> int | None:
        """Return the next step that one waits for."""
        return min(
            (one.at_step for one in self._waiting.values() if one.at_step is not None and one.at_step > after), default=None
        )

    @property
    def awaits_milestone(self) -> bool:
        """Whether one waits for a milestone, so that every evaluation has to be looked at as it is made."""
        return any(one.when is not None for one in self._waiting.values())
