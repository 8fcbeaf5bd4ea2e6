from pathlib import Path

from tests.benchmarks.mutation.changes import mutants_of
from tests.benchmarks.mutation.trials import Baseline

MODULE = '''"""A module."""
LIMIT: int = 3

def judge(a: int, b: float=0.5, *, c=LIMIT) -> bool:
    """Say what it is."""
    a += first(a, c=-b)
    if a < LIMIT and (not b):
        raise ValueError(f'{a:.2f} is small')
    return [x for x in a if x] or None
'''

CHANGES = [
    ("constant", 2, "LIMIT: int = 4"),
    ("default", 4, "def judge(a: int, b: float=0.5, *, c=None) -> bool:"),
    ("constant", 4, "def judge(a: int, b: float=1.5, *, c=LIMIT) -> bool:"),
    ("deletion", 6, "pass"),
    ("arithmetic", 6, "a -= first(a, c=-b)"),
    ("argument", 6, "a += first(c=-b)"),
    ("argument", 6, "a += first(a)"),
    ("arithmetic", 6, "a += first(a, c=b)"),
    ("boolean", 7, "if not (a < LIMIT and (not b)):"),
    ("boolean", 7, "if a < LIMIT or not b:"),
    ("comparison", 7, "if a <= LIMIT and (not b):"),
    ("boolean", 7, "if a < LIMIT and b:"),
    ("deletion", 8, "pass"),
    ("argument", 8, "raise ValueError()"),
    ("constant", 8, "raise ValueError(f'{a:.2f}XX is smallXX')"),
    ("return", 9, "return None"),
    ("boolean", 9, "return [x for x in a if x] and None"),
    ("boolean", 9, "return [x for x in a if not x] or None"),
]


def test_a_module_is_changed_in_one_place_at_a_time(tmp_path: Path) -> None:
    (path := tmp_path / "judged.py").write_text(MODULE, "utf-8")
    mutants = mutants_of(path)
    assert [(one.kind, one.line, one.difference[-1].removeprefix("+").strip()) for one in mutants] == CHANGES
    assert [one.function for one in mutants] == [None] + [4] * 17
    for one in mutants:
        changed = [line.strip() for line in one.source.splitlines() if line.strip() not in map(str.strip, MODULE.splitlines())]
        assert changed == (["pass"] if one.kind == "deletion" else [one.difference[-1][2:].strip()])
    assert len({one.source for one in mutants}) == len(mutants)


def test_tests_of_a_mutant_call_its_function_and_one_variant_of_each_comes_first(tmp_path: Path) -> None:
    (path := tmp_path / "judged.py").write_text(MODULE, "utf-8")
    costs = {"x.py::a[0]": 0.1, "x.py::a[1]": 0.2, "x.py::b": 1.0, "x.py::c": 0.5, "x.py::d": 1.9, "y.py::e": 0.1}
    baseline = Baseline(costs, {(str(path), 4): [*costs][:4]}, [])
    of_module, *_, of_function = mutants_of(path)
    assert baseline.tests_of(of_function) == ["x.py::a[0]", "x.py::c", "x.py::b", "x.py::a[1]"]
    assert baseline.tests_of(of_module) == ["x.py::a[0]", "x.py::c", "x.py::b"]  # with d more than three seconds
    assert Baseline(costs, {}, []).tests_of(of_function) == []
