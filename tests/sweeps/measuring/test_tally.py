"""What the points of a growing sweep came to."""

from pathlib import Path

from grokterm.sweeps.measuring.outcomes import outcomes
from grokterm.sweeps.measuring.tally import Tally
from grokterm.sweeps.storage.result import Result
from tests.sweeps.fixtures import tiny_sweep


def test_a_tally_says_what_a_look_at_everything_says_and_estimates_only_what_is_new(tmp_path: Path) -> None:
    members = tiny_sweep(tmp_path).members()
    tally, results = Tally("val_accuracy"), dict[str, Result]()
    before = tally.update(members[:2], results)
    for number, member in enumerate(members):
        results[member.key] = Result(key=member.key, val_accuracy=number / 10)
        found = tally.update(members, results)
        assert found == outcomes(members, results, "val_accuracy")
        assert sum(one is not other for one, other in zip(before, found, strict=True)) <= 1 + (number == 0)
        before = found
    del results[members[0].key]
    assert tally.update(members, results) == outcomes(members, results, "val_accuracy")
