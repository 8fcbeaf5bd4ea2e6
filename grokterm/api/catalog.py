"""The presets that there are."""

from grokterm.experiment.reading.presets import list_presets


def presets() -> dict[str, str]:
    """Return the title of every preset by its name: yours in ./presets and your user folder, and those of the package."""
    return {preset.name: preset.title for preset in list_presets()}
