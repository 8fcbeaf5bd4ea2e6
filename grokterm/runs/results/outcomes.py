"""Read the outcome of a saved run."""

from grokterm.experiment.expectation import Expect
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.runs.journal import read_journal
from grokterm.runs.results.metrics import inspect
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.results.verification import Outcome
from grokterm.runs.store import Run


def read_outcome(run: Run, expect: Expect) -> Outcome:
    """Read what an expectation needs of a saved run.

    Raises:
        CheckpointError: if its journal, or a needed checkpoint, cannot be read.
    """
    records = read_journal(run.journal)
    return Outcome(
        summary=summarize(run, records),
        seed=run.experiment.seed,
        evaluations=tuple(record for record in records if isinstance(record, Evaluated | Evaluations)),
        inspected=inspect(run, expect.inspected),
        meta=run.meta,
    )
