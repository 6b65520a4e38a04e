"""The functions of the Dropbox dialect about what happened in a team, for its admins."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from wakeful.access import Identity
from wakeful.core.events import StoredEvent, decode
from wakeful.core.lookups.people import UserById
from wakeful.core.lookups.streams import ReadStream, ReadTimeline
from wakeful.core.people import User
from wakeful.core.positions import Asked, Marker, Since, position
from wakeful.core.timeline import event_time
from wakeful.dialects.dropbox.errors import LogReset, Refused
from wakeful.dialects.dropbox.names import user_of
from wakeful.dialects.dropbox.shapes import GetTeamEvents, GivenCursor, RenderedTeamEvents
from wakeful.dialects.dropbox.team_events import render_team_event
from wakeful.dialects.dropbox.team_log import LogCursor, check_asked, open_cursor, seal_cursor
from wakeful.http.rendered import Rendered
from wakeful.http.services import Services

AT_ONCE = 250
"""Events that are read and rendered before others get their turn."""

MOST_LOOKED_AT = 5_000
"""Events that one page looks at, however few of them pass its filter. Then it says that there may
be more, which Dropbox allows even to an empty page."""


class _Part(msgspec.Struct, frozen=True):
    """Events of the log in their order, and where what follows them begins."""

    events: tuple[StoredEvent, ...]
    next: int
    more: bool


class TeamLog:
    """Each method is a function of the API."""

    def __init__(self, services: Services) -> None:
        self._access = services.access
        self._store = services.feed.store
        self._rendered = Rendered(render_team_event)

    async def get_events(
        self, user: User, identity: Identity, asked: GetTeamEvents
    ) -> RenderedTeamEvents:
        wanted = check_asked(asked)
        if asked.account_id is not None:
            member = await self._member(identity.enterprise, asked.account_id)
            wanted = replace(wanted, user=member)
        return await self._page(
            LogCursor(
                identity.enterprise,
                identity.grant,
                asked.limit,
                wanted,
                latest=wanted.after or 0,
            )
        )

    async def go_on(self, user: User, identity: Identity, asked: GivenCursor) -> RenderedTeamEvents:
        return await self._page(
            open_cursor(self._access.unseal, asked.cursor, identity.enterprise, identity.grant)
        )

    async def _member(self, enterprise: int, account: str) -> int:
        id = user_of(account)
        found = None if id is None else await self._store.ask(UserById(id))
        if found is None or found.enterprise != enterprise:
            raise Refused("account_id_not_found")
        return found.id

    async def _page(self, cursor: LogCursor) -> RenderedTeamEvents:
        passes_all, limit = cursor.filter.passes_all, cursor.limit
        rendered: list[bytes] = []
        looked_at = 0
        newest: StoredEvent | None = None
        more = True
        while more and len(rendered) < limit and looked_at < MOST_LOOKED_AT:
            room = limit - len(rendered)
            part = await self._read(cursor, min(room, AT_ONCE) if passes_all else AT_ONCE)
            looked_at += len(part.events)
            passing = part.events if passes_all else tuple(filter(_pass(cursor), part.events))
            given = passing[:room]
            rendered += self._rendered.all(given)
            newest = given[-1] if given else newest
            next, more = part.next, part.more
            if len(passing) > room:
                assert newest is not None, "there is room for one at least"
                next, more = position(self._store.epoch, newest.number), True
            cursor = replace(cursor, position=next)
        if newest is not None:
            event = decode(newest.body)
            time = event_time(event.created_at, event.recorded_at)
            cursor = replace(cursor, latest=max(cursor.latest, time))
        return RenderedTeamEvents(
            [msgspec.Raw(each) for each in rendered],
            seal_cursor(self._access.seal, cursor),
            more,
        )

    async def _read(self, cursor: LogCursor, limit: int) -> _Part:
        """What follows *cursor*. Raises LogReset where that is not known any more."""
        asked, begins = cursor.position, cursor.position is None
        wanted = cursor.filter
        types = wanted.stored_types
        if wanted.before is not None:
            start = Marker.START if asked is None else asked
            line = await self._store.ask(
                ReadTimeline(cursor.enterprise, start, limit, types, wanted.after, wanted.before)
            )
            part = _Part(line.events, line.next, line.more)
            gap = line.gap
        else:
            since: Asked | Since = Marker.START if asked is None else asked
            if asked is None and wanted.after is not None:
                since = Since(wanted.after)  # nothing is dated later than it was recorded
            page = await self._store.ask(ReadStream(cursor.enterprise, since, limit, types=types))
            part = _Part(
                page.events,
                position(page.state.epoch, page.next),
                page.next < page.state.last,
            )
            gap = page.gap
        if gap and not begins:
            raise LogReset(cursor.latest)
        return part


def _pass(cursor: LogCursor) -> Callable[[StoredEvent], bool]:
    return lambda stored: cursor.filter.passes(decode(stored.body))
