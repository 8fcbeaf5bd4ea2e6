"""A product is the same by either library, whatever its shape."""

import pytest
import torch

from grokterm.models import products
from grokterm.models.products import product_over_rows, times_transposed


@pytest.fixture(params=["onednn", "mkl"], autouse=True)
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "onednn" and not products.HAS_ONEDNN:
        pytest.skip("this torch is built without oneDNN")
    monkeypatch.setattr(products, "HAS_ONEDNN", request.param == "onednn")
    monkeypatch.setattr(products, "WORTH_CALLING", 0)


@pytest.mark.parametrize(("left", "right"), [(1, 1), (7, 12), (12, 7), (120, 40), (40, 120)])
@pytest.mark.parametrize("inner", [1, 33, 640])
def test_products_are_those_of_float64(left: int, right: int, inner: int) -> None:
    a, b = torch.randn(left, inner), torch.randn(right, inner)
    exact = (a.double() @ b.double().T).float()
    torch.testing.assert_close(times_transposed(a, b), exact, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(product_over_rows(a.T.contiguous(), b.T.contiguous()), exact, rtol=1e-4, atol=1e-4)
