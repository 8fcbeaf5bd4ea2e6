from pathlib import Path

import pytest

from grokterm.errors import ConfigError, StorageError
from grokterm.runs.listing.annotations import FILE, Annotations, read_annotations, write_annotations


def test_what_is_written_to_a_run_is_read_back(tmp_path: Path) -> None:
    written = Annotations(is_pinned=True).tagged(["paper", "fig-3"]).noted(" two \n lines\x1b[31m ⌘ ")
    assert written == Annotations(is_pinned=True, tags=("paper", "fig-3"), note="two lines ⌘")
    write_annotations(tmp_path, written)
    assert read_annotations(tmp_path) == written


def test_nothing_written_leaves_no_file(tmp_path: Path) -> None:
    assert read_annotations(tmp_path) == Annotations()
    for annotations in (Annotations(note="x"), Annotations(), Annotations()):
        write_annotations(tmp_path, annotations)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 9999, '{"tags": 3, "is_pinned": "yes"}', "\x00\xff"])
def test_a_damaged_file_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="latin-1")
    assert read_annotations(tmp_path) == Annotations()


def test_a_tag_is_added_once_and_taken_away() -> None:
    tagged = Annotations().tagged(["a", "b", "a"]).tagged(["b"])
    assert tagged.tags == ("a", "b")
    assert tagged.untagged(["a"]).tags == tagged.untagged(["#a"]).tags == ("b",)
    assert Annotations().tagged(["#fig-3"]).tags == ("fig-3",)
    with pytest.raises(ConfigError, match=r"no tag 'papr': did you mean 'paper'\?"):
        Annotations(tags=("paper",)).untagged(["papr"])
    with pytest.raises(ConfigError, match="no tag 'x': it has none"):
        Annotations().untagged(["x"])


@pytest.mark.parametrize("tag", ["", "#", "two words", "a,b", "\x1b[31mred", 'x"', "x" * 41])
def test_what_is_no_word_is_no_tag(tag: str) -> None:
    with pytest.raises(ConfigError, match="a tag"):
        Annotations().tagged([tag])


def test_there_are_bounds() -> None:
    with pytest.raises(ConfigError, match="at most 20 tags, not 21"):
        Annotations().tagged(map(str, range(21)))
    with pytest.raises(ConfigError, match="at most 1,000 characters, not 1,001"):
        Annotations().noted("x" * 1001)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"annotations\.json cannot be written"):
        write_annotations(tmp_path / "gone", Annotations(note="x"))
