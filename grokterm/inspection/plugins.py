"""Metrics from outside the package."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from grokterm.experiment.expectation import MEASURES
from grokterm.experiment.metrics import METRICS, Metric
from grokterm.experiment.recording.inspected import Inspected
from grokterm.inspection.metrics import NETWORK_METRICS
from grokterm.plugins.registry import check_arguments, check_name, printable, provide, said

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

Written = TypeVar("Written", bound=Callable[..., Any])


def metric(name: str, label: str = "", meaning: str = "", *, written: str = ".4g") -> Callable[[Written], Written]:
    """Add a metric of a network: a function of a NetworkAnalysis that returns a number, or None where there is none.

    `label`: what reports call it; `meaning`: what it is, in a few words; `written`: how `format` writes a value. It is measured
    wherever networks are inspected; where it fails, the network lacks it, and reports say why.

    Raises:
        PluginError: if the name is taken, or a text cannot be printed.
    """
    check_name("metric", name, {*METRICS, *Inspected.model_fields, *MEASURES})
    row = Metric(
        printable(f"label of metric {name}", label or name.replace("_", " ")),
        written,
        printable(f"meaning of metric {name}", meaning or "from a plugin"),
        otherwise="it has no number here",
    )

    def add(function: Written) -> Written:
        check_arguments(f"metric {name}", function, "analysis")

        def measured(analysis: "NetworkAnalysis") -> float | None:
            try:
                value = function(analysis)
                return None if value is None else float(value)
            except Exception as error:  # noqa: BLE001 - a training does not end because of it
                METRICS[name] = replace(row, otherwise=f"metric {name} failed: {said(error)}")
                return None

        provide("metric", name, function)
        METRICS[name] = row
        NETWORK_METRICS[name] = measured
        return function

    return add
