"""The presets that ship show what they promise, verified as a user verifies them."""

from collections.abc import Sequence

import pytest

from tests.cli.process import grokterm

PRESETS: dict[str, Sequence[str]] = {
    "quick": (),  # of what is seen in a circuit at a step
    "liu-essay": (),  # of a delay of thousands of steps
    "quick-ungrok": (),  # with an intervention, and what follows from it
    "liu-null-untrained": (),  # what never comes
    "random-features": (),  # with a frozen layer
    "rfm-quadratic": (),  # without gradients
    "small-transformer": ("training.steps=800", "training.inspect_every=0"),  # soon after the last step at which it may grok
}
"""Of each kind of network that a CPU trains in seconds the cheapest, and of each kind of expectation."""


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shows_what_it_is_expected_to(name: str) -> None:
    shortened = [option for change in PRESETS[name] for option in ("--set", change)]
    done = grokterm("verify", name, *shortened, "--json")
    (preset,) = done.json["presets"]
    assert [verdict for verdict in preset["expectations"] if not verdict["is_met"]] == []
    assert preset["expectations"]
    assert done.code == 0, done.err
