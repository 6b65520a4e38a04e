"""The real server, with Ann in it, in a thread of its own: it can be stopped and started again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from tests.ports import Port
from wakeful.access import ALL_SCOPES, Access, open_access
from wakeful.core.accounts import (
    create_enterprise,
    create_grant,
    create_token,
    create_user,
    digest_of,
    new_token,
)
from wakeful.feed import Feed
from wakeful.http.app import build_app
from wakeful.http.box.realtime import Realtime
from wakeful.http.front.front import Front
from wakeful.http.metrics import Metrics
from wakeful.http.services import Services
from wakeful.stores.sqlite import SqliteStore
from wakeful.wakeups.hub import Hub

T = TypeVar("T")

PATIENCE_SECONDS = 60.0


class RealFeed:
    """A server on the store in *folder*. `token` is Ann's, under the grant `grant`."""

    def __init__(self, folder: Path, hold: float = 50.0) -> None:
        self._folder = folder
        self._hold = hold
        self._port = Port()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self.token = ""
        self.grant = 0
        self.access: Access
        self.front: Front
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port.number}"

    def start(self) -> None:
        is_up = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(is_up),))
        self._thread.start()
        assert is_up.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End it as SIGTERM does: parked polls are sent away first."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    def close(self) -> None:
        """End it for good."""
        self.stop()
        self._port.release()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of *work*, done on the server's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _serve(self, is_up: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        metrics = Metrics()
        async with AsyncExitStack() as stack:
            store = await SqliteStore.open(self._folder)
            stack.push_async_callback(store.close)
            feed = await stack.enter_async_context(Feed(store, Hub(), metrics))
            self.access = await open_access(store)
            self.front = Front(metrics)
            realtime = await stack.enter_async_context(
                Realtime(feed, self.access, self.front.polls, self._hold)
            )
            self.front.routing.route("/subscribe", realtime.subscribe)
            if not self.token:
                await self._populate(store)
            app = build_app(Services(feed, self.access, metrics))
            listener = self._port.listen()
            server = uvicorn.Server(
                uvicorn.Config(
                    app,
                    http=self.front.protocol(),
                    ws="none",
                    lifespan="off",
                    log_config=None,
                    timeout_graceful_shutdown=5,
                )
            )
            # Signals are the test runner's.
            running = asyncio.create_task(server._serve([listener]))
            is_up.set()
            await self._stopping.wait()
            await self.front.drain(0.1)
            server.should_exit = True
            await running

    async def _populate(self, store: SqliteStore) -> None:
        enterprise = await store.commit(create_enterprise("Acme"))
        ann = await store.commit(create_user(enterprise.id, "ann", "Ann", is_admin=True))
        grant = await store.commit(create_grant(ann.id, "tests", ALL_SCOPES))
        self.grant, self.token = grant.id, new_token()
        await store.commit(create_token(grant.id, digest_of(self.token)))
