"""Losses, metrics, views and update rules from files: each example at work, and what is refused of others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

import grokterm
from grokterm.errors import PluginError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.loss import LOSS_NAMES
from grokterm.experiment.metrics import METRICS
from grokterm.optim.losses import LOSSES
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import RULES
from grokterm.plots.cells import rows_to_text
from grokterm.plots.palettes import choose_palette
from grokterm.plugins.loading import load_plugins
from grokterm.plugins.registry import blamed
from grokterm.session.state import LabState
from grokterm.training.trainer import make_trainer
from grokterm.tui.panes import panes
from grokterm.tui.widgets.setup.fields import form_fields
from grokterm.views.table import VIEWS
from grokterm.views.view import Choice, Drawn, Sheet, Subject
from tests.conftest import TINY
from tests.plugins.conftest import EXAMPLES, Command, unload, weights_of

Write = Callable[[str], Path]

PARTS = [
    ("loss", "loss hinge of loss.py", "loss.kind=hinge"),
    ("update_rule", "update rule signum of update_rule.py", "optimizer.kind=signum"),
]


def test_a_loss_that_fails_on_the_way_is_said_with_what_is_saved(command: Command, plugin: Write) -> None:
    body = "scores.logsumexp(1) if times.append(1) or len(times) < 30 else nothing"
    path = plugin(LOSS.format("mine", body).replace("answers", "answers, times=[]"))
    failed = command("run", "--plugins", str(path), "--preset", "./tiny.toml", "--set", "loss.kind=mine")
    (run,) = Path("runs").iterdir()
    assert failed.code == 1
    assert failed.err.splitlines()[-1] == (
        "grokterm: loss mine failed: mine.py:4: NameError: name 'nothing' is not defined: "
        f"grokterm run --resume {run.name} goes on from the start"
    )


@pytest.mark.parametrize(("name", "needed", "setting"), PARTS, ids=[name for name, *_ in PARTS])
def test_the_example_is_trained_and_resumed_bit_for_bit(command: Command, name: str, needed: str, setting: str) -> None:
    example, weights = str(EXAMPLES / f"{name}.py"), []
    for first in ("30", "60"):
        words = "--plugins", example, "--preset", "./tiny.toml", "--set", setting, "--set", f"training.steps={first}", "--json"
        trained = json.loads(command("run", *words).out)
        if first == "30":
            run = trained["run"]
            trained = json.loads(
                command("run", "--resume", run, "--plugins", example, "--set", "training.steps=60", "--json").out
            )
        weights.append(weights_of(trained["run"]))
        assert trained["train_accuracy"] > 0.9
    assert weights[0] == weights[1] != {}
    unload()
    assert f"run {run} needs {needed}" in command("run", "--resume", run).err


def test_a_loss_is_a_row_of_its_table() -> None:
    load_plugins([EXAMPLES / "loss.py"])
    scores = torch.tensor([[2.0, 0.0, 1.5], [0.0, 3.0, 0.0]])
    assert LOSSES["hinge"](scores, torch.tensor([0, 0])).tolist() == [0.5, 4.0]
    experiment = Experiment.from_settings({"loss": {"kind": "hinge"}})
    assert "hinge" in next(field.choices for field in form_fields(experiment) if field.name == "loss.kind")


def test_an_update_rule_is_a_row_with_settings_of_its_own() -> None:
    load_plugins([EXAMPLES / "update_rule.py"])
    experiment = Experiment.from_settings({"optimizer": {"kind": "signum", "learning_rate": 0.5, "weight_decay": 0.0}})
    assert {"optimizer.beta", "optimizer.learning_rate", "optimizer.warmup_steps"} <= set(experiment.live_names()) | {
        "optimizer.warmup_steps"
    }
    rule, weights = RULES["signum"](experiment.optimizer), {"w": torch.tensor([1.0, 1.0])}
    state, rng = rule.begin(weights), StepRng(0, 0, torch.device("cpu"))
    moved, state = rule.update({"w": torch.tensor([2.0, -3.0])}, state, weights, rng)
    assert moved["w"].tolist() == [0.5, 1.5]
    moved, state = rule.update({"w": torch.tensor([-1.0, 1.0])}, state, moved, rng)  # the momentum outweighs it
    assert moved["w"].tolist() == [0.0, 2.0]
    assert Experiment.from_toml(experiment.to_toml()) == experiment


def test_the_state_of_a_rule_has_a_tensor_for_each_weight_and_purpose() -> None:
    given: list[float] = []

    @grokterm.update_rule("mine", state=("sum", "last"))
    def mine(
        weight: Tensor,
        grad: Tensor,
        state: dict[str, Tensor],
        *,
        learning_rate: float = 0.5,
        weight_decay: float = 0.0,
        share: float = 0.25,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        given[:] = learning_rate, weight_decay, share
        total = state["sum"] + grad
        return weight - learning_rate * share * total, {"last": grad, "sum": total, "other": grad}

    assert grokterm.update_rule("again", state=("sum", "last"))(mine) is mine

    @grokterm.update_rule("plain")
    def plain(
        weight: Tensor, grad: Tensor, state: dict[str, Tensor], *, learning_rate: float = 0.5, weight_decay: float = 0.0
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return (1 - weight_decay) * weight - learning_rate * grad, state

    grokterm.update_rule("keeping", state=("kept",))(plain)  # the state may stay as it is
    assert (
        RULES["plain"](Experiment.from_settings({"optimizer": {"kind": "plain"}}).optimizer).begin({"w": torch.ones(2)}) == {}
    )
    made = Experiment.from_settings({"optimizer": {"kind": "mine", "learning_rate": 2.0, "weight_decay": 0.1}}).optimizer
    rule, weights = RULES["mine"](made), {"w": torch.ones(2), "v": torch.ones(3)}
    state, rng = rule.begin(weights), StepRng(0, 0, torch.device("cpu"))
    names = [f"mine_{purpose}.{name}" for purpose in ("sum", "last") for name in weights]
    assert {name: one.tolist() for name, one in state.items()} == dict(
        zip(names, [[0.0] * n for n in (2, 3, 2, 3)], strict=True)
    )
    assert rule.by_tensor
    ones = {name: torch.ones_like(one) for name, one in weights.items()}
    for grad, total in ((1.0, 1.0), (3.0, 4.0)):
        moved, state = rule.update({name: grad * one for name, one in ones.items()}, state, weights, rng)
        torch.testing.assert_close(moved, {name: (1 - 0.5 * total) * one for name, one in ones.items()})
        values = {"mine_sum": total, "mine_last": grad}
        kept = {f"{purpose}.{name}": value * one for purpose, value in values.items() for name, one in ones.items()}
        torch.testing.assert_close(state, kept)
    assert given == [2.0, 0.1, 0.25]


def test_a_loss_of_a_session_is_computed_by_rows_and_its_mistakes_are_its_own() -> None:
    @grokterm.loss("mine")
    def mine(scores: Tensor, answers: Tensor) -> Tensor:
        if len(answers) > 3:
            raise ValueError("too many")
        return scores.gather(1, answers[:, None])[:, 0]

    assert grokterm.loss("again")(mine) is mine
    assert LOSSES["mine"](torch.eye(3), torch.tensor([0, 1, 0])).tolist() == [1.0, 1.0, 0.0]
    assert LOSS_NAMES.count("mine") == 1
    with pytest.raises(PluginError, match=r"loss mine failed: .*too many"):
        LOSSES["mine"](torch.eye(4), torch.arange(4))


def test_a_metric_is_measured_wherever_networks_are(command: Command) -> None:
    example = str(EXAMPLES / "metric.py")
    run = json.loads(command("run", "--plugins", example, "--preset", "./tiny.toml", "--json").out)["run"]
    assert 1 <= json.loads(command("inspect", run, "--json", "--skip-norms", "--plugins", example).out)["singular_values"] <= 11
    shown = command("inspect", run, "--skip-norms", "--plugins", example).out
    assert "those of the first matrix above a tenth of the largest" in shown
    unload()
    assert "singular_values" not in json.loads(command("inspect", run, "--json", "--skip-norms").out)


def test_a_metric_that_fails_says_why_and_ends_no_training(plugin: Write) -> None:
    load_plugins([plugin("import grokterm\n@grokterm.metric('broken')\ndef broken(analysis):\n    return analysis.nothing\n")])
    trainer = make_trainer(Experiment.from_toml(TINY))
    assert trainer.analyze().inspected().metric("broken") is None
    assert METRICS["broken"].otherwise.startswith("metric broken failed: mine.py:4: AttributeError: ")


def drawn(name: str, width: int = 60, height: int = 20) -> tuple[Drawn, str]:
    """What a view shows of an untrained network."""
    experiment = Experiment.from_toml(TINY)
    subject = Subject(LabState(experiment), make_trainer(experiment).analyze())
    view, sheet = VIEWS[name], Sheet(width, height, choose_palette({}, ascii_only=True))
    found = view.find(subject.analysis, view.question(subject, Choice(), sheet))
    assert view.lines is not None
    assert next(iter(view.lines(subject, Choice(), sheet, found))) == str(view.draw(subject, Choice(), sheet, found).title)
    picture = view.draw(subject, Choice(), sheet, found)
    return picture, rows_to_text(picture.rows).plain


def test_views_are_tabs_that_draw_a_matrix_or_curves() -> None:
    load_plugins([EXAMPLES / "view.py"])
    assert panes()["cosines"] == "8"
    matrix, text = drawn("cosines")
    assert matrix.title == "cosine between the rows of the first matrix"
    assert matrix.subtitle.startswith("step 0 · 11 × 11 · ±")
    assert len(matrix.rows) == 20
    assert "@" in text  # every row has a cosine of 1 with itself
    curves, text = drawn("singular")
    assert curves.title == "singular values of every matrix over residues"
    assert all(name in text for name in ("left", "right", "readout"))


VIEW = "import grokterm, numpy as np\n@grokterm.view('mine')\ndef mine(analysis):\n    return {}\n"


@pytest.mark.parametrize("value", ["np.zeros((2, 2, 2))", "{str(n): np.zeros(3) for n in range(7)}", "{'a': np.zeros((2, 2))}"])
def test_a_view_that_returns_something_else_says_so(value: str, plugin: Write) -> None:
    load_plugins([plugin(VIEW.format(value))])
    with pytest.raises(PluginError, match="view mine must return a matrix, or a dict of 6 vectors at most, one a curve"):
        drawn("mine")


def test_what_fails_in_a_view_is_a_line_with_its_place(plugin: Write) -> None:
    load_plugins([plugin(VIEW.format("1 / 0"))])
    with pytest.raises(PluginError, match=r"view mine failed: mine\.py:4: ZeroDivisionError: division by zero"):
        drawn("mine")


LOSS = "import grokterm, torch\n@grokterm.loss({!r})\ndef mine(scores, answers):\n    return {}\n"
RULE = "import grokterm, torch\n@grokterm.update_rule('mine', state=('m',))\ndef mine({}):\n    return {}\n"
USUAL = "weight, grad, state, *, learning_rate: float = 1.0, weight_decay: float = 0.0"


ROWS = "must return a value for each row, (3,) of 3 rows, not {}: take no mean over the batch"
PAIR = "update rule mine must return the new weight, and a dict of the new m, each a tensor like the weight"
WRITE = "write def mine(weight, grad, state, *, learning_rate: float = 0.001, weight_decay: float = 0.0, ...)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LOSS.format("mine", "scores.square().mean()"), f"loss mine {ROWS.format('()')}"),
        (LOSS.format("mine", "scores"), f"loss mine {ROWS.format('(3, 5)')}"),
        (LOSS.format("mine", "0.5"), f"loss mine {ROWS.format('float')}"),
        (
            LOSS.format("mine", "scores.detach()[:, 0]"),
            "loss mine has no gradient by the scores: write it in operations of torch",
        ),
        (
            LOSS.format("mine", "scores[:, 0] - scores.mean()"),
            "loss mine mixes the rows of a batch: each must have a loss of its own",
        ),
        (LOSS.format("mine", "nothing"), "loss mine failed: mine.py:4: NameError: name 'nothing' is not defined"),
        (LOSS.format("mse", "scores[:, 0]"), "loss 'mse' is taken: choose another name"),
        (
            LOSS.format("a b", "0"),
            "loss 'a b' is no name: choose letters, digits and _, beginning with a letter, as in cube_sum",
        ),
        (RULE.format(USUAL, "weight"), PAIR),
        (RULE.format(USUAL, "(weight[0], state)"), PAIR),
        (RULE.format(USUAL, "(weight.double(), state)"), PAIR),
        (RULE.format(USUAL, "(weight, {})"), PAIR),
        (RULE.format(USUAL, "(weight, {'m': weight[0]})"), PAIR),
        (RULE.format(USUAL, "(weight, state, 0)"), PAIR),
        (RULE.format(USUAL, "(weight, ['m'])"), PAIR),
        (RULE.format(USUAL, "weight").replace("('m',)", "('m', 'v')"), PAIR.replace("new m", "new m and v")),
        (RULE.format(USUAL, "weight").replace("('m',)", "()"), PAIR.replace("new m", "new state")),
        (
            RULE.format(USUAL, "weight").replace("'m'", "'m.n'"),
            "update rule 'm.n' is no name: choose letters, digits and _, beginning with a letter, as in cube_sum",
        ),
        (RULE.format(USUAL, "weight").replace("'mine'", "'adamw'"), "update rule 'adamw' is taken: choose another name"),
        (
            RULE.format(USUAL, "(weight.nothing, state)"),
            "update rule mine failed: mine.py:4: AttributeError: 'Tensor' object has no attribute 'nothing'",
        ),
        (RULE.format("weight, grad", "(weight, state)"), f"update rule mine must take weight, grad, state: {WRITE}"),
        (
            RULE.format("weight, grad, state, *, learning_rate: float = 1.0", "0"),
            f"update rule mine must take weight_decay: {WRITE}",
        ),
        (
            RULE.format("weight, grad, state, *, weight_decay: float = 1.0", "0"),
            f"update rule mine must take learning_rate: {WRITE}",
        ),
        (
            RULE.format(f"{USUAL}, beta=0.5", "0"),
            "update rule mine: its argument beta needs a type and a default, as in width: int = 64",
        ),
        (
            RULE.format(f"{USUAL}, clip_norm: float = 0.5", "0"),
            "update rule mine: its argument clip_norm is called like something that all have: choose another name",
        ),
        ("import grokterm\n@grokterm.metric('ipr')\ndef ipr(analysis): ...\n", "metric 'ipr' is taken: choose another name"),
        (
            "import grokterm\n@grokterm.operation('f')\ndef f(a, b): ...\n",
            "operation f must take a, b, p: too many positional arguments",
        ),
        (
            "import grokterm\n@grokterm.metric('f')\ndef f(): ...\n",
            "metric f must take analysis: too many positional arguments",
        ),
        (
            "import grokterm\n@grokterm.view('f')\ndef f(analysis, step): ...\n",
            "view f must take analysis: missing a required argument: 'step'",
        ),
        (
            "import grokterm\n@grokterm.view\ndef f(analysis): ...\n",
            'view: the decorator needs a name, as in @grokterm.view("f")',
        ),
        (
            "import grokterm\n@grokterm.view('curves')\ndef curves(analysis): ...\n",
            "view 'curves' is taken: choose another name",
        ),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_loaded(text: str, said: str, plugin: Write) -> None:
    with pytest.raises(PluginError) as refused:
        load_plugins([plugin(text)])
    assert str(refused.value) == f"plugin mine.py: {said}"


def test_a_device_that_fails_in_the_code_of_a_plugin_is_not_its_fault() -> None:
    with pytest.raises(RuntimeError, match=r"^CUDA error"), blamed("loss hinge"):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
