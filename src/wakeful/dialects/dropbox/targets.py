"""Where something is to be put: what is there by now, and what has to be made.

Rule 1: names are looked for as the journal has them, in any case; what is made is called as it is
written, in NFC.

Rule 2: folders that are missing are made, as Dropbox makes them.

Rule 3: a new name is judged as Dropbox judges it. What stands there already, by another way, is
found by whatever name it has.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import NamedTuple

from wakeful.core.changes import ById, Change, CreateFolder, Made, Ref
from wakeful.core.errors import InvalidName, InvalidRequest, Unavailable
from wakeful.core.items import Item, JournalRow
from wakeful.core.journal import fold, join, place_of
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.lookups.people import MembershipsOf, NamespaceById
from wakeful.core.lookups.trees import ItemById, Lineage
from wakeful.core.names import check_name
from wakeful.core.people import Member, Namespace, User
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.names import item_of, number_of
from wakeful.dialects.dropbox.refusals import MALFORMED, NoLookup, NoWrite

_PATTERN = r"(/(.|[\r\n])*)|(ns:[0-9]+(/(.|[\r\n])*)?)|(id:.*)"
_REFUSED = re.compile(r"[\\\x00\x7f]")
_DISALLOWED = frozenset(
    {
        "desktop.ini",
        "thumbs.db",
        ".ds_store",
        "icon\r",
        ".dropbox",
        ".dropbox.attr",
        ".dropbox.cache",
    }
)
"""What Dropbox's programs keep for themselves or leave aside, and its API refuses."""

_MOST_TRIES = 10  # nothing is changed so often by accident
_MOST_NAMES = 1_000  # that are tried for one that is free
_MOST_ECHOED = 200


class WritePath(NamedTuple):
    """A path that something is to be put at: `names` in the user's own view, or under a namespace
    or an item."""

    names: tuple[str, ...]
    namespace: int | None = None
    id: str | None = None


class Target(NamedTuple):
    """`above` leads to the deepest folder that is there, `missing` are the names of those to be
    made in it, one in another. `present` is what is at the path, empty where nothing is."""

    above: tuple[Item, ...]
    missing: tuple[str, ...]
    name: str
    present: tuple[Item, ...] = ()

    @property
    def namespace(self) -> int:
        """That in which something new would be."""
        return (self.above or self.present)[-1].namespace

    @property
    def item(self) -> Item | None:
        return self.present[-1] if self.present else None

    def called(self, name: str) -> Target:
        """A place of another name beside it."""
        return Target(self.above, self.missing, name)

    def folders(self) -> tuple[Change, ...]:
        """What makes the missing folders."""
        changes: list[Change] = []
        parent: Ref = ById(self.above[-1].id)
        for name in self.missing:
            changes.append(CreateFolder(parent=parent, name=name))
            parent = Made(len(changes) - 1)
        return tuple(changes)

    @property
    def parent(self) -> Ref:
        """The folder that it is in, once `folders` are made by the first changes of a batch."""
        return Made(len(self.missing) - 1) if self.missing else ById(self.above[-1].id)


def parse_write_path(text: str, *, by_id: bool = True) -> WritePath:
    """Where *text* points, `id:...` only if *by_id*. Raises InvalidRequest for what is no path,
    and NoWrite for one that nothing can have."""
    id: str | None = None
    namespace: int | None = None
    rest = text
    if text.startswith("id:") and by_id:
        id, slash, rest = text.partition("/")
        rest = slash + rest
    elif text.startswith("ns:"):
        number, slash, rest = text.removeprefix("ns:").partition("/")
        namespace, rest = number_of(number), slash + rest
    is_absolute = text.startswith("/")
    if not is_absolute and id is None and namespace is None:
        raise InvalidRequest(
            f"request body: path: '{text[:_MOST_ECHOED]}' did not match pattern '{_PATTERN}'"
        )
    names = tuple(rest[1:].split("/")) if len(rest) > 1 else ()
    if any(name in ("", ".", "..") for name in names):
        raise NoWrite(MALFORMED)
    return WritePath(names, namespace, id)


def find_target(user: User, path: WritePath) -> Steps[Target]:
    """What is at *path* in the view of *user*, or would be.

    Raises NoLookup, NoWrite, and Unavailable where it changes all the time.
    """
    for _ in range(_MOST_TRIES):
        found = yield from _look(user, path)
        if found is not None:
            return found
    raise Unavailable("it is being changed")


def free_target(target: Target, *, is_conflicted: bool = False) -> Steps[Target]:
    """The place beside *target* that `autorename` leads to: `a (1).txt`, or where somebody else
    has changed the file `a (conflicted copy).txt`."""
    if not target.above:
        raise NoWrite("no_write_permission")  # a root has nothing beside it
    above = place_of(target.above)
    namespace = target.namespace
    for number in range(1, _MOST_NAMES + 1):
        name = _numbered(target.name, number, is_conflicted)
        row: JournalRow | None = yield JournalAt(namespace, join(above, fold(name)))
        if row is None or row.item is None:
            return target.called(checked_name(name))
    raise NoWrite("too_many_write_operations")


def checked_name(name: str) -> str:
    """*name* as a new item has it. Raises NoWrite."""
    name = unicodedata.normalize("NFC", name)
    if _REFUSED.search(name) or name.endswith(" "):
        raise NoWrite(MALFORMED)
    try:
        check_name(name)
    except InvalidName:
        raise NoWrite(MALFORMED) from None
    folded = name.lower()
    is_temporary = folded.startswith("~") and folded.endswith(".tmp")
    if folded in _DISALLOWED or folded.startswith(("~$", ".~")) or is_temporary:
        raise NoWrite("disallowed_name")
    return name


def _look(user: User, path: WritePath) -> Steps[Target | None]:
    """The target; None where something changed between two look-ups."""
    line = yield from _start(user, path)
    names = list(path.names)
    if not names:
        return Target(line[:-1], (), line[-1].name, line)
    place = place_of(line)
    found: int | None = None
    is_home = len(line) == 1 and line[0].namespace == user.home
    namespace = line[-1].namespace
    left = names
    while left:
        row: JournalRow | None = yield JournalAt(namespace, join(place, fold(left[0])))
        if row is None or row.item is None:
            break
        if is_home and not place and row.mount is not None:
            namespace, place = row.mount, ""
        else:
            place = row.path
        found, left = row.item, left[1:]
    if found is not None:
        line = yield Lineage(found)
        if (
            not line
            or any(item.trashed_at is not None for item in line)
            or (line[-1].namespace, place_of(line)) != (namespace, place)
        ):
            return None
    if not left:
        above = line[:-1] or (yield from _start(user, WritePath(())))  # that of a mount: the home
        return Target(above, (), _last(names), line)
    if not line[-1].is_folder:
        raise NoWrite("conflict", "file_ancestor")
    return Target(line, tuple(map(checked_name, left[:-1])), checked_name(left[-1]))


def _last(names: list[str]) -> str:
    """How what is there is called by whoever names it: judged where it becomes its name."""
    return unicodedata.normalize("NFC", names[-1])


def _start(user: User, path: WritePath) -> Steps[tuple[Item, ...]]:
    """The item from which the names of *path* lead on, with all above it."""
    if path.id is not None:
        id = item_of(path.id)
        line: tuple[Item, ...] = ()
        if id is not None:
            line = yield Lineage(id)
        if not line or any(item.trashed_at is not None for item in line):
            raise NoLookup("not_found")
        yield from _check_member(user, line[-1].namespace)
        return line
    namespace = user.home if path.namespace is None else path.namespace
    yield from _check_member(user, namespace)
    known: Namespace = yield NamespaceById(namespace)
    root: Item = yield ItemById(known.root)
    return (root,)


def _check_member(user: User, namespace: int) -> Steps[None]:
    memberships: tuple[Member, ...] = yield MembershipsOf(user.id)
    if all(member.namespace != namespace for member in memberships):
        raise NoLookup("not_found")


def _numbered(name: str, number: int, is_conflicted: bool) -> str:
    path = PurePosixPath(name)
    mark = str(number)
    if is_conflicted:
        mark = "conflicted copy" if number == 1 else f"conflicted copy {number}"
    return f"{path.stem} ({mark}){path.suffix}"
