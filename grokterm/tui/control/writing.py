"""What a user writes to saved runs, and how a run is thrown away."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual.screen import Screen

from grokterm.errors import GroktermError
from grokterm.plots.sanitize import plain_text
from grokterm.runs.command_line import command_in, command_line
from grokterm.runs.listing.annotations import Annotations, read_annotations, write_annotations
from grokterm.runs.listing.row import RunRow
from grokterm.runs.listing.trash import move_to_trash
from grokterm.runs.lock import is_held_here
from grokterm.sweeps.listing import refuse_if_trained
from grokterm.tui.screens.dialogs import Confirm, FieldsDialog

LONGEST_NAME = 60


class RunWriter:
    """Asks on a screen what to write to runs, and writes it.

    `done` is told that their folders have changed; `opened` says which ones are on the screen.
    """

    def __init__(self, screen: Screen[None], done: Callable[[], object], opened: Callable[[], Collection[Path]]) -> None:
        self._screen = screen
        self._done = done
        self._opened = opened

    def pin(self, rows: Sequence[RunRow]) -> None:
        """Pin runs, or unpin them if all are pinned."""
        is_pinned = not all(row.is_pinned for row in rows)
        problem = self._write({row.path: replace(read_annotations(row.path), is_pinned=is_pinned) for row in rows})
        if problem:
            self._say(problem, "Not written")

    def tag(self, rows: Sequence[RunRow]) -> None:
        """Ask for the tags of a run; of several, for those that are added to each."""
        known = {row.path: read_annotations(row.path) for row in rows}
        shown = " ".join(known[rows[0].path].tags) if len(rows) == 1 else ""

        def make(texts: dict[str, str]) -> dict[Path, Annotations]:
            tags = texts["tags"].split()
            return {path: (replace(own, tags=()) if len(rows) == 1 else own).tagged(tags) for path, own in known.items()}

        title = "tags" if len(rows) == 1 else f"tags for {len(rows)} runs"
        self._ask(FieldsDialog(title, {"tags": (shown, "words: paper fig-3")}, make, _names(rows)))

    def note(self, row: RunRow) -> None:
        """Ask for the note of a run."""
        known = read_annotations(row.path)
        self._ask(
            FieldsDialog(
                "note", {"note": (known.note, "one line")}, lambda texts: {row.path: known.noted(texts["note"])}, _names([row])
            )
        )

    def delete(self, rows: Sequence[RunRow]) -> None:
        """Ask whether runs may go to the trash; one that trains may not."""
        try:
            for row in rows:
                if is_held_here(row.path):
                    self._say(f"this lab trains it: {row.name}", "Not deleted")
                    return
                refuse_if_trained(row.path)
                if row.path.resolve() in self._opened():
                    self._say(f"this lab has it open: {row.name}: open another first", "Not deleted")
                    return
        except GroktermError as error:
            self._say(str(error), "Not deleted")
            return
        unknown = " It may be trained on another host." if any(row.state == "unknown" for row in rows) else ""
        names = ", ".join(row.name for row in rows)
        back = f"`{command_line('runs restore', rows[0].path)}` brings it back."
        if len(rows) > 1:
            back = f"`{command_in('runs restore NAME', rows[0].path.parent)}` brings one back."
        question = f"Move {'it' if len(rows) == 1 else f'these {len(rows)} runs'} to the trash? {names}.{unknown} {back}"
        dialog = Confirm(question, "Delete", "Cancel", is_grave=True)
        self._screen.app.push_screen(dialog, partial(self._delete, rows))

    def _delete(self, rows: Sequence[RunRow], agreed: bool | None) -> None:  # noqa: FBT001 - what a dialog answers
        if not agreed:
            return
        try:
            for row in rows:
                move_to_trash(row.path)
        except GroktermError as error:
            self._say(str(error), "Not deleted")
        self._done()

    def _ask(self, dialog: "FieldsDialog[dict[Path, Annotations]]") -> None:
        async def accept(annotations: dict[Path, Annotations]) -> str:
            return self._write(annotations)

        dialog.accept = accept
        self._screen.app.push_screen(dialog)

    def _write(self, annotations: dict[Path, Annotations]) -> str:
        """Write them; return why that is not possible, or nothing."""
        try:
            for path, written in annotations.items():
                write_annotations(path, written)
        except GroktermError as error:
            return str(error)
        finally:
            self._done()
        return ""

    def _say(self, text: str, title: str) -> None:
        self._screen.notify(plain_text(text), title=title, severity="warning", markup=False)


def _names(rows: Sequence[RunRow]) -> str:
    """Name some runs in a line."""
    names = ", ".join(plain_text(row.name) for row in rows)
    return names if len(names) <= LONGEST_NAME else f"{names[:LONGEST_NAME]}…"
