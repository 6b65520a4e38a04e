"""What happens while following that is no event, for whoever watches the connection.

A notice needs no reaction: following goes on by itself.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

_log = logging.getLogger("wakeful.client")


@dataclass(frozen=True, slots=True)
class Started:
    """Everything after `position` will be delivered: what is published from now on is not missed.

    Where older events are delivered too (`since` was no `now`), they come after this.
    """

    position: int


@dataclass(frozen=True, slots=True)
class Gap:
    """The server could not serve `asked` exactly: events may be missing before the next one.

    It went on with the oldest event that it keeps, so others may come a second time.
    """

    asked: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The server cannot be reached, or answers nonsense; `reason` is a clause. Tried again in
    `retry_in` seconds, and from then on until it answers."""

    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class Back:
    """The server answers again. Nothing was missed."""


Notice = Started | Gap | Lost | Back


def log_notice(notice: Notice) -> None:
    """What is done with notices where nobody else cares: a gap must not pass unseen."""
    match notice:
        case Gap():
            _log.warning("events after position %s may be missing: it is not kept", notice.asked)
        case Lost():
            _log.warning("lost the server: %s", notice.reason)
        case Back():
            _log.info("the server is back")
        case Started():
            _log.debug("following from position %s", notice.position)
