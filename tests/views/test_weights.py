"""The weights as a picture: the waves of a network that has grokked can be seen, and read back from the colors."""

from functools import cache
from itertools import product

import numpy as np
import pytest

from grokterm.analysis.blocks import Blocks
from grokterm.analysis.fourier import power
from grokterm.experiment.experiment import Experiment
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.forward_pass import ForwardPass
from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.runs.replay import trainer_at
from grokterm.session.state import LabState
from grokterm.views.lab.activations import ACTIVATIONS
from grokterm.views.lab.weights import TOGETHER, _name_frequencies, draw_weights, move_page, next_layer
from grokterm.views.pictures import WeightPicture, weight_picture
from grokterm.views.view import Choice, ColorRanges, Move, Sheet, Subject
from tests.inspection.test_analysis import analysis_of
from tests.training.outcome import started
from tests.verified import Verified
from tests.views.decoding import pixels, seen_frequencies, texts
from tests.views.test_lab import looked_at

PANELS = {"160x45": (63, 39), "120x35": (43, 29), "80x24": (78, 18)}
LEAST: dict[PaletteName, float] = {"256": 0.9, "16": 0.9, "mono": 0.75, "ascii": 0.75}
NAMES = ("first operand", "second operand", "answer")


@cache
def waves(modulus: int, n_neurons: int, *, noise: float = 0.0, n_mixed: int = 0) -> Subject:
    """Return a network with one wave a neuron in its three matrices, and noise; mixed neurons are noise alone."""
    random = np.random.default_rng(0)
    angles = 2 * np.pi * np.outer(np.arange(modulus), random.integers(1, modulus // 2 + 1, n_neurons)) / modulus
    size = np.where(np.arange(n_neurons) < n_mixed, 0, 6) * random.uniform(0.5, 1.0, n_neurons)
    phases = random.uniform(0, 2 * np.pi, (3, 1, n_neurons))
    matrices = size * np.cos(angles + phases) + noise * random.normal(size=(3, modulus, n_neurons))
    experiment = Experiment.from_settings({"task": {"modulus": modulus}, "model": {"architecture": "mlp", "width": n_neurons}})
    trainer = started(experiment)
    snapshot = trainer.snapshot().with_blocks(Blocks(*matrices.astype(np.float32)))
    return Subject(LabState(experiment), NetworkAnalysis(snapshot, ForwardPass(trainer.trainable.network)))


def sheet(panel: str, palette: PaletteName = "256") -> Sheet:
    return Sheet(*PANELS[panel], PALETTES[palette])


def check_that_waves_are_seen(subject: Subject, panel: str, palette: PaletteName) -> None:
    """Hold the peak of the spectrum of every drawn column against that of the neuron's weights."""
    drawn = draw_weights(subject, Choice(), sheet(panel, palette), None)
    snapshot = subject.analysis.snapshot
    shown = weight_picture(snapshot, next(iter(snapshot.layers)), "frequency", subject.state)
    seen = seen_frequencies(drawn, PALETTES[palette], len(shown.matrix))
    assert len(seen) == min(PANELS[panel][0], shown.matrix.shape[1])  # each neuron has a column
    assert shown.frequencies is not None
    own, is_matched = power(shown.matrix).argmax(axis=0)[: len(seen)] + 1, shown.frequencies[: len(seen)] > 0
    assert is_matched.sum() > 30
    assert (seen == own)[is_matched].mean() >= LEAST[palette]


@pytest.mark.parametrize("palette", LEAST)
@pytest.mark.parametrize("panel", PANELS)
def test_waves_are_seen_through_noise_and_among_neurons_without_any(panel: str, palette: PaletteName) -> None:
    check_that_waves_are_seen(waves(40, 120, noise=1.5, n_mixed=38), panel, palette)


@pytest.mark.parametrize("palette", LEAST)
@pytest.mark.parametrize("panel", PANELS)
def test_waves_of_more_residues_than_fit_are_seen(panel: str, palette: PaletteName) -> None:
    check_that_waves_are_seen(waves(97, 500, noise=1.0), panel, palette)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["quick", "liu-essay"])
def test_at_the_end_of_a_training_the_colors_show_the_frequency_of_each_matched_neuron(preset: str, verified: Verified) -> None:
    _, run = verified(preset)
    subject = Subject(LabState(run.experiment), analysis_of(trainer_at(run)))
    for panel, palette in product(PANELS, LEAST):
        check_that_waves_are_seen(subject, panel, palette)


def test_a_matrix_that_fits_has_one_pixel_a_residue_and_one_column_a_neuron() -> None:
    subject = waves(23, 60)
    for palette, height in ((PALETTES["256"], 13), (PALETTES["ascii"], 24)):
        area = Sheet(60, height, palette)
        drawn = draw_weights(subject, Choice(), area, None)
        matrix = weight_picture(subject.analysis.snapshot, "left", "frequency", subject.state).matrix
        limit = np.quantile(np.abs(matrix), 0.99)
        n_levels = 10 if area.palette.is_ascii else len(area.palette.diverging)
        seen = pixels(drawn.rows[1:], area.palette)[:23]
        assert seen == pytest.approx(np.clip(matrix / limit, -1, 1), abs=1.01 / (n_levels - 1))


def test_one_matrix_is_shown_at_a_time_and_together_only_where_all_rows_fit() -> None:
    subject = waves(23, 30)

    def seen(height: int) -> list[str]:
        choice, area, names = Choice(), Sheet(60, height, PALETTES["256"]), []
        for _ in range(4):
            names.append(draw_weights(subject, choice, area, None).title.split(" · ")[0].removesuffix(" by frequency"))
            choice = next_layer(subject, choice, area)
        return names

    assert seen(39) == [*NAMES, NAMES[0]]
    assert seen(40) == [*NAMES, TOGETHER]
    together = draw_weights(subject, Choice(layer=TOGETHER), Sheet(60, 40, PALETTES["256"]), None)
    assert [line.split("  ")[0] for line in texts(together.rows) if "±" in line] == list(NAMES)
    narrowed = draw_weights(subject, Choice(layer=TOGETHER), Sheet(60, 39, PALETTES["256"]), None)
    assert narrowed.title.startswith(NAMES[0])


def test_arrows_go_through_every_neuron_and_every_residue() -> None:
    subject, area = waves(97, 150), sheet("80x24")
    choice, pages = Choice(order="raw"), []
    for move in (Move(right=1), Move(right=1), Move(down=1), Move(down=1), Move(down=1)):
        drawn = draw_weights(subject, choice, area, None)
        pages.append((drawn.title.split(" · ")[1], drawn.subtitle.split(" · ")[2]))
        choice = move_page(subject, choice, area, None, move)
    assert pages == [
        ("neurons 1-78 of 150", "residues 1-36 of 97"),
        ("neurons 73-150 of 150", "residues 1-36 of 97"),
        ("neurons 73-150 of 150", "residues 1-36 of 97"),
        ("neurons 73-150 of 150", "residues 37-72 of 97"),
        ("neurons 73-150 of 150", "residues 62-97 of 97"),
    ]
    assert move_page(subject, Choice(), area, None, Move(down=-1, right=-1)) == Choice()


def test_long_waves_are_averaged_and_of_short_ones_the_first_residues_are_shown() -> None:
    subject, area = waves(97, 500), sheet("80x24")
    assert "97 residues averaged to 34 rows" in draw_weights(subject, Choice(), area, None).subtitle
    assert "residues 1-34 of 97" in draw_weights(subject, Choice(corner=(0, 400)), area, None).subtitle


def test_where_there_is_room_further_neurons_stand_below_the_first() -> None:
    drawn = draw_weights(waves(23, 100), Choice(), Sheet(50, 39, PALETTES["256"]), None)
    assert [y for y, line in enumerate(texts(drawn.rows)) if "k=" in line] == [0, 19]
    assert "100 neurons" in drawn.title


def test_frequencies_are_named_above_their_neurons_and_key_frequencies_stand_out() -> None:
    subject, area = waves(23, 60, n_mixed=20, noise=0.5), Sheet(60, 13, PALETTES["256"])
    drawn = draw_weights(subject, Choice(), area, None)
    frequencies = weight_picture(subject.analysis.snapshot, "left", "frequency", subject.state).frequencies
    assert frequencies is not None
    heading = texts(drawn.rows)[0]
    for k in range(1, 12):
        first, n = frequencies.tolist().index(k), (frequencies == k).sum()
        name = f"k={k}" if k == 1 else str(k) if n > len(str(k)) else ""
        assert heading[first : first + n] == f"{name.ljust(n - 1, '─') or '─'} "[:n]
    assert heading[frequencies.tolist().index(0) :].startswith("mixed")
    assert "k=" not in texts(draw_weights(subject, Choice(order="raw"), area, None).rows)[0]


def test_the_first_frequency_that_is_named_says_that_it_is_one() -> None:
    matrix = np.zeros((23, 9))
    for widths, heading in (((2, 7), "─ k=13── "), ((2, 2), "─ 7 ")):
        ks = np.repeat([5, 13] if sum(widths) == 9 else [13, 7], widths)
        picture = WeightPicture(matrix[:, : len(ks)], "first operand", "frequency", "residues", ks)
        (row,) = _name_frequencies(picture, slice(0, len(ks)), (), Sheet(len(ks), 13, PALETTES["256"]))
        assert "".join(segment.text for segment in row) == heading


def test_in_a_narrow_border_the_neurons_and_their_order_stay() -> None:
    drawn = draw_weights(waves(23, 120), Choice(), Sheet(43, 13, PALETTES["256"]), None)
    assert drawn.title == "first operand by frequency · 1-43/120"
    assert len(drawn.subtitle) <= 39
    assert drawn.subtitle.endswith("23 residues")


def test_mixed_neurons_have_no_frequency_in_the_names_of_their_maps_either() -> None:
    found, _ = looked_at(ACTIVATIONS, waves(23, 60, n_mixed=20, noise=0.5), Choice(), Sheet(200, 100, PALETTES["256"]))
    assert found.n_maps == len(found.names) == 60
    is_named = ["k=" in name for name in found.names]
    assert is_named == sorted(is_named, reverse=True)
    assert 10 < is_named.count(False) <= 20


def test_the_color_range_follows_the_weights_but_not_every_step_and_stays_while_it_is_held() -> None:
    ranges, ones = ColorRanges(), np.ones(200)
    ones[0] = 1000  # an outlier
    assert ranges.limit("left", ones) == 1
    assert ranges.limit("left", 1.2 * ones) == 1
    assert ranges.limit("left", 1.3 * ones) == 1.3
    assert ranges.limit("right", 0.1 * ones) == 0.1
    ranges.is_held = True
    assert ranges.limit("left", 9 * ones) == 1.3
    assert ranges.limit("left", 0 * ones) == 1.3
    ranges.is_held = False
    assert ranges.limit("left", 9 * ones) == 9
    assert ranges.limit("zeros", np.zeros(3)) == 1
    assert ranges.limit("zeros", np.full(3, np.nan)) == 1


def test_a_range_that_is_held_says_so() -> None:
    subject, area = waves(23, 60), sheet("80x24")
    assert "±" in draw_weights(subject, Choice(), area, None).subtitle
    area.ranges.is_held = True
    assert " held ·" in draw_weights(subject, Choice(), area, None).subtitle
