"""A summary in words."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from grokterm.experiment.expectation import MILESTONE_STEPS
from grokterm.experiment.recording.endings import in_words
from grokterm.experiment.recording.owner import Owner
from grokterm.plots.sanitize import plain_text
from grokterm.plugins.registry import lacking
from grokterm.reports.kept import kept
from grokterm.runs.command_line import command_line
from grokterm.runs.journal import read_journal, refuse_lost
from grokterm.runs.results.over_seeds import Statistics
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.results.summary import Member, Segment, Summary
from grokterm.runs.store import Run


def summary_of(run: Run, *, as_json: bool) -> str:
    """Summarize a run, in words or as a JSON object.

    Raises:
        CheckpointError: if its journal cannot be read, or is lost.
    """
    with run.without_plugins():
        records = read_journal(run.journal)
    if not records:
        refuse_lost(run.journal, n_records=0)
    summary = summarize(run, records)
    if as_json:
        return summary.to_json()
    needed = [plain_text(f"{'needs':<14}{lacks}")] if (lacks := lacking(run.meta.get("plugins"))) else []
    return "\n".join([describe(summary, run.path), *needed, *_made_with(run.meta)])


def _made_with(meta: Mapping[str, Any]) -> Iterator[str]:
    """Name the versions of what computed it, and the processor, as far as the run says."""
    libraries = meta.get("libraries")
    within = libraries if isinstance(libraries, Mapping) else {}
    versions = {**{name: meta.get(name) for name in ("grokterm", "commit", "python", "torch", "numpy")}, **within}
    if said := [f"{name} {version}" for name, version in versions.items() if version]:
        yield plain_text(f"{'made with':<14}{', '.join(said)}")
    if where := [str(meta[name]) for name in ("processor", "platform") if meta.get(name)]:
        yield plain_text(f"{'made on':<14}{', '.join(where)}")


def describe(summary: Summary, run: Path) -> str:
    """Describe the outcome of a run, one fact a line."""
    facts = [
        ("run", plain_text(summary.run)),
        *([("branch", f"of {plain_text(summary.parent)} at step {summary.branched_at:,}")] if summary.parent else []),
        ("ended", standing(summary, run)),
        ("time", _time(summary)),
        *([("kept", one)] if (one := kept(summary.n_checkpoints, summary.checkpoint_bytes)) else []),
        *((name.replace("_", " "), _step(getattr(summary, name))) for name in MILESTONE_STEPS),
        ("accuracy", _sides(summary, "accuracy", ".4f")),
        ("loss", _sides(summary, "loss", ".3g")),
    ]
    rare = {"ungrokked at", "diverged at"}
    lines = [f"{name:<14}{value}" for name, value in facts if value != "-" or name not in rare]
    acts = [f"{f'at {one.step:,}':<14}{one.action}" for one in summary.interventions]
    return "\n".join([*lines, *acts, *_segments(summary.segments), *_members(summary.members or [])])


def standing(summary: Summary, run: Path) -> str:
    """Say how and where a run ended, or whether it still trains: `complete at step 60`."""
    step = f"at step {summary.steps:,}"
    going_on = f"{plain_text(command_line('run --resume', run))} goes on from step {summary.checkpointed_at or 0:,}"
    match summary.status:
        case "ended":
            return f"{summary.ended} {step}"
        case "killed":
            return f"killed {step}: {going_on}"
        case "training":
            held = "paused in" if summary.is_paused else "trained by"
            held = f"{in_words(summary.trouble)}, {held}" if summary.trouble else held
            return f"not yet: {step}, {held} {_process(summary.owner)}"
        case "unknown":
            return f"not known: {step}, maybe still trained by {_process(summary.owner)}; if not, {going_on}"


def caution(summary: Summary) -> str:
    """Say what to know before a run that has not ended goes on; empty if it has."""
    process = _process(summary.owner)
    match summary.status:
        case "killed":
            return f"It was killed at step {summary.steps:,}. Space goes on from its last checkpoint."
        case "training":
            return f"Trained by {process} now. This is its last checkpoint: look, but do not go on here."
        case "unknown":
            return f"Maybe still trained by {process}. Make sure that it does not before you go on."
    return ""


def _time(summary: Summary) -> str:
    """Say how long it trained, how fast and on what; of a run that was killed, up to its last checkpoint."""
    seconds = f"{summary.seconds:.1f} s" if summary.seconds else ""
    if seconds and summary.status == "killed":
        seconds += f" to step {summary.checkpointed_at or 0:,}"
    speed = f"{summary.steps_per_second:,.0f} steps/s" if summary.steps_per_second else ""
    return ", ".join(filter(None, (seconds, speed, summary.device, summary.engine))) or "-"


def _process(owner: Owner | None) -> str:
    return "the process that began it" if owner is None else f"process {owner.pid} on {plain_text(owner.host)}"


def _sides(summary: Summary, measure: str, layout: str) -> str:
    """Name the sides and their number; what was trained on before only if there is any."""
    numbers = {side: getattr(summary, f"{side}_{measure}") for side in ("train", "val", "seen")}
    return "  ".join(
        f"{side} {_number(number, layout)}" for side, number in numbers.items() if side != "seen" or number is not None
    )


def _members(members: list[Member]) -> Iterable[str]:
    """Count the members that reached each milestone, with the first and the last step, mean and standard deviation."""
    for name in ("memorized", "grokked", "ungrokked", "diverged") if members else ():
        steps = sorted(step for member in members if (step := getattr(member, f"{name}_at")) is not None)
        if steps:
            found = Statistics.of(steps)
            spread = "" if found.standard_deviation is None else f", mean {found.mean:,.1f} ± {found.standard_deviation:.1f}"
            yield f"{'members':<14}{len(steps)} of {len(members)} {name}, at {steps[0]:,} to {steps[-1]:,}{spread}"


def _segments(segments: list[Segment]) -> Iterable[str]:
    if len(segments) < 2:
        return
    for segment in segments:
        reached = ", ".join(f"{name} {_step(getattr(segment, f'{name}_at'))}" for name in ("memorized", "grokked", "ungrokked"))
        seen = f", {segment.n_seen:,} seen" if segment.n_seen else ""
        yield f"{f'from {segment.from_step:,}':<14}{segment.n_train:,} train, {segment.n_val:,} val{seen}: {reached}"


def _step(step: int | None) -> str:
    return "-" if step is None else f"{step:,}"


def _number(value: float | None, layout: str) -> str:
    return "-" if value is None else format(value, layout)
