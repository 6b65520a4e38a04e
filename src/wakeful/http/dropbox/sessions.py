"""The functions of the Dropbox dialect about upload sessions.

Rule 1: what was sent to a session is durable when it is acknowledged.

Rule 2: a batch is carried out entry by entry, and each succeeds or fails by itself.
"""

from __future__ import annotations

from starlette.requests import Request

from wakeful.access import Identity
from wakeful.core.drafts import Draft, DraftSealed, NoDraft, PartTaken
from wakeful.core.errors import TooLarge, Unavailable
from wakeful.core.people import User
from wakeful.dialects.dropbox import asked, done, sessions
from wakeful.dialects.dropbox.actions import check_commit, plan_upload
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.refusals import told_as
from wakeful.dialects.dropbox.shapes import Metadata
from wakeful.http.dropbox.acting import (
    DropboxActing,
    PayloadTooLarge,
    announced_size,
    receive,
)
from wakeful.http.dropbox.finishing import Finishing, Rest
from wakeful.http.services import Services

BUSY = "too_many_write_operations"


class Sessions:
    """Each method is a function of the API."""

    def __init__(self, services: Services) -> None:
        self._acting = DropboxActing(services)
        self._finishing = Finishing(services, self._acting)
        self._drafts = services.drafts
        self._clock = services.clock

    async def start(
        self, request: Request, user: User, identity: Identity, wanted: asked.Start
    ) -> done.Started:
        note = sessions.note_of(wanted.session_type)
        expected = asked.parse_content_hash(wanted.content_hash)
        try:
            sessions.check_start(note, announced_size(request) or 0, close=wanted.close)
            draft = await self._drafts.begin(user.id, note, self._clock.wall())
            try:
                await self._added(request, draft, 0, expected, close=wanted.close)
            except BaseException:
                await self._drafts.drop(draft.id)
                raise
        except TooLarge:
            raise Refused("payload_too_large") from None
        return done.Started(draft.id)

    async def start_batch(
        self, request: Request, user: User, identity: Identity, wanted: asked.StartBatch
    ) -> done.StartedBatch:
        sessions.check_number(wanted.num_sessions)
        note = sessions.note_of(wanted.session_type)
        now = self._clock.wall()
        begun: list[str] = []
        try:
            for _ in range(wanted.num_sessions):
                begun.append((await self._drafts.begin(user.id, note, now)).id)
        except BaseException:
            for id in begun:  # whose ids nobody would know
                await self._drafts.drop(id)
            raise
        return done.StartedBatch(begun)

    async def append(
        self, request: Request, user: User, identity: Identity, wanted: asked.Append
    ) -> None:
        expected = asked.parse_content_hash(wanted.content_hash)
        session = self._session(wanted.cursor, user)
        sessions.check_append(session, wanted.cursor.offset)
        try:
            await self._added(request, session, wanted.cursor.offset, expected, close=wanted.close)
        except PayloadTooLarge:
            raise Refused("payload_too_large") from None
        except TooLarge:
            raise Refused("too_large") from None

    async def append_v1(
        self, request: Request, user: User, identity: Identity, wanted: asked.SessionCursor
    ) -> None:
        await self.append(request, user, identity, asked.Append(wanted))

    async def finish(
        self, request: Request, user: User, identity: Identity, wanted: asked.Finish
    ) -> Metadata:
        expected = asked.parse_content_hash(wanted.content_hash)
        try:
            rest = Rest(announced_size(request), expected)
            return await self._finished(request, user, identity, wanted, rest)
        except PayloadTooLarge:
            raise Refused("payload_too_large") from None
        except TooLarge:
            raise Refused("lookup_failed", "too_large") from None

    async def finish_batch(
        self, request: Request, user: User, identity: Identity, wanted: asked.Finishes
    ) -> done.Entries:
        asked.check_count(wanted.entries)
        for entry in wanted.entries:
            check_commit(entry.commit)
        results = []
        for entry in wanted.entries:
            try:
                file = await self._finished(request, user, identity, entry, None)
                results.append(done.committed(file))
            except Refused as error:
                results.append(done.failure(error))
            except Unavailable:
                results.append(done.failure(Refused(BUSY)))
        return done.Entries(results)

    async def finish_batch_v1(
        self, request: Request, user: User, identity: Identity, wanted: asked.Finishes
    ) -> done.Complete:
        return done.Complete((await self.finish_batch(request, user, identity, wanted)).entries)

    def _session(self, cursor: asked.SessionCursor, user: User) -> Draft:
        draft = self._drafts.find(cursor.session_id)
        return sessions.session_of(draft, user, self._clock.wall())

    async def _added(
        self, request: Request, session: Draft, offset: int, expected: str | None, *, close: bool
    ) -> None:
        """Add the body of *request* to *session*."""
        try:
            async with self._drafts.add(session.id, offset) as part:
                await receive(request, part)
                if expected not in (None, part.facts.content_hash):
                    raise Refused("content_hash_mismatch")
                sessions.check_part(session, part.facts.size, close=close)
                await part.keep(seal=close)
        except NoDraft:
            raise Refused("not_found") from None
        except DraftSealed:
            raise Refused("closed") from None
        except PartTaken:
            raise sessions.taken(self._drafts.find(session.id) or session) from None

    async def _finished(
        self,
        request: Request,
        user: User,
        identity: Identity,
        wanted: asked.Finish,
        rest: Rest | None,
    ) -> Metadata:
        """Make a file of a session, and of the *rest* that the request brings; None in a batch."""
        cursor = wanted.cursor

        def check(draft: Draft | None) -> None:
            more = 0 if rest is None else rest.size or 0
            now = self._clock.wall()
            sessions.finished_session(draft, user, now, cursor.offset, more, in_batch=rest is None)

        with told_as(None, "path"):
            there = await self._finishing.finish(
                request,
                identity,
                cursor.session_id,
                check,
                lambda facts: plan_upload(user, wanted.commit, facts),
                rest,
            )
            return await self._acting.metadata(user, there)
