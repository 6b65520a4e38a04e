"""What the two ways of answering have in common: those of the app, and those of the front.

Both begin a request by noting it and by asking for the faults that concern it, and both are told
here what a fault says in the words of the route's dialect.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from wakeful.core.clock import Clock
from wakeful.core.errors import (
    CursorExpired,
    RateLimited,
    Unauthenticated,
    Unavailable,
    WakefulError,
)
from wakeful.dialects.box.realtime import NEW_CHANGE, RECONNECT
from wakeful.dialects.dropbox.headers import CORS, REQUEST_ID
from wakeful.dialects.dropbox.shapes import Changes
from wakeful.http.dialect import new_request_id
from wakeful.http.emulation.askers import Askers, cursor_in
from wakeful.http.emulation.faults import Faults, Kind, Rule
from wakeful.http.emulation.fidelity import Fidelity, Keys
from wakeful.http.emulation.readings import last_of
from wakeful.http.emulation.recording import Exchange, Headers, Recorder
from wakeful.http.emulation.routes import Named, Routes
from wakeful.http.front.poll import Answer, Polls, Request

RETRY_AFTER_SECONDS = 1
"""Where a rule about too many requests, or an outage, names no time."""


class Stage:
    """Where one emulator's requests meet its faults."""

    routes: Routes

    def __init__(
        self,
        recorder: Recorder,
        faults: Faults,
        askers: Askers,
        polls: Polls,
        clock: Clock,
        fidelity: Fidelity,
        keys: Keys,
    ) -> None:
        self.recorder = recorder
        self.faults = faults
        self.polls = polls
        self.clock = clock
        self.fidelity = fidelity
        self.keys = keys
        self._askers = askers

    async def begin(
        self, route: Named, method: str, path: str, query: bytes, headers: Headers
    ) -> Exchange:
        """Note a request that the app is to answer."""
        user = await self._askers.of_request(dict(headers))
        return self.recorder.begin(route, user, method, path, query, headers)

    def begin_poll(self, route: Named, path: str, request: Request) -> Exchange:
        """Note a request that the front is to answer."""
        headers = dict(request.headers)
        if route.name == "box.poll":
            user = self._askers.of_channel(last_of(request.query, "channel") or "", headers)
        else:
            cursor = last_of(request.query, "cursor") or cursor_in(request.body)
            user = self._askers.of_cursor(cursor, self.keys.epoch)
        exchange = self.recorder.begin(
            route, user, request.method.decode(), path, request.query, request.headers
        )
        self.recorder.asked(exchange, request.body, len(request.body))
        return exchange

    def choose(self, exchange: Exchange) -> tuple[Rule, ...]:
        """The faults of a request."""
        rules = self.faults.choose(
            exchange.route, exchange.user, exchange.path, exchange.asked_from
        )
        exchange.faults = tuple(rule.id for rule in rules)
        return rules

    def as_it_is(self, exchange: Exchange, request: Request) -> Answer | None:
        """Have a poll be as that of Box or Dropbox is, where its user has them so; what it is told
        at once, if it is told anything."""
        faithful = self.fidelity.of(exchange.user)
        if faithful is None:
            return None
        from wakeful.http.emulation import warts  # of no use where nobody is faithful

        name = exchange.route.name
        request.keep_alive = request.keep_alive and name != "box.poll"
        refusal = None
        if name == "dropbox.longpoll":
            refusal = warts.wider(faithful, self.keys, request)
        if refusal is None and faithful.seldom("false wake"):
            return warts.false_wake(name)
        return refusal

    # --- what is said ---

    def refusal(self, route: Named, rule: Rule) -> Response:
        """What a fault of *rule* says in the form of the route's errors; it is one of `status`
        or `stale`."""
        request_id = new_request_id()
        text = "the emulator was asked for this fault"
        wait = rule.wish.retry_after
        retry = RETRY_AFTER_SECONDS if wait is None else wait
        errors = route.errors
        headers: dict[str, str] = {}
        if rule.fault is Kind.STALE:
            response = errors.error(CursorExpired(text), request_id)
        else:
            status = rule.wish.status
            assert status is not None, "it was checked"
            if status == 429:
                response = errors.error(RateLimited(text, retry_after=retry), request_id)
                headers["Retry-After"] = str(retry)
            elif status == 503:
                response = errors.error(Unavailable(text, retry_after=retry), request_id)
                headers["Retry-After"] = str(retry)
            elif status == 401:
                response = errors.error(Unauthenticated(text), request_id)
            else:
                response = errors.status(status, request_id)
                if wait is not None:
                    headers["Retry-After"] = str(wait)
            # Where the dialect has its own way for a status (an unknown route of Dropbox's is 400).
            response.status_code = status
        if route.family.startswith("dropbox"):
            headers |= CORS
        for name, value in headers.items():
            # Raw, for Starlette writes names in lower case and box-sdk-gen 1 reads only this one.
            response.raw_headers.append((name.encode(), value.encode()))
        return response

    def error(self, route: Named, error: WakefulError) -> Response:
        """What is refused in the form of the route's errors, as its dialect refuses it."""
        response = route.errors.error(error, new_request_id())
        if isinstance(error, RateLimited):
            response.raw_headers.append((b"Retry-After", str(error.retry_after).encode()))
        return response

    def nothing_new(self, route: Named, cursor: str) -> Response:
        """What a reader of Dropbox's is told who has read everything: to go on from *cursor*."""
        nothing: dict[str, object] = {"entries": [], "cursor": cursor, "has_more": False}
        if route.family == "dropbox_v1":
            nothing["reset"] = False
        return Response(
            msgspec.json.encode(nothing),
            media_type="application/json",
            headers={REQUEST_ID: new_request_id(), **CORS},
        )

    def poll_answer(self, route: Named, rule: Rule) -> Answer | None:
        """What a poll is told by *rule* at once, if it is told anything."""
        is_change = rule.fault is Kind.WAKE
        if rule.fault not in (Kind.WAKE, Kind.RECONNECT):
            if rule.fault is Kind.STATUS:
                return _as_answer(self.refusal(route, rule))
            if rule.fault is Kind.STALE:
                if route.name == "dropbox_v1.longpoll":
                    # Its next delta begins anew, and that is told as a change.
                    return _changes(there_are=True)
                return _as_answer(self.refusal(route, rule))
            return None
        if route.name == "box.poll":
            return Answer(200, NEW_CHANGE if is_change else RECONNECT)
        return _changes(there_are=is_change, backoff=rule.wish.backoff)


def _changes(*, there_are: bool, backoff: int | None = None) -> Answer:
    return Answer(200, msgspec.json.encode(Changes(there_are, backoff)), CORS)


def _as_answer(response: Response) -> Answer:
    headers: Mapping[str, str] = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in response.raw_headers
        if name.lower() not in (b"content-length", b"content-type", b"cache-control")
    }
    media = response.headers.get("content-type", "application/json")
    return Answer(response.status_code, bytes(response.body), headers, media)
