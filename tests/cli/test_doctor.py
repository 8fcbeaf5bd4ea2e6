"""`grokterm doctor`."""

from pathlib import Path

import pytest

from tests.cli.process import Here


def test_it_describes_this_machine_in_a_pipe_and_names_no_user(
    here: Here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OPENBLAS_CORETYPE", f"{tmp_path}/Haswell")
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    outcome = here("doctor", "--json", TERM="xterm", TMUX="")
    assert (outcome.code, outcome.err) == (0, "")
    found = outcome.json
    assert list(found) == ["versions", "extras", "terminal", "tmux", "processor", "torch", "folder", "environment", "advice"]
    assert found["terminal"]["is_terminal"] is False
    assert found["torch"]["version"].partition("+")[0] == found["versions"]["torch"].partition("+")[0]  # some name a build
    assert found["environment"]["OPENBLAS_CORETYPE"] == "~/Haswell"
    assert "OPENBLAS_CORETYPE is set: runs have other bits than without it" in found["advice"]
    assert "hidden" not in outcome.out
    assert str(tmp_path) not in outcome.out
    assert not (tmp_path / "runs").exists()


def test_it_says_what_more_there_is_and_how_it_comes_there(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"ray": "2.60", "torch": "2.13"}
    monkeypatch.setattr("grokterm.cli.doctor._version", there.get)
    monkeypatch.setattr("grokterm.session.torch_import.import_torch", lambda: None)
    extras = here("doctor", "--json", TERM="xterm", TMUX="").json["extras"]
    assert extras["ray"] == "there"
    assert extras["slurm"] == "without submitit: pip install 'grokterm[slurm]'"
    assert extras["tables"] == "without pyarrow: pip install 'grokterm[tables]'"
    assert "test" not in extras


def test_it_says_the_same_in_words_where_torch_is_broken(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr("grokterm.session.torch_import.import_torch", fail)
    outcome = here("doctor", TERM="xterm", TMUX="")
    assert outcome.code == 0
    assert "! torch cannot be loaded: libtorch.so: cannot open shared object file" in outcome.out
