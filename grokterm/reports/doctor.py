"""What a machine is like, and what to do where something is wrong with it."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grokterm.plots.sanitize import plain_text

Facts = Mapping[str, Any]
"""Sections by name, each of facts by name; None for what is unknown."""

LEAST_SIZE = (60, 16)  # of a terminal in which the lab opens
LEAST_FREE = 2_000_000_000
SLOW_WRITE = 5_000_000  # bytes a second
FAR = 0.2  # seconds until the terminal has answered
CHANGE_BITS = {
    "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE",
    "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
}  # fmt: skip
"""Environment variables with which the same run has other bits."""
SHOWN = {
    *CHANGE_BITS, "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUBLAS_WORKSPACE_CONFIG",
    "PYTORCH_CUDA_ALLOC_CONF", "NO_COLOR", "COLORTERM", "TERM_PROGRAM",
}  # fmt: skip
"""Environment variables that a report shows: they hold no secrets."""


def advice(facts: Facts) -> Iterator[str]:
    """Say what is wrong and what to do, a line each."""
    yield from _of_terminal(facts.get("terminal") or {})
    yield from _of_tmux(facts.get("tmux") or {})
    yield from _of_torch(facts.get("torch") or {})
    yield from _of_folder(facts.get("folder") or {})
    for name in sorted(CHANGE_BITS & (facts.get("environment") or {}).keys()):
        yield f"{name} is set: runs have other bits than without it"


def _of_terminal(found: Facts) -> Iterator[str]:
    if not found.get("is_terminal"):
        return
    if found["columns"] < LEAST_SIZE[0] or found["lines"] < LEAST_SIZE[1]:
        yield f"the terminal has {found['columns']} x {found['lines']} cells: the lab needs 60 x 16"
    if found["colors"] in (None, "standard", "windows"):
        yield "the terminal has few colors: set TERM to xterm-256color if it knows them"
    if (found["encoding"] or "").lower().replace("-", "") != "utf8":
        yield f"the encoding is {found['encoding']}: choose a UTF-8 locale, or start with --ascii"
    if found["is_silent"]:
        yield "the terminal answered no question: if it is far away, start with --link slow"
    elif (found["round_trip_seconds"] or 0.0) >= FAR:
        yield f"the terminal answers after {found['round_trip_seconds']:.2f} s: --link calm or slow draws less"


def _of_tmux(found: Facts) -> Iterator[str]:
    if not found:
        return
    if found["allow_passthrough"] not in ("on", "all"):
        yield "tmux passes no pictures on: set -g allow-passthrough on draws real pixels in kitty and Ghostty"
    if not (found["default_terminal"] or "").startswith(("tmux-256", "screen-256", "xterm-256", "tmux-direct")):
        yield 'tmux has few colors: set -g default-terminal "tmux-256color"'
    if (found["escape_time"] or "0").isdigit() and int(found["escape_time"] or 0) > 100:
        yield f"tmux holds escape back for {found['escape_time']} ms: set -s escape-time 10"


def _of_torch(found: Facts) -> Iterator[str]:
    if problem := found.get("problem"):
        yield f"torch cannot be loaded: {problem}"
    for warning in found.get("warnings", ()):
        yield f"torch warns: {warning}"
    if found.get("built_for_cuda") and not found["devices"]:
        yield "this torch is built for CUDA and finds no device: runs use the CPU"


def _of_folder(found: Facts) -> Iterator[str]:
    if problem := found.get("problem"):
        yield f"runs cannot be kept there: {problem}: choose another folder with --runs-dir"
    if (free := found.get("free_bytes")) is not None and free < LEAST_FREE:
        yield f"the folder of runs has {free / 1e9:.1f} GB left: make room, or choose another with --runs-dir"
    if (speed := found.get("write_bytes_per_second")) is not None and speed < SLOW_WRITE:
        yield f"the folder of runs takes {speed / 1e6:.1f} MB/s: checkpoints hold training up there"
    if found.get("is_network"):
        yield f"the folder of runs lies on a network disk ({found['filesystem']}): one on this machine is safer and quicker"


def report(facts: Facts) -> RenderableType:
    """Write every fact in a table, and below it what is wrong."""
    table = Table.grid(padding=(0, 2))
    for section, found in facts.items():
        if section != "advice" and found:
            table.add_row(Text(section, "bold"), Text())
            for name, value in found.items():
                table.add_row(Text(f"  {_label(name)}"), Text(plain_text(_written(name, value)), overflow="fold"))
    wrong = facts["advice"]
    return Group(table, Text(), *(Text(plain_text(f"! {line}")) for line in wrong or ["nothing is wrong"]))


def _label(name: str) -> str:
    """Write the name of a fact; that of an environment variable as it is."""
    return name if name.isupper() else name.replace("_bytes", "").replace("_", " ")


def _written(name: str, value: object) -> str:
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case int() if "bytes" in name or "memory" in name:
            return f"{value / 1e9:.2f} GB" + ("/s" if "second" in name else "")
        case list():
            return "; ".join(_written(name, one) for one in value) or "none"
        case dict():
            return ", ".join(f"{key.replace('_', ' ')} {_written(key, one)}" for key, one in value.items())
    return str(value)
