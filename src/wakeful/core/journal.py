"""How the journal names its rows.

Rule 1: an item's place in the journal is the keys of the folders above it and its
own, joined by "/". A key is the name in NFC and lower case: the journal, like
Dropbox, does not tell `Read.me` from `read.me`.

Rule 2: of two names in one folder that differ only by case, the second to come gets a
visible suffix in its key, and keeps it for as long as it has that name, also when the
first is gone: a place never passes silently from one item to another.

Rule 3: a row takes a new number with every change that a reader of the state by path
can see, and a folder's row only together with those below it, so that parents always
stand before children.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups.journals import JournalAt
from wakeful.core.writes import Steps

_MARK = "case conflict"


def fold(name: str) -> str:
    """The key of *name* where nothing else claims it."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).lower()


def place_of(lineage: Sequence[Item]) -> str:
    """The path of the last item of *lineage*, which begins with the namespace's root."""
    return "/".join([item.key for item in lineage[1:]])


def join(folder: str, key: str) -> str:
    """The path of *key* in the folder at path *folder*."""
    return f"{folder}/{key}" if folder else key


def free_key(namespace: int, folder: str, name: str, *, item: int | None = None) -> Steps[str]:
    """The key that *name* gets in the folder at path *folder*.

    *item* is the item that wants it, where it exists already: it may keep what it has.
    """
    key = candidate = fold(name)
    attempt = 0
    while True:
        row: JournalRow | None = yield JournalAt(namespace, join(folder, candidate))
        if row is None or row.item is None or row.item == item:
            return candidate
        attempt += 1
        candidate = suffixed(key, attempt)


def shown_name(name: str, key: str) -> str:
    """What an item *name* is called where *key* is its place: in NFC, and with the suffix that
    its key got."""
    plain = fold(name)
    shown = unicodedata.normalize("NFC", name)
    if key == plain:
        return shown
    stem, suffix = _split(plain)
    shown_stem, shown_suffix = _split(shown)
    return f"{shown_stem}{key[len(stem) : len(key) - len(suffix)]}{shown_suffix}"


def shown_path(item: Item, above: Mapping[int, Item]) -> str:
    """The path of *item* in its namespace as it is shown; empty for the root."""
    names: list[str] = []
    while item.parent is not None:
        names.append(shown_name(item.name, item.key))
        item = above[item.parent]
    return "/".join(reversed(names))


def spelling(name: str, key: str) -> str | None:
    """What a row keeps of how an item *name* is shown at its place *key*."""
    if name == key and name.isascii():
        return None
    shown = shown_name(name, key)
    return None if shown == key else shown


def spelled(namespace: int, row: JournalRow, known: dict[tuple[int, str], str]) -> Steps[str]:
    """The path of *row* as it is or was shown. *known* keeps the folders for the next."""
    above, _, last = row.path.rpartition("/")
    shown = known.get((namespace, above), "") if above else ""
    if above and not shown:
        folder: JournalRow | None = yield JournalAt(namespace, above)
        # Of a folder that is gone for longer the row may be trimmed.
        shown = above if folder is None else (yield from spelled(namespace, folder, known))
        known[namespace, above] = shown
    return join(shown, last if row.spelling is None else row.spelling)


def is_key_of(key: str, name: str) -> bool:
    """Whether *key* is one that `free_key` gives *name*, with or without a suffix."""
    plain = fold(name)
    stem, suffix = _split(plain)
    return key == plain or (key.startswith(f"{stem} ({_MARK}") and key.endswith(f"){suffix}"))


def suffixed(key: str, attempt: int) -> str:
    """The key to try next where *key* is taken, and *attempt* - 1 of these are."""
    stem, suffix = _split(key)
    mark = _MARK if attempt == 1 else f"{_MARK} {attempt}"
    return f"{stem} ({mark}){suffix}"


def _split(key: str) -> tuple[str, str]:
    suffix = PurePosixPath(key).suffix
    return key.removesuffix(suffix), suffix
