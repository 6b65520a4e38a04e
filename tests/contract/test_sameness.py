"""Every store behaves like the simplest one, whatever is done to them."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from tests.contract.conftest import Timepiece
from tests.contract.things import A_FILE, A_FOLDER, Wrong, an_enterprise, do, entry
from wakeful.core.credentials import Token
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, Head, StreamClass
from wakeful.core.lookups import Lookup, NewIds, Remember, Remembered, Setting
from wakeful.core.lookups.credentials import AssertionUsed, TokenById, TokensOfGrant
from wakeful.core.lookups.journals import JournalAt, JournalHeads, ListJournal, ReadJournal
from wakeful.core.lookups.streams import LastKey, ReadStream, ReadTimeline, StreamStates
from wakeful.core.lookups.trees import (
    Children,
    CountTrashed,
    ItemsOf,
    Lineage,
    SpaceUsed,
    SubtreeSize,
    Trashed,
    TrashedBefore,
)
from wakeful.core.ports import Grown, Hints, Store, StreamKind
from wakeful.core.positions import Marker, Since, position
from wakeful.core.writes import (
    Append,
    JournalDrop,
    JournalMove,
    JournalPut,
    PutAssertion,
    PutItems,
    PutRemembered,
    PutSetting,
    PutToken,
    RehomeSubtree,
    RemoveSubtree,
    Write,
)
from wakeful.stores.memory import MemoryStore
from wakeful.stores.sqlite import SqliteStore

STREAMS = (1, 2, 3, 4)  # 1 is an enterprise
NAMESPACES = (10, 11)
ITEMS = range(100, 112)

streams = st.sampled_from(STREAMS)
namespaces = st.sampled_from(NAMESPACES)
items = st.sampled_from(ITEMS)
segments = st.sampled_from(["a", "b", "a b", "a.", "a0", "é", "\uffff", "😀"])
paths = st.lists(segments, min_size=1, max_size=4).map("/".join)
masks = st.sampled_from([ONLY_ALL, EVERY_CLASS, ONLY_ALL | StreamClass.SYNC.bit])
texts = st.sampled_from(["k", "l", "m"])
small = st.integers(0, 5)


@st.composite
def an_item(draw: st.DrawFn) -> Any:
    id = draw(items)
    # A parent has a smaller id, so that there are no rings.
    parent = draw(st.sampled_from([None, *range(ITEMS.start, id)]))
    name = draw(segments)
    return replace(
        draw(st.sampled_from([A_FILE, A_FOLDER])),
        id=id,
        parent=parent,
        namespace=draw(namespaces),
        name=name,
        key=name.casefold(),
        revision=draw(small),
        trashed_at=draw(st.sampled_from([None, None, 7])),
    )


@st.composite
def a_token(draw: st.DrawFn) -> PutToken:
    id = draw(st.integers(1, 20))
    expires_at = draw(st.one_of(st.none(), st.integers(0, 5_000)))
    return PutToken(Token(id, bytes([id]), draw(st.sampled_from([1, 2])), "", 0, expires_at, None))


a_move = st.builds(JournalMove, namespaces, paths, namespaces, paths)
appended = st.builds(
    Append,
    st.lists(
        st.builds(entry, texts, st.dictionaries(streams, masks), st.integers(-500, 9_000)),
        max_size=4,
    ).map(tuple),
)
others: st.SearchStrategy[Write | Lookup[Any]] = st.one_of(
    st.builds(JournalPut, namespaces, paths, items, st.sampled_from([None, None, 11])),
    st.builds(JournalDrop, namespaces, paths),
    a_move,
    st.builds(PutItems, st.lists(an_item(), max_size=5).map(tuple)),
    st.builds(RemoveSubtree, items),
    st.builds(RehomeSubtree, items, namespaces),
    st.builds(PutSetting, texts, st.sampled_from([None, b"", b"v"])),
    st.builds(PutRemembered, st.sampled_from([1, 2]), texts, st.just(Remembered(b"d", b"a"))),
    st.builds(PutAssertion, st.sampled_from([1, 2]), texts, st.integers(0, 5_000)),
    a_token(),
    st.builds(NewIds, st.integers(1, 4)),
    st.builds(ReadJournal, namespaces, small, small),
    st.builds(ReadStream, streams, st.just(Marker.START), small, st.sampled_from(StreamClass)),
    st.builds(StreamStates, st.lists(streams, max_size=3).map(tuple)),
    st.builds(LastKey),
)


@st.composite
def a_command(draw: st.DrawFn) -> list[Any]:
    """Steps; at most one of them appends, and some end in an error."""
    steps: list[Any] = draw(st.lists(others, max_size=6))
    if draw(st.booleans()):
        steps.insert(draw(st.integers(0, len(steps))), draw(appended))
    if draw(st.integers(0, 4)) == 0:
        steps.append(Wrong())
    return steps


EVERYTHING: list[Lookup[Any]] = [
    LastKey(),
    StreamStates(STREAMS),
    *(
        ReadStream(stream, asked, limit, cls)
        for stream in STREAMS
        for cls in StreamClass
        for asked, limit in ((Marker.START, 1_000), (Marker.NOW, 5), (position(1, 2), 2))
    ),
    *(
        ReadStream(stream, asked, limit, types=types)
        for stream in (1, 2)
        for types in (None, frozenset({"k"}), frozenset({"l", "m", "never"}), frozenset({"\ud800"}))
        for asked, limit in ((Marker.START, 1_000), (position(1, 2), 2), (Since(1_500), 3))
    ),
    *(
        ReadTimeline(stream, asked, limit, types, after, before)
        for stream in (1, 2)
        for types in (None, frozenset({"k"}), frozenset({"l", "m", "never"}))
        for asked, limit in ((Marker.START, 1_000), (position(1, 2), 2), (1, 0), (2, 5))
        for after, before in ((None, None), (1_200, 2_000), (-(2**70), 2**70))
    ),
    *(ReadTimeline(1, asked, 3) for asked in (Marker.NOW, position(2, 1), position(1, 0), 2**39)),
    *(ReadJournal(namespace, after, 1_000) for namespace in NAMESPACES for after in (0, 5)),
    JournalHeads(NAMESPACES),
    *(SpaceUsed(namespace) for namespace in NAMESPACES),
    *(SubtreeSize(item) for item in ITEMS),
    *(
        ListJournal(namespace, after, limit, under, deep, buried_after)
        for namespace in NAMESPACES
        for after, limit, buried_after in ((0, 1_000, 0), (3, 2, 6))
        for under in ("", "a", "a b/é")
        for deep in (True, False)
    ),
    *(JournalAt(namespace, "a") for namespace in NAMESPACES),
    *(ItemsOf(namespace, 0, 1_000) for namespace in NAMESPACES),
    *(Lineage(item) for item in ITEMS),
    *(Children(item, 0, 100) for item in ITEMS),
    Trashed(NAMESPACES, 0, 100),
    *(TrashedBefore(before, (0, 0), 100) for before in (0, 5, 2**40)),
    CountTrashed(NAMESPACES),
    *(Setting(name) for name in ("k", "l", "m")),
    *(AssertionUsed(app, jti) for app in (1, 2) for jti in ("k", "l", "m")),
    *(TokenById(id) for id in range(1, 21)),
    *(TokensOfGrant(grant) for grant in (1, 2)),
    *(Remember(grant, key) for grant in (1, 2) for key in ("k", "l", "m")),
]


class Sameness(RuleBasedStateMachine):
    """Does the same to a store in memory and to one on the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Timepiece()
        self.clock.now = 1_000
        self.heads: list[dict[Grown, Head]] = [{}, {}]

    @initialize()
    def begin(self) -> None:
        self.memory: Store = self.runner.run(self.opened_memory())
        self.disk: Store = self.runner.run(self.opened_disk())
        self.listen()
        self.both(lambda store: store.commit(do(an_enterprise(1))))

    async def opened_memory(self) -> Store:
        return MemoryStore(clock=self.clock)

    async def opened_disk(self) -> Store:
        return await SqliteStore.open(Path(self.folder.name), clock=self.clock)

    def listen(self) -> None:
        for store, heads in zip((self.memory, self.disk), self.heads, strict=True):

            def heard(hints: Hints, heads: dict[Grown, Head] = heads) -> None:
                heads.update(hints)

            store.on_commit(heard)

    def both(self, what: Any) -> None:
        """Both stores answer the same, or raise the same."""

        async def outcome(store: Store) -> Any:
            try:
                return await what(store)
            except Wrong as error:
                return type(error)

        assert self.runner.run(outcome(self.memory)) == self.runner.run(outcome(self.disk))

    @rule(steps=a_command())
    def commit(self, steps: list[Any]) -> None:
        self.both(lambda store: store.commit(do(*steps)))

    @rule(commands=st.lists(a_command(), min_size=2, max_size=6))
    def commit_together(self, commands: list[list[Any]]) -> None:
        async def together(store: Store) -> list[Any]:
            outcomes = await asyncio.gather(
                *(store.commit(do(*steps)) for steps in commands), return_exceptions=True
            )
            return [type(one) if isinstance(one, Wrong) else one for one in outcomes]

        self.both(together)

    @rule(by=st.integers(0, 1_000))
    def time_passes(self, by: int) -> None:
        self.clock.now = (self.clock.now or 0) + by

    @rule(by=st.just(8 * 24 * 3600 * 1000))
    def a_week_passes(self, by: int) -> None:
        self.clock.now = (self.clock.now or 0) + by

    @rule(kind=st.sampled_from(StreamKind), back=st.integers(-10, 1_500), limit=st.integers(1, 5))
    def trim(self, kind: StreamKind, back: int, limit: int) -> None:
        before = (self.clock.now or 0) - back
        self.both(lambda store: store.trim(kind, before, limit))

    @rule(back=st.integers(-10, 1_500), limit=st.integers(1, 5))
    def trim_journals(self, back: int, limit: int) -> None:
        before = (self.clock.now or 0) - back
        self.both(lambda store: store.trim_journals(before, limit))

    @rule()
    def open_again(self) -> None:
        self.runner.run(self.disk.close())
        self.disk = self.runner.run(self.opened_disk())
        self.listen()

    @invariant()
    def same(self) -> None:
        async def everything(store: Store) -> list[Any]:
            return [await store.ask(lookup) for lookup in EVERYTHING]

        self.both(everything)
        assert self.heads[0] == self.heads[1]

    def teardown(self) -> None:
        self.runner.run(self.disk.close())
        self.runner.close()
        self.folder.cleanup()


Sameness.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestSameness = Sameness.TestCase
