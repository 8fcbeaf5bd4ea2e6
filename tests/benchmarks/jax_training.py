"""The same training in JAX, for `against_jax.py`: a whole step under jit, steps under lax.scan, the whole batch at once.

It knows nothing of grokterm or torch: weights and equations come in an .npz file, settings as TOML in the first request.
Each further one asks for steps and is answered with the seconds that they took. With --check it answers with the training loss
after so many steps instead. Requests on stdin and answers on stdout are pickled dictionaries of plain values.
"""

import argparse
import pickle
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from math import sqrt
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Weights = dict[str, jax.Array]
State = tuple[Weights, Weights, Weights, jax.Array]
"""Weights, both moments of Adam, and the number of the step."""

Side = tuple[jax.Array, jax.Array]
"""Inputs and answers of one side of the split."""


def perceptron(weights: Weights, inputs: jax.Array, settings: dict[str, Any]) -> jax.Array:
    """Score by two gathers where the inputs are tokens, by a matrix product where they are one-hot."""
    p, width = settings["task"]["modulus"], settings["model"]["width"]
    first, last = {"gromov": (1 / sqrt(2 * p), 1 / width), "liu": (1 / sqrt(width), 1 / p), "doshi": (1.0, 1.0)}[
        settings["model"]["scaling"]
    ]
    left, right = first * weights["left"], first * weights["right"]
    is_lookup = inputs.shape[1] == 2
    sums = left[inputs[:, 0]] + right[inputs[:, 1]] if is_lookup else inputs @ jnp.concatenate([left, right])
    return jnp.square(sums) @ (last * weights["readout"])


def transformer(weights: Weights, inputs: jax.Array, settings: dict[str, Any]) -> jax.Array:
    """Score at the last position of one block, which alone asks a query."""
    n_heads = settings["model"]["n_heads"]
    embedding = weights["embedding"]
    words = embedding[inputs] if inputs.ndim == 2 else inputs @ embedding
    stream = words + weights["places"]
    block = {name.removeprefix("blocks.0."): weight for name, weight in weights.items()}

    def by_head(one: jax.Array) -> jax.Array:
        return one.reshape(*one.shape[:-1], n_heads, -1)

    read = stream[:, -1]
    queries, keys, values = by_head(read @ block["query"]), by_head(stream @ block["key"]), by_head(stream @ block["value"])
    pattern = jax.nn.softmax(jnp.einsum("nhd,nthd->nht", queries, keys) / sqrt(keys.shape[-1]), axis=-1)
    read += jnp.einsum("nht,nthd->nhd", pattern, values).reshape(read.shape) @ block["output"]
    hidden = jax.nn.relu(read @ block["mlp_in"] + block["mlp_in_bias"])
    return (read + hidden @ block["mlp_out"] + block["mlp_out_bias"]) @ weights["readout"]


NETWORKS = {"mlp": perceptron, "transformer": transformer}


def rule(settings: dict[str, Any], state: State, gradient: Weights) -> State:
    """Follow a gradient: plain descent, or Adam with the decay apart from it."""
    weights, first, second, step = state
    count, warmup = step + 1, settings.get("warmup_steps", 0)
    rate = settings["learning_rate"] * (jnp.minimum(1.0, step / warmup) if warmup else 1.0)
    rate = jnp.asarray(rate, jnp.float32)
    if settings["kind"] == "gd":
        return jax.tree.map(lambda w, g: w - rate * g, weights, gradient), first, second, count
    (beta1, beta2), decay = settings["betas"], settings["weight_decay"]
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, first, gradient)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, second, gradient)
    seen1, seen2 = (jnp.asarray(1 - beta**count, jnp.float32) for beta in (beta1, beta2))

    def moved(w: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return w - rate * (decay * w + (m / seen1) / (jnp.sqrt(v / seen2) + settings["epsilon"]))

    return jax.tree.map(moved, weights, first, second), first, second, count


class Training:
    """A state that follows an experiment."""

    def __init__(self, settings: dict[str, Any], data: dict[str, np.ndarray], scan: int, *, reads_one_hot: bool) -> None:
        weights = {name.removeprefix("weight "): jnp.asarray(one) for name, one in data.items() if name.startswith("weight ")}
        remembered = {} if settings["optimizer"]["kind"] == "gd" else weights
        first, second = jax.tree.map(jnp.zeros_like, remembered), jax.tree.map(jnp.zeros_like, remembered)
        self.state: State = (weights, first, second, jnp.zeros((), jnp.float32))
        self.scan, self.interval = scan, settings["training"]["evaluate_every"]
        self.numbers: list[float] = []
        network = partial(NETWORKS[settings["model"]["architecture"]], settings=settings)
        n_words = len(weights.get("embedding", weights.get("left", ())))
        sides = []
        for side in ("train", "val"):
            tokens = jnp.asarray(data[f"{side} tokens"], jnp.int32)
            one_hot = jax.nn.one_hot(tokens, n_words)
            flat = one_hot.reshape(len(tokens), -1) if settings["model"]["architecture"] == "mlp" else one_hot
            sides.append((flat if reads_one_hot else tokens, jnp.asarray(data[f"{side} answers"], jnp.int32)))
        self._advance, self._advance_and_look = _compiled(network, settings, scan, *sides)

    def train(self, n_steps: int) -> None:
        """Train, evaluated as the experiment says."""
        for _ in range(n_steps // self.interval):
            self.state, numbers = self._advance_and_look(self.state)
            self.numbers = [float(one) for one in numbers]

    def update(self, n_steps: int) -> None:
        """Train without looking."""
        for _ in range(n_steps // self.scan):
            self.state = self._advance(self.state)
        jax.block_until_ready(self.state)


def _compiled(
    network: Callable[..., jax.Array], settings: dict[str, Any], scan: int, train: Side, val: Side
) -> tuple[Callable[[State], State], Callable[[State], tuple[State, list[jax.Array]]]]:
    precision = jnp.dtype(settings["loss"]["precision"])

    def measured(weights: Weights, inputs: jax.Array, answers: jax.Array) -> tuple[jax.Array, jax.Array]:
        scores = network(weights, inputs)
        right = (scores.argmax(axis=1) == answers).mean()
        precise = scores.astype(precision)
        if settings["loss"]["kind"] == "mse":
            return jnp.square(precise - jax.nn.one_hot(answers, scores.shape[1], dtype=precision)).mean(), right
        return -jnp.take_along_axis(jax.nn.log_softmax(precise), answers[:, None], axis=1).mean(), right

    def step(state: State, _: None) -> tuple[State, None]:
        gradient = jax.grad(lambda weights: measured(weights, *train)[0])(state[0])
        return rule(settings["optimizer"], state, gradient), None

    def advance(n_steps: int, state: State) -> State:
        state, _ = jax.lax.scan(step, state, None, length=n_steps)
        return state

    def advance_and_look(state: State) -> tuple[State, list[jax.Array]]:
        state = advance(settings["training"]["evaluate_every"], state)
        return state, [number for side in (train, val) for number in measured(state[0], *side)]

    return jax.jit(partial(advance, scan), donate_argnums=0), jax.jit(advance_and_look, donate_argnums=0)


def main() -> None:
    """Answer the requests on stdin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--scan", type=int, default=50, help="steps under one scan where nothing is evaluated")
    parser.add_argument("--one-hot", action="store_true")
    parser.add_argument("--check", type=int, metavar="STEPS")
    arguments = parser.parse_args()
    settings = tomllib.loads(pickle.load(sys.stdin.buffer)["experiment"])
    jax.config.update("jax_enable_x64", settings["loss"]["precision"] == "float64")
    with np.load(arguments.data) as data:
        training = Training(settings, dict(data), arguments.scan, reads_one_hot=arguments.one_hot)
    if arguments.check:
        training.train(arguments.check)
        _answer({"train_loss": training.numbers[0]})
        return
    training.train(training.interval)
    training.update(training.scan)
    name = f"JAX, {'one-hot' if arguments.one_hot else 'lookup'}"
    device = jax.devices()[0].device_kind
    _answer(
        {"name": name, "description": "", "modes": ["training", "update"], "device": device, "torch": f"jax {jax.__version__}"}
    )
    modes = {"training": training.train, "update": training.update}
    while (wanted := _request()) is not None:
        started = perf_counter()
        modes[wanted["mode"]](wanted["steps"])
        _answer({"seconds": perf_counter() - started, "memory": None})


def _request() -> dict[str, Any] | None:
    try:
        return dict(pickle.load(sys.stdin.buffer))
    except EOFError:
        return None


def _answer(answer: dict[str, Any]) -> None:
    pickle.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
