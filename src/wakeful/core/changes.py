"""What can happen to items: the input of the tree rules.

A change names items by id, by path, or as what an earlier change of the same batch
made. `at` is when it happened (ms), the time of the commit where it is None. With `only_if`
a change is refused (Outdated) unless its item has one of those revisions.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from wakeful.core.items import Item, Kind, LinkAccess, Lock, Seen


class ById(msgspec.Struct, frozen=True, gc=False):
    """An item by its id."""

    id: int


class ByPath(msgspec.Struct, frozen=True, gc=False):
    """An item by the exact names that lead to it; no names is the root. A mount is
    followed where the first name is that of a mount in a home."""

    namespace: int
    names: tuple[str, ...]


class Made(msgspec.Struct, frozen=True, gc=False):
    """The item that change number `index` (from 0) of the same batch made or changed."""

    index: int


Ref = ById | ByPath | Made


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What is known of a file's content. Times in ms; None leaves them to the rules.

    `content` is where this server keeps it (`core.contents`), which no producer can say.
    """

    size: int = 0
    sha1: str = ""
    content_hash: str = ""
    content_created_at: int | None = None
    content_modified_at: int | None = None
    content: str = ""


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The root of all changes."""

    at: int | None = None


class CreateFolder(Change, frozen=True, kw_only=True, gc=False):
    """A new folder. With `parents`, folders that are missing above it are made too; `above` is
    what was seen of those, outermost first."""

    parent: Ref
    name: str
    parents: bool = False
    seen: Seen | None = None
    above: tuple[Seen, ...] = ()


class Upload(Change, frozen=True, kw_only=True, gc=False):
    """A new file, or where `overwrite` a new version of the file of that name. `parents` and
    `above` as of `CreateFolder`."""

    parent: Ref
    name: str
    facts: Facts
    parents: bool = False
    overwrite: bool = True
    seen: Seen | None = None
    above: tuple[Seen, ...] = ()


class NewVersion(Change, frozen=True, kw_only=True, gc=False):
    """New content of a file."""

    item: Ref
    facts: Facts
    only_if: tuple[int, ...] | None = None
    seen: Seen | None = None


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How an item is kept: as what was seen on the disk of a watched folder, or at an address."""

    seen: Seen | None = None
    content: str = ""


class Recover(Change, frozen=True, kw_only=True, gc=False):
    """The content of a version of the file `of`, the present one or one that is kept, as new
    content of `item`, or where that is None as a new file `name` in `parent`."""

    of: int
    version: int
    item: Ref | None = None
    only_if: tuple[int, ...] | None = None
    parent: Ref | None = None
    name: str = ""


class Move(Change, frozen=True, kw_only=True, gc=False):
    """Another parent, another name, or both; None leaves it as it is.

    With the same parent this is a rename. `seen` is what the folder source saw
    of it afterwards; None keeps what it saw before. `held` is how it and what is in it are kept
    afterwards, by item, where that is another way than before.
    """

    item: Ref
    parent: Ref | None = None
    name: str | None = None
    only_if: tuple[int, ...] | None = None
    seen: Seen | None = None
    held: dict[int, Held] | None = None


class Copy(Change, frozen=True, kw_only=True, gc=False):
    """A copy of an item, with all that is in it, in another place or under another name.

    `held` is how the copies are kept, by the item that each is a copy of, where that is not by
    the same address.
    """

    item: Ref
    parent: Ref
    name: str | None = None
    held: dict[int, Held] | None = None


class Trash(Change, frozen=True, kw_only=True, gc=False):
    """Into the trash, with all that is in it; where not `recursive`, an empty folder only."""

    item: Ref
    only_if: tuple[int, ...] | None = None
    recursive: bool = True


class Restore(Change, frozen=True, kw_only=True, gc=False):
    """Back from the trash, to where it was or to another place or name; `if_needed` only where it
    cannot be what it was. `held` as of `Move`."""

    item: Ref
    parent: Ref | None = None
    name: str | None = None
    if_needed: bool = False
    held: dict[int, Held] | None = None


class Delete(Change, frozen=True, kw_only=True, gc=False):
    """Gone for good, from the trash or directly (the feed then shows it as trashed); where
    `from_trash`, only what is in the trash itself."""

    item: Ref
    only_if: tuple[int, ...] | None = None
    from_trash: bool = False


class Noted(StrEnum):
    """What can be new in the notes on an item."""

    DESCRIBED = "described"
    TAGGED = "tagged"  # with a tag that it did not have
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    LINKED = "linked"
    RELINKED = "relinked"  # the link that there was is another way
    UNLINKED = "unlinked"


UNLOCK = Lock(id=0, by=0, at=0)


class LinkWish(msgspec.Struct, frozen=True, gc=False):
    """A shared link: `key` and `url` are those of a new one. Of one that there is None leaves
    `access` and `can_download` as they are, `hashed` None the password (empty takes it off), and
    `until` (ms) UNSET its end (None takes that off)."""

    key: str
    url: str
    access: LinkAccess | None = None
    hashed: str | None = None
    until: int | msgspec.UnsetType | None = msgspec.UNSET
    can_download: bool | None = None


UNLINK = LinkWish("", "")


class Annotate(Change, frozen=True, kw_only=True, gc=False):
    """Other notes on an item; None leaves them as they are.

    `lock` is what the actor puts on a file, of which the rules give id, user and time; UNLOCK
    takes it off. `link` is the shared link that it is to have, or UNLINK. `types` are the type and
    the classes of the event for each thing that is new.
    """

    item: Ref
    types: dict[Noted, tuple[str, int]]
    description: str | None = None
    tags: tuple[str, ...] | None = None
    lock: Lock | None = None
    link: LinkWish | None = None
    only_if: tuple[int, ...] | None = None


class Observe(Change, frozen=True, kw_only=True, gc=False):
    """What a folder source learned without a change: no event, no journal row.

    Empty strings and None keep what is recorded.
    """

    item: Ref
    sha1: str = ""
    content_hash: str = ""
    seen: Seen | None = None


class BaselineEntry(msgspec.Struct, frozen=True, gc=False):
    """Something that was in a folder before anybody watched; `seen` as a source saw it."""

    kind: Kind
    name: str
    facts: Facts
    seen: Seen | None = None


class Baseline(Change, frozen=True, kw_only=True, gc=False):
    """Items that were there before anybody watched: items and journal rows, no events."""

    parent: Ref
    entries: tuple[BaselineEntry, ...]


class Circle(StrEnum):
    """Whose streams show an event that names no audience."""

    MEMBERS = "members"
    """Those who may see the item; without an item the actor."""
    CONCERNED = "concerned"
    """The same, and the user who gained or lost access."""
    OWNER = "owner"
    """The owner of the item; without an item the actor."""
    NOBODY = "nobody"
    """No user's: the enterprise's alone."""


class Tell(Change, frozen=True, kw_only=True):
    """Any event that is no change of an item.

    `item` gives the event that item's snapshot as source, `source` any other map.
    `classes` is the mask of stream classes in users' streams, which are those of `audience`
    (user ids), or of `circle` where that is None.
    `actor` is the user in whose name it is told, whoever publishes where it is None; or
    `people.ANONYMOUS`. `action_by` is the user who acted in the actor's name, `accessible_by`
    who gained or lost access: a user by id, or anybody else as they are described.
    """

    type: str
    classes: int
    item: Ref | None = None
    source: dict[str, Any] | None = None
    audience: tuple[int, ...] | None = None
    circle: Circle = Circle.MEMBERS
    details: dict[str, Any] | None = None
    session: str | None = None
    ip: str | None = None
    actor: int | None = None
    action_by: int | None = None
    accessible_by: int | dict[str, Any] | None = None


class Applied(msgspec.Struct, frozen=True):
    """What a batch of changes did.

    `items[i]` is the item of change i as it is now (of a Baseline its parent, None after
    a Delete and for a Tell without an item); `made` are the ids that Baselines gave, in
    the order of their entries.
    """

    items: tuple[Item | None, ...]
    made: tuple[int, ...] = ()
