"""The API description is complete, and is made of what the code reads and writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import jsonschema_rs
import msgspec
import pytest
from starlette.routing import BaseRoute, Mount, Route

from tests.integration.http.conftest import Client, World
from wakeful.dialects.box.realtime import CHANNEL_PATH
from wakeful.http.app import description, every_route
from wakeful.http.description import Answer, Described, Operation
from wakeful.http.dialect import Dialect
from wakeful.http.dropbox.poll import LONGPOLL_PATH
from wakeful.http.dropbox.v1.poll import LONGPOLL_DELTA_PATH
from wakeful.http.native.routes import NativeErrors
from wakeful.http.openapi import document, endpoints
from wakeful.http.schemas import Schemas

Json = dict[str, Any]


def routed(routes: tuple[BaseRoute, ...], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Path and method of everything that Starlette routes, found without the description."""
    for route in routes:
        if isinstance(route, Mount):
            assert isinstance(route.app, Dialect)
            yield from routed(route.app.routes, prefix + route.path)
        else:
            assert isinstance(route, Route)
            for method in (route.methods or set()) - {"HEAD"}:
                yield prefix + re.sub(r":\w+\}", "}", route.path), method.lower()


@pytest.fixture
async def told(world: World) -> Json:
    answer = await world.nobody.get("/openapi.json")
    assert answer["openapi"].startswith("3.1")
    return answer


def test_every_route_is_described_and_nothing_else() -> None:
    whole = every_route(Mock())

    told = description(whole)

    found = {(path, method) for path, methods in told["paths"].items() for method in methods}
    polls = {(CHANNEL_PATH, "get"), (LONGPOLL_PATH, "post"), (LONGPOLL_DELTA_PATH, "get")}
    assert found == {*routed(whole.routes), *polls}


def test_a_route_that_says_nothing_of_itself_is_an_error() -> None:
    dialect = Dialect([Route("/secret", Mock())], NativeErrors())

    with pytest.raises(TypeError, match="does not say what it takes and answers"):
        document(endpoints(dialect), title="", version="")


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    told = description(every_route(Mock()))

    schemas = told["components"]["schemas"]
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)
    text = msgspec.json.encode(told).decode()
    references = set(re.findall(r'"\$ref":"([^"]*)"', text))
    assert references <= {f"#/components/schemas/{name}" for name in schemas}


def test_operations_have_names_of_their_own() -> None:
    told = description(every_route(Mock()))

    names = [each["operationId"] for path in told["paths"].values() for each in path.values()]
    assert len(set(names)) == len(names)


async def test_what_needs_a_token_says_so(world: World, told: Json) -> None:
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            if path in (CHANNEL_PATH, LONGPOLL_PATH, LONGPOLL_DELTA_PATH):
                continue  # the front's
            url = path.replace("{id}", "1")
            answer = await world.nobody.ask(method.upper(), url)
            assert (answer.status_code == 401) == bool(operation["security"]), path


async def test_an_answer_is_as_described(ann: Client, told: Json) -> None:
    await ann.publish({"kind": "upload", "path": "/docs/a.txt"})
    page = await ann.get("/2.0/events")

    schema = {"$ref": "#/components/schemas/Events", "components": told["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(page)
    page["entries"][0].pop("event_id")
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.Draft202012Validator(schema).validate(page)


class Inner(msgspec.Struct):
    name: str
    size: int = 0


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    """What holds others."""

    inner: Inner | dict[str, Any] | None
    many: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = msgspec.field(default_factory=dict)
    more: Inner | msgspec.UnsetType = msgspec.UNSET
    below: list[Outer] = msgspec.field(default_factory=list)


def test_a_default_may_be_missing_in_what_is_read_and_stands_in_what_is_written() -> None:
    schemas = Schemas()

    taken = schemas.taken(Inner)["$ref"].rpartition("/")[2]
    given = schemas.given(Inner)["$ref"].rpartition("/")[2]

    assert taken != given
    assert schemas.components[taken]["required"] == ["name"]
    assert schemas.components[given]["required"] == ["name", "size"]


def test_structs_are_found_wherever_they_stand() -> None:
    schemas = Schemas()

    outer = schemas.components[schemas.given(Outer)["$ref"].rpartition("/")[2]]

    inner = {"$ref": "#/components/schemas/Inner"}
    assert outer["description"] == "What holds others."
    assert outer["additionalProperties"] is False
    assert outer["required"] == ["inner", "many", "by_name", "below"]
    assert outer["properties"] == {
        "inner": {"anyOf": [inner, {"type": "object"}, {"type": "null"}]},
        "many": {"type": "array", "items": inner},
        "by_name": {"type": "object", "additionalProperties": inner},
        "more": inner,
        "below": {"type": "array", "items": {"$ref": "#/components/schemas/Outer"}},
    }


def test_a_pair_is_described_place_by_place() -> None:
    schema = Schemas().given(list[tuple[str, Inner | None]])

    inner = {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]}
    assert schema["items"] == {
        "type": "array",
        "prefixItems": [{"type": "string"}, inner],
        "items": False,
        "minItems": 2,
        "maxItems": 2,
    }


def test_what_is_chosen_by_its_fields_may_lack_the_others() -> None:
    async def read(request: object) -> None: ...

    operation = Operation("Read", {200: Answer(Inner, is_chosen=True)}, is_open=True)
    dialect = Dialect([Described("/one", read, GET=operation)], NativeErrors())

    told = document(endpoints(dialect), title="", version="")

    content = told["paths"]["/one"]["get"]["responses"]["200"]["content"]["application/json"]
    assert content == {"schema": {"$ref": "#/components/schemas/InnerChosen"}}
    assert told["components"]["schemas"]["InnerChosen"]["required"] == []
