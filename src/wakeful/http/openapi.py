"""The description of the whole API as an OpenAPI 3.1 document, made from the routes themselves.

Rule 1: a path, a method or a status stands here because the route that answers it says so.

Rule 2: a shape is the schema of the type that the code reads or writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.routing import BaseRoute, Mount

from wakeful.http.description import Answer, Body, Described, Operation, Parameter
from wakeful.http.dialect import Dialect, ErrorForm
from wakeful.http.schemas import Schemas

VERSION = "3.1.1"

_PLACEHOLDER = re.compile(r"\{(\w+)(?::\w+)?\}")
_BEARER = "bearer"
_FOR_ALL = (500, 503)
_WITH_TOKEN = (400, 401, 403, 429)
_RETRY_AFTER = {429, 503}

AS_USER = Parameter(
    "As-User",
    "Act for this user of the enterprise; for admins only.",
    {"type": "string", "pattern": "^[0-9]{1,18}$"},
    "header",
)


class Endpoint(NamedTuple):
    """An operation, where it is found, and the form of its errors."""

    method: str
    path: str
    operation: Operation
    errors: ErrorForm


def endpoints(dialect: Dialect, prefix: str = "") -> Iterator[Endpoint]:
    """The operations of all routes of *dialect* and of those mounted in it."""
    for route in dialect.routes:
        yield from _of_route(route, dialect, prefix)


def _of_route(route: BaseRoute, dialect: Dialect, prefix: str) -> Iterator[Endpoint]:
    match route:
        case Mount(app=Dialect() as inner):
            yield from endpoints(inner, prefix + route.path)
        case Described():
            path = _PLACEHOLDER.sub(r"{\1}", prefix + route.path)
            for method, operation in route.operations.items():
                yield Endpoint(method, path, operation, dialect.errors)
        case _:
            raise TypeError(f"{route!r} does not say what it takes and answers")


def document(found: Iterable[Endpoint], *, title: str, version: str) -> dict[str, Any]:
    """The OpenAPI document of *found*."""
    listed = list(found)
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        methods = paths.setdefault(endpoint.path, {})
        methods[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": VERSION,
        "info": {"title": title, "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {_BEARER: {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    operation = endpoint.operation
    parameters = list(operation.parameters)
    if not operation.is_open:
        parameters.append(AS_USER)
    described: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": operation.summary,
        "security": [] if operation.is_open else [{_BEARER: []}],
        "parameters": [_parameter(each) for each in parameters],
        "responses": {
            str(status): _response(status, answer, schemas)
            for status, answer in sorted(_answers(endpoint).items())
        },
    }
    about = " ".join(_sentences(operation))
    if about:
        described["description"] = about
    if operation.body is not None:
        described["requestBody"] = _body(operation.body, schemas)
    return described


def _sentences(operation: Operation) -> Iterator[str]:
    if operation.about:
        yield operation.about
    if operation.scope is not None:
        yield f"Needs the scope `{operation.scope}`."


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", endpoint.path.replace(".", "_"))
    return "_".join((endpoint.method.lower(), *words))


def _answers(endpoint: Endpoint) -> Mapping[int, Answer]:
    operation = endpoint.operation
    refusals = {*operation.refusals, *_FOR_ALL}
    if not operation.is_open:
        refusals.update(_WITH_TOKEN)
    told = {status: endpoint.errors.answer(status) for status in refusals}
    return told | dict(operation.answers)


def _parameter(parameter: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.about,
        "required": parameter.required or parameter.where == "path",
        "schema": dict(parameter.schema),
    }
    if parameter.example is not None:
        told["example"] = parameter.example
    return told


def _body(body: Body, schemas: Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schemas.taken(body.shape)}
    if body.example is not None:
        content["example"] = body.example
    told: dict[str, Any] = {
        "required": body.required,
        "content": dict.fromkeys(body.media, content),
    }
    if body.about:
        told["description"] = body.about
    return told


def _response(status: int, answer: Answer, schemas: Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.about or HTTPStatus(status).phrase}
    headers = dict(answer.headers)
    if status in _RETRY_AFTER:
        headers["Retry-After"] = "Seconds to wait, an integer."
    if headers:
        told["headers"] = {
            name: {"description": about, "schema": {"type": "string"}}
            for name, about in headers.items()
        }
    if answer.shape is not None:
        told["content"] = {answer.media: {"schema": _given(answer, schemas)}}
    return told


def _given(answer: Answer, schemas: Schemas) -> Mapping[str, Any]:
    return schemas.chosen(answer.shape) if answer.is_chosen else schemas.given(answer.shape)
