"""One library for every product, whatever suits this processor."""

from math import inf

import pytest

from grokterm.models import products
from grokterm.models.products import Multiplier

ALWAYS = {"numpy": Multiplier(numpy_below=inf), "onednn": Multiplier(0.0, 0.0, 0.0), "torch": Multiplier()}


def multiply_by(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiply by one library, products of every size."""
    if library == "onednn" and products.ONEDNN is None:
        pytest.skip("this torch is built without oneDNN")
    monkeypatch.setattr(products, "MULTIPLIER", ALWAYS[library])
