"""The promises P1 to P7 and P9, checked by random histories against a model in plain Python.

The model keeps for each stream the list of events that it must show, from receipts alone. A
machine does random things to a feed (several at once, over a store that takes its time and a bus
that may keep hints back or lose them) and compares after each of them. A failed check begins with
the number of the promise that was broken.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import shutil
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.model.stages import StagedBus, StagedStore, until
from tests.model.world import Clock
from wakeful.core.accounts import (
    add_member,
    create_enterprise,
    create_namespace,
    create_user,
    remove_member,
)
from wakeful.core.changes import (
    ById,
    ByPath,
    Change,
    Circle,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Ref,
    Restore,
    Tell,
    Trash,
    Upload,
)
from wakeful.core.errors import KeyReused, WakefulError
from wakeful.core.events import (
    EVERY_CLASS,
    ONLY_ALL,
    Event,
    Receipt,
    Snapshot,
    StreamClass,
    decode,
    said,
)
from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.journals import ReadJournal
from wakeful.core.lookups.people import Members, MembershipsOf, NamespaceById
from wakeful.core.lookups.streams import Page, ReadStream, StreamStates
from wakeful.core.lookups.trees import Children
from wakeful.core.people import Role, User
from wakeful.core.ports import Store, StreamKind
from wakeful.core.positions import NUMBER_BITS, Asked, Marker, StreamState
from wakeful.core.publish import Key, Published
from wakeful.core.writes import Command
from wakeful.feed import Feed
from wakeful.filtered import Look
from wakeful.stores.memory import MemoryStore
from wakeful.stores.sqlite import SqliteStore, restore

T = TypeVar("T")

EVERYTHING = 1_000_000


# --- the model ---


@dataclass(frozen=True)
class Told:
    """An event in a stream: its id, the mask of its classes, its type."""

    event: str
    classes: int
    type: str = ""


@dataclass
class Log:
    """What a stream must show: `told[0]` has the number 1; the first `trimmed` are gone."""

    told: list[Told] = field(default_factory=list)
    trimmed: int = 0

    @property
    def last(self) -> int:
        return len(self.told)


@dataclass(frozen=True)
class Shown:
    """What a page must show."""

    events: tuple[tuple[int, str], ...]
    next: int
    gap: bool


@dataclass
class Model:
    """All that a store must know, as far as promises are about it."""

    epoch: int
    logs: dict[int, Log] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)  # users by namespace
    answers: dict[tuple[int, str], tuple[bytes, Published]] = field(default_factory=dict)

    def log(self, stream: int) -> Log:
        return self.logs.setdefault(stream, Log())

    def place(self, stream: int, asked: Asked, last: int) -> tuple[int, bool]:
        """The rule of positions, in other words than those of the core."""
        log = self.log(stream)
        if asked is Marker.NOW:
            return last, False
        if asked is Marker.START:
            return log.trimmed, False
        epoch, number = divmod(asked, 2**NUMBER_BITS)
        exact = epoch == self.epoch and number in range(log.trimmed, last + 1)
        return (number, False) if exact else (log.trimmed, True)

    def shown(
        self,
        stream: int,
        asked: Asked,
        cls: int,
        limit: int,
        last: int | None = None,
        types: frozenset[str] | None = None,
    ) -> Shown:
        """What a page must show, when the stream's last number was *last*."""
        log = self.log(stream)
        last = log.last if last is None else last
        start, gap = self.place(stream, asked, last)
        matching = [
            (number, log.told[number - 1].event)
            for number in range(start + 1, last + 1)
            if log.told[number - 1].classes >> cls & 1
            and (types is None or log.told[number - 1].type in types)
        ]
        given = tuple(matching[:limit])
        return Shown(given, given[-1][0] if len(matching) > limit else last, gap)


# --- who reads and waits ---


@dataclass
class Reader:
    """A client that reads on from where its last page ended, and remembers all it was shown."""

    stream: int
    cls: StreamClass
    asked: Asked = Marker.START
    since: int = -1  # the number after which it has been shown everything; -1: nothing yet
    seen: list[tuple[int, str]] = field(default_factory=list)
    types: frozenset[str] | None = None  # all that it is shown


class Poll:
    """A waiter of one reader. When woken it reads at once, as a client does."""

    def __init__(self, machine: Machine, reader: Reader, asked: Asked) -> None:
        self._machine = machine
        self.stream = reader.stream
        self.cls = int(reader.cls)
        self.types = reader.types
        self.look: Look = ReadStream(reader.stream, asked, 1, reader.cls, reader.types)
        self.seen: StreamState | None = None
        self.after = 0
        self.asked = self.latest = asked
        if asked is Marker.NOW:
            # As far as was heard, at the earliest; `latest` is set when all is known.
            last = machine.model.log(reader.stream).last
            known = machine.feed._heads.get(reader.stream, (last,))
            self.asked = self.latest = machine.wire(min(last, known[0]))
        # Ahead of all that exists is only what nobody gave: it is woken from the oldest kept, but
        # its read may show nothing, for the event that came may be the one that it names.
        self.is_forged = machine.is_ahead(reader.stream, self.asked)
        self.wakes = 0
        self.page: asyncio.Task[Page] | None = None

    def wake(self, since: float) -> None:
        self.wakes += 1
        machine = self._machine
        cls = StreamClass(self.cls)
        self.page = machine.loop.create_task(
            machine.raw.ask(ReadStream(self.stream, self.asked, 1, cls, self.types))
        )


@dataclass
class Follower:
    """A client that folds the journal of a namespace into a tree."""

    number: int = 0
    rows: dict[str, JournalRow] = field(default_factory=dict)


# --- what may happen ---


names = st.sampled_from(("a", "A", "b", "a.b"))
paths = st.lists(names, min_size=1, max_size=2).map(tuple)
places = st.integers(0, 3)  # which of the machine's namespaces
items = st.integers(0, 15)  # which of the items that are or were there, from the newest back
classes = st.sampled_from((ONLY_ALL, EVERY_CLASS, StreamClass.SYNC.bit | ONLY_ALL))

Op = tuple[Any, ...]

change_ops: st.SearchStrategy[Op] = st.one_of(
    st.tuples(st.just("upload"), places, paths),
    st.tuples(st.just("folder"), places, paths),
    st.tuples(st.just("move"), items, places, items, names),
    st.tuples(st.just("copy"), items, places, items, names),
    st.tuples(st.just("rename"), items, names),
    st.tuples(st.just("case"), items),
    st.tuples(st.just("trash"), items),
    st.tuples(st.just("restore"), items),
    st.tuples(st.just("delete"), items),
    st.tuples(st.just("version"), items),
    st.tuples(st.just("tell"), classes, st.sets(st.integers(0, 2)).map(sorted)),
    st.tuples(
        st.just("tell of"), items, classes, st.sampled_from(Circle), st.none() | st.integers(0, 2)
    ),
)
keys = st.none() | st.tuples(st.integers(1, 2), st.sampled_from("xy"))
publish_ops = st.tuples(
    st.just("publish"),
    st.integers(0, 2),  # who
    st.lists(change_ops, min_size=1, max_size=2).map(tuple),
    keys,
)
readers = st.integers(0, 8)  # the last three are shown some types only
limits = st.sampled_from((1, 2, 100))
storm_ops = st.one_of(
    publish_ops,
    publish_ops,
    st.tuples(st.just("poll"), readers),
    st.tuples(st.just("poll now"), readers),
    st.tuples(st.just("read"), readers, limits),
    st.tuples(st.just("read and poll"), readers, limits),
    st.tuples(st.just("leave"), st.integers(0, 9)),
    st.tuples(st.just("turn")),
)


class Machine(RuleBasedStateMachine):
    """Random histories over a memory store. Subclasses plant faults, or take another store."""

    feed_type: ClassVar[type[Feed]] = Feed
    store_type: ClassVar[type[StagedStore]] = StagedStore
    bus_type: ClassVar[type[StagedBus]] = StagedBus

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="wakeful-model-"))
        self.clock = Clock()
        self.files = count()
        self.chance = random.Random(0)
        self.readers: list[Reader] = []
        self.polls: list[Poll] = []
        self.from_now: list[Poll] = []  # those of the storm that goes on
        self.gone: list[Poll] = []  # whose clients have left
        self.followers: dict[int, Follower] = {}
        self.items: dict[int, Item] = {}
        self.backups: list[tuple[Path, Model]] = []
        self.deaf = False  # whether hints were kept back or lost since the last backstop look
        self.epochs: set[int] = set()

    # --- life ---

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.raw = self.run(self.open_store())
        self.model = Model(self.raw.epoch)
        self.epochs = {self.raw.epoch}
        self.start_feed()
        self.run(self.people())
        for index in range(6):
            stream = (*(user.id for user in self.users), self.enterprise)[index % 4]
            cls = StreamClass(index % 3) if stream != self.enterprise else StreamClass.ALL
            self.readers.append(Reader(stream, cls))
        for types in (("item.create",), ("item.move", "NOTE", "member.add"), ("no such",)):
            self.readers.append(Reader(self.enterprise, StreamClass.ALL, types=frozenset(types)))
        start = (
            ("folder", 0, ("a",)),
            ("upload", 0, ("a", "b")),
            ("folder", 2, ("b",)),
            ("upload", 2, ("b", "a")),
        )
        self.run(self.storm_of([("publish", 0, start, None)]))
        for space in range(4):
            self.follow(space, EVERYTHING, 1)

    async def people(self) -> None:
        self.enterprise = (await self.raw.commit(create_enterprise("Acme"))).id
        self.users: list[User] = []
        for login in ("ann", "bob", "eve"):
            self.users.append(await self.raw.commit(create_user(self.enterprise, login)))
        ann, bob, _ = self.users
        self.team = (await self.raw.commit(create_namespace(ann.id, "Team"))).id
        self.spaces = (ann.home, bob.home, self.team, self.team)
        self.model.members = {user.home: {user.id} for user in self.users}
        self.model.members[self.team] = {ann.id}

    def start_feed(self) -> None:
        self.store = self.store_type(self.raw)
        self.store.between = self.dawdle
        self.bus = self.bus_type()
        self.feed = self.feed_type(self.store, self.bus, Quiet())
        self.deaf = False

    async def dawdle(self, _lookup: Lookup[Any]) -> None:
        """An answer takes its time to arrive; meanwhile others go on."""
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(work, 30))

    def teardown(self) -> None:
        try:
            # Where something is wrong already, only that is of interest.
            if hasattr(self, "feed") and sys.exc_info()[0] is None:
                self.hear_everything()
                self.look_at_everything()
        finally:
            if hasattr(self, "raw"):
                self.run(self.end_store())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    async def end_feed(self) -> None:
        """All polls end with the server."""
        for poll in self.polls:
            self.go(poll)
        self.polls.clear()
        await self.feed.__aexit__(None, None, None)

    async def end_store(self) -> None:
        if hasattr(self, "feed"):
            await self.end_feed()
        await self.raw.close()

    # --- the store, which subclasses replace ---

    async def open_store(self) -> Store:
        return MemoryStore(clock=self.clock)

    async def restore_store(self, file: Path) -> Store:
        return MemoryStore.restored(file, after=max(self.epochs), clock=self.clock)

    # --- many things at once ---

    @rule(ops=st.lists(storm_ops, min_size=1, max_size=8))
    def storm(self, ops: list[Op]) -> None:
        self.run(self.storm_of(ops))
        self.settle()

    @rule(op=publish_ops)
    def publish(self, op: Op) -> None:
        self.run(self.storm_of([op]))
        self.settle()

    @rule(index=readers, op=publish_ops, comes_first=st.booleans())
    def cycle(self, index: int, op: Op, *, comes_first: bool) -> None:
        """A client reads to the end and polls, while a producer publishes."""
        if comes_first:
            self.serve_again([])
        self.run(self.storm_of([("read and poll", index, EVERYTHING), op]))
        self.settle()

    @rule(op=publish_ops)
    def publish_again(self, op: Op) -> None:
        """A producer that did not hear the answer repeats its request."""
        _, who, changes, key = op
        again = ("publish", who, changes, key or (1, "z"))
        self.run(self.storm_of([again, again]))
        self.run(self.storm_of([again]))
        self.settle()

    async def storm_of(self, ops: list[Op]) -> None:
        before = {stream: log.last for stream, log in self.model.logs.items()}
        known = dict(self.model.answers)
        publishing: list[tuple[Key | None, asyncio.Task[Published]]] = []
        reading: list[tuple[Reader, Asked, int, asyncio.Task[Page]]] = []
        for op in ops:
            match op:
                case ("publish", who, change_ops, named):
                    changes = tuple(self.change_of(each) for each in change_ops)
                    digest = hashlib.sha256(repr(op[:3]).encode()).digest()
                    key = None if named is None else Key(named[0], named[1], digest)
                    work = self.feed.publish(self.users[who].id, changes, key)
                    publishing.append((key, asyncio.ensure_future(work)))
                case ("poll", index):
                    reader = self.readers[index]
                    self.wait(reader, reader.asked)
                case ("poll now", index):
                    self.wait(self.readers[index], Marker.NOW)
                case ("read", index, limit):
                    reader = self.readers[index]
                    if all(reader is not each for each, *_ in reading):
                        task = asyncio.ensure_future(
                            self.feed.read(
                                reader.stream, reader.asked, limit, reader.cls, reader.types
                            )
                        )
                        reading.append((reader, reader.asked, limit, task))
                case ("read and poll", index, limit):
                    reader = self.readers[index]
                    if all(reader is not each for each, *_ in reading):
                        task = asyncio.ensure_future(self.read_and_poll(reader, limit))
                        reading.append((reader, reader.asked, limit, task))
                case ("leave", index) if self.polls:
                    self.leave(self.polls[index % len(self.polls)])
                case _:
                    await asyncio.sleep(0)
        answers = await asyncio.gather(*(task for _, task in publishing), return_exceptions=True)
        pages = await asyncio.gather(*(task for *_, task in reading))
        published = list(zip((key for key, _ in publishing), answers, strict=True))
        await self.account_for(self.fresh(published, known))
        for poll in self.from_now:
            poll.latest = self.wire(self.model.log(poll.stream).last)
        self.from_now.clear()
        for (reader, asked, limit, _), page in zip(reading, pages, strict=True):
            self.has_read(reader, asked, limit, page, before.get(reader.stream, 0))

    async def read_and_poll(self, reader: Reader, limit: int) -> Page:
        """As clients do: wait from where the page ends."""
        page = await self.feed.read(reader.stream, reader.asked, limit, reader.cls, reader.types)
        self.wait(reader, self.wire(page.next))
        return page

    def change_of(self, op: Op) -> Change:
        match op:
            case ("upload", space, path):
                parent = ByPath(self.spaces[space], path[:-1])
                facts = Facts(size=1)
                return Upload(parent=parent, name=path[-1], facts=facts, parents=True)
            case ("folder", space, path):
                parent = ByPath(self.spaces[space], path[:-1])
                return CreateFolder(parent=parent, name=path[-1], parents=True)
            case ("move", item, space, into, name):
                return Move(item=self.item(item), parent=self.into(space, into), name=name)
            case ("copy", item, space, into, name):
                return Copy(item=self.item(item), parent=self.into(space, into), name=name)
            case ("rename", item, name):
                return Move(item=self.item(item), name=name)
            case ("case", item):
                folders = [each.id for each in self.items.values() if each.is_folder]
                ref = self.item(item)
                if item % 2 and folders:
                    ref = ById(folders[item % len(folders)])
                name = self.items[ref.id].name if ref.id in self.items else "x"
                return Move(item=ref, name=name.swapcase())
            case ("trash", item):
                return Trash(item=self.item(item))
            case ("restore", index):
                gone = [item.id for item in self.items.values() if item.trashed_at is not None]
                return Restore(item=ById(gone[index % len(gone)] if gone else 0))
            case ("delete", item):
                return Delete(item=self.item(item))
            case ("version", item):
                return NewVersion(item=self.item(item), facts=Facts(size=2))
            case ("tell", mask, who):
                audience = tuple(self.users[index].id for index in who)
                details = {"classes": mask, "audience": list(audience)}
                return Tell(type="NOTE", classes=mask, audience=audience, details=details)
            case ("tell of", item, mask, circle, index):
                return Tell(
                    type="NOTE",
                    classes=mask,
                    item=self.item(item),
                    circle=circle,
                    actor=None if index is None else self.users[index].id,
                    details={"classes": mask, "circle": circle.value},
                )
        raise AssertionError(op)

    def item(self, index: int) -> ById:
        """One that was made, mostly by its owner and mostly still there."""
        known = [item.id for item in self.items.values()]
        return ById(known[-1 - index % len(known)] if known else 0)

    def into(self, space: int, index: int) -> Ref:
        """A folder, or the root of a namespace."""
        folders = [item.id for item in self.items.values() if item.is_folder]
        if index % 2 or not folders:
            return ByPath(self.spaces[space], ())
        return ById(folders[-1 - index // 2 % len(folders)])

    def fresh(
        self,
        published: list[tuple[Key | None, Published | BaseException]],
        known: dict[tuple[int, str], tuple[bytes, Published]],
    ) -> list[Receipt]:
        """The receipts of what was added; checks what became of each request."""
        receipts: list[Receipt] = []
        for key, answer in published:
            if isinstance(answer, BaseException):
                if not isinstance(answer, WakefulError):
                    raise answer
                continue
            if not answer.replayed:
                receipts.extend(answer.receipts)
            for item in answer.applied.items:
                if item is not None:
                    self.items.pop(item.id, None)  # so that the newest stand last
                    self.items[item.id] = item
            if key is None:
                assert not answer.replayed, "P3: a request without a key was taken for another"
                continue
            name = (key.grant, key.text)
            if not answer.replayed:
                assert name not in known, "P3: a key was used for a second request"
                known[name] = (key.digest, answer)
        for key, answer in published:
            if key is None:
                continue
            name = (key.grant, key.text)
            if isinstance(answer, KeyReused):
                assert name in known, "P3: a key that nobody had used was refused"
                assert known[name][0] != key.digest, "P3: a repeated request was refused"
            elif isinstance(answer, Published):
                assert name in known, "P3: the answer to a request that nobody made in this grant"
                digest, first = known[name]
                assert digest == key.digest, "P3: another request was taken for a repeated one"
                assert (answer.applied, answer.receipts) == (first.applied, first.receipts), (
                    "P3: a repeated request got another answer"
                )
        self.model.answers = known
        return receipts

    async def account_for(self, receipts: list[Receipt]) -> None:
        """Put what was added into the model; checks audiences and numbers."""
        before = self.model.log(self.enterprise).last
        events = await self.enterprise_events(before)
        added: dict[int, dict[int, Told]] = {}
        for receipt in receipts:
            assert receipt.event in events, "P5: an acknowledged event cannot be read"
            event = events.pop(receipt.event)
            expected = self.audience_of(event)
            assert set(receipt.numbers) == set(expected), "P7: told to others than its audience"
            for stream, number in receipt.numbers.items():
                new = added.setdefault(stream, {})
                assert number not in new, "P2: a number was given twice"
                new[number] = Told(event.id, expected[stream], event.type)
        assert not events, "P3: an event that nobody was told of"
        for stream, new in added.items():
            log = self.model.log(stream)
            assert sorted(new) == [*range(log.last + 1, log.last + 1 + len(new))], (
                "P2: numbers are not consecutive"
            )
            log.told.extend(new[number] for number in sorted(new))

    async def enterprise_events(self, after: int) -> dict[str, Event]:
        asked = self.wire(after)
        page = await self.raw.ask(ReadStream(self.enterprise, asked, EVERYTHING))
        events = [decode(stored.body) for stored in page.events]
        found = {event.id: event for event in events}
        assert len(found) == len(events), "P3: an event stands twice in a stream"
        return found

    def audience_of(self, event: Event) -> dict[int, int]:
        """The mask of classes for each stream that must show *event*."""
        if event.type == "NOTE":
            details = said(event.details)
            mask: int = details["classes"]
            if "circle" in details:
                circle = self.circle_of(event, Circle(details["circle"]))
                return dict.fromkeys(circle, mask) | {self.enterprise: ONLY_ALL}
            return dict.fromkeys(details["audience"], mask) | {self.enterprise: ONLY_ALL}
        assert event.namespace is not None
        members = self.model.members[event.namespace]
        return dict.fromkeys(members, EVERY_CLASS) | {self.enterprise: ONLY_ALL}

    def circle_of(self, event: Event, circle: Circle) -> set[int]:
        """Those who must hear of *event*, which names no audience."""
        assert event.namespace is not None
        members = self.model.members[event.namespace]
        assert event.actor.id in members, "P7: told of what its actor may not see"
        if circle is Circle.NOBODY:
            return set()
        if circle is Circle.OWNER:
            assert isinstance(event.source, Snapshot)
            return {event.source.owned_by.id}
        return members

    # --- reading ---

    @rule(index=readers, limit=limits)
    def read(self, index: int, limit: int) -> None:
        self.run(self.storm_of([("read", index, limit)]))
        self.settle()

    @rule(
        index=readers,
        asked=st.one_of(st.sampled_from(Marker), st.tuples(st.integers(-1, 1), st.integers(0, 12))),
    )
    def jump(self, index: int, asked: Marker | tuple[int, int]) -> None:
        """A reader goes on from anywhere."""
        reader = self.readers[index]
        reader.asked = (
            asked
            if isinstance(asked, Marker)
            else max(0, self.model.epoch + asked[0]) * 2**NUMBER_BITS + asked[1]
        )
        reader.seen = []
        reader.since = -1

    def has_read(self, reader: Reader, asked: Asked, limit: int, page: Page, before: int) -> None:
        log = self.model.log(reader.stream)
        last = page.state.last
        assert before <= last <= log.last, "P2: a page is of no state that ever was"
        assert page.state.trimmed == log.trimmed, "P9: a page is wrong about what is kept"
        shown = self.model.shown(reader.stream, asked, reader.cls, limit, last, reader.types)
        events = tuple((stored.number, decode(stored.body).id) for stored in page.events)
        assert page.gap == shown.gap, "P9: a gap that was not said, or said where there was none"
        assert events == shown.events, "P2: a page shows something else than was told"
        assert page.next == shown.next, "P2: a page goes on from another place than it ends"
        if shown.gap or reader.since < 0:
            reader.since, _ = self.model.place(reader.stream, asked, last)
            reader.seen = []
        reader.seen.extend(events)
        reader.asked = self.wire(page.next)
        everything = [
            (number, log.told[number - 1].event)
            for number in range(reader.since + 1, page.next + 1)
            if log.told[number - 1].classes >> reader.cls & 1
            and (reader.types is None or log.told[number - 1].type in reader.types)
        ]
        assert reader.seen == everything, "P2: a reader missed something, or was shown it twice"

    @rule(space=places, limit=st.sampled_from((1, 3, 1000)), pages=st.integers(1, 4))
    def follow(self, space: int, limit: int, pages: int) -> None:
        """A client of the journal reads some pages."""
        namespace = self.spaces[space]
        follower = self.followers.setdefault(namespace, Follower())
        for _ in range(pages):
            self.run(self.fold(namespace, follower, limit))

    async def fold(self, namespace: int, follower: Follower, limit: int) -> None:
        page = await self.raw.ask(ReadJournal(namespace, follower.number, limit))
        for row in page.rows:
            assert row.number > follower.number, "the journal is not in order"
            follower.number = row.number
            if row.item is None:
                follower.rows.pop(row.path, None)
                continue
            above = row.path.rpartition("/")[0]
            assert not above or above in follower.rows, "a row came before its parent's"
            follower.rows[row.path] = row
        if follower.number == page.head:
            assert {path: row.item for path, row in follower.rows.items()} == (
                await self.tree(namespace)
            ), "the journal and the tree differ"

    async def tree(self, namespace: int) -> dict[str, int]:
        """The items of a namespace by the places that the journal has for them."""
        found: dict[str, int] = {}
        space = await self.raw.ask(NamespaceById(namespace))
        assert space is not None
        if space.is_home:
            for member in await self.raw.ask(MembershipsOf(space.owner)):
                mounted = await self.raw.ask(NamespaceById(member.namespace))
                if mounted is not None and not mounted.is_home:
                    found[member.mount_key] = mounted.root
        folders = [(space.root, "")]
        for folder, path in folders:  # grows while it is walked
            for child in await self.raw.ask(Children(folder, 0, EVERYTHING)):
                found[path + child.key] = child.id
                if child.is_folder:
                    folders.append((child.id, path + child.key + "/"))
        return found

    # --- waiting ---

    @rule(index=readers)
    def poll(self, index: int) -> None:
        reader = self.readers[index]
        self.run(self.storm_of([("poll", index)]))
        self.settle()
        assert reader.stream  # a poll never moves its reader

    @rule(index=st.integers(0, 9))
    def abort(self, index: int) -> None:
        # No precondition: with threads it is chance whether a poll waits, and which rules there
        # are to draw from must not be.
        if self.polls:
            self.leave(self.polls[index % len(self.polls)])
            self.settle()

    def wait(self, reader: Reader, asked: Asked) -> None:
        poll = Poll(self, reader, asked)
        self.polls.append(poll)
        if asked is Marker.NOW:
            self.from_now.append(poll)
        if poll.types is None:
            self.feed.wait(poll, asked)
        else:
            self.feed.wait_filtered(poll)

    def leave(self, poll: Poll) -> None:
        self.polls.remove(poll)
        if not poll.wakes:
            self.gone.append(poll)
        self.go(poll)

    def go(self, poll: Poll) -> None:
        if poll.types is None:
            self.feed.leave(poll)
        else:
            self.feed.leave_filtered(poll)

    def settle(self) -> None:
        """Let everything come to rest, then compare who was woken with who had to be."""
        self.run(self.rest())
        woken = [poll for poll in self.polls if poll.wakes]
        self.polls = [poll for poll in self.polls if not poll.wakes]
        for poll in woken:
            assert poll.wakes == 1, "P6: a poll was woken twice"
            assert poll.page is not None
            if poll.is_forged:
                continue
            assert self.has_something(poll, poll.asked), "P6: a poll was woken for nothing"
            assert poll.page.result().events, "P5: a woken poll could not read what woke it"
        assert not any(poll.wakes for poll in self.gone), "P6: a poll was woken after it had left"
        if not self.deaf:
            for poll in self.polls:
                assert not self.has_something(poll, poll.latest), (
                    "P4: a poll sleeps though its reader has something to read"
                )
        assert self.feed.waiting == len(self.polls), "P8: a waiter was forgotten or left behind"

    def is_ahead(self, stream: int, asked: Asked) -> bool:
        last = self.wire(self.model.log(stream).last)
        return isinstance(asked, int) and last < asked < self.wire(1 << NUMBER_BITS)

    def has_something(self, poll: Poll, asked: Asked) -> bool:
        return bool(self.model.shown(poll.stream, asked, poll.cls, 1, types=poll.types).events)

    async def rest(self) -> None:
        feed = self.feed
        await until(
            lambda: (
                feed._looks.is_at_rest
                and feed._filtered.is_at_rest
                and not feed._to_wake
                and all(poll.page is None or poll.page.done() for poll in self.polls)
            ),
            "the feed came to rest",
        )

    # --- hints ---

    @rule(
        ops=st.lists(storm_ops, min_size=1, max_size=8),
        fate=st.sampled_from(("late", "backwards", "lost", "unknown")),
    )
    def storm_unheard(self, ops: list[Op], fate: str) -> None:
        """Hints arrive late, in any order and twice, or never."""
        self.bus.held = self.deaf = True
        self.run(self.storm_of(ops))
        self.settle()
        if fate == "unknown":
            return
        if fate == "lost":
            self.bus.lose()
        self.bus.held = False
        self.run(self.arrive(backwards=fate == "backwards"))
        if fate == "late":
            self.deaf = False
        self.settle()
        if fate != "late":
            self.hear_everything()

    async def arrive(self, *, backwards: bool) -> None:
        hints = self.bus.kept
        if backwards:
            self.bus.kept = [*hints[::-2], *hints[:2]]
        self.bus.deliver()

    @rule()
    def look_again(self) -> None:
        """The backstop."""
        self.hear_everything()

    def hear_everything(self) -> None:
        self.bus.held = False
        self.bus.lose()
        self.run(self.feed.look_again())
        self.deaf = False
        self.settle()

    # --- members ---

    @rule(index=st.integers(1, 2), role=st.sampled_from((Role.EDITOR, Role.VIEWER)))
    def let_in_or_put_out(self, index: int, role: Role) -> None:
        user = self.users[index].id
        members = self.model.members[self.team]
        command: Command[Any]
        if user in members:
            command = remove_member(self.team, user)
        else:
            command = add_member(self.team, user, role)
        audience = members | {user}
        self.run(self.change_members(command, audience))
        members ^= {user}
        found = self.run(self.raw.ask(Members(self.team)))
        assert {member.user for member in found} == members
        self.settle()

    async def change_members(self, command: Command[Any], audience: set[int]) -> None:
        before = self.model.log(self.enterprise).last
        await self.store.commit(command)
        (event,) = (await self.enterprise_events(before)).values()
        assert event.type in ("member.add", "member.remove")
        for stream in audience:
            self.model.log(stream).told.append(Told(event.id, EVERY_CLASS, event.type))
        self.model.log(self.enterprise).told.append(Told(event.id, ONLY_ALL, event.type))

    # --- what is kept ---

    @rule(kind=st.sampled_from(StreamKind), limit=st.sampled_from((1, 3, EVERYTHING)), then=readers)
    def trim(self, kind: StreamKind, limit: int, then: int) -> None:
        streams = [user.id for user in self.users] if kind is StreamKind.USER else [self.enterprise]
        before = {stream: self.model.log(stream).trimmed for stream in streams}

        removed = self.run(self.feed.trim(kind, self.clock() + 1, limit))

        states = self.run(self.raw.ask(StreamStates(tuple(streams))))
        for stream, state in zip(streams, states, strict=True):
            log = self.model.log(stream)
            assert before[stream] <= state.trimmed <= log.last == state.last, (
                "P9: trimming moved something else than the oldest kept"
            )
            log.trimmed = state.trimmed
        assert removed == sum(self.model.log(s).trimmed - before[s] for s in streams) <= limit
        self.settle()
        self.poll(then)

    @rule()
    def back_up(self) -> None:
        file = self.folder / f"backup-{next(self.files)}"
        self.run(self.raw.backup(file))
        self.backups.append((file, deepcopy(self.model)))

    @rule(index=st.integers(0, 9))
    @precondition(lambda self: bool(self.backups))
    def restore(self, index: int) -> None:
        file, model = self.backups[index % len(self.backups)]
        self.run(self.end_store())
        self.raw = self.run(self.restore_store(file))
        assert self.raw.epoch not in self.epochs, "P9: an epoch was used for another history"
        assert self.raw.epoch > max(self.epochs), "P9: an epoch went back"
        self.epochs.add(self.raw.epoch)
        self.model = deepcopy(model)
        self.model.epoch = self.raw.epoch
        self.followers.clear()
        self.start_feed()
        self.look_at_everything()

    @rule(ops=st.lists(storm_ops, max_size=8))
    def serve_again(self, ops: list[Op]) -> None:
        """Another process takes over: nothing is known to it, and all clients come again."""
        waited = [(poll.stream, poll.cls, poll.asked, poll.types) for poll in self.polls[-3:]]
        self.run(self.end_feed())
        self.start_feed()

        async def come() -> None:
            for stream, cls, asked, types in waited:
                self.wait(Reader(stream, StreamClass(cls), types=types), asked)

        self.run(self.storm_of(ops))
        self.run(come())
        self.settle()

    # --- everything ---

    def look_at_everything(self) -> None:
        self.run(self.compare())

    async def compare(self) -> None:
        for stream in (*(user.id for user in self.users), self.enterprise):
            for cls in StreamClass if stream != self.enterprise else (StreamClass.ALL,):
                reader = Reader(stream, cls)
                page = await self.raw.ask(ReadStream(stream, Marker.START, EVERYTHING, cls))
                last = self.model.log(stream).last
                assert page.state.last == last, "P1: something is missing, or came from nowhere"
                self.has_read(reader, Marker.START, EVERYTHING, page, last)
        for namespace in {*self.spaces, self.users[2].home}:
            await self.fold(namespace, Follower(), EVERYTHING)
        for namespace, follower in self.followers.items():
            await self.fold(namespace, follower, EVERYTHING)

    def wire(self, number: int) -> int:
        return self.model.epoch * (1 << NUMBER_BITS) + number


def copy_what_is_there(whence: str, to: str) -> None:
    """As `shutil.copy2`: what goes away meanwhile, such as a file that is being replaced, is
    left out."""
    with suppress(FileNotFoundError):
        shutil.copy2(whence, to)


class SqliteMachine(Machine):
    """The same over a database, whose server may also end, gently or not."""

    async def open_store(self) -> Store:
        self.data = self.folder / f"data-{next(self.files)}"
        return await SqliteStore.open(self.data, clock=self.clock)

    async def restore_store(self, file: Path) -> Store:
        await asyncio.to_thread(restore, file, self.data)
        return await SqliteStore.open(self.data, clock=self.clock)

    @rule()
    def start_again(self) -> None:
        self.run(self.end_store())
        self.open_again()

    @rule()
    def crash(self) -> None:
        """The files as they are at this moment are all that is left."""
        left = self.folder / f"data-{next(self.files)}"
        shutil.copytree(self.data, left, copy_function=copy_what_is_there)
        self.run(self.end_store())
        shutil.rmtree(self.data)
        (left / "wakeful.db-shm").unlink(missing_ok=True)
        self.data = left
        self.open_again()

    def open_again(self) -> None:
        self.raw = self.run(SqliteStore.open(self.data, clock=self.clock))
        assert self.raw.epoch == self.model.epoch, "P10: positions did not survive a restart"
        self.start_feed()
        self.look_at_everything()


class Quiet:
    """An observer that does not mind."""

    def woken(self, waiters: int) -> None: ...

    def gap_served(self) -> None: ...

    def backstop_found(self, streams: int) -> None: ...
