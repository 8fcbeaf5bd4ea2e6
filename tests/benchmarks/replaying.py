"""Do things to runs by hand, export them as presets, train these, and compare the weights bit for bit.

Run it with `python tests/benchmarks/replaying.py --afternoons 100`. An afternoon is a small network of a random kind to which
random things are done at random steps: swaps, changed settings, a resume, an extension after its end. Before them comes
`quick-ungrok` done by hand, and a branch of a branch of it. Exit code 1 if a weight differs, or a preset does not lead back
to itself.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Swap
from grokterm.experiment.reading.presets import find_preset
from grokterm.runs.branching import plan_branch
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.runs.export.as_preset import as_preset
from grokterm.runs.journal import read_journal
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import Run
from grokterm.session.branch import branch_session
from grokterm.session.commands import GoOn
from grokterm.session.start import start_session
from tests.conftest import TINY
from tests.runs.tensors import same
from tests.session.driving import Driver
from tests.session.test_as_preset import KINDS, SHORT, afternoon
from tests.training.every_network import small
from tests.training.outcome import changed

SMALL = ("transformer", "lstm", "kernel")


def is_done_again(run: Run, folder: Path, what: str) -> bool:
    """Export a run, train its preset, and compare the last checkpoints."""
    made = as_preset(run)
    again = Driver(start_session(Experiment.from_settings(made.settings), folder / "again", "again"))
    again.train()
    again.leave()
    here, there = (load_checkpoint(max(one.checkpoints.iterdir())) for one in (run, again.session.run))
    differing = sorted(name for name in here.keys() | there.keys() if name not in here.keys() & there.keys())
    differing += [name for name in here.keys() & there.keys() if not same({name: here[name]}, {name: there[name]})]
    leads_back = as_preset(again.session.run).settings == made.settings
    verdict = f"differs in {', '.join(differing)}" if differing else "the same, bit for bit"
    sys.stdout.write(
        f"{what}: {len(made.settings.get('interventions', ()))} interventions, {made.settings['training']['steps']:,} steps: "
    )
    sys.stdout.write(f"{verdict}{'' if leads_back else ', and its preset is another one'}\n")
    sys.stdout.flush()
    return not differing and leads_back


def by_hand(folder: Path) -> list[Run]:
    """Do `quick-ungrok` by hand, and branch it twice."""
    planned = find_preset("quick-ungrok").experiment
    settings = planned.settings() | {"interventions": []}
    settings["training"] |= {"steps": 100}
    settings.pop("expect")
    driver = Driver(start_session(Experiment.from_settings(settings), folder, "by-hand"))
    driver.train()
    driver.tell(GoOn(extend=Extend(steps=planned.training.steps), change=Swap(train_fraction=0.02)))
    driver.train()
    driver.leave()
    runs = [Run(driver.session.run.path)]
    summary = summarize(runs[0], read_journal(runs[0].journal))
    sys.stdout.write(f"by hand: grokked {summary.grokked_at}, ungrokked {summary.ungrokked_at}\n")
    for step, changes in ((150, ["task.train_fraction=0.3", "training.steps=300"]), (200, ["optimizer.weight_decay=0.5"])):
        branch = Driver(branch_session(plan_branch(runs[-1], step, changes), folder)[0])
        branch.train()
        branch.leave()
        runs.append(Run(branch.session.run.path))
    return runs


def drawn(draw: random.Random) -> Experiment:
    """Choose a small network."""
    kind = draw.choice([*KINDS, *SMALL])
    if kind in SMALL:
        return small(kind, f"training.steps={SHORT}")
    experiment = changed(Experiment.from_toml(TINY), f"training.steps={SHORT}", *KINDS[kind])
    rule = draw.choice(["adamw", "adam", "muon", "lion"])
    return changed(experiment, f"optimizer.kind={rule}", "optimizer.learning_rate=5e-3")


def main() -> int:
    """Do it all, and count what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--afternoons", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = ("quick-ungrok by hand", "a branch of it", "a branch of that branch")
        verdicts = [is_done_again(run, folder, what) for run, what in zip(by_hand(folder), names, strict=True)]
        for number in range(options.afternoons):
            draw = random.Random(options.seed + number)
            experiment = drawn(draw)
            run = Run(afternoon(experiment, folder, draw).session.run.path)
            what = f"afternoon {options.seed + number}, {experiment.model.architecture} {experiment.optimizer.kind}"
            verdicts.append(is_done_again(run, folder, what))
    sys.stdout.write(f"{verdicts.count(True)} of {len(verdicts)} the same\n")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
