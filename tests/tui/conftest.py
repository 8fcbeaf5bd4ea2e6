from pathlib import Path

import pytest
from textual.app import App

from tests.tui.driving import BRIEF


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said stays until it is read, on a slow machine too."""
    monkeypatch.setattr(App, "NOTIFICATION_TIMEOUT", 3600.0)
    monkeypatch.setattr("grokterm.tui.control.notifier.WARNING_SECONDS", 3600.0)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No form rests for so long that its training is tried."""
    monkeypatch.setattr("grokterm.tui.widgets.setup.prospect.REST_SECONDS", 3600.0)


@pytest.fixture
def _drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that draw much are not paid for with seconds in which nothing is drawn."""
    for module in ("draw_budget", "view_requests"):
        monkeypatch.setattr(f"grokterm.tui.{module}.SHARE_OF_TIME", 1.0)


@pytest.fixture(autouse=True)
def _no_other_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form lists what lies in ./presets, instead of reading all that ship each time."""
    monkeypatch.setattr("grokterm.experiment.reading.presets._folders", lambda: [Path("presets")])


@pytest.fixture
def presets(tmp_path: Path) -> Path:
    """Three presets, listed before those that ship with grokterm; their moduli are 11, 13 and 17."""
    folder = tmp_path / "presets"
    folder.mkdir()
    for name, modulus in (("aa", 11), ("ab", 13), ("ac", 17)):
        text = BRIEF.replace("Brief", f"The title of {name}").replace("modulus = 11", f"modulus = {modulus}")
        text = text.replace('source = "ours"', 'source = "Aa 1999"')
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder
