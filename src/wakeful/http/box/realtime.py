"""Box's realtime poll: what it asks, where it is armed, and what it is answered (box.md 3).

Rule 1: what has been read decides. A poll names the position that its reader has reached, and
is answered at once if its stream has something of its class after that. One without a position
is armed at the head last announced on its channel, as far as that is remembered, else where
the channel was made; and when its hold ends it is told of a change all the same, for the answer
before may have been lost.

Rule 2: a channel never ends with an error while its grant lives, and needs no token. Every
answer that an SDK should survive is 200 with a message (box.md 3.1), or 503 with Retry-After.

Rule 3: a position of the enterprise, by its mark, is waited for on the enterprise's channel where
the URL has one beside its own: the generated SDKs ask for a channel without a stream type.

Rule 4: a reader that is answered again and again at the same position is slowed, by at most a
second. One that gets on never is.
"""

from __future__ import annotations

import asyncio
import random
import time
from functools import partial
from types import TracebackType
from typing import ClassVar

import structlog

from wakeful.access import Access, Worth
from wakeful.capabilities import Channel
from wakeful.core import positions
from wakeful.core.errors import Draining, InvalidRequest, NotFound, Unavailable, WakefulError
from wakeful.core.positions import Asked, Marker, StreamState
from wakeful.dialects.box import realtime as box
from wakeful.dialects.box.errors import answer_for, error_body, status_body
from wakeful.dialects.box.marks import stream_of, unmarked
from wakeful.feed import Feed
from wakeful.filtered import Look
from wakeful.http.dialect import new_request_id
from wakeful.http.front.brake import Brake
from wakeful.http.front.holds import BEAT_SECONDS, LONGEST_SILENCE, LONGEST_WITH_JITTER
from wakeful.http.front.poll import Answer, Ended, Line, Poll, Polls, Request, Shared, each
from wakeful.http.recent import Recent
from wakeful.waking import WOKEN

log = structlog.get_logger()

NEW_CHANGE = Shared(200, box.NEW_CHANGE)
RECONNECT = Shared(200, box.RECONNECT)

# Empty: an SDK takes any body for something else than a token that is over (box.md 7).
NO_ACCESS = Answer(
    401, headers={"WWW-Authenticate": 'Bearer realm="Wakeful", error="invalid_token"'}
)

_FULL_SECONDS = 5
"""After which a poll may find a place."""


def bad_method() -> Answer:
    return Answer(405, status_body(405, new_request_id()), {"Allow": "GET"})


def unavailable(error: Unavailable) -> Answer:
    """A 503. SDKs honour the time, and give up after five attempts (box.md 5.1)."""
    request_id = new_request_id()
    log.debug("poll refused", request_id=request_id, error=str(error))
    return Answer(503, error_body(error, request_id), {"Retry-After": str(error.retry_after)})


def draining() -> Answer:
    return unavailable(Draining("the server is going down"))


def full() -> Answer:
    return unavailable(Unavailable("too many polls wait here already", retry_after=_FULL_SECONDS))


def failed() -> Answer:
    return unavailable(Unavailable("the store does not answer"))


_JITTER = 0.1  # of the hold, either way: polls that began together shall not end together
_STEPS = 200  # of all holds: each is one number for all polls that drew it
_HOT_SECONDS = 1.0  # an answer that comes sooner than that may be one of a loop
_LOADED_AT_ONCE = 100  # grants


class RealtimePoll(Poll):
    """One poll of a channel. A waiter of the feed. `Realtime` makes a subclass for its own, with
    what they share: tens of thousands of polls wait, and each slot is eight bytes of each."""

    __slots__ = (
        "after",
        "asked",
        "cls",
        "grant",
        "has_begun",
        "hold",
        "is_bare",
        "nonce",
        "stream",
    )

    after: int  # the feed's
    realtime: ClassVar[Realtime]
    polls: ClassVar[Polls]  # type: ignore[misc] # the same for all

    def __init__(self, channel: Channel, asked: Asked, *, is_bare: bool, hold: float) -> None:
        super().__init__()
        self.asked = asked
        self.stream = channel.stream
        self.cls: int = channel.cls
        self.after = 0  # it may leave before it was armed
        self.grant = channel.grant
        self.nonce = channel.nonce
        self.is_bare = is_bare  # it named no position
        self.has_begun = False  # the head of its answer has been sent
        self.hold = hold  # seconds from when it began; a number that it shares with others

    @property
    def state(self) -> StreamState | None:
        """Of the stream, as far as it is known."""
        return self.realtime.feed.known_head(self.stream)

    def follow(self, worth: Worth) -> None:
        """Arm, as the grant allows."""
        if self.stream == worth.user:
            self.stream = worth.user  # one number for both, which is 32 bytes
        self.arm()

    def arm(self) -> None:
        """Listen. Again after `leave`, if need be."""
        self.realtime.feed.wait(self, self.asked)

    def park(self, line: Line) -> None:
        super().park(line)
        hold = self.hold
        self.polls.wheel.put(self, hold if hold <= LONGEST_WITH_JITTER else BEAT_SECONDS)

    def wake(self, since: float) -> None:
        """As `feed.Waiter`."""
        pause = self._pause()
        if pause:
            self.polls.wheel.put(self, pause)
        else:
            self._tell()
            self.polls.observer.wake_latency(time.monotonic() - since)

    def expire(self) -> None:
        left = self.begun + self.hold - self.polls.wheel.now()
        if self.after == WOKEN:  # and slowed by the brake
            self._tell()
        elif left > 0:
            self._keep_alive()
            self.polls.wheel.put(self, min(left, BEAT_SECONDS))
        elif self.is_bare:
            self._tell()
        else:
            self.end(RECONNECT, Ended.RECONNECT)

    def drain(self) -> None:
        self.end(self.realtime.farewell, Ended.DRAIN)

    def revoke(self) -> None:
        self.end(NO_ACCESS, Ended.REVOKED)

    def leave(self) -> None:
        if self.after != WOKEN:
            self.realtime.feed.leave(self)

    def end(self, answer: Answer, how: Ended) -> None:
        line = self.line
        if line is None or not self.has_begun:
            super().end(answer, how)
            return
        # The status is out already: what is no message becomes one that makes the client
        # come back, and then it is told.
        self._over(how)
        line.end_early(answer if answer.status == 200 else RECONNECT)

    def _keep_alive(self) -> None:
        assert self.line is not None
        if self.has_begun:
            self.line.beat()
        else:
            # Not earlier: a head that is sent at once would be a write of its own before
            # each answer that comes at once.
            self.has_begun = True
            self.line.begin_early()

    def _tell(self) -> None:
        if self.is_bare:
            self.realtime.note(self)
        line = self.line
        if line is None or self.has_begun:
            self.end(NEW_CHANGE, Ended.NEW_CHANGE)
        else:
            # As `end`, with a call less on the way of each wake.
            self._over(Ended.NEW_CHANGE)
            line.answer(NEW_CHANGE)

    def _pause(self) -> float:
        # Who asks for what comes after now is woken by something new each time.
        if self.asked is Marker.NOW or self.polls.wheel.now() - self.begun > _HOT_SECONDS:
            return 0.0
        brake = self.realtime.brake
        assert self.line is not None
        # Some SDKs ask for a new channel each time, but on the same connection.
        return max(
            brake.pause(self.nonce, self.stream, self.asked),
            brake.pause(self.line.number, self.stream, self.asked),
        )


class FilteredPoll(RealtimePoll):
    """A poll of an enterprise's channel that is not told of everything in its order."""

    __slots__ = ("look", "seen")

    def __init__(
        self, channel: Channel, asked: Asked, look: Look, *, is_bare: bool, hold: float
    ) -> None:
        super().__init__(channel, asked, is_bare=is_bare, hold=hold)
        self.look = look
        self.seen: StreamState | None = None

    @property
    def state(self) -> StreamState | None:
        return self.seen

    def arm(self) -> None:
        self.realtime.feed.wait_filtered(self)

    def leave(self) -> None:
        self.realtime.feed.leave_filtered(self)


class Realtime:
    """The route of the realtime URL. Use as an async context manager.

    *hold* is how long a poll is kept when nothing happens, in seconds.
    """

    def __init__(self, feed: Feed, access: Access, polls: Polls, hold: float = 50.0) -> None:
        self.feed = feed
        self.polls = polls
        self.brake = Brake(polls.wheel.now)
        self._access = access
        shared = {"__slots__": (), "realtime": self, "polls": polls}
        self._poll: type[RealtimePoll] = type("OwnRealtimePoll", (RealtimePoll,), shared)
        self._filtered: type[FilteredPoll] = type("OwnFilteredPoll", (FilteredPoll,), shared)
        # Either end, and what is between in even steps.
        self._holds = [hold * (1 + _JITTER * (2 * step / _STEPS - 1)) for step in range(_STEPS + 1)]
        self._short_holds = [min(each, LONGEST_WITH_JITTER) for each in self._holds]
        self._is_short = hold <= LONGEST_SILENCE
        self._announced: Recent[bytes, int] = Recent()
        # Polls whose grant is not cached; one task asks for all of them.
        self._cold: dict[int, set[RealtimePoll]] = {}
        self._loader: asyncio.Task[None] | None = None
        access.on_withdrawal(self._withdrawn)

    async def __aenter__(self) -> Realtime:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loader is not None:
            self._loader.cancel()
            await asyncio.gather(self._loader, return_exceptions=True)

    def subscribe(self, request: Request) -> Answer | Poll:
        """The handler of the realtime URL's path."""
        outcome = self._answer(request)
        if isinstance(outcome, Answer):
            self.polls.observer.ended(Ended.REFUSED, 0.0)
        return outcome

    @property
    def farewell(self) -> Answer:
        """What polls are told while the server goes down; their connections end with it."""
        # An error, though SDKs survive it, is seen by people: boxsdk 3 logs it. Nobody needs it
        # where the next connection waits for the next server; elsewhere it would be refused,
        # which ends boxsdk 3, and so has to come later.
        return RECONNECT if self.polls.has_successor else draining()

    def note(self, poll: RealtimePoll) -> None:
        """Remember what *poll*'s channel is about to be told of."""
        state = poll.state
        if state is not None:
            self._announced.set(poll.nonce, positions.position(state.epoch, state.last))

    def _answer(self, request: Request) -> Answer | Poll:
        if self.polls.is_draining:
            return self.farewell
        if self.polls.is_full:
            return full()
        if request.method != b"GET":
            return bad_method()
        query = box.parse_query(request.query)
        try:
            channel = self._access.open_channel(query.get("channel", ""))
            given = query.get("stream_position")
            asked = self._place(channel) if given is None else positions.parse(given)
            stream = stream_of(asked)
            if stream is not None and "enterprise" in query:
                channel = self._access.open_channel(query["enterprise"])
            look = None
            if channel.is_enterprise:
                stream = stream or box.enterprise_stream(query)
                if given is not None:
                    asked = unmarked(asked, stream)
                look = box.lookup(channel.stream, asked, query, stream)
        except (NotFound, InvalidRequest) as error:
            return _refusal(error)
        worth = self._access.known_grant(channel.grant)
        if worth is not None and not worth.may_follow(channel.stream):
            return NO_ACCESS
        hold = self._draw_hold(may_begin_early=not request.is_http10)
        is_bare = given is None
        if look is None:
            poll = self._poll(channel, asked, is_bare=is_bare, hold=hold)
        else:
            poll = self._filtered(channel, asked, look, is_bare=is_bare, hold=hold)
        if worth is None:
            self._load(poll)
        else:
            poll.follow(worth)
        return poll

    def _draw_hold(self, *, may_begin_early: bool) -> float:
        is_short = self._is_short or not may_begin_early
        holds = self._short_holds if is_short else self._holds
        return holds[int(random.random() * len(holds))]

    def _place(self, channel: Channel) -> Asked:
        return self._announced.get(channel.nonce) or channel.position

    # --- grants ---

    def _withdrawn(self) -> None:
        each(self.polls.waiting(), self._judge)

    def _judge(self, poll: Poll) -> None:
        if isinstance(poll, RealtimePoll):
            may_follow = self._access.may_follow(poll.grant, poll.stream)
            if may_follow is False:
                poll.revoke()
            elif may_follow is None:
                # As if it had just come: it may go on from where it was armed.
                poll.leave()
                self._load(poll)

    def _load(self, poll: RealtimePoll) -> None:
        self._cold.setdefault(poll.grant, set()).add(poll)
        if self._loader is None or self._loader.done():
            self._loader = asyncio.create_task(self._load_all(), name="grants of polls")

    async def _load_all(self) -> None:
        while self._cold:
            grants = tuple(self._cold)[:_LOADED_AT_ONCE]
            known = await asyncio.gather(
                *(self._access.load_grant(grant) for grant in grants), return_exceptions=True
            )
            for grant, worth in zip(grants, known, strict=True):
                if isinstance(worth, BaseException):
                    log.error("grant not loaded", grant=grant, exc_info=worth)
                each(self._cold.pop(grant), partial(self._loaded, worth))

    def _loaded(self, worth: Worth | BaseException, poll: RealtimePoll) -> None:
        if poll.line is None:
            return
        if isinstance(worth, BaseException):
            poll.end(failed(), Ended.REFUSED)
        elif worth.may_follow(poll.stream):
            poll.follow(worth)
        else:
            poll.end(NO_ACCESS, Ended.REFUSED)


def _refusal(error: WakefulError) -> Answer:
    request_id = new_request_id()
    log.debug("poll refused", request_id=request_id, error=str(error))
    return Answer(answer_for(error)[0], error_body(error, request_id))
