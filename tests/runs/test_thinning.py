from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grokterm.runs.thinning import checkpoint_name, checkpoint_sizes, drop_checkpoints, thinned

steps = st.integers(0, 100_000)
checkpoints = st.dictionaries(steps, st.integers(1, 1000), min_size=1, max_size=40)


def aged(n: int, room: int) -> list[int]:
    """Write a checkpoint at each of `n` steps, thinned to `room` after each, and list those that are left."""
    left: dict[int, int] = {}
    for step in range(1, n + 1):
        left[step] = 1
        for dropped in thinned(left, room):
            del left[dropped]
    return sorted(left)


@given(checkpoints, st.integers(0, 20_000), st.sets(steps, max_size=5), st.data())
def test_the_bound_is_held_and_what_has_to_stay_stays(
    sizes: dict[int, int], limit: int, near: set[int], data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(sizes)), max_size=5))
    dropped = thinned(sizes, limit, near=near, kept=kept)
    left = {step: size for step, size in sizes.items() if step not in dropped}
    must_stay = {*kept, max(sizes)}
    assert must_stay <= left.keys()
    assert len(set(dropped)) == len(dropped)
    assert sum(left.values()) <= limit or left.keys() == must_stay
    assert thinned(left, limit, near=near, kept=kept) == ()


@given(checkpoints, st.integers(0, 20_000))
def test_no_more_is_dropped_than_the_bound_asks_for(sizes: dict[int, int], limit: int) -> None:
    dropped = thinned(sizes, limit)
    n_bytes = sum(sizes.values()) - sum(map(sizes.__getitem__, dropped[:-1]))
    assert not dropped or n_bytes > limit


@given(st.integers(1, 150), st.integers(5, 30))
def test_gaps_grow_at_most_geometrically_with_age(n: int, room: int) -> None:
    left = aged(n, room)
    # Were all gaps wider, the ages would grow by this factor over every second of them, and pass that of step 0.
    widest = (n + 1) ** (1 / ((room - 1) // 2)) - 1
    for before, after in zip([0, *left], left, strict=False):
        assert after - before <= max(1.0, widest * (n - before + 1)), left


def test_checkpoints_stay_dense_about_what_happened() -> None:
    sizes = dict.fromkeys(range(0, 1001, 10), 1)
    dropped = thinned(sizes, 30, near={300})
    left = [step for step in sizes if step not in dropped]
    assert {280, 290, 300, 310, 320, 990, 1000} <= set(left)
    assert sum(600 <= step <= 700 for step in left) < sum(250 <= step <= 350 for step in left)


def test_files_are_dropped_by_their_step_and_others_stay(tmp_path: Path) -> None:
    for step in (5, 60, 123_456_789):
        (tmp_path / checkpoint_name(step)).write_bytes(b"x" * (step % 10))
    (tmp_path / "notes.txt").touch()
    (tmp_path / "step-x.safetensors").touch()
    assert checkpoint_sizes(tmp_path) == {5: 5, 60: 0, 123_456_789: 9}
    drop_checkpoints(tmp_path, [5, 7])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.txt",
        "step-00000060.safetensors",
        "step-123456789.safetensors",
        "step-x.safetensors",
    ]
