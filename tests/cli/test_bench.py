import signal
from pathlib import Path
from statistics import median

import pytest
import torch

from grokterm.bench.comparison import FLOORS
from grokterm.bench.process import NOTEBOOK
from grokterm.cli import bench
from grokterm.experiment.experiment import Experiment
from tests.bench.contestants_here import contestants_here
from tests.cli.background import SECONDS, started, with_patch
from tests.cli.process import Here, assert_refused, command_line

AT_THE_FIRST_INTRODUCTION = """
from grokterm.bench import comparison
from threading import Event

def hang(*_):
    sys.stderr.write("racing\\n")
    sys.stderr.flush()
    Event().wait()

comparison._started, comparison.ENGINES, comparison.FLOORS = hang, (), ()
"""


def test_one_object_says_who_was_how_fast(preset: Path, here: Here) -> None:
    with contestants_here():
        outcome = here("bench", "--json", "--preset", preset, "--repetitions", "2", "--seconds", "0.01", "--device", "cpu")
    assert outcome.code == 0, outcome.err
    assert outcome.json["machine"].keys() == {"processor", "cores", "devices", "torch", "products", "date", "load"}
    assert outcome.json["machine"]["devices"] == ["cpu"]
    (compared,) = outcome.json["presets"]
    assert (compared["modulus"], compared["n_train"], compared["evaluate_every"], compared["chosen"]) == (11, 73, 5, "fused")
    assert compared["left_out"].keys() == {"graph"}
    ours, eager, notebook, *floors = racers = compared["racers"]
    assert [racer["name"] for racer in racers] == ["fused", "eager", NOTEBOOK, *FLOORS]
    for racer, modes in ((ours, 2), (eager, 2), (notebook, 2), *((floor, 1) for floor in floors)):
        rates = [rate["repetitions"] for rate in racer["steps_per_second"].values() if rate]
        assert (len(rates), {len(repeated) for repeated in rates}) == (modes, {2})
        assert min(min(repeated) for repeated in rates) > 0
    updates = [racer["steps_per_second"]["update"]["repetitions"] for racer in (ours, *floors)]
    ratios = [rate / max(either) for rate, *either in zip(*updates, strict=True)]
    found = ours["ratios"]["update_to_floor"]
    assert found == pytest.approx({"median": median(ratios), "low": min(ratios), "high": max(ratios)})
    assert notebook["ratios"]["training_to_notebook"] == {"median": 1, "low": 1, "high": 1}
    assert floors[0]["steps_per_second"]["training"] is floors[0]["ratios"]["training_to_notebook"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "quikc"], ["no preset is called 'quikc': did you mean 'quick'?"]),
        (["--repetitions", "0"], ["--repetitions"]),
        (["--json", "--markdown"], ["--json and --markdown exclude each other"]),
        (["--device", "gpu"], ["device must be auto, cpu, cuda"]),
    ],
)
def test_what_cannot_be_timed_is_refused_in_one_line(arguments: list[str], words: list[str], here: Here) -> None:
    assert_refused(here("bench", *arguments), *words)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused_before_anybody_is_timed(here: Here) -> None:
    assert_refused(here("bench", "--device", "cuda"), "device cuda: this machine has no CUDA device")


def test_an_interrupt_leaves_at_once_without_a_traceback(preset: Path) -> None:
    with started(with_patch(AT_THE_FIRST_INTRODUCTION, command_line("bench", "--preset", preset))) as child:
        assert child.stderr is not None
        assert "racing\n" in iter(child.stderr.readline, "")
        child.send_signal(signal.SIGUSR1)  # there is nothing to save
        child.send_signal(signal.SIGINT)
        assert child.wait(SECONDS) == 130
        assert "Traceback" not in child.stderr.read()


@pytest.mark.parametrize("name", bench.PRESETS)
def test_the_presets_that_are_timed_by_default_are_there(name: str) -> None:
    from grokterm.experiment.reading.presets import find_preset

    assert isinstance(find_preset(name).experiment, Experiment)
