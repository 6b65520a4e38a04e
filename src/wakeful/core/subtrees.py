"""What a change does to everything below a folder, where no set-based write can do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from wakeful.core.changes import Held
from wakeful.core.errors import InvalidName
from wakeful.core.items import Item
from wakeful.core.journal import join, spelling
from wakeful.core.lookups.trees import Children, ItemById
from wakeful.core.names import DEEPEST
from wakeful.core.writes import JournalPut, PutItems, Steps

_PAGE = 500  # children looked at in one step


def all_children(folder: int) -> Steps[list[Item]]:
    """The children of a folder, read to the end before the caller changes anything."""
    found: list[Item] = []
    while True:
        page: tuple[Item, ...] = yield Children(folder, len(found), _PAGE)
        found.extend(page)
        if len(page) < _PAGE:
            return found


def check_depth(item: Item, above: Sequence[Item]) -> Steps[None]:
    """Raise InvalidName if *item*, or something below it, would stand too deep in the folder
    at the end of *above*."""
    depth = len(above)
    level = [item]
    while level:
        if depth > DEEPEST:
            raise InvalidName(f"a path has at most {DEEPEST} names", field="path")
        below = []
        for folder in level:
            if folder.is_folder:
                below += yield from _folders_first(folder.id)
        level = below
        depth += 1


def _folders_first(folder: int) -> Steps[list[Item]]:
    """The folders in a folder, and a file if it has one."""
    found: list[Item] = []
    while True:
        page: tuple[Item, ...] = yield Children(folder, len(found), _PAGE)
        found.extend(page)
        if len(page) < _PAGE or not page[-1].is_folder:
            return [item for item in found if item.is_folder] or found[:1]


def journal_below(folder: Item, path: str) -> Steps[None]:
    """Give everything below *folder*, which came back at *path*, its row again."""
    for child in (yield from all_children(folder.id)):
        place = join(path, child.key)
        spelled = spelling(child.name, child.key)
        yield JournalPut(child.namespace, place, child.id, spelling=spelled)
        if child.is_folder:
            yield from journal_below(child, place)


def hold(held: Mapping[int, Held]) -> Steps[None]:
    """Record how items are kept from now on, by item."""
    for id, how in held.items():
        item: Item | None = yield ItemById(id)
        if item is not None:
            yield PutItems((replace(item, seen=how.seen, content=how.content),))


def all_below(item: Item) -> Steps[tuple[tuple[Item, tuple[str, ...]], ...]]:
    """*item* and all that is in it, parents first, each with the names that lead to it from there;
    what is in the trash left out."""
    found: list[tuple[Item, tuple[str, ...]]] = [(item, ())]
    for each, names in found:  # it grows while it is read
        if each.is_folder:
            children = yield from all_children(each.id)
            found.extend((child, (*names, child.name)) for child in children)
    return tuple(found)
