"""Actions of clients, of which watched folders do on their disks what the feed then tells.

An action that concerns no watched folder is a commit and nothing else. Another one takes a detour:

Rule 1: it has the folders that it concerns for itself (`FolderSource.hold`), always in one order,
so that two never wait for each other. What takes long, to receive a content or to copy, was done
before, beside the tree.

Rule 2: the rules of the tree judge the whole batch before anything is touched (`core.rehearsal`),
and again in the commit.

Rule 3: where the disk is not as recorded, everything is taken back, what is there is recorded
first, and the action is judged anew. So nothing is replaced or moved that its client could not
know of.

Rule 4: the disk acts first, durably, and then the commit tells of it, with what is to be seen there
now. A commit that is refused is taken back on the disk. After a crash between the two the next scan
tells what it finds, as it tells of any program: the action was never answered.

Rule 5: a batch is all or nothing on the disk, too: its steps can be taken back one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Set
from contextlib import AsyncExitStack
from functools import partial

import structlog
from msgspec.structs import replace

from wakeful.core.changes import (
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Restore,
    Trash,
    Upload,
)
from wakeful.core.contents import ContentChanged, Contents, Shelf
from wakeful.core.errors import Unavailable
from wakeful.core.items import Item, Seen
from wakeful.core.lookups.trees import Lineage
from wakeful.core.publish import Acted
from wakeful.core.rehearsal import Act, Below, Rehearsed, rehearse
from wakeful.core.subtrees import all_below
from wakeful.core.terms import Terms
from wakeful.core.watched import Watched
from wakeful.feed import Feed
from wakeful.sources.arrivals import TOKEN
from wakeful.sources.folder import FolderSource
from wakeful.sources.goods import Goods
from wakeful.sources.holding import Holding
from wakeful.sources.reach import Astray, names_of
from wakeful.sources.work import OtherDisk

_TRY_SECONDS = 10.0
"""How long an action waits for a folder that others are changing to be as recorded."""

_FIRST_DELAY, _LONGEST_DELAY = 0.02, 0.2

Holdings = dict[int, Holding]

log = structlog.get_logger()


class DiskActions:
    """Carries out what clients do, on the disks of *sources* and in the feed."""

    def __init__(
        self,
        feed: Feed,
        sources: Callable[[], Sequence[FolderSource]],
        contents: Contents,
        shelf: Shelf,
    ) -> None:
        self._feed = feed
        self._sources = sources
        self._contents = contents
        self._shelf = shelf

    def __repr__(self) -> str:
        return f"<DiskActions on {len(self._sources())} folders>"

    async def act(self, actor: int, changes: tuple[Change, ...], terms: Terms) -> Acted:
        """As `Feed.act`; what *terms* have as `done` is done here. Raises besides what a disk
        refuses: Forbidden, InvalidName, StoreFull, Conflict, NoContent, and Unavailable where it
        cannot be asked now."""
        first: Set[int] = frozenset()
        if not any(_brings_token(change) for change in changes):
            try:
                return await self._feed.act(actor, changes, replace(terms, done=frozenset()))
            except Watched as refused:
                if refused.namespace not in terms.done:
                    raise
                first = {refused.namespace}
        # Half of it cannot be left to itself: whoever is cancelled waits for the end.
        acting = asyncio.create_task(self._detour(actor, changes, terms, first), name="action")
        try:
            return await asyncio.shield(acting)
        except asyncio.CancelledError:
            await asyncio.wait([acting])
            raise

    async def _detour(
        self, actor: int, changes: tuple[Change, ...], terms: Terms, first: Set[int]
    ) -> Acted:
        loop = asyncio.get_running_loop()
        until = loop.time() + _TRY_SECONDS
        delay = _FIRST_DELAY
        async with Goods(self._disks(), self._contents, self._shelf) as goods:
            detour = _Detour(self._feed, self._disks(), goods, actor, changes, terms, first)
            while True:
                try:
                    acted = await detour.attempt()
                except OtherDisk:
                    if goods.copies_always:
                        raise
                    goods.copies_always = True
                    continue
                except (Astray, ContentChanged) as error:
                    if isinstance(error, ContentChanged):  # what is copied did
                        await goods.forget_copies()
                    if loop.time() > until:
                        raise Unavailable(
                            "The folder is being changed on its disk at present: try again"
                        ) from None
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, _LONGEST_DELAY)
                    continue
                if acted is not None:
                    return acted

    def _disks(self) -> dict[int, FolderSource]:
        return {source.namespace: source for source in self._sources()}


class _Detour:
    """One action on its way over the disks of *disks*, by namespace."""

    def __init__(
        self,
        feed: Feed,
        disks: dict[int, FolderSource],
        goods: Goods,
        actor: int,
        changes: tuple[Change, ...],
        terms: Terms,
        first: Set[int],
    ) -> None:
        self._feed = feed
        self._disks = disks
        self._goods = goods
        self._actor = actor
        self._changes = changes
        self._terms = terms
        self._needed = first

    async def attempt(self) -> Acted | None:
        """Carry it out; None where that has to begin anew, now better prepared.

        Raises Astray where a disk is not as recorded, which will be looked at.
        """
        async with AsyncExitStack() as stack:
            holdings: Holdings = {}
            for namespace in sorted(self._needed):
                if namespace not in self._disks:
                    raise Unavailable("The watched folder is not followed yet")
                disk = self._disks[namespace]
                holdings[namespace] = await stack.enter_async_context(disk.hold())
            acts = await self._rehearse()
            concerned = frozenset[int]().union(*(act.namespaces for act in acts))
            needed = concerned & self._terms.watched
            if needed <= holdings.keys() and self._goods.has_all(acts):
                return await self._carry_out(acts, holdings)
        self._needed = needed
        await self._goods.bring_all(acts)
        return None

    async def _rehearse(self) -> tuple[Act, ...]:
        rehearsal = rehearse(self._actor, self._changes, self._terms)
        try:
            await self._feed.store.commit(rehearsal)
        except Rehearsed as rehearsed:
            return rehearsed.acts
        raise AssertionError("a rehearsal ends by being taken back")

    async def _carry_out(self, acts: tuple[Act, ...], holdings: Holdings) -> Acted:
        every = list(holdings.values())
        for holding in every[1:]:
            holding.work.together_with(every[0].work)
        terms = replace(self._terms, done=frozenset(holdings))
        try:
            changes = [await self._step(act, holdings) for act in acts]
            acted = await self._feed.act(self._actor, tuple(changes), terms)
        except BaseException as error:
            for holding in every:
                await holding.undo()
                if isinstance(error, Astray) and error.reach is holding.work.reach and error.names:
                    holding.suspect(error.names)
            raise
        await self._settle(acts, acted, holdings)
        return acted

    async def _settle(self, acts: tuple[Act, ...], acted: Acted, holdings: Holdings) -> None:
        """Bring the sources to what was recorded, and let go of what is left over.

        It was done: no failure in here may be told as one of the action, nor keep the rest back.
        """
        try:
            for act, item in zip(acts, acted.items, strict=True):
                await self._adopt(act, item, holdings)
        except Exception:
            log.exception("an action is not seen in its folder: the records are read again")
            for holding in holdings.values():
                holding.overtaken()
        for namespace, holding in holdings.items():
            try:
                await holding.finish(purged_folder=any(_purges_in(namespace, act) for act in acts))
            except Exception:
                log.exception("what an action left over was not removed")

    # --- on the disk ---

    async def _step(self, act: Act, holdings: Holdings) -> Change:
        """Let the disks do what *act* is; the change that tells of it."""
        change = act.change
        if isinstance(change, CreateFolder | Upload):
            to = holdings.get(act.after[-1].namespace)
            if to is None:
                return self._goods.shelved(change)
            above = await self._make_above(act, to)
            if isinstance(change, CreateFolder):
                return replace(change, seen=await self._make_folder(act.after, to), above=above)
            facts, seen = await self._put_content(act, change.facts, to)
            return replace(change, facts=facts, seen=seen, above=above)
        if isinstance(change, NewVersion):
            to = holdings.get(act.after[-1].namespace)
            if to is None:
                return self._goods.shelved(change)
            facts, seen = await self._put_content(act, change.facts, to)
            return replace(change, facts=facts, seen=seen)
        if isinstance(change, Move) and act.moves:
            return await self._move(act, change, holdings)
        if isinstance(change, Copy):
            return await self._copy(act, change, holdings)
        if isinstance(change, Restore):
            return await self._restore(act, change, holdings)
        if isinstance(change, Trash | Delete):
            await self._throw_away(act, holdings)
        return change

    async def _make_above(self, act: Act, to: Holding) -> tuple[Seen, ...]:
        first = len(act.after) - 1 - act.made
        depths = range(first, first + act.made)
        return tuple([await self._make_folder(act.after[: depth + 1], to) for depth in depths])

    async def _make_folder(self, lineage: Sequence[Item], to: Holding) -> Seen:
        folder = lineage[-1]
        return await to.in_thread(
            partial(to.work.make_folder, lineage[:-1], folder.name, folder.id)
        )

    async def _put_content(self, act: Act, facts: Facts, to: Holding) -> tuple[Facts, Seen]:
        token = self._goods.token(act)
        modified_at = facts.content_modified_at
        file = act.after[-1]
        step: Callable[[], Seen]
        if act.before and act.before[-1].seen is not None:
            step = partial(to.work.replace_file, act.before, token, modified_at)
        else:
            step = partial(to.work.put_file, act.after[:-1], file.name, token, modified_at, file.id)
        seen = await to.in_thread(step)
        if modified_at is None:
            facts = replace(facts, content_modified_at=seen.mtime_ns // 1_000_000)
        return replace(facts, content=""), seen

    async def _move(self, act: Act, change: Move, holdings: Holdings) -> Change:
        item, above, name = act.before[-1], act.after[:-1], act.after[-1].name
        whence = holdings.get(item.namespace)
        to = holdings.get(act.after[-1].namespace)
        if to is not None and whence is not None and self._goods.is_renamed(act):
            if to is not whence or to.work.inspection.judges_by_path:
                to.work.inspection.check_below(names_of(act.after), await self._all_in(item))
            step = partial(to.work.take, whence.work, act.before, above, name)
            await to.in_thread(step)
            return change
        along = None
        if to is not None:
            copied = self._goods.copied(act)
            along = copied.along
            await to.in_thread(partial(to.work.put_tree, above, name, copied, act.below))
        if whence is not None:
            # Until the commit it is in the trash: a crash in between must not cost its bytes.
            put_away = partial(whence.work.put_away, act.before, copied=act.below, along=along)
            await whence.in_thread(put_away)
            whence.work.purge(item)
        return replace(change, held=self._goods.held(act))

    async def _copy(self, act: Act, change: Copy, holdings: Holdings) -> Change:
        to = holdings.get(act.after[-1].namespace)
        if to is not None:
            copied = self._goods.copied(act)
            above, name = act.after[:-1], act.after[-1].name
            await to.in_thread(partial(to.work.put_tree, above, name, copied, act.below))
        return replace(change, held=self._goods.held(act) or None)

    async def _restore(self, act: Act, change: Restore, holdings: Holdings) -> Change:
        item, above, name = act.before[-1], act.after[:-1], act.after[-1].name
        to = holdings.get(item.namespace)
        if to is None:
            return change
        if item.seen is not None:
            if to.work.inspection.judges_by_path:
                to.work.inspection.check_below(names_of(act.after), await self._all_in(item))
            await to.in_thread(partial(to.work.put_back, item, above, name))
            return change
        # It came into this namespace with the trash, from one that is on the shelf.
        copied = self._goods.copied(act)
        await to.in_thread(partial(to.work.put_tree, above, name, copied, act.below))
        return replace(change, held=copied.held)

    async def _throw_away(self, act: Act, holdings: Holdings) -> None:
        item = act.before[-1]
        at = holdings.get(item.namespace)
        if at is None:
            return
        change, work = act.change, at.work
        if _is_active(act.before):
            must_be_empty = isinstance(change, Trash) and item.is_folder and not change.recursive
            await at.in_thread(partial(work.put_away, act.before, must_be_empty=must_be_empty))
        if isinstance(change, Delete):
            work.purge(item)

    # --- in the records ---

    async def _adopt(self, act: Act, item: Item | None, holdings: Holdings) -> None:
        """Let the sources know what was recorded: *item* is what the change left."""
        change = act.change
        if isinstance(change, Move) and act.moves and len(act.namespaces) == 1:
            for namespace in act.namespaces & holdings.keys():
                holdings[namespace].moved(names_of(act.before), names_of(act.after))
            return
        if isinstance(change, Trash | Delete) or (isinstance(change, Move) and act.moves):
            whence = holdings.get(act.before[-1].namespace)
            if whence is not None and _is_active(act.before):
                whence.went(names_of(act.before))
        if item is None or isinstance(change, Trash) or not act.after:
            return
        to = holdings.get(item.namespace)
        if to is None or (isinstance(change, Move) and not act.moves):
            return
        at = names_of(act.after)
        if act.made:
            lineage = await self._feed.store.ask(Lineage(item.id))
            for depth in range(len(lineage) - 1 - act.made, len(lineage) - 1):
                to.came(names_of(lineage[: depth + 1]), ((lineage[depth], ()),))
        to.came(at, await self._all_below(act, item))

    async def _all_below(self, act: Act, item: Item) -> Below:
        return ((item, ()),) if isinstance(act.change, CreateFolder) else await self._all_in(item)

    async def _all_in(self, item: Item) -> Below:
        if not item.is_folder:
            return ((item, ()),)
        return await self._feed.store.commit(lambda now: all_below(item))


def _brings_token(change: Change) -> bool:
    return isinstance(change, Upload | NewVersion) and change.facts.content.startswith(TOKEN)


def _is_active(lineage: Sequence[Item]) -> bool:
    return all(item.trashed_at is None for item in lineage)


def _purges_in(namespace: int, act: Act) -> bool:
    return (
        isinstance(act.change, Delete | Move)
        and bool(act.before)
        and act.before[-1].is_folder
        and act.before[-1].namespace == namespace
    )
