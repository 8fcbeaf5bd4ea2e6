import torch

from grokterm.optim.flat import FLAT, FlatParameters
from grokterm.optim.rules import Weights

SHAPES = {"left": (2, 3), "scale": (), "bias": (2,)}


def counted(*stacked: int) -> Weights:
    """Weights that hold 0, 1, ... 8 in their order; of stacked networks, all alike."""
    parts = torch.split(torch.arange(9.0), [6, 1, 2])
    return {
        name: part.view(shape).expand((*stacked, *shape)) for (name, shape), part in zip(SHAPES.items(), parts, strict=True)
    }


def test_weights_lie_one_after_another_in_the_vector_of_which_they_are_views() -> None:
    flat = FlatParameters(counted(), as_one=True)
    packed = flat.pack(counted())
    assert packed.keys() == {FLAT}
    assert packed[FLAT].tolist() == list(range(9))
    views = flat.unpack(packed)
    torch.testing.assert_close(dict(views), counted(), rtol=0, atol=0)
    assert list(views) == list(SHAPES)
    packed[FLAT].neg_()
    torch.testing.assert_close(dict(views), {name: -one for name, one in counted().items()}, rtol=0, atol=0)


def test_weights_are_packed_by_their_names_not_in_the_order_in_which_they_come() -> None:
    flat, weights = FlatParameters(counted(), as_one=True), counted()
    assert torch.equal(flat.pack(dict(reversed(weights.items())))[FLAT], torch.arange(9.0))


def test_views_of_one_vector_are_made_once_and_lead_back_to_it() -> None:
    flat = FlatParameters(counted(), as_one=True)
    packed, other = flat.pack(counted()), flat.pack(counted())
    views = flat.unpack(packed)
    assert flat.unpack(packed) is views
    assert flat.pack(views)[FLAT] is packed[FLAT]
    assert flat.unpack(other)["left"].data_ptr() == other[FLAT].data_ptr()


def test_stacked_networks_are_rows_of_a_matrix() -> None:
    flat = FlatParameters(counted(), as_one=True)
    packed = flat.pack(counted(4))
    assert torch.equal(packed[FLAT], torch.arange(9.0).expand(4, 9))
    torch.testing.assert_close(dict(flat.unpack(packed)), counted(4), rtol=0, atol=0)


def test_for_a_rule_by_tensor_weights_and_state_stay_as_they_are() -> None:
    flat, weights = FlatParameters(counted(), as_one=False), counted()
    assert flat.pack(weights) is weights
    assert flat.unpack(weights) is weights
    state = {f"first.{FLAT}": torch.ones(2), "count": torch.tensor(3.0), "first.left": torch.zeros(2, 3)}
    for same in (flat.pack_state(state), flat.unpack_state(state)):
        assert list(same.items()) == list(state.items())


def test_a_state_has_a_vector_for_each_purpose_beside_what_belongs_to_no_weight() -> None:
    flat, weights = FlatParameters(counted(), as_one=True), counted()
    state = {
        "count": torch.tensor(3.0),
        **{f"first.{name}": one for name, one in weights.items()},
        "other.weight": torch.ones(2),
        **{f"second.{name}": -one for name, one in weights.items()},
    }
    packed = flat.pack_state(state)
    assert list(packed) == ["count", f"first.{FLAT}", "other.weight", f"second.{FLAT}"]
    assert torch.equal(packed[f"first.{FLAT}"], torch.arange(9.0))
    assert torch.equal(packed[f"second.{FLAT}"], -torch.arange(9.0))
    unpacked = flat.unpack_state(packed)
    assert list(unpacked) == list(state)
    torch.testing.assert_close(unpacked, state, rtol=0, atol=0)
