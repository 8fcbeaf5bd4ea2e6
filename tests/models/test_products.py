"""A product is the same by every library, whatever its shape."""

from collections.abc import Sequence
from itertools import product as every

import pytest
import torch
from torch import Tensor

from grokterm.models import products
from grokterm.models.processor import vendor
from grokterm.models.products import linear, matmul
from tests.models.libraries import ALWAYS, multiply_by


@pytest.fixture(params=ALWAYS)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    multiply_by(request.param, monkeypatch)
    name: str = request.param
    return name


every_library = pytest.mark.usefixtures("library")


@every_library
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 12), (12, 7), (120, 40), (40, 120)])
@pytest.mark.parametrize("inner", [1, 33, 640])
def test_products_are_those_of_float64(rows: int, columns: int, inner: int) -> None:
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    exact = (left.double() @ right.double()).float()
    for one in (left, left.T.contiguous().T):
        for other in (right, right.T.contiguous().T):
            got = matmul(one, other)
            torch.testing.assert_close(got, exact, rtol=1e-4, atol=1e-4)


def leaves(*shapes: Sequence[int], dtype: torch.dtype = torch.float32) -> list[Tensor]:
    return [torch.randn(*shape, dtype=dtype, requires_grad=True) for shape in shapes]


def is_by_numpy(values: Tensor) -> bool:
    return "_NumpyLinear" in type(values.grad_fn).__name__


@every_library
@pytest.mark.parametrize("shape", [(7,), (20, 7), (5, 3, 7)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_what_is_recorded_has_the_gradient_of_float64(shape: tuple[int, ...], has_bias: bool) -> None:  # noqa: FBT001 - a case
    given = leaves(shape, (7, 4), *([(4,)] if has_bias else []))
    exact = [one.detach().double().requires_grad_() for one in given]
    made, right = linear(*given), exact[0] @ exact[1] + (exact[2] if has_bias else 0)
    weights = torch.randn_like(made)
    slopes = torch.autograd.grad((made * weights).sum(), given)
    expected = torch.autograd.grad((right * weights).sum(), exact)
    for one, other in zip([made, *slopes], [right, *expected], strict=True):
        torch.testing.assert_close(one, other.float(), rtol=1e-4, atol=1e-5)


@every_library
@pytest.mark.parametrize("wanted", [one for one in every([True, False], repeat=3) if any(one)])
def test_only_gradients_that_are_wanted_are_worked_out(wanted: tuple[bool, ...]) -> None:
    given = leaves((20, 7), (7, 4), (4,))
    for one, is_wanted in zip(given, wanted, strict=True):
        one.requires_grad_(is_wanted)
    linear(*given).sum().backward()  # type: ignore[no-untyped-call]
    assert [one.grad is not None for one in given] == list(wanted)


@every_library
def test_rows_and_slopes_may_lie_anywhere() -> None:
    values, matrix = leaves((6, 20, 7), (7, 4))
    plain = torch.autograd.grad((values.transpose(0, 1)[:, -1:] @ matrix).sum(), [values, matrix])
    ours = torch.autograd.grad(linear(values.transpose(0, 1)[:, -1:], matrix).sum(), [values, matrix])
    torch.testing.assert_close(ours, plain)


@every_library
def test_a_product_can_be_batched_and_its_gradient_taken_outside() -> None:
    rows, matrix, bias = leaves((3, 20, 7), (3, 7, 4), (3, 4))
    batched = torch.vmap(linear)(rows, matrix, bias)
    one_by_one = torch.stack([linear(*one) for one in zip(rows, matrix, bias, strict=True)])
    torch.testing.assert_close(batched, one_by_one)
    slopes, expected = (torch.autograd.grad(made.square().sum(), [rows, matrix, bias]) for made in (batched, one_by_one))
    torch.testing.assert_close(slopes, expected)


def test_only_large_products_of_float32_are_recorded_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LIBRARY", "numpy")
    monkeypatch.setattr(products, "WORTH_CALLING", 20 * 7 * 4)
    assert is_by_numpy(linear(*leaves((20, 7), (7, 4))))
    assert not is_by_numpy(linear(*leaves((19, 7), (7, 4))))
    assert not is_by_numpy(linear(*leaves((20, 7), (7, 4), dtype=torch.float64)))
    monkeypatch.setattr(products, "_is_transformed", lambda: True)  # as without the private name
    assert not is_by_numpy(linear(*leaves((20, 7), (7, 4))))


def test_the_library_is_a_property_of_the_processor() -> None:
    assert products.LIBRARIES.get(vendor(), "torch") == products.LIBRARY
    assert {name: products.LIBRARIES[name] for name in ("amd", "intel", "arm")} == {
        "amd": "numpy",
        "intel": "torch",
        "arm": "torch",
    }
