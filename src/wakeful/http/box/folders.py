"""The routes of the Box dialect that change folders, and those that all items have."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.changes import ById, Delete, Trash
from wakeful.core.items import Kind
from wakeful.core.scopes import CHANGE_SCOPE, DELETE_SCOPE, RENAME_SCOPE, UPLOAD_SCOPE
from wakeful.dialects.box import actions, parameters
from wakeful.http.box.actions import BoxActing, nothing_answer
from wakeful.http.box.shared_items import SharedItems
from wakeful.http.services import Services


class ItemActions:
    """What is done to files and folders alike."""

    kind: Kind

    def __init__(self, services: Services) -> None:
        self.acting = BoxActing(services)
        self.shared_items = SharedItems(services)

    async def copy(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, CHANGE_SCOPE)
        asked = await acting.body(request, actions.NewCopy)
        item = await acting.found(identity, request.path_params["id"], self.kind)
        parent = await acting.found(identity, asked.parent.id, Kind.FOLDER)
        copied = await acting.changed(request, identity, actions.copy(asked, item, parent))
        return acting.answer(request, copied, HTTPStatus.CREATED)

    async def restore(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, DELETE_SCOPE)
        asked = await acting.body(request, actions.Restoring)
        item = await acting.trashed(identity, request.path_params["id"], self.kind)
        parent = await acting.parent(identity, asked.parent)
        restored = await acting.changed(request, identity, actions.restore(asked, item, parent))
        return acting.answer(request, restored, HTTPStatus.CREATED)

    async def purge(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, DELETE_SCOPE)
        item = await acting.trashed(identity, request.path_params["id"], self.kind)
        await acting.act(request, identity, Delete(item=ById(item), from_trash=True))
        return nothing_answer()


class FolderActions(ItemActions):
    kind = Kind.FOLDER

    async def create(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, UPLOAD_SCOPE)
        asked = await acting.body(request, actions.NewFolder)
        parent = await acting.found(identity, asked.parent.id, Kind.FOLDER)
        made = await acting.changed(request, identity, actions.create_folder(asked, parent))
        return acting.answer(request, made, HTTPStatus.CREATED)

    async def update(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, RENAME_SCOPE)
        asked = await acting.body(request, actions.FolderUpdate)
        if asked.parent is not None or asked.sync_state is not None:
            identity.require(CHANGE_SCOPE)
        item = await acting.found(identity, request.path_params["id"], self.kind)
        parent = await acting.parent(identity, asked.parent)
        link = await self.shared_items.wish(request, identity, item, asked)
        only_if = acting.only_if(request)
        changes = actions.update_folder(asked, item, parent, only_if, identity.user, link)
        changed = await acting.changed(request, identity, *changes)
        return acting.answer(request, changed)

    async def trash(self, request: Request) -> Response:
        acting = self.acting
        identity = await acting.actor(request, DELETE_SCOPE)
        recursive = parameters.parse_flag(request.query_params.get("recursive"), "recursive")
        item = await acting.found(identity, request.path_params["id"], self.kind)
        only_if = acting.only_if(request)
        await acting.act(
            request,
            identity,
            Trash(item=ById(item.id), only_if=only_if, recursive=recursive),
        )
        return nothing_answer()
