"""The power of each neuron as a map: a staircase, once every neuron has one frequency."""

import re

import numpy as np
import pytest

from grokterm.analysis.fourier import power
from grokterm.plots.palettes import PALETTES
from grokterm.views.lab.spectrum import draw_spectrum
from grokterm.views.view import Choice, Drawn, Sheet, Subject
from tests.views.decoding import pixels, texts
from tests.views.test_weights import PANELS, waves


def map_of(drawn: Drawn) -> tuple[list[str], int]:
    """Return the lines of a drawing, and the first below the heading of the map."""
    lines = texts(drawn.rows)
    return lines, next(y for y, line in enumerate(lines) if re.search("by peak|^most of", line)) + 1


def peaks_of(subject: Subject) -> np.ndarray:
    return np.sort(power(subject.analysis.residue_blocks["left"]).argmax(axis=0) + 1)


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize(("modulus", "n_neurons"), [(40, 120), (97, 500), (11, 16)])
def test_neurons_that_are_waves_make_a_staircase_from_edge_to_edge(panel: str, modulus: int, n_neurons: int) -> None:
    subject, palette = waves(modulus, n_neurons, noise=0.5), PALETTES["256"]
    drawn = draw_spectrum(subject, Choice(), Sheet(*PANELS[panel], palette), None)
    _, top = map_of(drawn)
    gutter = len(str(modulus // 2)) + 1
    shown = pixels(drawn.rows[top:], palette, signed=False)[:, gutter:]
    shown = shown[np.isfinite(shown).all(axis=1)]
    assert len(shown) > 1.2 * (len(drawn.rows) - top)  # it fills the panel
    peaks = peaks_of(subject)
    at = np.arange(shown.shape[1]) * len(peaks) // shown.shape[1]
    steps = shown.argmax(axis=0) / len(shown) * (modulus // 2) + 1
    assert np.abs(steps - peaks[at]).max() <= 1 + modulus // 97  # neighbors that share a cell differ by one
    assert (np.diff(steps) >= 0).all()
    assert (shown.max(axis=0) > 0.7).all()


def test_noise_is_no_staircase() -> None:
    subject, palette = waves(40, 120, noise=1.0, n_mixed=120), PALETTES["256"]
    drawn = draw_spectrum(subject, Choice(), Sheet(63, 39, palette), None)
    assert np.nanmax(pixels(drawn.rows[map_of(drawn)[1] :], palette, signed=False)[:, 3:]) < 0.7


def test_key_frequencies_are_named_beside_their_rows_in_their_color() -> None:
    subject, palette = waves(97, 3, noise=0.1), PALETTES["256"]
    keys = set(peaks_of(subject).tolist())
    drawn = draw_spectrum(subject, Choice(), Sheet(63, 39, palette), None)
    lines, top = map_of(drawn)
    ink = palette.inks["key_frequency"].style
    named = {int(row[0].text): row[0].style for row in drawn.rows[top:] if row[0].text.strip()}
    assert {k for k, style in named.items() if style == ink} == keys
    assert {1, 10, 20, 30, 40} <= named.keys() | {k + by for k in keys for by in (-1, 0, 1)}
    row = min(keys) - 1
    assert lines[top + row // 2].startswith(f"{min(keys):2} ")


def test_the_heading_of_the_map_says_what_a_cell_is() -> None:
    def heading(n_neurons: int, panel: str) -> str:
        lines, top = map_of(draw_spectrum(waves(97, n_neurons), Choice(), Sheet(*PANELS[panel], PALETTES["ascii"]), None))
        return lines[top - 1].strip()

    assert heading(40, "160x45") == "sorted by peak * most of 2 frequencies * 0 to 1"
    assert heading(150, "80x24") == "sorted by peak * most of 2 neighbors and 4 frequencies * 0 to 1"
    assert heading(160, "80x24") == "sorted by peak * most of 2-3 neighbors and 4 frequencies * 0 to 1"


def test_in_a_narrow_border_the_first_key_frequencies_stay() -> None:
    subject = waves(97, 3, noise=0.1)
    keys = ", ".join(map(str, sorted(set(peaks_of(subject).tolist()))))
    for width, said in ((78, f" · key frequencies: {keys} · top "), (30, f" · key: {keys}")):
        subtitle = draw_spectrum(subject, Choice(), Sheet(width, 18, PALETTES["256"]), None).subtitle
        assert said in subtitle
        assert len(subtitle) <= width - 4
    assert draw_spectrum(subject, Choice(), Sheet(27, 18, PALETTES["256"]), None).subtitle.endswith(" …")
