"""What can be asked about items, with their versions and comments, and the space they take."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wakeful.core.items import Comment, Item, Version
from wakeful.core.listings import BY_NAME, Sorting, Spot
from wakeful.core.lookups import Lookup


class ItemById(Lookup[Item | None], frozen=True):
    """The item, trashed or not."""

    id: int


class ChildByName(Lookup[Item | None], frozen=True):
    """The item of exactly that name in a folder, trashed ones left out."""

    parent: int
    name: str


class ChildrenByName(Lookup[Mapping[str, Item]], frozen=True):
    """Those of these names that `ChildByName` finds."""

    parent: int
    names: tuple[str, ...]


class Lineage(Lookup[tuple[Item, ...]], frozen=True):
    """The item with all above it: from the root of its namespace down to the item itself.

    Empty where there is no such item.
    """

    id: int


class Children(Lookup[tuple[Item, ...]], frozen=True):
    """A page of what is in a folder, trashed items left out.

    It begins after `start`: that many items, or a spot of the same order.
    """

    parent: int
    start: int | Spot
    limit: int
    sorting: Sorting = BY_NAME


class CountChildren(Lookup[int], frozen=True):
    """How many items are in a folder, trashed ones left out."""

    parent: int


class Trashed(Lookup[tuple[Item, ...]], frozen=True):
    """A page of the items of some namespaces that are trashed themselves; `start` as in
    `Children`."""

    namespaces: tuple[int, ...]
    start: int | Spot
    limit: int
    sorting: Sorting = BY_NAME


class CountTrashed(Lookup[int], frozen=True):
    """How many items of some namespaces are trashed themselves."""

    namespaces: tuple[int, ...]


class ItemsOf(Lookup[tuple[Item, ...]], frozen=True):
    """A page of the items of a namespace that are not trashed themselves: ids > `after`, rising."""

    namespace: int
    after: int
    limit: int


class VersionById(Lookup[Version | None], frozen=True):
    """An earlier version of a file, as long as it is kept."""

    item: int
    id: int


class VersionsOf(Lookup[tuple[Version, ...]], frozen=True):
    """Earlier versions of a file, the newest first; those before the version `before`, if that is
    given."""

    item: int
    limit: int
    before: int | None = None


class NamedContents(Lookup[frozenset[str]], frozen=True):
    """Those of `addresses` that some item or an earlier version names as its content, be it in the
    trash."""

    addresses: tuple[str, ...]


class TrashedBefore(Lookup[tuple[Item, ...]], frozen=True):
    """What went into the trash before `before` (ms), in any namespace, oldest first, by the time
    and the id; `after` is a time and an id to go on from."""

    before: int
    after: tuple[int, int]
    limit: int


class SpaceUsed(Lookup[int], frozen=True):
    """The bytes of all files in a namespace, in the trash or not."""

    namespace: int


class Space(msgspec.Struct, frozen=True):
    """What a namespace of `owner` holds, in bytes."""

    owner: int
    namespace: int
    used: int


class SpaceOf(Lookup[tuple[Space, ...]], frozen=True):
    """What each namespace that one of these users owns holds, by namespace."""

    owners: tuple[int, ...]


class SubtreeSize(Lookup[int], frozen=True):
    """The bytes of an item with all below it, in the trash or not; 0 where it is not there."""

    item: int


class CommentById(Lookup[Comment | None], frozen=True):
    id: int


class Comments(Lookup[tuple[Comment, ...]], frozen=True):
    """The comments on a file in the order in which they were made: `limit` after `offset`."""

    item: int
    offset: int
    limit: int


class RepliesTo(Lookup[tuple[Comment, ...]], frozen=True):
    """The replies to a comment, in the order in which they were made."""

    comment: int


class CountComments(Lookup[Mapping[int, int]], frozen=True):
    """How many comments there are on each of these items."""

    items: tuple[int, ...]
