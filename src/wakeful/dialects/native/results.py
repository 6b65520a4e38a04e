"""What a producer is answered, after fsync."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wakeful.core.items import Item
from wakeful.core.positions import position
from wakeful.core.publish import Published
from wakeful.dialects.box.marks import marked
from wakeful.dialects.box.parameters import EnterpriseStream


class ItemResult(msgspec.Struct, frozen=True, gc=False):
    """An item as it is after a change. `etag` rises with every change of it."""

    id: str
    type: str
    name: str
    etag: str
    sequence_id: str


class ChangeResult(msgspec.Struct, frozen=True, gc=False):
    """`item` is null after a deletion."""

    item: ItemResult | None


class EventResult(msgspec.Struct, frozen=True, gc=False):
    """An event, and where it stands: a reader at `position` has seen it.

    `position` is that in the stream of whoever asked, null where it does not show the event;
    `enterprise_position` is told to admins only.
    """

    id: str
    position: int | None
    enterprise_position: int | msgspec.UnsetType = msgspec.UNSET


class ChangesAnswer(msgspec.Struct, frozen=True):
    """Of `POST /v1/changes`: a result for each change, and the events that they made."""

    changes: tuple[ChangeResult, ...]
    events: tuple[EventResult, ...]
    replayed: bool


class EventsAnswer(msgspec.Struct, frozen=True):
    """Of `POST /v1/events`."""

    events: tuple[EventResult, ...]
    replayed: bool


def changes_answer(
    published: Published, epoch: int, user: int, enterprise: int | None
) -> ChangesAnswer:
    """*user* is who asked; *enterprise* is None for somebody who may not read its stream."""
    results = tuple(
        [ChangeResult(None if item is None else _item(item)) for item in published.applied.items]
    )
    return ChangesAnswer(results, _events(published, epoch, user, enterprise), published.replayed)


def events_answer(
    published: Published, epoch: int, user: int, enterprise: int | None
) -> EventsAnswer:
    return EventsAnswer(_events(published, epoch, user, enterprise), published.replayed)


def _events(
    published: Published, epoch: int, user: int, enterprise: int | None
) -> tuple[EventResult, ...]:
    return tuple(
        [
            EventResult(
                receipt.event,
                _position(receipt.numbers, epoch, user),
                msgspec.UNSET
                if enterprise is None
                else _enterprise_position(receipt.numbers, epoch, enterprise),
            )
            for receipt in published.receipts
        ]
    )


def _position(numbers: Mapping[int, int], epoch: int, stream: int) -> int | None:
    number = numbers.get(stream)
    return None if number is None else position(epoch, number)


def _enterprise_position(
    numbers: Mapping[int, int], epoch: int, enterprise: int
) -> int | msgspec.UnsetType:
    found = _position(numbers, epoch, enterprise)
    return msgspec.UNSET if found is None else marked(found, EnterpriseStream.BY_ARRIVAL)


def _item(item: Item) -> ItemResult:
    revision = str(item.revision)
    return ItemResult(str(item.id), item.kind.value, item.name, revision, revision)
