"""The fields of an object that a client of the Box dialect asks for by name."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

from wakeful.core.events import Snapshot
from wakeful.dialects.box import parameters
from wakeful.dialects.box.items import item_full, item_noted
from wakeful.dialects.box.parameters import Fields
from wakeful.http.schemas import ALWAYS_CHOSEN

_ALWAYS = ALWAYS_CHOSEN | {"total_count"}  # of a list within an object


def asked_fields(request: Request) -> Fields | None:
    return parameters.parse_fields(request.query_params.get("fields"))


def shown(request: Request, item: Snapshot, now: int) -> object:
    """A file or a folder as it is at *now* (ms), with the fields that *request* asks for."""
    fields = asked_fields(request)
    if fields is None:
        return item_full(item, now)
    return chosen(item_noted(item, now), fields)


def chosen(shape: msgspec.Struct, fields: Fields | None) -> object:
    """The *fields* of *shape*, and those that Box always gives; all where none are named.

    What *shape* does not have is left out.
    """
    if fields is None:
        return shape
    return _chosen(msgspec.to_builtins(shape), fields)


def _chosen(value: Any, fields: Fields) -> Any:
    if isinstance(value, list | tuple):
        return [_chosen(each, fields) for each in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, inner in value.items():
        if name in fields:
            within = fields[name]
            found[name] = _chosen(inner, within) if within else inner
        elif name in _ALWAYS:
            found[name] = inner
    return found
