"""The interventions of a training, what ends it early, and where its chunks end."""

from collections.abc import Iterable, Sequence

from grokterm.experiment.conditions import Comparison, Condition, Event
from grokterm.experiment.interventions import Intervention
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.training import Training


class Schedule:
    """The interventions that are still to come, each taken once, and the condition that ends the run.

    An intervention waits for the first evaluation of the whole run that shows its event, the end for the first since the last
    swap.
    """

    def __init__(self, interventions: Sequence[Intervention], stop_condition: Condition | None) -> None:
        self._waiting = dict(enumerate(interventions))
        self._conditions = {number: one.condition for number, one in self._waiting.items() if one.condition is not None}
        self._steps = {number: one.at_step for number, one in self._waiting.items() if one.at_step is not None}
        """Where the step is known: of those with a condition, once it was shown."""

        self._stop_condition = stop_condition
        self._stop_step: int | None = None
        self._reached: dict[Event, int] = {}
        """The steps of the milestones since the last swap."""

    @property
    def _comparisons(self) -> list[Comparison]:
        """The comparisons that are waited for."""
        waiting = [self._conditions[number] for number in self._waiting if number in self._conditions]
        events = [one.event for one in (*waiting, self._stop_condition) if one is not None]
        return list(dict.fromkeys(event for event in events if isinstance(event, Comparison)))

    def shown_by(self, evaluated: Evaluated) -> list[Comparison]:
        """List the comparisons that are waited for and that an evaluation meets."""
        return [one for one in self._comparisons if one.is_met_by(getattr(evaluated, one.measure))]

    def telling_rows(self, evaluations: Evaluations) -> set[int]:
        """Return the rows after which alone it waits for the same as after all of them: the first to meet a comparison."""
        rows = [one.first_met(evaluations.columns.get(one.measure)) for one in self._comparisons]
        return {row for row in rows if row is not None}

    def take_note(self, step: int, events: Iterable[Event]) -> None:
        """Start the delays of what waits for events that this step shows."""
        shown = set(events)
        self._reached |= {event: step for event in shown if not isinstance(event, Comparison)}
        for number, condition in self._conditions.items():
            if condition.event in shown and condition.delay:
                self._steps.setdefault(number, step + condition.delay)
        stop = self._stop_condition
        if stop is not None and stop.event in shown and self._stop_step is None:
            self._stop_step = step + stop.delay

    def begin_segment(self) -> None:
        """Wait anew for what ends the run."""
        self._stop_step = None
        self._reached = {}

    def stop_at(self, condition: Condition | None) -> None:
        """End the run by another condition: a milestone since the last swap counts, a comparison at the next evaluation."""
        reached = None if condition is None else self._reached.get(condition.event)
        self._stop_condition = condition
        self._stop_step = None if condition is None or reached is None else reached + condition.delay

    def has_to_stop(self, step: int) -> bool:
        """Whether the condition that ends the run was met, and its delay is over."""
        return self._stop_step is not None and step >= self._stop_step

    def due(self, *, at_step: int | None = None, event: Event | None = None) -> list[int]:
        """List the interventions at this step, or at once with this event."""
        if at_step is not None:
            return [number for number in self._waiting if self._steps.get(number) == at_step]
        return [number for number in self._waiting if self._conditions.get(number) == Condition(event)] if event else []

    def take(self, number: int) -> Intervention:
        """Remove and return one."""
        return self._waiting.pop(number)

    def cross_off(self, number: int | None) -> None:
        """Remove one that happened before a checkpoint; None was a command."""
        if number is not None:
            self._waiting.pop(number, None)

    def chunk_end(self, step: int, training: Training, longest: int) -> int:
        """Return the step at which a chunk that starts here ends, at most `longest` steps later.

        While an intervention or the end waits for an event, a chunk ends at every evaluation.
        """
        ends = [training.steps, step + longest, *(self._steps[number] for number in self._waiting if number in self._steps)]
        ends += [one for one in (self._stop_step, training.next_checkpoint(step)) if one is not None]
        if (self._stop_condition and self._stop_step is None) or any(number not in self._steps for number in self._waiting):
            ends.append(training.next_evaluation(step))
        return min(end for end in ends if end > step)
