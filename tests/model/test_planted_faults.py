"""Faults that the model test must catch: each is planted in turn, and the machine must fail.

A test suite that never fails proves nothing. Every fault here was made by somebody, somewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.model.machine import Machine
from tests.model.stages import StagedBus, StagedStore
from wakeful.core import batch, census, journal, publish, telling
from wakeful.core.batch import Batch
from wakeful.core.census import Census
from wakeful.core.changes import Circle, Tell
from wakeful.core.events import EVERY_CLASS, Head, Receipt, encode
from wakeful.core.finding import Finder
from wakeful.core.items import Item
from wakeful.core.lookups import Remember
from wakeful.core.lookups.streams import StreamStates
from wakeful.core.ports import Hints, Store, StreamKind, WakeBus
from wakeful.core.positions import Asked, Marker, Place, StreamState, place, split
from wakeful.core.writes import Command, JournalMove, PutRemembered, Steps
from wakeful.feed import Feed, Observer
from wakeful.filtered import FilteredWaits, Looking
from wakeful.stores.memory import streams
from wakeful.stores.memory.journals import Journals
from wakeful.waking import Waiter

T = TypeVar("T")

HISTORIES = 150  # far more than are needed: it ends with the first that shows the fault


JOURNAL = "the journal|a row came"


def shows(machine: type[Machine], check: str, histories: int = HISTORIES) -> None:
    """Fail unless random histories of *machine* end in a failed check like *check*."""
    with capture_logs(), pytest.raises(BaseException, match=check) as caught:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=histories,
                derandomize=True,
                stateful_step_count=40,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert isinstance(caught.value, (AssertionError, BaseExceptionGroup))


def with_feed(feed: type[Feed]) -> type[Machine]:
    return type("FaultyMachine", (Machine,), {"feed_type": feed})


# --- the feed ---


class EagerStore(StagedStore):
    """Tells of a commit before it is one."""

    async def commit(self, command: Command[T]) -> T:
        told: list[Hints] = []
        for stream, head in self.heads.items():
            told.append({stream: tuple(number + 1 for number in head)})
        for hints in told:
            self.tell(hints)
        for _ in range(3):
            await asyncio.sleep(0)
        return await super().commit(command)

    def on_commit(self, heard: Callable[[Hints], None]) -> None:
        self.heads: dict[int, Head] = {}

        def remember(hints: Hints) -> None:
            self.heads.update(
                {s: head for s, head in hints.items() if isinstance(s, int) and len(head) > 1}
            )
            heard(hints)

        self.tell = heard
        super().on_commit(remember)


def test_a_wake_before_the_commit_is_caught() -> None:
    shows(type("FaultyMachine", (Machine,), {"store_type": EagerStore}), "P[56]")


class LooksFirst(Feed):
    """Looks for what is there, and registers when it has seen that there is nothing."""

    def wait(self, waiter: Waiter, asked: Asked) -> None:
        waiter.after = 1 << 62
        self._looks._looker = asyncio.ensure_future(self._look_then_register(waiter, asked))

    async def _look_then_register(self, waiter: Waiter, asked: Asked) -> None:
        (state,) = await self._store.ask(StreamStates((waiter.stream,)))
        self._heads.setdefault(waiter.stream, state.head)
        self._register(waiter)
        self._park(waiter, place(asked, state), state.head)


def test_a_look_before_the_registration_is_caught() -> None:
    shows(with_feed(LooksFirst), "P[468]")


class ForgetsOne(Feed):
    """Keeps one waiter for each stream."""

    def _register(self, waiter: Waiter) -> None:
        self._waiters[waiter.stream] = waiter
        self._count = len(self._waiters)


def test_a_waiter_that_is_forgotten_is_caught() -> None:
    shows(with_feed(ForgetsOne), "P[48]")


class ParksOneOff(Feed):
    """Takes the number that is next for the one that was last."""

    def _park(self, waiter: Waiter, found: Place, head: Head) -> None:
        super()._park(waiter, Place(found.number + 1, found.gap), head)


def test_a_place_that_is_off_by_one_is_caught() -> None:
    shows(with_feed(ParksOneOff), "P4")


class ClasslessBus(StagedBus):
    """Says that a stream has grown, but not in which class."""

    def tell(self, hints: Hints) -> None:
        super().tell({stream: (max(head),) * 3 for stream, head in hints.items()})


def test_a_hint_without_classes_is_caught() -> None:
    shows(type("FaultyMachine", (Machine,), {"bus_type": ClasslessBus}), "P6")


class StaleHeads(Feed):
    """Wakes who waits, and forgets that the stream has grown for who comes later."""

    def _rise(self, stream: int, head: Head) -> None:
        before = self._heads[stream]
        super()._rise(stream, head)
        if any(before):
            self._heads[stream] = before


def test_a_head_from_a_stale_cache_is_caught() -> None:
    shows(with_feed(StaleHeads), "P[46]")


class BelievesReads(Feed):
    """Takes the state in a page for the newest, though a commit may have overtaken it."""

    def _learn(self, stream: int, state: StreamState) -> None:
        self._know(stream, state.trimmed, state.head)


def test_a_head_from_a_page_that_was_overtaken_is_caught() -> None:
    shows(with_feed(BelievesReads), "P4")


class WakesTheGone(Feed):
    """Does not notice that a waiter has left while it was queued."""

    def leave(self, waiter: Waiter) -> None:
        self._unregister(waiter)


def test_a_wake_of_who_has_left_is_caught() -> None:
    shows(with_feed(WakesTheGone), "P6|P8")


class TrimsBehindItsBack(Feed):
    """Lets the store trim, and goes on with what it knew."""

    async def trim(self, kind: StreamKind, before: int, limit: int) -> int:
        return (await self._store.trim(kind, before, limit)).rows


def test_a_cache_that_does_not_hear_of_trimming_is_caught() -> None:
    shows(with_feed(TrimsBehindItsBack), "P6")


# --- waits that are filtered by type ---


def with_filtered(waits: type[FilteredWaits]) -> type[Machine]:
    class FaultyFeed(Feed):
        def __init__(self, store: Store, bus: WakeBus, observer: Observer) -> None:
            super().__init__(store, bus, observer)
            self._filtered = waits(store, self._wake_later)

    return with_feed(FaultyFeed)


class KeepsOne(FilteredWaits):
    """Keeps one waiter for each stream."""

    def wait(self, waiter: Looking) -> None:
        self._by_stream.pop(waiter.stream, None)
        super().wait(waiter)


def test_a_filtered_waiter_that_is_forgotten_is_caught() -> None:
    shows(with_filtered(KeepsOne), "P[48]")


class TrustsHints(FilteredWaits):
    """Wakes whoever waits on a stream that has grown, without a look."""

    def heard(self, hints: Hints) -> None:
        for stream in self._by_stream.keys() & hints.keys():
            waiters = tuple(self._by_stream[stream])
            for waiter in waiters:
                self.leave(waiter)
            self._wake(waiters)


def test_a_filtered_wake_without_a_look_is_caught() -> None:
    shows(with_filtered(TrustsHints), "P6")


class MisnamingBus(StagedBus):
    """Names another type than that of the event."""

    def tell(self, hints: Hints) -> None:
        super().tell(
            {
                (name[0], name[1] + "?") if isinstance(name, tuple) else name: head
                for name, head in hints.items()
            }
        )


def test_a_hint_of_the_wrong_type_is_caught() -> None:
    shows(type("FaultyMachine", (Machine,), {"bus_type": MisnamingBus}), "P4")


class TypelessBus(StagedBus):
    """Says that a stream has grown, but not by which types: no fault, for looks decide."""

    def tell(self, hints: Hints) -> None:
        super().tell({name: head for name, head in hints.items() if isinstance(name, int)})


def test_hints_without_types_lose_nothing() -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        shows(type("FaultyMachine", (Machine,), {"bus_type": TypelessBus}), ".", histories=20)


# --- the rules and the store ---


def test_a_position_of_another_epoch_taken_for_one_of_this_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = place

    def epochless(asked: Asked, state: StreamState) -> Place:
        if not isinstance(asked, Marker):
            asked = (state.epoch << 40) | split(asked)[1]
        return honest(asked, state)

    monkeypatch.setattr(streams, "place", epochless)

    shows(Machine, "P[4569]")


def test_a_page_that_goes_on_one_too_far_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = streams.Streams.read

    def read(self: streams.Streams, lookup: Any) -> Any:
        page = honest(self, lookup)
        return replace(page, next=page.next + 1)

    monkeypatch.setattr(streams.Streams, "read", read)

    shows(Machine, "P2")


def test_a_folder_renumbered_without_what_is_in_it_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = Journals.move

    def move(self: Journals, write: JournalMove, now: int) -> None:
        if (write.namespace, write.path) != (write.to_namespace, write.to_path):
            return honest(self, write, now)
        (row, *_) = self._live(write.namespace, write.path)
        return self._put(write.namespace, row.path, row.item, row.mount, write.spelling, now)

    monkeypatch.setattr(Journals, "move", move)

    shows(Machine, JOURNAL)


def test_a_tombstone_that_is_lost_at_a_change_of_name_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def move(self: Journals, write: JournalMove, now: int) -> None:
        for row in self._live(write.namespace, write.path):
            path = write.to_path + row.path[len(write.path) :]
            self._put(write.to_namespace, path, row.item, row.mount, row.spelling, now)

    monkeypatch.setattr(Journals, "move", move)

    shows(Machine, JOURNAL)


def test_a_key_that_passes_from_one_item_to_another_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def free_key(namespace: int, folder: str, name: str, *, item: int | None = None) -> Steps[str]:
        yield from ()
        return journal.fold(name)

    monkeypatch.setattr(batch, "free_key", free_key)

    shows(Machine, JOURNAL, histories=4 * HISTORIES)


def test_the_answer_to_the_request_of_another_grant_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publish, "Remember", lambda grant, key: Remember(1, key))
    monkeypatch.setattr(
        publish, "PutRemembered", lambda grant, key, answer: PutRemembered(1, key, answer)
    )

    shows(Machine, "P3")


def test_receipts_with_numbers_that_are_off_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def receipt(event: str, numbers: Mapping[int, int]) -> Receipt:
        return Receipt(event, {stream: number + 1 for stream, number in numbers.items()})

    monkeypatch.setattr(publish, "Receipt", receipt)

    shows(Machine, "P2")


def test_an_audience_that_is_too_large_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = census.Census.audience

    def audience(self: census.Census, namespace: int) -> Steps[dict[int, int]]:
        streams = yield from honest(self, namespace)
        return {self.actor.id: EVERY_CLASS, self.actor.id + 3: EVERY_CLASS} | streams

    monkeypatch.setattr(census.Census, "audience", audience)

    shows(Machine, "P7")


def test_a_circle_that_is_ignored_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = telling._hearers

    def hearers(
        census: Census, change: Tell, actor: int, item: Item | None
    ) -> Steps[tuple[int, ...]]:
        yield from ()
        return (yield from honest(census, replace(change, circle=Circle.MEMBERS), actor, item))

    monkeypatch.setattr(telling, "_hearers", hearers)

    shows(Machine, "P7")


def test_an_actor_who_is_told_to_have_seen_too_much_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sight(batch: Batch, actor: int | None) -> Steps[tuple[Census, Finder]]:
        yield from ()
        return batch.census, batch.finder

    monkeypatch.setattr(telling, "_sight", sight)

    shows(Machine, "P7: told of what its actor may not see")


def test_a_repeated_request_that_is_carried_out_again_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publish, "Remember", lambda grant, key: Remember(0, key))

    shows(Machine, "P3")


def test_an_event_that_changes_when_it_is_kept_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        streams, "encode", lambda event: encode(replace(event, id=event.id[:-1] + "0"))
    )

    shows(Machine, "P[135]")


# --- and without a fault ---


def test_histories_show_nothing_where_nothing_is_planted() -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        shows(Machine, ".", histories=20)
