"""What every store does alike: drives the rules, and keeps the time from falling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from wakeful.core.events import Head, StreamClass
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.streams import ReadStream, ReadTimeline
from wakeful.core.positions import Since
from wakeful.core.writes import Steps, Write

T = TypeVar("T")

_CHANGES = StreamClass.CHANGES.bit
_SYNC = StreamClass.SYNC.bit

REMEMBER_MS = 7 * 24 * 3600 * 1000
"""How long the answer to a request with an idempotency key is kept, at least."""

KEEP_EXPIRED_MS = 24 * 3600 * 1000
"""How long a token, or a code, is kept after it has expired, for whoever looks at the list."""

FORGET_AT_MOST = 16
"""What is old (answers, tokens, codes, assertions) is removed in passing, so many for each new
one: the work stays bounded, and a table that has grown shrinks again."""

MOST_SPACE = 2**63 - 1
"""Bytes that the files of one namespace can have together: producers may claim any size."""

SPACE_FULL = f"The files of a namespace have at most {MOST_SPACE} bytes together"
LOGIN_TAKEN = "Another user has this login"
TOKEN_TAKEN = "Another token has this digest"
CLIENT_ID_TAKEN = "Another app has this client id"

Clock = Callable[[], int]
"""Tells the time in milliseconds since 1970-01-01 UTC; it may jump."""


class CommitObserver(Protocol):
    """Is told of each durable commit, on the event loop."""

    def committed(self, commands: int, seconds: float) -> None:
        """*commands* were made durable together; the disk took *seconds* for it."""
        ...


def head_after(head: Head, classes: int) -> Head:
    """The head of a stream with one more event, which *classes* show."""
    number = head[0] + 1
    _, changes, sync = head
    return (
        number,
        number if classes & _CHANGES else changes,
        number if classes & _SYNC else sync,
    )


def is_for_readers(step: Lookup[Any] | Write) -> bool:
    """Whether *step* can be asked only by itself, not inside a command."""
    if isinstance(step, ReadStream):
        return step.types is not None or isinstance(step.asked, Since)
    return isinstance(step, ReadTimeline)


def drive(steps: Steps[T], answer: Callable[[Lookup[Any] | Write], Any]) -> T:
    """Run *steps* to their end, sending each what *answer* says, and return their result.

    What *answer* raises ends the steps; they are not asked to handle it, for after
    a broken write nothing that they could still do would be sound.
    """
    try:
        step = next(steps)
        while True:
            reply = answer(step)
            step = steps.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()
