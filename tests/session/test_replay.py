import numpy as np

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, Set, Swap
from grokterm.experiment.recording.records import Record
from grokterm.session.commands import Analyze, SetPace
from grokterm.session.state import LabState, fold
from tests.session.driving import Driver, acts


def eventful(driver: Driver) -> None:
    """An afternoon with everything in it."""
    driver.pause_at(3)
    driver.tell(Swap(train_fraction=0.999999))
    driver.tell(Set(values={"optimizer.learning_rate": 5e-3}))
    driver.tell(SetPace(steps_per_second=200))
    driver.train_past(60)
    driver.tell(Swap(train_fraction=0.1))
    driver.tell(Analyze())
    driver.tell(Save())
    driver.train()
    driver.leave()


def known(experiment: Experiment, records: list[Record]) -> dict[str, object]:
    """What a state says of a run, without what belongs to the moment."""
    state = fold(LabState(experiment), records)
    facts = ("experiment", "phase", "step", "device", "engine", "n_train", "n_val", "milestones", "segment", "events", "ended")
    return {name: getattr(state, name) for name in (*facts, "saved_at")} | {
        "curves": np.nan_to_num(state.curves.rows, nan=-1).tolist()
    }


def test_the_journal_of_an_eventful_run_replays_to_what_its_screen_showed(driver: Driver, grokking: Experiment) -> None:
    eventful(driver)
    live = known(grokking, driver.heard)
    assert live["phase"] == "ended"
    assert [act for _, act in acts(driver.heard)] == ["set learning_rate 0.005", "swap to 10 %", "save"]
    assert known(grokking, driver.journal) == live


def test_a_replay_in_the_middle_of_a_run_shows_the_same(driver: Driver, grokking: Experiment) -> None:
    driver.pause_at(3)
    driver.tell(Swap(train_fraction=0.3))
    assert known(grokking, driver.journal) == known(grokking, driver.heard)
