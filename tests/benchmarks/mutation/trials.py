"""Tests of a mutant, in a process of its own that is forked from one that has loaded all but grokterm and the tests."""

import ast
import gc
import importlib
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from itertools import accumulate
from pathlib import Path
from types import FrameType
from typing import Literal

import hypothesis
import pytest

from tests.benchmarks.mutation.changes import Mutant

ROOT = Path(__file__).parents[3]
OPTIONS = [
    *("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--timeout=0", "--no-header", "--tb=line"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what is loaded before
    *("-p", "no:unraisableexception"),  # collects garbage at the end
]
PHASES = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # the smallest example that fails is not looked for
MOST_SECONDS = 3.0  # of processor time that the tests of a mutant take, together
MOST_MEMORY = 4 * 2**30  # bytes of addresses beyond those that a process has when it begins

FAILED = (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)
"""Exit codes where a test failed, its file could not be loaded, or the one that configures all tests."""

Outcome = Literal["killed", "survived", "timeout", "untested"]


@dataclass(frozen=True)
class Baseline:
    """What tests do with the modules as they are."""

    costs: dict[str, float]
    """Seconds of processor time of each test."""

    callers: dict[tuple[str, int], list[str]]
    """Tests that call a function, by its file and first line."""

    loaded: list[str]
    """Modules that the tests load."""

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that a mutant can change, those of its own package if there are any, up to MOST_SECONDS.

        They call its function or, if it is outside of one, or in one that is cached, are in a file with one that calls
        any of its module.
        """
        path = str(mutant.path)
        if mutant.function is not None and not _is_cached(mutant):
            tests = self.callers.get((path, mutant.function), [])
        else:
            files = {_file_of(test) for (file, _), tests in self.callers.items() if file == path for test in tests}
            tests = [test for test in self.costs if _file_of(test) in files]
        own = f"tests/{mutant.path.parent.name}/"
        return self.affordable([test for test in tests if test.startswith(own)] or tests)

    def affordable(self, tests: Iterable[str]) -> list[str]:
        """Return the cheapest variant of each test, then the next of each, up to MOST_SECONDS together."""
        n_variants, ranked = Counter[str](), list[tuple[int, float, str]]()
        for cost, test in sorted((self.costs[test], test) for test in tests):
            name = test.partition("[")[0]
            ranked.append((n_variants[name], cost, test))
            n_variants[name] += 1
        ranked.sort()
        n_affordable = sum(seconds <= MOST_SECONDS for seconds in accumulate(cost for _, cost, _ in ranked))
        return [test for *_, test in ranked[: max(1, n_affordable)]]


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _is_cached(mutant: Mutant) -> bool:
    """Tell whether only the first test that calls its function runs it."""
    functions = (node for node in ast.walk(mutant.tree) if isinstance(node, ast.FunctionDef))
    return any(
        "cache" in ast.unparse(decorator) and decorator.lineno == mutant.function
        for function in functions
        for decorator in function.decorator_list
    )


@dataclass
class _Recorder:
    """Notes which functions of some files each test calls, and how long it takes."""

    files: frozenset[str]
    costs: dict[str, float] = field(default_factory=dict)
    called: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        seen = set[tuple[str, int]]()

        def note(frame: FrameType, *_: object) -> None:
            code = frame.f_code
            if code.co_filename in self.files:
                seen.add((code.co_filename, code.co_firstlineno))

        threading.settrace(note)
        sys.settrace(note)
        begun = time.process_time()
        try:
            return (yield)
        finally:
            self.costs[item.nodeid] = time.process_time() - begun
            sys.settrace(None)
            threading.settrace(None)
            self.called[item.nodeid] = sorted(seen)


@dataclass(frozen=True)
class _Chosen:
    """Runs these tests alone, in this order."""

    tests: Sequence[str]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        places = {test: place for place, test in enumerate(self.tests)}
        items[:] = sorted((item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid])


def baseline_of(files: Iterable[Path], tests: Sequence[str], folder: Path) -> Baseline:
    """Run all tests once; raise RuntimeError if one fails."""
    result = folder / "baseline.json"

    def run() -> int:
        recorder = _Recorder(frozenset(map(str, files)))
        code = pytest.main([*OPTIONS, f"--basetemp={folder / 'pytest'}", *tests], plugins=[recorder])
        result.write_text(json.dumps([recorder.costs, recorder.called, list(sys.modules)]), "utf-8")
        return int(code)

    if (status := _forked(run, folder)) != 0:
        raise RuntimeError(f"the tests do not pass as they are: status {status}, see {folder / 'output.txt'}")
    costs, called, loaded = json.loads(result.read_text("utf-8"))
    callers: dict[tuple[str, int], list[str]] = {}
    for test in sorted(called):
        for file, line in called[test]:
            callers.setdefault((file, line), []).append(test)
    return Baseline(costs, callers, loaded)


def load_what_stays(modules: Iterable[str], paths: Iterable[Path]) -> None:
    """Load what the tests load and is not tested, so that no trial has to: other packages, and what configures all tests."""
    for name in modules:
        if name.partition(".")[0] not in ("grokterm", "tests", "__main__"):
            with suppress(Exception):  # some are made by others, under names that cannot be loaded
                importlib.import_module(name)
    for name in ("tests.conftest", *vars(importlib.import_module("tests.conftest"))["pytest_plugins"]):
        importlib.import_module(name)
    if loaded := set(map(str, paths)) & {getattr(module, "__file__", None) for module in sys.modules.values()}:
        raise RuntimeError(f"what configures the tests loads {', '.join(loaded)}, so that it cannot be changed")
    hypothesis.settings.register_profile("trials", parent=hypothesis.settings.default, phases=PHASES, derandomize=True)
    hypothesis.settings.load_profile("trials")
    gc.collect()
    gc.freeze()  # or each trial would look through it all


def try_out(mutant: Mutant, baseline: Baseline, folder: Path) -> Outcome:
    """Run the tests of a mutant, up to the first that fails."""
    tests = baseline.tests_of(mutant)
    return _outcome({str(mutant.path): mutant.source.encode()}, tests, baseline, folder) if tests else "untested"


def check_survival(paths: Iterable[Path], baseline: Baseline, folder: Path) -> None:
    """Check that modules survive which are only written anew: what is killed dies of its change."""
    sources = {str(path): ast.unparse(ast.parse(path.read_bytes())).encode() for path in paths}
    if (outcome := _outcome(sources, baseline.affordable(baseline.costs), baseline, folder)) != "survived":
        raise RuntimeError(f"unchanged modules are {outcome}, see {folder / 'output.txt'}")


def _outcome(sources: Mapping[str, bytes], tests: Sequence[str], baseline: Baseline, folder: Path) -> Outcome:
    def run() -> int:
        read = SourceFileLoader.get_data

        def changed(loader: SourceFileLoader, path: str) -> bytes:
            return sources.get(path) or read(loader, path)

        SourceFileLoader.get_data = changed  # type: ignore[method-assign, assignment]
        files = dict.fromkeys(map(_file_of, tests))
        return int(pytest.main([*OPTIONS, f"--basetemp={folder / 'pytest'}", *files], plugins=[_Chosen(tests)]))

    status = _forked(run, folder, seconds=10 + 5 * sum(baseline.costs[test] for test in tests))
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM) else "killed"
    if (code := os.waitstatus_to_exitcode(status)) not in (0, *FAILED):
        raise RuntimeError(f"the tests ended with exit code {code}, see {folder / 'output.txt'}")
    return "killed" if code else "survived"


def _forked(run: Callable[[], int], folder: Path, *, seconds: float = 3600) -> int:
    """Run in a process of its own, with a limit on its processor time, and return its status as waitpid does."""
    if child := os.fork():
        return os.waitpid(child, 0)[1]
    code = 70
    try:
        os.chdir(ROOT)
        output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1,) * 2)
        signal.alarm(int(20 * seconds))  # on a machine with other work, or asleep
        code = run()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
