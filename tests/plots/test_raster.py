import subprocess
import sys


def test_plotext_is_loaded_only_when_something_is_drawn() -> None:
    program = "import sys, grokterm.plots.polygon; sys.exit(bool({'plotext', 'torch', 'textual'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
