"""What a change does to everything below a folder, where no set-based write can do it."""

from __future__ import annotations

from wakeful.core.items import Item
from wakeful.core.journal import join
from wakeful.core.lookups import Children
from wakeful.core.writes import JournalPut, Steps

_PAGE = 500  # children looked at in one step


def all_children(folder: int) -> Steps[list[Item]]:
    """The children of a folder, read to the end before the caller changes anything."""
    found: list[Item] = []
    while True:
        page: tuple[Item, ...] = yield Children(folder, len(found), _PAGE)
        found.extend(page)
        if len(page) < _PAGE:
            return found


def journal_below(folder: Item, path: str) -> Steps[None]:
    """Give everything below *folder*, which came back at *path*, its row again."""
    for child in (yield from all_children(folder.id)):
        place = join(path, child.key)
        yield JournalPut(child.namespace, place, child.id)
        if child.is_folder:
            yield from journal_below(child, place)
