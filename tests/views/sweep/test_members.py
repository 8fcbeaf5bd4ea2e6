"""The members of a sweep as lines of a table."""

from grokterm.experiment.sweep import Sweep
from grokterm.plots.palettes import PALETTES
from grokterm.sweeps.live import SweepState
from grokterm.sweeps.members import Member, Point
from grokterm.sweeps.storage.result import Result
from grokterm.views.sweep.members import columns_of, draw_heads, draw_member, ordered

SWEEP = Sweep.from_settings({"grid": {"task.train_fraction": [0.2, 0.35]}, "measure": "grokked_at"})
MEMBERS = [Member(Point({"task.train_fraction": 0.35}), seed, str(seed)) for seed in range(6)]
STATE = SweepState(
    members=MEMBERS,
    results={
        "0": Result(key="0", grokked_at=1200, val_accuracy=0.99512, seconds=75.0, steps=3000),
        "1": Result(key="1", outcome="failed", problem="out of memory"),
        "2": Result(key="2", val_accuracy=0.0378, seconds=5.0),
    },
    working=frozenset("3"),
    elsewhere=frozenset("4"),
)


def line(member: Member, width: int = 80) -> list[str]:
    cells = draw_member(member, columns_of(SWEEP, width), STATE, width, PALETTES["ascii"])
    return "".join(cell.text for cell in cells).split()


def test_members_that_are_worked_on_come_first_and_those_that_wait_last() -> None:
    assert [member.seed for member in ordered(STATE)] == [3, 4, 1, 0, 2, 5]


def test_a_member_has_its_point_its_state_and_its_numbers() -> None:
    heads = draw_heads(columns_of(SWEEP, 100), PALETTES["ascii"])[0].text
    assert heads.split() == ["state", "train", "fraction", "seed", "grokked", "val", "memorized", "steps", "time"]
    assert line(MEMBERS[0], 100) == ["finished", "0.35", "0", "1,200", "0.9951", "never", "3,000", "1:15"]
    assert line(MEMBERS[2])[:5] == ["finished", "0.35", "2", "never", "0.0378"]
    assert line(MEMBERS[3]) == ["working", "0.35", "3"]
    assert line(MEMBERS[5]) == ["waiting", "0.35", "5"]


def test_a_member_that_has_failed_says_why() -> None:
    assert line(MEMBERS[1]) == ["failed", "0.35", "1", "out", "of", "memory"]


def test_columns_that_say_least_give_way_where_there_is_no_room() -> None:
    assert [column.name for column in columns_of(SWEEP, 46)] == ["state", "train fraction", "seed", "grokked"]
