"""What the clients of a user's stream ask again and again, answered without the app.

Rule 1: a shortcut answers what the app would answer, or leaves the request to it. It answers no
error, and knows no parameter but those of the SDKs' own loops.

Rule 2: it waits for nothing. Whose token is not cached, and who reads far from the head of their
stream, is answered by the app.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from wakeful.access import Identity
from wakeful.core.errors import WakefulError
from wakeful.core.positions import parse, position
from wakeful.core.scopes import READ_SCOPE
from wakeful.dialects.box import PREFIX, parameters
from wakeful.dialects.box.events import page as page_of
from wakeful.dialects.box.realtime import realtime_servers
from wakeful.http.box.channels import enterprise_channel, may_read_enterprise, user_channel
from wakeful.http.box.pages import page_headers
from wakeful.http.front.poll import Answer, Headers, Request
from wakeful.http.front.routing import Shortcut
from wakeful.http.requests import known_bearer
from wakeful.http.services import Services

EVENTS_PATH = f"{PREFIX}/events"

_OF_A_PAGE = frozenset({b"stream_position", b"stream_type", b"limit"})
_OF_A_CHANNEL = frozenset({b"stream_type"})


class EventShortcuts:
    """`GET` and `OPTIONS /2.0/events` of users' streams."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def by_method(self) -> Mapping[str, Shortcut]:
        """The shortcuts for `EVENTS_PATH`."""
        return {"GET": self._page, "OPTIONS": self._channel}

    def _page(self, request: Request) -> Answer | None:
        services, begun = self._services, time.perf_counter()
        query = _query(request.query, _OF_A_PAGE)
        if query is None:
            return None
        try:
            identity = self._reader(request.headers)
            cls = parameters.parse_stream_type(query.get(b"stream_type"))
            asked = parse(query.get(b"stream_position"))
            limit = parameters.parse_limit(query.get(b"limit"))
        except WakefulError:
            return None
        if identity is None:
            return None
        page = services.feed.read_now(identity.user, asked, limit, cls)
        if page is None:
            return None
        services.rate.take(identity.token)
        entries = services.user_events.all(page.events)
        body = page_of(entries, position(page.state.epoch, page.next))
        answer = Answer(200, body, page_headers(page, page.state.head[cls]))
        services.metrics.answered(f"GET {EVENTS_PATH}", 200, time.perf_counter() - begun)
        return answer

    def _channel(self, request: Request) -> Answer | None:
        services, begun = self._services, time.perf_counter()
        query = _query(request.query, _OF_A_CHANNEL)
        base = self._base(request)
        if query is None or base is None:
            return None
        stream_type = query.get(b"stream_type")
        try:
            identity = self._reader(request.headers)
            cls = parameters.parse_stream_type(stream_type)
        except WakefulError:
            return None
        if identity is None:
            return None
        head = services.feed.head_now(identity.user)
        if head is None:
            return None
        enterprise: str | None = None
        if stream_type is None and may_read_enterprise(identity):
            of_all = services.feed.head_now(identity.enterprise)
            if of_all is None:
                return None
            enterprise = enterprise_channel(services, identity, of_all)
        channel = user_channel(services, identity, cls, head)
        services.rate.take(identity.token)
        name, retry = cls.name.lower(), services.retry_timeout
        body = realtime_servers(base, channel, name, retry, enterprise=enterprise)
        services.metrics.answered(f"OPTIONS {EVENTS_PATH}", 200, time.perf_counter() - begun)
        return Answer(200, body)

    def _reader(self, headers: Headers) -> Identity | None:
        """Who asks, if that is cached and they may read events, now. Raises Unauthenticated."""
        services = self._services
        authorization: bytes | None = None
        for name, value in headers:
            if name == b"authorization":
                if authorization is not None:
                    return None
                authorization = value
            elif name == b"as-user":
                return None
        if authorization is None:
            return None
        identity = known_bearer(services.access, authorization)
        if identity is None or identity.item is not None or READ_SCOPE not in identity.scopes:
            return None
        if services.load.is_full or not services.rate.has_room(identity.token):
            return None
        return identity

    def _base(self, request: Request) -> str | None:
        """The server's URL as this client sees it; None where a proxy has to be asked."""
        services = self._services
        if services.public_url is not None:
            return services.public_url.rstrip("/")
        if services.trust_proxy:
            return None
        hosts = [value for name, value in request.headers if name == b"host"]
        if len(hosts) != 1 or not hosts[0]:
            return None
        scheme = "https" if request.is_tls else "http"
        return f"{scheme}://{hosts[0].decode('latin-1')}"


def _query(query: bytes, known: frozenset[bytes]) -> dict[bytes, str] | None:
    """The parameters, of several with one name the last; None where one is not *known*, or is
    written in a way that needs to be decoded."""
    if not query:
        return {}
    if b"%" in query or b"+" in query or not query.isascii():
        return None
    values: dict[bytes, str] = {}
    for part in query.split(b"&"):
        name, sign, value = part.partition(b"=")
        if name not in known or not sign:
            return None
        values[name] = value.decode("ascii")
    return values
