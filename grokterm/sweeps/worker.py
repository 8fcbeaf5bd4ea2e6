"""A worker process of the local engine, `python -m grokterm.sweeps.worker FOLDER`: works on the members that it is asked for.

It ends with its parent: what it trains is saved then, and ended.
"""

import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.sweeps.folder import SweepFolder
from grokterm.sweeps.members import Member
from grokterm.sweeps.work import Report, Work
from grokterm.training.worker_process import requests, serve


def main() -> None:
    """Answer each member with a report, until there are no more."""
    work, asked = Work(SweepFolder(Path(sys.argv[1]))), SimpleQueue[Member | None]()
    Thread(target=_read, args=(asked, work), name="requests", daemon=True).start()

    def reply(member: Member) -> Report:
        with steady_arithmetic():
            return work.on(member)

    serve(iter(asked.get, None), reply)


def _read(asked: "SimpleQueue[Member | None]", work: Work) -> None:
    """Read requests while a member is trained: the training must know when the parent is gone."""
    for member in requests():
        asked.put(member)
    work.stop()
    asked.put(None)


if __name__ == "__main__":
    main()
