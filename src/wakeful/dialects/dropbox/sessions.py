"""Upload sessions: what may be added to one, and when it may become a file (files.stone).

A session is a draft (`core.drafts`). A sequential one takes its parts in order, each where the last
has ended; a concurrent one in any order and at once, at multiples of the size of a block.
"""

from __future__ import annotations

from wakeful.core.digests import BLOCK_BYTES
from wakeful.core.drafts import LIFETIME_MS, Draft
from wakeful.core.errors import InvalidRequest
from wakeful.core.people import User
from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.shapes import Tagged

SEQUENTIAL, CONCURRENT = "dropbox:sequential", "dropbox:concurrent"
"""What a draft notes that is a session."""

MOST_BEGUN = 1_000
"""Sessions that are begun by one call."""

_LOOKUP = "lookup_failed"
_TYPES = {"sequential": SEQUENTIAL, "concurrent": CONCURRENT}


def note_of(session_type: str | Tagged | None) -> str:
    """What a session of that type notes. Raises InvalidRequest."""
    if session_type is None:
        return SEQUENTIAL
    tag = session_type.tag if isinstance(session_type, Tagged) else session_type
    if tag not in _TYPES:
        raise InvalidRequest(f"request body: session_type: unknown tag '{tag[:50]}'")
    return _TYPES[tag]


def check_number(sessions: int) -> None:
    """Raise InvalidRequest for more sessions than one call begins."""
    if not 1 <= sessions <= MOST_BEGUN:
        raise InvalidRequest(f"request body: num_sessions: {sessions} is not in 1..{MOST_BEGUN}")


def check_start(note: str, size: int, *, close: bool) -> None:
    """Raise Refused where a session begins with something that it cannot begin with."""
    if note == CONCURRENT and size:
        raise Refused("concurrent_session_data_not_allowed")
    if note == CONCURRENT and close:
        raise Refused("concurrent_session_close_not_allowed")


def session_of(draft: Draft | None, user: User, now: int) -> Draft:
    """*draft*, if it is a session of *user* that may be used *now* (ms). Raises Refused."""
    if (
        draft is None
        or draft.owner != user.id
        or draft.note not in _TYPES.values()
        or now - draft.begun_at > LIFETIME_MS
    ):
        raise Refused("not_found")
    return draft


def check_append(session: Draft, offset: int) -> None:
    """Raise Refused where nothing can be added to *session* from *offset* on."""
    if session.note == CONCURRENT:
        if offset % BLOCK_BYTES:
            raise Refused("concurrent_session_invalid_offset")
    else:
        check_offset(session, offset)
        if session.is_sealed:
            raise Refused("closed")


def check_part(session: Draft, size: int, *, close: bool) -> None:
    """Raise Refused for a part of that size, which with *close* is the last."""
    if session.note == CONCURRENT and size % BLOCK_BYTES and not close:
        raise Refused("concurrent_session_invalid_data_size")


def taken(session: Draft) -> Refused:
    """Why a part cannot be where another is by now."""
    if session.note == CONCURRENT:
        return Refused("concurrent_session_invalid_offset")
    return wrong_offset(session)


def finished_session(
    draft: Draft | None, user: User, now: int, offset: int, size: int, *, in_batch: bool
) -> Draft:
    """*draft*, if it is a session of *user* that can become a file *now*, with *size* bytes more
    that come with the call. Raises Refused."""
    try:
        session = session_of(draft, user, now)
    except Refused as error:
        raise _looked_up(error) from None
    if session.note == CONCURRENT:
        if size:
            raise Refused("concurrent_session_data_not_allowed")
        if not session.is_sealed:
            raise Refused("concurrent_session_not_closed")
        if not session.is_whole:
            raise Refused("concurrent_session_missing_data")
    try:
        check_offset(session, offset)
    except Refused as error:
        raise _looked_up(error) from None
    if session.is_sealed and size:
        raise Refused(_LOOKUP, "closed")
    if in_batch and not session.is_sealed:
        raise Refused(_LOOKUP, "not_closed")
    return session


def _looked_up(error: Refused) -> Refused:
    """*error* of a session, in the words of the functions that finish it."""
    return Refused(_LOOKUP, *error.tags, more=error.more)


def check_offset(session: Draft, offset: int) -> None:
    """Raise Refused unless *session* ends at *offset*."""
    if offset != session.size:
        raise wrong_offset(session)


def wrong_offset(session: Draft) -> Refused:
    return Refused("incorrect_offset", more={"correct_offset": session.size})
