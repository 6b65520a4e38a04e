"""What the front deals in: requests, answers, and polls, which are answers that come later.

A poll waits without a task, a timer or a closure of its own: it is one object that the feed
wakes, the wheel expires, or the connection gives up, whichever comes first. Whatever ends it
goes through `Poll.end` or `Poll.lost`, and what comes after that finds it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol, TypeVar

import structlog

from wakeful.http.front.wheel import Wheel

_PHRASES = {status.value: status.phrase for status in HTTPStatus}

Headers = list[tuple[bytes, bytes]]
"""Names in lower case."""

E = TypeVar("E")

log = structlog.get_logger()


def each(entries: Iterable[E], tell: Callable[[E], None]) -> None:
    """*tell* each of *entries*. One that fails must not keep it from the others."""
    for entry in entries:
        try:
            tell(entry)
        except Exception:
            log.exception("one of many failed", entry=repr(entry))


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
        kind = f"content-type: {media}\r\n" if body else ""
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\n{kind}"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\n"
        )
        if headers:
            # As given: one SDK looks for "Retry-After" in exactly this spelling (box.md 7).
            head += "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        self.head = head.encode("latin-1")

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


class Shared(Answer):
    """An answer that many are given at once: the bytes for one are those for the next."""

    __slots__ = ("_last",)

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body, headers)
        self._last: tuple[bytes, bool, bytes] = (b"", False, super().wire(b"", closes=False))

    def wire(self, more: bytes, *, closes: bool, bodyless: bool = False) -> bytes:
        if bodyless:
            return super().wire(more, closes=closes, bodyless=True)
        lines, closed, wire = self._last
        if lines is not more or closed is not closes:
            wire = super().wire(more, closes=closes)
            self._last = (more, closes, wire)
        return wire


class Written(Answer):
    """An answer of which the head is there already: its first line and the lines of its headers."""

    __slots__ = ()

    def __init__(self, status: int, head: bytes, body: bytes) -> None:
        self.status = status
        self.head = head
        self.body = body


class Request:
    """A request that the front answers itself, as its handler sees it."""

    __slots__ = (
        "answer",
        "body",
        "headers",
        "is_http10",
        "is_tls",
        "keep_alive",
        "method",
        "query",
        "taking",
    )

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
        self.is_tls = False  # told to shortcuts only
        self.answer: Answer | None = None  # of a shortcut
        self.taking: Taking | None = None  # by a shortcut


MOMENT_SECONDS = 0.01
"""How exactly it is known when a poll began."""


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
        self._moment = 0.0
        self.is_draining = False
        self.has_successor = False

    def __repr__(self) -> str:
        return f"<Polls [{self.parked} parked]>"

    @property
    def is_full(self) -> bool:
        return self.parked >= self.limit

    def moment(self) -> float:
        """Now by the wheel's clock, or up to `MOMENT_SECONDS` ago: one number for all polls that
        come together."""
        now = self.wheel.now()
        if not 0 <= now - self._moment < MOMENT_SECONDS:
            self._moment = now
        return self._moment

    def waiting(self) -> list[Poll]:
        """All parked polls, in a list of its own: each of them waits in the wheel."""
        return [entry for entry in self.wheel if isinstance(entry, Poll)]


class Later:
    """An answer that comes later.

    For uvicorn, which asks the latest request of a connection whether it is answered, it looks
    like one of its own.
    """

    __slots__ = ("line",)

    def __init__(self) -> None:
        self.line: Line | None = None

    @property
    def response_complete(self) -> bool:
        return self.line is None

    def park(self, line: Line) -> None:
        """Wait on *line*, whose turn it is."""
        self.line = line

    def drain(self) -> None:
        """The server goes down."""
        raise NotImplementedError

    def lost(self) -> None:
        """The client went away."""
        raise NotImplementedError


class Taking(Later):
    """A request with a body that a shortcut has taken on. It is `lost` where the body does not
    come, too."""

    __slots__ = ()

    def begin(self, body: bytes) -> bool:
        """The whole *body* is there, and it is the request's turn. False, or an exception, leaves
        the request to the app: then nothing was begun. Answers later, never within the call."""
        raise NotImplementedError


class Poll(Later):
    """An answer that may take minutes.

    Made, armed and returned by a handler; from `park` to its end it waits in the wheel, and
    `wake` of a feed's waiter must not come before `park`.
    """

    __slots__ = ("begun", "due")

    polls: Polls  # where a subclass keeps it
    begun: float  # by the wheel's clock, as `Polls.moment`

    def __init__(self) -> None:
        super().__init__()
        self.due = 0

    def park(self, line: Line) -> None:
        """Wait on *line*. Subclasses put themselves into the wheel, too."""
        super().park(line)
        self.begun = self.polls.moment()
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
