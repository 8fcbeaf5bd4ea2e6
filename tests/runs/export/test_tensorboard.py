"""What is written for TensorBoard, read by its own reader."""

from pathlib import Path
from typing import Any

import pytest

from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.runs.export.source import Source
from grokterm.runs.export.table import FORMATS
from tests.runs.records import journaled

pytest.importorskip("tensorboard", reason="needs tensorboard")


def accumulated(folder: Path) -> Any:  # noqa: ANN401 - tensorboard's
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    reader.Reload()
    return reader


def test_scalars_are_what_was_measured(swapped: Source, tmp_path: Path) -> None:
    FORMATS["tensorboard"].write(swapped, tmp_path / "x")
    reader = accumulated(tmp_path / "x")
    records = [one for one in journaled(swapped.run.journal) if isinstance(one, Evaluated)]
    for name in ("train_loss", "val_accuracy", "parameter_norm"):
        read = [(event.step, event.value) for event in reader.Scalars(name)]
        assert read == [(one.step, pytest.approx(getattr(one, name), rel=1e-6)) for one in records]
    assert [event.step for event in reader.Scalars("ipr")] == [0, 10, 20, 30]
    times = [event.wall_time for event in reader.Scalars("train_loss")]
    assert times == sorted(times)


def test_the_experiment_and_its_events_are_there(swapped: Source, tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import metadata

    FORMATS["tensorboard"].write(swapped, tmp_path / "x")
    reader = accumulated(tmp_path / "x")
    (text,) = reader.Tensors("experiment")
    assert b"    modulus = 11" in text.tensor_proto.string_val[0]
    read = [(event.step, event.tensor_proto.string_val[0]) for event in reader.Tensors("events/intervention")]
    assert read == [(12, b"swap to 30 %"), (13, b"set learning_rate 0.001")]
    content = reader.PluginTagToContent(metadata.PLUGIN_NAME)[metadata.SESSION_START_INFO_TAG]
    settings = metadata.parse_session_start_info_plugin_data(content).hparams
    assert settings["task.modulus"].number_value == 11
    assert settings["optimizer.kind"].string_value == "adamw"
    assert settings["optimizer.betas"].string_value == "[0.9, 0.999]"
    assert "title" not in settings


def test_a_member_is_a_run_of_its_own(ensemble: Source, tmp_path: Path) -> None:
    FORMATS["tensorboard"].write(ensemble, tmp_path / "x")
    members = [one.members for one in journaled(ensemble.run.journal) if isinstance(one, Evaluated) and one.members]
    for number, seed in enumerate((3, 4)):
        scalars = accumulated(tmp_path / "x" / f"seed-{seed}").Scalars("val_loss")
        assert [event.value for event in scalars] == [pytest.approx(one["val_loss"][number]) for one in members]


def test_a_reader_that_knows_an_earlier_log_forgets_it(swapped: Source, tmp_path: Path) -> None:
    open_log = FORMATS["tensorboard"].open_log
    assert open_log is not None
    first = open_log(swapped.run, tmp_path)
    for step in (5, 10):
        first.measured(0, step, {"val_loss": 1.0}, at=1.0)
    first.flush()
    reader = accumulated(tmp_path)
    assert len(reader.Scalars("val_loss")) == 2
    second = open_log(swapped.run, tmp_path)
    second.measured(0, 5, {"val_loss": 2.0}, at=2.0)
    second.close()
    first.close()
    reader.Reload()
    for one in (reader, accumulated(tmp_path)):
        assert [(event.step, event.value) for event in one.Scalars("val_loss")] == [(5, 2.0)]
