from time import time

import pytest

from grokterm.errors import ConfigError
from grokterm.runs.listing.query import hint, parse_query
from grokterm.runs.listing.row import RunRow
from grokterm.runs.listing.sorting import sorted_rows
from tests.runs.listing.rows import row

GROKKED = row(
    "quick-weight_decay-2-20300102-030405",
    preset="quick",
    title="Fast Grokking",
    operation="multiply",
    architecture="mlp",
    optimizer="adamw",
    train_fraction=0.3,
    members=1,
    memorized_at=20,
    grokked_at=950,
    val_accuracy=0.999,
    steps=3000,
    state="ended",
    ended="complete",
    created=time() - 3600,
    settings={
        "optimizer.weight_decay": 2.0,
        "optimizer.learning_rate": 1e-3,
        "optimizer.batch_size": "full",
        "task.modulus": 97,
        "loss.precision": "float32",
        "training.precision": "float64",
        "model.tied_operands": True,
    },
    differences={"optimizer.weight_decay": 2.0},
    told="weight_decay=2",
    tags=("paper", "fig-3"),
    note="the one for the talk",
    is_pinned=True,
)

BARE = row("other-1", created=0.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quick",
        "FAST grok",
        "weight_decay=2",
        '"weight_decay=2"',
        "paper talk",
        '"one for"',
        "op:mul",
        "op:multiply",
        "operation=multiply",
        "op!=add",
        "arch:mlp opt:adam",
        "opt=adamw",
        "preset:quick",
        "tag:pap",
        "tag=fig-3",
        "tag=#fig-3 #fig -#old",
        'note:"for the talk"',
        "state:end",
        "ended:complete",
        "wd>1",
        "wd>=2 wd<=2 wd=2 wd:2",
        "lr<=1e-3",
        "lr=0.001",
        "p=97",
        "modulus:97",
        "task.modulus=97",
        "fraction<0.4",
        "members=1",
        "grokked_at<1000",
        "grokked<1_000",
        "delay=930",
        "val_accuracy>0.9",
        "val>.9",
        "age<2d",
        "age>59m age<2h",
        "batch_size:full",
        "precision:float32",
        "precision!=float16",
        "tied_operands=true",
        "grokked",
        "memorized pinned changed",
        "-ungrokked",
        "-wd>3",
        "-tag:old -old",
        "Grokked -UNGROKKED",
        "state:complete State=complete",
        "state!=killed",
    ],
)
def test_a_query_finds_a_run(text: str) -> None:
    assert parse_query(text).matches(GROKKED)


@pytest.mark.parametrize(
    "text",
    ["slow", "op:add", "op=mul", "tag=fig", "wd>2", "wd<2", "p=9", "batch_size:fu x", "ungrokked", "diverged", "-grokked",
     "-quick", "age>1w", "members>1", "ungrokked_at<5", "opt=adam", "width>0", "state:training", "state:killed",
     "state=comp", "state!=complete", "quick slow", "branched"],
)  # fmt: skip
def test_a_query_leaves_a_run_out(text: str) -> None:
    assert not parse_query(text).matches(GROKKED)


@pytest.mark.parametrize("text", ["wd>0", "op:add", "grokked_at>=0", "val<1", "tag:x", "p=97", "grokked", "fraction<1"])
def test_what_a_run_does_not_have_is_not_found(text: str) -> None:
    assert not parse_query(text).matches(BARE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("opp:add", "a run has no field 'opp': did you mean 'op'?"),
        ("quick wdd>1", "a run has no field 'wdd': did you mean 'wd'?"),
        ("memorised_at>1", "a run has no field 'memorised_at': did you mean 'memorized_at'?"),
        ("weigth_decay>1", "a run has no field 'weigth_decay': did you mean 'weight_decay'?"),
        ("training.precission=x", "a run has no field 'training.precission': did you mean 'training.precision'?"),
        ("zzzz:1", "a run has no field 'zzzz': `grokterm help searching` lists the fields, and every setting is one"),
        ("-wd>", "wd> needs a number behind it"),
        ("op:", "op: needs a value behind it"),
        ("grokked_at:soon", "grokked_at: needs a number, not 'soon'"),
        ("wd>much", "wd> needs a number, not 'much'"),
        ("steps>2d", "steps> needs a number, not '2d'"),
        (
            "state:done",
            "a run's state is training, paused, ended, interrupted, killed, unknown, or why it ended, as complete, not 'done'",
        ),
        ("-", "- needs a word behind it, as in -grokked"),
        ("quick --", "-- needs a word behind it, as in -grokked"),
        ('quick "two wo', 'a quote is not closed: "two wo'),
    ],
)
def test_a_query_that_is_wrong_says_so_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_query(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"state": "training"}, "training not"),
        ({"state": "unknown"}, "unknown not_known"),
        ({"state": "ended", "ended": "out_of_memory"}, "ended no_memory out_of_memory"),
        ({"state": "ended", "ended": "grokked"}, "ended grokked"),
        ({"state": "killed", "ended": "killed"}, "killed"),
    ],
)
def test_a_state_is_found_by_every_word_that_a_list_has_for_it(known: dict[str, str], words: str) -> None:
    for word in words.split():
        assert parse_query(f'state:"{word.replace("not_", "not ").replace("no_", "no ")}"').matches(row(**known))


def test_a_word_near_one_that_means_more_than_its_letters_is_hinted_at() -> None:
    assert hint("op:add grokkd") == hint("-Grokkd") == ": did you mean 'grokked'?"
    assert hint("grokked quick wd>1") == ""


def names(rows: list[RunRow]) -> list[str]:
    return [one.name for one in rows]


def test_runs_are_sorted_by_age_pinned_ones_first() -> None:
    rows = [row("c", created=3.0), row("a", created=1.0), row("b", created=2.0, is_pinned=True)]
    assert names(sorted_rows(rows)) == ["b", "a", "c"]


def test_runs_are_sorted_by_a_column_or_a_setting_those_without_it_last() -> None:
    rows = [
        row("a", grokked_at=30, settings={"optimizer.weight_decay": 2.0}),
        row("b", is_pinned=True),
        row("c", grokked_at=4, settings={"optimizer.weight_decay": 0.5}),
    ]
    assert names(sorted_rows(rows, "grokked_at")) == names(sorted_rows(rows, "wd")) == ["c", "a", "b"]
    assert names(sorted_rows(rows, "-grokked")) == ["a", "c", "b"]
    assert names(sorted_rows(rows, "-name")) == ["c", "b", "a"]
    with pytest.raises(ConfigError, match="did you mean 'age'"):
        sorted_rows(rows, "agee")
    with pytest.raises(ConfigError, match="--val has a minus too many: --sort -val lists the largest first"):
        sorted_rows(rows, "--val")
