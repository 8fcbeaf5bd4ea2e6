"""The terminal laboratory for grokking, as a library: `import grokterm as gt`.

    run = gt.train("quick", {"training.steps": 400})  # a new run, which trains while it is iterated
    for record in run:
        ...
    run = gt.open_run("-")                            # a saved one: its curves, datasets, analyses and networks
    run.curves(), run.analysis("grokked"), run.network(200), run.dataset()
    gt.sweep("quick", seeds=8).finish().table()       # many runs of one experiment; gt.open_sweep reads them again
    gt.presets()                                      # what there is to train

`operation`, `network`, `loss`, `update_rule`, `metric` and `view` add your own: `grokterm help plugins`. What is wrong raises
GroktermError, with one line. The manual's page is `grokterm help python`.

The names in `__all__` are a promise: a later version keeps them, their arguments, and what their public methods do. Everything
else in this package, every module of it included, is private and may change. Nothing is loaded before it is asked for, torch
least of all.
"""

from importlib import import_module

TYPE_CHECKING = False  # not from typing, whose import takes longer than all the rest
if TYPE_CHECKING:  # what type checkers and editors see of the table below
    from grokterm.api.analysis import Analysis as Analysis
    from grokterm.api.catalog import presets as presets
    from grokterm.api.dataset import Dataset as Dataset
    from grokterm.api.saved_run import SavedRun as SavedRun
    from grokterm.api.saved_run import open_run as open_run
    from grokterm.api.sweeps import SavedSweep as SavedSweep
    from grokterm.api.sweeps import Sweep as Sweep
    from grokterm.api.sweeps import open_sweep as open_sweep
    from grokterm.api.sweeps import sweep as sweep
    from grokterm.api.training import Training as Training
    from grokterm.api.training import train as train
    from grokterm.errors import GroktermError as GroktermError
    from grokterm.inspection.analysis import NetworkAnalysis as NetworkAnalysis
    from grokterm.inspection.plugins import metric as metric
    from grokterm.models.hook_points import HookPoint as HookPoint
    from grokterm.models.plugins import network as network
    from grokterm.optim.plugins import loss as loss
    from grokterm.optim.plugins import update_rule as update_rule
    from grokterm.plugins.loading import load_plugins as load_plugins
    from grokterm.tasks.plugins import operation as operation
    from grokterm.views.plugins import view as view

__version__ = "0.1.0"

_MODULES = {
    "Analysis": "grokterm.api.analysis",
    "Dataset": "grokterm.api.dataset",
    "GroktermError": "grokterm.errors",
    "HookPoint": "grokterm.models.hook_points",
    "NetworkAnalysis": "grokterm.inspection.analysis",
    "SavedRun": "grokterm.api.saved_run",
    "SavedSweep": "grokterm.api.sweeps",
    "Sweep": "grokterm.api.sweeps",
    "Training": "grokterm.api.training",
    "load_plugins": "grokterm.plugins.loading",
    "loss": "grokterm.optim.plugins",
    "metric": "grokterm.inspection.plugins",
    "network": "grokterm.models.plugins",
    "open_run": "grokterm.api.saved_run",
    "open_sweep": "grokterm.api.sweeps",
    "operation": "grokterm.tasks.plugins",
    "presets": "grokterm.api.catalog",
    "sweep": "grokterm.api.sweeps",
    "train": "grokterm.api.training",
    "update_rule": "grokterm.optim.plugins",
    "view": "grokterm.views.plugins",
}
"""Where each public name is defined. To add one, add a row, and its import above."""

__all__ = [*_MODULES]

if not TYPE_CHECKING:  # or type checkers take any name for one of these

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found = getattr(import_module(_MODULES[name]), name)
        return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__version__"])
