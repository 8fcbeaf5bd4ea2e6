"""A worker process of the local engine, `python -m grokterm.sweeps.worker FOLDER`: works on the members that it is asked for.

It ends with its parent: what it trains is saved then, and ended.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.together import TogetherWork
from grokterm.sweeps.work import Report
from grokterm.training.worker_process import requests, serve


def main() -> None:
    """Answer members of one point with their reports, until there are no more."""
    work, asked = TogetherWork(SweepFolder(Path(sys.argv[1]))), SimpleQueue[Sequence[Member] | None]()
    Thread(target=_read, args=(asked, work), name="requests", daemon=True).start()

    def reply(members: Sequence[Member]) -> list[Report]:
        with steady_arithmetic():
            return work.on(members)

    serve(iter(asked.get, None), reply)


def _read(asked: "SimpleQueue[Sequence[Member] | None]", work: TogetherWork) -> None:
    """Read requests while members are trained: the training must know when the parent is gone."""
    for members in requests():
        asked.put(members)
    work.stop()
    asked.put(None)


if __name__ == "__main__":
    main()
