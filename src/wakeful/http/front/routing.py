"""Who answers a request, if it is not the app: a handler of the front's own, or a shortcut past the
app.

Nothing here knows of connections; whether the moment is right for a shortcut is for them to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

import httptools
import structlog

from wakeful.http.front import refusals
from wakeful.http.front.poll import Answer, Line, Poll, Request, Taking

Handler = Callable[[Request], Answer | Poll]
"""Called when it is the request's turn on its connection. It must not block, and must not raise
for anything that a client can send."""

Shortcut = Callable[[Request], Answer | None]
"""Answers what the app would answer, where it can at once; None leaves the request to the app. It
is asked when the whole request is there, of a POST with a short body, and nothing else is under way
on its connection. As a handler, it must neither block nor raise."""

Taker = Callable[[Request, int], Taking | None]
"""Takes on what the app would answer, where it can; None leaves the request to the app. It is
asked when the head of a request with a short body is there, of so many bytes, and nothing else is
under way on its connection. It must neither block nor raise."""

_MOST_PROMPT = 4 * 1024
"""Bytes of a body that is kept for a shortcut: whose it is nobody knows yet, and no account of what
all bodies take has it."""

log = structlog.get_logger()


class Prompt(Taking):
    """A request that a shortcut is asked for when its body is there, and answers then or never."""

    __slots__ = ("_answer", "_request", "_shortcut")

    def __init__(self, shortcut: Shortcut, request: Request) -> None:
        super().__init__()
        self._shortcut = shortcut
        self._request = request
        self._answer: Answer | None = None

    def begin(self, body: bytes) -> bool:
        self._answer = self._shortcut(self._request)
        return self._answer is not None

    def park(self, line: Line) -> None:
        assert self._answer is not None
        line.answer(self._answer)

    def lost(self) -> None:
        """Nothing was begun."""


class Routing:
    """The handlers and shortcuts of one front, by exact path."""

    def __init__(self) -> None:
        self._routes: dict[bytes, dict[bytes | None, Handler]] = {}
        self._shortcuts: dict[tuple[bytes, bytes], Shortcut] = {}
        self._takers: dict[tuple[bytes, bytes], Taker] = {}

    def __repr__(self) -> str:
        return f"<Routing [{len(self._routes)} routes]>"

    # --- what there is ---

    def route(self, path: str, handler: Handler, *methods: str) -> None:
        """Let *handler* answer requests for exactly *path*: of *methods*, or of any."""
        route = self._routes.setdefault(path.encode(), {})
        for method in methods:
            route[method.encode()] = handler
        if not methods:
            route[None] = handler

    def shortcut(self, method: str, path: str, shortcut: Shortcut) -> None:
        """Ask *shortcut* first, where the app is asked for exactly *path* with *method*."""
        self._shortcuts[method.encode(), path.encode()] = shortcut

    def take(self, method: str, path: str, taker: Taker) -> None:
        """Ask *taker* first, where a request with a body asks the app for exactly *path*."""
        self._takers[method.encode(), path.encode()] = taker

    def paths_of(self, handler: Handler) -> Iterator[str]:
        """The paths that *handler* answers for."""
        for path, handlers in self._routes.items():
            if handler in handlers.values():
                yield path.decode()

    # --- whose a request is ---

    def handler(self, method: bytes, url: bytes) -> Handler | None:
        """Who answers the request in the front, if anybody does. Raises `Refused` where there is no
        path in *url*."""
        path = url.partition(b"?")[0]
        route = self._routes.get(path)
        if route is None:
            if path.startswith(b"/") and b"%" not in path:
                return None
            # `http://host/path`, or an encoded path: two more spellings of the same.
            path = httptools.parse_url(url).path
            if path is None:
                raise refusals.Refused(refusals.BAD_REQUEST)
            route = self._routes.get(unquote_to_bytes(path))
        return None if route is None else route.get(method, route.get(None))

    def has_shortcut(self, method: bytes, path: bytes) -> bool:
        """Whether `answer` may know what such a request is answered."""
        return (method, path) in self._shortcuts

    def may_take(self, method: bytes, path: bytes) -> bool:
        """Whether `answer` or `take_on` may do something about such a request."""
        asked = method, path
        return asked in self._takers or asked in self._shortcuts

    def answer(self, path: bytes, request: Request) -> Answer | None:
        """What the shortcut for *request*, which is there to its end, answers, if there is one and
        it can."""
        shortcut = self._shortcuts.get((request.method, path))
        if shortcut is None:
            return None
        try:
            return shortcut(request)
        except Exception:
            log.exception("shortcut failed", path=path)
            return None

    def take_on(self, path: bytes, request: Request, size: int) -> Taking | None:
        """What a shortcut makes of *request*, with a body of *size* bytes, if there is one and it
        can."""
        asked = request.method, path
        shortcut, taker = self._shortcuts.get(asked), self._takers.get(asked)
        if shortcut is not None and request.method == b"POST":
            return Prompt(shortcut, request) if size <= _MOST_PROMPT else None
        if taker is None:
            return None
        try:
            return taker(request, size)
        except Exception:
            log.exception("shortcut failed", path=path)
            return None
