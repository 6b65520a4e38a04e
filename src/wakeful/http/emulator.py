"""The routes of the emulator: for tests in any language, and for `wakeful.testing`.

Rule 1: they are there in a server in memory, and in no other.

Rule 2: they take the token that the server printed and no other: what is tested cannot reach
them by mistake.
"""

from __future__ import annotations

import secrets
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import ALL_SCOPES
from wakeful.core.accounts import (
    create_enterprise,
    create_grant,
    create_token,
    create_user,
    digest_of,
    new_token,
)
from wakeful.core.errors import Forbidden, InvalidRequest, NotFound
from wakeful.core.items import Enterprise, User
from wakeful.core.lookups import Enterprises
from wakeful.core.scopes import GRANT_SCOPES
from wakeful.core.writes import Command, Steps
from wakeful.dialects.times import text_of
from wakeful.http import emulator_api as api
from wakeful.http.description import Described
from wakeful.http.dialect import Dialect
from wakeful.http.emulation import Emulation
from wakeful.http.native.routes import NativeErrors
from wakeful.http.requests import identify, read_body
from wakeful.http.services import Services

PREFIX = "/emulator"

_APP = "emulator"
_BODY_LIMIT = 64 * 1024

T = TypeVar("T")


def emulator(services: Services, emulation: Emulation) -> Dialect:
    """The app to mount at `/emulator`."""
    routes = _Routes(services, emulation)
    return Dialect(
        [
            Described("/users", routes.users, POST=api.CREATE_USER),
            Described("/clock", routes.clock, GET=api.TELL_TIME),
            Described("/clock/advance", routes.advance, POST=api.ADVANCE),
        ],
        NativeErrors(),
    )


class _Routes:
    def __init__(self, services: Services, emulation: Emulation) -> None:
        self._services = services
        self._store = services.feed.store
        self._emulation = emulation

    async def users(self, request: Request) -> Response:
        await self._check(request)
        wish = await self._body(request, api.UserWish) or api.UserWish()
        if unknown := set(wish.scopes or ()) - set(GRANT_SCOPES):
            raise InvalidRequest(f"no such scope: {', '.join(sorted(unknown))}", field="scopes")
        if wish.enterprise is not None:
            enterprises: tuple[Enterprise, ...] = await self._store.ask(Enterprises())
            if all(each.id != wish.enterprise for each in enterprises):
                raise NotFound(f"no enterprise {wish.enterprise}")
        token = new_token()
        user = await self._store.commit(_fresh_user(wish, token))
        fresh = api.FreshUser(user.id, user.login, user.name, user.enterprise, token)
        return _json(fresh, 201)

    async def clock(self, request: Request) -> Response:
        await self._check(request)
        return self._time()

    async def advance(self, request: Request) -> Response:
        await self._check(request)
        step = await self._body(request, api.Step)
        if step is None:
            raise InvalidRequest("by how many seconds?", field="seconds")
        await self._emulation.advance(round(step.seconds * 1000))
        return self._time()

    def _time(self) -> Response:
        time = self._emulation.time
        return _json(api.Time(text_of(time.clock.wall()), time.ahead))

    async def _check(self, request: Request) -> None:
        """Raises as `identify` does, and Forbidden for every token but the one."""
        identity = await identify(self._services, request)
        if identity.user != self._emulation.owner:
            raise Forbidden("the emulator takes the token that the server printed")

    async def _body(self, request: Request, form: type[T]) -> T | None:
        raw = await read_body(request, _BODY_LIMIT)
        try:
            return msgspec.json.decode(raw, type=form) if raw else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(str(error)) from None


def _fresh_user(wish: api.UserWish, token: str) -> Command[User]:
    def steps(now: int) -> Steps[User]:
        login = wish.login or f"user-{secrets.token_hex(6)}@example.com"
        enterprise = wish.enterprise
        if enterprise is None:
            made: Enterprise = yield from create_enterprise(f"Enterprise of {login}")(now)
            enterprise = made.id
        user = yield from create_user(enterprise, login, wish.name, is_admin=wish.is_admin)(now)
        scopes = ALL_SCOPES if wish.scopes is None else wish.scopes
        grant = yield from create_grant(user.id, _APP, scopes)(now)
        lifetime = None if wish.lifetime is None else wish.lifetime * 1000
        yield from create_token(grant.id, digest_of(token), label=_APP, lifetime=lifetime)(now)
        return user

    return steps


def _json(shape: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(shape), status, headers, "application/json")
