"""What processes that were killed have left in the folder of a sweep, where no other process comes upon it."""

from contextlib import suppress

from grokterm.runs.storage.durable import drop_drafts, is_draft
from grokterm.sweeps.members import KEY_LENGTH
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import STALE, drop_old_guards, give_back_stale, is_claimed
from grokterm.sweeps.storage.parcel import MARK


def sweep_away(sweep: SweepFolder) -> None:
    """Remove marks of clusters, leases of members that have ended, and drafts, if their processes are gone.

    The lease of a member that has not ended stays: it says how many processes have died of it.
    """
    with suppress(OSError):  # whatever works on the sweep says that the folder cannot be written
        _give_back(sweep)
        _drop_drafts(sweep)


def _give_back(sweep: SweepFolder) -> None:
    for folder in (sweep.path, sweep.leases_folder):
        drop_old_guards(folder)
    for mark in sweep.path.glob(f"{MARK}*"):
        give_back_stale(mark)
    for lease in sweep.leases_folder.iterdir():
        if sweep.result_of(lease.name) is not None:
            give_back_stale(lease)


def _drop_drafts(sweep: SweepFolder) -> None:
    """Remove drafts of members that no process has claimed, and small ones that were not written within a minute."""
    for path in sweep.members_folder.iterdir():
        key = path.name[1 : 1 + KEY_LENGTH]
        if is_draft(path.name) and not is_claimed(sweep.lease_of(key)):
            sweep.drop_drafts(key)
    for folder in (sweep.path, sweep.leases_folder, sweep.results_folder):
        drop_drafts(folder, age=STALE)
