"""The routes of the Box dialect that take the content of files: a new file, a new version, and
the check before either.

Rule 1: what would be refused is refused before anything of the content is kept, and judged again
in the commit.

Rule 2: who still sends is read to the end, within reason: a client whose connection breaks while
it sends does not see why it was refused.

Rule 3: a body that ends early, or is not what its `Content-MD5` says, leaves nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.changes import Change, Facts
from wakeful.core.contents import Incoming
from wakeful.core.errors import InvalidRequest, TooLarge, WakefulError
from wakeful.core.events import Snapshot
from wakeful.core.items import Item, Kind
from wakeful.core.scopes import UPLOAD_SCOPE
from wakeful.dialects.bodies import decode
from wakeful.dialects.box import actions, shapes
from wakeful.dialects.box.errors import BadDigest, MetadataAfterFile
from wakeful.http.box.actions import BoxActing
from wakeful.http.multipart import ENDED, MOST_BESIDE, Begun, Piece, pieces
from wakeful.http.reading import read
from wakeful.http.requests import base_url, drain
from wakeful.http.services import Services

T = TypeVar("T")

MOST_ATTRIBUTES = 64 * 1024
"""Bytes of the part with the attributes."""

UPLOAD_PREFIX = "/api/2.0"
"""Where SDKs upload to whose upload URL is `http://host/api` (box.md 5)."""

_encode = msgspec.json.Encoder().encode


class Uploads:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._acting = BoxActing(services)

    async def check(self, request: Request) -> Response:
        """`OPTIONS /files/content`."""
        acting = self._acting
        identity = await acting.actor(request, UPLOAD_SCOPE)
        asked = await acting.body(request, actions.Preflight)
        if asked.name is None or asked.parent is None:
            raise InvalidRequest("which file, and in which folder?", field="name")
        self._check_size(asked.size)
        parent = await acting.found(identity, asked.parent.id, Kind.FOLDER)
        await self._check_upload(request, identity, parent, asked.name, asked.size or 0)
        return self._place(request, "/files/content")

    async def check_version(self, request: Request) -> Response:
        """`OPTIONS /files/:id/content`."""
        acting = self._acting
        identity = await acting.actor(request, UPLOAD_SCOPE)
        asked = await acting.body(request, actions.Preflight)
        self._check_size(asked.size)
        file = await acting.found(identity, request.path_params["id"], Kind.FILE)
        acting.check_renaming(identity, file, asked.name)
        await self._check_version(request, identity, file, asked.name, asked.size or 0)
        return self._place(request, f"/files/{file.id}/content")

    async def upload(self, request: Request) -> Response:
        """`POST /files/content`."""
        identity = await self._acting.actor(request, UPLOAD_SCOPE)
        try:
            async with aclosing(pieces(request)) as body:
                return await self._upload(request, identity, body)
        except WakefulError:
            await drain(request)
            raise

    async def version(self, request: Request) -> Response:
        """`POST /files/:id/content`."""
        identity = await self._acting.actor(request, UPLOAD_SCOPE)
        try:
            file = await self._acting.found(identity, request.path_params["id"], Kind.FILE)
            async with aclosing(pieces(request)) as body:
                return await self._version(request, identity, file, body)
        except WakefulError:
            await drain(request)
            raise

    async def _upload(
        self, request: Request, identity: Identity, body: AsyncGenerator[Piece, None]
    ) -> Response:
        acting = self._acting
        asked = await _attributes(body, actions.NewFile)
        if asked is None:
            raise MetadataAfterFile("the attributes come before the file")
        parent = await acting.found(identity, asked.parent.id, Kind.FOLDER)
        actions.upload(asked, parent, Facts())
        size = _least_size(request)
        self._check_size(size)
        await self._check_upload(request, identity, parent, asked.name, size)
        async with acting.receive(parent.namespace) as incoming:
            facts = await _kept(request, body, incoming)
            made = await acting.changed(request, identity, actions.upload(asked, parent, facts))
        return self._answer(request, made)

    async def _version(
        self, request: Request, identity: Identity, file: Item, body: AsyncGenerator[Piece, None]
    ) -> Response:
        acting = self._acting
        asked = await _attributes(body, actions.FileVersion) or actions.FileVersion()
        only_if = acting.only_if(request)
        actions.new_version(asked, file, Facts(), only_if)
        acting.check_renaming(identity, file, asked.name)
        size = _least_size(request)
        self._check_size(size)
        await self._check_version(request, identity, file, asked.name, size)
        async with acting.receive(file.namespace) as incoming:
            facts = await _kept(request, body, incoming)
            changes: tuple[Change, ...] = actions.new_version(asked, file, facts, only_if)
            changed = await acting.changed(request, identity, *changes)
        return self._answer(request, changed)

    async def _check_upload(
        self, request: Request, identity: Identity, parent: Item, name: str, size: int
    ) -> None:
        terms = self._acting.terms(request, identity)
        await read(self._store, actions.check_upload(identity.user, parent.id, name, size, terms))

    async def _check_version(
        self, request: Request, identity: Identity, file: Item, name: str | None, size: int
    ) -> None:
        terms = self._acting.terms(request, identity)
        await read(
            self._store, actions.check_new_version(identity.user, file.id, name, size, terms)
        )

    def _answer(self, request: Request, item: Snapshot) -> Response:
        answer = shapes.Uploaded(entries=(self._acting.shown(request, item),))
        return Response(_encode(answer), HTTPStatus.CREATED, media_type="application/json")

    def _check_size(self, size: int | None) -> None:
        most = self._services.upload_limit
        if size is not None and size < 0:
            raise InvalidRequest("a file has no fewer than 0 bytes", field="size")
        if size is not None and size > most:
            raise TooLarge(f"a file has at most {most} bytes here", field="size")

    def _place(self, request: Request, path: str) -> Response:
        url = base_url(self._services, request) + UPLOAD_PREFIX + path
        return Response(_encode(shapes.UploadUrl(upload_url=url)), media_type="application/json")


def _least_size(request: Request) -> int:
    """How many bytes the file in the body has at least, by the length of that."""
    length = request.headers.get("content-length", "")
    return max(0, int(length) - MOST_BESIDE) if length.isdecimal() else 0


async def _attributes(body: AsyncGenerator[Piece, None], type: type[T]) -> T | None:
    """The attributes of an upload, None where its file comes first; *body* is then within the
    file."""
    found: T | None = None
    raw: bytearray | None = None
    async for piece in body:
        if isinstance(piece, Begun):
            if piece.is_file:
                return found
            if piece.name == "attributes" and found is not None:
                raise InvalidRequest("the attributes come once", field="attributes")
            raw = bytearray() if piece.name == "attributes" else None
        elif piece is ENDED and raw is not None:
            found = decode(bytes(raw), msgspec.json.Decoder(type))
        elif isinstance(piece, bytes) and raw is not None:
            raw += piece
            if len(raw) > MOST_ATTRIBUTES:
                raise TooLarge(f"attributes have at most {MOST_ATTRIBUTES} bytes")
    raise InvalidRequest("there is no file in the body", field="file")


async def _kept(request: Request, body: AsyncGenerator[Piece, None], incoming: Incoming) -> Facts:
    """What is known of the content that the rest of *body* is, once it is kept."""
    async for piece in body:
        if piece is ENDED:
            break
        assert isinstance(piece, bytes)
        await incoming.write(piece)
    async for piece in body:
        if isinstance(piece, Begun) and piece.is_file:
            raise InvalidRequest("one file at a time", field="file")
        if isinstance(piece, Begun) and piece.name == "attributes":
            raise MetadataAfterFile("the attributes come before the file")
    claimed = request.headers.get("content-md5")
    if claimed is not None and claimed.strip().lower() != incoming.facts.sha1:
        raise BadDigest("the content is not what Content-MD5 says (its SHA-1, in Box)")
    await incoming.keep()
    return incoming.facts
