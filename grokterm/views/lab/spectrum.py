"""The spectrum view: the power at each frequency, of a whole matrix and of each neuron."""

from grokterm.plots.bars import draw_bars
from grokterm.plots.cells import Rows
from grokterm.plots.heatmap import draw_heatmap, fit_heatmap
from grokterm.views.pictures import SpectrumPicture, layer_of, next_layer, spectrum_picture, stacked_layers
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View


def draw_spectrum(subject: Subject, choice: Choice, sheet: Sheet, _: object) -> Drawn:
    """Draw a bar for each frequency, and below it a heat map of each neuron; the first of the layers that share neurons."""
    snapshot, state = subject.analysis.snapshot, subject.state
    name = layer_of(snapshot, choice.layer)
    layer = name if name in snapshot.layers else stacked_layers(snapshot)[0]
    picture = spectrum_picture(snapshot, layer, state)
    title = f"{snapshot.layers[layer].label} · share of power at frequency k"
    if picture is None:
        why = "permutations have no frequencies" if state.definition.group is not None else "its rows are not residues"
        return Drawn(sheet.fill(sheet.words([f"{why}: l looks at the next layer"])), title, why)
    keys = ", ".join(map(str, picture.key_frequencies[:8])) or "none"
    subtitle = f"step {snapshot.step:,} · top {picture.shares.max(initial=0):.1%} · key frequencies: {keys}"
    return Drawn(_draw_both(picture, sheet), title, subtitle)


def _draw_both(picture: SpectrumPicture, sheet: Sheet) -> Rows:
    above = sheet.height if sheet.height < 12 else max(sheet.height * 2 // 5, 5)
    keys = picture.key_frequencies
    bars = draw_bars(picture.shares, width=sheet.width, height=above, highlighted=keys, palette=sheet.palette)
    below = sheet.height - above - 1
    if below < 3:
        return sheet.fill(bars)
    fit = fit_heatmap(picture.of_neurons.shape, width=sheet.width, height=below, palette=sheet.palette)
    every = "" if fit.column_step == 1 else f" (1 in {fit.column_step})"
    name = f"each neuron{every}: its own power, 0 to 1; k = 1 above to {len(picture.shares)} below"
    heat = draw_heatmap(picture.of_neurons, width=sheet.width, height=below, limit=1.0, palette=sheet.palette, signed=False)
    return bars + sheet.heading(name) + heat


SPECTRUM = View("spectrum", draw_spectrum, next_part=next_layer)
