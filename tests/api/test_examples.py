"""The code on the manual's page about Python runs, from its first line to its last."""

import re
from pathlib import Path
from typing import Any

import pytest

import grokterm as gt

PAGE = Path(gt.__file__).parent / "help" / "python.md"


def test_the_examples_of_the_page_do_what_they_say(
    preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GROKTERM_RUNS_DIR", raising=False)
    monkeypatch.setenv("GROKTERM_CONFIG_DIR", str(tmp_path))
    Path("presets").mkdir()
    Path("presets/quick.toml").write_bytes(preset.read_bytes())  # one that groks at once
    names: dict[str, Any] = {}
    trained, looked, differentiated = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)

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
