"""A transformer as TransformerLens has it: the settings and the state dict of a HookedTransformer with the same logits.

Both apply a matrix from the right, x @ W; theirs are cut into heads.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.experiment.model import Model
from grokterm.runs.export.source import Source
from grokterm.runs.export.weights import Weights, write_each

if TYPE_CHECKING:
    from grokterm.models.transformer import Transformer

EPSILON = 1e-5  # of torch.nn.LayerNorm

IN_HEADS = {"W_Q": "query", "W_K": "key", "W_V": "value"}
"""Their matrices, and ours, which have a block of columns for each head."""

NORMS = {"ln1": "before_attention", "ln2": "before_mlp"}


def write_transformer_lens(source: Source, path: Path) -> None:
    """Write `{"config": ..., "state_dict": ...}`, which `torch.load` reads with `weights_only=True`.

    Raises:
        ConfigError: if no HookedTransformer computes the same; the message says what differs.
    """
    if differs := what_differs(source.run.experiment.model):
        raise ConfigError(f"{differs}: choose --format state_dict")
    write_each(source, path, lambda weights, file: torch.save(hooked(weights), file))


def what_differs(model: Model) -> str:
    """Say what a network does otherwise than every HookedTransformer; empty if one does the same."""
    if not isinstance(model, TransformerModel):
        return f"model.architecture {model.architecture} is no transformer"
    none_does = ", which no HookedTransformer does"
    if model.norm == "post":
        return f"model.norm post normalizes each sum in the residual stream{none_does}"
    if model.attention_rate != 1:
        return f"model.attention_rate {model.attention_rate:g} attends to all keys alike besides{none_does}"
    return ""


def hooked(weights: Weights) -> dict[str, Any]:
    """Return the settings and the state dict of a HookedTransformer, by its names."""
    model, network, given = (
        cast("TransformerModel", weights.experiment.model),
        cast("Transformer", weights.network),
        weights.tensors,
    )
    places: Tensor = given.get("places", network.places)
    n_tokens, dtype = len(given["embedding"]), places.dtype
    config = {
        "n_layers": model.n_layers,
        "d_model": model.d_model,
        "n_ctx": len(places),
        "d_head": model.d_model // model.n_heads,
        "n_heads": model.n_heads,
        "d_mlp": model.d_mlp,
        "d_vocab": n_tokens,
        "d_vocab_out": n_tokens,
        "act_fn": model.activation,
        "normalization_type": "LN" if model.norm == "pre" else None,
        "eps": EPSILON,
        "attention_dir": "causal",
        "dtype": dtype,
        "device": "cpu",
        "seed": weights.experiment.seed,
    }
    state = {
        "embed.W_E": given["embedding"],
        "pos_embed.W_pos": places,
        "unembed.W_U": given["readout"],
        "unembed.b_U": torch.zeros(n_tokens, dtype=dtype),
    }
    if model.norm == "pre":
        state |= {"ln_final.w": given["final_norm.weight"], "ln_final.b": given["final_norm.bias"]}
    for number in range(model.n_layers):
        prefix = f"blocks.{number}."
        own = {name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)}
        state |= {f"{prefix}{name}": value for name, value in _block(own, model, dtype).items()}
    return {"config": config, "state_dict": {name: value.clone().contiguous() for name, value in state.items()}}


def _block(own: dict[str, Tensor], model: TransformerModel, dtype: torch.dtype) -> dict[str, Tensor]:
    d_model, d_mlp, n_heads = model.d_model, model.d_mlp, model.n_heads
    norms = {theirs: ours for theirs, ours in NORMS.items() if model.norm == "pre"}
    return {
        **{f"attn.{theirs}": own[ours].reshape(d_model, n_heads, -1).movedim(1, 0) for theirs, ours in IN_HEADS.items()},
        "attn.W_O": own["output"].reshape(n_heads, -1, d_model),
        **{f"attn.b_{name}": torch.zeros(n_heads, d_model // n_heads, dtype=dtype) for name in "QKV"},
        "attn.b_O": torch.zeros(d_model, dtype=dtype),
        "mlp.W_in": own["mlp_in"],
        "mlp.b_in": own.get("mlp_in_bias", torch.zeros(d_mlp, dtype=dtype)),
        "mlp.W_out": own["mlp_out"],
        "mlp.b_out": own.get("mlp_out_bias", torch.zeros(d_model, dtype=dtype)),
        **{f"{theirs}.w": own[f"{ours}.weight"] for theirs, ours in norms.items()},
        **{f"{theirs}.b": own[f"{ours}.bias"] for theirs, ours in norms.items()},
    }
