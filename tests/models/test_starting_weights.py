from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save, save_file

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import network_of
from grokterm.training.trainer import Trainer
from tests.training.every_network import small
from tests.training.outcome import changed, finish, started

START = "model.start_from=start.safetensors"


def parameters(experiment: Experiment) -> dict[str, torch.Tensor]:
    return {name: value.detach() for name, value in network_of(experiment).named_parameters()}


def write(tensors: dict[str, torch.Tensor]) -> None:
    save_file({name: value.contiguous() for name, value in tensors.items()}, "start.safetensors")


@pytest.mark.parametrize("architecture", ["mlp", "embedding_mlp", "lstm", "transformer"])
def test_every_network_begins_with_the_weights_of_a_file(architecture: str) -> None:
    given = parameters(small(architecture, "seed=7"))
    write(given)
    begun = parameters(small(architecture, START))
    torch.testing.assert_close(begun, given, rtol=0, atol=0)
    assert not all(torch.equal(value, begun[name]) for name, value in parameters(small(architecture)).items())


@pytest.mark.parametrize("prefix", ["weights.", "member-0000.weights."])
def test_of_a_checkpoint_the_weights_are_taken_and_of_an_ensemble_those_of_its_first_member(
    prefix: str, tiny: Experiment
) -> None:
    given = parameters(changed(tiny, "seed=7"))
    others = {"memory.count": torch.ones(()), "member-0001.weights.left": torch.ones(1)}
    write({f"{prefix}{name}": value for name, value in given.items()} | others)
    torch.testing.assert_close(parameters(changed(tiny, START)), given, rtol=0, atol=0)


def test_given_weights_take_the_precision_of_the_network_and_are_scaled(tiny: Experiment) -> None:
    given = parameters(changed(tiny, "seed=7"))
    write({name: value.double() for name, value in given.items()})
    scaled = parameters(changed(tiny, START, "model.init_scale=2.0", "training.precision=bfloat16"))
    torch.testing.assert_close(scaled["left"], 2 * given["left"].bfloat16(), rtol=0, atol=0)


Break = Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]
BROKEN: dict[str, Break] = {
    "model.start_from has no right, of 11 × 32, only left, readout": lambda w: {n: v for n, v in w.items() if n != "right"},
    "model.start_from has extra, which this network lacks": lambda w: w | {"extra": torch.ones(2)},
    "model.start_from: left is of 10 × 32, and this network has 11 × 32": lambda w: w | {"left": w["left"][:10]},
    "model.start_from: left holds numbers that are not finite: choose another file or step": lambda w: (
        w | {"left": w["left"] / 0}
    ),
    "model.start_from: left holds int32, not floats": lambda w: w | {"left": w["left"].to(torch.int32)},
}


@pytest.mark.parametrize("message", BROKEN)
def test_weights_that_do_not_fit_are_refused_with_the_first_that_does_not(message: str, tiny: Experiment) -> None:
    write(BROKEN[message](parameters(tiny)))
    with pytest.raises(ConfigError) as refused:
        started(changed(tiny, START))
    assert str(refused.value) == message.strip()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not tensors at all",
        (2**60).to_bytes(8, "little") + b"{}",
        save({"left": torch.ones(11, 32)})[:-40],
        b"\x02\x00\x00\x00\x00\x00\x00\x00[]",
    ],
)
def test_a_file_that_is_no_tensors_is_one_line(content: bytes, tiny: Experiment) -> None:
    Path("start.safetensors").write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        started(changed(tiny, START))
    assert str(refused.value).startswith(f"model.start_from: {Path('start.safetensors').absolute()} is not a file of tensors: ")
    assert "\n" not in str(refused.value)


def test_a_run_is_not_found_without_a_runs_folder(tiny: Experiment) -> None:
    with pytest.raises(ConfigError, match=r"must name a \.safetensors file here, not 'quick-1@20': only a new run finds other"):
        started(changed(tiny, "model.start_from=quick-1@20"))


@pytest.mark.usefixtures("_members_here")
def test_every_member_begins_with_the_same_weights_and_its_own_split(tiny: Experiment) -> None:
    given = parameters(changed(tiny, "seed=7"))
    write(given)
    experiment = changed(tiny, START, "training.members=2", "training.steps=0")
    tensors = finish(Trainer(experiment, threads=1)).trainer.tensors()
    for number in range(2):
        assert torch.equal(tensors[f"member-{number:04d}.weights.left"], given["left"])
    alone = [started(experiment.member(number)).dataset.train.operands for number in range(2)]
    assert alone[0].tolist() != alone[1].tolist()
