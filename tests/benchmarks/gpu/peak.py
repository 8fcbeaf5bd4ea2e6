"""The float32 operations a second of a device, by one large matrix product without TF32, as a line of JSON.

python -m tests.benchmarks.gpu.peak DEVICE SIZE
"""

import json
import sys
from functools import partial
from time import perf_counter

import torch

from grokterm.bench.measurement import Workload, measure, spread
from grokterm.engines.device import describe, find_device, matrix_precision, synchronize


def main() -> None:
    """Multiply square matrices, and print operations a second, device and version of torch."""
    device, size = find_device(sys.argv[1]), int(sys.argv[2])
    left, right = (torch.rand(size, size, device=device) for _ in range(2))
    product = partial(torch.mm, left, right, out=torch.empty_like(left))

    def run(n_products: int) -> float:
        synchronize(device)
        started = perf_counter()
        for _ in range(n_products):
            product()
        synchronize(device)
        return perf_counter() - started

    with matrix_precision(device, tf32=False):
        (rates,) = measure({"product": Workload(run)}, repetitions=5, seconds=0.2).values()
    found = {"flops": spread(rates).median * 2 * size**3, "device": describe(device), "torch": torch.__version__}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
