import pytest

from grokterm.experiment.expectation import Expect
from grokterm.experiment.experiment import Experiment
from grokterm.reports.verification import expected, measured, number, reproducible, verification
from grokterm.runs.results.summary import Summary
from grokterm.runs.results.verification import Check, Outcome, Verdict

EXPECTED: dict[str, object] = {"evidence": "ours", "ipr @ 200": [0.85, 1], "phase_alignment.mean": [-0.05, 0.05]}


@pytest.mark.parametrize(
    ("wanted", "words"), [((0.85, 1.0), "0.85–1"), ((-0.05, 0.05), "-0.05 to 0.05"), ((0.0, 0.0), "0"), ("never", "never")]
)
def test_a_range_is_written_so_that_a_dash_is_no_minus(wanted: tuple[float, float], words: str) -> None:
    assert expected(Verdict("ipr", wanted, ()), Expect(evidence="ours")) == words


def test_a_number_that_a_network_does_not_have_is_none() -> None:
    assert measured(Verdict("ipr @ 200", (0.0, 1.0), (None,)), number) == "none"
    assert measured(Verdict("val_loss", (0.0, 1.0), (None,)), number) == "not finite"
    assert measured(Verdict("phase_alignment.mean", (0.0, 1.0), (0.1, -0.2, 0.3)), number) == "0.1 (-0.2 to 0.3)"


def test_a_step_that_no_seed_reached_has_no_spread() -> None:
    assert measured(Verdict("grokked_at", "never", (None, None)), number) == "never"
    assert measured(Verdict("grokked_at", "never", (None, 400, None)), number) == "never (400–never)"


def test_numbers_of_the_weights_stand_in_the_table_of_the_readme_in_words() -> None:
    outcome = Outcome(Summary(run="r", preset="p"), inspected={"ipr @ 200": 0.9034, "phase_alignment.mean": None})
    check = Check("p", Experiment(), Expect.from_settings(EXPECTED), (outcome,))
    (markdown,) = verification([check], "markdown", shows_all=True)
    row = str(markdown).splitlines()[2]
    assert "| IPR at 200: 0.85–1, phase alignment mean -0.05 to 0.05 [ours] |" in row
    assert "| IPR at 200: 0.90, phase alignment mean none (**not met**) |" in row


@pytest.mark.parametrize(
    ("measure", "on_machines", "written"),
    [
        ("ipr @ 200", (0.9030, 0.9034, 0.9045), "0.90"),
        ("phase_alignment.mean @ 200", (-0.00027, -0.0006, 0.0002), "0.00"),
        ("val_accuracy", (0.0011, 0.0021, 0.0023), "0.00"),
        ("late_norm", (49.99, 49.86), "50"),
        ("val_loss_peak", (0.004652, 0.004688), "0.0047"),
        ("grokked_at", (1180,), "1,180"),
        ("val_loss_peak_at", (1168,), "1,168"),
        ("val_accuracy >= 0.9", (26593,), "26,593"),
    ],
)
def test_a_published_number_has_the_digits_that_other_processors_give(
    measure: str, on_machines: tuple[float, ...], written: str
) -> None:
    assert {reproducible(measure, value) for value in on_machines} == {written}
