from pathlib import Path

import pytest
from textual.app import App

from tests.tui.driving import BRIEF


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said stays until it is read, on a slow machine too."""
    monkeypatch.setattr(App, "NOTIFICATION_TIMEOUT", 3600.0)


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
