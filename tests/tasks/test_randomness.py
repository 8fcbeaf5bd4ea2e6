import numpy as np

from grokterm.tasks.randomness import generator


def drawn(seed: int, stream: str, step: int = 0) -> list[int]:
    return [int(number) for number in generator(seed, stream, step).integers(2**32, size=8)]


def test_a_stream_is_a_function_of_seed_name_and_step() -> None:
    assert drawn(3, "split", 5) == drawn(3, "split", 5)


def test_streams_of_another_seed_name_or_step_differ() -> None:
    streams = [drawn(3, "split", 5), drawn(4, "split", 5), drawn(3, "weights", 5), drawn(3, "split", 6), drawn(5, "split", 3)]
    assert len(np.unique(np.array(streams), axis=0)) == len(streams)
