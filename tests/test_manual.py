"""The manual and the README, held against the code: what they name exists."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from grokterm import __version__
from grokterm.cli.main import app
from grokterm.experiment.expectation import MEASURES
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.metrics import METRICS as NETWORK_METRICS
from grokterm.experiment.model import MODELS
from grokterm.experiment.optimizer import OPTIMIZERS
from grokterm.experiment.reading.presets import Preset, list_presets
from grokterm.experiment.recording.inspected import Inspected
from grokterm.runs.results.summary import Summary

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "grokterm" / "help").glob("*.md"))}
TEXTS = {**PAGES, "README": README}

PRESETS = {preset.name for preset in list_presets()}
METRICS = {*MEASURES, *NETWORK_METRICS, *Summary.model_fields, *Inspected.model_fields}
SECTIONS = {
    **{name: (type(getattr(Experiment(), name)),) for name in ("task", "loss", "training")},
    "model": MODELS,
    "optimizer": OPTIMIZERS,
}
SETTINGS = {f"{section}.{name}" for section, kinds in SECTIONS.items() for kind in kinds for name in kind.model_fields}
PRESET_AFTER = re.compile(r"(?:--preset|presets show|grokterm verify) ([a-z][\w.-]*)(?=\s|$)")


def blocks(text: str, language: str = "") -> list[str]:
    """The fenced blocks in a language."""
    return [block for name, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if name == language]


def spans(text: str) -> list[str]:
    """What stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def lines_of_code(text: str) -> Iterator[str]:
    """Everything a reader may type."""
    yield from spans(text)
    for block in blocks(text):
        yield from re.split(r"\n|&&|\|", block)


def command_lines(text: str) -> list[list[str]]:
    """The words after each `grokterm`."""
    return [
        line.strip().removeprefix("$ ").split()[1:] for line in lines_of_code(text) if re.match(r"\s*(\$ )?grokterm\b", line)
    ]


def commands() -> dict[str, set[str]]:
    """Every command, and its options."""
    root = typer.main.get_command(app)
    found = {"": _options(root)}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        found[name] = _options(command)
        for inner, one in getattr(command, "commands", {}).items():
            found[f"{name} {inner}"] = _options(one)
    return found


def _options(command: object) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts} | {"--help"}  # type: ignore[attr-defined]


def _name(words: list[str], known: dict[str, set[str]]) -> str:
    """The longest command that the words begin with; an unknown one is returned as it is written."""
    plain = [word for word in words if re.fullmatch("[a-z]+", word)] if words[:1] and not words[0].startswith("-") else []
    two = " ".join(words[:2])
    return two if two in known else plain[0] if plain and plain[0] == words[0] else ""


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_and_option_that_is_named_exists(page: str) -> None:
    known = commands()
    for words in command_lines(TEXTS[page]):
        name = _name(words, known)
        assert name in known, words
        options = {word.partition("=")[0].strip("[]") for word in words if word.strip("[").startswith("--")}
        assert options <= known[name], words


@pytest.mark.parametrize("page", TEXTS)
def test_every_setting_that_is_named_exists(page: str) -> None:
    text = "\n".join([*lines_of_code(TEXTS[page]), *blocks(TEXTS[page], "toml")])
    named = re.findall(rf"(?<![\w/.])(?:{'|'.join(SECTIONS)})\.[a-z_]+(?![\w/])", text)
    assert set(named) <= SETTINGS


@pytest.mark.parametrize("page", TEXTS)
def test_every_experiment_that_is_written_out_is_valid(page: str) -> None:
    for text in blocks(TEXTS[page], "toml"):
        written = Preset(page, ROOT / page, text)
        assert written.experiment.title
        assert written.sweep is None or written.sweep.seeds


@pytest.mark.parametrize("page", TEXTS)
def test_every_preset_that_is_named_exists(page: str) -> None:
    written = [name for line in lines_of_code(TEXTS[page]) for name in PRESET_AFTER.findall(line)]
    hyphenated = [span for span in spans(TEXTS[page]) if re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", span)]
    assert {name for name in written if not name.endswith(".toml")} | set(hyphenated) <= PRESETS


@pytest.mark.parametrize("page", TEXTS)
def test_every_topic_that_is_named_exists(page: str) -> None:
    assert {words[1] for words in command_lines(TEXTS[page]) if words[:1] == ["help"] and words[1:]} <= {
        *PAGES,
        "[TOPIC]",
        "man",
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_short_and_begins_with_its_heading(page: str) -> None:
    assert re.match(r"# \S.*\n\n", PAGES[page])
    assert len(PAGES[page].splitlines()) < 80


def test_this_version_is_what_is_to_be_cited_and_what_has_changed_last() -> None:
    assert f"version = {{{__version__}}}" in PAGES["sources"]
    assert re.search(r"^## (\S+)$", PAGES["changes"], re.MULTILINE)[1] == __version__  # type: ignore[index]


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


def test_the_readme_names_the_layers_and_the_folders_that_there_are() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][0]
    assert " -> ".join(contract["layers"]) in README.replace("`\n`", " ")
    tree = blocks(README)[-2]
    folders = {path.name for path in (ROOT / "grokterm").iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert set(re.findall(r"(\w+)/ {2,}", tree)) == folders | {"presets", "tests"}


def test_what_the_manual_says_to_touch_exists() -> None:
    paths = [span for span in spans(PAGES["extending"]) if re.fullmatch(r"[a-z_/]+(/|\.py)", span)]
    assert len(paths) > 10
    assert [path for path in paths if not any((root / path).exists() for root in (ROOT, ROOT / "grokterm"))] == []


def test_the_manual_mentions_every_command_and_every_section_of_an_experiment() -> None:
    known = commands()
    named = {_name(words, known) for page in PAGES.values() for words in command_lines(page)}
    assert named == known.keys()
    manual = "\n".join(PAGES.values())
    for section in Experiment.model_fields:
        assert re.search(rf"^\[+{section}\]|^{section} +=|`{section}\b", manual, re.MULTILINE), section


def test_the_page_on_metrics_lists_what_there_is() -> None:
    rows = [row for row in PAGES["metrics"].splitlines() if row.startswith("| `")]
    listed = {name for row in rows for name in spans(row.split("|")[1])}
    assert {name.partition(".")[0] for name in listed} <= {name.partition(".")[0] for name in METRICS}
    assert {*MEASURES, "ipr", "late_norm"} <= listed


def test_the_checks_see_what_is_wrong() -> None:
    known = commands()
    named = command_lines("`grokterm train`, `grokterm run --fast`\n```\ngrokterm runs show RUN\n```\n")
    assert [_name(words, known) for words in named] == ["train", "run", "runs show"]
    assert "train" not in known
    assert "--fast" not in known["run"]
    assert "task.modulo" not in SETTINGS
    assert "quick-grok" not in PRESETS
