"""The routes of the native dialect: changes and events from producers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.changes import Change
from wakeful.core.errors import (
    Forbidden,
    InvalidRequest,
    Unauthenticated,
    WakefulError,
)
from wakeful.core.items import User
from wakeful.core.lookups import UserById, UserByLogin
from wakeful.core.publish import Key, Published
from wakeful.dialects.native import errors
from wakeful.dialects.native.batches import check_key, digest_of
from wakeful.dialects.native.changes import parse_changes
from wakeful.dialects.native.events import Asked, Who, parse_events
from wakeful.dialects.native.results import changes_answer, events_answer
from wakeful.http import native_api as api
from wakeful.http.description import Answer, Described
from wakeful.http.dialect import Dialect
from wakeful.http.requests import CONTENT_SCOPE, identify, read_body
from wakeful.http.services import Services

PREFIX = "/v1"

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
        ],
        NativeErrors(),
    )


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._feed = services.feed
        self._people = _People(services)

    async def changes(self, request: Request) -> Response:
        identity, body = await self._producer(request)
        user = await self._people.by_id(identity.user)
        changes = parse_changes(body, user.home)
        published = await self._publish(request, identity, identity.user, changes, body)
        enterprise = identity.enterprise if identity.is_admin else None
        answer = changes_answer(published, self._feed.store.epoch, identity.user, enterprise)
        return _json(msgspec.json.encode(answer))

    async def events(self, request: Request) -> Response:
        identity, body = await self._producer(request)
        user = await self._people.by_id(identity.user)
        asked = parse_events(body, user.home)
        actor = await self._actor(identity, asked)
        changes = []
        for index, each in enumerate(asked):
            audience = await self._audience(identity, index, each)
            changes.append(replace(each.tell, audience=audience))
        published = await self._publish(request, identity, actor, tuple(changes), body)
        enterprise = identity.enterprise if identity.is_admin else None
        answer = events_answer(published, self._feed.store.epoch, identity.user, enterprise)
        return _json(msgspec.json.encode(answer))

    async def _producer(self, request: Request) -> tuple[Identity, bytes]:
        # Who may not write is told so before a byte of the body is read.
        identity = await identify(self._services, request)
        identity.require(CONTENT_SCOPE)
        return identity, await read_body(request, self._services.body_limit)

    async def _publish(
        self,
        request: Request,
        identity: Identity,
        actor: int,
        changes: tuple[Change, ...],
        body: bytes,
    ) -> Published:
        text = request.headers.get("idempotency-key")
        key = None
        if text is not None:
            key = Key(identity.grant, check_key(text), digest_of(identity.user, body))
        return await self._feed.publish(actor, changes, key)

    async def _actor(self, identity: Identity, asked: Sequence[Asked]) -> int:
        """Who does what a request tells: one user, for it is carried out in their name."""
        actors = set()
        for index, each in enumerate(asked):
            if each.actor is None:
                actors.add(identity.user)
            else:
                field = _field(asked, index, "actor")
                actors.add(await self._people.find(identity, each.actor, field))
        if len(actors) > 1:
            raise InvalidRequest("the events of one request have one actor", field="actor")
        return actors.pop()

    async def _audience(
        self, identity: Identity, index: int, asked: Asked
    ) -> tuple[int, ...] | None:
        if asked.audience is None:
            return None
        field = f"events[{index}].audience"
        return tuple([await self._people.find(identity, who, field) for who in asked.audience])


class _People:
    """Finds the users that a producer names. Only admins name others than themselves."""

    def __init__(self, services: Services) -> None:
        self._store = services.feed.store

    async def by_id(self, id: int) -> User:
        user = await self._store.ask(UserById(id))
        if user is None:
            raise Unauthenticated("the user of this token is gone")
        return user

    async def find(self, identity: Identity, who: Who, field: str) -> int:
        """The id of a user of the enterprise. Raises InvalidRequest and Forbidden."""
        found = await self._look(who)
        if found is not None and found.id == identity.user:
            return found.id
        if not identity.is_admin:
            raise Forbidden("only an admin tells for or to others")
        if found is None or found.enterprise != identity.enterprise:
            raise InvalidRequest(f"no user {str(who)[:80]!r}", field=field)
        return found.id

    async def _look(self, who: Who) -> User | None:
        text = str(who)
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            return await self._store.ask(UserById(int(text)))
        return await self._store.ask(UserByLogin(text))


def _field(asked: Sequence[Asked], index: int, name: str) -> str:
    return name if len(asked) == 1 else f"events[{index}].{name}"


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
