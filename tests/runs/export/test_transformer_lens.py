"""A transformer as TransformerLens has it: computed as it defines its names, and by itself where it is installed."""

import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, einsum
from torch.nn import functional

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.export.source import Source
from grokterm.runs.export.table import FORMATS
from grokterm.runs.replay import trainer_at
from tests.runs.export.conftest import trained
from tests.runs.export.test_weights import scored
from tests.training.outcome import changed

SIZES = ("model.d_model=16", "model.n_heads=4", "model.d_mlp=24", "training.steps=3")
FORMS = {
    "nanda": (),
    "two layers with norms": ("model.n_layers=2", 'model.norm="pre"', 'model.activation="gelu"'),
    "without biases": ("model.biases=false", 'model.positions="sinusoidal"'),
}


def transformer(tiny: Experiment, *changes: str) -> Experiment:
    return changed(tiny, "model.architecture=transformer", *SIZES, *changes)


def exported(source: Source, path: Path) -> dict[str, Any]:
    FORMATS["transformer_lens"].write(source, path)
    saved: dict[str, Any] = torch.load(path, weights_only=True)
    return saved


def tokens_of(p: int) -> Tensor:
    """Every equation as a, b and =."""
    return torch.cartesian_prod(torch.arange(p), torch.arange(p), torch.tensor([p]))


def normalized(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    if f"{name}.w" not in state:
        return x
    return functional.layer_norm(x, x.shape[-1:], state[f"{name}.w"], state[f"{name}.b"])


def computed(saved: dict[str, Any], tokens: Tensor) -> Tensor:
    """Compute the logits as TransformerLens defines its names."""
    config, state = saved["config"], saved["state_dict"]
    phi = getattr(functional, config["act_fn"])
    x = state["embed.W_E"][tokens] + state["pos_embed.W_pos"]
    for number in range(config["n_layers"]):
        own = {name.removeprefix(f"blocks.{number}."): value for name, value in state.items()}
        read = normalized(x, state, f"blocks.{number}.ln1")
        q, k, v = (einsum("bpm,hmd->bphd", read, own[f"attn.W_{name}"]) + own[f"attn.b_{name}"] for name in "QKV")
        scores = einsum("bqhd,bkhd->bhqk", q, k) / config["d_head"] ** 0.5
        pattern = scores.masked_fill(~torch.ones(scores.shape[-2:]).tril().bool(), -torch.inf).softmax(dim=-1)
        x = x + einsum("bhqk,bkhd,hdm->bqm", pattern, v, own["attn.W_O"]) + own["attn.b_O"]
        hidden = phi(normalized(x, state, f"blocks.{number}.ln2") @ own["mlp.W_in"] + own["mlp.b_in"])
        x = x + hidden @ own["mlp.W_out"] + own["mlp.b_out"]
    logits: Tensor = normalized(x, state, "ln_final") @ state["unembed.W_U"] + state["unembed.b_U"]
    return logits


@pytest.mark.parametrize("form", FORMS)
def test_its_logits_are_those_of_the_network(form: str, tiny: Experiment, tmp_path: Path) -> None:
    source = trained(transformer(tiny, *FORMS[form]), tmp_path)
    logits = computed(exported(source, tmp_path / "x.pt"), tokens_of(11))[:, -1]
    expected = scored(trainer_at(source.run))
    assert expected.std() > 0
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_transformer_lens_loads_it(form: str, tiny: Experiment, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own
        lens = pytest.importorskip("transformer_lens", reason="needs transformer_lens, which is large")
        source = trained(transformer(tiny, *FORMS[form]), tmp_path)
        saved = exported(source, tmp_path / "x.pt")
        model: Any
        if int(version("transformer_lens").partition(".")[0]) < 4:
            model = lens.HookedTransformer(lens.HookedTransformerConfig(**saved["config"]))
            assert not model.load_state_dict(saved["state_dict"], strict=False).unexpected_keys
        else:
            conversion = pytest.importorskip("transformer_lens.utilities.tl_checkpoint_conversion")
            pytest.importorskip("transformer_lens.model_bridge.sources.native")
            model = lens.TransformerBridge.boot_native(saved["config"])
            model.load_state_dict(conversion.convert_tl_checkpoint(saved["state_dict"], model.cfg))
        with torch.no_grad():
            logits = model(tokens_of(11))[:, -1]
    torch.testing.assert_close(logits, scored(trainer_at(source.run)), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        (("model.architecture=mlp",), "model.architecture mlp is no transformer"),
        (('model.norm="post"',), "model.norm post normalizes each sum"),
        (("model.attention_rate=0.5",), "model.attention_rate 0.5 attends to all keys alike besides"),
    ],
)
def test_what_no_hooked_transformer_does_is_refused(
    changes: tuple[str, ...], differs: str, tiny: Experiment, tmp_path: Path
) -> None:
    experiment = changed(tiny, *changes) if "mlp" in changes[0] else transformer(tiny, *changes)
    source = trained(changed(experiment, "training.steps=0"), tmp_path)
    with pytest.raises(ConfigError, match=differs):
        FORMATS["transformer_lens"].write(source, tmp_path / "x.pt")
    assert not (tmp_path / "x.pt").exists()
