"""What a preset shows, must show and costs, in words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grokterm.errors import GroktermError
from grokterm.experiment.architectures.mixture import PARTS, MixtureModel
from grokterm.experiment.expectation import MILESTONE_STEPS, Wanted, is_step
from grokterm.experiment.experiment import Experiment
from grokterm.reports.duration import duration
from grokterm.runs.results.newest import NewestRun, newest_of

if TYPE_CHECKING:
    from grokterm.training.estimate import Estimate

MOST_EXPECTED = 6
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Prospect:
    """What is known of a run before it starts; what is still being found out is None."""

    experiment: Experiment
    estimate: "Estimate | None" = None
    problem: str = ""
    """Why nothing can be estimated."""

    newest: NewestRun | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing more can be found out."""
        return self.estimate is not None or bool(self.problem)


def look_ahead(experiment: Experiment, preset: str, folder: Path, is_wanted: Callable[[], bool]) -> Iterator[Prospect]:
    """Yield what is known as it is found out: first the newest run of the preset, then what the training costs here.

    The latter loads torch, and times some steps until it is no longer wanted.
    """
    prospect = Prospect(experiment, newest=newest_of(preset, folder))
    yield prospect
    from grokterm.runs.results.expected_time import estimate_run

    try:
        yield replace(prospect, estimate=estimate_run(experiment, folder, is_wanted))
    except GroktermError as error:
        yield replace(prospect, problem=str(error))


def expected(experiment: Experiment) -> list[tuple[str, str]]:
    """Name what is expected, and its range: `("memorized", "1,460–1,700")`, `("grokked", "never")`."""
    ranges = experiment.expect.ranges if experiment.expect is not None else {}
    ordered = sorted(ranges.items(), key=lambda item: MILESTONE_STEPS.index(item[0]) if item[0] in MILESTONE_STEPS else 9)
    return [(_measure(name), _range(name, wanted)) for name, wanted in ordered[:MOST_EXPECTED]]


def parts(experiment: Experiment) -> list[tuple[str, str]]:
    """Name the parts of a mixture, which are trained first, and what each is."""
    model = experiment.model
    return [(role, str(getattr(model, role))) for role in PARTS] if isinstance(model, MixtureModel) else []


def costs(prospect: Prospect) -> list[tuple[str, str]]:
    """Say how large the task and the network are, and how long the training takes."""
    found, task = prospect.estimate, prospect.experiment.task
    unknown = "not known" if prospect.problem else "estimating"
    weights = unknown if found is None else f"{found.n_parameters:,}"
    takes = unknown if found is None else f"{'at most ' if _may_stop(prospect.experiment) else ''}about {_about(found.seconds)}"
    members = prospect.experiment.training.members
    return [
        ("equations", f"{task.train_size:,}"),
        ("weights", weights if members == 1 else f"{members} × {weights}"),
        ("time here", takes),
    ]


def ago(seconds: float) -> str:
    """`just now`, `3 min ago`, `2 h ago`, `5 days ago`."""
    for unit, length in (("day", DAY), ("h", HOUR), ("min", MINUTE)):
        if count := int(seconds // length):
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def in_two_lines(prospect: Prospect) -> Iterator[str]:
    """Write what is expected, or the parts of a mixture, and what it costs, for a narrow terminal."""
    first = [f"{role} {name}" for role, name in parts(prospect.experiment)]
    wanted = [f"{name} {text}" for name, text in expected(prospect.experiment)]
    yield " · ".join([*(["first " + ", ".join(first)] if first else []), *wanted]) or "nothing is expected of it"
    (_, equations), (_, weights), (_, takes) = costs(prospect)
    measured = takes if prospect.estimate is None else f"{weights} weights · {takes} here"
    yield f"{equations} equations · {measured}"


def _may_stop(experiment: Experiment) -> bool:
    return experiment.training.stop_condition is not None or any(one.stop for one in experiment.interventions)


def _about(seconds: float) -> str:
    """Round: an estimate is no measurement."""
    if seconds < 1:
        return "a second"
    for longest, unit in ((20, 1), (90, 5)):
        if seconds < longest:
            return duration(unit * round(seconds / unit))
    return f"{seconds / MINUTE:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"


def _measure(name: str) -> str:
    if is_step(name):
        return name.removesuffix("_at").replace("_", " ")
    return name.replace("_", " ").replace(".mean", "").replace(" @ ", " at ")


def _range(name: str, wanted: Wanted) -> str:
    if wanted == "never":
        return wanted
    low, high = wanted
    is_whole = is_step(name) or name == "val_loss_peak_at"
    written = [f"{value:,.0f}" if is_whole else f"{value:g}" for value in (low, high)]
    return written[0] if written[0] == written[1] else "–".join(written)
