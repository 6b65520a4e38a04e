"""What is different over TLS. All else is in the other modules, which run over both."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

import pytest

from tests.integration.front.site import PATIENCE_SECONDS, Site, get, serving, until
from wakeful.http.front.poll import Ended
from wakeful.tls import LocalFiles


class Blocking:
    """A client like those of most SDKs: it looks at its connection when it needs it."""

    def __init__(self, site: Site, files: LocalFiles) -> None:
        self._raw = socket.create_connection(("127.0.0.1", site.port))
        self._tls = ssl.create_default_context(cafile=files.authority)
        self.connection: ssl.SSLSocket

    async def open(self) -> Blocking:
        self.connection = await asyncio.to_thread(
            self._tls.wrap_socket, self._raw, server_hostname="localhost"
        )
        self.connection.settimeout(10)
        return self

    def close(self) -> None:
        self.connection.close()


async def test_a_handshake_that_takes_too_long_is_given_up(local_files: LocalFiles) -> None:
    async with serving(handshake_time=0.1) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"\x16\x03\x01")  # the beginning of a client's first record
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()
        await site.nothing_is_left()


@pytest.mark.parametrize("said", [get("/plain"), b"\x16\x03\x01\x00\x05nonsense", b"\0" * 5000])
async def test_what_is_no_handshake_ends_the_connection_and_nothing_else(
    site: Site, said: bytes
) -> None:
    async with site.parked_client() as other:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(said)
        async with asyncio.timeout(60):
            with contextlib.suppress(ConnectionResetError):  # which is an end, too
                assert b"HTTP" not in await reader.read()
        writer.close()
        await site.change()
        assert (await other.reply()).message == "new_change"


async def test_a_client_that_says_goodbye_is_gone(site: Site, local_files: LocalFiles) -> None:
    client = await Blocking(site, local_files).open()
    client.connection.sendall(await site.poll())
    await until(lambda: site.parked == 1)

    raw = await asyncio.to_thread(client.connection.unwrap)

    await site.nothing_is_left()
    assert site.tally.ends == [Ended.GONE]
    raw.close()


async def test_an_answer_leaves_in_one_record(site: Site, local_files: LocalFiles) -> None:
    """Two would meet Nagle and delayed acknowledgements."""
    client = await Blocking(site, local_files).open()
    client.connection.sendall(await site.poll())
    await until(lambda: site.parked == 1)
    await site.change()

    # A read returns one record at most.
    answer = await asyncio.to_thread(client.connection.recv, 65536)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"new_change" in answer
    client.close()
    await site.nothing_is_left()


async def test_a_server_that_stops_waits_for_no_goodbye(local_files: LocalFiles) -> None:
    """A client that keeps a connection for later reads nothing from it meanwhile."""
    # uvicorn alone would wait out its time for a graceful stop.
    async with serving(timeout_graceful_shutdown=600) as site:
        idle = [await Blocking(site, local_files).open() for _ in range(5)]
        await until(lambda: len(site.server.server_state.connections) == 5)
        parked = await Blocking(site, local_files).open()
        parked.connection.sendall(await site.poll())
        await until(lambda: site.parked == 1)

        await site.front.drain(0)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await site.stop()

        answer = await asyncio.to_thread(parked.connection.recv, 65536)
        assert answer.startswith(b"HTTP/1.1 503 ")
        for client in (*idle, parked):
            client.close()


async def test_a_session_is_resumed_by_the_next_connection(
    site: Site, local_files: LocalFiles
) -> None:
    """Which saves a client that polls on a new connection each time the costly half."""
    context = ssl.create_default_context(cafile=local_files.authority)

    def ask(session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool]:
        with (
            socket.create_connection(("127.0.0.1", site.port)) as raw,
            context.wrap_socket(raw, server_hostname="localhost", session=session) as connection,
        ):
            connection.sendall(get("/first"))
            connection.recv(65536)
            return connection.session, bool(connection.session_reused)

    first, _ = await asyncio.to_thread(ask, None)
    _, is_resumed = await asyncio.to_thread(ask, first)

    assert is_resumed
