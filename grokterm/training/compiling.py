"""The process in which a gradient is compiled: `python -m grokterm.training.compiling`, with an order on its standard input.

A compiler may crash, and here it takes nothing with it. What it made is run and compared before anybody else does so. The
process ends with its input, which stays open as long as somebody waits for it.
"""

import os
import pickle
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from grokterm.experiment.loss import Loss as LossSettings
from grokterm.models.network import Network
from grokterm.training.autograd import Block, Recorded
from grokterm.training.batches import DeviceEquations
from grokterm.training.losses import loss_of
from grokterm.training.optimizers import Weights


class Order(NamedTuple):
    """What is to be compiled: the gradient of a network on blocks of so many rows."""

    network: Network
    loss: LossSettings
    weights: Weights
    frozen: Weights
    equations: DeviceEquations
    package: str = ""
    """The file to write."""


def main() -> None:
    """Compile what is ordered; fail with a traceback."""
    order: Order = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_the_input, args=(Path(order.package).parent,), daemon=True).start()
    os.nice(10)
    torch.set_num_threads(1)
    compile_gradient(order)


def compile_gradient(order: Order) -> None:
    """Write a package whose call returns the gradient and the numbers of a block.

    Raises:
        AssertionError: if they are not those of autograd.
    """
    loss, draw = loss_of(order.loss), Generator() if order.network.trains_differently else None

    def differentiate(
        weights: Weights, frozen: Weights, tokens: Tensor, answers: Tensor, n_batch: Tensor
    ) -> tuple[list[Tensor], Tensor | None]:
        block = Block(DeviceEquations(tokens, answers), n_batch, draw, measuring=True)
        slopes, numbers = Recorded(frozen, loss)(order.network, weights, block)
        return list(slopes.values()), numbers

    n_batch = torch.tensor(float(len(order.equations)))
    inputs = (order.weights, order.frozen, order.equations.tokens, order.equations.answers, n_batch)
    with torch.backends.mkldnn.flags(enabled=False, allow_tf32=None):  # products that a compiler knows
        operations = make_fx(differentiate)(*inputs)  # the way back is written down too
    with torch.no_grad():
        exported = torch.export.export(operations, inputs, strict=False)
        torch._inductor.aoti_compile_and_package(exported, package_path=order.package)
        slopes, numbers = torch._inductor.aoti_load_package(order.package)(*inputs)
    expected, right_numbers = differentiate(*inputs)
    assert right_numbers is not None
    for one, right in zip([*slopes, numbers], [*expected, right_numbers], strict=True):
        torch.testing.assert_close(one, right, rtol=1e-3, atol=1e-4 * float(right.abs().max()), equal_nan=True)


def _end_with_the_input(folder: Path) -> None:
    while os.read(0, 1):  # sys.stdin cannot be waited for in a thread when Python ends
        pass
    shutil.rmtree(folder, ignore_errors=True)  # whoever would do it may have been killed
    os.killpg(0, signal.SIGKILL)  # the compiler's own processes too


if __name__ == "__main__":
    main()
