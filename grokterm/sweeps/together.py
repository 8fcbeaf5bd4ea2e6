"""Members that differ only in their seeds, trained together as one ensemble: on a GPU one batched program, which is what pays.

What comes of it are the runs that they would have been alone, to rounding: each with its journal, up to where it would have
ended, and with a checkpoint if that is where all end.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import groupby
from typing import TypeAlias, get_args

from torch import Tensor

from grokterm.analysis.milestones import MilestoneDetector
from grokterm.errors import CheckpointError, ConfigError, RunHeldError, RunNotFoundError, StorageError
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.architectures.mixture import MixtureModel
from grokterm.experiment.conditions import Milestone
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Intervention, Set, Swap
from grokterm.experiment.metrics import EVALUATION_METRICS
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.packing import unpacked
from grokterm.experiment.recording.records import Acted, Checkpointed, Finished, Reached, Record, Skipped, Started, Switched
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.runs.journal import JournalWriter, read_journal
from grokterm.runs.storage.durable import remove_tree
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run, is_run
from grokterm.session.session import Session
from grokterm.session.start import resume_session, start_session
from grokterm.sweeps.members import Member, experiment_at, on_one_thread
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.work import Report, Work
from grokterm.training.ensemble.naming import of_member

FOLDER = "together"  # where ensembles are, until they have ended

MOST_TOGETHER_ATTEMPTS = 2  # processes that may die of a member while it is trained with others

Leased: TypeAlias = tuple[Member, Lease]
"""A member, and the right to work on it."""


def can_train_together(experiment: Experiment) -> bool:
    """Tell whether what happens to a member of an ensemble of this experiment does not depend on the others."""
    stop = experiment.training.stop_condition
    return (
        experiment.training.members == 1
        and experiment.training.checkpoint_at == ()
        and not isinstance(experiment.model, KernelModel | MixtureModel)
        and all(one.at_step is not None and not _sets_its_end(one) for one in experiment.interventions)
        and (stop is None or (stop.event in get_args(Milestone) and not stop.delay))
    )


def _sets_its_end(intervention: Intervention) -> bool:
    return isinstance(intervention.action, Set) and "training.stop_when" in intervention.action.values


class MemberJournals:
    """The records of each member, from those of the ensemble."""

    def __init__(self, n_members: int, stop: str) -> None:
        self.records: list[list[Record]] = [[] for _ in range(n_members)]
        self._stop = stop
        self._detectors = [MilestoneDetector() for _ in self.records]
        self._going = set(range(n_members))

    def add(self, records: Iterable[Record]) -> None:
        """Add what the ensemble has reported; a member that has ended gets nothing more."""
        for record in unpacked(records):
            match record:
                case Evaluated():
                    self._add_evaluation(record)
                case Started():
                    self._add_to_all(record.model_copy(update={"seeds": ()}))
                case Acted(action=Swap()):
                    self._add_to_all(record)
                    for detector in self._detectors:
                        detector.begin_segment()
                case Finished():
                    self._add_to_all(record)
                    self._going = self._going if record.reason == "interrupted" else set()
                case Acted() | Skipped() | Switched():
                    self._add_to_all(record)

    def _add_to_all(self, record: Record) -> None:
        for number in self._going:
            self.records[number].append(record)

    def _add_evaluation(self, record: Evaluated) -> None:
        rows = record.rows
        for number in sorted(self._going):
            row, own = rows[number], self.records[number]
            own.append(Evaluated.model_validate({"step": record.step, **row}))
            reached = self._detectors[number].update(**{name: row[name] for name in EVALUATION_METRICS if name in row})
            own += [Reached(step=record.step, milestone=milestone) for milestone in reached]
            if ending := next((one for one in ("diverged", self._stop) if one in reached), None):
                own.append(Finished(step=record.step, reason=ending, seconds=0.0))
                self._going.discard(number)


class TogetherWork:
    """Works on members of one point. `stop` may be called from another thread; everything else belongs to one."""

    def __init__(self, sweep: SweepFolder) -> None:
        self._sweep = sweep
        self._work = Work(sweep)

    def stop(self) -> None:
        """Save and end what is trained, and begin nothing more."""
        self._work.stop()

    def on(self, members: Sequence[Member]) -> list[Report]:
        """Train members: together those that can be and were not begun, then the others one after the other.

        Raises:
            StorageError, RunNotFoundError: as `Work.on` does.
        """
        if len(members) > 1 and can_train_together(self._experiment(members[0])):
            try:
                with suppress(RunHeldError), ExitStack() as stack:
                    self._train([(member, lease) for member in members if (lease := self._taken(member, stack))])
            except OSError as error:
                raise StorageError(f"{self._sweep.path} cannot be written: {error.strerror}") from None
        return [self._work.on(member) for member in members]  # which also reads what came of those that have a run now

    def _experiment(self, member: Member) -> Experiment:
        return on_one_thread(experiment_at(member.point, self._sweep.settings, self._sweep.sweep), member.seed)

    def _taken(self, member: Member, stack: ExitStack) -> Lease | None:
        """Take the lease of a member that was not begun, nor killed again, to be given back with the others."""
        if self._sweep.result_of(member.key) is not None or self._sweep.run_of(member.key) is not None:
            return None
        if (lease := Lease.take(self._sweep.lease_of(member.key))) is None:
            return None
        stack.enter_context(lease)
        return lease if lease.claim.attempts <= MOST_TOGETHER_ATTEMPTS and self._sweep.run_of(member.key) is None else None

    def _train(self, members: Sequence[Leased]) -> None:
        """Train members as ensembles of consecutive seeds, and those that fail in halves: for most it is the memory."""
        for stretch in _stretches(members):
            if len(stretch) > 1 and not self._trained(stretch):
                self._train(stretch[: len(stretch) // 2])
                self._train(stretch[len(stretch) // 2 :])

    def _trained(self, members: Sequence[Leased]) -> bool:
        """Train an ensemble, and make the runs of its members; False if it cannot be trained. One that is stopped is saved."""
        session = self._session(members[0][0], len(members))
        if session is None:
            return False
        if not self._work.train(session, [lease for _, lease in members]):
            return True
        fits = session.trainer.ended != "out_of_memory"
        if fits:
            journals = MemberJournals(len(members), session.trainer.experiment.training.stop_when)
            journals.add(read_journal(session.run.journal))
            tensors = session.trainer.tensors()
            for number, (member, _) in reversed([*enumerate(members)]):  # the first one's name is that of the ensemble
                self._make_run(member, session, journals.records[number], of_member(number, tensors))
        session.trainer.trainable.close()
        remove_tree(session.run.path)
        return fits

    def _session(self, first: Member, n_members: int) -> Session | None:
        """Begin an ensemble, or go on with one that was stopped; None if its members cannot be trained together."""
        run = Run(self._sweep.path / FOLDER / first.key)
        with suppress(CheckpointError, RunNotFoundError):
            if is_run(run.path) and run.experiment.training.members == n_members:
                return resume_session(run)[0]
        if run.path.exists():
            remove_tree(run.path)
        experiment = self._experiment(first)
        training = experiment.training.model_copy(update={"members": n_members})
        ensemble = experiment.model_copy(update={"training": training})
        try:
            return start_session(
                ensemble, run.path.parent, self._sweep.preset, run.name, is_timed=False, sources=self._sweep.runs
            )
        except ConfigError:
            return None

    def _make_run(self, member: Member, session: Session, records: Sequence[Record], tensors: Mapping[str, Tensor]) -> None:
        experiment, last = self._experiment(member), records[-1]
        members, preset = self._sweep.members_folder, self._sweep.preset
        run = create_run(members, experiment, preset, session.run.meta, name=member.key, is_timed=False)
        share = session.trainer.seconds / session.trainer.experiment.training.members
        seconds = share * last.step / max(1, session.trainer.step)
        saved: list[Record] = []
        if last.step == session.trainer.step:
            file = save_checkpoint(run.checkpoints, last.step, tensors, experiment)
            n_bytes = (run.checkpoints / file).stat().st_size
            saved = [Checkpointed(step=last.step, file=file, seconds=seconds, n_kept=1, n_bytes=n_bytes)]
        JournalWriter(run.journal).write([*records[:-1], *saved, last.model_copy(update={"seconds": seconds})], is_durable=True)


def _stretches(members: Sequence[Leased]) -> list[list[Leased]]:
    """Group members by consecutive seeds."""
    in_order = sorted(members, key=lambda one: one[0].seed)
    groups = groupby(enumerate(in_order), lambda numbered: numbered[1][0].seed - numbered[0])
    return [[one for _, one in group] for _, group in groups]
