"""What was asked of an emulator, and what it answered.

Rule 1: it is bounded, in number and in bytes. What is over and oldest goes first, and how much
went is counted: who looks for something is told that it may be gone.

Rule 2: no secret is in it (`redaction`).

Rule 3: times are those of the virtual clock, as the client's own waiting is.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from wakeful.core.clock import Clock
from wakeful.dialects.box.marks import stream_of
from wakeful.http.emulation.readings import (
    Place,
    Reading,
    Told,
    asked_from,
    backoff_of,
    message_of,
    reading_of,
)
from wakeful.http.emulation.redaction import clean, clean_header
from wakeful.http.emulation.routes import POLLS, Named

MOST_KEPT = 5_000
MOST_BYTES = 64 * 1024 * 1024
BODY_BYTES = 16 * 1024
"""Of one body; the rest is counted only."""

PARSED_BYTES = 8 * 1024 * 1024
"""Of an answer, for what it told to be known."""

_TEXTS = ("json", "text/", "x-www-form-urlencoded")
_OVERHEAD_BYTES = 1_000

Headers = Sequence[tuple[bytes, bytes]]


class State(StrEnum):
    """How far a request has come."""

    OPEN = "open"  # it is worked on
    PARKED = "parked"  # a poll that waits
    HELD = "held"  # a fault keeps it from being answered
    ANSWERED = "answered"
    GONE = "gone"  # its client did not wait for the answer
    CUT = "cut"  # a fault ended it, in the middle of the answer or before
    RESET = "reset"

    @property
    def is_over(self) -> bool:
        return self not in (State.OPEN, State.PARKED, State.HELD)


class Body:
    """The bytes of a body as they pass: all that may be parsed, of which the beginning is kept."""

    __slots__ = ("_parts", "size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if self.size <= PARSED_BYTES:
            self._parts.append(part)
        else:
            self._parts.clear()  # a download: half of it would say nothing

    @property
    def raw(self) -> bytes:
        return b"".join(self._parts)


class Exchange:
    """One request with its answer. `began` and `ended` in seconds of the virtual clock, `at` in
    milliseconds since 1970."""

    __slots__ = (
        "asked_from",
        "at",
        "began",
        "ended",
        "faults",
        "id",
        "kept",
        "method",
        "path",
        "query",
        "reading",
        "request_body",
        "request_headers",
        "request_size",
        "response_body",
        "response_headers",
        "response_size",
        "retry_after",
        "route",
        "said",
        "state",
        "status",
        "user",
    )

    def __init__(self, id: int, route: Named, user: int | None, method: str, path: str) -> None:
        self.id = id
        self.route = route
        self.user = user
        self.method = method
        self.path = clean(path)
        self.at = 0
        self.began = 0.0
        self.ended: float | None = None
        self.state = State.OPEN
        self.faults: tuple[int, ...] = ()
        self.query = ""
        self.asked_from: Place | None = None
        self.request_headers: list[tuple[str, str]] = []
        self.request_body = ""
        self.request_size = 0
        self.status: int | None = None
        self.response_headers: list[tuple[str, str]] = []
        self.response_body = ""
        self.response_size = 0
        self.retry_after: float | None = None
        self.reading = Reading()
        self.said = ""
        self.kept = _OVERHEAD_BYTES

    def __repr__(self) -> str:
        return f"<Exchange {self.id} {self.route.name} {self.state}>"


class Wanted(msgspec.Struct, frozen=True):
    """Which exchanges are looked for. `told` and `acknowledged` name an event by its id, or what
    it is about by name or path."""

    user: int | None = None
    route: str | None = None
    since: int = 0
    state: State | None = None
    told: str | None = None
    acknowledged: str | None = None


class Recorder:
    """Keeps what was asked, the newest of it."""

    def __init__(
        self, clock: Clock, *, most: int = MOST_KEPT, most_bytes: int = MOST_BYTES
    ) -> None:
        self._clock = clock
        self._most = most
        self._most_bytes = most_bytes
        self._numbers = itertools.count(1)
        self._kept: OrderedDict[int, Exchange] = OrderedDict()
        self._bytes = 0
        self._news: asyncio.Future[None] | None = None
        self._is_over = False
        self.dropped = 0

    def __repr__(self) -> str:
        return f"<Recorder [{len(self._kept)} kept, {self.dropped} dropped]>"

    # --- what happens ---

    def begin(
        self, route: Named, user: int | None, method: str, path: str, query: bytes, headers: Headers
    ) -> Exchange:
        """A request has come."""
        exchange = Exchange(next(self._numbers), route, user, method, path)
        exchange.at = self._clock.wall()
        exchange.began = self._clock.monotonic()
        exchange.query = clean(query.decode("latin-1"))
        exchange.request_headers = _clean(headers)
        exchange.asked_from = asked_from(route.name, query, b"")
        exchange.kept += sum(len(name) + len(value) for name, value in headers)
        self._kept[exchange.id] = exchange
        self._bytes += exchange.kept
        self._bound()
        self._tell()
        return exchange

    def asked(self, exchange: Exchange, body: bytes, size: int) -> None:
        """The body of a request is there."""
        exchange.request_size = size
        exchange.request_body = _text(body, exchange.request_headers)
        if exchange.asked_from is None:
            exchange.asked_from = asked_from(exchange.route.name, b"", body)
        self._grow(exchange, len(exchange.request_body))
        self._tell()

    def changed(self, exchange: Exchange, state: State) -> None:
        """A request waits, or does so no longer."""
        exchange.state = state
        self._tell()

    def end(
        self,
        exchange: Exchange,
        state: State,
        status: int | None = None,
        headers: Headers = (),
        body: bytes = b"",
        size: int = 0,
    ) -> None:
        """A request is over, once."""
        if exchange.state.is_over:
            return
        exchange.state = state
        exchange.ended = self._clock.monotonic()
        exchange.status = status
        exchange.response_headers = _clean(headers)
        exchange.response_body = _text(body, exchange.response_headers)
        exchange.response_size = size
        if state is State.ANSWERED:
            exchange.reading = reading_of(exchange.route.name, body)
            if status == 200 and exchange.route.name in POLLS:
                exchange.said = message_of(body)
        exchange.retry_after = _retry_after(exchange, body)
        self._grow(exchange, len(exchange.response_body) + 100 * len(exchange.reading.told))
        self._tell()

    # --- what is known of it ---

    def find(self, wanted: Wanted) -> list[Exchange]:
        """Those that are *wanted*, in the order in which they came."""
        mine = [
            each for each in self._kept.values() if wanted.user is None or each.user == wanted.user
        ]
        if wanted.acknowledged is not None:
            mine = _acknowledging(mine, wanted.acknowledged)
        return [each for each in mine if _is_wanted(each, wanted)]

    async def wait(self, wanted: Wanted, count: int, seconds: float) -> list[Exchange]:
        """As `find`, once there are *count* of them, or after *seconds* of the machine's time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            found = self.find(wanted)
            left = until - loop.time()
            if len(found) >= count or left <= 0 or self._is_over:
                return found
            if self._news is None or self._news.done():
                self._news = loop.create_future()
            await asyncio.wait([self._news], timeout=left)

    def end_waits(self) -> None:
        """Answer all who wait with what there is: the server goes down."""
        self._is_over = True
        self._tell()

    def forget(self, user: int | None = None) -> int:
        """Forget what is over, of *user* or of all; returns how much that was."""
        gone = [
            each
            for each in self._kept.values()
            if each.state.is_over and (user is None or each.user == user)
        ]
        for exchange in gone:
            self._drop(exchange)
        return len(gone)

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _grow(self, exchange: Exchange, size: int) -> None:
        if exchange.id in self._kept:
            exchange.kept += size
            self._bytes += size
            self._bound()

    def _bound(self) -> None:
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            oldest = next((each for each in self._kept.values() if each.state.is_over), None)
            if oldest is None:
                return  # what is under way is bounded by the server's own limits
            self._drop(oldest)
            self.dropped += 1

    def _drop(self, exchange: Exchange) -> None:
        del self._kept[exchange.id]
        self._bytes -= exchange.kept


def told_of(exchange: Exchange, what: str) -> list[Told]:
    """What of an answer is about *what*: an event's id, a name, or a path."""
    return [
        each
        for each in exchange.reading.told
        if what in (each.id, each.name) or (each.path and each.path.lower() == what.lower())
    ]


def _is_wanted(exchange: Exchange, wanted: Wanted) -> bool:
    return (
        exchange.id > wanted.since
        and (wanted.route is None or exchange.route.matches(wanted.route, exchange.path))
        and (wanted.state is None or exchange.state is wanted.state)
        and (wanted.told is None or bool(told_of(exchange, wanted.told)))
    )


def _acknowledging(exchanges: Sequence[Exchange], what: str) -> list[Exchange]:
    """Requests by which a client says that it has read *what*: they begin behind it."""
    found = []
    cursors: set[Place] = set()
    number: int | None = None
    ended: float | None = None
    by_end = sorted(exchanges, key=lambda each: (each.ended is None, each.ended or 0.0, each.id))
    for told in by_end:
        place = told.reading.next
        if ended is None:
            if not told_of(told, what):
                continue
            ended = told.ended
        if isinstance(place, int) and number is None:
            number = place
        elif isinstance(place, str):
            cursors.add(place)
    if ended is None:
        return []
    for each in exchanges:
        if each.began < ended:
            continue
        place = each.asked_from
        if place in cursors or (isinstance(place, int) and _is_behind(place, number)):
            found.append(each)
    return found


def _is_behind(place: int, number: int | None) -> bool:
    # Positions of two streams cannot be compared.
    return number is not None and place >= number and stream_of(place) is stream_of(number)


def _retry_after(exchange: Exchange, body: bytes) -> float | None:
    """The seconds that an answer asks its client to wait, if it does."""
    text = dict(exchange.response_headers).get("retry-after", "")
    if text.isdigit():
        return float(text)
    return backoff_of(body) if exchange.route.name in POLLS else None


def _clean(headers: Headers) -> list[tuple[str, str]]:
    named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)
    return [(name, clean_header(name, value)) for name, value in named]


def _text(body: bytes, headers: Sequence[tuple[str, str]]) -> str:
    """The beginning of *body* if it is a text, without secrets."""
    media = dict(headers).get("content-type", "application/json" if body[:1] in b"{[" else "")
    if not body or not any(part in media for part in _TEXTS):
        return ""
    # Cleaned before it is cut: half a secret would not be known for one.
    return clean(body[: 4 * BODY_BYTES].decode("utf-8", "replace"))[:BODY_BYTES]
