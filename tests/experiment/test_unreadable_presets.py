from pathlib import Path

import pytest

from grokterm.errors import PresetError
from grokterm.experiment.reading.presets import find_preset, list_presets


def test_a_file_that_is_no_text_is_listed_with_its_problem_and_hides_no_other(tmp_path: Path) -> None:
    Path("presets").mkdir()
    Path("presets/mine.toml").write_bytes(b"\xff\xfe")
    listed = {preset.name: preset for preset in list_presets()}
    assert "quick" in listed
    assert listed["mine"].problem == "preset presets/mine.toml is not a text in UTF-8"
    with pytest.raises(PresetError, match="is not a text in UTF-8"):
        _ = listed["mine"].experiment
    with pytest.raises(PresetError, match="is not a text in UTF-8"):
        find_preset("mine")


def test_a_name_that_no_file_could_have_is_an_unknown_preset() -> None:
    with pytest.raises(PresetError, match="no preset is called"):
        find_preset("x" * 300)


def test_a_path_that_no_file_could_have_cannot_be_read() -> None:
    with pytest.raises(PresetError, match="cannot be read: File name too long"):
        find_preset("./" + "x" * 300)
