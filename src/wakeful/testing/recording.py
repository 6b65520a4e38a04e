"""What the tested program asked of an emulator, and what is expected of it.

Rule: nothing is waited for by time. An expectation waits until it is met, or fails with what was
asked instead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from wakeful.testing.asking import PATIENCE_SECONDS, EmulatorFailed

State = Literal["open", "parked", "held", "answered", "gone", "cut", "reset"]

_WAIT_SECONDS = 10  # of one request of ours; it is repeated
_MOST_SHOWN = 30
_CLOCKS_APART = 0.01  # seconds that a sleep may be shorter than it says


class Told(msgspec.Struct, frozen=True):
    """One event or entry of a page."""

    id: str
    name: str
    path: str = ""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what it was answered. Secrets are hidden, long bodies cut.

    `began` and `ended` are in seconds of the server's clock, `asked_from` and `next` where a page
    begins and where to go on, `told` what it told of; `said` is what a poll was told.
    """

    id: int
    route: str
    template: str
    user: int | None
    method: str
    path: str
    query: str
    at: str
    began: float
    ended: float | None
    state: State
    faults: tuple[int, ...]
    status: int | None
    retry_after: float | None
    asked_from: int | str | None
    next: int | str | None
    told: tuple[Told, ...]
    said: str
    request_headers: list[tuple[str, str]]
    request_body: str
    request_size: int
    response_headers: list[tuple[str, str]]
    response_body: str
    response_size: int

    def __str__(self) -> str:
        """One line, for people."""
        parts = [f"{self.id}: {self.route}"]
        if self.asked_from is not None:
            parts.append(f"from {self.asked_from}")
        parts.append("->")
        if self.status is not None:
            parts.append(str(self.status))
        if self.state != "answered":
            parts.append(self.state)
        if self.said:
            parts.append(self.said)
        if self.told:
            names = ", ".join(each.name for each in self.told[:5])
            parts.append(f"[{names}{', ...' if len(self.told) > 5 else ''}]")
        if self.retry_after is not None:
            parts.append(f"retry after {self.retry_after:g} s")
        if self.faults:
            parts.append(f"fault {', '.join(map(str, self.faults))}")
        return " ".join(parts)

    @property
    def json(self) -> Any:
        """The body of the answer. Raises ValueError where it is none, or was cut."""
        return json.loads(self.response_body)


class _Answer(msgspec.Struct, frozen=True):
    requests: list[Exchange]
    dropped: int


class Requests:
    """What was asked, by one user or by all, in the order in which it came.

    Each look asks the emulator anew. *timeout* is how long an expectation is waited for, in
    seconds.
    """

    def __init__(
        self,
        ask: Callable[[str, str, Any], Any],
        user: int | None = None,
        *,
        timeout: float = PATIENCE_SECONDS,
    ) -> None:
        self._ask = ask
        self._user = user
        self._timeout = timeout
        self._seen = 0  # the last that an expectation was about

    def __repr__(self) -> str:
        return f"<Requests of {'all' if self._user is None else self._user}>"

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def __getitem__(self, index: int) -> Exchange:
        return self.all()[index]

    def all(
        self, route: str | None = None, *, since: int = 0, state: State | None = None
    ) -> tuple[Exchange, ...]:
        """Those of a *route* (a name, a family, a pattern), with an id greater than *since*, in
        that *state*. Raises EmulatorFailed."""
        return self._find(route=route, since=since, state=state)[0]

    @property
    def dropped(self) -> int:
        """How many of all users are not kept any more, because there were too many."""
        return self._find()[1]

    def forget(self) -> None:
        """Forget what is over."""
        user = "" if self._user is None else f"?user={self._user}"
        self._ask("DELETE", f"/emulator/requests{user}", None)

    def har(self) -> dict[str, Any]:
        """All of them as an HTTP archive (HAR 1.2), to be written to a file and opened in a
        browser. Raises EmulatorFailed."""
        user = "" if self._user is None else f"?user={self._user}"
        archive: dict[str, Any] = self._ask("GET", f"/emulator/requests.har{user}", None)
        return archive

    # --- expectations ---

    def expect(self, route: str, times: int = 1) -> tuple[Exchange, ...]:
        """*route* was asked so often since `mark`, no more and no less; waits for it. Raises
        AssertionError."""
        found = self._wait(f"{_times(times)} {route}", times, route=route, since=self._seen)
        if len(found) > times:
            raise self._failure(f"{_times(times)} {route} was expected, and it was {len(found)}")
        return found

    def expect_poll(self, route: str | None = None) -> Exchange:
        """A poll waits at this moment; waits for one. The client has then read what there was, and
        what happens now wakes it. Raises AssertionError."""
        found = self._wait("a poll that waits", 1, route=route, state="parked")
        return found[-1]

    def expect_held(self, route: str | None = None) -> Exchange:
        """A request is held by a fault at this moment; waits for one. Raises AssertionError."""
        return self._wait("a request that is held", 1, route=route, state="held")[-1]

    def expect_read(self, what: str) -> Exchange:
        """The client was told of *what*: the id of an event, the name of a file or its path.
        Returns the first answer that told it. Raises AssertionError."""
        return self._wait(f"an answer that tells of {what!r}", 1, told=what)[0]

    def expect_acknowledged(self, what: str) -> Exchange:
        """The client has read *what* and gone on: it asked for what comes behind. Returns the
        request by which it did. Raises AssertionError."""
        return self._wait(f"a request for what comes behind {what!r}", 1, acknowledged=what)[0]

    def expect_backed_off(self, route: str | None = None) -> None:
        """Whenever an answer asked the client to wait (by Retry-After, or by Dropbox's backoff) it
        did wait before it asked the same again; waits for it to ask. Raises AssertionError."""
        asked = [each for each in self.all(route) if each.retry_after is not None]
        if not asked:
            raise self._failure("an answer that asks to wait was expected, and there was none")
        for one in asked:
            what = f"{one.route} once more"
            again = self._wait(what, 1, route=one.route, since=one.id)[0]
            assert one.ended is not None
            assert one.retry_after is not None
            waited = again.began - one.ended
            if waited < one.retry_after - _CLOCKS_APART:
                raise self._failure(
                    f"it was to wait {one.retry_after:g} s after request {one.id}, and asked again "
                    f"({again.id}) after {waited:.3f} s"
                )

    def expect_nothing_more(self) -> None:
        """Nothing was asked since `mark`, or since the test began. Where the client may be at
        work, wait for its poll first. Raises AssertionError."""
        since = [each for each in self.all(since=self._seen) if each.state != "parked"]
        if since:
            raise self._failure(f"nothing more was expected, and {since[0].route} was asked")

    def mark(self) -> None:
        """What was asked so far is of no interest to the expectations that follow."""
        everything = self.all()
        if everything:
            self._seen = everything[-1].id

    def _wait(self, what: str, count: int, **wanted: Any) -> tuple[Exchange, ...]:
        deadline = time.monotonic() + self._timeout
        while True:
            left = deadline - time.monotonic()
            seconds = max(0, min(_WAIT_SECONDS, round(left)))
            found, _ = self._find(count=count, wait=seconds, **wanted)
            if len(found) >= count:
                return found
            if left <= 0:
                raise self._failure(f"{what} was expected in {self._timeout:g} s")

    def _find(self, **wanted: Any) -> tuple[tuple[Exchange, ...], int]:
        query = {"user": self._user, **wanted}
        text = urlencode({name: value for name, value in query.items() if value is not None})
        answer = msgspec.convert(self._ask("GET", f"/emulator/requests?{text}", None), _Answer)
        return tuple(answer.requests), answer.dropped

    def shown(self) -> str:
        """The last of them, a line for each, for people."""
        try:
            requests, dropped = self._find()
        except EmulatorFailed as error:
            return str(error)
        last: Sequence[Exchange] = requests[-_MOST_SHOWN:]
        left_out = len(requests) - len(last) + (dropped if self._user is None else 0)
        lines = ["it was asked:" if last else "nothing was asked"]
        if left_out:
            lines.append(f"  ({left_out} before)")
        return "\n".join([*lines, *(f"  {each}" for each in last)])

    def _failure(self, what: str) -> AssertionError:
        return AssertionError(f"{what}\n{self.shown()}")


def _times(count: int) -> str:
    return {0: "no", 1: "one"}.get(count, str(count))
