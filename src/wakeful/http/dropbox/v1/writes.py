"""The routes of version 1 that change something."""

from __future__ import annotations

from collections.abc import Callable

from wakeful.core.drafts import LIFETIME_MS, Draft, DraftSealed, NoDraft, PartTaken
from wakeful.core.errors import Conflict, InvalidRequest, NotFound
from wakeful.core.finding import Lineage
from wakeful.core.scopes import CHANGE_SCOPE, DELETE_SCOPE, UPLOAD_SCOPE
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox.actions import (
    Plan,
    plan_copy,
    plan_deletion,
    plan_folder,
    plan_move,
    plan_upload,
)
from wakeful.dialects.dropbox.locating import told_of
from wakeful.dialects.dropbox.revisions import plan_restore
from wakeful.dialects.dropbox.sessions import SEQUENTIAL
from wakeful.dialects.dropbox.v1 import shapes, writes
from wakeful.dialects.dropbox.v1.metadata import metadata_of
from wakeful.dialects.dropbox.v1.parameters import check_encoding, check_root
from wakeful.dialects.times import mail_text_of
from wakeful.http.description import Described
from wakeful.http.dropbox.acting import DropboxActing, receive
from wakeful.http.dropbox.finishing import Finishing
from wakeful.http.dropbox.v1 import writes_api as api
from wakeful.http.dropbox.v1.answers import Call, Calls
from wakeful.http.reading import read
from wakeful.http.services import Services


def writing_routes(calls: Calls, services: Services) -> list[Described]:
    routes = _Routes(services)
    path = "{root}/{path:path}"
    return [
        calls.upload(
            f"/files_put/{path}",
            routes.files_put,
            scope=UPLOAD_SCOPE,
            PUT=api.FILES_PUT,
            POST=api.FILES_PUT,
        ),
        calls.upload("/chunked_upload", routes.chunk, scope=UPLOAD_SCOPE, PUT=api.CHUNK),
        calls.route(
            f"/commit_chunked_upload/{path}", routes.commit, scope=UPLOAD_SCOPE, POST=api.COMMIT
        ),
        calls.route(
            "/fileops/create_folder",
            routes.create_folder,
            scope=CHANGE_SCOPE,
            POST=api.CREATE_FOLDER,
        ),
        calls.route("/fileops/delete", routes.delete, scope=DELETE_SCOPE, POST=api.DELETE),
        calls.route(f"/restore/{path}", routes.restore, scope=CHANGE_SCOPE, POST=api.RESTORE),
        calls.route("/fileops/move", routes.move, scope=CHANGE_SCOPE, POST=api.MOVE),
        calls.route("/fileops/copy", routes.copy, scope=CHANGE_SCOPE, POST=api.COPY),
    ]


class _Routes:
    def __init__(self, services: Services) -> None:
        self._acting = DropboxActing(services)
        self._finishing = Finishing(services, self._acting)
        self._drafts = services.drafts
        self._clock = services.clock

    async def files_put(self, call: Call) -> shapes.Metadata:
        commit = writes.parse_commit(call.given, _path(call))
        with writes.told(Conflict):
            there = await self._acting.take_in(
                call.request, call.identity, lambda facts: plan_upload(call.user, commit, facts)
            )
            return await self._metadata(call, there)

    async def chunk(self, call: Call) -> shapes.Chunk:
        """A part of an upload; without an `upload_id`, the first of a new one."""
        offset = writes.parse_offset(call.given)
        id = call.given.get("upload_id")
        if id:
            upload = self._upload(call, id)
        else:
            if offset:
                raise InvalidRequest("An upload begins at offset 0")
            upload = await self._drafts.begin(call.user.id, SEQUENTIAL, self._clock.wall())
        try:
            upload = await self._added(call, upload, offset)
        except BaseException:
            if not id:
                await self._drafts.drop(upload.id)
            raise
        expires = mail_text_of(upload.begun_at + LIFETIME_MS)
        return shapes.Chunk(upload_id=upload.id, offset=upload.size, expires=expires)

    async def commit(self, call: Call) -> shapes.Metadata:
        id = call.given.get("upload_id", "")
        commit = writes.parse_commit(call.given, _path(call))

        def check(draft: Draft | None) -> None:
            writes.upload_of(draft, call.user, self._clock.wall())

        with writes.told(Conflict):
            there = await self._finishing.finish(
                call.request,
                call.identity,
                id,
                check,
                lambda facts: plan_upload(call.user, commit, facts),
                None,
            )
            return await self._metadata(call, there)

    async def create_folder(self, call: Call) -> shapes.Metadata:
        writes.check_given_root(call.given)
        path = writes.named_path(call.given, "path")
        return await self._done(call, lambda: plan_folder(call.user, path, autorename=False))

    async def delete(self, call: Call) -> shapes.Metadata:
        writes.check_given_root(call.given)
        path = writes.named_path(call.given, "path")
        gone = await self._done(call, lambda: plan_deletion(call.user, path, None))
        gone.is_deleted = True
        return gone

    async def move(self, call: Call) -> shapes.Metadata:
        return await self._relocated(call, plan_move)

    async def copy(self, call: Call) -> shapes.Metadata:
        return await self._relocated(call, plan_copy)

    async def restore(self, call: Call) -> shapes.Metadata:
        path = writes.write_path(_path(call))
        rev = call.given.get("rev", "")
        return await self._done(call, lambda: plan_restore(call.user, path, rev))

    async def _relocated(self, call: Call, planned: Callable[..., Steps[Plan]]) -> shapes.Metadata:
        writes.check_given_root(call.given)
        from_path = writes.named_path(call.given, "from_path")
        to_path = writes.named_path(call.given, "to_path")
        return await self._done(
            call, lambda: planned(call.user, from_path, to_path, autorename=False)
        )

    async def _done(self, call: Call, planned: Callable[[], Steps[Plan]]) -> shapes.Metadata:
        with writes.told():
            there = await self._acting.carry_out(call.request, call.identity, planned)
            return await self._metadata(call, there)

    async def _added(self, call: Call, upload: Draft, offset: int) -> Draft:
        """Add the body at *offset*. Raises WrongOffset where the upload does not end there."""
        writes.check_end(upload, offset)
        try:
            async with self._drafts.add(upload.id, offset) as part:
                await receive(call.request, part)
                return await part.keep()
        except (DraftSealed, NoDraft):
            raise NotFound("no such upload") from None
        except PartTaken:
            writes.check_end(self._upload(call, upload.id), offset)
            raise

    def _upload(self, call: Call, id: str) -> Draft:
        return writes.upload_of(self._drafts.find(id), call.user, self._clock.wall())

    async def _metadata(self, call: Call, lineage: Lineage) -> shapes.Metadata:
        told = await read(self._acting.store, told_of(call.user, lineage))
        return metadata_of(told, call.user.home)


def _path(call: Call) -> str:
    """The path in the URL, as it is written there."""
    check_root(call.request.path_params["root"])
    check_encoding(call.request.scope["raw_path"])
    path: str = call.request.path_params["path"]
    return path
