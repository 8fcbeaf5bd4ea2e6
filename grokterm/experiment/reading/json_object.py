"""JSON objects that a file may hold, or anything else."""

import json
from typing import Any


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        ValueError: if the text is none, or is nested deeper than Python follows.
    """
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - of the text, and no bug
    return found
