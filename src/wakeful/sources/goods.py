"""What an action needs copied before it may begin: while it is copied, nobody waits."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TypeVar

from msgspec.structs import replace

from wakeful.core.changes import Change, Copy, Facts, Held, Move, NewVersion, Restore, Upload
from wakeful.core.contents import Content, Contents, NoContent, Shelf
from wakeful.core.errors import Conflict
from wakeful.core.items import Item
from wakeful.core.rehearsal import Act
from wakeful.sources.along import Along, Names, copy_along
from wakeful.sources.arrivals import TOKEN, Copied
from wakeful.sources.folder import FolderSource
from wakeful.sources.ignore import check_movable
from wakeful.sources.reach import names_of

_READ_BYTES = 128 * 1024

_C = TypeVar("_C", bound=Change)

Key = tuple[object, ...]
"""What is copied, as it is, and where to."""


class Goods:
    """Contents and copies for one action, gone at its end unless they got a name.

    *disks* are watched folders by namespace. `copies_always` is set where what seemed to be one
    file system was none.
    """

    def __init__(self, disks: Mapping[int, FolderSource], contents: Contents, shelf: Shelf) -> None:
        self._disks = disks
        self._contents = contents
        self._shelf = shelf
        self._stack = AsyncExitStack()
        self._tokens: dict[Key, str] = {}
        self._copied: dict[Key, Copied] = {}
        self._shelved: dict[Key, dict[int, Held]] = {}
        self._addresses: dict[str, str] = {}
        self.copies_always = False

    async def __aenter__(self) -> Goods:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def has_all(self, acts: tuple[Act, ...]) -> bool:
        """Whether everything is here that *acts* need."""
        return all(self._has(act) for act in acts)

    async def bring_all(self, acts: tuple[Act, ...]) -> None:
        """Copy what is missing. Raises what opening and copying raise."""
        for act in acts:
            if not self._has(act):
                await self._bring(act)

    def is_renamed(self, act: Act) -> bool:
        """Whether a move is one rename: within a file system."""
        one, other = (self._disks.get(each[-1].namespace) for each in (act.before, act.after))
        if one is None or other is None:
            return False
        return one is other or (one.device == other.device and not self.copies_always)

    def token(self, act: Act) -> str:
        """Under what the content, or the copy, waits in the folder where *act* ends."""
        content = _content(act)
        if content is not None and self._waits_there(act, content):
            return content.removeprefix(TOKEN)
        return self._tokens[_key(act)]

    def copied(self, act: Act) -> Copied:
        """The copy for the watched folder where *act* ends."""
        return self._copied[_key(act)]

    def held(self, act: Act) -> dict[int, Held]:
        """How the items are kept that are copied, or moved to another disk."""
        key = _key(act)
        return self._copied[key].held if key in self._copied else self._shelved.get(key, {})

    async def forget_copies(self) -> None:
        """Copy everything anew: it is not as it was."""
        for key, copied in self._copied.items():
            await self._disks[_namespace(key)].drop(copied.token)
        self._copied.clear()

    def shelved(self, change: _C) -> _C:
        """*change* with the address of its content on the shelf."""
        if isinstance(change, Upload | NewVersion) and change.facts.content in self._addresses:
            facts = replace(change.facts, content=self._addresses[change.facts.content])
            return replace(change, facts=facts)
        return change

    # --- what is needed ---

    def _has(self, act: Act) -> bool:
        to = self._to(act)
        content = _content(act)
        if content is not None:
            if to is None:
                return not content.startswith(TOKEN) or content in self._addresses
            return self._waits_there(act, content) or _key(act) in self._tokens
        if not act.below or (isinstance(act.change, Move) and self.is_renamed(act)):
            return True
        return _key(act) in self._copied or _key(act) in self._shelved

    def _to(self, act: Act) -> FolderSource | None:
        return self._disks.get(act.after[-1].namespace) if act.after else None

    def _waits_there(self, act: Act, content: str) -> bool:
        to = self._to(act)
        return to is not None and to.has(content.removeprefix(TOKEN))

    # --- bringing it ---

    async def _bring(self, act: Act) -> None:
        to = self._to(act)
        content = _content(act)
        if content is not None and to is None:
            opened = await self._open_arrived(content)
            try:
                self._addresses[content] = (await self._shelve(opened)).content
            finally:
                opened.close()
        elif content is not None and to is not None:
            opened = await self._open_arrived(content)
            try:
                token = await to.copy_file(opened)
            finally:
                opened.close()
            self._tokens[_key(act)] = token
            self._stack.push_async_callback(to.drop, token)
        elif to is not None:
            original = _Original(self._contents, self._disks, act)
            copied = await to.copy_tree(act.below, original, names_of(act.after))
            self._copied[_key(act)] = copied
            self._stack.push_async_callback(to.drop, copied.token)
        else:
            await self._shelve_tree(act)

    async def _open_arrived(self, content: str) -> Content:
        if not content.startswith(TOKEN):
            return await self._shelf.open(content)
        token = content.removeprefix(TOKEN)
        for disk in self._disks.values():
            if disk.has(token):
                return await disk.open_arrived(token)
        raise NoContent("The content of this file is not on this server")

    async def _shelve_tree(self, act: Act) -> None:
        held = {}
        original = _Original(self._contents, self._disks, act)
        for item, names in act.below:
            if item.is_folder:
                held[item.id] = Held()
                continue
            content = await original.open(names)
            try:
                held[item.id] = Held(content=(await self._shelve(content)).content)
            finally:
                content.close()
        self._shelved[_key(act)] = held

    async def _shelve(self, content: Content) -> Facts:
        """Keep *content* on the shelf until the end of the action."""
        incoming = await self._stack.enter_async_context(self._shelf.receive())
        at = 0
        while at < content.size:
            data = await content.read(at, _READ_BYTES)
            await incoming.write(data)
            at += len(data)
        await incoming.keep()
        return incoming.facts


class _Original:
    """What *act* copies, with what goes along where it moves from a disk."""

    def __init__(self, contents: Contents, disks: Mapping[int, FolderSource], act: Act) -> None:
        self._contents = contents
        self._before = act.before
        self._disk = disks.get(act.before[-1].namespace)
        self._moves = isinstance(act.change, Move)
        self._items = {names: item for item, names in act.below}
        self._known: dict[Names, set[str]] = {}
        for names in self._items:
            if names:
                self._known.setdefault(names[:-1], set()).add(names[-1])
        if self._moves and self._disk is not None:
            check_movable(self._disk.ignore, names_of(act.before))

    async def open(self, names: Names) -> Content:
        return await self._contents.open(self._lineage(names))

    def is_on_disk(self, names: Names) -> bool:
        return self._disk is not None and self._items[names].seen is not None

    async def folder(self, names: Names) -> int | None:
        if self._disk is None or not self.is_on_disk(names):
            return None
        try:
            return await self._disk.open_folder(self._lineage(names))
        except NoContent:
            if self._moves:
                path = "/".join(names_of(self._lineage(names)))
                raise Conflict(f"{path!r} cannot be read: it would be lost") from None
            return None

    def copy_along(self, names: Names, whence: int, to: int) -> dict[Names, Along]:
        if self._disk is None or not self._moves:
            return {}
        top = names_of(self._before)
        known = self._known.get(names, set())
        went = copy_along(whence, to, (*top, *names), known, self._disk.is_left_out)
        return {at[len(top) :]: along for at, along in went.items()}

    def _lineage(self, names: Names) -> tuple[Item, ...]:
        way = (self._items[names[:depth]] for depth in range(len(names) + 1))
        return (*self._before[:-1], *way)


def _content(act: Act) -> str | None:
    """The content that a change brings, None where it brings none."""
    if isinstance(act.change, Upload | NewVersion) and act.after:
        return act.change.facts.content
    return None


def _key(act: Act) -> Key:
    content = _content(act)
    to = act.after[-1].namespace
    if content is not None:
        return (to, content)
    assert isinstance(act.change, Copy | Move | Restore)
    # Another version, name or place of anything in it, and it is copied again.
    what = ((item.id, item.version, item.seen, item.content, names) for item, names in act.below)
    return (to, names_of(act.after), *what)


def _namespace(key: Key) -> int:
    namespace = key[0]
    assert isinstance(namespace, int)
    return namespace
