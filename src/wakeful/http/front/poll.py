"""What the front deals in: requests, answers, and polls, which are answers that come later.

A poll waits without a task, a timer or a closure of its own: it is one object that the feed
wakes, the wheel expires, or the connection gives up, whichever comes first. Whatever ends it
goes through `Poll.end` or `Poll.lost`, and what comes after that finds it over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol

from wakeful.http.front.wheel import Wheel

Headers = list[tuple[bytes, bytes]]
"""Names in lower case."""


class Answer:
    """A whole answer. Its bytes are made once, for thousands of polls are told the same."""

    __slots__ = ("body", "head", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        media: str = "application/json",
    ) -> None:
        self.status = status
        self.body = body
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        if body:
            lines.append(f"content-type: {media}")
        lines += [f"content-length: {len(body)}", "cache-control: no-store"]
        # As given: one SDK looks for "Retry-After" in exactly this spelling (box.md 7).
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.head = "".join(line + "\r\n" for line in lines).encode("latin-1")

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"

    def wire(self, more: bytes, *, closes: bool, bodyless: bool = False) -> bytes:
        """Head and body in one piece, for two writes would meet Nagle and delayed
        acknowledgements and take 40 ms. *more* are further header lines."""
        return b"".join(
            (
                self.head,
                more,
                b"connection: close\r\n\r\n" if closes else b"\r\n",
                b"" if bodyless else self.body,
            )
        )


class Request:
    """A request that the front answers itself, as its handler sees it."""

    __slots__ = ("body", "headers", "is_http10", "keep_alive", "method", "query")

    def __init__(
        self,
        method: bytes,
        query: bytes,
        headers: Headers,
        *,
        keep_alive: bool,
        is_http10: bool = False,
    ) -> None:
        self.method = method
        self.query = query
        self.headers = headers
        self.body = b""
        self.keep_alive = keep_alive
        self.is_http10 = is_http10


class Ended(StrEnum):
    """How a poll ended. The value is what metrics call it."""

    NEW_CHANGE = "new_change"
    RECONNECT = "reconnect"
    DRAIN = "drain"
    GONE = "gone"  # the client went away
    REVOKED = "revoked"
    REFUSED = "refused"  # never waited: a bad request, no access, too many polls


class PollObserver(Protocol):
    """Told of what is worth counting."""

    def parked(self, change: int, /) -> None:
        """So many polls more wait, or fewer."""
        ...

    def ended(self, how: Ended, held: float, /) -> None:
        """A poll that was held for *held* seconds ended."""
        ...

    def wake_latency(self, seconds: float, /) -> None:
        """From hearing of a change to the write of one poll's answer."""
        ...


class Line(Protocol):
    """The connection of a poll, as the poll sees it."""

    @property
    def number(self) -> int:
        """Tells this connection from all others of the process, those before it too."""
        ...

    def answer(self, answer: Answer) -> None:
        """Answer the poll whose turn it is."""
        ...

    def begin_early(self, more: bytes = b"") -> None:
        """Send the head of a chunked answer, in it the lines *more*, and a blank, so that the
        client goes on waiting."""
        ...

    def beat(self) -> None:
        """Send one more blank; JSON may have any number of them in front."""
        ...

    def end_early(self, answer: Answer) -> None:
        """Send the body of *answer* in the answer that has begun."""
        ...


class Polls:
    """All polls of one server: how many wait, and whether more may.

    While it `is_draining`, `has_successor` says that the listening socket outlives the server, so
    that whoever comes back waits there for the next one.
    """

    def __init__(self, wheel: Wheel, observer: PollObserver, limit: int) -> None:
        self.wheel = wheel
        self.observer = observer
        self.limit = limit
        self.parked = 0
        self.is_draining = False
        self.has_successor = False

    def __repr__(self) -> str:
        return f"<Polls [{self.parked} parked]>"

    @property
    def is_full(self) -> bool:
        return self.parked >= self.limit

    def waiting(self) -> list[Poll]:
        """All parked polls, in a list of its own: each of them waits in the wheel."""
        return [entry for entry in self.wheel if isinstance(entry, Poll)]


class Poll:
    """An answer that comes later.

    Made, armed and returned by a handler; from `park` to its end it waits in the wheel, and
    `wake` of a feed's waiter must not come before `park`. For uvicorn, which asks the latest
    request of a connection whether it is answered, it looks like one of its own.
    """

    __slots__ = ("begun", "due", "line", "polls")

    begun: float  # by the wheel's clock

    def __init__(self, polls: Polls) -> None:
        self.polls = polls
        self.line: Line | None = None
        self.due = 0

    @property
    def response_complete(self) -> bool:
        return self.line is None

    def park(self, line: Line) -> None:
        """Wait on *line*. Subclasses put themselves into the wheel, too."""
        self.line = line
        self.begun = self.polls.wheel.now()
        self.polls.parked += 1
        self.polls.observer.parked(1)

    def expire(self) -> None:
        """The time in the wheel is over."""
        raise NotImplementedError

    def drain(self) -> None:
        """The server goes down: say so in the dialect's own way."""
        raise NotImplementedError

    def leave(self) -> None:
        """Stop listening; called once, whatever ended the poll."""
        raise NotImplementedError

    def end(self, answer: Answer, how: Ended) -> None:
        """Answer, unless the poll is over already."""
        line = self.line
        if line is not None:
            self._over(how)
            line.answer(answer)

    def lost(self) -> None:
        """The client went away."""
        if self.line is not None:
            self._over(Ended.GONE)

    def _over(self, how: Ended) -> None:
        polls = self.polls
        self.line = None
        polls.wheel.cancel(self)
        polls.parked -= 1
        self.leave()
        polls.observer.parked(-1)
        polls.observer.ended(how, polls.wheel.now() - self.begun)


Handler = Callable[[Request], Answer | Poll]
"""Called when it is the request's turn on its connection. It must not block, and must not raise
for anything that a client can send."""
