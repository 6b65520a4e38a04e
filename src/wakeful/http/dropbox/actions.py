"""The functions of the Dropbox dialect that change something, apart from uploads.

Rule: the entries of a batch are carried out one after another, and each succeeds or fails by
itself. What makes no sense is refused before the first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from starlette.requests import Request

from wakeful.access import Identity
from wakeful.core.errors import Unavailable
from wakeful.core.people import User
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox import asked, done
from wakeful.dialects.dropbox.actions import (
    Plan,
    plan_copy,
    plan_deletion,
    plan_folder,
    plan_move,
    plan_purge,
)
from wakeful.dialects.dropbox.arguments import parse_path
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.refusals import NoWrite, told_as
from wakeful.dialects.dropbox.revisions import plan_restore
from wakeful.dialects.dropbox.shapes import Metadata
from wakeful.dialects.dropbox.targets import parse_write_path
from wakeful.http.dropbox.acting import DropboxActing
from wakeful.http.dropbox.jobs import Jobs
from wakeful.http.services import Services

T = TypeVar("T")

BUSY = "too_many_write_operations"
"""Said of an entry of a batch that the server could not carry out now."""


class FileActions:
    """Each method is a function of the API."""

    def __init__(self, services: Services, jobs: Jobs) -> None:
        self._acting = DropboxActing(services)
        self._jobs = jobs
        self.moves = _Relocations(self._acting, plan_move)
        self.copies = _Relocations(self._acting, plan_copy)

    async def create_folder(
        self, request: Request, user: User, identity: Identity, wanted: asked.NewFolder
    ) -> done.Changed:
        return done.Changed(await self._created(request, user, identity, wanted))

    async def create_folder_v1(
        self, request: Request, user: User, identity: Identity, wanted: asked.NewFolder
    ) -> Metadata:
        return await self._created(request, user, identity, wanted)

    async def create_folders(
        self, request: Request, user: User, identity: Identity, wanted: asked.NewFolders
    ) -> done.Complete | done.Launched:
        asked.check_count(wanted.paths, asked.MOST_FOLDERS, "paths")
        _check_paths(wanted.paths, by_id=False)

        async def create(path: str) -> done.Union:
            folder = asked.NewFolder(path, wanted.autorename)
            return done.success(await self._created(request, user, identity, folder))

        entries = await _each(wanted.paths, create, ("path",))
        complete = done.Complete(entries)
        return self._jobs.done(user, complete) if wanted.force_async else complete

    async def delete(
        self, request: Request, user: User, identity: Identity, wanted: asked.Deletion
    ) -> done.Changed:
        return done.Changed(await self._deleted(request, user, identity, wanted))

    async def delete_v1(
        self, request: Request, user: User, identity: Identity, wanted: asked.Deletion
    ) -> Metadata:
        return await self._deleted(request, user, identity, wanted)

    async def delete_batch(
        self, request: Request, user: User, identity: Identity, wanted: asked.Deletions
    ) -> done.Complete:
        asked.check_count(wanted.entries)
        for entry in wanted.entries:
            _check_deletion(entry)

        async def delete(entry: asked.Deletion) -> done.Union:
            return done.success(await self._deleted(request, user, identity, entry))

        return done.Complete(await _each(wanted.entries, delete))

    async def purge(
        self, request: Request, user: User, identity: Identity, wanted: asked.Deletion
    ) -> None:
        _check_deletion(wanted)
        with told_as("path_lookup", "path_write"):
            await self._acting.carry_out(
                request, identity, lambda: plan_purge(user, wanted.path, wanted.parent_rev)
            )

    async def restore(
        self, request: Request, user: User, identity: Identity, wanted: asked.Restoring
    ) -> Metadata:
        with told_as("path_lookup", "path_write"):
            there = await self._acting.carry_out(
                request, identity, lambda: plan_restore(user, wanted.path, wanted.rev)
            )
            return await self._acting.metadata(user, there)

    async def check_job(self, user: User, identity: Identity, wanted: asked.Job) -> object:
        return self._jobs.outcome(user, wanted.async_job_id)

    async def _created(
        self, request: Request, user: User, identity: Identity, wanted: asked.NewFolder
    ) -> Metadata:
        with told_as(None, "path"):
            made = await self._acting.carry_out(
                request,
                identity,
                lambda: plan_folder(user, wanted.path, autorename=wanted.autorename),
            )
            return await self._acting.metadata(user, made)

    async def _deleted(
        self, request: Request, user: User, identity: Identity, wanted: asked.Deletion
    ) -> Metadata:
        _check_deletion(wanted)
        with told_as("path_lookup", "path_write"):
            gone = await self._acting.carry_out(
                request, identity, lambda: plan_deletion(user, wanted.path, wanted.parent_rev)
            )
            return await self._acting.metadata(user, gone)


class _Relocations:
    """Moves, or copies, as *planned*."""

    def __init__(self, acting: DropboxActing, planned: Callable[..., Steps[Plan]]) -> None:
        self._acting = acting
        self._planned = planned

    async def one(
        self, request: Request, user: User, identity: Identity, wanted: asked.Relocation
    ) -> done.Changed:
        return done.Changed(await self.one_v1(request, user, identity, wanted))

    async def one_v1(
        self, request: Request, user: User, identity: Identity, wanted: asked.Relocation
    ) -> Metadata:
        with told_as("from_lookup", "to"):
            there = await self._acting.carry_out(
                request,
                identity,
                lambda: self._planned(
                    user, wanted.from_path, wanted.to_path, autorename=wanted.autorename
                ),
            )
            return await self._acting.metadata(user, there)

    async def many(
        self, request: Request, user: User, identity: Identity, wanted: asked.Relocations
    ) -> done.Complete:
        asked.check_count(wanted.entries)
        _check_there([each.from_path for each in wanted.entries])
        _check_paths([each.to_path for each in wanted.entries])

        async def relocate(entry: asked.Relocated) -> done.Union:
            one = asked.Relocation(entry.from_path, entry.to_path, wanted.autorename)
            return done.relocated(await self.one_v1(request, user, identity, one))

        return done.Complete(await _each(wanted.entries, relocate, around=("relocation_error",)))


async def _each(
    entries: Sequence[T],
    carry_out: Callable[[T], Awaitable[done.Union]],
    within: tuple[str, ...] = (),
    *,
    around: tuple[str, ...] = (),
) -> list[done.Union]:
    """What became of each entry. *within* are the tags around BUSY in the union of an entry,
    *around* those between it and `failure`."""
    results = []
    for entry in entries:
        try:
            results.append(await carry_out(entry))
        except Refused as error:
            results.append(done.failure(error, *around))
        except Unavailable:
            results.append(done.failure(Refused(*within, BUSY)))
    return results


def _check_paths(paths: Sequence[str], *, by_id: bool = True) -> None:
    """Raise InvalidRequest for what is no path."""
    for path in paths:
        with suppress(NoWrite):  # told of its entry
            parse_write_path(path, by_id=by_id)


def _check_there(paths: Sequence[str]) -> None:
    """Raise InvalidRequest for what is no path of anything that is there."""
    _check_paths(paths)
    for path in paths:
        with suppress(Refused):  # told of its entry
            parse_path(path)


def _check_deletion(wanted: asked.Deletion) -> None:
    """Raise InvalidRequest for what makes no sense."""
    _check_there([wanted.path])
    if wanted.parent_rev is not None:
        asked.parse_rev(wanted.parent_rev, "parent_rev")
