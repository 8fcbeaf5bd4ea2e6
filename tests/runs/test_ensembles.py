"""An ensemble on disk: summed up member by member, gone on with, and looked at through its first member."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.results.summary import Summary
from grokterm.runs.store import Run
from grokterm.session.start import resume_session, start_session
from tests.conftest import GROKKING
from tests.training.outcome import assert_same_numbers, changed, finish, started, trained_to
from tests.training.worker_here import members_here


def trained(experiment: Experiment, folder: Path) -> Run:
    session = start_session(experiment, folder, "ensemble")
    for _ in session.records():
        pass
    return session.run


def summary_of(run: Run) -> Summary:
    return summarize(run, read_journal(run.journal))


@pytest.fixture(autouse=True, scope="module")
def _no_processes() -> Iterator[None]:
    with members_here():
        yield


ENSEMBLE = changed(Experiment.from_toml(GROKKING), "training.members=2")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An ensemble that was trained to its end."""
    return trained(ENSEMBLE, tmp_path_factory.mktemp("together"))


def test_a_summary_says_what_each_member_came_to(kept: Run, tmp_path: Path) -> None:
    summary = summary_of(kept)
    members = json.loads(summary.to_json())["members"]
    assert len(members) == 2
    for number, member in enumerate(members):
        alone = summary_of(trained(ENSEMBLE.member(number), tmp_path / str(number)))
        expected = alone.model_dump(include=set(member) - {"seed"})
        assert member == {"seed": ENSEMBLE.seed + number, **expected}
        assert "members" not in json.loads(alone.to_json())
    assert summary.grokked_at == max(member["grokked_at"] for member in members)
    statistics = json.loads(summary.to_json())["statistics"]
    assert statistics.keys() == {*members[0]} - {"seed"}
    losses = [member["val_loss"] for member in members]
    assert statistics["val_loss"]["mean"] == pytest.approx(sum(losses) / 2)
    assert statistics["ungrokked_at"]["n"] == 0


def test_an_ensemble_that_is_gone_on_with_ends_like_one_that_was_not_interrupted(tiny: Experiment, tmp_path: Path) -> None:
    whole = changed(tiny, "training.members=2")
    run = trained(changed(whole, "training.steps=25"), tmp_path)
    session, _ = resume_session(run, ["training.steps=60"])
    for _ in session.records():
        pass
    assert_same_numbers(session.trainer, finish(started(whole)).trainer)


@pytest.mark.parametrize("step", [33, None])
def test_what_is_looked_at_is_the_first_member(kept: Run, step: int | None) -> None:
    there = trainer_at(kept, step)
    alone = trained_to(ENSEMBLE.member(0), 100 if step is None else step).trainer
    assert_same_numbers(there, alone)
    assert there.experiment.training.members == 1
