"""Earlier versions of files: what is kept of them, and how one becomes the present again.

Rule 1: what a file held is kept when something else takes its place, if this server has the
content: in a watched folder the disk has only what is there now.

Rule 2: a version is recovered by naming its content again, which is judged in the same commit: a
version that has been removed has no content that could be named.

Rule 3: who has a version again reads it, so their role has to allow that.

Rule 4: versions go with their file. They count for no quota, and are removed by age.
"""

from __future__ import annotations

from wakeful.core.batch import Batch
from wakeful.core.changes import ById, Facts, NewVersion, Recover, Upload
from wakeful.core.errors import Forbidden, NotFound
from wakeful.core.items import Item, Version, at_version, version_of
from wakeful.core.lookups.trees import ItemById, VersionById
from wakeful.core.roles import Right
from wakeful.core.writes import PutVersion, Steps

NOT_KEPT = "That version is not kept"


def keep_version(batch: Batch, file: Item) -> Steps[None]:
    """Keep what *file* holds, whose content is here and about to be replaced."""
    yield PutVersion(version_of(file, batch.now))


def find_version(file: int, version: int) -> Steps[Item]:
    """A file as it is or was with one of its versions. Raises NotFound."""
    item: Item | None = yield ItemById(file)
    if item is None or item.is_folder:
        raise NotFound(NOT_KEPT)
    if item.version == version:
        return item
    kept: Version | None = yield VersionById(file, version)
    if kept is None:
        raise NotFound(NOT_KEPT)
    return at_version(item, kept)


def recovery(batch: Batch, change: Recover) -> Steps[NewVersion | Upload]:
    """What *change* comes to. Raises NotFound where the version is not kept, or is of a file that
    the actor may not know of, and Forbidden for who may not read it, and in a watched folder, whose
    disk has not got it."""
    target = change.parent if change.item is None else change.item
    assert target is not None
    there = yield from batch.finder.found(target)
    if there[-1].namespace in batch.census.terms.watched:
        raise Forbidden("Earlier versions do not come into watched folders")
    file = (yield from batch.finder.found(ById(change.of)))[-1]
    yield from batch.census.check_right(file.namespace, Right.DOWNLOAD)
    found = yield from find_version(change.of, change.version)
    if not found.content:
        raise NotFound(NOT_KEPT)
    facts = Facts(
        size=found.size,
        sha1=found.sha1,
        content_hash=found.content_hash,
        content_created_at=found.content_created_at,
        content_modified_at=found.content_modified_at,
        content=found.content,
    )
    if change.item is not None:
        return NewVersion(at=change.at, item=change.item, facts=facts, only_if=change.only_if)
    return Upload(at=change.at, parent=target, name=change.name, facts=facts, overwrite=False)
