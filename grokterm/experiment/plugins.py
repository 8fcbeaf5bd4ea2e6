"""What of an experiment comes from plugins."""

from collections.abc import Iterable

from grokterm.experiment.experiment import Experiment
from grokterm.plugins.registry import record


def plugins_of(experiment: Experiment, operations: Iterable[str] = ()) -> list[dict[str, str]]:
    """List what an experiment, and further operations, need of plugins, each with its source, as a run records it."""
    swaps = [one.swap for one in experiment.interventions if one.swap is not None]
    metrics = [] if experiment.expect is None else [name.partition("@")[0].strip() for name in experiment.expect.ranges]
    return record(
        {
            ("operation", experiment.task.operation),
            *(("operation", name) for name in operations),
            *(("operation", swap.operation) for swap in swaps if swap.operation is not None),
            ("network", experiment.model.architecture),
            ("loss", experiment.loss.kind),
            ("update rule", experiment.optimizer.kind),
            *(("metric", name) for name in metrics),
        }
    )
