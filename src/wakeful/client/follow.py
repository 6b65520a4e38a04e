"""The rules of following a user's stream, without I/O (box.md, sections 1 to 3).

    OPTIONS /2.0/events            a channel: the URL to wait on, and for how long
    GET <channel>                  waits until there is something to read
    GET /2.0/events                pages, until there is nothing more

Rule 1: the position moves past a page only after the consumer has taken its last event, so
whatever breaks in between repeats a page instead of losing it; what repeats is recognised by
event id and left out.

Rule 2: the channel is told the position up to which was read, and answers at once where the
stream is longer already: nothing published between reading and waiting is missed.

Rule 3: nothing but an answer that repeating cannot change (a 4xx) ends the flow. Everything
else is tried again, at a growing distance.

Rule 4: what the server gets wrong must not become a hot loop.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from enum import StrEnum
from typing import NoReturn, TypeVar

from wakeful.client.answers import bad_answer, refusal
from wakeful.client.events import event_from
from wakeful.client.notices import Back, Gap, Lost, Started
from wakeful.client.pace import Jitter, bound_after, full_jitter, retry_after
from wakeful.client.steps import (
    Answer,
    Ask,
    Deliver,
    Flow,
    NoAnswer,
    Reply,
    Save,
    Sleep,
    Step,
    Tell,
)
from wakeful.dialects.box import answers as box

T = TypeVar("T")

MOST_EVENTS = 500  # that the protocol allows in a page (box.md 2.1)
SILENCE_SECONDS = 30.0  # any answer but that of a parked poll comes sooner, or not at all
POLL_GRACE_SECONDS = 5.0  # so that an answer at the last moment is not cut off on its way
SHORTEST_RETRY_TIMEOUT_SECONDS = 1.0  # a server that says 0 must not cause a hot loop
SHORTEST_HOLD_SECONDS = 1.0  # a poll without news that ends sooner is repeated at a distance
REMEMBERED_EVENTS = 5000  # ten of the longest pages, about 600 kB


class Stream(StrEnum):
    """The views of a user's stream, and the orders of an enterprise's (box.md 2.1)."""

    ALL = "all"
    CHANGES = "changes"
    SYNC = "sync"
    ENTERPRISE = "admin_logs_streaming"
    ENTERPRISE_BY_TIME = "admin_logs"


def parse_since(since: int | str) -> int | str:
    """Where to begin: `now`, or a position. Raises ValueError for anything else."""
    if isinstance(since, str):
        text = since.strip()
        if text == "now":
            return text
        if not text.isascii() or not text.isdigit():
            raise ValueError(f"{since!r} is no position: give now, 0, or a number the server gave")
        return int(text)
    if since < 0:
        raise ValueError("a position is not negative")
    return since


def check_types(stream: Stream, types: Sequence[str]) -> tuple[str, ...]:
    """The *types* of events to be shown. Raises ValueError where *stream* cannot be filtered, or
    something is no name."""
    names = (types,) if isinstance(types, str) else tuple(types)
    if names and stream not in (Stream.ENTERPRISE, Stream.ENTERPRISE_BY_TIME):
        raise ValueError("only the streams of an enterprise are filtered by type")
    for name in names:
        if not name.strip() or "," in name:
            raise ValueError(f"{name!r} is no type of event")
    return names


def check_limit(limit: int) -> None:
    """Raise ValueError unless a page may have *limit* events."""
    if not 1 <= limit <= MOST_EVENTS:
        raise ValueError(f"a page has between 1 and {MOST_EVENTS} events")


def follow(
    base: str,
    position: int | str,
    *,
    stream: Stream = Stream.ALL,
    types: Sequence[str] = (),
    limit: int = MOST_EVENTS,
    jitter: Jitter = full_jitter,
) -> Flow[NoReturn]:
    """Deliver every event of *stream* after *position*, for ever; only those of *types*, if any
    are named.

    *base* is the server's URL without a slash at its end. *position* is one that the server
    gave, `now`, or 0 for the oldest event kept. Ends by AuthenticationFailed or Refused only.
    """
    return _Follower(base, str(position), stream, types, limit, jitter).run()


class _Follower:
    def __init__(
        self,
        base: str,
        position: str,
        stream: Stream,
        types: Sequence[str],
        limit: int,
        jitter: Jitter,
    ) -> None:
        self._base = base
        self._position = position
        self._stream = stream
        self._types = types
        self._limit = limit
        self._jitter = jitter
        self._channel: box.Channel | None = None
        self._polls = 0  # on this channel
        self._failures = 0  # since a page moved the position, or a poll was held
        self._is_lost = False
        self._has_started = False
        # A dict, for it forgets in the order in which it learned.
        self._delivered: dict[str, None] = {}

    def run(self) -> Flow[NoReturn]:
        fruitless = 0
        while True:
            if (yield from self._read()):
                fruitless = 0
            else:
                fruitless += 1
            # The first one is free: it may be the start, or a poll that was answered early
            # because an earlier answer may have been lost.
            if fruitless > 1:
                yield Sleep(self._jitter(bound_after(fruitless - 2)))
            yield from self._wait()

    # --- reading ---

    def _read(self) -> Flow[bool]:
        """Deliver all there is. Returns whether the position moved."""
        has_moved = False
        while True:
            asked = self._position
            page = yield from self._page()
            if not self._has_started:
                self._has_started = True
                yield Tell(Started(page.position if asked == "now" else int(asked)))
            for entry in page.entries:
                event = event_from(entry)
                if not event.id or self._remember(event.id):
                    yield Deliver(event)
            if str(page.position) == asked:
                return has_moved
            has_moved = True
            self._failures = 0
            self._position = str(page.position)
            yield Save(page.position)
            # After a page that is not full the poll decides: it is answered at once where
            # there is more (rule 2), and saves the request that would find nothing.
            if len(page.entries) < self._limit:
                return True

    def _page(self) -> Flow[box.Page]:
        asked = self._position
        url = self._base + box.events_path(self._stream.value, asked, self._limit, self._types)
        answer, page = yield from self._insist(Ask("GET", url, SILENCE_SECONDS), box.read_page)
        if box.GAP_HEADER in answer.headers:
            yield Tell(Gap(asked))
        return page

    def _remember(self, event: str) -> bool:
        """Whether *event* is new."""
        if event in self._delivered:
            return False
        self._delivered[event] = None
        if len(self._delivered) > REMEMBERED_EVENTS:
            del self._delivered[next(iter(self._delivered))]
        return True

    # --- waiting ---

    def _wait(self) -> Flow[None]:
        """Return when there is something to read, or may be."""
        while True:
            if self._channel is None or self._polls > self._channel.max_retries:
                yield from self._discover()
            if (yield from self._poll()):
                return

    def _discover(self) -> Flow[None]:
        url = self._base + box.channel_path(self._stream.value, self._types)
        ask = Ask("OPTIONS", url, SILENCE_SECONDS)
        _, self._channel = yield from self._insist(ask, box.read_channel)
        self._polls = 0

    def _poll(self) -> Flow[bool]:
        """One poll. Returns whether it is time to read."""
        assert self._channel is not None
        channel, is_fresh = self._channel, self._polls == 0
        self._polls += 1
        hold = max(channel.retry_timeout, SHORTEST_RETRY_TIMEOUT_SECONDS)
        url = box.poll_url(channel.url, self._position)
        reply = yield from _send(Ask("GET", url, hold + POLL_GRACE_SECONDS))
        if isinstance(reply, NoAnswer):
            self._channel = None
            # A server that is silent for that long has lost the poll, not the connection.
            if not reply.was_silent:
                yield from self._fail(reply.reason)
            return False
        if reply.status == 200:
            return (yield from self._message(reply))
        self._channel = None
        if refused := refusal(reply):
            # A channel may end without the reader's fault; one that was just given may not.
            if is_fresh:
                raise refused
            return False
        yield from self._fail(bad_answer(reply), retry_after(reply.headers))
        return False

    def _message(self, answer: Answer) -> Flow[bool]:
        try:
            message = box.read_message(answer.body)
        except ValueError as error:
            self._channel = None
            yield from self._fail(f"the server's answer makes no sense: {error}")
            return False
        if message == box.NEW_CHANGE:
            return True
        self._channel = None  # all other messages mean: begin with OPTIONS (box.md 3.1)
        if message not in (box.RECONNECT, box.MAX_RETRIES):
            yield from self._fail(f"the server sent {message!r} instead of news")
            return False
        yield from self._recover()
        if answer.seconds >= SHORTEST_HOLD_SECONDS:
            self._failures = 0
        else:
            yield Sleep(self._jitter(bound_after(self._failures)))
            self._failures += 1
        return False

    # --- trying again ---

    def _insist(self, ask: Ask, read: Callable[[bytes], T]) -> Flow[tuple[Answer, T]]:
        """Repeat *ask* until its answer can be read. Raises AuthenticationFailed and Refused."""
        while True:
            reply = yield from _send(ask)
            wait = 0.0
            if isinstance(reply, NoAnswer):
                reason = reply.reason
            elif reply.status == 200:
                try:
                    value = read(reply.body)
                except ValueError as error:
                    reason = f"the server's answer makes no sense: {error}"
                else:
                    yield from self._recover()
                    return reply, value
            elif refused := refusal(reply):
                raise refused
            else:
                reason, wait = bad_answer(reply), retry_after(reply.headers)
            yield from self._fail(reason, wait)

    def _fail(self, reason: str, wait: float = 0.0) -> Flow[None]:
        """Wait before the next try, at least *wait* seconds; the first failure is told."""
        pause = wait + self._jitter(bound_after(self._failures))
        self._failures += 1
        if not self._is_lost:
            self._is_lost = True
            yield Tell(Lost(reason, pause))
        yield Sleep(pause)

    def _recover(self) -> Flow[None]:
        if self._is_lost:
            self._is_lost = False
            yield Tell(Back())


def _send(ask: Ask) -> Generator[Step, Reply | None, Reply]:
    reply = yield ask
    assert reply is not None, "a driver answers every request"
    return reply
