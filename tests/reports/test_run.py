from pathlib import Path

import pytest

from grokterm.experiment.recording.owner import Owner
from grokterm.reports.run import caution, describe, standing
from grokterm.runs.results.status import Status
from grokterm.runs.results.summary import Summary

RUN = Path("runs/one")
OWNER = Owner(pid=4711, host="gpu7")

STANDINGS: dict[Status, tuple[str, str]] = {
    "ended": ("complete at step 1,200", ""),
    "killed": (
        "killed at step 1,200: grokterm run --resume one goes on from step 900",
        "It was killed at step 1,200. Space goes on from its last checkpoint.",
    ),
    "training": (
        "not yet: at step 1,200, trained by process 4711 on gpu7",
        "Trained by process 4711 on gpu7 now. This is its last checkpoint: look, but do not go on here.",
    ),
    "unknown": (
        "not known: at step 1,200, maybe still trained by process 4711 on gpu7; "
        "if not, grokterm run --resume one goes on from step 900",
        "Maybe still trained by process 4711 on gpu7. Make sure that it does not before you go on.",
    ),
}


def test_a_run_that_waits_in_its_process_is_called_paused() -> None:
    summary = Summary(run="one", preset="p", status="training", is_paused=True, owner=OWNER, steps=1200)
    assert standing(summary, RUN) == "not yet: at step 1,200, paused in process 4711 on gpu7"


@pytest.mark.parametrize("status", STANDINGS)
def test_a_run_ended_or_was_killed_or_trains_or_nobody_knows(status: Status) -> None:
    ended = {"ended": "complete", "killed": "killed"}.get(status)
    summary = Summary(run="one", preset="p", status=status, ended=ended, owner=OWNER, steps=1200, checkpointed_at=900)
    assert (standing(summary, RUN), caution(summary)) == STANDINGS[status]


def test_an_older_run_that_names_no_process_may_still_train() -> None:
    summary = Summary(run="one", preset="p", steps=12)
    begun = "not known: at step 12, maybe still trained by the process that began it; if not, "
    assert standing(summary, RUN).startswith(begun)


def time_of(**known: object) -> str:
    lines = describe(Summary.model_validate({"run": "one", "preset": "p", **known}), RUN).splitlines()
    return next(line.removeprefix("time").strip() for line in lines if line.startswith("time"))


def test_the_time_names_only_what_is_known() -> None:
    assert time_of() == "-"
    assert time_of(device="cpu", engine="eager") == "cpu, eager"
    assert time_of(seconds=2.0, steps_per_second=50, device="cpu", engine="eager", steps=100) == "2.0 s, 50 steps/s, cpu, eager"


def test_the_time_of_a_run_that_was_killed_is_up_to_its_last_checkpoint() -> None:
    killed = {"status": "killed", "steps": 1385, "checkpointed_at": 139, "seconds": 2.9, "steps_per_second": 48}
    assert time_of(**killed) == "2.9 s to step 139, 48 steps/s"
