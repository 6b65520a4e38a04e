"""The routes of the Box dialect that change files, apart from uploads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.changes import ById, Trash
from wakeful.core.items import Kind
from wakeful.core.scopes import CHANGE_SCOPE, DELETE_SCOPE, RENAME_SCOPE
from wakeful.dialects.box import actions
from wakeful.http.box.actions import nothing_answer
from wakeful.http.box.folders import ItemActions


class FileActions(ItemActions):
    kind = Kind.FILE

    async def update(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, RENAME_SCOPE)
        asked = await acting.body(request, actions.FileUpdate)
        if asked.parent is not None:
            identity.require(CHANGE_SCOPE)
        item = await acting.found(identity, request.path_params["id"], self.kind)
        parent = await acting.parent(identity, asked.parent)
        link = await self.shared_items.wish(request, identity, item, asked)
        changes = actions.update(asked, item, parent, acting.only_if(request), link)
        changed = await acting.changed(request, identity, *changes)
        return acting.answer(request, changed)

    async def trash(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, DELETE_SCOPE)
        item = await acting.found(identity, request.path_params["id"], self.kind)
        only_if = acting.only_if(request)
        await acting.act(request, identity, Trash(item=ById(item.id), only_if=only_if))
        return nothing_answer()
