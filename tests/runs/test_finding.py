import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grokterm.errors import RunNotFoundError
from grokterm.experiment.experiment import Experiment
from grokterm.runs import finding
from grokterm.runs.finding import find_run
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run, list_runs, made_at

Make = Callable[..., list[str]]


def make(folder: Path, experiment: Experiment) -> Run:
    return create_run(folder, experiment, "tiny", {})


@pytest.fixture
def runs(tmp_path: Path) -> Make:
    """Make runs of these names, the newest last."""

    def made(*names: str) -> list[str]:
        for age, name in enumerate(reversed(names)):
            (tmp_path / name).mkdir()
            for file in ("experiment.toml", "meta.json"):
                (tmp_path / name / file).touch()
                os.utime(tmp_path / name / file, (1e9 - age, 1e9 - age))
        return list(names)

    return made


def test_a_run_is_found_by_its_name_and_by_its_path(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path / "runs", tiny)
    assert find_run(tmp_path / "runs", run.name) == run
    assert find_run(tmp_path / "elsewhere", str(run.path)) == run


def test_a_run_under_the_home_folder_is_found(tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    run = make(tmp_path / "runs", tiny)
    assert find_run(tmp_path / "elsewhere", f"~/runs/{run.name}") == run


def test_a_missing_run_names_the_nearest(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path, tiny)
    with pytest.raises(RunNotFoundError, match=f"did you mean '{run.name}'"):
        find_run(tmp_path, f"{run.name}x")


def test_a_missing_run_unlike_any_other_says_where_to_look(tiny: Experiment, tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="holds no run"):
        find_run(tmp_path, "mine")
    make(tmp_path, tiny)
    with pytest.raises(RunNotFoundError, match="grokterm runs"):
        find_run(tmp_path, "mine")


@pytest.mark.parametrize("name", ["quick-sweep", "quick-s", "{folder}/quick-sweep"])
def test_a_sweep_is_named_as_such_where_a_run_is_wanted(name: str, runs: Make, tmp_path: Path) -> None:
    runs("quick-ungrok")
    (tmp_path / "quick-sweep").mkdir()
    (tmp_path / "quick-sweep" / "sweep.toml").touch()
    with pytest.raises(RunNotFoundError, match=r"^quick-sweep is a sweep, not a run: `grokterm open quick-sweep"):
        find_run(tmp_path, name.format(folder=tmp_path))


def test_a_name_longer_than_a_file_may_have_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="no run is called"):
        find_run(tmp_path, "x" * 300)


def test_the_beginning_of_a_name_is_enough_if_no_other_begins_so(runs: Make, tmp_path: Path) -> None:
    runs("quick-20300102-030405", "quick-ungrok-20300102-030405", "liu-essay-20300102-030405")
    for beginning, name in (("l", "liu-essay"), ("liu-essay-2030", "liu-essay"), ("quick-u", "quick-ungrok")):
        assert find_run(tmp_path, beginning).name.startswith(f"{name}-2")


def test_a_whole_name_without_the_time_goes_before_longer_ones(runs: Make, tmp_path: Path) -> None:
    first, _, _ = runs("quick-20300102-030405", "quick-ungrok-20300102-030405", "quick-width-9-20300102-030405-2")
    assert find_run(tmp_path, "quick").name == first


def test_several_candidates_are_named_and_none_is_chosen(runs: Make, tmp_path: Path) -> None:
    runs(*(f"quick-20300102-03040{number}" for number in range(6)))
    with pytest.raises(RunNotFoundError, match=r"^6 runs are called quick...: \S+2, \S+3, \S+4, \S+5 and 2 more: write more"):
        find_run(tmp_path, "quick")


def test_a_minus_is_the_newest_run(runs: Make, tmp_path: Path) -> None:
    runs("c", "a", "b")
    (tmp_path / "no-run").mkdir()
    assert find_run(tmp_path, "-").name == "b"
    with pytest.raises(RunNotFoundError, match="holds no run"):
        find_run(tmp_path / "nowhere", "-")


def test_the_newest_run_is_the_one_that_was_made_last_not_copied_last(runs: Make, tmp_path: Path) -> None:
    for name, made in zip(runs("copy", "c", "a", "b"), (3, 9, 9, 5), strict=True):
        (tmp_path / name / "meta.json").write_text(f'{{"created": "2030-01-02T03:04:0{made}+00:00"}}')
        os.utime(tmp_path / name / "meta.json", (2e9, 2e9))  # later
    os.utime(tmp_path / "copy" / "meta.json", (3e9, 3e9))
    assert find_run(tmp_path, "-").name == "c"
    assert [run.name for run in list_runs(tmp_path)] == ["copy", "b", "a", "c"]


def test_of_many_runs_only_those_that_may_be_the_newest_are_read(
    runs: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    runs("a", "b", "c")
    os.utime(tmp_path / "a" / "meta.json", (1, 1))

    def recorded(run: Run) -> float:
        read.append(run.name)
        return made_at(run)

    monkeypatch.setattr(finding, "made_at", recorded)
    assert find_run(tmp_path, "-").name == "c"
    assert read == ["c", "b"]


def test_what_is_no_run_is_not_what_was_meant(runs: Make, tmp_path: Path) -> None:
    (tmp_path / "damaged-nothing").mkdir()
    with pytest.raises(RunNotFoundError, match=r"^no run is called 'damaged-nothing': the folder .* holds no run$"):
        find_run(tmp_path, "damaged-nothing")
    runs("damaged-1")
    with pytest.raises(
        RunNotFoundError, match=r"^no run is called 'damaged-nothing': `grokterm runs --runs-dir .` lists them$"
    ):
        find_run(tmp_path, "damaged-nothing")


def test_a_hidden_folder_and_one_that_is_no_run_are_not_found(runs: Make, tmp_path: Path) -> None:
    runs("tiny-1", ".tiny-draft")
    (tmp_path / "tiny-notes").mkdir()
    assert find_run(tmp_path, "tiny").name == "tiny-1"
    with pytest.raises(RunNotFoundError, match="no run is called"):
        find_run(tmp_path, ".tiny")
    with pytest.raises(RunNotFoundError, match="no run is called"):
        find_run(tmp_path, "")


def test_a_typo_among_many_runs_is_compared_with_the_likely_ones_only(
    runs: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(*(f"{letter}-20300102-030405" for letter in "abcdefgh"))
    monkeypatch.setattr(finding, "MOST_COMPARED", 2)
    with pytest.raises(RunNotFoundError, match="did you mean 'g-20300102-030405'"):
        find_run(tmp_path, "g-20300102-03040x")
