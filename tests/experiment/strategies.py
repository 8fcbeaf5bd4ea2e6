"""Experiments of every kind, for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from grokterm.experiment.expectation import MEASURES, MILESTONE_STEPS
from grokterm.experiment.metrics import METRICS_IN_ORDER, expected_metrics
from grokterm.tasks.operations import OPERATIONS

Tables = dict[str, Any]

positive = st.floats(1e-12, 1e12)
shares = st.floats(0.2, 0.8)
milestones = st.sampled_from(["memorized", "grokked", "ungrokked", "diverged"])
anywhere = [name for name, row in OPERATIONS.items() if not row.needs_prime and row.group is None]
"""Operations that any modulus allows, so that a swap may name them."""

on_primes = [name for name, row in OPERATIONS.items() if row.group is None]
in_groups = [name for name, row in OPERATIONS.items() if row.group is not None and row.order is not None and row.order < 200]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
betas = st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)).map(list)

polynomials = st.sampled_from(["a", "-3*a*b", "a**2 + 3*a*b", "(a + b)^3 - 7 "])
parts = {
    "train_fraction": shares,
    "split": st.sampled_from(["random", "nested", "symmetric", "stratified"]),
    "label_noise": st.floats(0, 1),
}
primes = st.sampled_from([5, 23, 97, 127])
tasks = st.one_of(
    st.fixed_dictionaries({}, optional=parts | {"operation": st.sampled_from(on_primes), "modulus": primes}),
    st.fixed_dictionaries({"operation": st.sampled_from(in_groups)}, optional=parts),
    st.fixed_dictionaries({"operation": st.just("cyclic_product"), "factors": st.just([5, 7])}, optional=parts),
    st.fixed_dictionaries({"operation": st.just("expression"), "expression": polynomials}, optional=parts),
)


def _with_eos(model: Tables) -> Tables:
    """A network that must say <eos> has to be shown a sequence that holds it."""
    return model | {"sequence": "<eos> a op b = c <eos>"} if "scored" in model else model


initial = {"init_scale": positive}
mlps = st.fixed_dictionaries(
    {"architecture": st.just("mlp")},
    optional=initial
    | {
        "width": st.integers(1, 65536),
        "init_std": positive,
        "tied_operands": st.booleans(),
        "activation": st.sampled_from(["quadratic", "cubic", "relu", "gelu", "sine", "tanh"]),
        "scaling": st.sampled_from(["gromov", "doshi", "liu", "standard"]),
        "dropout": shares,
        "normalization": st.sampled_from(["none", "batch"]),
        "frozen": st.sampled_from([[], ["first"], ["readout"]]),
    },
)
tokens = initial | {"vocabulary": st.one_of(st.just("auto"), st.integers(130, 300))}
sequences = tokens | {
    "sequence": st.just("<eos> a op b = c <eos>"),
    "scored": st.sampled_from(["answer", "answer_and_eos"]),
    "n_layers": st.integers(1, 3),
    "dropout": shares,
}
models = st.one_of(
    mlps,
    st.fixed_dictionaries(
        {"architecture": st.just("transformer")},
        optional=sequences
        | {
            "d_model": st.sampled_from([4, 64, 128]),
            "d_mlp": st.integers(1, 999),
            "activation": st.sampled_from(["relu", "gelu"]),
            "norm": st.sampled_from(["none", "pre", "post"]),
            "positions": st.sampled_from(["learned", "sinusoidal"]),
            "biases": st.booleans(),
            "initialization": st.sampled_from(["normal", "torch"]),
        },
    ).map(_with_eos),
    st.fixed_dictionaries({"architecture": st.just("lstm")}, optional=sequences | {"d_model": st.integers(1, 128)}).map(
        _with_eos
    ),
    st.fixed_dictionaries(
        {"architecture": st.just("embedding_mlp")},
        optional=tokens | {"d_model": st.integers(1, 128), "width": st.integers(1, 512), "depth": st.integers(1, 3)},
    ),
)
modifiers = {
    "warmup_steps": st.integers(0, 10**6),
    "weight_noise": positive,
    "update_noise": positive,
    "gradient_filter": st.sampled_from(["none", "ema", "ma"]),
    "filter_strength": positive,
    "filter_memory": shares,
    "filter_window": st.integers(1, 1000),
    "perpendicular_gradient": st.booleans(),
    "held_norm": positive,
    "average_decay": shares,
    "clip_norm": positive,
    "clip_value": positive,
    "schedule": st.sampled_from(["constant", "linear", "cosine"]),
}
groups = st.dictionaries(
    st.sampled_from(["embedding*", "left", "blocks.?.mlp_*"]),
    st.sampled_from([{"learning_rate": 0.5}, {"weight_decay": 0.0}, {"learning_rate": 1e-3, "weight_decay": 1.0}]),
    min_size=1,
)
rates = modifiers | {
    "groups": groups,
    "learning_rate": positive,
    "weight_decay": positive,
    "batch_size": st.sampled_from(["full", 1, 3]),
    "batch_share": shares,
}
moments = rates | {"betas": betas, "epsilon": positive}
orthogonal = {
    "momentum": shares,
    "nesterov": st.booleans(),
    "orthogonal_steps": st.integers(1, 99),
    "muon_for": st.sampled_from(["all", "hidden"]),
    "other_learning_rate": st.one_of(st.just("same"), positive),
    "other_weight_decay": st.one_of(st.just("same"), positive),
    "update_scale": st.sampled_from(["original", "match_rms_adamw"]),
}
optimizers = st.one_of(
    st.fixed_dictionaries({"kind": st.just("gd")}, optional=rates),
    st.fixed_dictionaries({"kind": st.just("sgd")}, optional=rates | {"momentum": shares}),
    st.fixed_dictionaries({"kind": st.just("adam")}, optional=moments),
    st.fixed_dictionaries({"kind": st.just("adamw")}, optional=moments | {"decay_to": st.sampled_from(["zero", "init"])}),
    st.fixed_dictionaries({"kind": st.just("lion")}, optional=rates | {"betas": betas}),
    st.fixed_dictionaries({"kind": st.just("muon")}, optional=moments | orthogonal),
)
crossings = st.builds("{} {} {}".format, st.sampled_from(METRICS_IN_ORDER), st.sampled_from(["<", "<=", ">", ">="]), positive)
later = st.builds("{} steps after {}".format, st.integers(0, 10**9), st.one_of(st.just("grokked"), crossings))
conditions = st.one_of(milestones, crossings, later)
stops = conditions.filter(lambda condition: condition != "diverged" and "average" not in condition)
"""Conditions that any optimizer can come to."""

trainings = st.fixed_dictionaries(
    {},
    optional={
        "steps": st.integers(0, 10**9),
        "evaluate_every": st.one_of(st.just("log"), st.integers(1, 10**6)),
        "checkpoint_at": st.one_of(st.just("log"), st.lists(st.integers(0, 10**9), max_size=3)),
        "stop_when": st.one_of(st.just("never"), stops),
    },
)
swaps = st.one_of(
    st.fixed_dictionaries({"train_fraction": st.floats(0.2, 0.35)}, optional={"seed": st.integers(0, 99)}),
    st.fixed_dictionaries({"operation": st.sampled_from(anywhere)}),
)
acts = st.one_of(
    st.fixed_dictionaries({"swap": swaps}),
    st.fixed_dictionaries({"set": st.fixed_dictionaries({"optimizer.learning_rate": positive})}),
    st.sampled_from([{"save": True}, {"stop": True}]),
)
times = st.one_of(st.fixed_dictionaries({"at_step": st.integers(0, 10**9)}), st.fixed_dictionaries({"when": conditions}))


def _of_one_size(acts: list[Tables]) -> list[Tables]:
    """Let every swap ask for the smallest of their shares: after a new split, validation may lack what a larger one takes."""
    shares = [act["swap"]["train_fraction"] for act in acts if "train_fraction" in act.get("swap", {})]
    same = {"train_fraction": min(shares, default=0.0)}
    return [act | {"swap": act["swap"] | same} if "train_fraction" in act.get("swap", {}) else act for act in acts]


interventions = st.lists(st.builds(lambda time, act: time | act, times, acts), max_size=3).map(_of_one_size)
ranges = st.tuples(positive, positive).map(sorted)
at_steps = st.builds("{} @ {}".format, st.sampled_from(expected_metrics(at_step=True)), st.integers(0, 10**9))
expectations = st.builds(
    lambda steps, others, says: {"evidence": "ours", "source_says": says, **steps, **others},
    st.dictionaries(st.one_of(st.sampled_from(MILESTONE_STEPS), crossings), st.one_of(ranges, st.just("never"))),
    st.dictionaries(st.one_of(st.sampled_from((*MEASURES[len(MILESTONE_STEPS) :], *expected_metrics())), at_steps), ranges),
    texts,
)
common = {
    "title": texts,
    "source": texts,
    "seed": st.integers(0, 2**62),
    "device": st.sampled_from(["auto", "cpu", "cuda:3"]),
    "task": tasks,
    "training": trainings,
    "expect": expectations,
}
networks = {
    "model": models,
    "loss": st.sampled_from([{"kind": "mse"}, {"kind": "cross_entropy"}]),
    "optimizer": optimizers,
    "interventions": interventions,
}
kernels = {
    "model": st.fixed_dictionaries(
        {"architecture": st.just("kernel")},
        optional={"kernel": st.sampled_from(["quadratic", "gaussian"]), "bandwidth": positive},
    ),
    "optimizer": st.fixed_dictionaries({"kind": st.just("agop")}, optional={"ridge": positive, "power": shares}),
}


def _expecting_what_comes(tables: Tables) -> Tables:
    """Let the training come to every step that something is expected at."""
    named = [int(name.partition("@")[2]) for name in tables.get("expect", {}) if "@" in name]
    training = tables.get("training", {})
    return tables | {"training": training | {"steps": max([training.get("steps", 3000), *named])}} if named else tables


experiments: st.SearchStrategy[Tables] = st.one_of(
    st.fixed_dictionaries({}, optional=common | networks), st.fixed_dictionaries(kernels, optional=common)
).map(_expecting_what_comes)
"""Plain tables, as a preset would hold them, that describe a valid experiment."""
