"""The process of a group of members, `python -m grokterm.training.ensemble.worker`: answers calls, and ends with its parent."""

import os
import pickle
import sys
import traceback

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.errors import GroktermError
from grokterm.training.ensemble.members import MemberGroup


def main() -> None:
    """Make the group by the first request, then call the method that each request names, until stdin closes."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    group: MemberGroup | None = None
    while True:
        try:
            name, arguments, options = pickle.load(requests)
        except EOFError:
            return
        try:
            with steady_arithmetic():
                if group is None:
                    group, answer = MemberGroup(*arguments), None
                else:
                    answer = getattr(group, name)(*arguments, **options)
        except GroktermError as error:
            answer = error
        except Exception:  # noqa: BLE001 - a bug is a traceback, in the process that people see
            answer = RuntimeError(traceback.format_exc())
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
