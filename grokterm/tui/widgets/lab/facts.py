"""The settings of the run, its milestones and its interventions, as text."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.optimizer import Optimizer, RecursiveFeatures
from grokterm.plots.sanitize import plain_text
from grokterm.reports.kept import room
from grokterm.reports.structure import algebra, chance
from grokterm.session.state import LabState
from grokterm.tasks.structure import structure


class Facts(VerticalScroll):
    """A scrolling list of settings, milestones and interventions."""

    def __init__(self) -> None:
        super().__init__(id="facts", can_focus=False)
        self.border_title = "experiment"
        self._static = Static()
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Compose one block of text."""
        yield self._static

    def show(self, state: LabState, run_name: str) -> None:
        """Show a state, if a listed value has changed."""
        shown = (
            state.experiment,
            _rate(state),
            state.milestones,
            state.segment,
            state.events,
            state.saved_at,
            state.n_train,
            state.n_seen,
            run_name,
        )
        if shown != self._shown:
            self._shown = shown
            self._static.update(_table(state, run_name))


def _table(state: LabState, run_name: str) -> Table:
    experiment, optimizer = state.experiment, state.experiment.optimizer
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    operation, modulus, members = state.definition, experiment.task.modulus, experiment.training.members
    known = structure(operation, modulus, experiment.seed)
    share = state.n_train / operation.n_equations(modulus)
    facts = [
        ("task", operation.label.format(p=modulus)),
        ("elements", f"{known.n_elements}"),
        ("structure", algebra(known)),
        ("chance", chance(known)),
        ("basis", known.basis or "none known"),
        ("train", f"{state.n_train:,} ({share:.3g})" if state.n_train else f"{experiment.task.train_fraction:g}"),
        ("noisy", f"{experiment.task.label_noise:.3g} of their answers" if experiment.task.label_noise else ""),
        ("val", f"{state.n_val:,}" if state.n_val else "none" if state.n_train else ""),
        ("seen", f"{state.n_seen:,}, trained on before" if state.n_seen else ""),
        ("network", experiment.model.label),
        ("frozen", ", ".join(experiment.model.frozen) if isinstance(experiment.model, MLPModel) else ""),
        ("loss", experiment.loss.kind),
        ("optimizer", optimizer.kind),
        ("rate", _rate(state)),
        *_optimizer_facts(optimizer),
        ("seed", f"{experiment.seed}" + (f" to {experiment.seed + members - 1}" if members > 1 else "")),
        ("members", f"{members}" if members > 1 else ""),
        ("stop when", "" if experiment.training.stop_when == "never" else experiment.training.stop_when),
        ("run", run_name),
        ("saved", "" if state.saved_at is None else f"step {state.saved_at:,}"),
        ("disk", room(state.checkpoint_bytes, experiment.training.checkpoint_gigabytes)),
    ]
    _section(table, "", [(name, value) for name, value in facts if value])
    reached: list[tuple[str, str]] = [(name, f"{step:,}") for name, step in state.milestones.items()]
    if "memorized" in state.milestones and "grokked" in state.milestones:
        reached.append(("delay", f"{state.milestones['grokked'] - state.milestones['memorized']:,}"))
    _section(table, "milestones", reached or [("", "none yet")])
    acts = [(f"{event.step:,}", event.label) for event in state.events if event.label not in state.milestones]
    if acts:
        _section(table, "interventions", acts)
    return table


def _rate(state: LabState) -> str:
    """Say the learning rate, and what a warm-up or a schedule makes of it at this step."""
    optimizer = state.experiment.scheduled.optimizer
    if isinstance(optimizer, RecursiveFeatures):
        return ""
    share = optimizer.rate_share_at(state.step)
    return f"{optimizer.learning_rate:g}" + (f", now {share * optimizer.learning_rate:.2g}" if share != 1 else "")


def _optimizer_facts(optimizer: Optimizer) -> list[tuple[str, str]]:
    if isinstance(optimizer, RecursiveFeatures):
        return [("ridge", f"{optimizer.ridge:g}"), ("power", f"{optimizer.power:g}")]
    return [
        ("decay", f"{optimizer.weight_decay:g}"),
        *(
            (pattern, ", ".join(f"{key} {value:g}" for key, value in one.own.items()))
            for pattern, one in optimizer.groups.items()
        ),
        ("batch", f"{optimizer.batch_size}"),
    ]


def _section(table: Table, title: str, rows: Iterable[tuple[str, str]]) -> None:
    if title:
        table.add_row(Text(), Text())
        table.add_row(Text(title, style="bold"), Text())
    for name, value in rows:
        table.add_row(Text(name), Text(plain_text(value)))
