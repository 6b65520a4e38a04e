"""What files held before, in memory."""

from __future__ import annotations

from wakeful.core.items import Version
from wakeful.core.lookups.trees import VersionById, VersionsOf
from wakeful.core.writes import PutVersion
from wakeful.stores.memory.undo import Undo


class Versions:
    """Earlier versions by file, with a count of those that name a content."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self.by_file: dict[int, dict[int, Version]] = {}
        self._naming: dict[str, int] = {}

    def one(self, lookup: VersionById) -> Version | None:
        return self.by_file.get(lookup.item, {}).get(lookup.id)

    def of(self, lookup: VersionsOf) -> tuple[Version, ...]:
        kept = self.by_file.get(lookup.item, {})
        before = lookup.before
        ids = sorted((id for id in kept if before is None or id < before), reverse=True)
        return tuple(kept[id] for id in ids[: lookup.limit])

    def names(self, content: str) -> bool:
        return content in self._naming

    def put(self, write: PutVersion) -> None:
        self.put_one(write.version)

    def put_one(self, version: Version) -> None:
        kept = self.by_file.setdefault(version.item, {})
        if version.id in kept:
            self._drop(kept[version.id])
        self._undo.put(kept, version.id, version)
        self._undo.put(self._naming, version.content, self._naming.get(version.content, 0) + 1)

    def drop(self, file: int) -> None:
        """Forget all of a file that goes."""
        for version in tuple(self.by_file.get(file, {}).values()):
            self._drop(version)

    def trim(self, before: int, limit: int) -> int:
        """As `Store.trim_versions` says. Not part of a command: it cannot be undone."""
        old = [
            version
            for kept in self.by_file.values()
            for version in kept.values()
            if version.replaced_at < before
        ]
        old.sort(key=lambda version: version.replaced_at)
        for version in old[:limit]:
            self._drop(version)
        self._undo.forget()
        return len(old[:limit])

    def _drop(self, version: Version) -> None:
        self._undo.drop(self.by_file[version.item], version.id)
        left = self._naming[version.content] - 1
        if left:
            self._undo.put(self._naming, version.content, left)
        else:
            self._undo.drop(self._naming, version.content)
