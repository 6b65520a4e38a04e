"""Dropbox's long poll: what it asks, what it waits for, and what it is answered (dropbox.md 2.4).

Rule 1: the cursor is the permission. It says whose view it is of and under which grant; a token
that comes with it is not looked at, since SDKs send none here.

Rule 2: a poll is answered when its cursor's own scope has something new, at once if it has that
already, and never for what happened elsewhere.

Rule 3: an error costs clients their cursor or their life, so what can be said with `changes` is
said so: an answer that has begun, a folder that is gone, a server that stops or is full.

Rule 4: a reader that is answered again and again with one cursor is slowed, as in Box's poll.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Protocol

import msgspec
import structlog

from wakeful.access import Access
from wakeful.core.cursors import Cursor
from wakeful.core.errors import (
    CursorExpired,
    InvalidRequest,
    NotFound,
    Unauthenticated,
    WakefulError,
)
from wakeful.core.places import Place, places_of, places_of_view
from wakeful.core.ports import Store
from wakeful.dialects.dropbox.arguments import check_content_type, parse, parse_timeout
from wakeful.dialects.dropbox.errors import BadCall
from wakeful.dialects.dropbox.headers import CORS, PREFLIGHT, REQUEST_ID
from wakeful.dialects.dropbox.shapes import Changes, LongPoll
from wakeful.http.dialect import new_request_id
from wakeful.http.dropbox.answers import POST_ONLY, answered
from wakeful.http.dropbox.cursors import Cursors
from wakeful.http.front.brake import Brake
from wakeful.http.front.holds import BEAT_SECONDS, LONGEST_WITH_JITTER
from wakeful.http.front.poll import Answer, Ended, Line, Poll, Polls, Request, Shared, each
from wakeful.http.front.routing import Handler
from wakeful.http.reading import read
from wakeful.journal_feed import JournalFeed

FUNCTION = "files/list_folder/longpoll"
LONGPOLL_PATH = f"/2/{FUNCTION}"

_MOST_JITTER = 10.0  # seconds beyond the timeout; a tenth of it if that is less
_BACKOFF = (2, 10)  # seconds, for the time of a restart
_FULL_BACKOFF = (10, 30)
_HOT_SECONDS = 1.0
_LOADED_AT_ONCE = 100  # polls


def changes(*, there_are: bool, backoff: int | None = None) -> Answer:
    return Answer(200, msgspec.json.encode(Changes(there_are, backoff)), CORS)


class Asked(NamedTuple):
    """What a poll asks for. `timeout` in seconds."""

    cursor: Cursor
    timeout: int


class Form(Protocol):
    """How one version of the API asks, and is refused."""

    method: bytes
    """The only one that its route takes, beside OPTIONS."""

    def asked(self, request: Request) -> Asked:
        """What *request* asks for. Raises WakefulError."""
        ...

    def refusal(self, error: WakefulError) -> Answer: ...

    def bad_method(self) -> Answer: ...


CHANGES = Shared(200, msgspec.json.encode(Changes(changes=True)), CORS)
NO_CHANGES = changes(there_are=False)
PREFLIGHTED = Answer(204, headers=PREFLIGHT)

_CORS_LINES = "".join(f"{name}: {value}\r\n" for name, value in CORS.items()).encode()

log = structlog.get_logger()


class LongPollPoll(Poll):
    """One poll of a cursor. A waiter of the journal feed."""

    __slots__ = (
        "after",
        "cursor",
        "form",
        "grant",
        "has_begun",
        "is_slowed",
        "longpoll",
        "places",
        "polls",
        "until",
        "user",
    )

    def __init__(self, longpoll: LongPolls, form: Form, cursor: Cursor, hold: float) -> None:
        super().__init__()
        self.polls = longpoll.polls
        self.longpoll = longpoll
        self.form = form
        self.user = cursor.user
        self.grant = cursor.grant
        self.cursor: Cursor | None = cursor  # until its places are known
        self.places: tuple[Place, ...] = ()
        self.after = 0
        self.is_slowed = False
        self.has_begun = False
        self.until = self.polls.wheel.now() + hold

    def park(self, line: Line) -> None:
        super().park(line)
        left = self.until - self.begun
        self.polls.wheel.put(self, left if left <= LONGEST_WITH_JITTER else BEAT_SECONDS)

    def wake(self, since: float) -> None:
        """As `journal_feed.JournalWaiter`."""
        pause = self._pause()
        if pause:
            self.is_slowed = True
            self.polls.wheel.put(self, pause)
        else:
            self.end(CHANGES, Ended.NEW_CHANGE)
            self.polls.observer.wake_latency(time.monotonic() - since)

    def expire(self) -> None:
        left = self.until - self.polls.wheel.now()
        if self.is_slowed:
            self.end(CHANGES, Ended.NEW_CHANGE)
        elif left > 0:
            self._keep_alive()
            self.polls.wheel.put(self, min(left, BEAT_SECONDS))
        else:
            self.end(NO_CHANGES, Ended.RECONNECT)

    def drain(self) -> None:
        self.end(self.longpoll.farewell, Ended.DRAIN)

    def leave(self) -> None:
        self.longpoll.feed.leave(self)

    def end(self, answer: Answer, how: Ended) -> None:
        line = self.line
        if line is None or not self.has_begun:
            super().end(answer, how)
            return
        # The status is out already: what it cannot say any more, the next call will.
        self._over(how)
        line.end_early(answer if answer.status == 200 else CHANGES)

    def _keep_alive(self) -> None:
        assert self.line is not None
        if self.has_begun:
            self.line.beat()
        else:
            self.has_begun = True
            self.line.begin_early(_CORS_LINES)

    def _pause(self) -> float:
        if self.polls.wheel.now() - self.begun > _HOT_SECONDS:
            return 0.0
        # Its hash alone, for a place in hundreds of mounts has a hundred kilobytes.
        return self.longpoll.brake.pause(hash(self.cursor or self.places), self.user, 0)


class LongPolls:
    """The routes of the long poll. Use as an async context manager."""

    def __init__(self, store: Store, feed: JournalFeed, access: Access, polls: Polls) -> None:
        self.feed = feed
        self.polls = polls
        self.brake = Brake(polls.wheel.now)
        self._store = store
        self._access = access
        self._cold: dict[LongPollPoll, None] = {}
        self._loader: asyncio.Task[None] | None = None
        access.on_withdrawal(self._withdrawn)

    async def __aenter__(self) -> LongPolls:
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

    @property
    def farewell(self) -> Answer:
        """What polls are told while the server goes down."""
        if self.polls.has_successor:
            return NO_CHANGES
        return changes(there_are=False, backoff=random.randint(*_BACKOFF))

    def route(self, form: Form) -> Handler:
        """The handler of the path where polls have that form."""

        def subscribe(request: Request) -> Answer | Poll:
            if request.method == b"OPTIONS":
                return PREFLIGHTED
            try:
                outcome = self._answer(request, form)
            except WakefulError as error:
                outcome = form.refusal(error)
            if isinstance(outcome, Answer):
                self.polls.observer.ended(Ended.REFUSED, 0.0)
            return outcome

        return subscribe

    def _answer(self, request: Request, form: Form) -> Answer | Poll:
        if self.polls.is_draining:
            return self.farewell
        if self.polls.is_full:
            return changes(there_are=False, backoff=random.randint(*_FULL_BACKOFF))
        if request.method != form.method:
            return form.bad_method()
        cursor, timeout = form.asked(request)
        may_follow = self._access.may_follow(cursor.grant, cursor.user)
        if may_follow is False:
            raise Unauthenticated("the grant was revoked")
        hold = timeout + random.uniform(0, min(_MOST_JITTER, timeout / 10))
        if request.is_http10:
            hold = min(hold, LONGEST_WITH_JITTER)
        poll = LongPollPoll(self, form, cursor, hold)
        places = self._places_now(cursor) if may_follow else None
        if places is None:
            self._load(poll)
        else:
            self._wait(poll, places)
        return poll

    def _places_now(self, cursor: Cursor) -> tuple[Place, ...] | None:
        """Where *cursor* waits; None where that has to be waited for, or is nowhere any more."""
        if not cursor.scope.path:
            return places_of_view(cursor)
        try:
            return self._store.look_now(places_of(cursor))
        except (CursorExpired, NotFound):
            return None

    def _wait(self, poll: LongPollPoll, places: tuple[Place, ...]) -> None:
        poll.places = places
        poll.cursor = None
        self.feed.wait(poll)

    # --- grants, and places that have to be looked up ---

    def _withdrawn(self) -> None:
        each(self.polls.waiting(), self._judge)

    def _judge(self, poll: Poll) -> None:
        if isinstance(poll, LongPollPoll):
            may_follow = self._access.may_follow(poll.grant, poll.user)
            if may_follow is False:
                error = Unauthenticated("the grant was revoked")
                poll.end(poll.form.refusal(error), Ended.REVOKED)
            elif may_follow is None:
                self.feed.leave(poll)
                self._load(poll)

    def _load(self, poll: LongPollPoll) -> None:
        self._cold[poll] = None
        if self._loader is None or self._loader.done():
            self._loader = asyncio.create_task(self._load_all(), name="cursors of polls")

    async def _load_all(self) -> None:
        while self._cold:
            polls = tuple(self._cold)[:_LOADED_AT_ONCE]
            for poll in polls:
                del self._cold[poll]
            await asyncio.gather(*map(self._load_one, polls))

    async def _load_one(self, poll: LongPollPoll) -> None:
        try:
            worth = await self._access.load_grant(poll.grant)
            if not worth.may_follow(poll.user):
                raise Unauthenticated("the grant was revoked")
            places = poll.places
            if poll.cursor is not None:
                places = await read(self._store, places_of(poll.cursor))
        except (CursorExpired, NotFound):
            # What there is to say of the folder, `continue` says. Not at once each time, for who
            # does not ask it comes back with the same cursor.
            if poll.line is not None:
                poll.wake(time.monotonic())
        except WakefulError as error:
            poll.end(poll.form.refusal(error), Ended.REFUSED)
        except Exception:
            log.exception("poll failed", user=poll.user)
            poll.end(CHANGES, Ended.REFUSED)
        else:
            if poll.line is not None:
                # It may wait already: who is looked up anew is looked up twice at times.
                self.feed.leave(poll)
                self._wait(poll, places)


class FormV2:
    """A POST with an argument in JSON (dropbox.md 2.4)."""

    method = b"POST"

    def __init__(self, store: Store, cursors: Cursors) -> None:
        self._store = store
        self._cursors = cursors

    def asked(self, request: Request) -> Asked:
        headers: Mapping[bytes, bytes] = dict(request.headers)
        try:
            check_content_type(headers.get(b"content-type", b"").decode("latin-1"))
            asked = parse(request.body, LongPoll)
            timeout = parse_timeout(asked.timeout)
        except InvalidRequest as error:
            raise BadCall(FUNCTION, str(error)) from None
        cursor = self._cursors.opened(asked.cursor, FUNCTION, self._store.epoch)
        return Asked(cursor, timeout)

    def refusal(self, error: WakefulError) -> Answer:
        return refused(error, *answered(error))

    def bad_method(self) -> Answer:
        text = str(BadCall(FUNCTION, POST_ONLY)).encode()
        return Answer(405, text, CORS | {"Allow": "POST, OPTIONS"}, "text/plain; charset=utf-8")


def refused(error: WakefulError, status: int, body: bytes, media: str) -> Answer:
    """The answer that tells of *error*, which the log has, too."""
    request_id = new_request_id()
    log.debug("poll refused", request_id=request_id, error=str(error))
    return Answer(status, body, CORS | {REQUEST_ID: request_id}, media)
