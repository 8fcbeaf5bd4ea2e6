"""The panes of the lab, and the keys that choose them."""

from grokterm.views.table import VIEWS

PANE_KEYS = (*"123456789", *(f"f{number}" for number in range(1, 13)))


def panes() -> dict[str, str]:
    """Return the panes and their keys; a narrow terminal shows one pane at a time."""
    return dict(zip(("curves", *VIEWS, "facts"), PANE_KEYS, strict=False))
