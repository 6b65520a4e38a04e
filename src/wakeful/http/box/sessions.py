"""The routes of the Box dialect for files that come in parts.

Rule: a session is a draft (`core.drafts`) of the user who began it, and nobody else finds it. What
it is for is judged when it is begun and in the commit, as of any upload; in between only parts
come.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wakeful.access import Identity
from wakeful.core.contents import Content, Incoming
from wakeful.core.drafts import Draft
from wakeful.core.errors import InvalidRequest, TooLarge, WakefulError
from wakeful.core.events import Snapshot
from wakeful.core.items import Kind
from wakeful.core.scopes import UPLOAD_SCOPE
from wakeful.dialects.bodies import decode
from wakeful.dialects.box import actions, parameters, sessions, shapes
from wakeful.dialects.box.errors import RangeMismatch, WrongDigest
from wakeful.dialects.box.sessions import Wanted
from wakeful.http.acting import by_method
from wakeful.http.box import sessions_api as api
from wakeful.http.box.actions import BoxActing
from wakeful.http.box.answers import json_answer
from wakeful.http.box.uploads import UPLOAD_PREFIX
from wakeful.http.content import CHUNK_BYTES
from wakeful.http.description import Described
from wakeful.http.reading import read
from wakeful.http.requests import base_url, body_of, drain, read_body
from wakeful.http.services import Services

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode

_MOST_COMMIT = 8 * 1024 * 1024  # bytes; of 10,000 parts each has some 150


def session_routes(services: Services) -> list[BaseRoute]:
    routes = _Sessions(services)
    return [
        Described("/files/upload_sessions", routes.begin, POST=api.BEGIN),
        Described("/files/{id}/upload_sessions", routes.begin_version, POST=api.BEGIN_VERSION),
        Described(
            "/files/upload_sessions/{id}",
            by_method(GET=routes.status, PUT=routes.add, DELETE=routes.abort),
            GET=api.STATUS,
            PUT=api.ADD,
            DELETE=api.ABORT,
        ),
        Described("/files/upload_sessions/{id}/parts", routes.parts, GET=api.PARTS),
        Described("/files/upload_sessions/{id}/plan", routes.plan, POST=api.PLAN),
        Described("/files/upload_sessions/{id}/commit", routes.commit, POST=api.COMMIT),
    ]


class _Sessions:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.feed.store
        self._drafts = services.drafts
        self._acting = BoxActing(services)

    async def begin(self, request: Request) -> Response:
        acting = self._acting
        identity = await acting.actor(request, UPLOAD_SCOPE)
        asked = await acting.body(request, sessions.NewSession)
        parent = await acting.found(identity, asked.folder_id, Kind.FOLDER)
        wanted = sessions.wanted(asked.file_size, asked.file_name, parent=parent.id)
        return await self._begun(request, identity, wanted)

    async def begin_version(self, request: Request) -> Response:
        acting = self._acting
        identity = await acting.actor(request, UPLOAD_SCOPE)
        asked = await acting.body(request, sessions.NewVersionSession)
        file = await acting.found(identity, request.path_params["id"], Kind.FILE)
        acting.check_renaming(identity, file, asked.file_name)
        wanted = sessions.wanted(asked.file_size, asked.file_name, file=file.id)
        return await self._begun(request, identity, wanted)

    async def status(self, request: Request) -> Response:
        _, draft, wanted = await self._found(request)
        return self._answer(request, draft, wanted)

    async def parts(self, request: Request) -> Response:
        _, draft, wanted = await self._found(request)
        query = request.query_params
        limit = parameters.parse_limit(query.get("limit"), most=sessions.MOST_PARTS)
        if not query.get("limit"):
            limit = sessions.MOST_PARTS  # box-sdk-gen reads one page
        offset = parameters.parse_offset(query.get("offset"))
        return json_answer(_encode(sessions.parts_of(draft, wanted, offset, limit)))

    async def plan(self, request: Request) -> Response:
        """Contents are known here by no hash that a client has, so that no part is a hit."""
        _, draft, _ = await self._found(request)
        asked = await self._body(request, sessions.Plan)
        return json_answer(_encode(sessions.Planned(draft.id, (), asked.parts)))

    async def abort(self, request: Request) -> Response:
        _, draft, _ = await self._found(request)
        await self._drafts.drop(draft.id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def add(self, request: Request) -> Response:
        try:
            return await self._add(request)
        except WakefulError:
            await drain(request)
            raise

    async def _add(self, request: Request) -> Response:
        _, draft, wanted = await self._found(request)
        span = sessions.parse_range(request.headers.get("content-range"), wanted)
        digest = sessions.parse_digest(request.headers.get("digest"))
        left = span.size
        async with self._drafts.add(draft.id, span.offset) as incoming:
            async for data in body_of(request):
                left -= len(data)
                if left < 0:
                    raise RangeMismatch("the body is longer than its Content-Range says")
                await incoming.write(data)
            if left:
                raise RangeMismatch("the body is shorter than its Content-Range says")
            if incoming.facts.sha1 != digest:
                raise WrongDigest("the part is not what its Digest says")
            draft = await incoming.keep()
        part = next(part for part in draft.parts if part.offset == span.offset)
        return json_answer(_encode(sessions.UploadedPart(sessions.part_of(part, wanted))))

    async def commit(self, request: Request) -> Response:
        identity, draft, wanted = await self._found(request)
        digest = sessions.parse_digest(request.headers.get("digest"))
        asked = await self._body(request, sessions.Commit)
        async with self._drafts.finish(draft.id) as content:
            # As it is now: what was there before the wait for others may be more by now.
            _, draft, wanted = await self._found(request)
            sessions.check_parts(asked, draft, wanted)
            made = await self._made(request, identity, asked, wanted, content, digest)
        answer = shapes.Uploaded(entries=(self._acting.shown(request, made),))
        return Response(_encode(answer), HTTPStatus.CREATED, media_type="application/json")

    async def _made(
        self,
        request: Request,
        identity: Identity,
        asked: sessions.Commit,
        wanted: Wanted,
        content: Content,
        digest: str,
    ) -> Snapshot:
        acting = self._acting
        if wanted.file is None:
            parent = await acting.found(identity, str(wanted.parent), Kind.FOLDER)
            await self._check(request, identity, wanted)
            async with acting.receive(parent.namespace) as incoming:
                await _copied(content, incoming, digest)
                change = sessions.new_file(asked, wanted, parent, incoming.facts)
                return await acting.changed(request, identity, change)
        file = await acting.found(identity, str(wanted.file), Kind.FILE)
        acting.check_renaming(identity, file, wanted.name)
        await self._check(request, identity, wanted)
        async with acting.receive(file.namespace) as incoming:
            await _copied(content, incoming, digest)
            only_if = acting.only_if(request)
            changes = sessions.new_version(asked, wanted, file, incoming.facts, only_if)
            return await acting.changed(request, identity, *changes)

    async def _begun(self, request: Request, identity: Identity, wanted: Wanted) -> Response:
        most = self._services.upload_limit
        if wanted.size > most:
            raise TooLarge(f"a file has at most {most} bytes here", field="file_size")
        await self._check(request, identity, wanted)
        now = self._services.clock.wall()
        draft = await self._drafts.begin(identity.user, sessions.note_of(wanted), now)
        return self._answer(request, draft, wanted, HTTPStatus.CREATED)

    async def _check(self, request: Request, identity: Identity, wanted: Wanted) -> None:
        """Raise what the upload would be refused with now."""
        terms = self._acting.terms(request, identity)
        user, name, size = identity.user, wanted.name, wanted.size
        if wanted.file is not None:
            steps = actions.check_new_version(user, wanted.file, name, size, terms)
        else:
            assert wanted.parent is not None
            steps = actions.check_upload(user, wanted.parent, name or "", size, terms)
        await read(self._store, steps)

    async def _found(self, request: Request) -> tuple[Identity, Draft, Wanted]:
        """The session that *request* is about, and who asks."""
        identity = await self._acting.actor(request, UPLOAD_SCOPE)
        id = sessions.check_id(request.path_params["id"])
        now = self._services.clock.wall()
        return identity, *sessions.found(self._drafts.find(id), identity.user, now)

    async def _body(self, request: Request, type: type[T]) -> T:
        raw = await read_body(request, _MOST_COMMIT)
        if not raw:
            raise InvalidRequest("there is no body")
        return decode(raw, msgspec.json.Decoder(type))

    def _answer(
        self, request: Request, draft: Draft, wanted: Wanted, status: int = HTTPStatus.OK
    ) -> Response:
        path = f"{UPLOAD_PREFIX}/files/upload_sessions/{draft.id}"
        told = sessions.session(draft, wanted, base_url(self._services, request) + path)
        return Response(_encode(told), status, media_type="application/json")


async def _copied(content: Content, incoming: Incoming, digest: str) -> None:
    """Keep *content*, which has to be what *digest* says (SHA-1 in hex)."""
    offset = 0
    while offset < content.size:
        data = await content.read(offset, CHUNK_BYTES)
        await incoming.write(data)
        offset += len(data)
    if incoming.facts.sha1 != digest:
        raise WrongDigest("the file is not what its Digest says")
    await incoming.keep()
