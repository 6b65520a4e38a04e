"""The tree rules: what each change does to items, journal and streams.

Rule 1: every change of an item raises its revision by one, and the event carries the
item as it is afterwards.

Rule 2: a change is told to the members of the namespace and to the enterprise. A move
from one namespace to another is a trash to the first audience and a create (of a
file: an upload) to the second, tied by one correlation id.

Rule 3: a whole folder that is moved, copied, trashed or restored is one event, but
each path below it takes its own journal row.

Rule 4: names are unique in a folder to the letter; names that differ only by case
live side by side (see `core.journal` for how the journal keeps them apart).

The rules do no I/O: they are generators of look-ups and writes that a store drives
inside its transaction (`core.writes.Steps`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wakeful.core.batch import Batch
from wakeful.core.changes import (
    Annotate,
    Applied,
    Baseline,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Move,
    NewVersion,
    Observe,
    Recover,
    Restore,
    Tell,
    Trash,
    Upload,
)
from wakeful.core.creation import (
    baseline,
    create_folder,
    folder_of,
    new_version,
    observe,
    recover,
    upload,
)
from wakeful.core.errors import WakefulError
from wakeful.core.items import Item
from wakeful.core.notes import annotate
from wakeful.core.relocation import copy, delete, move, restore, trash
from wakeful.core.telling import tell
from wakeful.core.uploads import upload_all, uploads_together
from wakeful.core.writes import Steps


class TreeRules:
    """The rules, at work on one batch, whose `entries` then hold what is to be told."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def apply(self, changes: tuple[Change, ...]) -> Steps[Applied]:
        """Carry out *changes* in their order; raises the first error."""
        results = self._batch.results
        try:
            while (count := len(results)) < len(changes):
                if together := uploads_together(self._batch, changes, count):
                    yield from upload_all(
                        self._batch, (yield from folder_of(self._batch, together[0])), together
                    )
                else:
                    change = changes[count]
                    results.append((yield from _RULES[type(change)](self._batch, change)))
        except WakefulError as error:
            error.change = len(results)
            raise
        return Applied(tuple(self._batch.results), tuple(self._batch.baseline_ids))

    def apply_one(self, change: Change) -> Steps[Item | None]:
        """Carry out the next change; its item as it is now."""
        try:
            result = yield from _RULES[type(change)](self._batch, change)
        except WakefulError as error:
            error.change = len(self._batch.results)
            raise
        self._batch.results.append(result)
        return result


_RULES: dict[type[Change], Callable[[Batch, Any], Steps[Item | None]]] = {
    CreateFolder: create_folder,
    Upload: upload,
    NewVersion: new_version,
    Recover: recover,
    Move: move,
    Copy: copy,
    Trash: trash,
    Restore: restore,
    Delete: delete,
    Observe: observe,
    Baseline: baseline,
    Annotate: annotate,
    Tell: tell,
}
