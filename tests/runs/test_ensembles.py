"""An ensemble on disk: summed up member by member, gone on with, and looked at through its first member."""

import json
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run
from grokterm.runs.summary import Summary, summarize
from grokterm.session.start import resume_session, start_session
from tests.training.outcome import assert_same_numbers, changed, finish, started, trained_to


def trained(experiment: Experiment, folder: Path) -> Run:
    session = start_session(experiment, folder, "ensemble")
    for _ in session.records():
        pass
    return session.run


def summary_of(run: Run) -> Summary:
    return summarize(run, read_journal(run.journal))


@pytest.fixture
def ensemble(grokking: Experiment) -> Experiment:
    return changed(grokking, "training.members=2")


def test_a_summary_says_what_each_member_came_to(ensemble: Experiment, tmp_path: Path) -> None:
    summary = summary_of(trained(ensemble, tmp_path / "together"))
    members = json.loads(summary.to_json())["members"]
    assert len(members) == 2
    for number, member in enumerate(members):
        alone = summary_of(trained(ensemble.member(number), tmp_path / str(number)))
        expected = alone.model_dump(include=set(member) - {"seed"})
        assert member == {"seed": ensemble.seed + number, **expected}
        assert "members" not in json.loads(alone.to_json())
    assert summary.grokked_at == max(member["grokked_at"] for member in members)


def test_an_ensemble_that_is_gone_on_with_ends_like_one_that_was_not_interrupted(tiny: Experiment, tmp_path: Path) -> None:
    whole = changed(tiny, "training.members=2")
    run = trained(changed(whole, "training.steps=25"), tmp_path)
    session, _ = resume_session(run, ["training.steps=60"])
    for _ in session.records():
        pass
    assert_same_numbers(session.trainer, finish(started(whole)).trainer)


@pytest.mark.parametrize("step", [33, None])
def test_what_is_looked_at_is_the_first_member(ensemble: Experiment, tmp_path: Path, step: int | None) -> None:
    there = trainer_at(trained(ensemble, tmp_path), step)
    alone = trained_to(ensemble.member(0), 100 if step is None else step).trainer
    assert_same_numbers(there, alone)
    assert there.experiment.training.members == 1
