"""The events of an enterprise, for its admins."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.errors import Forbidden
from wakeful.core.events import decode
from wakeful.core.lookups.streams import ReadTimeline
from wakeful.core.positions import Since, parse, position
from wakeful.core.scopes import ENTERPRISE_SCOPE
from wakeful.dialects.box.enterprise import render_enterprise_event, render_enterprise_page
from wakeful.dialects.box.events import page as page_of
from wakeful.dialects.box.marks import marked, unmarked
from wakeful.dialects.box.parameters import (
    EnterpriseStream,
    parse_event_types,
    parse_limit,
    parse_time,
)
from wakeful.dialects.box.realtime import realtime_servers
from wakeful.dialects.box.types import stored_types
from wakeful.http.box.answers import events_answer
from wakeful.http.box.channels import enterprise_channel
from wakeful.http.box.pages import asked_of, page_headers, timeline_headers
from wakeful.http.rendered import FAR, Rendered
from wakeful.http.requests import base_url, identify
from wakeful.http.services import Services


class EnterpriseEvents:
    """`GET` and `OPTIONS /2.0/events` where the stream type is one of an enterprise."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._feed = services.feed
        self._rendered = Rendered(render_enterprise_event)

    async def events(self, request: Request, stream: EnterpriseStream) -> Response:
        identity = await self._reader(request)
        names = parse_event_types(request.query_params.getlist("event_type"))
        if request.method == "OPTIONS":
            return await self._channel(request, identity, stream, names)
        types = None if names is None else stored_types(names)
        if stream is EnterpriseStream.BY_TIME:
            return await self._by_time(request, identity, types)
        return await self._by_arrival(request, identity, types)

    async def _reader(self, request: Request) -> Identity:
        identity = await identify(self._services, request)
        if not identity.is_admin:
            raise Forbidden("only admins read the events of the enterprise")
        identity.require(ENTERPRISE_SCOPE)
        return identity

    async def _channel(
        self,
        request: Request,
        identity: Identity,
        stream: EnterpriseStream,
        names: frozenset[str] | None,
    ) -> Response:
        channel = await self.channel(identity)
        base, retry = base_url(self._services, request), self._services.retry_timeout
        return events_answer(realtime_servers(base, channel, stream, retry, names))

    async def channel(self, identity: Identity) -> str:
        """A channel of the enterprise, for one who may read its events."""
        head = await self._feed.head(identity.enterprise)
        return enterprise_channel(self._services, identity, head)

    async def _by_arrival(
        self, request: Request, identity: Identity, types: frozenset[str] | None
    ) -> Response:
        asked = asked_of(request)
        if not isinstance(asked, Since):
            asked = unmarked(asked, EnterpriseStream.BY_ARRIVAL)
        limit = parse_limit(request.query_params.get("limit"))
        page = await self._feed.read(identity.enterprise, asked, limit, types=types)
        next_position = marked(position(page.state.epoch, page.next), EnterpriseStream.BY_ARRIVAL)
        if page.state.last - page.start > FAR:
            events = (decode(event.body) for event in page.events)
            body = render_enterprise_page(events, next_position)
        else:
            body = page_of(self._rendered.all(page.events), next_position)
        headers = page_headers(page, page.state.last, EnterpriseStream.BY_ARRIVAL)
        return events_answer(body, headers)

    async def _by_time(
        self, request: Request, identity: Identity, types: frozenset[str] | None
    ) -> Response:
        query = request.query_params
        lookup = ReadTimeline(
            identity.enterprise,
            unmarked(parse(query.get("stream_position")), EnterpriseStream.BY_TIME),
            parse_limit(query.get("limit")),
            types,
            after=parse_time(query.get("created_after"), "created_after"),
            before=parse_time(query.get("created_before"), "created_before"),
        )
        page = await self._feed.read_timeline(lookup)
        body = page_of(self._rendered.all(page.events), marked(page.next, EnterpriseStream.BY_TIME))
        return events_answer(body, timeline_headers(page))
