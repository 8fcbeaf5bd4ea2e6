import os
import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest

from grokterm.errors import ConfigError, PresetError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading import files
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset

MAXIMUM = "\n".join(",".join(str(max(a, b)) for b in range(5)) for a in range(5))
PRESET = '[task]\noperation = "table"\ntable = "mine.csv"\n'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without a file that another test has read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "_KEPT", {})


def written(path: str = "mine.csv", text: str = MAXIMUM) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return Path(path).absolute()


def test_a_table_is_named_by_its_absolute_path_and_its_hash_and_decides_the_modulus() -> None:
    path = written()
    task = Experiment.from_toml(PRESET).task
    assert (task.table, task.table_sha256, task.modulus) == (str(path), sha256(path.read_bytes()).hexdigest(), 5)


def test_a_path_in_a_preset_is_relative_to_its_folder_and_elsewhere_to_the_working_directory() -> None:
    written("presets/mine.csv")
    here = written("here.csv", "0,1\n1,0")
    Path("presets/tabled.toml").write_text(PRESET)
    for name in ("tabled", "presets/tabled.toml", str(Path("presets/tabled.toml").absolute())):
        assert find_preset(name).experiment.task.modulus == 5
    assert find_preset("tabled").overridden(["task.table=here.csv"]).experiment.task.table == str(here)


def test_a_file_of_another_hash_is_refused() -> None:
    written()
    with pytest.raises(ConfigError, match=r"^task.table has changed: mine.csv has the hash .*, and task.table_sha256 is abc…:"):
        Experiment.from_toml(PRESET + 'table_sha256 = "abc"')


def test_settings_that_hold_a_hash_need_the_file_no_more() -> None:
    path = written()
    experiment = Experiment.from_toml(PRESET)
    path.write_text("0,1\n1,0")
    assert Experiment.from_settings(experiment.settings()) == experiment
    path.unlink()
    assert Experiment.from_settings(experiment.settings()) == experiment
    files._KEPT.clear()
    with pytest.raises(ConfigError, match=r"^task.table: there is no file .*mine.csv$"):
        Experiment.from_settings(experiment.settings())


def test_another_file_has_another_hash_and_another_modulus() -> None:
    written()
    written("other.csv", "0,1\n1,0")
    settings = Experiment.from_toml(PRESET).settings()
    assert override(settings, ["task.table=other.csv"]).experiment.task.modulus == 2
    with pytest.raises(ConfigError, match=r"^modulus must be 2 for table, the number of its elements, not 7$"):
        override(settings, ["task.table=other.csv", "task.modulus=7"])


def test_another_operation_drops_the_file_and_takes_its_own_number_of_elements() -> None:
    written()
    settings = Experiment.from_toml(PRESET).settings()
    s5 = override(settings, ["task.operation=s5_product"])
    assert (s5.experiment.task.table, s5.experiment.task.modulus) == ("", 120)
    assert s5.notes == (
        f"dropped table = {Path('mine.csv').absolute()}, which s5_product does not have",
        "dropped modulus = 5: s5_product has its own number of elements",
    )
    assert override(settings, ["task.operation=add"]).experiment.task.modulus == 5
    assert override({}, ["task.operation=table", "task.table=mine.csv"]).experiment.task.modulus == 5


def test_only_as_many_files_are_kept_as_fit() -> None:
    for number in range(2 * files.MOST_KEPT):
        written(text=f"0,1\n{number},0")
        Experiment.from_toml(PRESET)
    assert len(files._KEPT) == files.MOST_KEPT


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_what_is_no_file_is_not_waited_for() -> None:
    os.mkfifo("mine.csv")
    with pytest.raises(ConfigError, match=r"^task.table: there is no file .*mine.csv$"):
        Experiment.from_toml(PRESET)


def test_a_file_that_cannot_be_used_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tabled.toml").write_text(PRESET)
    with pytest.raises(PresetError, match=r"^preset tabled: task.table: there is no file .*mine.csv$"):
        find_preset("./tabled.toml").experiment  # noqa: B018 - read, to see whether it can be
    written(text="0,1,x")
    with pytest.raises(ConfigError, match=r"^task.table .*mine.csv cannot be read: line 1, cell 3 must be a whole number"):
        Experiment.from_toml(PRESET)
    monkeypatch.setattr(files, "LARGEST", 2**2)
    with pytest.raises(ConfigError, match=r"^task.table: .*mine.csv is larger than 0 MB$"):
        Experiment.from_toml(PRESET)


def test_the_home_of_a_user_that_is_not_known_is_a_folder_that_is_not_there() -> None:
    with pytest.raises(PresetError, match="cannot be read: No such file"):
        find_preset("~no-such-user/a.toml")
    with pytest.raises(ConfigError, match="there is no file"):
        Experiment.from_toml(PRESET.replace("mine.csv", "~no-such-user/mine.csv"))


def test_a_small_file_is_read_without_room_for_the_largest() -> None:
    written()
    tracemalloc.start()
    files.read_file("task", "table", "mine.csv")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
