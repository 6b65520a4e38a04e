"""What a route takes and answers, said beside the route; `/openapi.json` is made of it.

Rule: a route is declared by its operations, and takes the methods that they describe and no others:
what is not described is not routed.

    Described("/files/{id}", routes.file, GET=Operation("Read a file", {200: Answer(File)}))

Shapes are msgspec types, which the code reads and writes, or a JSON Schema where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec
from starlette.routing import Route

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema, as OpenAPI 3.1 takes it."""

TEXT: Schema = {"type": "string"}
NATURAL: Schema = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
FLAG: Schema = {
    "anyOf": [
        {"type": "boolean"},
        {"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[01])?$"},
    ]
}
BYTES: Schema = {"type": "string", "format": "binary"}


class Parameter(msgspec.Struct, frozen=True):
    """One value beside the body. Those in the path are always required."""

    name: str
    about: str
    schema: Schema = msgspec.field(default_factory=lambda: TEXT)
    where: Literal["query", "header", "path"] = "query"
    required: bool = False
    example: str | int | None = None


class Body(msgspec.Struct, frozen=True):
    """The body of a request: *shape* is a msgspec type or a schema; *media* its type, of several
    the first is the usual one."""

    shape: Any
    about: str = ""
    media: tuple[str, ...] = ("application/json",)
    required: bool = True
    example: Any = None


class Answer(msgspec.Struct, frozen=True):
    """One answer: *shape* is a msgspec type, a schema, or None for an empty body; *headers* are
    names with what they say. *is_chosen* where `fields` leaves out what is not asked for."""

    shape: Any = None
    about: str = ""
    media: str = "application/json"
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    is_chosen: bool = False


class Operation(msgspec.Struct, frozen=True):
    """What one method does.

    `refusals` are the statuses of errors, in the dialect's own form, beside those that every
    operation has. `is_open` where no token is needed; `scope` is what the grant needs.
    """

    summary: str
    answers: Mapping[int, Answer]
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    refusals: tuple[int, ...] = ()
    is_open: bool = False
    scope: str | None = None


class Described(Route):
    """A route whose methods are those of its operations (and HEAD, where there is GET)."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **operations: Operation) -> None:
        super().__init__(path, endpoint, methods=list(operations))
        self.operations: Mapping[str, Operation] = operations
