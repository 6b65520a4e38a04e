"""Version 1's long poll: a GET with a query (dropbox.md 1.3).

Rule: clients look for `changes` in an answer without a look at its status. So what the next
delta will say, a cursor that begins anew above all, is told as `changes`, and is no error.
"""

from __future__ import annotations

from wakeful.access import Access
from wakeful.core.errors import CursorExpired, WakefulError
from wakeful.core.ports import Store
from wakeful.dialects.dropbox.headers import CORS
from wakeful.dialects.dropbox.v1.deltas import opened
from wakeful.dialects.dropbox.v1.errors import BadParameter
from wakeful.dialects.dropbox.v1.parameters import parse_form, parse_timeout
from wakeful.http.dropbox.poll import CHANGES, Asked, refused
from wakeful.http.dropbox.v1.answers import answered, body_of
from wakeful.http.front.poll import Answer, Request

LONGPOLL_DELTA_PATH = "/1/longpoll_delta"


class FormV1:
    """How version 1 asks, and is refused."""

    method = b"GET"

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    def asked(self, request: Request) -> Asked:
        given = parse_form(request.query)
        timeout = parse_timeout(given)
        cursor = opened(self._access.unseal, given.get("cursor", ""))
        if cursor.scope.media:
            raise BadParameter("cursor", "it was made with include_media_info")
        if cursor.epoch != self._store.epoch:
            raise CursorExpired("the cursor is from before the server was restored")
        return Asked(cursor, timeout)

    def refusal(self, error: WakefulError) -> Answer:
        if isinstance(error, CursorExpired):
            return CHANGES
        return refused(error, *answered(error))

    def bad_method(self) -> Answer:
        return Answer(405, body_of(405), CORS | {"Allow": "GET, OPTIONS"})
