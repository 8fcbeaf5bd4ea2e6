"""What a user wrote to a run: pinned, tags and a note, in a small file of its folder."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from grokterm.errors import ConfigError, StorageError
from grokterm.experiment.reading.escaping import escaped_text
from grokterm.experiment.reading.json_object import parse_object
from grokterm.plots.sanitize import plain_text
from grokterm.runs.storage.durable import remove, sync_folder, write_durably

FILE = "annotations.json"

LONGEST_NOTE = 1000  # characters
LONGEST_TAG = 40
MOST_TAGS = 20


@dataclass(frozen=True)
class Annotations:
    """What a user wrote to a run."""

    is_pinned: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""

    def tagged(self, tags: Iterable[str]) -> "Annotations":
        """Add tags.

        Raises:
            ConfigError: if one is no word, or there would be too many.
        """
        together = tuple(dict.fromkeys((*self.tags, *map(_checked, tags))))
        if len(together) > MOST_TAGS:
            raise ConfigError(f"a run has at most {MOST_TAGS} tags, not {len(together)}: take one away with untag")
        return replace(self, tags=together)

    def untagged(self, tags: Iterable[str]) -> "Annotations":
        """Take tags away.

        Raises:
            ConfigError: if the run does not have one of them.
        """
        from grokterm.experiment.reading.hints import nearest

        taken = [tag.removeprefix("#") for tag in tags]
        for tag in taken:
            if tag not in self.tags:
                known = f": it has {', '.join(self.tags)}" if self.tags else ": it has none"
                raise ConfigError(f"the run has no tag {tag!r}{nearest(tag, self.tags) or known}")
        return replace(self, tags=tuple(tag for tag in self.tags if tag not in taken))

    def noted(self, note: str) -> "Annotations":
        """Write a note of one line; an empty one takes it away.

        Raises:
            ConfigError: if it is too long.
        """
        line = " ".join(plain_text(note).split())
        if len(line) > LONGEST_NOTE:
            raise ConfigError(f"a note has at most {LONGEST_NOTE:,} characters, not {len(line):,}")
        return replace(self, note=line)


def read_annotations(run: Path) -> Annotations:
    """Read what was written to the run in this folder; nothing if there is no such file, or it is damaged."""
    try:
        found = parse_object((run / FILE).read_bytes())
    except (OSError, ValueError):
        return Annotations()
    tags = found.get("tags")
    return Annotations(
        is_pinned=found.get("is_pinned") is True,
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        note=str(found.get("note", "")),
    )


def write_annotations(run: Path, annotations: Annotations) -> None:
    """Write them to the run in this folder; none at all removes the file.

    Raises:
        StorageError: if it cannot be written.
    """
    path = run / FILE
    try:
        if annotations == Annotations():
            remove(path)
            sync_folder(run)
        else:
            write_durably(path, escaped_text(json.dumps(asdict(annotations), ensure_ascii=False, indent=2)).encode())
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


def _checked(tag: str) -> str:
    tag = tag.removeprefix("#")  # as a list shows it
    if not tag or tag != plain_text(tag) or any(letter.isspace() or letter in '",' for letter in tag):
        raise ConfigError(f"a tag is a word without spaces, commas and quotes, not {plain_text(tag)!r}")
    if len(tag) > LONGEST_TAG:
        raise ConfigError(f"a tag has at most {LONGEST_TAG} letters, not {len(tag)}")
    return tag
