"""Files and folders that a user of an emulator has from the beginning.

Rule 1: they are as if they had always been there: items and listings, and no events.

Rule 2: what a folder of the disk has is read once. Links are not followed, and nothing is changed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence, Set
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from wakeful.core.changes import Baseline, BaselineEntry, ByPath, Facts
from wakeful.core.contents import Contents
from wakeful.core.errors import InvalidRequest
from wakeful.core.items import Kind
from wakeful.core.names import check_name
from wakeful.core.watched import check_unwatched
from wakeful.feed import Feed

_AT_ONCE = 50  # entries of one commit, whose contents are held until it is done
_PIECE = 1024 * 1024


class Seeded(NamedTuple):
    """How much was put in."""

    folders: int
    files: int


class Seeding:
    """Puts folders of the disk into namespaces, but not into those of *watched* folders."""

    def __init__(self, feed: Feed, contents: Contents, watched: Set[int]) -> None:
        self._feed = feed
        self._contents = contents
        self._watched = watched

    async def seed(
        self, user: int, namespace: int, folder: Path, into: tuple[str, ...] = ()
    ) -> Seeded:
        """Put what is in *folder* into *namespace*, below the names *into*, which are there.

        Raises InvalidRequest for a folder that cannot be read or has a name that no item can
        have, before anything is put in; NameTaken where something is there already; Forbidden
        in a watched folder, which has what its own disk has.
        """
        check_unwatched(namespace, self._watched)
        listed = await asyncio.to_thread(_listed, folder)
        folders = files = 0
        for names, entries in listed:
            parent = ByPath(namespace, (*into, *names))
            for start in range(0, len(entries), _AT_ONCE):
                part = entries[start : start + _AT_ONCE]
                await self._put(user, parent, folder.joinpath(*names), part)
            folders += sum(entry.is_dir for entry in entries)
            files += sum(not entry.is_dir for entry in entries)
        return Seeded(folders, files)

    async def _put(
        self, user: int, parent: ByPath, folder: Path, entries: Sequence[_Entry]
    ) -> None:
        async with AsyncExitStack() as stack:
            made = []
            for entry in entries:
                facts = Facts(content_modified_at=entry.modified_at)
                if not entry.is_dir:
                    path = folder / entry.name
                    facts = await self._content(stack, parent.namespace, path, entry)
                kind = Kind.FOLDER if entry.is_dir else Kind.FILE
                made.append(BaselineEntry(kind, entry.name, facts))
            await self._feed.publish(user, (Baseline(parent=parent, entries=tuple(made)),))

    async def _content(
        self, stack: AsyncExitStack, namespace: int, path: Path, entry: _Entry
    ) -> Facts:
        incoming = await stack.enter_async_context(self._contents.receive(namespace))
        try:
            with path.open("rb") as file:
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    await incoming.write(piece)
        except OSError as error:
            raise InvalidRequest(f"cannot read {path}: {error.strerror}", field="path") from None
        await incoming.keep()
        return replace(
            incoming.facts,
            content_created_at=entry.modified_at,
            content_modified_at=entry.modified_at,
        )


class _Entry(NamedTuple):
    name: str
    is_dir: bool
    modified_at: int  # ms


def _listed(folder: Path) -> list[tuple[tuple[str, ...], list[_Entry]]]:
    """What is in *folder*, folder by folder, those above first."""
    try:
        return list(_walk(folder, ()))
    except OSError as error:
        text = f"cannot read {error.filename}: {error.strerror}"
        raise InvalidRequest(text, field="path") from None


def _walk(folder: Path, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[_Entry]]]:
    entries = []
    with os.scandir(folder) as found:
        for each in sorted(found, key=lambda each: each.name):
            is_dir = each.is_dir(follow_symlinks=False)
            if not is_dir and not each.is_file(follow_symlinks=False):
                continue  # a link, a socket
            try:
                each.name.encode()
                check_name(each.name)
            except (UnicodeEncodeError, InvalidRequest) as error:
                raise InvalidRequest(f"{os.fsencode(each.path)!r}: {error}", field="path") from None
            modified = each.stat(follow_symlinks=False).st_mtime_ns // 1_000_000
            entries.append(_Entry(each.name, is_dir, modified))
    yield names, entries
    for entry in entries:
        if entry.is_dir:
            yield from _walk(folder / entry.name, (*names, entry.name))
