import signal
from pathlib import Path

import pytest
import torch

from grokterm.cli import bench
from grokterm.experiment.experiment import Experiment
from tests.cli.background import SECONDS, started, with_patch
from tests.cli.process import Here, assert_refused, command_line, grokterm

AT_THE_FIRST_INTRODUCTION = """
from grokterm.bench import comparison
from threading import Event

def hang(*_):
    sys.stderr.write("racing\\n")
    sys.stderr.flush()
    Event().wait()

comparison._started = hang
"""


@pytest.fixture
def quickly(preset: Path) -> list[str]:
    """The options of a benchmark that is soon over."""
    return ["--preset", str(preset), "--repetitions", "1", "--seconds", "0.001", "--device", "cpu"]


def test_one_object_says_who_was_how_fast(quickly: list[str]) -> None:
    outcome = grokterm("bench", "--json", *quickly)
    assert outcome.code == 0, outcome.err
    assert outcome.json["machine"].keys() == {"processor", "cores", "devices", "torch", "date", "load"}
    assert outcome.json["machine"]["devices"] == ["cpu"]
    (preset,) = outcome.json["presets"]
    assert (preset["modulus"], preset["n_train"], preset["evaluate_every"], preset["chosen"]) == (11, 73, 5, "fused")
    ours, _, notebook, *floors = preset["racers"]
    assert [contestant["name"] for contestant in preset["racers"]] == ["fused", "eager", "notebook", "floor", "floor by torch"]
    (rate,), *fastest = (contestant["steps_per_second"]["update"]["repetitions"] for contestant in (ours, *floors))
    assert ours["ratios"]["update_to_floor"]["median"] == pytest.approx(rate / max(*fastest[0], *fastest[1]))
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
        child.send_signal(signal.SIGINT)
        assert child.wait(SECONDS) == 130
        assert "Traceback" not in child.stderr.read()


@pytest.mark.parametrize("name", bench.PRESETS)
def test_the_presets_that_are_timed_by_default_are_there(name: str) -> None:
    from grokterm.experiment.presets import find_preset

    assert isinstance(find_preset(name).experiment, Experiment)
