"""`grokterm figures RUN...`: figures for paper, of runs or of a sweep, as PNG and SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grokterm.cli.completion import complete_run_or_sweep
from grokterm.cli.console import print_status, results
from grokterm.cli.finding import run_or_sweep
from grokterm.cli.options import RUNS, RunsDir
from grokterm.cli.plugins import say_what_changed
from grokterm.errors import ConfigError, StorageError
from grokterm.plots.sanitize import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grokterm.experiment.recording.records import Record
    from grokterm.plots.paper.style import Format, PaperFigure
    from grokterm.runs.store import Run
    from grokterm.sweeps.storage.folder import SweepFolder
    from grokterm.views.paper.naming import LeftOut
    from grokterm.views.view import Subject

SOON = 1.05  # the checkpoint of a milestone is written a little later: at most at this multiple of its step


def figures(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Saved runs: names, beginnings of names, - for the newest, or paths; or a sweep.",
            autocompletion=complete_run_or_sweep,
        ),
    ],
    *,
    step: Annotated[int | None, typer.Option("--step", help="Draw the network at this step.", show_default="the end")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where files go.", show_default="./figures/RUN")
    ] = None,
    kind: Annotated[Literal["png", "svg", "both"], typer.Option("--format", help="Which files are written.")] = "both",
    only: Annotated[
        list[str], typer.Option("--only", metavar="NAME", help="Draw this figure only, named as its file. May be repeated.")
    ] = [],  # noqa: B006 - Typer reads the default
    dots_per_inch: Annotated[int, typer.Option("--dpi", min=30, max=2400, help="Pixels an inch of a PNG.")] = 300,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Draw figures of a run, or of a sweep, for a paper.

    One run gives every figure that applies to it: curves, weights, spectra, the circuit and more. Several runs are drawn
    beside each other; a sweep over its axes. The names of the files are printed; old files are replaced.
    """
    if find_spec("matplotlib") is None:
        raise ConfigError("figures need matplotlib: pip install 'grokterm[figures]'")
    from grokterm.runs.store import Run

    found = [run_or_sweep(runs_dir, name) for name in names]
    runs = [one for one in found if isinstance(one, Run)]
    drawings = _of_runs(runs, step) if len(runs) == len(found) else _of_sweep(found, step)
    chosen = _choose(only, list(drawings.figures), drawings.of)
    folder = out or Path("figures", drawings.name)
    formats: list[Format] = ["png", "svg"] if kind == "both" else [kind]
    n_drawn = sum(_draw(drawings.figures[name], folder, name, formats, dots_per_inch) for name in chosen)
    if not n_drawn:
        raise ConfigError("nothing was drawn: choose other figures, or another run")


@dataclass(frozen=True)
class Drawings:
    """The figures that there are, by the names of their files."""

    name: str
    """Of what is drawn."""

    of: str
    """What that is, in words."""

    figures: "Mapping[str, Callable[[], PaperFigure | LeftOut]]"


def _of_runs(runs: "Sequence[Run]", step: int | None) -> Drawings:
    from grokterm.views.paper.naming import labels_of
    from grokterm.views.paper.table import COMPARISONS, FIGURES

    subjects = [_subject(run, step, label) for run, label in zip(runs, labels_of(runs), strict=True)]
    if len(subjects) == 1:
        return Drawings(runs[0].name, "one run", {name: partial(draw, subjects[0]) for name, draw in FIGURES.items()})
    name = f"{runs[0].name}-and-{len(runs) - 1}-more"
    return Drawings(name, "several runs", {name: partial(draw, subjects) for name, draw in COMPARISONS.items()})


def _of_sweep(found: "Sequence[Run | SweepFolder]", step: int | None) -> Drawings:
    from grokterm.sweeps.measuring.measures import measure_name
    from grokterm.sweeps.measuring.outcomes import outcomes
    from grokterm.sweeps.plans import crossings_of, plan_so_far
    from grokterm.sweeps.storage.folder import SweepFolder
    from grokterm.views.paper.sweep import SWEEP_FIGURES, SweepSubject

    sweep = next(one for one in found if isinstance(one, SweepFolder))
    if len(found) > 1:
        raise ConfigError(f"{sweep.name} is a sweep: draw it alone")
    if step is not None:
        raise ConfigError(f"{sweep.name} is a sweep, and has no step: leave out --step")
    results = sweep.results()
    plan = plan_so_far(sweep, results)
    points = outcomes(plan.members, results, measure_name(sweep.sweep))
    subject = SweepSubject(sweep.sweep, points, crossings_of(plan.plan, results))
    return Drawings(sweep.name, "a sweep", {name: partial(draw, subject) for name, draw in SWEEP_FIGURES.items()})


def _draw(
    draw: "Callable[[], PaperFigure | LeftOut]", folder: Path, name: str, formats: Sequence["Format"], dots_per_inch: int
) -> bool:
    """Draw a figure and print the names of its files, or say why it is left out; return whether it was drawn."""
    from grokterm.plots.paper.style import paper_style
    from grokterm.views.paper.naming import LeftOut

    with paper_style():
        drawn = draw()
        if isinstance(drawn, LeftOut):
            print_status(f"{name} is left out: {drawn.reason}")
            return False
        for path in _save(drawn, folder, name, formats, dots_per_inch):
            results().print(plain_text(str(path)), soft_wrap=True)
    return True


def _choose(only: Sequence[str], known: Sequence[str], of: str) -> list[str]:
    from grokterm.experiment.reading.hints import nearest

    for name in only:
        if name not in known:
            raise ConfigError(f"no figure of {of} is called {name!r}{nearest(name, known) or ': choose ' + ', '.join(known)}")
    return [name for name in known if name in only or not only]


def _subject(run: "Run", step: int | None, label: str) -> "Subject":
    from grokterm.cli.headless.progress import replay_to
    from grokterm.runs.journal import read_journal
    from grokterm.session.state import LabState, fold
    from grokterm.views.view import Subject

    say_what_changed(run)
    records = read_journal(run.journal)
    state = fold(LabState(run.experiment), records)
    analysis = replay_to(run, step).analyze()
    at = state.milestones.get("memorized")
    memorized = cache(
        lambda: replay_to(run, _once(run, at, records)).analyze() if at is not None and at < analysis.step else None
    )
    return Subject(state, analysis, state.inspections, label, memorized)


def _once(run: "Run", step: int, records: Sequence["Record"]) -> int:
    """Return the step of a checkpoint soon after a milestone, which needs no replay; else the step itself."""
    from grokterm.experiment.recording.records import Checkpointed

    kept = [one.step for one in records if isinstance(one, Checkpointed) and (run.checkpoints / one.file).exists()]
    return min((at for at in kept if step <= at <= SOON * step), default=step)


def _save(figure: "PaperFigure", folder: Path, name: str, formats: Sequence["Format"], dots_per_inch: int) -> list[Path]:
    from grokterm.plots.paper.style import save_figure

    paths = [folder / f"{name}.{kind}" for kind in formats]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, kind in zip(paths, formats, strict=True):
            save_figure(figure, path, kind, dots_per_inch)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}: choose another folder with --out") from None
    return paths
