"""How the routes of the Dropbox dialect are called and answer (dropbox.md 2.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wakeful.access import Identity
from wakeful.core.errors import Forbidden, InvalidRequest, Unauthenticated, WakefulError
from wakeful.core.people import User
from wakeful.core.scopes import DOWNLOAD_SCOPE, ENTERPRISE_SCOPE, READ_SCOPE
from wakeful.dialects.dropbox import errors
from wakeful.dialects.dropbox.arguments import (
    UPLOAD_CONTENT_TYPES,
    check_content_type,
    check_void,
    parse,
)
from wakeful.dialects.dropbox.errors import (
    BadCall,
    InvalidRoot,
    InvalidSelectAdmin,
    InvalidSelectUser,
    MissingScope,
    NoTeamAdmin,
)
from wakeful.dialects.dropbox.headers import CORS, PREFLIGHT, REQUEST_ID
from wakeful.dialects.dropbox.locating import find_user
from wakeful.dialects.dropbox.names import user_of
from wakeful.dialects.dropbox.shapes import PathRoot
from wakeful.http.description import TEXT, Answer, Described, Operation
from wakeful.http.dialect import Dialect, new_request_id
from wakeful.http.reading import read
from wakeful.http.requests import act_for, drain, identify, read_body
from wakeful.http.services import Services

POST_ONLY = "this function takes POST only"

_SELECT: dict[str, type[Unauthenticated]] = {
    "dropbox-api-select-user": InvalidSelectUser,
    "dropbox-api-select-admin": InvalidSelectAdmin,
}
_PATH_ROOT = "dropbox-api-path-root"
_ARGUMENT = "Dropbox-API-Arg"

MOST_DRAINED = 256 * 1024 * 1024
"""Bytes that are read of an upload that is refused already: more than one may have."""

A = TypeVar("A")

Function = Callable[[User, Identity, A], Awaitable[object]]
"""A function of the API: who asks (the user, and what their token allows) and the argument;
returns what is encoded as JSON."""


ContentFunction = Callable[[Request, User, Identity, A], Awaitable[Response]]
"""A function of the API that gives the content of a file."""

Action = Callable[[Request, User, Identity, A], Awaitable[object]]
"""A function of the API that changes something; returns what is encoded as JSON."""


class DropboxErrors:
    def error(self, error: WakefulError, request_id: str) -> Response:
        status, answer = errors.answer_for(error)
        return _failure(status, answer, request_id)

    def status(self, status: int, request_id: str) -> Response:
        if status == HTTPStatus.NOT_FOUND:
            # Python's SDK takes the body of a 404 for JSON.
            return _failure(400, "Error in call to API function: no such function", request_id)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            return _failure(status, f"Error in call to API function: {POST_ONLY}", request_id)
        return _failure(status, HTTPStatus(status).phrase, request_id)

    def answer(self, status: int) -> Answer:
        headers = {REQUEST_ID: "Names this answer in the server's log."}
        if status in (400, 500, 503):
            return Answer(TEXT, media="text/plain", headers=headers)
        return Answer(errors.ErrorAnswer, headers=headers)


class DropboxDialect(Dialect):
    """A dialect that browsers may speak from any page: no cookie counts here, only tokens."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if b"origin" not in headers:
            await super().__call__(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT)(scope, receive, send)
            return

        async def allow(message: Any) -> None:
            if message["type"] == "http.response.start":
                allowed = [(name.lower().encode(), value.encode()) for name, value in CORS.items()]
                message = message | {"headers": [*message.get("headers", ()), *allowed]}
            await send(message)

        await super().__call__(scope, receive, allow)


class Calls:
    """Makes routes of functions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def route(
        self,
        name: str,
        function: Function[A],
        kind: type[A] | None,
        operation: Operation,
        *,
        reads_files: bool = True,
    ) -> Described:
        """The route of the function *name*, whose argument is a *kind*; None: it has none.

        *reads_files*: whether the token must allow that.
        """
        return self._route(name, function, kind, operation, READ_SCOPE if reads_files else None)

    def team_route(
        self, name: str, function: Function[A], kind: type[A], operation: Operation
    ) -> Described:
        """The route of a function for the admins of a team."""

        async def for_admins(user: User, identity: Identity, argument: A) -> object:
            if not identity.is_admin:
                raise NoTeamAdmin("only admins may do this")
            return await function(user, identity, argument)

        return self._route(name, for_admins, kind, operation, ENTERPRISE_SCOPE)

    def _route(
        self,
        name: str,
        function: Function[A],
        kind: type[A] | None,
        operation: Operation,
        needed: str | None,
    ) -> Described:

        async def call(request: Request) -> Response:
            try:
                user, identity = await self.asker(request, needed)
                body = await read_body(request, self._services.body_limit)
                argument: Any = None
                if kind is None:
                    check_void(body)
                else:
                    check_content_type(request.headers.get("content-type"))
                    argument = parse(body, kind)
                result = await function(user, identity, argument)
            except InvalidRequest as error:
                raise _bad_call(name, error) from None
            return _answer(result)

        return Described(f"/{name}", call, POST=operation)

    def action(
        self, name: str, function: Action[A], kind: type[A], operation: Operation
    ) -> Described:
        """The route of a function that changes something, whose argument is the body."""

        async def call(request: Request) -> Response:
            try:
                user, identity = await self.asker(request, operation.scope)
                body = await read_body(request, self._services.body_limit)
                check_content_type(request.headers.get("content-type"))
                return _answer(await function(request, user, identity, parse(body, kind)))
            except InvalidRequest as error:
                raise _bad_call(name, error) from None

        return Described(f"/{name}", call, POST=operation)

    def upload(
        self, name: str, function: Action[A], kind: type[A], operation: Operation
    ) -> Described:
        """The route of a function that takes a content, and whose argument is in a header or in
        the URL."""

        async def call(request: Request) -> Response:
            try:
                user, identity = await self.asker(request, operation.scope)
                check_content_type(request.headers.get("content-type"), UPLOAD_CONTENT_TYPES)
                return _answer(await function(request, user, identity, _argument(request, kind)))
            except WakefulError as error:
                # Who sends until the end sees no answer before.
                await drain(request, MOST_DRAINED)
                if isinstance(error, InvalidRequest):
                    raise _bad_call(name, error) from None
                raise

        return Described(f"/{name}", call, POST=operation)

    def content_route(
        self, name: str, function: ContentFunction[A], kind: type[A], operation: Operation
    ) -> Described:
        """The route of a function that answers with the content of a file, and whose argument
        is in a header or in the URL."""

        async def call(request: Request) -> Response:
            try:
                user, identity = await self.asker(request, DOWNLOAD_SCOPE)
                return await function(request, user, identity, _argument(request, kind))
            except InvalidRequest as error:
                raise _bad_call(name, error) from None

        return Described(f"/{name}", call, GET=operation, POST=operation)

    async def asker(self, request: Request, scope: str | None) -> tuple[User, Identity]:
        """Who asks, with a token that allows *scope*. Raises as `identify` does, MissingScope,
        InvalidSelectUser, InvalidSelectAdmin, InvalidRoot."""
        identity = await identify(self._services, request)
        for header, refusal in _SELECT.items():
            selected = request.headers.get(header)
            if selected is not None:
                identity = await self._selected(request, identity, selected, refusal)
        if scope is not None and scope not in identity.scopes:
            raise MissingScope(scope)
        user = await read(self._services.feed.store, find_user(identity.user))
        root = request.headers.get(_PATH_ROOT)
        if root is not None:
            _check_root(user, root)
        return user, identity

    async def _selected(
        self,
        request: Request,
        identity: Identity,
        selected: str,
        refusal: type[Unauthenticated],
    ) -> Identity:
        user = user_of(selected)
        if user is None:
            raise refusal("no such member")
        try:
            return await act_for(self._services, request, identity, user)
        except Forbidden:
            raise refusal("no such member") from None


def _argument(request: Request, kind: type[A]) -> A:
    """The argument of a function whose body is something else. Raises InvalidRequest."""
    given = request.headers.get(_ARGUMENT)
    # What a header may have, Starlette reads as Latin-1; JSON is UTF-8.
    raw = given.encode("latin-1") if given is not None else b""
    if given is None:
        raw = request.query_params.get("arg", "").encode(errors="replace")
    return parse(raw, kind, f'HTTP header "{_ARGUMENT}"')


def _answer(result: object) -> Response:
    return Response(
        msgspec.json.encode(result),
        media_type="application/json",
        headers={REQUEST_ID: new_request_id()},
    )


def _bad_call(function: str, error: InvalidRequest) -> InvalidRequest:
    if isinstance(error, BadCall | InvalidRoot | errors.InvalidCursor):
        return error
    return BadCall(function, str(error))


def answered(error: WakefulError) -> tuple[int, bytes, str]:
    """The status, the body and its media type that tell of *error*."""
    status, answer = errors.answer_for(error)
    return status, *errors.body_of(answer)


def _check_root(user: User, header: str) -> None:
    """Raise InvalidRoot unless *header* names the one root that there is, the user's home."""
    try:
        root = parse(header.encode(), PathRoot, 'HTTP header "Dropbox-API-Path-Root"')
    except UnicodeEncodeError:
        raise InvalidRequest('HTTP header "Dropbox-API-Path-Root": not UTF-8') from None
    named = {"home": str(user.home), "root": root.root, "namespace_id": root.namespace_id}
    if named[root.tag] != str(user.home):
        raise InvalidRoot(user.home)


def _failure(status: int, answer: errors.ErrorAnswer | str, request_id: str) -> Response:
    body, media = errors.body_of(answer)
    headers = {REQUEST_ID: request_id, "Content-Type": media}
    return Response(body, status, headers=headers)
