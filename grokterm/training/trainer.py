"""Training as an iterator of records: it pauses when it is not iterated, and knows nothing of a screen."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from time import perf_counter

import torch
from torch import Tensor

from grokterm.analysis.milestones import EnsembleMilestoneDetector, telling_rows
from grokterm.engines.device import describe, find_device, matrix_precision, minding_the_device, release_cache, synchronize
from grokterm.errors import ConfigError, OutOfMemoryError
from grokterm.experiment.conditions import Comparison, Milestone
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Action, Extend, Set, Stop, Swap
from grokterm.experiment.reading.overrides import live_changes
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.owner import Owner
from grokterm.experiment.recording.packing import rows_of
from grokterm.experiment.recording.records import Acted, Advanced, Finished, Reached, Record, Skipped, Started, Switched
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.forward_pass import ForwardPass
from grokterm.inspection.snapshot import Snapshot
from grokterm.models.mixture import MixturePart
from grokterm.tasks.dataset import Dataset
from grokterm.training.extension import check_extension
from grokterm.training.inspector import Inspector
from grokterm.training.kinds import Trainable, make_trainable
from grokterm.training.schedule import Schedule
from grokterm.training.step_loop import Measured

CHUNK_SECONDS = 0.04  # the length of a chunk: a key press acts within two of them


class Trainer:
    """Trains one experiment: `advance` trains a chunk and returns its records. Chunks never change the numbers."""

    def __init__(
        self,
        experiment: Experiment,
        *,
        engine: str | None = None,
        threads: int | None = None,
        parts: Mapping[str, MixturePart] | None = None,
    ) -> None:
        self.experiment = experiment
        self.device = find_device(experiment.device)
        self.seconds = 0.0
        self.ended: str | None = None  # the reason, as `Finished` has it
        as_run = experiment if engine is None else experiment.with_engine(engine)
        self.trainable: Trainable = make_trainable(as_run, self.device, threads=threads, parts=parts)
        self._inspector = Inspector()
        self._watch = EnsembleMilestoneDetector(experiment.training.members)
        self._schedule = Schedule(experiment.interventions, experiment.training.stop_condition)
        self._measured_at = -1
        self._is_stopped = False
        self._chunk_steps = 1
        self._n_undone = 0
        self._engine_before = ""

    @property
    def step(self) -> int:
        """Updates made so far."""
        return self.trainable.step

    @property
    def dataset(self) -> Dataset:
        """What is trained on and measured now."""
        return self.trainable.dataset

    def run(self) -> Iterator[Record]:
        """Train to the end, yielding after every chunk."""
        yield from self.begin()
        while self.ended is None:
            yield from self.advance()

    def begin(
        self, changes: Sequence[str] = (), note: str = "", owner: Owner | None = None, before: Sequence[str] = ()
    ) -> list[Record]:
        """Report where training stands, at step 0, which is measured, or at a checkpoint; and what has changed since.

        `before` is what the changes are from, `owner` is this process, if the training is saved.
        """
        self._change_again(changes)
        seed, members = self.experiment.seed, self.experiment.training.members
        started = Started(
            step=self.step,
            device=describe(self.device),
            engine=self.trainable.engine,
            threads=self.trainable.threads,
            n_parameters=self.trainable.n_parameters,
            n_train=len(self.dataset.train),
            n_val=len(self.dataset.val),
            n_seen=len(self.dataset.seen),
            seeds=tuple(range(seed, seed + members)) if members > 1 else (),
            changes=tuple(changes),
            before=tuple(before),
            note=note,
            owner=owner,
        )
        switched = self._engine_before not in ("", started.engine)
        message = f"the steps before were made by {self._engine_before}"
        begun: list[Record] = [
            started,
            *([Switched(step=self.step, engine=started.engine, message=message)] if switched else []),
        ]
        measured, fits = self._train_to(self.step)
        return [*begun, *self._report(measured), *self._end_if_due(fits=fits)]

    def advance(self, limit: int | None = None) -> list[Record]:
        """Train one chunk of about 40 ms, or at most `limit` steps, and report what happened in it.

        Interventions that are due come first, and are a chunk of their own: what they save is as they found it.
        """
        started, first, n_made, fits = perf_counter(), self.step, 0, True
        records = self._intervene(self._schedule.due(at_step=self.step))
        if not records and self.ended is None:
            longest = self._chunk_steps if limit is None else min(limit, self._chunk_steps)
            measured, fits = self._train_to(self._schedule.chunk_end(self.step, self.experiment.training, longest))
            n_made = self.step - first  # a report may take the run back
            records = self._report(measured)
        elapsed = perf_counter() - started
        self.seconds += elapsed
        if n_made:
            rate = n_made / elapsed
            self._chunk_steps = max(1, round(rate * CHUNK_SECONDS))
            records.append(Advanced(step=self.step, steps_per_second=rate, seconds=self.seconds))
        return records + self._end_if_due(fits=fits)

    def act(self, action: Action) -> list[Record]:
        """Carry out an action between two steps.

        Raises:
            ConfigError: if the run cannot do it; nothing has changed then.
        """
        if isinstance(action, Extend):
            self._extend(action)
        return [*self._act(action), *self._end_if_due(fits=True)]

    def check_extension(self, extension: Extend) -> None:
        """Check whether the run can go on to that step.

        Raises:
            ConfigError: if it cannot.
        """
        check_extension(extension, step=self.step, steps=self.experiment.training.steps, ended=self.ended)

    def _extend(self, extension: Extend) -> None:
        self.check_extension(extension)
        self.experiment = self.experiment.extended(extension.steps, self.ended)

    def end(self, reason: str, message: str = "") -> list[Record]:
        """End the training here, if it has not ended before; a step that is the last one is measured.

        The message says what the user can do about it; of memory the trainer knows.
        """
        if self.ended is not None:
            return []
        self.ended = reason
        is_last = reason in ("stopped", self.experiment.training.stop_when) and self._measured_at != self.step
        measured: list[Record] = []
        if is_last:
            with self.computing():
                last = self.trainable.measure()
            measured = self._report([last])
        if reason == "out_of_memory":
            release_cache(self.device)
            message = self.trainable.advice_on_memory
        settled = [] if reason == "interrupted" else self.wait_for_inspections()  # a run that is left has to be saved first
        finished = Finished(step=self.step, reason=reason, message=message, seconds=self.seconds, n_undone=self._n_undone)
        return [*measured, *settled, finished]

    def wait_for_inspections(self, seconds: float | None = None) -> list[Record]:
        """Wait for the inspections in progress, at most this long, and report them."""
        return list(self._inspector.wait_for_inspections(seconds))

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Compute inside this context: as precisely as the run asks for, and with one kind of error where memory is exhausted.

        Raises:
            OutOfMemoryError: if it is.
        """
        with minding_the_device(), matrix_precision(self.device, tf32=self.experiment.training.tf32):
            yield

    def snapshot(self) -> Snapshot:
        """Copy the network to the host."""
        return self.trainable.snapshot()

    def analyze(self) -> NetworkAnalysis:
        """Copy the network, to be analyzed while the training goes on, or after it."""
        return NetworkAnalysis(self.snapshot(), self._forward_pass)

    @cached_property
    def _forward_pass(self) -> ForwardPass:
        return ForwardPass(self.trainable.network, self.trainable.threads)

    def tensors(self) -> dict[str, Tensor]:
        """Return what a checkpoint holds."""
        return self.trainable.tensors()

    def restore(self, step: int, seconds: float, tensors: Mapping[str, Tensor], records: Sequence[Record]) -> None:
        """Continue from a checkpoint: its tensors, and the records before it.

        Raises:
            KeyError: with what is missing, if the tensors are those of another network.
        """
        for record in records:
            self.trainable.step = record.step
            self.replay_record(record)
        self.trainable.step, self.seconds = step, seconds
        for name, own in self.tensors().items():
            if name not in tensors or (tensors[name].shape, tensors[name].dtype) != (own.shape, own.dtype):
                raise KeyError(f"{name} of shape {tuple(own.shape)} and {own.dtype}")
        self.trainable.load(tensors)
        self.trainable.apply_settings(self.experiment)

    def replay_record(self, record: Record) -> None:
        """Replay a record of this step: actions are carried out again, measurements noted."""
        if isinstance(record, Acted):
            self._apply(record.action)
            self._schedule.cross_off(record.intervention)
        elif isinstance(record, Skipped):
            self._schedule.cross_off(record.intervention)
        elif isinstance(record, Started | Switched):
            self._engine_before = record.engine
            self._change_again(record.changes if isinstance(record, Started) else ())
        elif isinstance(record, Evaluated):
            self._measured_at = record.step
            self._take_note(record)
        elif isinstance(record, Evaluations):
            telling = telling_rows(record.columns) | self._schedule.telling_rows(record)
            for evaluated in rows_of(record, sorted(telling)):
                self.replay_record(evaluated)

    def _train_to(self, last: int) -> tuple[list[Measured], bool]:
        """Train and measure up to a step; return the measurements, and False if memory ran out."""
        measured = list[Measured]()
        try:
            with self.computing():
                measured.extend(self.trainable.advance(last, self._is_due))
                synchronize(self.device)  # or the next chunk would be as long as the queue of launches allows
        except OutOfMemoryError:
            return measured, False
        return measured, True

    def _is_due(self, step: int) -> bool:
        return self._measured_at < step and self.experiment.training.evaluates(step)

    def _report(self, measured: Sequence[Measured]) -> list[Record]:
        """Copy the numbers of a chunk to the host at once, and report them; the run ends later, once the clock has stopped.

        A run that diverged returns to the step where that was measured, so that the length of a chunk leaves no trace.
        """
        records: list[Record] = []
        rows = torch.stack([one.numbers.view(-1, one.numbers.shape[-1]) for one in measured]).tolist() if measured else []
        for one, row in zip(measured, rows, strict=True):
            evaluated = Evaluated.of(one.step, row)
            is_first, self._measured_at = self._measured_at < one.step, one.step  # a swap is measured at a step once more
            records.append(evaluated)
            milestones, comparisons = self._take_note(evaluated)
            if is_first and self.experiment.training.inspects(one.step, is_milestone=bool(milestones)):
                self._inspector.submit(NetworkAnalysis(self.trainable.snapshot(one), self._forward_pass))
            records += [Reached(step=one.step, milestone=milestone) for milestone in milestones]
            for event in (*milestones, *comparisons):
                records += self._intervene(self._schedule.due(event=event))
            if "diverged" in milestones:
                self._n_undone = self.step - one.step
                self.trainable.go_back(one.step, one.state)
                break
        return records + list(self._inspector.found())

    def _take_note(self, evaluated: Evaluated) -> tuple[list[Milestone], list[Comparison]]:
        """Take note of an evaluation; return the milestones that it shows first, and what else is waited for."""
        milestones, comparisons = self._watch.update(evaluated.rows), self._schedule.shown_by(evaluated)
        self._schedule.take_note(evaluated.step, (*milestones, *comparisons))
        return milestones, comparisons

    @property
    def ending(self) -> str | None:
        """Why there is nothing more to train at this step, as `Finished` has it; None if there is."""
        if self._is_stopped:
            return "stopped"
        if "diverged" in self._watch.reached:
            return "diverged"
        if self._schedule.has_to_stop(self.step):
            return self.experiment.training.stop_when
        return "complete" if self.step >= self.experiment.training.steps else None

    def _end_if_due(self, *, fits: bool) -> list[Record]:
        reason = self.ending
        if not fits and reason not in ("stopped", "diverged"):
            reason = "out_of_memory"
        if self.ended is not None or reason is None:
            return []
        if reason == "complete":
            last = self._intervene(self._schedule.due(at_step=self.step))
            return last + self.end("stopped" if self._is_stopped else reason)
        return self.end(reason)

    def _intervene(self, due: Sequence[int]) -> list[Record]:
        """Carry out the interventions of these numbers, unless one of them stops the run."""
        records: list[Record] = []
        for number in due:
            if not self._is_stopped:
                try:
                    records += self._act(self._schedule.take(number).action, number)
                except ConfigError as error:  # a swap by command came before it
                    message = f"interventions[{number}]: {error}"
                    records.append(Skipped(step=self.step, intervention=number, message=message))
        return records

    def _act(self, action: Action, intervention: int | None = None) -> list[Record]:
        """Carry out an action; measure sides that have other equations after it, which no earlier number is about."""
        before, note = self.dataset, self._apply(action)
        dataset = self.dataset
        acted = Acted(
            step=self.step,
            action=action,
            intervention=intervention,
            n_train=len(dataset.train),
            n_val=len(dataset.val),
            n_seen=len(dataset.seen),
            note=note,
        )
        return [acted, *(self._measure_now() if dataset is not before else [])]

    def _measure_now(self) -> list[Record]:
        """Measure and report every side, or end if memory runs out."""
        measured: list[Measured] = []
        with suppress(OutOfMemoryError), self.computing():
            measured.append(self.trainable.measure())
        return self._report(measured) if measured else self.end("out_of_memory")

    def _apply(self, action: Action) -> str:
        """Carry out an action, of an extension only that the run goes on; return what else followed from it."""
        if isinstance(action, Set):
            return self._change(action)
        if isinstance(action, Stop | Extend):
            self._is_stopped = isinstance(action, Stop)
        if isinstance(action, Extend):
            self.ended = None
            if self._schedule.has_to_stop(self.step):  # what has ended the run does not end it again
                self._schedule.stop_at(None)
                self.experiment = self.experiment.extended(self.experiment.training.steps, self.experiment.training.stop_when)
        if isinstance(action, Swap):
            before = self.trainable.batch_size
            self.trainable.swap(action, self.experiment)
            self._watch.begin_segment()
            self._schedule.begin_segment()
            if self.experiment.batch_limit is not None and self.trainable.batch_size < before:
                return f"batch size lowered from {before:,} to {self.trainable.batch_size:,}"
        return ""

    def _change(self, action: Set) -> str:
        """Change settings from this step on; return what followed from it."""
        before, changed = self.experiment, self.experiment.changed(action)
        self.trainable.apply_settings(changed)
        self.experiment = changed
        if changed.training.stop_when != before.training.stop_when:
            self._schedule.stop_at(changed.training.stop_condition)
        limit, n_train = changed.batch_limit, len(self.dataset.train)
        if "optimizer.batch_size" in action.values and limit is not None and limit > n_train:
            return f"batch size lowered from {limit:,} to {n_train:,}"
        return ""

    def _change_again(self, assignments: Sequence[str]) -> None:
        """Change what a resume has changed, of what may change at a step: an earlier change of it would hold otherwise."""
        if (action := live_changes(self.experiment, assignments)) is not None:
            self._change(action)


def make_trainer(
    experiment: Experiment,
    *,
    engine: str | None = None,
    threads: int | None = None,
    parts: Mapping[str, MixturePart] | None = None,
) -> Trainer:
    """Make a trainer; without an engine, by the one that the experiment asks for.

    Raises:
        ConfigError: if this machine does not have the device, or not enough memory.
    """
    try:
        with minding_the_device():
            return Trainer(experiment, engine=engine, threads=threads, parts=parts)
    except OutOfMemoryError:
        members = "training.members, " if experiment.training.members > 1 else ""
        raise ConfigError(
            f"device {experiment.device} has not enough memory for {experiment.model.label}: lower {members}its width or the"
            " modulus"
        ) from None
