"""What the settings of a run are compared with: those of its preset."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from grokterm.runs.listing.facts import Entry, Facts
from grokterm.runs.listing.file import short_hash


@dataclass(frozen=True)
class Reference:
    """A preset, or where it is not at hand the first run that names it."""

    preset: str
    text: str
    """The file of the preset; empty if it is not at hand."""

    first: Facts

    @cached_property
    def hash(self) -> str:
        """Changes whenever the settings may."""
        return short_hash(self.text or json.dumps(self.first.settings))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings by their dotted names."""
        from grokterm.runs.differences import settings_of
        from grokterm.runs.listing.reading import plain

        return (plain(settings_of(self.preset)) if self.text else {}) or self.first.settings

    def compare(self, entry: Entry) -> Entry:
        """Fill in what differs in a run."""
        from grokterm.runs.differences import in_short, told

        facts = entry.facts
        differences = {name: facts.written.get(name, facts.settings[name]) for name in told(facts.settings, self.settings)}
        return entry._replace(compared=self.hash, differences=differences, told=in_short(differences))
