"""What all routes of the Box dialect do that change something: how what is asked for is found, and
how what was changed is answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.changes import Change
from wakeful.core.events import Snapshot
from wakeful.core.items import Item, Kind
from wakeful.core.scopes import RENAME_SCOPE
from wakeful.dialects.bodies import decode
from wakeful.dialects.box import reads
from wakeful.dialects.box.actions import Reference
from wakeful.dialects.box.items import is_home_root
from wakeful.http.acting import Acting
from wakeful.http.box.fields import shown
from wakeful.http.etags import revisions
from wakeful.http.reading import read
from wakeful.http.requests import read_body
from wakeful.http.services import Services

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


class BoxActing(Acting):
    """Finds what was asked for, has it carried out, and answers."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._store = services.feed.store

    async def body(self, request: Request, type: type[T]) -> T:
        """The JSON of a request; none stands for an empty object."""
        raw = await read_body(request, self.services.body_limit)
        return decode(raw or b"{}", msgspec.json.Decoder(type))

    async def found(self, identity: Identity, id: str | int, kind: Kind) -> Item:
        """The item *id*, if it may be seen. Raises NotFound."""
        lineage, _ = await read(
            self._store, reads.read_lineage(identity.user, str(id), kind, within=identity.item)
        )
        return lineage[-1]

    async def parent(self, identity: Identity, named: Reference | None) -> Item | None:
        return None if named is None else await self.found(identity, named.id, Kind.FOLDER)

    async def trashed(self, identity: Identity, id: str, kind: Kind) -> int:
        """The id of what must be in the trash itself. Raises NotFound."""
        item = await read(
            self._store, reads.read_trashed(identity.user, id, kind, within=identity.item)
        )
        return item.id

    def check_renaming(self, identity: Identity, item: Item, name: str | None) -> None:
        """Raise Forbidden where *item* would be called otherwise with a token that may upload and
        not rename: a new version may bring another name with it."""
        if name not in (None, item.name):
            identity.require(RENAME_SCOPE)

    def only_if(self, request: Request) -> tuple[int, ...] | None:
        return revisions(request.headers.get("if-match"))

    async def changed(self, request: Request, identity: Identity, *changes: Change) -> Snapshot:
        """Carry out *changes*, all or none; what the last of them changed, as it is now."""
        lineage = await self.act(request, identity, *changes)
        return await read(
            self._store, reads.read_changed(identity.user, lineage, within=identity.item)
        )

    def shown(self, request: Request, item: Snapshot) -> object:
        """*item* with the fields that *request* asks for."""
        return shown(request, item, self.services.clock.wall())

    def answer(self, request: Request, item: Snapshot, status: int = HTTPStatus.OK) -> Response:
        """The answer to whoever made or changed *item*."""
        headers = {} if is_home_root(item) else {"ETag": f'"{item.revision}"'}
        body = _encode(self.shown(request, item))
        return Response(body, status, headers=headers, media_type="application/json")


def nothing_answer() -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT)
