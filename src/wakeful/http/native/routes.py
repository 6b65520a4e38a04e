"""The native dialect, and its routes for producers: changes and events."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.changes import Change, Tell
from wakeful.core.errors import (
    Forbidden,
    InvalidRequest,
    Unauthenticated,
    WakefulError,
)
from wakeful.core.items import ANONYMOUS, User
from wakeful.core.lookups import UserById, UserByLogin
from wakeful.core.ports import Store
from wakeful.core.publish import Key, Published
from wakeful.core.scopes import WRITE_SCOPE
from wakeful.core.terms import Terms
from wakeful.dialects.native import errors
from wakeful.dialects.native.batches import check_key, digest_of
from wakeful.dialects.native.changes import parse_changes
from wakeful.dialects.native.events import Asked, Who, parse_events
from wakeful.dialects.native.results import changes_answer, events_answer
from wakeful.http.description import Answer, Described
from wakeful.http.dialect import Dialect
from wakeful.http.native import api
from wakeful.http.native.admin import admin_routes
from wakeful.http.requests import identify, read_body
from wakeful.http.services import Services

_MOST_DIGITS = 18


class NativeErrors:
    """Also the form of errors outside of every dialect."""

    def error(self, error: WakefulError, request_id: str) -> Response:
        status, _ = errors.answer_for(error)
        response = _json(errors.error_body(error, request_id), status)
        if isinstance(error, Unauthenticated):
            response.headers["WWW-Authenticate"] = 'Bearer realm="Wakeful"'
        return response

    def status(self, status: int, request_id: str) -> Response:
        return _json(errors.status_body(status, request_id), status)

    def answer(self, status: int) -> Answer:
        headers = {"WWW-Authenticate": "`Bearer`"} if status == 401 else {}
        return Answer(errors.ErrorAnswer, headers=headers)


def native(services: Services) -> Dialect:
    """The app to mount at `/v1`."""
    routes = _Routes(services)
    return Dialect(
        [
            Described("/changes", routes.changes, POST=api.PUBLISH_CHANGES),
            Described("/events", routes.events, POST=api.PUBLISH_EVENTS),
            *admin_routes(services),
        ],
        NativeErrors(),
        services.load,
    )


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._feed = services.feed

    async def changes(self, request: Request) -> Response:
        identity, body = await self._producer(request)
        user = await self._user(identity)
        changes = parse_changes(body, user.home)
        published = await self._publish(request, identity, changes, body)
        enterprise = identity.enterprise if identity.is_admin else None
        answer = changes_answer(published, self._feed.store.epoch, identity.user, enterprise)
        return _json(msgspec.json.encode(answer))

    async def events(self, request: Request) -> Response:
        identity, body = await self._producer(request)
        user = await self._user(identity)
        asked = parse_events(body, user.home)
        finding = _Finding(self._services.feed.store, identity)
        changes = [
            await finding.tell(each, _part(asked, index)) for index, each in enumerate(asked)
        ]
        published = await self._publish(request, identity, tuple(changes), body)
        enterprise = identity.enterprise if identity.is_admin else None
        answer = events_answer(published, self._feed.store.epoch, identity.user, enterprise)
        return _json(msgspec.json.encode(answer))

    async def _producer(self, request: Request) -> tuple[Identity, bytes]:
        # Who may not write is told so before a byte of the body is read.
        identity = await identify(self._services, request)
        identity.require(WRITE_SCOPE)
        return identity, await read_body(request, self._services.body_limit)

    async def _publish(
        self,
        request: Request,
        identity: Identity,
        changes: tuple[Change, ...],
        body: bytes,
    ) -> Published:
        text = request.headers.get("idempotency-key")
        key = None
        if text is not None:
            key = Key(identity.grant, check_key(text), digest_of(identity.user, body))
        return await self._feed.publish(
            identity.user, changes, key, Terms(action_by=identity.action_by)
        )

    async def _user(self, identity: Identity) -> User:
        user = await self._feed.store.ask(UserById(identity.user))
        if user is None:
            raise Unauthenticated("the user of this token is gone")
        return user


class _Finding:
    """Finds the users that one request names. Only admins name others than themselves."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity
        self._found: dict[Who, int] = {}

    async def tell(self, asked: Asked, part: str) -> Tell:
        """What is *asked*, with the ids of those in it. Raises InvalidRequest and Forbidden,
        whose field begins with *part*."""
        tell = asked.tell
        if asked.actor is not None:
            tell = replace(tell, actor=await self._actor(asked.actor, f"{part}actor"))
        if asked.action_by is not None:
            tell = replace(tell, action_by=await self._id(asked.action_by, f"{part}action_by"))
        if asked.accessible_by is not None:
            user = await self._id(asked.accessible_by, f"{part}accessible_by")
            tell = replace(tell, accessible_by=user)
        if asked.audience is not None:
            audience = [await self._id(who, f"{part}audience") for who in asked.audience]
            tell = replace(tell, audience=tuple(audience))
        return tell

    async def _actor(self, who: Who, field: str) -> int:
        if str(who) == str(ANONYMOUS) and self._identity.is_admin:
            return ANONYMOUS
        return await self._id(who, field)

    async def _id(self, who: Who, field: str) -> int:
        """The id of a user of the enterprise."""
        if who not in self._found:
            self._found[who] = await self._look(who, field)
        return self._found[who]

    async def _look(self, who: Who, field: str) -> int:
        text = str(who)
        found: User | None
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            found = await self._store.ask(UserById(int(text)))
        else:
            found = await self._store.ask(UserByLogin(text))
        if found is not None and found.id == self._identity.user:
            return found.id
        if not self._identity.is_admin:
            raise Forbidden("only an admin tells for or to others")
        if found is None or found.enterprise != self._identity.enterprise:
            raise InvalidRequest(f"no user {text[:80]!r}", field=field)
        return found.id


def _part(asked: Sequence[Asked], index: int) -> str:
    """What stands before the name of a field, where there are many events."""
    return "" if len(asked) == 1 else f"events[{index}]."


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
