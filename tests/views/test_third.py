import numpy as np

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Acted
from grokterm.session.state import LabState, fold
from grokterm.views.third import CHARTS, known_charts, norm_curve, third_panel


def trained(*records: Inspected | Acted, **optimizer: object) -> LabState:
    experiment = Experiment.from_settings({"optimizer": {"kind": "adamw", "learning_rate": 0.01, **optimizer}})
    evaluations = [Evaluated(step=step, train_loss=1.0, train_accuracy=0.5, parameter_norm=9.0) for step in range(0, 101, 10)]
    return fold(LabState(experiment), sorted([*evaluations, *records], key=lambda record: record.step))


def test_only_what_was_measured_can_be_chosen_and_the_norm_always() -> None:
    assert known_charts(LabState(Experiment())) == ["norm"]
    assert known_charts(trained()) == ["norm", "rate"]
    assert known_charts(trained(Inspected(step=50, ipr=0.5, excluded_loss=2.0))) == ["norm", "IPR", "parts", "rate"]
    assert third_panel(trained(), "IPR").name == "norm"


def test_a_norm_that_is_known_throughout_is_not_copied() -> None:
    state = trained()
    assert np.shares_memory(norm_curve(state).y, state.curves.column("parameter_norm"))
    later = fold(state, [Evaluated(step=110, train_loss=1.0, train_accuracy=0.5)])
    assert norm_curve(later).x.tolist() == list(range(0, 101, 10))


def test_the_learning_rate_follows_its_schedule_and_what_a_user_set() -> None:
    act = Acted(step=50, action=Set(values={"optimizer.learning_rate": 0.5}), n_train=9, n_val=9)
    (rate,) = CHARTS["rate"].find(trained(act, warmup_steps=20))
    at = dict(zip(rate.x.tolist(), rate.y.tolist(), strict=True))
    assert np.allclose([at[0], at[10], at[40], at[50], at[100]], [0.0, 0.005, 0.01, 0.5, 0.5])
