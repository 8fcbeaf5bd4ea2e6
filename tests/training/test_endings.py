from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.records import Acted, Evaluated, Finished, Skipped
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed, finish


def test_the_step_at_which_a_run_is_stopped_is_measured(tiny: Experiment) -> None:
    stopped = changed(tiny, "interventions=[{at_step=17, stop=true}]")
    outcome = finish(Trainer(stopped, threads=1))
    assert [record.step for record in outcome.every(Evaluated)] == [0, 5, 10, 15, 17]
    assert [(record.step, record.reason) for record in outcome.every(Finished)] == [(17, "stopped")]


def test_an_intervention_that_could_not_happen_is_recorded_and_does_not_come_back(tiny: Experiment) -> None:
    waiting = changed(tiny, "interventions=[{when='memorized', swap={train_fraction=0.98}}]")
    trainer = Trainer(waiting, threads=1)
    records = trainer.begin() + trainer.act(Swap(train_fraction=0.2))
    while not any(isinstance(record, Skipped) for record in records):
        records += trainer.advance()
    assert not any(isinstance(record, Acted) and record.intervention == 0 for record in records)

    resumed = Trainer(waiting, threads=1)
    resumed.restore(trainer.step, trainer.seconds, trainer.tensors(), records)
    later = resumed.begin() + resumed.act(Swap(seed=5))
    while resumed.ended is None:
        later += resumed.advance()
    assert not any(isinstance(record, Acted | Skipped) and record.intervention == 0 for record in later)
