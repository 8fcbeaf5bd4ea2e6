import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.overrides import override
from grokterm.experiment.reading.presets import find_preset

KERNEL = '[model]\narchitecture = "kernel"\n'
AGOP = '[optimizer]\nkind = "agop"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (KERNEL, "model.architecture kernel needs optimizer.kind agop, not gd: set optimizer.kind=agop too"),
        (
            AGOP,
            "optimizer.kind agop learns the metric of a kernel, and model.architecture is mlp: "
            "set model.architecture=kernel, or choose another optimizer.kind",
        ),
        (
            f'{KERNEL}{AGOP}[loss]\nkind = "cross_entropy"',
            "model.architecture kernel needs loss.kind mse, not cross_entropy: set loss.kind=mse too",
        ),
        (f'device = "mps"\n{KERNEL}{AGOP}', "model.architecture kernel needs float64, which mps does not have: set device=cpu"),
        (
            f"{KERNEL}{AGOP}[task]\nmodulus = 251",
            "model.architecture kernel solves for at most 20,000 training equations at once, not 31,500: "
            "choose a smaller task.modulus or train_fraction",
        ),
        (f"{KERNEL}heads = 3\n{AGOP}", "unknown setting model.heads: choose one of architecture, bandwidth, kernel"),
        (f"{KERNEL}{AGOP}batch_size = 3", "unknown setting optimizer.batch_size: choose one of kind, power, ridge"),
        (f"{KERNEL}{AGOP}ridge = -1.0", "optimizer.ridge must be at least 0, not -1.0"),
        (f"{KERNEL}bandwidth = 0.0\n{AGOP}", "model.bandwidth must be above 0, not 0.0"),
    ],
)
def test_what_a_kernel_cannot_do_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Experiment.from_toml(text)
    assert str(refused.value) == message


def test_a_preset_becomes_a_kernel_by_two_changes_and_not_by_one() -> None:
    settings = find_preset("quick").settings
    with pytest.raises(ConfigError, match=r"set optimizer\.kind=agop too"):
        override(settings, ["model.architecture=kernel"])
    overridden = override(settings, ["model.architecture=kernel", "optimizer.kind=agop"])
    assert overridden.experiment.model.architecture == "kernel"
    assert "dropped width, activation, scaling, which kernel does not have" in overridden.notes
    assert overridden.experiment.warnings() == []


def test_nothing_about_the_kernel_itself_is_live_and_it_knows_only_whole_batches() -> None:
    experiment = Experiment.from_toml(KERNEL + AGOP)
    assert not any(name.startswith("optimizer.") for name in experiment.live_names())
    assert experiment.batch_limit is None
    assert Experiment.from_toml(experiment.to_toml()) == experiment
