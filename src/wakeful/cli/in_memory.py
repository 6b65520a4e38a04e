"""A server that keeps nothing: what it knows ends with it, and nothing is put on the disk."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack

from wakeful.access import ALL_SCOPES, Access
from wakeful.cli.first_start import no_folder
from wakeful.cli.state import CannotServe
from wakeful.contents.bench import MemoryBench
from wakeful.contents.drafts import KeptDrafts
from wakeful.contents.memory import MemoryShelf
from wakeful.core.accounts import create_grant, create_token, digest_of, new_token
from wakeful.core.clock import VirtualTime
from wakeful.core.contents import Shelf
from wakeful.core.drafts import Drafts
from wakeful.core.people import User
from wakeful.core.ports import Store
from wakeful.settings import Watch
from wakeful.stores.driver import CommitObserver
from wakeful.stores.memory import MemoryStore

_SHORTEST_TOKEN = 8  # characters: beyond a slip of the pen


class InMemory:
    """The `State` of `--memory`. *token* is to open it, one of its own if it is empty.

    Raises CannotServe for a token that is none.
    """

    token_file = None

    def __init__(self, upload_limit: int, token: str = "") -> None:
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise CannotServe("WAKEFUL_TOKEN has something else than letters, digits and signs")
        if token and len(token) < _SHORTEST_TOKEN:
            raise CannotServe(f"WAKEFUL_TOKEN has less than {_SHORTEST_TOKEN} characters")
        self._upload_limit = upload_limit
        self._token = token
        self.time = VirtualTime()

    async def open_store(self, watches: Sequence[Watch], observer: CommitObserver) -> Store:
        for watch in watches:
            if not watch.path.is_dir():
                raise no_folder(watch)
        return MemoryStore(clock=self.time.clock.wall, observer=observer)

    def open_shelf(self, stack: AsyncExitStack) -> Shelf:
        return MemoryShelf(self._upload_limit)

    def open_drafts(self, stack: AsyncExitStack) -> Drafts:
        return KeptDrafts(MemoryBench(), self._upload_limit)

    async def token(self, store: Store, access: Access, owner: User) -> str:
        token = self._token or new_token()
        grant = await store.commit(create_grant(owner.id, "wakeful", ALL_SCOPES))
        await store.commit(create_token(grant.id, digest_of(token), label="in memory"))
        return token

    def control(self) -> list[socket.socket]:
        return []

    def serves(self, url: str) -> None:
        """Nobody looks it up: there is nowhere to look."""
