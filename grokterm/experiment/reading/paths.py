"""Paths as users write them."""

import os
from pathlib import Path


def user_path(text: str | os.PathLike[str]) -> Path:
    """Replace ~ by the home folder, and ~NAME by that of a user; one of a user that is not known stays as it is written."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises then
