"""How the routes of version 1 of Dropbox's API are called and answer (dropbox.md 1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.errors import InvalidRequest, WakefulError
from wakeful.core.people import User
from wakeful.dialects.dropbox.errors import MissingScope
from wakeful.dialects.dropbox.headers import REQUEST_ID
from wakeful.dialects.dropbox.locating import find_user
from wakeful.dialects.dropbox.v1 import errors
from wakeful.dialects.dropbox.v1.parameters import Parameters, parse_form
from wakeful.http.description import Answer, Described, Operation
from wakeful.http.dialect import new_request_id
from wakeful.http.dropbox.answers import MOST_DRAINED
from wakeful.http.reading import read
from wakeful.http.requests import drain, identify, read_body
from wakeful.http.services import Services

_MOST_FORM = 64 * 1024  # bytes: a cursor is the longest of what is sent


class V1Errors:
    def error(self, error: WakefulError, request_id: str) -> Response:
        status, body, media = answered(error)
        return Response(body, status, headers={REQUEST_ID: request_id, "Content-Type": media})

    def status(self, status: int, request_id: str) -> Response:
        headers = {REQUEST_ID: request_id}
        return Response(body_of(status), status, headers=headers, media_type="application/json")

    def answer(self, status: int) -> Answer:
        headers = {REQUEST_ID: "Names this answer in the server's log."}
        return Answer(errors.ErrorAnswer, headers=headers)


def answered(error: WakefulError) -> tuple[int, bytes, str]:
    """The status, the body and its media type that tell of *error*."""
    status, answer = errors.answer_for(error)
    return status, msgspec.json.encode(answer), "application/json"


def body_of(status: int) -> bytes:
    """The body of an error that is nothing but its status."""
    return msgspec.json.encode(errors.ErrorAnswer(HTTPStatus(status).phrase))


class Call(NamedTuple):
    """One request: who asks (the user, and what their token allows), and for what."""

    user: User
    identity: Identity
    given: Parameters
    request: Request


Function = Callable[[Call], Awaitable[object]]
"""Returns what is encoded as JSON, or a whole response."""


class Calls:
    """Makes routes of functions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def route(
        self, path: str, function: Function, *, scope: str | None = None, **operations: Operation
    ) -> Described:
        """The route at *path*; *scope* is what the token must allow."""

        async def call(request: Request) -> Response:
            identity, given = await self._asker(request)
            if scope is not None and scope not in identity.scopes:
                raise MissingScope(scope)
            user = await read(self._services.feed.store, find_user(identity.user))
            result = await function(Call(user, identity, given, request))
            return result if isinstance(result, Response) else json_answer(result)

        return Described(path, call, **operations)

    def upload(
        self, path: str, function: Function, *, scope: str, **operations: Operation
    ) -> Described:
        """The same for a function whose body is a content: its parameters are in the query."""

        async def call(request: Request) -> Response:
            try:
                identity, given = await self._asker(request, has_form=False)
                if scope not in identity.scopes:
                    raise MissingScope(scope)
                user = await read(self._services.feed.store, find_user(identity.user))
                return json_answer(await function(Call(user, identity, given, request)))
            except WakefulError:
                # Who sends until the end sees no answer before.
                await drain(request, MOST_DRAINED)
                raise

        return Described(path, call, **operations)

    async def _asker(
        self, request: Request, *, has_form: bool = True
    ) -> tuple[Identity, Parameters]:
        """Who asks, by a token in the header or among the parameters, and the parameters.

        What is wrong with these is told to nobody who is not known.
        """
        if "authorization" in request.headers:
            identity = await identify(self._services, request)
            return identity, await _given(request, has_form=has_form)
        try:
            given = await _given(request, has_form=has_form)
        except InvalidRequest:
            raise errors.NoToken("no token can be read") from None
        token = given.get("access_token")
        if token is None:
            raise errors.NoToken("no token was given")
        return await identify(self._services, request, token=token), given


async def _given(request: Request, *, has_form: bool) -> Parameters:
    """The parameters in the query and in the body. Raises InvalidRequest."""
    given = parse_form(request.scope["query_string"])
    if has_form and request.method == "POST":
        body = await read_body(request, _MOST_FORM)
        given |= parse_form(body, request.headers.get("content-type", ""))
    return given


def json_answer(result: Any) -> Response:
    return Response(
        msgspec.json.encode(result),
        media_type="application/json",
        headers={REQUEST_ID: new_request_id()},
    )
