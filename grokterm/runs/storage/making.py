"""What makes a run in the runs folder."""

import errno
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from grokterm.errors import StorageError
from grokterm.experiment.reading.toml import format_toml
from grokterm.plots.sanitize import plain_text
from grokterm.runs.storage.durable import draft_of, drop_drafts, filled_draft, make_folder, remove, rename, write_durably
from grokterm.runs.storage.unwritable import storing
from grokterm.runs.store import Run

if TYPE_CHECKING:
    from grokterm.experiment.experiment import Experiment

ROOM = 2**20  # bytes, which a small run takes besides its checkpoints


def create_run(  # noqa: PLR0913 - what a run directory holds
    folder: Path,
    experiment: "Experiment",
    preset: str,
    meta: Mapping[str, Any],
    files: Mapping[str, bytes | Iterable[bytes]] = MappingProxyType({}),
    *,
    links: Mapping[str, Path] = MappingProxyType({}),
    name: str = "",
    is_timed: bool = True,
) -> Run:
    """Create a run directory, with further files, called by this name, else by the preset's, and the time unless it is untimed.

    Built under a hidden name and renamed when complete, so that a listing never shows an incomplete run. `links` are files of
    another run that it shares, if the disk can do that: it does not depend on them.

    Raises:
        StorageError: if the folder cannot be written.
    """
    from grokterm.experiment.reading.files import copied

    with storing(folder):
        make_folder(folder)
        if is_timed:  # else it is a member of a sweep, which may have very many
            drop_drafts(folder)
        called = plain_text(name or preset)  # as it is shown, so that what is shown finds it
        stem = f"{called}-{datetime.now():%Y%m%d-%H%M%S}" if is_timed else called
        settings, copies = copied(experiment.settings())
        own = {
            "experiment.toml": format_toml(settings).encode(),
            "meta.json": json.dumps({"preset": preset, **meta}, indent=2).encode(),
            "journal.jsonl": b"",
        }
        with filled_draft(folder / stem, {**own, **copies, **files}, inner=["checkpoints"], links=links) as draft:
            if is_timed:
                return Run(_rename_to_free_name(draft, folder / stem))
            rename(draft, folder / stem)
            return Run(folder / stem)


def check_room(folder: Path, n_bytes: int) -> None:
    """Check whether there is room for a run with so many bytes of checkpoints.

    Raises:
        StorageError: if the folder cannot be written, or is too full.
    """
    probe = draft_of(folder / "room")
    with storing(folder):
        if shutil.disk_usage(folder).free < ROOM + n_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            write_durably(probe, bytes(ROOM))
        finally:
            remove(probe)


def _rename_to_free_name(draft: Path, preferred: Path) -> Path:
    for number in range(1, 1000):
        path = preferred if number == 1 else preferred.with_name(f"{preferred.name}-{number}")
        if path.exists():
            continue
        try:
            rename(draft, path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # created by another process since the check
                raise
            continue
        return path
    raise StorageError(f"the runs folder has a thousand runs called {preferred.name}")
