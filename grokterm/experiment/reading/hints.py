"""What a name that does not exist was meant to be: a typo, or what others call it."""

from collections.abc import Iterable, Sequence
from itertools import takewhile

SYNONYMS: dict[str, tuple[str, ...]] = {
    "lr": ("learning_rate",),
    "eta": ("learning_rate",),
    "wd": ("weight_decay",),
    "decay": ("weight_decay",),
    "l2": ("weight_decay",),
    "eps": ("epsilon",),
    "beta": ("betas",),
    "warmup": ("warmup_steps",),
    "batch": ("batch_size",),
    "bs": ("batch_size",),
    "grokfast": ("gradient_filter",),
    "p": ("modulus",),
    "prime": ("modulus",),
    "mod": ("modulus",),
    "op": ("operation",),
    "frac_train": ("train_fraction",),
    "train_frac": ("train_fraction",),
    "fraction": ("train_fraction",),
    "alpha": ("train_fraction",),
    "noise": ("label_noise",),
    "arch": ("architecture",),
    "hidden_size": ("width", "d_model"),
    "hidden_dim": ("width", "d_model"),
    "hidden": ("width", "d_mlp"),
    "neurons": ("width", "d_mlp"),
    "d_ff": ("d_mlp",),
    "d_embed": ("d_model",),
    "embedding_dim": ("d_model",),
    "layers": ("n_layers", "depth"),
    "num_layers": ("n_layers", "depth"),
    "heads": ("n_heads",),
    "num_heads": ("n_heads",),
    "act": ("activation",),
    "act_fn": ("activation",),
    "nonlinearity": ("activation",),
    "vocab_size": ("vocabulary",),
    "d_vocab": ("vocabulary",),
    "epochs": ("steps",),
    "num_epochs": ("steps",),
    "n_steps": ("steps",),
    "num_steps": ("steps",),
    "max_steps": ("steps",),
    "iterations": ("steps",),
    "eval_every": ("evaluate_every",),
    "eval_interval": ("evaluate_every",),
    "log_interval": ("evaluate_every",),
    "log_every": ("evaluate_every",),
    "save_every": ("checkpoint_at",),
    "n_seeds": ("members",),
    "seeds": ("members",),
    "plus": ("add",),
    "sum": ("add",),
    "addition": ("add",),
    "minus": ("subtract",),
    "subtraction": ("subtract",),
    "mul": ("multiply",),
    "times": ("multiply",),
    "multiplication": ("multiply",),
    "div": ("divide",),
    "division": ("divide",),
    "square": ("quadratic",),
    "cube": ("cubic",),
    "ce": ("cross_entropy",),
    "crossentropy": ("cross_entropy",),
    "l2_loss": ("mse",),
}
"""By what others write, what it is called here: the first that exists where it was written."""

SHORT = 4  # letters: below this, one letter for another makes another word, as mae for mse


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ": did you mean 'x'?" for the known name that was meant, or an empty string.

    Of dotted names the last parts are compared: within the same section, or within all if none is written.
    """
    section, dot, last = name.rpartition(".")
    by_last = {one.rpartition(".")[2]: one for one in known if one.startswith(section + dot)}
    meant = by_last.get(_meant(last, list(by_last)))
    return f": did you mean {meant!r}?" if meant else ""


def _meant(name: str, choices: Sequence[str]) -> str:
    plain = name.lower().replace("-", "_")
    for synonym in SYNONYMS.get(plain, ()):
        if synonym in choices:
            return synonym
    typos = {one: n for one in choices if (n := _errors(plain, one.lower().replace("-", "_"))) is not None}
    if typos:
        return min(typos, key=lambda one: (typos[one], -n_equal_at_first(plain, one)))
    beginnings = [one for one in choices if len(name) > 2 and one.startswith(name)]
    return beginnings[0] if len(beginnings) == 1 else ""


def _errors(written: str, meant: str) -> int | None:
    """Count letters left out, added, exchanged or mistaken; None if these are too many for a typo.

    Hands seldom miss the first letter: selu and elu are no relu.
    """
    if not written or not meant or abs(len(written) - len(meant)) > 3:
        return None
    is_first_lost = written == meant[1:] and len(written) > SHORT
    if written[0] != meant[0] and written[:2] != meant[:2][::-1] and not is_first_lost:
        return None
    if len(written) < SHORT and len(written) == len(meant) and sorted(written) != sorted(meant):
        return None
    n_errors = _distance(written, meant)
    return n_errors if n_errors <= 1 + len(written) // 6 else None


def n_equal_at_first(one: str, other: str) -> int:
    """Count the letters at the beginning that two words share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _distance(one: str, other: str) -> int:
    """Return the optimal string alignment distance: the least number of such errors between two words."""
    before, row = list[int](), list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, start=1):
            costs = [before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted)]
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                costs.append(last[j - 2] + 1)
            row.append(min(costs))
    return row[-1]
