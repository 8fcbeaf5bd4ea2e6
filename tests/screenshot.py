"""Draws a picture of the README: the lab at the end of a training.

python tests/screenshot.py --view 2 --output .github/lab.svg
python tests/screenshot.py --view 4 --output .github/activations.svg
"""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

from grokterm.experiment.reading.presets import find_preset
from grokterm.plots.palettes import PALETTES
from grokterm.tui.app import GroktermApp, Opening
from grokterm.tui.screens.lab import LabScreen

SIZE = (160, 45)


def main() -> None:
    """Train in the lab, then save what it shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="liu-essay")
    parser.add_argument("--output", type=Path, default=Path(".github/lab.svg"))
    parser.add_argument("--view", default="2", help="the key of what is shown beside the curves")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GROKTERM_CONFIG_DIR"] = folder  # not what the user has chosen
        opening = Opening(find_preset(arguments.preset), Path(folder), PALETTES["256"], start=True)
        svg = asyncio.run(_draw(GroktermApp(opening), arguments.view))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(svg, encoding="utf-8")


async def _draw(app: GroktermApp, view: str) -> str:
    async with app.run_test(size=SIZE) as pilot:
        lab = app.screen
        while not isinstance(lab, LabScreen) or lab.state.phase != "ended":
            await pilot.pause(0.2)
            lab = app.screen
        while lab.training.analysis is None or lab.training.analysis.step != lab.state.step:
            await pilot.pause(0.2)
        await pilot.press(view)
        await pilot.pause(3)
        return app.export_screenshot(title="grokterm")


if __name__ == "__main__":
    main()
