"""A summary in words."""

from collections.abc import Iterable

from grokterm.experiment.expectation import MILESTONE_STEPS
from grokterm.plots.sanitize import plain_text
from grokterm.runs.journal import read_journal
from grokterm.runs.store import Run
from grokterm.runs.summary import Member, Segment, Summary, summarize


def summary_of(run: Run, *, as_json: bool) -> str:
    """Summarize a run, in words or as a JSON object."""
    summary = summarize(run, read_journal(run.journal))
    return summary.to_json() if as_json else describe(summary)


def describe(summary: Summary) -> str:
    """Describe the outcome of a run, one fact a line."""
    speed = f"{summary.steps_per_second:,.0f} steps/s" if summary.steps_per_second else "-"
    facts = [
        ("run", plain_text(summary.run)),
        ("ended", f"{summary.ended or 'not yet'} at step {summary.steps:,}"),
        ("time", f"{summary.seconds:.1f} s, {speed}, {summary.device}, {summary.engine}"),
        *((name.replace("_", " "), _step(getattr(summary, name))) for name in MILESTONE_STEPS),
        ("accuracy", f"train {_number(summary.train_accuracy, '.4f')}  val {_number(summary.val_accuracy, '.4f')}"),
        ("loss", f"train {_number(summary.train_loss, '.3g')}  val {_number(summary.val_loss, '.3g')}"),
    ]
    rare = {"ungrokked at", "diverged at"}
    lines = [f"{name:<14}{value}" for name, value in facts if value != "-" or name not in rare]
    return "\n".join([*lines, *_segments(summary.segments), *_members(summary.members or [])])


def _members(members: list[Member]) -> Iterable[str]:
    """Count the members that reached each milestone, with the first and the last step."""
    for name in ("memorized", "grokked", "ungrokked", "diverged") if members else ():
        steps = sorted(step for member in members if (step := getattr(member, f"{name}_at")) is not None)
        if steps:
            yield f"{'members':<14}{len(steps)} of {len(members)} {name}, at {steps[0]:,} to {steps[-1]:,}"


def _segments(segments: list[Segment]) -> Iterable[str]:
    if len(segments) < 2:
        return
    for segment in segments:
        reached = ", ".join(f"{name} {_step(getattr(segment, f'{name}_at'))}" for name in ("memorized", "grokked", "ungrokked"))
        yield f"{f'from {segment.from_step:,}':<14}{segment.n_train:,} train, {segment.n_val:,} val: {reached}"


def _step(step: int | None) -> str:
    return "-" if step is None else f"{step:,}"


def _number(value: float | None, layout: str) -> str:
    return "-" if value is None else format(value, layout)
