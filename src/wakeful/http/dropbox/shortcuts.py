"""What those who follow as Dropbox's clients do ask again and again, answered without the app.

Rule 1: a shortcut answers what the app would answer, by the same rules, or leaves the request to
it. It answers no error, and knows no header but those of the SDKs' own loops.

Rule 2: it waits for nothing. Whose token is not cached, and whose cursor is far behind, is answered
by the app.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from wakeful.access import Identity
from wakeful.core.cursors import Cursor
from wakeful.core.errors import WakefulError
from wakeful.core.scopes import READ_SCOPE
from wakeful.core.view import ViewPage
from wakeful.core.writes import Steps
from wakeful.dialects.dropbox import PREFIX
from wakeful.dialects.dropbox.arguments import MOST_ENTRIES, check_content_type, parse
from wakeful.dialects.dropbox.following import (
    CONTINUE,
    Asker,
    check_reader,
    entries_of,
    latest_of,
    read_on,
)
from wakeful.dialects.dropbox.headers import REQUEST_ID
from wakeful.dialects.dropbox.shapes import (
    GivenCursor,
    LatestCursor,
    ListFolder,
    ListFolderResult,
)
from wakeful.dialects.dropbox.v1 import PREFIX as V1_PREFIX
from wakeful.dialects.dropbox.v1 import deltas
from wakeful.dialects.dropbox.v1 import shapes as v1
from wakeful.dialects.dropbox.v1.parameters import parse_form
from wakeful.http.dialect import new_request_id
from wakeful.http.dropbox.cursors import Cursors
from wakeful.http.front.poll import Answer, Request, Written
from wakeful.http.front.routing import Shortcut
from wakeful.http.requests import known_bearer
from wakeful.http.services import Services
from wakeful.journal_feed import JournalFeed

CONTINUE_PATH = f"{PREFIX}/{CONTINUE}"
LATEST_CURSOR_PATH = f"{PREFIX}/files/list_folder/get_latest_cursor"
DELTA_PATH = f"{V1_PREFIX}/delta"
DELTA_LATEST_PATH = f"{DELTA_PATH}/latest_cursor"

NEAR = 100
"""Numbers of journals: a cursor that is no further behind is read at once."""

_MOST_AT_ONCE = 2 * NEAR
"""Entries of a page that is read at once: a namespace that is new to its reader has any number."""

_MOST_LOOKS = 4
"""For such a page: one of them may go through thousands of rows of what is gone."""

_AROUND = frozenset(
    {
        b"as-user",
        b"dropbox-api-path-root",
        b"dropbox-api-select-admin",
        b"dropbox-api-select-user",
        b"origin",
    }
)
"""Headers with which a request is for the app."""


class FollowShortcuts:
    """What comes after a cursor that is near the present state, and the cursor of that."""

    def __init__(self, services: Services, journals: JournalFeed, cursors: Cursors) -> None:
        self._services = services
        self._store = services.feed.store
        self._access = services.access
        self._journals = journals
        self._cursors = cursors

    def by_path(self) -> Mapping[str, Shortcut]:
        """The shortcuts for `POST`."""
        finders = {
            CONTINUE_PATH: self._continue,
            LATEST_CURSOR_PATH: self._latest_cursor,
            DELTA_PATH: self._delta,
            DELTA_LATEST_PATH: self._delta_latest,
        }
        return {path: self._counted(path, find) for path, find in finders.items()}

    def _counted(self, path: str, find: Callable[[Request, Asker, str], bytes | None]) -> Shortcut:
        """The shortcut at *path*; *find* finds the body of its answer for who asks, and the type of
        what they sent. It raises WakefulError for what the app has to refuse."""
        services, route = self._services, f"POST {path}"

        def answer(request: Request) -> Answer | None:
            begun = time.perf_counter()
            try:
                asks = self._asks(request)
                if asks is None:
                    return None
                identity, media = asks
                epoch = self._store.epoch
                asker = Asker(identity.user, identity.home, identity.grant, epoch)
                body = find(request, asker, media)
            except WakefulError:
                return None
            if body is None:
                return None
            services.rate.take(identity.token)
            services.metrics.answered(route, 200, time.perf_counter() - begun)
            return _success(body)

        return answer

    def _asks(self, request: Request) -> tuple[Identity, str] | None:
        """Who asks, if that is cached and they may read, now, and the type of what they sent.

        Raises Unauthenticated.
        """
        services = self._services
        if request.query:
            return None
        authorization = media = None
        for name, value in request.headers:
            if name == b"authorization":
                if authorization is not None:
                    return None
                authorization = value
            elif name == b"content-type":
                if media is not None:
                    return None
                media = value
            elif name in _AROUND:
                return None
        if authorization is None or media is None:
            return None
        identity = known_bearer(services.access, authorization)
        if identity is None or identity.item is not None or READ_SCOPE not in identity.scopes:
            return None
        size = len(request.body)
        if size > services.body_limit or not services.load.has_room(size):
            return None
        if not services.rate.has_room(identity.token):
            return None
        return identity, media.decode("latin-1")

    def _continue(self, request: Request, asker: Asker, media: str) -> bytes | None:
        check_content_type(media)
        text = parse(request.body, GivenCursor).cursor
        cursor = self._cursors.opened(text, CONTINUE, asker.epoch)
        check_reader(cursor, asker, text)
        limit = cursor.scope.limit or MOST_ENTRIES
        behind = self._behind(cursor)
        if behind is None:
            return None
        if not behind and not cursor.scope.path:
            return msgspec.json.encode(ListFolderResult([], text, has_more=False))
        page = self._page(limit, partial(read_on, cursor, asker))
        if page is None:
            return None
        entries = self._store.look_now(entries_of(page, asker))
        if entries is None:
            return None
        return msgspec.json.encode(
            ListFolderResult(entries, self._cursors.sealed(page.cursor), page.has_more)
        )

    def _latest_cursor(self, request: Request, asker: Asker, media: str) -> bytes | None:
        check_content_type(media)
        cursor = self._store.look_now(latest_of(parse(request.body, ListFolder), asker))
        if cursor is None:
            return None
        return msgspec.json.encode(LatestCursor(self._cursors.sealed(cursor)))

    def _delta(self, request: Request, asker: Asker, media: str) -> bytes | None:
        given = parse_form(request.body, media)
        follow, text = deltas.follow_of(given), given.get("cursor")
        if not text:
            return None
        cursor = deltas.opened_by(self._access.unseal, asker, text, follow)
        scope = deltas.scope_after(cursor, follow)
        behind = self._behind(cursor)
        if behind is None:
            return None
        if not behind and scope == cursor.scope and not scope.path and cursor.epoch == asker.epoch:
            return msgspec.json.encode(v1.Delta([], reset=False, cursor=text, has_more=False))
        limit = scope.limit or MOST_ENTRIES
        page = self._page(limit, partial(deltas.read_on, cursor, asker, scope))
        if page is None:
            return None
        entries = self._store.look_now(deltas.entries_of(page, asker))
        if entries is None:
            return None
        cursor_after = deltas.sealed(self._access.seal, page.cursor)
        return msgspec.json.encode(v1.Delta(entries, False, cursor_after, page.has_more))

    def _delta_latest(self, request: Request, asker: Asker, media: str) -> bytes | None:
        given = parse_form(request.body, media)
        cursor = self._store.look_now(deltas.latest_of(given, asker))
        if cursor is None:
            return None
        return msgspec.json.encode(v1.LatestCursor(deltas.sealed(self._access.seal, cursor)))

    def _behind(self, cursor: Cursor) -> int | None:
        """By how many numbers *cursor* is behind its journals, 0 if there is nothing new in them;
        None where that is not known at once, or is too much."""
        reached = (cursor.base, *cursor.mounts)
        if len(reached) > NEAR:
            return None
        heads = self._journals.heads_now([each.namespace for each in reached])
        if heads is None:
            return None
        behind = 0
        for each in reached:
            left = heads[each.namespace] - each.number
            if left < 0 or not each.has_begun:
                return None
            behind += left
        return behind if behind <= NEAR else None

    def _page(self, limit: int, steps: Callable[[int, int], Steps[ViewPage]]) -> ViewPage | None:
        """The page of *limit* entries that *steps* read, if it is a small one that is soon found;
        they are given a limit and the most looks."""
        most = min(limit, _MOST_AT_ONCE)
        page = self._store.look_now(steps(most, _MOST_LOOKS))
        if page is None or (page.has_more and (most < limit or len(page.entries) < most)):
            return None
        return page


def _success(body: bytes) -> Answer:
    head = (
        b"HTTP/1.1 200 OK\r\n%b: %b\r\ncontent-length: %d\r\ncontent-type: application/json\r\n"
        % (REQUEST_ID.lower().encode(), new_request_id().encode(), len(body))
    )
    return Written(200, head, body)
