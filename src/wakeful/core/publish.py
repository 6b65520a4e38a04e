"""Commands that put changes into the feed.

Rule 1: a batch is all or none. Its events are appended in one step at the end, so that
a store can take the heads of all streams in one order.

Rule 2: a producer that repeats a request under the same idempotency key adds nothing and
gets the same answer; another request under that key is refused (KeyReused).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from wakeful.core.batch import Batch
from wakeful.core.changes import Applied, Change
from wakeful.core.errors import KeyReused, NotFound
from wakeful.core.events import Receipt
from wakeful.core.finding import Lineage
from wakeful.core.items import Item
from wakeful.core.lookups import Remember, Remembered
from wakeful.core.lookups.people import UserById
from wakeful.core.people import User
from wakeful.core.seeds import fresh_seed
from wakeful.core.terms import FREELY, Terms
from wakeful.core.tree import TreeRules
from wakeful.core.writes import Append, Command, PutRemembered, Steps


class Published(msgspec.Struct, frozen=True):
    """What became of a batch: the items of its changes, and a receipt for each event, in order.

    `replayed` marks the answer to a repeated request.
    """

    applied: Applied
    receipts: tuple[Receipt, ...]
    replayed: bool = False


class Key(msgspec.Struct, frozen=True):
    """An idempotency key: text of the producer's choice, in the scope of one grant, with the
    SHA-256 of the request that came under it."""

    grant: int
    text: str
    digest: bytes


Changes = tuple[Change, ...] | Callable[[], Steps[tuple[Change, ...]]]
"""What is to be carried out, or the steps that find it out in the same commit."""


class Acted(NamedTuple):
    """What became of an action: the items of its changes, and what the last of them changed, with
    all above it as it is in the same commit. Nothing is above what was purged."""

    items: tuple[Item | None, ...]
    last: Lineage


def act(actor: int, changes: tuple[Change, ...], terms: Terms) -> Command[Acted]:
    """As `publish`, for whoever is answered with what the last of *changes* changed."""
    seed = fresh_seed()

    def steps(now: int) -> Steps[Acted]:
        batch = yield from begin_batch(actor, now, seed, terms)
        applied = yield from TreeRules(batch).apply(changes)
        if batch.entries:
            yield Append(tuple(batch.entries))
        item = applied.items[-1]
        if item is None:
            return Acted(applied.items, ())
        batch.census.forget_lineages()
        return Acted(applied.items, (yield from batch.census.lineage(item.id)))

    return steps


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Published)


def publish(
    actor: int, changes: Changes, key: Key | None = None, terms: Terms = FREELY
) -> Command[Published]:
    """The command that carries out *changes* in the name of user *actor*, as *terms* allow.

    Raises what *changes* and `core.tree` raise, KeyReused, and NotFound for an actor that is gone.
    """
    seed = fresh_seed()

    def steps(now: int) -> Steps[Published]:
        found = changes if isinstance(changes, tuple) else (yield from changes())
        if key is not None:
            before: Remembered | None = yield Remember(key.grant, key.text)
            if before is not None:
                if before.digest != key.digest:
                    raise KeyReused("this idempotency key was used for another request")
                return msgspec.structs.replace(_decoder.decode(before.answer), replayed=True)
        batch = yield from begin_batch(actor, now, seed, terms)
        applied = yield from TreeRules(batch).apply(found)
        receipts: tuple[Receipt, ...] = ()
        if batch.entries:
            numbers: tuple[dict[int, int], ...] = yield Append(tuple(batch.entries))
            receipts = tuple(
                [
                    Receipt(entry.event.id, given)
                    for entry, given in zip(batch.entries, numbers, strict=True)
                ]
            )
        published = Published(applied, receipts)
        if key is not None:
            answer = _encoder.encode(published)
            yield PutRemembered(key.grant, key.text, Remembered(key.digest, answer))
        return published

    return steps


def begin_batch(actor: int, now: int, seed: bytes, terms: Terms) -> Steps[Batch]:
    """A batch of user *actor*, with ids of events from a random *seed*. Raises NotFound."""
    user: User | None = yield UserById(actor)
    if user is None:
        raise NotFound(f"no user {actor}")
    return Batch(user, now, event_ids(seed), terms)


def event_ids(seed: bytes) -> Iterator[str]:
    """Ids of 40 hex digits, each of them once, from a random *seed* of at most 16 bytes."""
    # A hash would look nicer, and cost three times as much: a twelfth of what an event costs.
    begin, index = seed.hex().rjust(32, "0"), 0
    while True:
        yield f"{begin}{index:08x}"
        index += 1
