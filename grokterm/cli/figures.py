"""`grokterm figures RUN...`: figures for paper, as PNG and SVG."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grokterm.cli.console import print_status, results
from grokterm.cli.options import RUNS, RunNames, RunsDir
from grokterm.errors import ConfigError, StorageError
from grokterm.plots.sanitize import plain_text

if TYPE_CHECKING:
    from grokterm.experiment.records import Record
    from grokterm.plots.paper.style import Format, PaperFigure
    from grokterm.runs.store import Run
    from grokterm.views.view import Subject

SOON = 1.05  # the checkpoint of a milestone is written a little later: at most at this multiple of its step


def figures(
    names: RunNames,
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
    """Draw figures of a run for a paper.

    One run gives every figure that applies to it: curves, weights, spectra, the circuit and more. Several runs are drawn
    beside each other. The names of the files are printed; old files are replaced.
    """
    if find_spec("matplotlib") is None:
        raise ConfigError("figures need matplotlib: pip install 'grokterm[figures]'")
    from grokterm.plots.paper.style import paper_style
    from grokterm.runs.finding import find_run
    from grokterm.views.paper.naming import LeftOut, labels_of
    from grokterm.views.paper.table import COMPARISONS, FIGURES

    chosen = _choose(only, list(FIGURES if len(names) == 1 else COMPARISONS), n_runs=len(names))
    runs = [find_run(runs_dir, name) for name in names]
    subjects = [_subject(run, step, label) for run, label in zip(runs, labels_of(runs), strict=True)]
    folder = out or Path("figures", runs[0].name + (f"-and-{len(runs) - 1}-more" if runs[1:] else ""))
    formats: list[Format] = ["png", "svg"] if kind == "both" else [kind]
    n_drawn = 0
    with paper_style():
        for name in chosen:
            drawn = FIGURES[name](subjects[0]) if len(subjects) == 1 else COMPARISONS[name](subjects)
            if isinstance(drawn, LeftOut):
                print_status(f"{name} is left out: {drawn.reason}")
                continue
            n_drawn += 1
            for path in _save(drawn, folder, name, formats, dots_per_inch):
                results().print(plain_text(str(path)), soft_wrap=True)
    if not n_drawn:
        raise ConfigError("nothing was drawn: choose other figures, or another run")


def _choose(only: Sequence[str], known: Sequence[str], *, n_runs: int) -> list[str]:
    from grokterm.experiment.hints import nearest

    for name in only:
        if name not in known:
            of = "one run" if n_runs == 1 else "several runs"
            raise ConfigError(f"no figure of {of} is called {name!r}{nearest(name, known) or ': choose ' + ', '.join(known)}")
    return [name for name in known if name in only or not only]


def _subject(run: "Run", step: int | None, label: str) -> "Subject":
    from grokterm.cli.progress import replay_to
    from grokterm.runs.journal import read_journal
    from grokterm.session.state import LabState, fold
    from grokterm.views.view import Subject

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
    from grokterm.experiment.records import Checkpointed

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
