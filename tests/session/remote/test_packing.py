"""What travels arrives as it was."""

from dataclasses import fields, replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Save, Set, Stop, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected, PhaseAlignment
from grokterm.experiment.recording.packing import packed
from grokterm.experiment.recording.records import Advanced, Branched, Held, Paced, Record, Refused, Skipped, Switched, Unsaved
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.snapshot import Snapshot
from grokterm.runs.storage.making import create_run
from grokterm.session.commands import (
    Analyze,
    Command,
    GoOn,
    Hold,
    Leave,
    Pause,
    Release,
    Resume,
    SetPace,
    StepOnce,
)
from grokterm.session.curves import COLUMNS, Curves
from grokterm.session.remote import packing
from grokterm.session.remote.messages import MESSAGE, SAID, Changed, Happened, Pictured, Sides, line
from grokterm.session.remote.packing import pack_picture, pack_sides, pack_state, unpack_picture, unpack_sides, unpack_state
from grokterm.session.remote.rebuilt import RebuiltForwardPass
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold
from grokterm.training.trainer import Trainer
from tests.inspection.test_forward_pass import EVERY_NETWORK
from tests.runs.records import evaluated
from tests.runs.test_journal import EVERYTHING
from tests.session.driving import Driver
from tests.session.test_mixture_parts import mixture, trained  # noqa: F401 - fixtures
from tests.training.outcome import changed, started, trained_to
from tests.training.test_rfm import KERNEL

NOT_JOURNALED: list[Record] = [
    Inspected(step=3, ipr=0.5, key_frequencies=(3, 5), phase_alignment=PhaseAlignment(mean=0.1, resultant=0.9)),
    Branched(step=3, parent="other", path="/runs/other"),
    Skipped(step=3, intervention=0, message="[red]no\x1b[31m"),
    Switched(step=3, engine="eager"),
    Advanced(step=4, steps_per_second=1 / 3, seconds=0.1),
    Paced(step=4, steps_per_second=None),
    Held(step=4, is_held=True, is_waiting=True),
    Unsaved(step=4, message="full"),
    Refused(step=4, message="no"),
]
COMMANDS: list[Command] = [
    *(Pause(), Resume(), Hold(), Release(), StepOnce(), Analyze(), Leave(), SetPace(steps_per_second=0.1), SetPace()),
    *(Swap(train_fraction=0.1), Swap(operation="subtract"), Set(values={"optimizer.betas": (0.8, 0.9)}), Save(), Stop()),
    GoOn(extend=Extend(steps=7), change=Swap(seed=3)),
]


def test_every_record_arrives_as_it_was() -> None:
    records = [*EVERYTHING, *packed([evaluated(5), evaluated(7)]), *NOT_JOURNALED]
    text = line(Happened(records=records))
    assert text.count(b"\n") == 1
    arrived = MESSAGE.validate_json(text)
    assert isinstance(arrived, Happened)
    assert arrived.records == records
    assert {type(record) for record in records} == set(Record.__origin__.__args__)  # type: ignore[attr-defined]


def test_every_command_arrives_as_it_was() -> None:
    assert [SAID.validate_json(line(command)) for command in COMMANDS] == COMMANDS


def values(state: LabState) -> dict[str, object]:
    return {field.name: getattr(state, field.name) for field in fields(state) if field.name != "curves"}


def passed_on(known: LabState | None, state: LabState, run: Path) -> LabState:
    """Send a state to a viewer that has another one, or none."""
    for text, rows in pack_state(known, state):
        message = MESSAGE.validate_json(text)
        assert isinstance(message, Changed)
        assert message.n_bytes == len(rows)
        known = unpack_state(known, message, bytes(rows), run)
    assert known is not None
    return known


def test_a_state_arrives_as_it_was_whole_or_from_where_the_viewer_was(grokking: Experiment) -> None:
    trainer = started(changed(grokking, "training.inspect_every=20"))
    states = [LabState(trainer.experiment), fold(LabState(trainer.experiment), trainer.begin())]
    wide = Set(values={"optimizer.batch_size": 500, "optimizer.betas": (0.8, 0.9)})  # wider than the run began with
    for action in (None, Swap(train_fraction=0.5), wide, None):
        records = [*trainer.advance(), *(trainer.act(action) if action else ())]
        states.append(fold(states[-1], [*records, *trainer.wait_for_inspections()]))
    states.append(fold(states[-1], [Branched(step=9, parent="other", path="/runs/other")]))
    assert_any_arrives(states)


def test_the_curves_of_an_ensemble_arrive_with_their_bands(tiny: Experiment) -> None:
    states = [LabState(tiny)]
    for step in range(3):
        states.append(fold(states[-1], [Evaluated.of(step, [[0.5, 0.25, 0.5, 0.25], [nan, 0.75, inf, 0.125]])]))
    assert_any_arrives(states)


def assert_any_arrives(states: list[LabState]) -> None:
    for number, known in enumerate([None, *states]):
        for state in states[max(0, number - 1) :]:
            there = passed_on(known, state, Path("run"))
            assert values(there) == values(state)
            np.testing.assert_array_equal(there.curves.rows, state.curves.rows)


def test_only_what_a_viewer_lacks_is_sent(grokking: Experiment) -> None:
    trainer = started(grokking)
    states = [fold(LabState(grokking), trainer.begin())]
    for _ in range(3):
        states.append(fold(states[-1], trainer.advance()))
    ((text, rows),) = pack_state(states[-2], states[-1])
    assert len(rows) == 8 * states[-1].curves.rows.shape[1] * (len(states[-1].curves) - len(states[-2].curves))
    assert b"title" not in text  # no experiment


def test_many_evaluations_arrive_in_pieces_and_their_room_is_made_once(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "ROWS_AT_ONCE", 4)
    columns = {"step": np.arange(10.0), "train_loss": np.arange(10.0) / 3, "val_loss": np.r_[np.full(8, nan), 1.0, 2.0]}
    state = replace(LabState(tiny), curves=Curves().joined(columns), step=9)
    assert [len(rows) // (8 * len(COLUMNS)) for _, rows in pack_state(None, state)] == [4, 4, 2]
    there = passed_on(None, state, Path("run"))
    np.testing.assert_array_equal(there.curves.rows, state.curves.rows)
    assert there.curves.measured.keys() == state.curves.measured.keys()
    assert {len(column.base) for column in there.curves.measured.values()} == {10}  # type: ignore[arg-type]


def test_files_that_settings_name_are_found_in_the_run(tiny: Experiment, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("\n".join(",".join(str((a * b) % 5) for b in range(5)) for a in range(5)))
    experiment = changed(tiny, "task.operation=table", f"task.table={table}", "task.modulus=5")
    run = create_run(tmp_path / "runs", experiment, "table", {})
    table.unlink()
    arrived = passed_on(None, LabState(experiment), run.path).experiment
    assert arrived.task.table.startswith(str(run.path))
    assert arrived.task.table_sha256 == experiment.task.table_sha256


def arrived(snapshot: Snapshot, experiment: Experiment) -> Snapshot:
    """Send a snapshot, after its dataset."""
    text, _, content = pack_sides(snapshot.dataset).partition(b"\n")
    sides = MESSAGE.validate_json(text)
    assert isinstance(sides, Sides)
    assert sides.n_bytes == len(content)
    dataset = unpack_sides(sides, content, experiment)
    text, _, content = pack_picture(snapshot).partition(b"\n")
    picture = MESSAGE.validate_json(text)
    assert isinstance(picture, Pictured)
    assert picture.n_bytes == len(content)
    return unpack_picture(picture, content, dataset)


def assert_same(one: Snapshot, other: Snapshot) -> None:
    assert (one.step, one.circuit, list(one.layers), list(one.parameters)) == (
        *(other.step, other.circuit, list(other.layers), list(other.parameters)),
    )
    for first, second in ((one.parameters, other.parameters), (one.statistics, other.statistics)):
        for name, value in second.items():
            assert (first[name].dtype, first[name].shape) == (value.dtype, value.shape)
            np.testing.assert_array_equal(first[name], value)
    for name, layer in other.layers.items():
        np.testing.assert_array_equal(one.layers[name].weights, layer.weights)
        assert (one.layers[name].label, one.layers[name].rows) == (layer.label, layer.rows)
    scalars = ("operation", "own", "modulus", "n_operands", "split", "label_noise", "seed", "train_fraction")
    assert [getattr(one.dataset, name) for name in scalars] == [getattr(other.dataset, name) for name in scalars]
    for name in ("exists", "was_trained"):
        np.testing.assert_array_equal(getattr(one.dataset, name), getattr(other.dataset, name))
    for side, original in zip(one.dataset.sides, other.dataset.sides, strict=True):
        np.testing.assert_array_equal(side.operands, original.operands)
        np.testing.assert_array_equal(side.answers, original.answers)


def assert_arrives(trainer: Trainer, forward_pass: RebuiltForwardPass) -> None:
    """Compare a network that was sent with the original: weights, dataset, and what it does with every equation."""
    there = trainer.analyze()
    here = NetworkAnalysis(arrived(there.snapshot, trainer.experiment), forward_pass)
    assert_same(here.snapshot, there.snapshot)
    assert (forward_pass.neurons, forward_pass.attention, forward_pass.tokens) == (
        *(there.forward_pass.neurons, there.forward_pass.attention, there.forward_pass.tokens),
    )
    np.testing.assert_allclose(here.observation.right_scores, there.observation.right_scores, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(here.observation.sides, there.observation.sides)
    np.testing.assert_array_equal(here.observation.answers, there.observation.answers)


NETWORKS = {**EVERY_NETWORK, "three operands": ("task.n_operands=3", "task.modulus=5"), "an ensemble": ("training.members=2",)}


@pytest.mark.usefixtures("_members_here")
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_arrives_as_it_was_also_after_swaps(tiny: Experiment, network: str, tmp_path: Path) -> None:
    experiment = changed(tiny, *NETWORKS[network], "task.label_noise=0.2", "training.steps=2")
    trainer, run = trained_to(experiment, 2).trainer, create_run(tmp_path, experiment, "tiny", {})
    forward_pass = RebuiltForwardPass(run)
    assert_arrives(trainer, forward_pass)
    for swap in (Swap(train_fraction=0.3), Swap(seed=1), Swap(operation="multiply")):
        trainer.act(swap)
        assert_arrives(trainer, forward_pass)
    trainer.trainable.close()


def test_a_kernel_machine_arrives_as_it_was(tmp_path: Path) -> None:
    experiment = Experiment.from_toml(KERNEL)
    assert_arrives(trained_to(experiment, 1).trainer, RebuiltForwardPass(create_run(tmp_path, experiment, "kernel", {})))


def test_a_mixture_arrives_as_it_was_with_its_parts(trained: Experiment, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    driver = Driver(start_session(trained, tmp_path / "runs", "mixture"))
    assert_arrives(driver.trainer, RebuiltForwardPass(driver.session.run))
    driver.leave()
