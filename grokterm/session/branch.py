"""Start a session for a new run from a step of another one."""

from collections import deque
from itertools import chain
from pathlib import Path

from grokterm.errors import ConfigError
from grokterm.experiment.interventions import Swap
from grokterm.experiment.plugins import plugins_of
from grokterm.experiment.recording.records import Acted, Checkpointed, Record
from grokterm.runs.branching import Branching
from grokterm.runs.checkpoint import checkpoint_content
from grokterm.runs.journal import JournalWriter, journal_line, read_in_brief, read_journal
from grokterm.runs.mixture_parts import copied_parts, part_files
from grokterm.runs.naming import branch_name
from grokterm.runs.replay import replay_records
from grokterm.runs.resume import check_reached, rounding_note
from grokterm.runs.storage.making import create_run
from grokterm.runs.thinning import checkpoint_name
from grokterm.session.session import Session
from grokterm.session.start import meta_of
from grokterm.training.trainer import Trainer


def branch_session(plan: Branching, folder: Path) -> tuple[Session, tuple[Record, ...]]:
    """Create a run that goes on from a step of another; return its session, and the records before.

    The steps since the checkpoint before are trained again in memory. The run shares the parent's earlier checkpoints, as hard
    links, and needs no other file of it. It is complete once it can be seen.

    Raises:
        ConfigError: if the parent has not come so far, or what is asked for cannot be done at that step.
        CheckpointError: if the parent's journal or checkpoint cannot be read.
        StorageError: if the folder cannot be written.
    """
    parent, step = plan.run, plan.step
    check_reached(parent, step, read_in_brief(parent.journal))
    name, title = branch_name(plan)
    experiment = plan.experiment.model_copy(update={"title": title})
    trainer = deque(replay_records(parent, experiment, plan.past, step), maxlen=1).pop()
    try:
        trainer.seconds = plan.seconds
        done = [record for action in plan.actions for record in trainer.act(action)]
        _check_goes_on(trainer, plan)
        checkpoint = checkpoint_name(step)
        lines = [plan.branched, *done, Checkpointed(step=step, file=checkpoint, seconds=trainer.seconds)]
        swaps = [one.action for one in (*plan.past, *done) if isinstance(one, Acted) and isinstance(one.action, Swap)]
        needed = plugins_of(trainer.experiment, [swap.operation for swap in swaps if swap.operation is not None])
        meta = {**meta_of(trainer), "plugins": needed}
        run = create_run(
            folder,
            experiment,
            parent.preset,
            {**meta, "branched_from": f"{parent.name}@{step}"},
            {
                **part_files(copied_parts(parent)),
                "journal.jsonl": chain(plan.journal, map(journal_line, lines)),
                f"checkpoints/{checkpoint}": checkpoint_content(step, trainer.tensors(), trainer.experiment),
            },
            links={f"checkpoints/{one}": parent.checkpoints / one for one in plan.shared_checkpoints},
            name=name,
        )
    except BaseException:
        trainer.trainable.close()
        raise
    records = read_journal(run.journal)
    journal = JournalWriter(run.journal, run.journal.stat().st_size)
    return Session(trainer, run, journal, note=rounding_note(parent.meta, meta), earlier=records), tuple(records)


def _check_goes_on(trainer: Trainer, plan: Branching) -> None:
    name, step = plan.run.name, plan.step
    match trainer.ending:
        case None:
            return
        case "diverged":
            raise ConfigError(f"run {name} diverged at step {step:,}, and has no weights to go on from: choose an earlier step")
        case "complete" | "stopped" as ending:
            raise AssertionError(f"a branch is planned before its end, and this one is {ending}")
        case condition:
            raise ConfigError(
                f"training.stop_when {condition} is met at step {step:,}, and would end the branch there: set it to never,"
                " or to something else"
            )
