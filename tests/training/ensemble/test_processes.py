"""An ensemble is its members: each trained as it would be alone, over processes that nobody has to know of.

Processes of their own are started where a test is of them; the others are of what these are asked and answer.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from grokterm.errors import ConfigError, ProcessDiedError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.metrics import EVALUATION_METRICS
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Started
from grokterm.session.commands import Leave
from grokterm.session.start import start_session
from grokterm.training.ensemble.naming import of_member
from grokterm.training.ensemble.processes import ProcessEnsemble
from grokterm.training.signals import ENDING, SAVING
from grokterm.training.trainer import Trainer
from tests.conftest import TINY
from tests.training.ensemble.seen import SOME_HAVE_SEEN, assert_only_some_have_seen
from tests.training.every_network import every_network, small, trainer_of
from tests.training.outcome import Outcome, assert_same_numbers, changed, finish, started, trained_to
from tests.training.worker_here import members_here

N_MEMBERS = 3

if TYPE_CHECKING:
    from grokterm.experiment.conditions import Milestone


@pytest.fixture
def ensemble(tiny: Experiment) -> Experiment:
    return changed(tiny, f"training.members={N_MEMBERS}")


@pytest.fixture(scope="module")
def together() -> Outcome:
    """An ensemble that was trained to its end, all members by one worker."""
    with members_here():
        return finish(Trainer(changed(Experiment.from_toml(TINY), f"training.members={N_MEMBERS}"), threads=1))


def alone(experiment: Experiment, number: int) -> Outcome:
    return finish(started(experiment.member(number)))


def test_a_member_is_bit_for_bit_what_it_would_be_alone(eventful: Experiment) -> None:
    experiment = changed(eventful, f"training.members={N_MEMBERS}")
    together = finish(Trainer(experiment, threads=2))
    for number in range(N_MEMBERS):
        solo = alone(experiment, number)
        own = of_member(number, together.trainer.tensors())
        torch.testing.assert_close(own, solo.trainer.tensors(), rtol=0, atol=0)
        numbers = [one.rows[number] for one in together.every(Evaluated)]
        assert numbers == [one.rows[0] for one in solo.every(Evaluated)]


@pytest.mark.usefixtures("_members_here")
def test_members_of_which_only_some_hold_out_what_they_were_trained_on_are_measured_as_alone(tiny: Experiment) -> None:
    experiment = changed(tiny, f"training.members={N_MEMBERS}", *SOME_HAVE_SEEN)
    together = finish(Trainer(experiment, threads=2))
    assert_only_some_have_seen(together)
    for number in range(N_MEMBERS):
        numbers = [one.rows[number] for one in together.every(Evaluated)]
        assert numbers == [one.rows[0] for one in alone(experiment, number).every(Evaluated)]


@pytest.mark.usefixtures("_members_here")
def test_an_ensemble_that_is_restored_remembers_what_was_ever_trained_on(redrawn: Experiment) -> None:
    experiment = changed(redrawn, f"training.members={N_MEMBERS}")
    half, resumed, whole = trained_to(experiment, 30), Trainer(experiment, threads=1), finish(Trainer(experiment, threads=1))
    resumed.restore(30, 0.0, half.trainer.tensors(), half.records)
    assert finish(resumed).facts[1:] == [one for one in whole.facts if one.step > 30]
    assert_same_numbers(resumed, whole.trainer)


@pytest.mark.usefixtures("_members_here")
@every_network
def test_every_network_can_be_a_member(architecture: str) -> None:
    together = trainer_of(small(architecture, "training.members=2", "training.steps=6"))
    finish(together)
    for number in range(2):
        solo = finish(trainer_of(together.experiment.member(number))).trainer
        torch.testing.assert_close(of_member(number, together.tensors()), solo.tensors(), rtol=0, atol=0)


@pytest.mark.usefixtures("_members_here")
def test_what_is_inspected_on_the_way_is_the_first_member(grokking: Experiment) -> None:
    metric_at_step = changed(grokking, "training.members=2", "training.inspect_every=10")
    together, solo = (
        finish(Trainer(metric_at_step, threads=1)).every(Inspected),
        finish(started(metric_at_step.member(0))).every(Inspected),
    )
    looked_at = {one.step: one for one in solo}
    regular = [one for one in together if one.step % 10 == 0]
    assert len(regular) == 11
    assert all(one == looked_at[one.step] for one in regular)


def test_neither_processes_nor_chunks_leave_a_trace(ensemble: Experiment, together: Outcome) -> None:
    apart = finish(Trainer(ensemble, threads=2), [7, 9, 11])
    assert apart.facts[1:] == together.facts[1:]
    assert_same_numbers(apart.trainer, together.trainer)


def test_an_evaluation_says_the_means_over_members(together: Outcome) -> None:
    last = together.every(Evaluated)[-1]
    for name in (*EVALUATION_METRICS, "parameter_norm"):
        assert getattr(last, name) == pytest.approx(sum(row[name] for row in last.rows) / N_MEMBERS)


def test_a_journal_says_the_seeds_of_the_members(ensemble: Experiment, together: Outcome) -> None:
    (begun,) = together.every(Started)
    assert begun.seeds == tuple(ensemble.member(number).seed for number in range(N_MEMBERS))


@pytest.mark.usefixtures("_members_here")
def test_a_milestone_is_reached_when_the_last_member_has_reached_it(grokking: Experiment) -> None:
    experiment = changed(grokking, "training.members=3", "training.steps=60")
    together = finish(Trainer(experiment, threads=1))
    milestones: tuple[Milestone, ...] = ("memorized", "grokked")
    for milestone in milestones:
        steps = [alone(experiment, number).reached_at(milestone) for number in range(3)]
        assert len(set(steps)) > 1
        assert together.reached_at(milestone) == max(step for step in steps if step is not None)


@pytest.mark.usefixtures("_members_here")
def test_an_ensemble_goes_on_from_a_checkpoint(ensemble: Experiment, together: Outcome) -> None:
    half, resumed = trained_to(ensemble, 30), Trainer(ensemble, threads=1)
    resumed.restore(30, 0.0, half.trainer.tensors(), half.records)
    finish(resumed)
    assert_same_numbers(resumed, together.trainer)


def test_what_is_looked_at_is_the_first_member(ensemble: Experiment, together: Outcome) -> None:
    seen, solo = together.trainer.snapshot(), alone(ensemble, 0).trainer.snapshot()
    assert seen.step == solo.step
    assert all((value == solo.parameters[name]).all() for name, value in seen.parameters.items())


@pytest.mark.usefixtures("_members_here")
def test_an_ensemble_whose_members_all_diverged_ends_where_that_was_seen(diverging: Experiment) -> None:
    experiment = changed(diverging, "training.members=2", "training.evaluate_every=1")
    together = finish(Trainer(experiment, threads=1))
    steps = [alone(experiment, number).reached_at("diverged") for number in range(2)]
    assert together.trainer.ended == "diverged"
    assert together.trainer.step == max(step for step in steps if step is not None)


@pytest.mark.usefixtures("_members_here")
def test_a_swap_that_cannot_be_changes_nothing(ensemble: Experiment) -> None:
    trainer = Trainer(ensemble, threads=1)
    trainer.begin()
    before = trainer.tensors()
    with pytest.raises(ConfigError):
        trainer.act(Swap(train_fraction=0.999))
    torch.testing.assert_close(trainer.tensors(), before, rtol=0, atol=0)


def test_a_process_that_dies_is_said_in_one_line(ensemble: Experiment) -> None:
    trainer = Trainer(ensemble, threads=2)
    trainer.begin()
    assert isinstance(trainer.trainable, ProcessEnsemble)
    trainer.trainable._workers[0]._process.kill()
    with pytest.raises(ProcessDiedError, match="a process that trained members of the ensemble has died"):
        trainer.advance()


def test_signals_to_a_whole_job_do_not_reach_the_processes(ensemble: Experiment) -> None:
    trainer = Trainer(ensemble, threads=1)
    trainer.begin()
    assert isinstance(trainer.trainable, ProcessEnsemble)
    for worker in trainer.trainable._workers:
        for number in (*ENDING, *SAVING):
            worker._process.send_signal(number)
    assert trainer.advance()
    assert trainer.tensors()


def test_processes_end_when_their_ensemble_is_left(ensemble: Experiment, tmp_path: Path) -> None:
    session = start_session(ensemble, tmp_path, "ensemble")
    assert isinstance(session.trainer.trainable, ProcessEnsemble)
    processes = [worker._process for worker in session.trainer.trainable._workers]
    session.send(Leave())
    for _ in session.records(stay=True):
        pass
    assert all(process.poll() is not None for process in processes)


def test_processes_end_with_their_ensemble(ensemble: Experiment) -> None:
    pool = ProcessEnsemble(ensemble, torch.device("cpu"), threads=2)
    processes = [worker._process for worker in pool._workers]
    assert [process.poll() for process in processes] == [None, None]
    del pool
    assert all(process.poll() is not None for process in processes)
