"""The presets that ship show what they promise, verified as a user verifies them."""

import pytest

from tests.verified import PRESETS, Verified


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shows_what_it_is_expected_to(name: str, verified: Verified) -> None:
    done, _ = verified(name)
    (preset,) = done.json["presets"]
    assert [verdict for verdict in preset["expectations"] if not verdict["is_met"]] == []
    assert preset["expectations"]
    assert done.code == 0, done.err
