"""One library for every product, whatever suits this processor."""

from typing import get_args

import pytest

from grokterm.models import products

ALWAYS: tuple[str, ...] = get_args(products.Library)


def multiply_by(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiply by one library, products of every size."""
    monkeypatch.setattr(products, "LIBRARY", library)
    monkeypatch.setattr(products, "WORTH_CALLING", 0)
