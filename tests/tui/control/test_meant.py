from dataclasses import replace

from grokterm.experiment.experiment import Experiment
from grokterm.session.state import LabState
from grokterm.tui.control.meant import ShownPhase


def test_a_key_means_what_was_read_and_one_of_the_own_hand_what_it_says(tiny: Experiment) -> None:
    training = replace(LabState(tiny), phase="training")
    paused, shown = replace(training, phase="paused"), ShownPhase()
    shown.show(paused, 10.0)
    shown.show(training, 20.0)  # by another screen
    assert shown.meant(20.1) == "resume"
    assert shown.meant(21.0) == "pause"
    shown.show(paused, 21.1)  # as was asked for
    assert shown.meant(21.2) == "resume"
