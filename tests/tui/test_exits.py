"""How the application ends."""

import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from grokterm.session.thread import TrainingThread
from grokterm.tui import exits
from grokterm.tui.control import handover


class EndedError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("hangup", "is_detaching", "goes_on"),
    [("continue", False, True), ("save", False, False), ("save", True, True)],
)
def test_a_training_that_is_being_detached_goes_on_whatever_a_hangup_means(
    monkeypatch: pytest.MonkeyPatch, hangup: str, *, is_detaching: bool, goes_on: bool
) -> None:
    training, handed_over = object.__new__(TrainingThread), list[Any]()

    def end(code: int) -> None:
        raise EndedError(code)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(handover, "hand_over_unattended", handed_over.append)
    lab = SimpleNamespace(training=training, control=SimpleNamespace(is_detaching=is_detaching))
    app = SimpleNamespace(lab=lab, sweep=None, preferences=SimpleNamespace(hangup_now=hangup))
    with pytest.raises(EndedError, match="129"):
        exits.Exits(cast("Any", app))._hang_up()
    assert handed_over == [training] * goes_on
