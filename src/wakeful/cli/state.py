"""Where a server keeps what it knows: in a data folder, or nowhere but in memory."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from wakeful.access import Access
from wakeful.core.clock import VirtualTime
from wakeful.core.contents import Shelf
from wakeful.core.drafts import Drafts
from wakeful.core.people import User
from wakeful.core.ports import Store
from wakeful.settings import Watch
from wakeful.stores.driver import CommitObserver


class CannotServe(Exception):
    """The server cannot start. The text is for the user."""


class State(Protocol):
    """What a server is given to keep its things in. Each method is called once."""

    @property
    def token_file(self) -> Path | None:
        """Where the token is kept; None where it is only told."""
        ...

    @property
    def time(self) -> VirtualTime | None:
        """The clock of a server whose time can be put forward: of none that keeps anything."""
        ...

    async def open_store(self, watches: Sequence[Watch], observer: CommitObserver) -> Store:
        """The store. Nothing is made for *watches* that are not there and never were.

        Raises CannotServe and SettingsError.
        """
        ...

    def open_shelf(self, stack: AsyncExitStack) -> Shelf:
        """For contents, until *stack* is closed. Raises CannotServe."""
        ...

    def open_drafts(self, stack: AsyncExitStack) -> Drafts:
        """For contents that come in parts, until *stack* is closed. Raises CannotServe."""
        ...

    async def token(self, store: Store, access: Access, owner: User) -> str:
        """The token of the first user, made if there is none."""
        ...

    def control(self) -> list[socket.socket]:
        """Listening sockets by which commands reach the server."""
        ...

    def serves(self, url: str) -> None:
        """The server is ready under *url*. Never raises."""
        ...
