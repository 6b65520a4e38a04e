"""The fields of an object that a client of the Box dialect asks for by name."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

from wakeful.dialects.box import parameters


def asked_fields(request: Request) -> frozenset[str] | None:
    return parameters.parse_fields(request.query_params.get("fields"))


def chosen(shape: msgspec.Struct, fields: frozenset[str] | None) -> object:
    """The *fields* of *shape*, and those that Box always gives; all where none are named."""
    if fields is None:
        return shape
    wanted = fields | {"type", "id", "etag"}
    chosen: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(shape).items()
        if name in wanted and value is not msgspec.UNSET
    }
    return chosen
