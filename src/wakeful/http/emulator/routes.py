"""The routes of the emulator: for tests in any language, and for `wakeful.testing`.

Rule 1: they are there in a server in memory, and in no other.

Rule 2: they take the token that the server printed and no other: what is tested cannot reach
them by mistake.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.accounts import new_token
from wakeful.core.errors import Conflict, Forbidden, InvalidRequest, NotFound
from wakeful.core.lookups.people import Enterprises, UserById
from wakeful.core.people import Enterprise, User
from wakeful.core.scopes import GRANT_SCOPES
from wakeful.dialects.times import text_of
from wakeful.http.description import Described
from wakeful.http.dialect import Dialect
from wakeful.http.emulation.emulation import Emulation
from wakeful.http.emulation.faults import Rule, Wish
from wakeful.http.emulation.recording import Exchange, State, Wanted
from wakeful.http.emulator import api
from wakeful.http.emulator.people import Fresh, make_user
from wakeful.http.native.routes import NativeErrors
from wakeful.http.requests import base_url, identify, read_body
from wakeful.http.services import Services

PREFIX = "/emulator"

_BODY_LIMIT = 64 * 1024
_MOST_DIGITS = 18

T = TypeVar("T")


def emulator(services: Services, emulation: Emulation) -> Dialect:
    """The app to mount at `/emulator`."""
    routes = _Routes(services, emulation)
    return Dialect(
        [
            Described("/users", routes.users, GET=api.LIST_USERS, POST=api.CREATE_USER),
            Described("/seed", routes.seed, POST=api.SEED),
            Described("/timeline", routes.timeline, GET=api.SHOW_TIMELINE),
            Described("/clock", routes.clock, GET=api.TELL_TIME),
            Described("/clock/advance", routes.advance, POST=api.ADVANCE),
            Described(
                "/faults",
                routes.faults,
                GET=api.LIST_FAULTS,
                POST=api.ADD_FAULT,
                DELETE=api.CLEAR_FAULTS,
            ),
            Described("/faults/{id}", routes.fault, GET=api.READ_FAULT, DELETE=api.REMOVE_FAULT),
            Described("/requests.har", routes.requests, GET=api.EXPORT_REQUESTS),
            Described(
                "/requests", routes.requests, GET=api.LIST_REQUESTS, DELETE=api.FORGET_REQUESTS
            ),
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
        if request.method == "GET":
            login = request.query_params.get("login")
            known = [
                _fresh(user, token)
                for user, token in self._emulation.known
                if login in (None, user.login)
            ]
            return _json(api.UserList(known))
        wish = await self._body(request, api.UserWish) or api.UserWish()
        if unknown := set(wish.scopes or ()) - set(GRANT_SCOPES):
            raise InvalidRequest(f"no such scope: {', '.join(sorted(unknown))}", field="scopes")
        if wish.enterprise is not None:
            enterprises: tuple[Enterprise, ...] = await self._store.ask(Enterprises())
            if all(each.id != wish.enterprise for each in enterprises):
                raise NotFound(f"no enterprise {wish.enterprise}")
        token = new_token()
        fresh = Fresh(
            wish.login, wish.name, wish.is_admin, wish.enterprise, wish.scopes, wish.lifetime
        )
        user = await self._store.commit(make_user(fresh, token))
        self._emulation.fidelity.add(user.id, user.enterprise, wish.fidelity, wish.chance)
        self._emulation.remember(user, token)
        return _json(_fresh(user, token), 201)

    async def clock(self, request: Request) -> Response:
        await self._check(request)
        return self._time()

    async def advance(self, request: Request) -> Response:
        await self._check(request)
        step = await self._body(request, api.Step)
        if step is None:
            raise InvalidRequest("by how many seconds?", field="seconds")
        timeline = self._emulation.timeline
        before = len(timeline.done)
        await self._emulation.advance(round(step.seconds * 1000))
        for done in timeline.done[before:]:
            if done.error is not None:
                raise Conflict(f"{done.step.where}: {done.error}")
        return self._time()

    async def seed(self, request: Request) -> Response:
        await self._check(request)
        wish = await self._body(request, api.SeedWish)
        if wish is None:
            raise InvalidRequest("which folder?", field="path")
        user = await self._store.ask(UserById(wish.user))
        if user is None:
            raise NotFound(f"no user {wish.user}")
        folder = Path(wish.path)
        if not folder.is_absolute():
            raise InvalidRequest(f"{wish.path!r} is no full path", field="path")
        into = tuple(part for part in wish.into.split("/") if part)
        from wakeful.http.emulator.seeding import Seeding  # few tests have a use for it

        seeding = Seeding(self._services.feed, self._services.contents, self._services.watched)
        seeded = await seeding.seed(user.id, user.home, folder, into)
        return _json(api.SeededAnswer(*seeded))

    async def timeline(self, request: Request) -> Response:
        await self._check(request)
        timeline = self._emulation.timeline
        now = self._emulation.time.clock.monotonic()
        return _json(
            api.TimelineAnswer(
                [api.DoneStep(done.step.where, done.error) for done in timeline.done],
                [api.WaitingStep(each.where, round(each.at - now, 3)) for each in timeline.waiting],
            )
        )

    async def faults(self, request: Request) -> Response:
        await self._check(request)
        faults = self._emulation.faults
        if request.method == "POST":
            wish = await self._body(request, Wish)
            if wish is None:
                raise InvalidRequest("which fault?", field="fault")
            return _json(_fault(await self._emulation.fault(wish)), 201)
        user = _natural(request, "user")
        if request.method == "DELETE":
            return _json(api.FaultList([_fault(rule) for rule in faults.clear(user)]))
        mine = [rule for rule in faults if user is None or rule.wish.user == user]
        return _json(api.FaultList([_fault(rule) for rule in mine]))

    async def fault(self, request: Request) -> Response:
        await self._check(request)
        text = request.path_params["id"]
        if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
            raise NotFound(f"no fault {text[:80]!r}")
        faults = self._emulation.faults
        rule = faults.remove(int(text)) if request.method == "DELETE" else faults.get(int(text))
        return _json(_fault(rule))

    async def requests(self, request: Request) -> Response:
        await self._check(request)
        recorder = self._emulation.recorder
        user = _natural(request, "user")
        if request.method == "DELETE":
            return _json(api.Forgotten(recorder.forget(user)))
        query = request.query_params
        if (route := query.get("route")) is not None:
            self._emulation.stage.routes.check(route)
        state = query.get("state")
        if state is not None and state not in set(State):
            raise InvalidRequest(f"state is one of {', '.join(State)}", field="state")
        wanted = Wanted(
            user=user,
            route=route,
            since=_natural(request, "since") or 0,
            state=None if state is None else State(state),
            told=query.get("told"),
            acknowledged=query.get("acknowledged"),
        )
        count = _natural(request, "count")
        wait = min(_natural(request, "wait") or 0, api.MOST_WAIT_SECONDS)
        found = await recorder.wait(wanted, 1 if count is None else count, wait)
        limit = _natural(request, "limit")
        found = found[-limit:] if limit else found
        if request.url.path.endswith(".har"):
            from wakeful.http.emulator.har import archive  # few tests have a use for it

            return _json(archive(found, base_url(self._services, request)))
        shown = [_exchange(each) for each in found]
        return _json(api.RequestList(shown, recorder.dropped))

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


def _fresh(user: User, token: str) -> api.FreshUser:
    return api.FreshUser(user.id, user.login, user.name, user.enterprise, token)


def _fault(rule: Rule) -> api.Fault:
    return api.Fault(rule.id, rule.used, rule.seen, rule.times, rule.wish)


def _exchange(exchange: Exchange) -> api.Exchange:
    reading = exchange.reading
    return api.Exchange(
        id=exchange.id,
        route=exchange.route.name,
        template=exchange.route.template,
        user=exchange.user,
        method=exchange.method,
        path=exchange.path,
        query=exchange.query,
        at=text_of(exchange.at),
        began=round(exchange.began, 3),
        ended=None if exchange.ended is None else round(exchange.ended, 3),
        state=exchange.state,
        faults=exchange.faults,
        status=exchange.status,
        retry_after=exchange.retry_after,
        asked_from=exchange.asked_from,
        next=reading.next,
        told=reading.told,
        said=exchange.said,
        request_headers=exchange.request_headers,
        request_body=exchange.request_body,
        request_size=exchange.request_size,
        response_headers=exchange.response_headers,
        response_body=exchange.response_body,
        response_size=exchange.response_size,
    )


def _natural(request: Request, name: str) -> int | None:
    """The whole number *name* of a query, None where it is not given. Raises InvalidRequest."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise InvalidRequest(f"{name} is a whole number", field=name)
    return int(text)


def _json(shape: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(shape), status, headers, "application/json")
