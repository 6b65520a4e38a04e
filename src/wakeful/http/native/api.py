"""The operations of the native dialect, as `/openapi.json` describes them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from wakeful.core.scopes import WRITE_SCOPE
from wakeful.dialects.native.batches import LONGEST_KEY, MOST
from wakeful.dialects.native.changes import WireChange
from wakeful.dialects.native.events import WireEvent
from wakeful.dialects.native.results import ChangesAnswer, EventsAnswer
from wakeful.http.description import Answer, Body, Operation, Parameter

_KEY = Parameter(
    "Idempotency-Key",
    "A request that comes again under its key is carried out once.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    "header",
)
_MANY = Meta(min_length=1, max_length=MOST)


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several changes, all or none."""

    changes: Annotated[list[WireChange], _MANY]


class Events(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several events, all or none."""

    events: Annotated[list[WireEvent], _MANY]


def _batch(one: Any, many: Any, example: Any) -> Body:
    return Body(
        one | Annotated[list[one], _MANY] | many,
        "One, a list, or an object with a list.",
        example=example,
    )


PUBLISH_CHANGES = Operation(
    "Publish changes of files and folders",
    {200: Answer(ChangesAnswer, "Done, and durable")},
    parameters=(_KEY,),
    body=_batch(WireChange, Changes, {"kind": "upload", "path": "/docs/report.pdf", "size": 4096}),
    refusals=(404, 409, 413),
    scope=WRITE_SCOPE,
)

PUBLISH_EVENTS = Operation(
    "Publish events that change no file",
    {200: Answer(EventsAnswer, "Done, and durable")},
    parameters=(_KEY,),
    body=_batch(WireEvent, Events, {"type": "LOGIN", "ip": "192.0.2.1"}),
    refusals=(404, 409, 413),
    scope=WRITE_SCOPE,
)
