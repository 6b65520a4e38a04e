"""An event as one line: for eyes, for grep, or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, TextIO

import msgspec

from wakeful.client import Event

Printer = Callable[[Event], None]
"""Prints an event and flushes it."""

_WORDS = {
    "ITEM_CREATE": "create",
    "ITEM_UPLOAD": "upload",
    "ITEM_RENAME": "rename",
    "ITEM_MOVE": "move",
    "ITEM_COPY": "copy",
    "ITEM_TRASH": "trash",
    "ITEM_UNDELETE_VIA_TRASH": "restore",
    "COLLAB_ADD_COLLABORATOR": "join",
    "COLLAB_REMOVE_COLLABORATOR": "leave",
}
"""What we call the types of events; any other keeps its own name."""

_ARRIVES = frozenset({"rename", "move", "restore"})
NOT_UTF8 = "names are UTF-8, and one that was given is not"

WORD_WIDTH = max(map(len, _WORDS.values()))

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


@dataclass(frozen=True, slots=True)
class Line:
    """The parts of a line; `moment` is local time, None where the event tells none."""

    moment: datetime | None
    word: str
    what: str
    size: str


def line_of(event: Event) -> Line:
    word = _WORDS.get(event.type, printable(event.type))
    moment = event.created_at or event.recorded_at
    size = ""
    if event.source is None:
        what = _named(event.raw.get("source"))
    else:
        # The path of what is in the trash is told by nobody.
        what = event.source.path or event.source.name
        if event.source.kind == "folder":
            what = what.rstrip("/") + "/"
        elif event.source.size is not None and not event.source.is_trashed:
            size = size_text(event.source.size)
        if word in _ARRIVES:
            what = f"→ {what}"
    return Line(_local(moment) if moment else None, word, printable(what), size)


def _local(moment: datetime) -> datetime:
    """*moment* as clocks here show it; in the last hours of the year 9999 they show nothing."""
    try:
        return moment.astimezone()
    except OverflowError:
        return moment


def plain_printer(file: TextIO) -> Printer:
    """Lines without colour, each with its date, in columns two blanks apart."""

    def show(event: Event) -> None:
        line = line_of(event)
        moment = f"{line.moment:%Y-%m-%d %H:%M:%S}" if line.moment else "-" * 19
        parts = (moment, line.word.ljust(WORD_WIDTH), line.what, line.size)
        file.write("  ".join(parts).rstrip() + "\n")
        file.flush()

    return show


def json_printer(file: BinaryIO) -> Printer:
    """Events as the server sent them."""

    def show(event: Event) -> None:
        file.write(msgspec.json.encode(event.raw) + b"\n")
        file.flush()

    return show


def size_text(size: int) -> str:
    """A size in bytes as people write it."""
    if size < 1000:
        return f"{size} B"
    number, power = size / 1000, 0
    # From 999.95 on it would be written as 1000.0.
    while number >= 999.95 and power < len(_UNITS) - 1:
        number, power = number / 1000, power + 1
    return f"{number:.1f} {_UNITS[power]}"


def printable(text: str) -> str:
    """*text* without what a terminal takes for a command: file names are made by anybody."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _named(source: Any) -> str:
    """What something that is no item is called."""
    if not isinstance(source, dict):
        return ""
    if named := _first(source, "name", "item_name", "message"):
        return named
    place = _first(source, "folder_name", "file_name")
    who = _first(source, "user_name", "user_email", "group_name")
    if place or who:
        return "  ".join(filter(None, (place, who)))
    return " ".join(str(source[key]) for key in ("type", "id") if key in source)


def _first(source: dict[str, Any], *keys: str) -> str:
    """The first of *keys* that names something; empty text if none does."""
    return next((str(source[key]) for key in keys if isinstance(source.get(key), str)), "")
