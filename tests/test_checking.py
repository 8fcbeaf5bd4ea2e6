import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation

from grokterm.plots.axis import Axis, decimate


def test_a_dimension_has_one_size_in_all_arguments() -> None:
    assert len(decimate(np.zeros(3), np.zeros(3), 5)[0]) == 3
    with pytest.raises(BeartypeCallHintViolation):
        decimate(np.zeros(3), np.zeros(4), 5)


def test_arguments_of_methods_and_of_dataclasses_have_their_types() -> None:
    with pytest.raises(BeartypeCallHintViolation):
        Axis("linear", 0.0, 1.0).cell("0.5", 10)  # type: ignore[arg-type]
    with pytest.raises(BeartypeCallHintViolation):
        Axis("linear", "0.0", 1.0)  # type: ignore[arg-type]
