from pathlib import Path

from grokterm.cli.headless.run import _advice_on_divergence
from grokterm.experiment.experiment import Experiment
from grokterm.session.commands import Leave
from grokterm.session.start import start_session
from tests.session.driving import Driver
from tests.training.test_rfm import KERNEL


def test_a_kernel_machine_that_diverged_is_told_of_its_own_remedy(tmp_path: Path) -> None:
    driver = Driver(start_session(Experiment.from_toml(KERNEL), tmp_path, "kernel"))
    driver.pause_at(2)
    driver.tell(Leave())
    lost = "at step 3 the loss was no longer a finite number"
    assert _advice_on_divergence(driver.session.run, 3) == f"{lost}: begin again, with a larger optimizer.ridge"
