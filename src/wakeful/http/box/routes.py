"""The Box dialect, and its routes about events, apart from the realtime poll, which the front
answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.events import StreamClass, decode
from wakeful.core.positions import position
from wakeful.dialects.box import parameters
from wakeful.dialects.box.events import page as page_of
from wakeful.dialects.box.events import render_page
from wakeful.dialects.box.realtime import realtime_servers
from wakeful.http.box import api
from wakeful.http.box.answers import BoxErrors, content_reader, events_answer
from wakeful.http.box.channels import may_read_enterprise, user_channel
from wakeful.http.box.collaborations import collaboration_routes
from wakeful.http.box.comments import comment_routes
from wakeful.http.box.contents import content_routes, upload_routes
from wakeful.http.box.enterprise import EnterpriseEvents
from wakeful.http.box.items import item_routes
from wakeful.http.box.pages import asked_of, page_headers
from wakeful.http.box.shared_items import SharedItems
from wakeful.http.box.users import user_routes
from wakeful.http.description import Described
from wakeful.http.dialect import Dialect
from wakeful.http.rendered import FAR
from wakeful.http.requests import base_url
from wakeful.http.services import Services


def box_uploads(services: Services) -> Dialect:
    """The app to mount at `/api/2.0`."""
    return Dialect(upload_routes(services), BoxErrors(), services.load)


def box(services: Services) -> Dialect:
    """The app to mount at `/2.0`."""
    routes = _Routes(services)
    return Dialect(
        [
            Described("/events", routes.events, GET=api.READ_EVENTS, OPTIONS=api.OPEN_CHANNEL),
            *user_routes(services),
            *content_routes(services),  # before the files by id: one is not called "content"
            *item_routes(services),
            *collaboration_routes(services),
            *comment_routes(services),
            *SharedItems(services).routes(),
        ],
        BoxErrors(),
        services.load,
    )


class _Routes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._feed = services.feed
        self._enterprise = EnterpriseEvents(services)

    async def events(self, request: Request) -> Response:
        stream_type = request.query_params.get("stream_type")
        if stream_type in parameters.ENTERPRISE_STREAMS:
            stream = parameters.ENTERPRISE_STREAMS[stream_type]
            return await self._enterprise.events(request, stream)
        identity = await self._content_reader(request)
        cls = parameters.parse_stream_type(stream_type)
        if request.method == "OPTIONS":
            # A client that names no stream type may have another in mind when it reads.
            is_open = stream_type is None and may_read_enterprise(identity)
            enterprise = await self._enterprise.channel(identity) if is_open else None
            return await self._channel(request, identity, cls, enterprise)
        return await self._page(request, identity, cls)

    async def _channel(
        self, request: Request, identity: Identity, cls: StreamClass, enterprise: str | None
    ) -> Response:
        head = await self._feed.head(identity.user)
        channel = user_channel(self._services, identity, cls, head)
        return events_answer(
            realtime_servers(
                base_url(self._services, request),
                channel,
                cls.name.lower(),
                self._services.retry_timeout,
                enterprise=enterprise,
            )
        )

    async def _page(self, request: Request, identity: Identity, cls: StreamClass) -> Response:
        query = request.query_params
        asked = asked_of(request)
        limit = parameters.parse_limit(query.get("limit"))
        page = await self._feed.read(identity.user, asked, limit, cls)
        next_position = position(page.state.epoch, page.next)
        if page.state.last - page.start > FAR:
            body = render_page((decode(event.body) for event in page.events), next_position)
        else:
            body = page_of(self._services.user_events.all(page.events), next_position)
        return events_answer(body, page_headers(page, page.state.head[cls]))

    async def _content_reader(self, request: Request) -> Identity:
        return await content_reader(self._services, request)
