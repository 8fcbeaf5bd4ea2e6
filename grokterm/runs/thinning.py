"""Which checkpoints a run keeps on disk: many near its newest step and near what happened to it, few far from both."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from grokterm.runs.storage.durable import remove

GIGABYTE = 1_000_000_000


def thinned(
    sizes: Mapping[int, int], limit: float, *, near: Collection[int] = (), kept: Collection[int] = ()
) -> tuple[int, ...]:
    """Choose the steps whose checkpoints are deleted, so that the others take at most `limit` bytes.

    The newest is never one of them, nor one of `kept`. Each time it is the one without which the gap is smallest in proportion
    to the distance from the newest step or, if that is less, from one of `near`: so gaps grow geometrically with the distance.
    """
    steps, n_bytes, dropped = sorted(sizes), sum(sizes.values()), list[int]()
    centers = {*near, *steps[-1:]}

    def gap_without(place: int) -> float:
        before = steps[place - 1] if place else 0  # step 0 needs no checkpoint
        return (steps[place + 1] - before) / (1 + min(abs(steps[place] - center) for center in centers))

    while n_bytes > limit:
        droppable = [place for place, step in enumerate(steps[:-1]) if step not in kept]
        if not droppable:
            break
        step = steps.pop(min(droppable, key=gap_without))
        n_bytes -= sizes[step]
        dropped.append(step)
    return tuple(dropped)


def checkpoint_sizes(folder: Path) -> dict[int, int]:
    """Return the bytes of each checkpoint in a folder, by step."""
    sizes = {}
    for path in folder.glob("step-*.safetensors"):
        with suppress(FileNotFoundError, ValueError):  # thinned away meanwhile, moved with its run, or no number
            sizes[int(path.stem.removeprefix("step-"))] = path.stat().st_size
    return sizes


def drop_checkpoints(folder: Path, steps: Iterable[int]) -> None:
    """Delete the checkpoints of these steps; one that cannot be deleted stays for the next time."""
    for step in steps:
        with suppress(OSError):
            remove(folder / checkpoint_name(step))


def checkpoint_name(step: int) -> str:
    """Name the checkpoint of a step."""
    return f"step-{step:08d}.safetensors"
