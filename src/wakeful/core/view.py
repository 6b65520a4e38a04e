"""A user's view: the state by path of their home and of the namespaces mounted in it.

Rule 1: a page is net state. It has one entry for each path that changed, with an explicit
deletion of each descendant that vanished, and no path twice: whoever sorts a page before
applying it ends with the same tree as whoever goes by its order.

Rule 2: parents stand before children, for journals keep them so. A folder's row never takes a
new number without all those below it; so a folder that is told of, though it had been deleted
the moment before, is told again with all that is in it.

Rule 3: the home is told first, and a mounted namespace only while nothing that the home has to
say could take it away. Joining a namespace adds the row of its mount to the home's journal;
then it is listed from the start. Leaving it makes a tombstone of the row.

Rule 4: the row of a former mount may have become another folder before its reader came back.
Where that cannot be excluded, everything at the top of the home that changed meanwhile is first
told to be deleted, on a page of its own, and told again as it is now on those that follow. What
is mounted is looked at after the rows of such a folder: the other way round it could be left,
and its place be taken, between the two.

Rule 5: a page is made of several looks, between which things change. It ends before what would
tell a path twice, and before the deletion of a folder in which it has told of something: that
is deleted, too, but on the next page, and whoever sorts would have it without its folder.

Rule 6: a mount of which a reader does not want to know may have come to the place of what was
told before: to that reader it is a deletion.

Rule 7: a cursor that is behind in what was trimmed has missed tombstones, and expires.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from wakeful.core.cursors import Cursor, Reached, Scope
from wakeful.core.errors import CursorExpired, Unavailable
from wakeful.core.items import Item, JournalRow
from wakeful.core.journal import join, shown_name, shown_path, spelled
from wakeful.core.lookups.journals import JournalHeads, JournalListing, ListJournal
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.lookups.trees import ItemById
from wakeful.core.mounts import Base, find_base, find_reader, mounts_of
from wakeful.core.people import Namespace
from wakeful.core.writes import Steps

CHUNK = 500
"""Rows that one look-up fetches: a page is made in steps between which others get their turn."""

MOST_LOOKS = 50
"""Look-ups for one page. One that found nothing by then says that there may be more."""

_MOST_TRIES = 10  # to begin: nobody joins and leaves that often by accident


class Told(NamedTuple):
    """One entry: what is at a path now.

    `path` is made of journal keys, `shown` of names; neither begins with a slash. `item` is
    None where nothing is there any more; `mount` is the namespace whose root it is.
    """

    path: str
    shown: str
    item: Item | None
    mount: int | None = None


class ViewPage(NamedTuple):
    entries: tuple[Told, ...]
    cursor: Cursor  # where to go on
    has_more: bool


def begin(user: int, grant: int, epoch: int, scope: Scope) -> Steps[Cursor]:
    """The cursor from which a scope is listed from the start."""
    reader = yield from find_reader(user)
    base = yield from find_base(reader.home, scope.path)
    return Cursor(user, grant, epoch, scope, Reached(base.namespace))


def latest(cursor: Cursor) -> Steps[Cursor]:
    """*cursor* after everything that is there now."""
    # The home first: whatever is joined or left from here on has a row after its head.
    (head,) = yield JournalHeads((cursor.base.namespace,))
    base = cursor.base._replace(number=head, since=1)
    if not cursor.scope.is_whole:
        return replace(cursor, base=base)
    yield from find_reader(cursor.user)
    mounted = tuple((yield from mounts_of(cursor.user)))
    heads: tuple[int, ...] = yield JournalHeads(mounted)
    mounts = (Reached(id, head, 1) for id, head in zip(mounted, heads, strict=True))
    return replace(cursor, base=base, mounts=tuple(mounts))


def read_first(user: int, grant: int, epoch: int, scope: Scope, limit: int) -> Steps[ViewPage]:
    """The first page of a scope, as `read_page`.

    Raises Unavailable for a path that leads to another namespace each time it is looked at, and
    NotFound for a user who is gone.
    """
    for _ in range(_MOST_TRIES):
        cursor = yield from begin(user, grant, epoch, scope)
        try:
            return (yield from read_page(cursor, limit))
        except CursorExpired:
            continue
    raise Unavailable("what is at the path changes all the time")


def read_page(
    cursor: Cursor, limit: int, home: int | None = None, looks: int = MOST_LOOKS
) -> Steps[ViewPage]:
    """The next page after *cursor*, of *limit* entries or somewhat more; of fewer, where so many
    *looks* find no more.

    *home* is that of the cursor's user, None where it has to be looked up. Raises CursorExpired,
    and NotFound for a user who is gone. Whether the folder of the scope is there is the
    caller's to ask (`find_base`).
    """
    if home is None:
        home = (yield from find_reader(cursor.user)).home
    base = yield from find_base(home, cursor.scope.path)
    if base.namespace != cursor.base.namespace:
        raise CursorExpired("the path of the cursor leads to another namespace now")
    page = _Page(cursor, limit, looks)
    if cursor.scope.is_whole:
        yield from page.tell_whole(home)
    else:
        if not cursor.base.has_begun and base.mount is not None and not base.under:
            yield from page.tell_mount(base)
        yield from page.tell_base(base)
    return page.done()


class _Page:
    """A page at work."""

    def __init__(self, cursor: Cursor, limit: int, looks: int) -> None:
        self._cursor = cursor
        self._scope = cursor.scope
        self._limit = limit
        self._told: dict[str, Told] = {}
        self._filled: set[str] = set()  # the folders with something below them that was told
        self._spelled: dict[tuple[int, str], str] = {}  # by namespace and folder
        self._looks_left = looks
        self._base = cursor.base
        self._mounts = {mount.namespace: mount for mount in cursor.mounts}
        self._gone: set[int] = set()  # of the mounts those whose paths may be others' now
        self._has_more = True

    def done(self) -> ViewPage:
        mounts = tuple(sorted(self._mounts.values()))
        cursor = replace(self._cursor, base=self._base, mounts=mounts)
        return ViewPage(tuple(self._told.values()), cursor, self._has_more)

    def tell_mount(self, base: Base) -> Steps[None]:
        """The folder of the scope, which is a mount: its own journal has no row for it."""
        assert base.mount is not None
        assert base.mount.item is not None
        if self._scope.recursive:
            root: Item = yield ItemById(base.mount.item)
            self._told[base.path] = Told(base.path, base.shown, root, base.namespace)
            self._limit += 1

    def tell_base(self, base: Base) -> Steps[None]:
        """What is new in the one journal that the scope lies in."""
        self._base, is_done = yield from self._tell(self._base, base)
        self._has_more = not is_done

    def tell_whole(self, home: int) -> Steps[None]:
        """What is new in the home and in all that is mounted in it."""
        base = Base(home, "")
        while True:
            mounted: Mapping[int, JournalRow] = {}
            if self._mounts:
                # Read before the home: what is left after it shows as a row of the home.
                mounted = yield from mounts_of(self._cursor.user)
            left = self._mounts.keys() - mounted.keys()
            told = len(self._told)
            self._base, is_done = yield from self._tell(self._base, base)
            if not is_done:
                return
            self._forget(left)
            if not self._mounts or len(self._told) == told:
                break
        yield from self._tell_mounts(mounted)

    def _tell_mounts(self, mounted: Mapping[int, JournalRow]) -> Steps[None]:
        told = tuple(sorted(self._mounts))
        heads: tuple[int, ...] = (yield JournalHeads(told)) if told else ()
        for id, head in zip(told, heads, strict=True):
            reached = self._mounts[id]
            if head == reached.number:
                continue
            namespace: Namespace | None = yield NamespaceById(id)
            root: Item | None = None if namespace is None else (yield ItemById(namespace.root))
            if root is None:
                return  # it went after the look at the home, which tells of it on the next page
            path = mounted[id].path
            base = Base(id, "", path, shown_name(root.name, path))
            self._mounts[id], is_done = yield from self._tell(reached, base)
            if not is_done:
                return
        self._has_more = False

    def _tell(self, reached: Reached, base: Base) -> Steps[tuple[Reached, bool]]:
        """Tell of what is new in a journal; how far that came, and whether it is all."""
        namespace, number, since = reached
        if not reached.has_begun:
            (head,) = yield JournalHeads((namespace,))
            since = max(1, head)
        buried_after = 0 if self._scope.deleted else since
        while len(self._told) < self._limit and self._looks_left:
            self._looks_left -= 1
            listing: JournalListing = yield ListJournal(
                namespace,
                number,
                min(CHUNK, self._limit - len(self._told)),
                base.under,
                self._scope.recursive,
                buried_after,
            )
            if listing.trimmed > max(number, since) or number > listing.head:
                raise CursorExpired("what was deleted after the cursor is no longer known")
            if self._mounts and not base.path:
                yield from self._look_for_gone(listing, number)
            shown: dict[int, str] = {}
            for row in listing.rows:
                is_news = row.number > buried_after
                if not (yield from self._tell_row(row, base, listing, shown, is_news)):
                    return Reached(namespace, number, since), False
                number = row.number
            number = listing.next
            if number == listing.head:
                return Reached(namespace, number, since), True
        return Reached(namespace, number, since), False

    def _tell_row(
        self,
        row: JournalRow,
        base: Base,
        listing: JournalListing,
        shown: dict[int, str],
        is_news: bool,
    ) -> Steps[bool]:
        """Tell of one row; False where that has to wait for the next page. *is_news*: whether
        its reader may have something at that place, which a tombstone is told for."""
        if row.path == base.under and not self._scope.recursive:
            return True
        path = join(base.path, row.path)
        if path in self._told:
            return False
        is_hidden = row.mount is not None and not self._scope.mounted
        if is_hidden and not is_news:
            return True
        if row.item is None or is_hidden:
            if path in self._filled:
                return False
            shown_there = yield from spelled(base.namespace, row, self._spelled)
            self._told[path] = Told(path, join(base.shown, shown_there), None)
            return True
        item = listing.items[row.item]
        if self._gone and item.is_folder and "/" not in path:
            yield from self._bury()
            return False
        if row.mount is not None:
            if self._scope.is_whole:
                self._mounts[row.mount] = Reached(row.mount)
            self._told[path] = Told(path, shown_name(item.name, row.path), item, row.mount)
            return True
        folder = _shown_folder(item, base.shown, listing.items, shown)
        self._told[path] = Told(path, join(folder, shown_name(item.name, item.key)), item)
        self._fill(path)
        return True

    def _look_for_gone(self, listing: JournalListing, number: int) -> Steps[None]:
        """Which mounts may be others by now, if *listing* has a folder at the top that may have
        come to the place of one. It was read after *number*, and what is looked at here is later
        than it: so whatever it has in the place of a mount, that mount is found to be gone, or
        to have a row after *number*, as one that was left and joined again."""
        self._gone = set()
        tops = (row for row in listing.rows if "/" not in row.path)
        if any(row.item is not None and listing.items[row.item].is_folder for row in tops):
            mounted = yield from mounts_of(self._cursor.user)
            there = {id for id, row in mounted.items() if row.number <= number}
            self._gone = self._mounts.keys() - there

    def _fill(self, path: str) -> None:
        above = path.rpartition("/")[0]
        while above and above not in self._filled:
            self._filled.add(above)
            above = above.rpartition("/")[0]

    def _bury(self) -> Steps[None]:
        """Forget the mounts that are gone (rule 4) if the page is empty; else the next one does."""
        if self._told:
            return
        home, number, since = self._base
        after = max(number, since)
        head = after + 1
        while after < head:
            listing: JournalListing = yield ListJournal(home, after, CHUNK, deep=False)
            if listing.trimmed > after:
                raise CursorExpired("what was deleted after the cursor is no longer known")
            for row in listing.rows:
                shown = yield from spelled(home, row, self._spelled)
                self._told[row.path] = Told(row.path, shown, None)
            after, head = listing.next, listing.head
        self._forget(self._gone)

    def _forget(self, gone: set[int]) -> None:
        for namespace in gone:
            del self._mounts[namespace]


def _shown_folder(item: Item, mount: str, items: Mapping[int, Item], shown: dict[int, str]) -> str:
    """The path of the folder that *item* is in, as it is shown in the view; *shown* keeps it
    for the next. *mount* is what the namespace is called there."""
    assert item.parent is not None, "a root stands in no journal but as a mount"
    path = shown.get(item.parent)
    if path is None:
        below = shown_path(items[item.parent], items)
        path = shown[item.parent] = join(mount, below) if below else mount
    return path
