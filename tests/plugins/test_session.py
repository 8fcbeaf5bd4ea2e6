"""What a session adds itself, cell by cell, as a notebook does."""

import linecache
from collections.abc import Callable
from functools import reduce
from itertools import count
from pathlib import Path

import pytest
import torch

import grokterm as gt
from grokterm.experiment.loss import LOSS_NAMES
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.model import MODELS
from grokterm.experiment.optimizer import OPTIMIZERS
from grokterm.optim.losses import LOSSES
from grokterm.plugins.loading import load_plugins
from grokterm.plugins.registry import PROVIDED
from grokterm.tasks.operations import find_operation
from grokterm.views.table import VIEWS
from tests.plugins.conftest import unload

Run = Callable[[str], None]

OPERATION = """@gt.operation("own")
def own(a, b, p):
    return (a + 2 * b) % p
"""
NETWORK = """@gt.network("own")
class Own(torch.nn.Module):
    def __init__(self, n_elements: int, *, width: int = 8):
        super().__init__()
"""
LOSS = """@gt.loss("own")
def own(scores, answers):
    return scores.sum(1)
"""
RULE = """@gt.update_rule("own")
def own(weight, grad, state, *, learning_rate: float = 0.1, weight_decay: float = 0.0):
    return weight - learning_rate * grad, {}
"""
METRIC = """@gt.metric("own", "a number")
def own(analysis):
    return 1
"""
VIEW = """@gt.view("own", "a matrix")
def own(analysis):
    return analysis.snapshot.parameters["left"]
"""
AS_MANY: dict[str, tuple[str, Callable[[], object], object]] = {
    "operation": (OPERATION, lambda: find_operation("own").label, "own(a, b) mod {p}"),
    "network": (
        NETWORK,
        lambda: [
            {*one.model_fields} & {"width", "depth"} for one in MODELS if one.model_fields["architecture"].default == "own"
        ],
        [{"width"}],
    ),
    "loss": (LOSS, lambda: LOSS_NAMES.count("own"), 1),
    "update rule": (RULE, lambda: sum(one.model_fields["kind"].default == "own" for one in OPTIMIZERS), 1),
    "metric": (METRIC, lambda: METRICS["own"].label, "a number"),
    "view": (VIEW, lambda: [*VIEWS].count("own"), 1),
}


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the code of a cell: Python can look it up, though it is in no file."""
    numbers, names = count(1), {"__name__": "notebook", "gt": gt, "torch": torch}

    def run(code: str) -> None:
        name = f"<cell {next(numbers)}>"
        monkeypatch.setitem(linecache.cache, name, (len(code), None, code.splitlines(keepends=True), name))
        exec(compile(code, name, "exec"), names)

    return run


@pytest.mark.parametrize("kind", AS_MANY)
def test_a_cell_that_is_run_again_replaces_what_it_has_added(kind: str, cell: Run) -> None:
    code, shown, wanted = AS_MANY[kind]
    former = [("width", "depth"), ("a number", "former"), ('operation("own"', 'operation("own", "former"')]
    cell(reduce(lambda text, pair: text.replace(*pair), former, code))
    cell(code)
    assert shown() == wanted
    assert [*PROVIDED] == [(kind, "own")]


def test_the_answers_are_those_of_the_last_cell(cell: Run) -> None:
    def loss() -> float:
        return float(LOSSES["own"](torch.ones(1, 3), torch.zeros(1, dtype=torch.int64)))

    cell(LOSS)
    assert loss() == 3
    cell(LOSS.replace("return ", "return 2 * "))
    assert loss() == 6


def test_neither_a_cell_nor_a_file_takes_the_name_of_the_other_and_none_that_of_grokterm(cell: Run, tmp_path: Path) -> None:
    (path := tmp_path / "mine.py").write_text("import grokterm as gt\n" + OPERATION, encoding="utf-8")
    load_plugins(path)
    with pytest.raises(gt.GroktermError, match=r"operation 'own' is taken by mine\.py"):
        cell(OPERATION)
    unload()
    cell(OPERATION)
    with pytest.raises(gt.GroktermError, match="operation 'own' is taken by this session"):
        load_plugins(path)
    with pytest.raises(gt.GroktermError, match="operation 'add' is taken: choose"):
        cell(OPERATION.replace('"own"', '"add"'))


def test_a_run_goes_on_only_with_the_cell_that_it_began_with(cell: Run) -> None:
    cell(OPERATION)
    run = gt.train("./tiny.toml", {"task.operation": "own", "training.steps": 2}).finish()
    cell(OPERATION.replace("2 * b", "3 * b"))
    with pytest.raises(gt.GroktermError, match=r"own of a session of Python \(sha256 .* is that of this session now"):
        run.resume({"training.steps": 4}).finish()
    for look in (run.network, run.dataset, run.analysis):
        with pytest.warns(UserWarning, match=r"is that of this session now .*: what is computed now may differ"):
            look()
    cell(OPERATION)
    assert run.resume({"training.steps": 4}).finish().steps == 4
    unload()
    with pytest.raises(gt.GroktermError, match="needs operation own of a session of Python: add it again, by the same code"):
        gt.open_run(run.path).network()


@pytest.mark.parametrize("several", ["an ensemble", "a sweep"])
def test_what_other_processes_cannot_load_is_refused_before_anything_is_written(
    several: str, cell: Run, tmp_path: Path
) -> None:
    cell(OPERATION)
    settings = {"task.operation": "own", **({"training.members": 2} if several == "an ensemble" else {})}
    with pytest.raises(gt.GroktermError, match=r"own is known to this process alone.*write it into a file"):
        gt.train("./tiny.toml", settings) if several == "an ensemble" else gt.sweep("./tiny.toml", seeds=2, overrides=settings)
    assert not (tmp_path / "runs").exists()


def test_what_fails_is_said_with_its_place_in_the_cell(cell: Run) -> None:
    cell(OPERATION.replace("2 * b", "c"))
    with pytest.raises(gt.GroktermError, match=r"operation own failed: <cell 1>:3: NameError"):
        gt.train("./tiny.toml", {"task.operation": "own"})
