"""Sending requests by httpx2: what both drivers have in common, and one class for each.

A class keeps one httpx2 client for each scheme, made when it is first needed: loading the
system's certificates takes longer than a whole exchange with a server on the same machine.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx2

from wakeful.client.steps import Answer, Ask, NoAnswer, Reply

CONNECT_SECONDS = 10.0
_LONGEST_REASON = 200  # characters: an error of the system says more than a notice should

# A poll is silent by design, so a peer that vanished (a laptop that slept, a firewall that
# forgot) shows only by probes: the first after 30 s, given up after three more, 10 s apart.
_KEEPALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    ),
]


class Endpoint:
    """A server and how to speak to it."""

    def __init__(self, url: str, token: str, tls: ssl.SSLContext | None) -> None:
        """Raises ValueError for a URL that is no http(s) URL, and for a damaged token."""
        text = url.strip().rstrip("/")
        try:
            parsed = httpx2.URL(text)
        except httpx2.InvalidURL as error:
            raise ValueError(f"{url!r} is no URL: {error}") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError(f"{url!r} is no URL of a server: it begins with http:// or https://")
        if parsed.query or parsed.fragment:
            raise ValueError(f"{url!r} has more than a server's URL: end it before the ? or #")
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("a token is one word of printable ASCII characters")
        self.url = text
        self._origin = _origin(parsed)
        self._authorization = f"Bearer {token}"
        self._tls = tls

    def options(self, scheme: str) -> dict[str, Any]:
        """The arguments for a transport of httpx2."""
        # For plain HTTP a context that trusts nobody: not loaded, and of no use to anybody.
        tls = self._tls
        if tls is None and scheme != "https":
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        proxy = getproxies().get(scheme)
        host = self._origin[1]
        if proxy and (_is_loopback(host) or proxy_bypass(host)):
            proxy = None
        options: dict[str, Any] = {"socket_options": _KEEPALIVE, "proxy": proxy or None}
        return {**options, "verify": tls} if tls else options

    def arguments(self, ask: Ask) -> dict[str, Any]:
        """The arguments for a request. Raises ValueError for a URL that is none."""
        try:
            url = httpx2.URL(ask.url)
        except httpx2.InvalidURL as error:
            raise ValueError(str(error)) from None
        headers = {"User-Agent": "wakeful-client", **ask.headers}
        # A channel may be on another host: the token is for nobody but the server itself.
        if _origin(url) == self._origin:
            headers["Authorization"] = self._authorization
        return {
            "method": ask.method,
            "url": url,
            "headers": headers,
            "content": ask.body,
            "timeout": httpx2.Timeout(ask.silence, connect=CONNECT_SECONDS),
        }


class Connections:
    """Requests of the synchronous client. `interrupt` may be called from any thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._clients: dict[str, httpx2.Client] = {}
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        # A signal handler may interrupt on top of the thread that has it.
        self._lock = threading.RLock()
        self._is_interrupted = False

    def send(self, ask: Ask) -> Reply:
        began = time.monotonic()
        try:
            arguments = self._endpoint.arguments(ask)
            client = self._client(arguments["url"].scheme)
            response = client.request(**arguments, extensions={"trace": self._watch})
        except (httpx2.HTTPError, ValueError) as error:
            return no_answer(error)
        return _answer(response, began)

    def interrupt(self) -> None:
        """End the request under way, if any, and all later ones."""
        self._is_interrupted = True
        with self._lock:  # another thread may be about to connect
            sockets = tuple(self._sockets)
        for each in sockets:
            _shut(each)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, scheme: str) -> httpx2.Client:
        if scheme not in self._clients:
            transport = httpx2.HTTPTransport(**self._endpoint.options(scheme))
            self._clients[scheme] = httpx2.Client(transport=transport)
        return self._clients[scheme]

    def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the sockets: to close one does not wake a thread that reads from it, to
        shut it down does."""
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        connected = info["return_value"].get_extra_info("socket")
        if isinstance(connected, socket.socket):
            with self._lock:
                self._sockets.add(connected)
            # After the line above: `interrupt` has either seen the socket or set the flag.
            if self._is_interrupted:
                _shut(connected)


class AsyncConnections:
    """Requests of the asynchronous client. Cancelling a request closes its connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def send(self, ask: Ask) -> Reply:
        began = time.monotonic()
        try:
            arguments = self._endpoint.arguments(ask)
            response = await self._client(arguments["url"].scheme).request(**arguments)
        except (httpx2.HTTPError, ValueError) as error:
            return no_answer(error)
        return _answer(response, began)

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    def _client(self, scheme: str) -> httpx2.AsyncClient:
        if scheme not in self._clients:
            transport = httpx2.AsyncHTTPTransport(**self._endpoint.options(scheme))
            self._clients[scheme] = httpx2.AsyncClient(transport=transport)
        return self._clients[scheme]


def no_answer(error: Exception) -> NoAnswer:
    """What an exception of httpx2 means, in words that fit after "lost the server:"."""
    match error:
        case httpx2.ReadTimeout():
            return NoAnswer("the server is silent", was_silent=True)
        case httpx2.ConnectTimeout():
            return NoAnswer(f"no connection within {CONNECT_SECONDS:.0f} s")
        case httpx2.ConnectError():
            return NoAnswer(f"no connection: {_cause(error)}")
        case httpx2.TimeoutException():
            return NoAnswer("the server takes nothing in")
        case httpx2.NetworkError() | httpx2.RemoteProtocolError():
            return NoAnswer("the connection was cut")
        case _:
            return NoAnswer(str(error)[:_LONGEST_REASON] or type(error).__name__)


def _cause(error: BaseException) -> str:
    """The system's own words: "All connection attempts failed" helps nobody."""
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if isinstance(each, BaseExceptionGroup):
            pending.extend(each.exceptions)
        elif isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({each.verify_message})"
        elif isinstance(each, socket.gaierror):
            return "its name is not known"
        elif isinstance(each, OSError) and each.errno is not None and each.errno > 0:
            return os.strerror(each.errno).lower()
        elif each is not None:
            pending.extend((each.__context__, each.__cause__))
    return str(error)[:_LONGEST_REASON]


def _answer(response: httpx2.Response, began: float) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, response.content, time.monotonic() - began)


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"https": 443}.get(url.scheme, 80)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _shut(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
