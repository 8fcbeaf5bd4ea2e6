"""The device of a training, and the number of its CPU threads."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition

import torch

from grokterm.errors import ConfigError, DeviceLostError, OutOfMemoryError
from grokterm.models.processor import available_cores

# Multiply-adds of one step's matrix products, and the threads that suit a step below that size; beyond, 16.
#
# A fixed table, never a timing. Small steps are faster on one thread.
THREADS = ((1e8, 1), (5e9, 4))

# What torch says of exhausted memory, of a device that fails, and of a wrong call of one, which is a bug like any other.
EXHAUSTED = ("allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "MPS backend out of memory")
LOST = ("CUDA error", "CUDA driver error", "CUBLAS_STATUS_", "cuDNN error", "HIP error")
MISUSED = ("error: invalid argument", "error: invalid configuration", "stream is capturing", "STATUS_INVALID_VALUE")


def find_device(name: str) -> torch.device:
    """Resolve a device's name.

    Raises:
        ConfigError: if this machine does not have it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            had = (
                f"this machine has {count} CUDA device{'' if count == 1 else 's'}"
                if count
                else "this machine has no CUDA device"
            )
            raise ConfigError(f"device {name}: {had}: choose cpu or auto")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("device mps: this machine has no Metal device: choose cpu or auto")
    return device


def describe(device: torch.device) -> str:
    """Return the name of a device as it is shown: "cuda:0 NVIDIA H100", "cpu"."""
    if device.type != "cuda":
        return device.type
    return f"cuda:{device.index or 0} {torch.cuda.get_device_name(device)}"


def synchronize(device: torch.device) -> None:
    """Wait for the work that was given to a device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


class MatrixPrecision:
    """Whether CUDA devices multiply matrices in TF32: torch has one answer for a process, so threads that differ take turns."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: deque[object] = deque()
        self._n_users = 0
        self._tf32: bool | None = None  # of them

    @contextmanager
    def __call__(self, device: torch.device, *, tf32: bool) -> Iterator[None]:
        """Multiply so inside this context."""
        if device.type != "cuda":
            yield
            return
        self._enter(tf32=tf32)
        try:
            yield
        finally:
            with self._changed:
                self._n_users -= 1
                self._changed.notify_all()

    def _enter(self, *, tf32: bool) -> None:
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            self._changed.wait_for(lambda: self._waiting[0] is turn and (not self._n_users or self._tf32 == tf32))
            self._waiting.popleft()
            torch.set_float32_matmul_precision("high" if tf32 else "highest")
            self._tf32, self._n_users = tf32, self._n_users + 1
            self._changed.notify_all()


matrix_precision = MatrixPrecision()


def exact_dtype(device: torch.device) -> torch.dtype:
    """Return the dtype in which shares are divided: as bounds are written, 912 of 960 in float32 is less than 0.95."""
    return torch.float32 if device.type == "mps" else torch.float64


def release_cache(device: torch.device) -> None:
    """Give back the memory that torch keeps for later: what is tried next needs it in other sizes, or another process does.

    What a failed computation held is free before, once its exception is gone, whose traceback refers to it.
    """
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether torch or NumPy ran out of memory; on a CPU torch raises a plain RuntimeError."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or _says(error, EXHAUSTED)


def is_lost_device(error: Exception) -> bool:
    """Tell whether a device has failed for good, or was taken away: after that, every call of this process fails."""
    return _says(error, LOST) and not _says(error, MISUSED)


def _says(error: Exception, words: Sequence[str]) -> bool:
    return isinstance(error, RuntimeError) and any(one in str(error) for one in words)


@contextmanager
def minding_the_device() -> Iterator[None]:
    """Turn every kind of out-of-memory error into one, and every kind of error of a device that is lost.

    Raises:
        OutOfMemoryError: if memory is exhausted.
        DeviceLostError: in a line, if the device does not answer any more.
    """
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemoryError(str(error)) from None
        if is_lost_device(error):
            reason = str(error).splitlines()[0]
            raise DeviceLostError(f"the device fails ({reason}): look after it, or choose another one with device") from None
        raise


def suited_threads(n_rows: int, n_products: int) -> int:
    """Return how many CPU threads suit a step, from its rows and the multiply-adds of one row."""
    work = 3.0 * n_rows * n_products  # forward, and a gradient for weights and for activations
    return next((threads for bound, threads in THREADS if work < bound), 16)


def choose_threads(n_rows: int, n_products: int) -> int:
    """Return how many CPU threads a run uses: those that suit its step, at most one for each available core."""
    return min(suited_threads(n_rows, n_products), available_cores())
