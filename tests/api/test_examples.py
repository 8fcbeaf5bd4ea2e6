"""The code of the README and of the manual's page about Python runs, from its first line to its last."""

import re
from pathlib import Path
from typing import Any

import pytest

import grokterm as gt
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.storage.tables import write_table
from tests.sweeps.fixtures import TINY

PAGE = Path(gt.__file__).parent / "help" / "python.md"
README = Path(gt.__file__).parents[1] / "README.md"
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def here(preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where quick groks at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GROKTERM_RUNS_DIR", raising=False)
    monkeypatch.setenv("GROKTERM_CONFIG_DIR", str(tmp_path))
    Path("presets").mkdir()
    Path("presets/quick.toml").write_bytes(preset.read_bytes())
    return tmp_path


@pytest.mark.usefixtures("here")
def test_the_example_of_the_readme_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    (code,) = CODE.findall(README.read_text("utf-8"))
    grid = {"task.train_fraction": [0.5, 0.6]}
    variants = {"decay": {"optimizer.weight_decay": 3.0}, "none": {"optimizer.weight_decay": 0.0}}
    table = {"grid": grid, "variants": variants, "measure": "val_accuracy"}
    sweep = keep_sweep(Path("runs"), "sweep-report-fig4", "tiny", TINY, Sweep.from_settings(table))
    results = {member.key: Result(key=member.key, val_accuracy=0.25) for member in sweep.members()}
    write_table(sweep, sweep.members(), results)
    exec(code, {})
    memorized, grokked, accuracy, shape, *medians = capsys.readouterr().out.splitlines()
    assert (memorized.rsplit(" ", 1)[0], grokked.rsplit(" ", 1)[0]) == ("memorized at step", "grokked at step")
    assert float(accuracy.split()[0]) == 1
    assert re.fullmatch(r"torch\.Size\(\[(\d+), \d+\]\)", shape)
    assert [word for line in medians[-2:] for word in line.split()] == ["0.5", "0.25", "0.25", "0.6", "0.25", "0.25"]


@pytest.mark.usefixtures("here")
def test_the_examples_of_the_page_do_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    names: dict[str, Any] = {}
    trained, looked, differentiated = CODE.findall(PAGE.read_text("utf-8"))

    exec(trained, names)
    assert re.fullmatch(r"memorized at step \d+\ngrokked at step \d+\n", capsys.readouterr().out)
    train, val = plt.gca().lines
    assert (len(train.get_xdata()), train.get_ydata()[-1], val.get_ydata()[-1]) == (51, 1, 1)
    plt.close("all")

    exec(looked, names)
    memorized, grokked = (line.split() for line in capsys.readouterr().out.splitlines())
    assert [int(memorized[0]), int(grokked[0])] == [names["run"].summary.memorized_at, names["run"].summary.grokked_at]
    assert float(memorized[1]) < float(grokked[1])

    exec(differentiated, names)
    loss, norms = capsys.readouterr().out.split(maxsplit=1)
    assert float(loss) > 0
    assert eval(norms).keys() == {"network.left", "network.right", "network.readout"}
