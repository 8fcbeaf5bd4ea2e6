"""Examples below the help of every command."""

EXAMPLES = {
    "": ("--preset quick --start", "open -", "help commands"),
    "run": (
        "--preset quick --set optimizer.weight_decay=2",
        "--preset liu-essay --json",
        "--resume -",
        "--from -@grokked --set optimizer.learning_rate=1e-4",
        "--preset quick --detach",
    ),
    "sweep": (
        "quick --grid task.train_fraction=0.2:0.9:0.1 --seeds 8",
        "quick --grid optimizer.weight_decay=0.01:10:log7 --measure grokked_at --dry-run",
        "quick-sweep --seeds 16",
    ),
    "open": ("-", "liu", "runs/quick-20261121-165125"),
    "attach": ("-",),
    "verify": ("quick", "quick --set seed=3", "--json"),
    "bench": ("--preset quick", "--markdown"),
    "plot": ("-", "- --ascii"),
    "figures": ("-",),
    "inspect": ("-", "liu quick"),
    "presets": ("", "show quick"),
    "presets show": ("quick", "quick --set model.width=64"),
    "runs": ("", '--filter "op:add wd>1 grokked" --sort grokked_at', "show -"),
    "runs show": ("-", "- --json"),
    "runs export": ("- --format csv", "- --format tensorboard --out logs", "- --preset again.toml"),
    "runs stop": ("-",),
    "runs tag": ("- figure2",),
    "runs untag": ("- figure2",),
    "runs note": ('- "the seed of the talk"',),
    "runs pin": ("-",),
    "runs unpin": ("-",),
    "runs delete": ("quick-20261121-165125",),
    "runs restore": ("-",),
    "runs purge": ("--yes",),
    "serve": ("", "--port 0 --preset quick", "-"),
    "doctor": ("", "--json"),
    "settings": ("", "--set bell=false --set keys.pause=p"),
    "help": ("", "engines", "man > grokterm.1"),
}
"""What to write behind each command."""


def examples_of(name: str) -> str:
    """Write the examples of a command as they are shown below its options."""
    lines = (" ".join(filter(None, ("  grokterm", name, rest))) for rest in EXAMPLES[name])
    return "\n".join(("\b", "Examples:", *lines))  # \b: not to be wrapped
