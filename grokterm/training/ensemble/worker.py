"""The process of a group of members: answers calls through a pipe, and ends with its parent.

`python -m grokterm.training.ensemble.worker FD`, where FD is its end of the pipe.
"""

import pickle
import sys
import traceback
from multiprocessing.connection import Connection

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.errors import GroktermError
from grokterm.training.ensemble.members import MemberGroup


def main() -> None:
    """Make the group by the first request, then call the method that each request names, until the pipe closes."""
    pipe = Connection(int(sys.argv[1]))
    group: MemberGroup | None = None
    while True:
        try:
            request = pipe.recv_bytes()
        except EOFError:
            return
        try:
            name, arguments, options = pickle.loads(request)
            with steady_arithmetic():
                if group is None:
                    group, answer = MemberGroup(*arguments), None
                else:
                    answer = getattr(group, name)(*arguments, **options)
        except GroktermError as error:
            answer = error
        except Exception:  # noqa: BLE001 - a bug is a traceback, in the process that people see
            answer = RuntimeError(traceback.format_exc())
        pipe.send_bytes(pickle.dumps(answer))


if __name__ == "__main__":
    main()
