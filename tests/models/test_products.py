"""A product is the same by every library, whatever its shape."""

import pytest
import torch

from grokterm.models import products
from grokterm.models.products import product


@pytest.fixture(params=["openblas", "onednn", "mkl"], autouse=True)
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "onednn" and not products.HAS_ONEDNN:
        pytest.skip("this torch is built without oneDNN")
    monkeypatch.setattr(products, "HAS_OPENBLAS", request.param == "openblas")
    monkeypatch.setattr(products, "HAS_ONEDNN", request.param == "onednn")
    monkeypatch.setattr(products, "WORTH_CALLING", 0)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 12), (12, 7), (120, 40), (40, 120)])
@pytest.mark.parametrize("inner", [1, 33, 640])
def test_products_are_those_of_float64(rows: int, columns: int, inner: int) -> None:
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    exact = (left.double() @ right.double()).float()
    for one in (left, left.T.contiguous().T):
        for other in (right, right.T.contiguous().T):
            got = product(one, other, out=torch.empty(rows, columns))
            torch.testing.assert_close(got, exact, rtol=1e-4, atol=1e-4)
