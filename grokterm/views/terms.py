"""The terms that the views use, each explained in a line. Those of METRICS are explained there."""

from grokterm.experiment.metrics import METRICS

TERMS = {
    "memorized": "train accuracy has reached 0.99",
    "grokked": "val accuracy has reached 0.99: the network generalizes",
    "ungrokked": "val accuracy has fallen below 0.5 after a swap",
    "frequency": "k waves over the residues 0 ... p − 1; a grokked network holds few",
    "key frequencies": "those that hold far more power than noise does",
    "mixed": "neurons without one frequency that is the strongest in all their matrices",
    "deviation": "how much the weights or values of a neuron vary: their standard deviation",
    "circles": "embeddings of the residues, in the plane of two components: regular if they are waves",
    "activation": "what a hidden neuron answers to each pair (a, b)",
    "logit": "the score of an answer, before softmax",
    "seen": "held out now, but trained on before a swap",
    "basis": "the functions in which the operation is a sum: waves over the residues, for a + b",
    "chance": "the accuracy of guessing",
}


def explained(name: str) -> tuple[str, str]:
    """Return a term as it is written, and its meaning; a metric is named as in METRICS."""
    if (metric := METRICS.get(name)) is not None:
        return metric.label, metric.meaning
    return name, TERMS[name]
