from pathlib import Path

import pytest

from grokterm.errors import PresetError
from grokterm.experiment.reading.presets import Preset, find_preset, group_presets, list_presets, split_source
from grokterm.experiment.reading.ranges import n_points

SHIPPED = sorted(path.stem for path in (Path(__file__).parents[3] / "presets").glob("*.toml"))
USER = Path("data/grokterm/presets")
"""Where XDG_DATA_HOME of these tests has the user's presets."""


def write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def test_the_presets_that_ship_are_found() -> None:
    assert "quick" in SHIPPED
    assert [preset.name for preset in list_presets()] == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_preset_is_valid_and_says_what_it_shows_on_whose_word(name: str) -> None:
    experiment = find_preset(name).experiment
    assert experiment.title != "Untitled"
    assert experiment.source
    if experiment.expect is not None:
        assert experiment.expect.ranges
    assert experiment.warnings() == []


def test_what_is_listed_of_a_preset_that_ships_is_what_validation_makes_of_it() -> None:
    for preset in list_presets():
        assert preset.is_shipped
        assert (preset.title, preset.source) == (preset.experiment.title, preset.experiment.source)
        written, sweep = preset.written_sweep, preset.sweep
        assert (written is None) == (sweep is None)
        if written is not None and sweep is not None:
            assert n_points(*(written.get(name, {}) for name in ("grid", "zipped", "variants"))) == sweep.n_points
            assert written.get("seeds", 1) == sweep.seeds
    write(Path("presets"), "mine", "")
    assert not find_preset("mine").is_shipped


def test_a_name_is_sought_here_then_in_the_users_folder_then_among_those_that_ship() -> None:
    assert find_preset("quick").experiment.title != "Mine"
    write(USER, "quick", 'title = "Mine"')
    assert find_preset("quick").experiment.title == "Mine"
    write(Path("presets"), "quick", 'title = "Here"')
    assert find_preset("quick").experiment.title == "Here"
    assert [preset.experiment.title for preset in list_presets() if preset.name == "quick"] == ["Here"]


def test_a_path_is_read_as_it_stands() -> None:
    write(Path("presets"), "quick", 'title = "Here"')
    write(Path(), "quick", 'title = "A file"')
    assert find_preset("quick.toml").experiment.title == "A file"
    assert find_preset("./quick.toml").experiment.title == "A file"
    assert find_preset(str(Path("quick.toml").absolute())).experiment.title == "A file"
    assert find_preset("quick").experiment.title == "Here"


def test_a_file_with_another_ending_is_read_where_its_path_has_a_slash() -> None:
    Path("mine.txt").write_text('title = "Mine"', encoding="utf-8")
    assert find_preset("./mine.txt").experiment.title == "Mine"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PresetError) as refused:
        find_preset("quik")
    assert str(refused.value) == "no preset is called 'quik': did you mean 'quick'?"
    with pytest.raises(PresetError, match="no preset is called 'zzz': `grokterm presets` lists them"):
        find_preset("zzz")


def test_a_preset_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "marked.toml").write_text("\ufeffseed = 3\n", encoding="utf-8")
    assert find_preset(str(tmp_path / "marked.toml")).experiment.seed == 3


def test_a_path_to_nothing_is_refused() -> None:
    with pytest.raises(PresetError) as refused:
        find_preset("gone/quick.toml")
    assert str(refused.value) == "preset gone/quick.toml cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "seed = 1\nseed 2\n",
            "preset broken: not valid TOML: Expected '=' after a key in a key/value pair (at line 2, column 6)",
        ),
        ("seed = -1", "preset broken: seed must be at least 0, not -1"),
        ('[task]\noperation = "divide"\nmodulus = 90', "preset broken: modulus must be prime for divide"),
    ],
)
def test_a_broken_preset_is_named_and_hides_no_other(text: str, message: str) -> None:
    write(Path("presets"), "broken", text)
    with pytest.raises(PresetError) as refused:
        _ = find_preset("broken").experiment
    assert str(refused.value).startswith(message)
    assert {preset.name for preset in list_presets()} == {*SHIPPED, "broken"}


def test_a_preset_that_is_no_text_is_refused_with_its_path() -> None:
    Path("picture.toml").write_bytes(b"\x89PNG\xff")
    with pytest.raises(PresetError) as refused:
        find_preset("picture.toml")
    assert str(refused.value) == "preset picture.toml is not a text in UTF-8"


def test_the_settings_of_a_preset_are_what_was_written_and_no_more() -> None:
    preset = Preset("mine", Path("mine.toml"), "seed = 3\n[task]\nmodulus = 23\n")
    assert preset.settings == {"seed": 3, "task": {"modulus": 23}}


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("Gromov 2023, arXiv:2301.02679, Fig. 1", ("Gromov 2023", "arXiv:2301.02679, Fig. 1")),
        ("Gromov 2023", ("Gromov 2023", "")),
        ("ours, after Varma 2023, Fig. 7", ("ours", "after Varma 2023, Fig. 7")),
        ("ours: after Varma 2023", ("ours", "after Varma 2023")),
        ("oursin 1999, Fig. 2", ("oursin 1999", "Fig. 2")),
        ("", ("", "")),
    ],
)
def test_a_source_is_a_group_and_a_place_in_it(source: str, parts: tuple[str, str]) -> None:
    assert split_source(source) == parts


def test_presets_are_grouped_by_source_and_ours_come_after_those_of_others() -> None:
    for name, source in (("b", "Zhu 1999, Fig. 1"), ("a", "Zhu 1999, Fig. 2"), ("own", "ours"), ("mute", "")):
        write(Path("presets"), name, f'source = "{source}"')
    write(Path("presets"), "broken", "[task")
    groups = {name: [preset.name for preset in group] for name, group in group_presets().items()}
    assert list(groups)[-3:] == ["Zhu 1999", "ours", ""]
    assert groups["Zhu 1999"] == ["a", "b"]
    assert "own" in groups["ours"]
    assert groups[""] == ["broken", "mute"]
    assert sorted(name for group in groups.values() for name in group) == [preset.name for preset in list_presets()]
