"""A server that keeps everything in a data folder."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from wakeful.access import ALL_SCOPES, Access
from wakeful.cli.control import CONTROL_SOCKET, DATABASE, cannot_use
from wakeful.cli.first_start import no_folder
from wakeful.cli.listen import listen_on_path
from wakeful.cli.state import CannotServe
from wakeful.contents.bench import FolderBench
from wakeful.contents.drafts import KeptDrafts
from wakeful.contents.folder import FolderShelf
from wakeful.core.accounts import create_grant, create_token, digest_of, new_token
from wakeful.core.contents import Shelf
from wakeful.core.drafts import Drafts
from wakeful.core.errors import Unauthenticated
from wakeful.core.people import User
from wakeful.core.ports import Store
from wakeful.settings import Watch
from wakeful.stores.driver import CommitObserver
from wakeful.stores.sqlite import FolderError, SqliteStore

TOKEN_FILE = "token"
URL_FILE = "url"
"""Beside the token, so that the client commands find a server that listens elsewhere."""

CONTENTS = "contents"
"""The folder of the data folder with the contents that no watched folder has."""

DRAFTS = "drafts"
"""The one with the contents that come in parts, as far as they have come."""

_APP = "wakeful"
_TOKEN_LABEL = "token file"

log = structlog.get_logger()


class DataFolder:
    """The `State` in the folder *path*, which is made if it is not there."""

    time = None

    def __init__(self, path: Path, upload_limit: int) -> None:
        self._path = path
        self._upload_limit = upload_limit
        self.token_file = path / TOKEN_FILE

    async def open_store(self, watches: Sequence[Watch], observer: CommitObserver) -> Store:
        for watch in watches:
            # Said before anything is made. What a store remembers, only it can tell.
            if not watch.path.is_dir() and not (self._path / DATABASE).exists():
                raise no_folder(watch)
        try:
            return await SqliteStore.open(self._path, observer=observer)
        except FolderError as error:
            raise CannotServe(str(error)) from None
        except OSError as error:
            raise CannotServe(cannot_use(self._path, error)) from None

    def open_shelf(self, stack: AsyncExitStack) -> Shelf:
        try:
            return stack.enter_context(FolderShelf(self._path / CONTENTS, self._upload_limit))
        except OSError as error:
            raise CannotServe(cannot_use(self._path, error)) from None

    def open_drafts(self, stack: AsyncExitStack) -> Drafts:
        try:
            bench = stack.enter_context(FolderBench(self._path / DRAFTS))
            return KeptDrafts(bench, self._upload_limit)
        except OSError as error:
            raise CannotServe(cannot_use(self._path, error)) from None

    async def token(self, store: Store, access: Access, owner: User) -> str:
        """The token in its file, renewed with a grant of its own if it is missing or void."""
        token = _read_secret(self.token_file)
        try:
            if token and (await access.identify(token)).user == owner.id:
                return token
        except Unauthenticated:
            pass  # void, as after a restore: it is renewed
        token = new_token()
        grant = await store.commit(create_grant(owner.id, _APP, ALL_SCOPES))
        await store.commit(create_token(grant.id, digest_of(token), label=_TOKEN_LABEL))
        _write_secret(self.token_file, token + "\n")
        return token

    def control(self) -> list[socket.socket]:
        return [listen_on_path(self._path / CONTROL_SOCKET)]

    def serves(self, url: str) -> None:
        file = self._path / URL_FILE
        try:
            file.write_text(f"{url}\n", encoding="utf-8")
        except OSError as error:
            # A full disk, for one. It is a convenience, and no reason not to serve.
            log.warning("cannot write", file=str(file), reason=error.strerror)


def _read_secret(file: Path) -> str:
    """The text in *file*, "" where there is none."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _write_secret(file: Path, text: str) -> None:
    """Write *text* where only the owner reads it, never a half of it."""
    temporary = file.with_name(file.name + ".new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
