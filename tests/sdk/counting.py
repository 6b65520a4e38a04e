"""A relay that counts the requests that pass, so that a test sees how often a client asks."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_REQUEST = re.compile(rb"^(GET|OPTIONS|POST) (\S+) HTTP/1\.1\r$", re.MULTILINE)


class Relay:
    """Passes bytes on to a port, both ways, and notes each request with its time."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._changed = threading.Condition()
        self._requests: list[tuple[float, str]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[tuple[float, str]]:
        """When each request passed (monotonic seconds), with its method and target."""
        with self._changed:
            return list(self._requests)

    def wait_for(self, count: int, what: str, timeout: float = 60.0) -> list[tuple[float, str]]:
        """Wait until *count* requests that contain *what* have passed; returns all requests."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._passed(what) >= count, timeout):
                raise AssertionError(
                    f"in {timeout:.0f} s not {count} requests with {what}: {self._requests[-30:]}"
                )
            return list(self._requests)

    def _passed(self, what: str) -> int:
        return sum(what in request for _, request in self._requests)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            ends.append(back)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, back, counted=True))
                tasks.create_task(self._pump(there, writer, counted=False))
        except OSError:
            writer.close()
        except asyncio.CancelledError:
            # The test is over, and the server has perhaps not yet seen that a client went away.
            for end in ends:
                end.transport.abort()
            raise

    async def _pump(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        unfinished = b""
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if counted:
                    unfinished = self._note(unfinished + data)
                to.write(data)
                await to.drain()
        to.close()

    def _note(self, data: bytes) -> bytes:
        """Count the request lines in *data*; returns the line that is not complete."""
        end = data.rfind(b"\n") + 1
        with self._changed:
            for found in _REQUEST.finditer(data[:end]):
                self._requests.append((time.monotonic(), b" ".join(found.groups()).decode()))
            self._changed.notify_all()
        return data[end:]


@contextmanager
def relaying(port: int) -> Iterator[Relay]:
    """A relay to *port*, in a thread of its own."""
    relay = Relay(port)
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(relay.connected, "127.0.0.1", 0)
        relay.port = server.sockets[0].getsockname()[1]
        ready.set()
        await done.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()
