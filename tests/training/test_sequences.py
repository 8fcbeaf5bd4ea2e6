"""Networks over tokens, trained."""

import numpy as np
import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.models.sequences import TokenNetwork
from grokterm.session.state import LabState
from grokterm.training.trainer import Trainer
from grokterm.views.pictures import spectrum_picture, weight_picture
from tests.training.outcome import assert_same_numbers, changed, finish, started, trained_to
from tests.training.test_restore import restored

LONG = ("model.sequence=<eos> a op b = c <eos>", "model.scored=answer_and_eos")
NETWORKS: dict[str, tuple[str, ...]] = {
    "transformer": ("model.architecture=transformer", "model.d_model=32", "model.d_mlp=64"),
    "lstm": ("model.architecture=lstm", "model.d_model=64", "model.n_layers=1", *LONG),
    "embedding_mlp": ("model.architecture=embedding_mlp", "model.d_model=16", "model.width=48"),
}
DROPPING: dict[str, tuple[str, ...]] = {
    "transformer": (*NETWORKS["transformer"], *LONG, "model.norm=post", "model.n_layers=2", "model.dropout=0.2"),
    "lstm": (*NETWORKS["lstm"], "model.n_layers=2", "model.dropout=0.2"),
}


@pytest.fixture(params=NETWORKS)
def experiment(tiny: Experiment, request: pytest.FixtureRequest) -> Experiment:
    """A network of every kind on a small table."""
    rates = ("optimizer.weight_decay=0.0", "loss.kind=cross_entropy", "training.steps=120")
    return changed(tiny, *NETWORKS[request.param], *rates, "training.stop_when=memorized")


@pytest.fixture(params=DROPPING)
def dropping(tiny: Experiment, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """A network that silences values, in several blocks of rows."""
    for network in TokenNetwork.__subclasses__():
        monkeypatch.setattr(network, "cpu_block_rows", 30)
    return changed(tiny, *DROPPING[request.param], "optimizer.batch_size=64", "training.steps=12")


def test_a_network_over_tokens_memorizes_a_small_table(experiment: Experiment) -> None:
    outcome = finish(started(experiment))
    assert outcome.reached_at("memorized") is not None
    assert outcome.every(Evaluated)[0].train_accuracy < 0.5


def test_a_restored_run_drops_what_it_would_have_dropped(dropping: Experiment) -> None:
    whole, halted = finish(started(dropping)), trained_to(dropping, 5)
    assert_same_numbers(finish(restored(dropping, halted)).trainer, whole.trainer)


def test_threads_and_chunks_leave_no_trace_in_what_is_dropped(dropping: Experiment) -> None:
    whole = finish(started(dropping)).trainer
    assert_same_numbers(finish(Trainer(dropping, threads=3), [1, 4, 2]).trainer, whole)
    undisturbed = finish(started(changed(dropping, "model.dropout=0.0"))).trainer
    assert any(not weight.equal(undisturbed.trainable.weights[name]) for name, weight in whole.trainable.weights.items())


def test_every_layer_of_a_network_over_tokens_can_be_looked_at(experiment: Experiment) -> None:
    trainer = started(experiment)
    snapshot, state = trainer.snapshot(), LabState(experiment)
    for layer in trainer.trainable.network.layers:
        picture = weight_picture(snapshot, layer.parameter, "frequency", state)
        spectrum = spectrum_picture(snapshot, layer.parameter, state)
        assert (spectrum is not None) == (layer.parameter in ("embedding", "readout"))
        if spectrum is not None:
            assert len(picture.matrix) == 11  # without the tokens that are no residues
            assert len(spectrum.shares) == 5
            assert np.isclose(spectrum.shares.sum(), 1)
