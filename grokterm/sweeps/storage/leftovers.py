"""What processes that were killed have left in the folder of a sweep, where no other process comes upon it."""

from contextlib import suppress

from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import drop_old_guards, give_back_stale
from grokterm.sweeps.storage.parcel import MARK


def sweep_away(sweep: SweepFolder) -> None:
    """Remove marks of clusters, and leases of members that have ended, if their processes are gone.

    The lease of a member that has not ended stays: it says how many processes have died of it.
    """
    with suppress(OSError):  # whatever works on the sweep says that the folder cannot be written
        leases = sweep.path / "leases"
        for folder in (sweep.path, leases):
            drop_old_guards(folder)
        for mark in sweep.path.glob(f"{MARK}*"):
            give_back_stale(mark)
        for lease in leases.iterdir():
            if sweep.result_of(lease.name) is not None:
                give_back_stale(lease)
