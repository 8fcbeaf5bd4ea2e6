"""The process of a group of members, `python -m grokterm.training.ensemble.worker`: answers calls, and ends with its parent."""

from collections.abc import Mapping, Sequence
from typing import Any

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.training.ensemble.members import MemberGroup
from grokterm.training.worker_process import requests, serve


class Calls:
    """Makes the group by the first request, then calls the method that each request names."""

    def __init__(self) -> None:
        self._group: MemberGroup | None = None

    def reply(self, request: tuple[str, Sequence[Any], Mapping[str, Any]]) -> Any:  # noqa: ANN401 - whatever the method returns
        """Answer one request."""
        name, arguments, options = request
        with steady_arithmetic():
            if self._group is None:
                self._group = MemberGroup(*arguments)
                return None
            return getattr(self._group, name)(*arguments, **options)


if __name__ == "__main__":
    serve(requests(), Calls().reply)
