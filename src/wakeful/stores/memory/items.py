"""Items in memory."""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.errors import QuotaExceeded
from wakeful.core.items import Item
from wakeful.core.listings import Spot
from wakeful.core.lookups.trees import (
    ChildByName,
    Children,
    ChildrenByName,
    CountChildren,
    CountTrashed,
    ItemById,
    ItemsOf,
    Lineage,
    NamedContents,
    SpaceUsed,
    SubtreeSize,
    Trashed,
    TrashedBefore,
)
from wakeful.core.writes import PutItems, RehomeSubtree, RemoveSubtree
from wakeful.stores.driver import MOST_SPACE, SPACE_FULL
from wakeful.stores.memory.comments import CommentTable
from wakeful.stores.memory.undo import Undo
from wakeful.stores.memory.versions import Versions


class Items:
    """All items, with an index for each way to look for them."""

    def __init__(self, undo: Undo, comments: CommentTable) -> None:
        self._undo = undo
        self._comments = comments
        self.by_id: dict[int, Item] = {}
        self._below: dict[int, dict[int, Item]] = {}
        self._named: dict[tuple[int, str], tuple[int, ...]] = {}
        self._in_namespace: dict[int, dict[int, Item]] = {}
        self._naming: dict[str, int] = {}  # how many items name a content
        self.used: dict[int, int] = {}  # bytes, by namespace
        self.versions = Versions(undo)

    def one(self, lookup: ItemById) -> Item | None:
        return self.by_id.get(lookup.id)

    def named(self, lookup: ChildByName) -> Item | None:
        ids = self._named.get((lookup.parent, lookup.name))
        return self.by_id[min(ids)] if ids else None

    def named_any(self, lookup: ChildrenByName) -> dict[str, Item]:
        found = {name: self.named(ChildByName(lookup.parent, name)) for name in lookup.names}
        return {name: item for name, item in found.items() if item is not None}

    def lineage(self, lookup: Lineage) -> tuple[Item, ...]:
        line: list[Item] = []
        item = self.by_id.get(lookup.id)
        while item is not None:
            line.append(item)
            item = None if item.parent is None else self.by_id.get(item.parent)
        return tuple(reversed(line))

    def children(self, lookup: Children) -> tuple[Item, ...]:
        return _page(self._present(lookup.parent), lookup)

    def count(self, lookup: CountChildren) -> int:
        return len(self._present(lookup.parent))

    def trashed(self, lookup: Trashed) -> tuple[Item, ...]:
        return _page(self._trashed(lookup.namespaces), lookup)

    def count_trashed(self, lookup: CountTrashed) -> int:
        return len(self._trashed(lookup.namespaces))

    def of(self, lookup: ItemsOf) -> tuple[Item, ...]:
        found = [
            item
            for item in self._in_namespace.get(lookup.namespace, {}).values()
            if item.id > lookup.after and item.trashed_at is None
        ]
        found.sort(key=lambda item: item.id)
        return tuple(found[: lookup.limit])

    def named_contents(self, lookup: NamedContents) -> frozenset[str]:
        return frozenset(
            each for each in lookup.addresses if each in self._naming or self.versions.names(each)
        )

    def trashed_before(self, lookup: TrashedBefore) -> tuple[Item, ...]:
        found = sorted(
            (item.trashed_at, item.id)
            for item in self.by_id.values()
            if item.trashed_at is not None and item.trashed_at < lookup.before
        )
        after = [id for at, id in found if (at, id) > lookup.after]
        return tuple(self.by_id[id] for id in after[: lookup.limit])

    def space_used(self, lookup: SpaceUsed) -> int:
        return self.used.get(lookup.namespace, 0)

    def subtree_size(self, lookup: SubtreeSize) -> int:
        if lookup.item not in self.by_id:
            return 0
        items = (lookup.item, *self._subtree(lookup.item))
        return sum(self.by_id[item].size for item in items)

    def put(self, write: PutItems) -> None:
        for item in write.items:
            self.put_one(item)

    def put_one(self, item: Item) -> None:
        self._leave(item.id)
        self._undo.put(self.by_id, item.id, item)
        self._undo.put(self._in_namespace.setdefault(item.namespace, {}), item.id, item)
        self._use(item.namespace, item.size)
        if item.content:
            self._undo.put(self._naming, item.content, self._naming.get(item.content, 0) + 1)
        if item.parent is not None:
            self._undo.put(self._below.setdefault(item.parent, {}), item.id, item)
            if item.trashed_at is None:
                name = (item.parent, item.name)
                self._undo.put(self._named, name, (*self._named.get(name, ()), item.id))

    def remove_subtree(self, write: RemoveSubtree) -> None:
        for item in [*self._subtree(write.item), write.item]:
            self._leave(item)
            self._undo.drop(self.by_id, item)
            self._comments.forget(item)
            self.versions.drop(item)

    def rehome_subtree(self, write: RehomeSubtree) -> None:
        for item in self._subtree(write.item):
            self.put_one(replace(self.by_id[item], namespace=write.namespace))

    def _present(self, parent: int) -> list[Item]:
        below = self._below.get(parent, {})
        return [item for item in below.values() if item.trashed_at is None]

    def _trashed(self, namespaces: tuple[int, ...]) -> list[Item]:
        return [
            item
            for namespace in set(namespaces)
            for item in self._in_namespace.get(namespace, {}).values()
            if item.trashed_at is not None
        ]

    def _subtree(self, top: int) -> list[int]:
        found = [top]
        for item in found:  # grows while it is walked
            found.extend(self._below.get(item, ()))
        return found[1:]

    def _leave(self, id: int) -> None:
        """Take the item out of every index."""
        item = self.by_id.get(id)
        if item is None:
            return
        self._undo.drop(self._in_namespace[item.namespace], id)
        self._use(item.namespace, -item.size)
        if item.content:
            self._name_less(item.content)
        if item.parent is None:
            return
        self._undo.drop(self._below[item.parent], id)
        if item.trashed_at is None:
            name = (item.parent, item.name)
            left = tuple(other for other in self._named[name] if other != id)
            if left:
                self._undo.put(self._named, name, left)
            else:
                self._undo.drop(self._named, name)

    def _use(self, namespace: int, more: int) -> None:
        """Count *more* bytes in *namespace*."""
        if not more:
            return
        used = self.used.get(namespace, 0) + more
        if used > MOST_SPACE:
            raise QuotaExceeded(SPACE_FULL)
        self._undo.put(self.used, namespace, used)

    def _name_less(self, content: str) -> None:
        left = self._naming[content] - 1
        if left:
            self._undo.put(self._naming, content, left)
        else:
            self._undo.drop(self._naming, content)


def _page(items: list[Item], lookup: Children | Trashed) -> tuple[Item, ...]:
    start, sorting = lookup.start, lookup.sorting
    if isinstance(start, Spot):
        items, start = [item for item in items if sorting.is_after(item, start)], 0
    return tuple(sorting.sorted(items)[start : start + lookup.limit])
