"""What the parts of an experiment demand of each other: task, network, loss, optimizer and device.

To add a demand, write a function that raises a ValueError, and list it in DEMANDS.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from grokterm.experiment.architectures.kernel import LARGEST_MODULUS, KernelModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.architectures.plugin import PluginModel
from grokterm.experiment.architectures.tokens import TokenModel
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.tasks.operations import sums

if TYPE_CHECKING:
    from grokterm.experiment.experiment import Experiment


def _kernel_can_be_solved(experiment: "Experiment") -> None:
    model, is_agop = experiment.model, isinstance(experiment.optimizer, RecursiveFeatures)
    if not isinstance(model, KernelModel):
        if is_agop:
            raise ValueError(
                f"optimizer.kind agop learns the metric of a kernel, and model.architecture is {model.architecture}:"
                " set model.architecture=kernel, or choose another optimizer.kind"
            )
        return
    kind, loss, precision = experiment.optimizer.kind, experiment.loss.kind, experiment.training.precision
    if not is_agop:
        raise ValueError(f"model.architecture kernel needs optimizer.kind agop, not {kind}: set optimizer.kind=agop too")
    if loss != "mse":
        raise ValueError(f"model.architecture kernel needs loss.kind mse, not {loss}: set loss.kind=mse too")
    if precision != "float32":
        raise ValueError(
            f"training.precision {precision} is of networks that follow a gradient, and model.architecture"
            " kernel solves in float64: leave it out"
        )
    if experiment.device == "mps":
        raise ValueError("model.architecture kernel needs float64, which mps does not have: set device=cpu")
    if (modulus := experiment.task.n_elements) > LARGEST_MODULUS:
        raise ValueError(
            f"model.architecture kernel keeps modulus³ coefficients: task.modulus must be at most {LARGEST_MODULUS},"
            f" not {modulus}"
        )
    experiment.check_training_set(experiment.task.train_size)


def _device_has_the_precision(experiment: "Experiment") -> None:
    for section, settings in (("loss", experiment.loss), ("training", experiment.training)):
        if experiment.device == "mps" and settings.precision == "float64":
            raise ValueError(
                f"{section}.precision float64 needs a device that has it, and mps does not: set {section}.precision=float32"
                " or device=cpu"
            )


def _model_reads_task(experiment: "Experiment") -> None:
    if isinstance(experiment.model, TokenModel):
        experiment.model.check(experiment.task.n_elements)


def _exact_weights_exist(experiment: "Experiment") -> None:
    task, model = experiment.task, experiment.model
    if not isinstance(model, MLPModel) or model.initialization != "analytic":
        return
    if task.n_operands > 2:
        raise ValueError(
            f"model.initialization analytic solves sums of two operands, and task.n_operands is {task.n_operands}:"
            " set model.initialization=random or task.n_operands=2"
        )
    if task.sum_form is None:
        raise ValueError(
            f"model.initialization analytic solves sums F(f1(a) + f2(b)), and {task.operation} modulo {task.modulus} is none:"
            f" set task.operation to {', '.join(sums(task.modulus))} or an expression without mixed terms, or"
            " model.initialization=random"
        )
    if (highest := task.sum_form.order // 2) < max(model.frequencies, default=0):
        raise ValueError(
            f"model.frequencies must lie between 1 and {highest} for {task.operation} modulo {task.modulus},"
            f" not {list(model.frequencies)}"
        )


def _model_reads_three(experiment: "Experiment") -> None:
    architecture, n_operands = experiment.model.architecture, experiment.task.n_operands
    model = experiment.model
    reads_two = architecture in ("kernel", "mixture") or (isinstance(model, PluginModel) and not model.reads_three)
    if n_operands > 2 and reads_two:
        raise ValueError(
            f"model.architecture {architecture} reads two operands, and task.n_operands is {n_operands}:"
            " choose mlp, embedding_mlp, lstm or transformer, or set task.n_operands=2"
        )


DEMANDS: tuple[Callable[["Experiment"], None], ...] = (
    _kernel_can_be_solved,
    _device_has_the_precision,
    _model_reads_task,
    _exact_weights_exist,
    _model_reads_three,
)
