"""How long do short commands take, from the start of the interpreter to its end?

    python tests/benchmarks/startup.py --repetitions 7

Commands take turns, each in a process of its own; printed are medians of wall time and of processor time, which other programs
disturb less, and their ratios to a script that imports torch and trains the network of the preset quick in a plain loop: once
evaluated at every step, as the preset says, and once never.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from time import monotonic

from grokterm.models.processor import available_cores, processor

PLAIN_LOOP = """
import torch
from torch import nn
from torch.nn import functional

p, width = 97, 500
torch.manual_seed(0)
pairs = torch.cartesian_prod(torch.arange(p), torch.arange(p))[torch.randperm(p * p)]
inputs, answers = functional.one_hot(pairs, p).flatten(1) / (2 * p) ** 0.5, pairs.sum(1) % p
targets, n = functional.one_hot(answers, p).float(), p * p // 2

class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.readout = nn.Linear(2 * p, width, bias=False), nn.Linear(width, p, bias=False)
        nn.init.normal_(self.first.weight)
        nn.init.normal_(self.readout.weight)

    def forward(self, x):
        return self.readout(self.first(x).square()) / width

model = MLP()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=5.0, betas=(0.9, 0.98))
evaluations = []
for step in range(200):
    scores = model(inputs[:n])
    loss = functional.mse_loss(scores, targets[:n])
    if EVALUATES:
        with torch.no_grad():
            val = model(inputs[n:])
            val_loss = functional.mse_loss(val, targets[n:]).item()
        hits = [(one.argmax(1) == known).float().mean().item() for one, known in ((scores, answers[:n]), (val, answers[n:]))]
        evaluations.append((loss.item(), val_loss, *hits))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
QUICK = ("-m", "grokterm", "run", "--preset", "quick")
COMMANDS = {
    "a plain loop, evaluated": ("-c", f"EVALUATES = True\n{PLAIN_LOOP}"),
    "a plain loop": ("-c", f"EVALUATES = False\n{PLAIN_LOOP}"),
    "import torch": ("-c", "import torch"),
    "grokterm run quick": QUICK,
    "grokterm run quick, 1 step": (*QUICK, "--set", "training.steps=1"),
    "grokterm presets": ("-m", "grokterm", "presets"),
    "grokterm --help": ("-m", "grokterm", "--help"),
}


def main() -> None:
    """Time the commands and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=7)
    repetitions = parser.parse_args().repetitions
    with tempfile.TemporaryDirectory() as folder:
        turns = [{name: _time(command, folder) for name, command in COMMANDS.items()} for _ in range(repetitions + 1)]
    medians = {name: [statistics.median(turn[name][kind] for turn in turns[1:]) for kind in (0, 1)] for name in COMMANDS}
    evaluated, plain = list(medians.values())[:2]
    lines = [f"{'seconds':<28}{'wall':>8}{'cpu':>8}   ratio to a plain loop, evaluated; to one that is not"]
    for name, times in medians.items():
        ratios = "".join(
            f"{ours / theirs:8.2f}" for base in (evaluated, plain) for ours, theirs in zip(times, base, strict=True)
        )
        lines.append(f"{name:<28}{times[0]:8.2f}{times[1]:8.2f}   {ratios}")
    load = f"load {os.getloadavg()[0]:.1f} on {available_cores()} cores"
    sys.stdout.write("\n".join([*lines, f"{processor()}, {load}, medians of {repetitions}, the first turn left out\n"]))


def _time(command: tuple[str, ...], folder: str) -> tuple[float, float]:
    """Return the wall time of a command, and the processor time of all its threads."""
    started, before = monotonic(), os.times()
    subprocess.run([sys.executable, *command], check=True, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return monotonic() - started, used


if __name__ == "__main__":
    main()
