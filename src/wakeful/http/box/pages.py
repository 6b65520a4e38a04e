"""What pages of events have in common: where they are asked to begin, and what they say beside
their events."""

from __future__ import annotations

from starlette.requests import Request

from wakeful.core.lookups.streams import Page, TimelinePage
from wakeful.core.positions import Asked, Marker, Since, parse, position
from wakeful.dialects.box import parameters
from wakeful.dialects.box.answers import GAP_HEADER
from wakeful.dialects.box.marks import marked
from wakeful.dialects.box.parameters import EnterpriseStream
from wakeful.dialects.times import precise_text_of
from wakeful.http.box.api import COMPLETE_HEADER, OLDEST_HEADER, REMAINING_HEADER


def asked_of(request: Request) -> Asked | Since:
    """Where a page in the order of arrival begins: at a position, or else at a time, which says
    when what comes first was recorded. Raises InvalidRequest."""
    query = request.query_params
    asked = parse(query.get("stream_position"))
    if asked is Marker.START:
        since = parameters.parse_time(query.get("created_after"), "created_after")
        if since is not None:
            return Since(since)
    return asked


def page_headers(page: Page, head: int, stream: EnterpriseStream | None = None) -> dict[str, str]:
    """The headers of a page of a stream, whose last number that it may show is *head*; *stream*
    where it is one of an enterprise."""
    state = page.state
    oldest = position(state.epoch, state.trimmed)
    headers = {
        OLDEST_HEADER: str(oldest if stream is None else marked(oldest, stream)),
        REMAINING_HEADER: str(max(0, head - page.next)),
    }
    if page.gap:
        headers[GAP_HEADER] = "true"
    return headers


def timeline_headers(page: TimelinePage) -> dict[str, str]:
    """The headers of a page by event time."""
    state = page.state
    kept = state.last - state.trimmed
    headers = {
        OLDEST_HEADER: str(marked(page.oldest, EnterpriseStream.BY_TIME)),
        REMAINING_HEADER: str(kept - len(page.events) if page.more else 0),
        COMPLETE_HEADER: precise_text_of(page.complete_until),
    }
    return headers | _gap(page)


def _gap(page: Page | TimelinePage) -> dict[str, str]:
    return {GAP_HEADER: "true"} if page.gap else {}
