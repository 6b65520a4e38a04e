"""What clients ask of the team log, and the cursors by which they go on.

Rule 1: a cursor holds all that was asked for, the place, and the time of the newest event given.
It is good for its grant and enterprise only.

Rule 2: the log is read as it was written, so that what is dated back is never missed; but a
window of time that has an end is read by time, for most of the log is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from wakeful.core.errors import InvalidRequest
from wakeful.core.events import Event
from wakeful.core.timeline import event_time
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.names import ACCOUNT_LENGTH
from wakeful.dialects.dropbox.shapes import GetTeamEvents, Tagged
from wakeful.dialects.dropbox.team_details import UNLISTED
from wakeful.dialects.dropbox.team_events import people_of
from wakeful.dialects.dropbox.team_types import CATEGORIES, kind_of, stored_types_of
from wakeful.dialects.times import parse as parse_rfc3339

MOST_EVENTS = 1000

_PURPOSE = b"team log 1"  # with the number of the packed form
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TAG = re.compile(r"[a-z0-9_]{1,100}")


class Filter(msgspec.Struct, frozen=True, array_like=True):
    """Which events are asked for: of a user, dated from `after` on and before `before` (ms), of
    a category or of a type."""

    user: int | None = None
    after: int | None = None
    before: int | None = None
    category: str | None = None
    tag: str | None = None

    @property
    def stored_types(self) -> frozenset[str] | None:
        """The stored types that may pass; None for all."""
        if self.category is None and self.tag is None:
            return None
        return stored_types_of(category=self.category, tag=self.tag)

    @property
    def passes_all(self) -> bool:
        return self == Filter()

    def passes(self, event: Event) -> bool:
        """Whether *event* is asked for; `before` is for those who read by time."""
        if self.after and event_time(event.created_at, event.recorded_at) < self.after:
            return False
        if self.user is not None and self.user not in people_of(event):
            return False
        if self.category is None and self.tag is None:
            return True
        kind = kind_of(event)
        return self.category in (None, kind.category) and self.tag in (None, kind.tag)


class LogCursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a reader of the team log stands.

    `position` is one of the stream, or of the timeline where the filter has an end; None at the
    beginning. `latest` is the time (ms) of the newest event that was given, or from which on
    events were asked for: the place to begin anew.
    """

    enterprise: int
    grant: int
    limit: int
    filter: Filter
    position: int | None = None
    latest: int = 0


_decoder = msgspec.msgpack.Decoder(LogCursor)
_encoder = msgspec.msgpack.Encoder()


def seal_cursor(seal: Callable[[bytes, bytes], str], cursor: LogCursor) -> str:
    """The opaque text of *cursor*."""
    return seal(_PURPOSE, _encoder.encode(cursor))


def open_cursor(
    unseal: Callable[[bytes, str], bytes | None], text: str, enterprise: int, grant: int
) -> LogCursor:
    """The cursor in *text*; raises Refused for one that was not given to this reader."""
    packed = unseal(_PURPOSE, text)
    if packed is None:
        raise Refused("bad_cursor")
    cursor = _decoder.decode(packed)
    if (cursor.enterprise, cursor.grant) != (enterprise, grant):
        raise Refused("bad_cursor")
    return cursor


def check_asked(asked: GetTeamEvents) -> Filter:
    """What is asked for, but for the user. Raises InvalidRequest for what makes no sense, and
    Refused for what Dropbox has words for."""
    if not 1 <= asked.limit <= MOST_EVENTS:
        raise InvalidRequest(f"request body: limit: {asked.limit} is not in 1..{MOST_EVENTS}")
    if asked.account_id is not None and len(asked.account_id) != ACCOUNT_LENGTH:
        raise InvalidRequest(f"request body: account_id: it has {ACCOUNT_LENGTH} characters")
    after = before = None
    if asked.time is not None:
        after = _parse_time(asked.time.start_time, "start_time")
        before = _parse_time(asked.time.end_time, "end_time")
    category, tag = (
        _parse_tag(asked.category, "category"),
        _parse_tag(asked.event_type, "event_type"),
    )
    if category not in (None, UNLISTED, *CATEGORIES):
        raise InvalidRequest(f"request body: category: unknown tag '{category}'")
    if category is not None and tag is not None:
        raise Refused("invalid_filters")
    if after is not None and before is not None and after > before:
        raise Refused("invalid_time_range")
    return Filter(None, after, before, category, tag)


def _parse_time(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return parse_rfc3339(text)
    except ValueError:
        raise InvalidRequest(
            f"request body: time: {name}: '{text[:100]}' is no time such as 2015-05-12T15:50:38Z"
        ) from None


def _parse_tag(given: str | Tagged | None, name: str) -> str | None:
    tag = given.tag if isinstance(given, Tagged) else given
    if tag is not None and not _TAG.fullmatch(tag):
        raise InvalidRequest(f"request body: {name}: unknown tag '{tag[:100]}'")
    return UNLISTED if tag == "other" else tag
