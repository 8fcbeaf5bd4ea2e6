import pytest

from grokterm.experiment.records import Owner
from grokterm.reports.run import caution, standing
from grokterm.runs.summary import Status, Summary

OWNER = Owner(pid=4711, host="gpu7")

STANDINGS: dict[Status, tuple[str, str]] = {
    "ended": ("complete at step 1,200", ""),
    "killed": (
        "killed at step 1,200: grokterm run --resume one goes on",
        "It was killed at step 1,200. Space goes on from its last checkpoint.",
    ),
    "training": (
        "not yet: at step 1,200, trained by process 4711 on gpu7",
        "Trained by process 4711 on gpu7 now. This is its last checkpoint: look, but do not go on here.",
    ),
    "unknown": (
        "not known: at step 1,200, maybe still trained by process 4711 on gpu7; if not, grokterm run --resume one goes on",
        "Maybe still trained by process 4711 on gpu7. Make sure that it does not before you go on.",
    ),
}


@pytest.mark.parametrize("status", STANDINGS)
def test_a_run_ended_or_was_killed_or_trains_or_nobody_knows(status: Status) -> None:
    ended = {"ended": "complete", "killed": "killed"}.get(status)
    summary = Summary(run="one", preset="p", status=status, ended=ended, owner=OWNER, steps=1200)
    assert (standing(summary), caution(summary)) == STANDINGS[status]


def test_an_older_run_that_names_no_process_may_still_train() -> None:
    summary = Summary(run="one", preset="p", steps=12)
    assert standing(summary).startswith("not known: at step 12, maybe still trained by the process that began it; if not, ")
