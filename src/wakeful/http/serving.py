"""uvicorn as a part of a program: it serves sockets that it is given, plain ones and TLS.

The front's connections are the same over both. What TLS adds is bounded here: who is slow over
the handshake, and who does not say goodbye, is not waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp

HANDSHAKE_SECONDS = 10.0
"""As for the head of a request: whoever connects is about to ask."""

GOODBYE_SECONDS = 60.0
"""How long a client may take to read what it is still owed, and to answer the end of a connection.
As long as any client may read nothing; a server that stops does not wait for it."""

_KEEP_ALIVE_SECONDS = 30  # an SDK's next request finds its connection; uvicorn keeps its parser
_STOP_SECONDS = 10  # what requests that are under way get, after the polls are drained


class TlsSockets(msgspec.Struct, frozen=True):
    """Listening sockets, and the context with which they are served."""

    context: ssl.SSLContext
    sockets: Sequence[socket.socket]
    handshake_time: float = HANDSHAKE_SECONDS


class Connections(dict[Any, None]):
    """What uvicorn keeps connections in, in half of the memory of a set."""

    def add(self, connection: object) -> None:
        self[connection] = None

    def discard(self, connection: object) -> None:
        self.pop(connection, None)


class Server(uvicorn.Server):
    """uvicorn whose signals are the program's, and that tells when it listens."""

    def __init__(self, config: uvicorn.Config, tls: TlsSockets | None = None) -> None:
        super().__init__(config)
        self.server_state.connections = Connections()  # type: ignore[assignment]
        self.listening = asyncio.Event()
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._tls is not None:
            loop = asyncio.get_running_loop()
            for sock in self._tls.sockets:
                # As uvicorn does it, but for the times: its own would be a minute each.
                server = await loop.create_server(
                    self._connection,
                    sock=sock,
                    ssl=self._tls.context,
                    backlog=self.config.backlog,
                    ssl_handshake_timeout=self._tls.handshake_time,
                    ssl_shutdown_timeout=GOODBYE_SECONDS,
                )
                self.servers.append(server)
        self.listening.set()

    def _connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg] # uvicorn's own form
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop_accepting(self) -> None:
        """Leave new connections where they wait: in the socket that others hold, too."""
        for server in self.servers:
            server.close()


@asynccontextmanager
async def listening(
    sockets: list[socket.socket], app: ASGIApp, *, tls: TlsSockets | None = None, **config: Any
) -> AsyncIterator[Server]:
    """A server of *app* on *sockets*, and on those of *tls*; at the end it stops gracefully.

    *config* goes to uvicorn.
    """
    server = Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # `trust_proxy` is ours, and uvicorn trusts whoever is local
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_STOP_SECONDS,
            **config,
        ),
        tls,
    )
    running = asyncio.create_task(server.serve(sockets), name="uvicorn")
    waiting = asyncio.create_task(server.listening.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield server
    finally:
        server.should_exit = True
        await running
