"""What a client has read, for a test that waits for it.

Rule 1: nothing is waited for by time. That nothing else came is shown by something that must come
after it: streams are ordered.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from wakeful.testing.asking import PATIENCE_SECONDS
from wakeful.testing.users import User


def name_of(event: Any) -> str:
    """The name of the file or folder that *event* is about, as the SDKs have it: an object or a
    dictionary, Box's with a `source`, Dropbox's with a `name`."""
    source = _of(event, "source")
    name = _of(event if source is None else source, "name")
    return str(name if name is not None else "")


class Inbox:
    """Takes what a client reads, in whatever thread, and gives it to the test.

    `put` is what the tested program calls with each event, or does for it. *user* is who makes the
    changes that end a silence; *timeout* in seconds.
    """

    def __init__(
        self,
        user: User,
        *,
        name: Callable[[Any], str] = name_of,
        timeout: float = PATIENCE_SECONDS,
    ) -> None:
        self._user = user
        self._name = name
        self._timeout = timeout
        self._came = threading.Condition()
        self._events: list[Any] = []
        self._taken = 0  # how many of them the test has seen

    def __repr__(self) -> str:
        return f"<Inbox [{len(self._events)} events, {self._taken} expected]>"

    def put(self, event: Any) -> None:
        """The client has read *event*."""
        with self._came:
            self._events.append(event)
            self._came.notify_all()

    @property
    def names(self) -> list[str]:
        """The names of all that came, in order."""
        with self._came:
            return [self._name(event) for event in self._events]

    def expect(self, name: str) -> Any:
        """The next event, which must be about *name*; waits for it. Raises AssertionError."""
        event = self._next(f"{name!r} was expected")
        if self._name(event) != name:
            raise AssertionError(f"{name!r} was expected, and {self._name(event)!r} came: {event}")
        return event

    def expect_nothing_more(self) -> None:
        """Show that nothing but what was expected has come. Raises AssertionError.

        It lets one more thing happen, and waits for that: before it, everything else had come.
        """
        last = f"nothing-more-{secrets.token_hex(6)}.txt"
        self._user.publish({"kind": "upload", "path": f"/{last}"})
        event = self._next("one more was made to come")
        if self._name(event) != last:
            raise AssertionError(f"nothing more was expected, and {self._name(event)!r} came")

    def _next(self, what: str) -> Any:
        deadline = time.monotonic() + self._timeout
        with self._came:
            while len(self._events) <= self._taken:
                left = deadline - time.monotonic()
                if left <= 0:
                    so_far = ", ".join(map(repr, (self._name(each) for each in self._events)))
                    raise AssertionError(
                        f"nothing came in {self._timeout:.0f} s, but {what}; "
                        f"so far: {so_far or 'nothing'}"
                    )
                self._came.wait(left)
            self._taken += 1
            return self._events[self._taken - 1]


def _of(event: Any, key: str) -> Any:
    return event.get(key) if isinstance(event, dict) else getattr(event, key, None)
