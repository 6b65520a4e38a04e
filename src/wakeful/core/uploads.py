"""Files that come into one folder together: as many `Upload`s do one by one, in few steps.

Rule 1: what becomes of each change, in which order things are told, and which error is raised for
which change is what it would be one by one (`core.tree`). Tests compare both.

Rule 2: what is looked up is looked up for all at once, and written for all at once at the end: a
batch is all or none, so that nobody can see it half written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wakeful.core.batch import Batch, with_facts
from wakeful.core.changes import Change, Upload
from wakeful.core.errors import InvalidName, NameTaken
from wakeful.core.events import ItemEvent
from wakeful.core.finding import Lineage
from wakeful.core.items import Item, JournalRow, Kind
from wakeful.core.journal import fold, join, place_of, spelling, suffixed
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.journals import JournalAt, JournalRowsAt
from wakeful.core.lookups.trees import ChildrenByName
from wakeful.core.names import DEEPEST, check_name
from wakeful.core.notes import check_unlocked
from wakeful.core.versions import keep_version
from wakeful.core.writes import JournalPuts, PutItems, Steps

_FEW = 4  # so many are as quick one by one


def uploads_together(batch: Batch, changes: Sequence[Change], start: int) -> list[Upload]:
    """The changes from *start* on that can be carried out together; none where they are few.

    Where a quota counts, or names that differ only by case are one, each has to be judged by what
    those before it have written.
    """
    first, terms = changes[start], batch.census.terms
    if not isinstance(first, Upload) or terms.quota is not None or terms.folds:
        return []
    together: list[Upload] = []
    for index in range(start, len(changes)):
        change = changes[index]
        if (
            not isinstance(change, Upload)
            or change.parent != first.parent
            or change.parents != first.parents
            or not _is_name(change.name)
        ):
            break
        together.append(change)
    return together if len(together) >= _FEW else []


def upload_all(batch: Batch, above: Lineage, changes: Sequence[Upload]) -> Steps[None]:
    """Carry out *changes*, which are of the folder at the end of *above*."""
    folder, place = above[-1], place_of(above)
    names = tuple(dict.fromkeys([change.name for change in changes]))
    present: dict[str, Item] = dict((yield ChildrenByName(folder.id, names)))
    fresh = [name for name in names if name not in present]
    keys = _Keys(folder.namespace, place, (yield from _rows_at(folder.namespace, place, fresh)))
    id: int = yield NewIds(len(changes) + len(fresh))
    for change in changes:
        item = present.get(change.name)
        at = batch.at(change.at)
        if item is None:
            if len(above) > DEEPEST:
                raise InvalidName(f"a path has at most {DEEPEST} names", field="path")
            item = batch.new_item(id, folder, Kind.FILE, change.name, at, change.seen)
            key = yield from keys.free(change.name)
            item = with_facts(item, change.facts, at, version=id + 1, key=key)
            id += 2
        else:
            yield from _check(batch, item, change)
            item = with_facts(
                item,
                change.facts,
                at,
                revision=item.revision + 1,
                version=id,
                modified_at=at,
                modified_by=batch.actor.id,
                seen=change.seen or item.seen,
            )
            id += 1
        present[change.name] = item
        keys.put(item)
        yield from batch.tell_item(ItemEvent.UPLOAD, item, above, at)
        batch.results.append(item)
    yield PutItems(tuple([present[name] for name in names]))
    yield JournalPuts(folder.namespace, tuple(keys.rows))


class _Keys:
    """The keys of what is in one folder, at *place*; `rows` is what the journal is to be told."""

    def __init__(self, namespace: int, place: str, known: Mapping[str, JournalRow]) -> None:
        self._namespace = namespace
        self._place = place
        self._known = known
        self._taken: set[str] = set()
        self.rows: list[tuple[str, int, str | None]] = []

    def put(self, item: Item) -> None:
        path = join(self._place, item.key)
        self._taken.add(path)
        self.rows.append((path, item.id, spelling(item.name, item.key)))

    def free(self, name: str) -> Steps[str]:
        """As `core.journal.free_key`, for a new item."""
        key = candidate = fold(name)
        row = self._known.get(join(self._place, key))
        attempt = 0
        while True:
            path = join(self._place, candidate)
            if path not in self._taken and (row is None or row.item is None):
                return candidate
            attempt += 1
            candidate = suffixed(key, attempt)
            row = yield JournalAt(self._namespace, join(self._place, candidate))


def _rows_at(namespace: int, place: str, names: Sequence[str]) -> Steps[Mapping[str, JournalRow]]:
    if not names:
        return {}
    paths = tuple([join(place, fold(name)) for name in names])
    found: Mapping[str, JournalRow] = yield JournalRowsAt(namespace, paths)
    return found


def _check(batch: Batch, present: Item, change: Upload) -> Steps[None]:
    """Raise unless *change* may be a new version of *present*; keep what that holds."""
    if not change.overwrite:
        raise NameTaken(f"{change.name!r} is there already", item=present, wanted=Kind.FILE)
    if present.is_folder:
        raise NameTaken(f"{change.name!r} is a folder", item=present, wanted=Kind.FILE)
    yield from batch.census.may_change(present.namespace)
    yield from check_unlocked(batch, present)
    if present.content:
        yield from keep_version(batch, present)


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except InvalidName:
        return False
    return True
