"""How long a run will take here, with all that belongs to it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.models.mixture import MixturePart
from grokterm.runs.results import expected_time
from grokterm.runs.results.expected_time import estimate_run
from grokterm.training.estimate import Estimate
from tests.training.outcome import changed


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Experiment, Mapping[str, MixturePart] | None]]:
    """What was tried; each takes ten seconds."""
    tried: list[tuple[Experiment, Mapping[str, MixturePart] | None]] = []

    def estimate(experiment: Experiment, parts: Mapping[str, MixturePart] | None = None, is_wanted: object = None) -> Estimate:
        del is_wanted
        tried.append((experiment, parts))
        return Estimate(10.0, 100)

    monkeypatch.setattr(expected_time, "estimate", estimate)
    return tried


def test_a_mixture_takes_as_long_as_its_untrained_parts_and_itself(
    tried: list[tuple[Experiment, Mapping[str, MixturePart] | None]], tmp_path: Path
) -> None:
    assert estimate_run(find_preset("report-mixture-10-1").experiment, tmp_path).seconds == 30.0
    assert tried[-1][1] is not None
    assert set(tried[-1][1]) == {"generalizer", "memorizer"}


def test_the_members_of_an_ensemble_share_the_cores(
    tried: list[tuple[Experiment, object]], tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected_time, "available_cores", lambda: 2)
    assert estimate_run(changed(tiny, "training.members=3"), tmp_path).seconds == 15.0
    assert tried[0][0].training.members == 1


def test_what_cannot_be_trained_here_is_refused(tiny: Experiment, tmp_path: Path) -> None:
    with pytest.raises(GroktermError, match="device"):
        estimate_run(changed(tiny, "device=cuda:99"), tmp_path)


def test_what_is_no_longer_wanted_is_left_after_a_chunk(tiny: Experiment, tmp_path: Path) -> None:
    asked: list[bool] = []

    def is_wanted() -> bool:
        asked.append(True)
        return False

    estimate_run(changed(tiny, "training.steps=1000000"), tmp_path, is_wanted)
    assert len(asked) == 1
