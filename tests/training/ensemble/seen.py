"""An ensemble in which some members hold out what they were trained on before, and others do not."""

from grokterm.experiment.recording.evaluated import Evaluated
from tests.training.outcome import Outcome

SOME_HAVE_SEEN = ("task.train_fraction=0.48", 'interventions=[{ at_step = 13, swap = { operation = "divide", seed = 9 } }]')
"""Of seeds 0 to 2: how many equations a division takes from the training set differs."""


def assert_only_some_have_seen(together: Outcome) -> None:
    """Check that the last evaluation is such a one, and that its mean is over the members that have them."""
    last = together.every(Evaluated)[-1]
    measured = [row["seen_accuracy"] for row in last.rows if "seen_accuracy" in row]
    assert 0 < len(measured) < len(last.rows)
    assert last.seen_accuracy == sum(measured) / len(measured)
