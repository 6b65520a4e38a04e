"""Shared links in the Box dialect: how one is asked for, and what is read by one.

Rule: a client names a link in the header `BoxApi`, with its password. What it reads then is read as
the owner has it, and nothing above or beside the item of the link is there. A link that is for
members alone lets in nobody else, so that the header makes no difference.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.access import Identity
from wakeful.core.changes import LinkWish
from wakeful.core.errors import Forbidden, InvalidRequest, NotFound
from wakeful.core.items import Item, LinkAccess
from wakeful.core.lookups.people import UserById
from wakeful.core.passwords import hash_password
from wakeful.core.scopes import SHARE_SCOPE
from wakeful.dialects.box import reads
from wakeful.dialects.box.actions import FileUpdate, FolderUpdate, link_wish
from wakeful.dialects.box.errors import WrongLinkPassword
from wakeful.http.box import shared_items_api as api
from wakeful.http.box.answers import item_reader, json_answer
from wakeful.http.box.fields import shown
from wakeful.http.description import Described
from wakeful.http.links import Links, key_of
from wakeful.http.reading import read
from wakeful.http.requests import identify
from wakeful.http.services import Services

HEADER = "boxapi"

_URL, _PASSWORD = "shared_link=", "&shared_link_password="

_encode = msgspec.json.Encoder().encode


class Reading(NamedTuple):
    """As whom something is read, and below which item: that of a token, or of a shared link.

    `key` is that of the link, and `links_pass` a pass for it; `downloads`: whether it lets
    download.
    """

    user: int
    within: int | None
    key: str | None = None
    links_pass: str = ""
    downloads: bool = True


class SharedItems:
    """What the routes of files and folders need of links."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._links = Links(services)

    def routes(self) -> list[BaseRoute]:
        return [Described("/shared_items", self.item, GET=api.READ)]

    async def wish(
        self, request: Request, identity: Identity, item: Item, asked: FileUpdate | FolderUpdate
    ) -> LinkWish | None:
        """The shared link that is asked for. Raises InvalidRequest and Forbidden."""
        link = asked.shared_link
        if isinstance(link, msgspec.UnsetType):
            return None
        identity.require(SHARE_SCOPE)
        hashed: str | None = None
        if link is not None and isinstance(link.password, str):
            hashed = await asyncio.to_thread(hash_password, link.password)
        key, url = self._links.new(request, item.id)
        return link_wish(link, key, url, hashed)

    async def reading(self, request: Request, identity: Identity | None = None) -> Reading:
        """As whom *request*, which is that of *identity*, is answered. Raises as `item_reader`,
        NotFound for a link that is none, and WrongLinkPassword."""
        if identity is None:
            identity = await item_reader(self._services, request)
        if HEADER not in request.headers:
            return Reading(identity.user, identity.item)
        return await self._by_link(request, identity)

    async def item(self, request: Request) -> Response:
        """What a link leads to."""
        identity = await identify(self._services, request)
        if HEADER not in request.headers:
            raise InvalidRequest("the header BoxApi names a shared link", field="BoxApi")
        url, _ = _named(request)
        opened = await self._links.opened(key_of(url))
        reading = await self._by_link(request, identity)
        item = opened.lineage[-1]
        steps = reads.read_item(reading.user, str(item.id), item.kind, within=reading.within)
        body = shown(request, await read(self._store, steps), self._services.clock.wall())
        return json_answer(_encode(body))

    async def _by_link(self, request: Request, identity: Identity) -> Reading:
        url, password = _named(request)
        opened = await self._links.opened(key_of(url))
        if opened.link.access is LinkAccess.COLLABORATORS:
            return Reading(identity.user, identity.item)
        user = await self._store.ask(UserById(identity.user))
        if not self._links.lets_in(opened, user):
            raise NotFound("Not Found")
        if not await self._links.check_password(opened.link, password):
            raise WrongLinkPassword("the password of the shared link is wrong or missing")
        if identity.item is not None:
            raise Forbidden("the token is restricted to one item")
        return Reading(
            opened.namespace.owner,
            opened.item,
            opened.link.key,
            self._links.new_pass(opened.link, identity.user),
            opened.link.can_download,
        )


def _named(request: Request) -> tuple[str, str]:
    """The URL and the password in the header, as SDKs write them. Raises InvalidRequest."""
    text = request.headers[HEADER]
    link, _, password = text.partition(_PASSWORD)
    if not link.startswith(_URL):
        raise InvalidRequest("BoxApi is shared_link=URL", field="BoxApi")
    return unquote(link.removeprefix(_URL)), password
