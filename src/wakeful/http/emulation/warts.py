"""What Box and Dropbox do to their clients, as far as it is known (sources: docs/emulator.md).

Each of these changes a request or an answer of a user who has them as they are.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec.structs import replace

from wakeful.core.errors import InvalidRequest, WakefulError
from wakeful.core.positions import parse
from wakeful.dialects.box.marks import marked, stream_of, unmarked
from wakeful.dialects.box.parameters import ENTERPRISE_STREAMS, EnterpriseStream, parse_limit
from wakeful.dialects.box.realtime import NEW_CHANGE
from wakeful.dialects.dropbox.arguments import MOST_ENTRIES
from wakeful.dialects.dropbox.cursors import opened, sealed
from wakeful.dialects.dropbox.errors import BadCall
from wakeful.dialects.dropbox.headers import CORS
from wakeful.dialects.dropbox.shapes import Changes
from wakeful.http.emulation import pages
from wakeful.http.emulation.fidelity import MOST_REPEATED, Faithful, Keys
from wakeful.http.emulation.readings import last_of
from wakeful.http.front.poll import Answer, Request

_LONGPOLL = "files/list_folder/longpoll"
_MOST_JITTER = 90
_LONGEST = 480  # seconds that a poll may ask for
_OWN_HEADERS = (b"wakeful-",)

Headers = list[tuple[bytes, bytes]]

_UNREAD = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    RecursionError,
    WakefulError,
    KeyError,
    TypeError,
)
"""What an argument raises that is left as it is: what is wrong with it, the server says."""


def without_own(headers: Headers) -> Headers:
    """*headers* without those that only Wakeful has."""
    return [each for each in headers if not each[0].lower().startswith(_OWN_HEADERS)]


# --- Box ---


def check_channel(query: bytes) -> None:
    """There is no long poll of an enterprise. Raises InvalidRequest."""
    if last_of(query, "stream_type") in ENTERPRISE_STREAMS:
        raise InvalidRequest("stream_type is one of a user's events", field="stream_type")


def without_enterprise(body: bytes) -> bytes:
    """A channel that is for nothing but the user's events."""
    servers = msgspec.json.decode(body)
    for server in servers.get("entries", ()):
        server["url"] = server["url"].partition("&enterprise=")[0]
    return msgspec.json.encode(servers)


class BoxPage(NamedTuple):
    """A page of events as Box gives it: *query* asks for it, `page` makes it of ours."""

    faithful: Faithful
    stream_type: str
    query: bytes
    now: float

    @classmethod
    def asked(cls, faithful: Faithful, query: bytes, now: float) -> BoxPage:
        """The page that *query* asks for."""
        parameters = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        stream_type = parameters.get("stream_type", "all")
        try:
            limit = parse_limit(parameters.get("limit"))
            asked = parse(parameters.get("stream_position"))
        except WakefulError:
            return cls(faithful, stream_type, query, now)  # it is refused anyhow
        if limit > 1:
            # Room for those that come again.
            limit = faithful.shortened("page", max(1, limit - MOST_REPEATED))
            parameters["limit"] = str(limit)
        stream = ENTERPRISE_STREAMS.get(stream_type)
        if stream is not None and isinstance(asked, int) and stream_of(asked) is None:
            parameters["stream_position"] = str(marked(asked, stream))
        return cls(faithful, stream_type, urlencode(parameters).encode(), now)

    @property
    def _stream(self) -> EnterpriseStream | None:
        return ENTERPRISE_STREAMS.get(self.stream_type)

    def page(self, body: bytes) -> bytes:
        """The page that is given for *body*."""
        entries = pages.entries_of(body)
        if entries is None:
            return body
        told = entries
        if entries and self._stream is not EnterpriseStream.BY_TIME:
            again = self.faithful.repeated(self.stream_type, self.now)
            self.faithful.gave(self.stream_type, entries, self.now)
            told = [*again, *self.faithful.turned(entries)]
        body = pages.with_entries(body, told)
        if self._stream is not None:
            body = self._enterprises(self._stream, body, is_empty=not entries)
        return body

    def _enterprises(self, stream: EnterpriseStream, body: bytes, *, is_empty: bool) -> bytes:
        page = msgspec.json.decode(body)
        place: object = unmarked(page["next_stream_position"], stream)
        if is_empty:
            place = 0
        page["next_stream_position"] = str(place) if stream is EnterpriseStream.BY_TIME else place
        return msgspec.json.encode(page)


# --- Dropbox ---


def shorter(faithful: Faithful, keys: Keys, argument: bytes) -> tuple[bytes, int | None]:
    """The argument of a listing that may fall short, and the limit that its reader asked for;
    None where it stays as it is."""
    try:
        asked = msgspec.json.decode(argument, type=dict)
        if "cursor" in asked:
            cursor = opened(keys.unseal, str(asked["cursor"]), "", keys.epoch)
            limit = cursor.scope.limit
            short = faithful.shortened("listing", limit or MOST_ENTRIES)
            scope = replace(cursor.scope, limit=short)
            asked["cursor"] = sealed(keys.seal, replace(cursor, scope=scope))
        else:
            given = asked.get("limit")
            limit = given if isinstance(given, int) else 0
            asked["limit"] = faithful.shortened("listing", limit or MOST_ENTRIES)
        return msgspec.json.encode(asked), limit
    except _UNREAD:
        return argument, None


def as_asked(keys: Keys, body: bytes, limit: int) -> bytes:
    """The answer to a listing whose cursor goes on with the *limit* that was asked for."""
    try:
        page = msgspec.json.decode(body, type=dict)
        cursor = opened(keys.unseal, page["cursor"], "", keys.epoch)
    except (msgspec.MsgspecError, WakefulError, KeyError):
        return body
    scope = replace(cursor.scope, limit=limit)
    page["cursor"] = sealed(keys.seal, replace(cursor, scope=scope))
    return msgspec.json.encode(page)


def wider(faithful: Faithful, keys: Keys, request: Request) -> Answer | None:
    """Have the poll *request* wait for any change in the account, and for longer than it says; or
    refuse it for its token."""
    if any(name == b"authorization" for name, _ in request.headers):
        error = BadCall(
            _LONGPOLL,
            "Your request includes an Authorization header, but this function does not use it.",
        )
        return Answer(400, str(error).encode(), CORS, "text/plain; charset=utf-8")
    try:
        asked = msgspec.json.decode(request.body, type=dict)
        cursor = opened(keys.unseal, str(asked["cursor"]), "", keys.epoch)
        timeout = asked.get("timeout", 30)
        if 30 <= timeout <= _LONGEST:
            jitter = faithful.draw("jitter").randint(0, _MOST_JITTER)
            asked["timeout"] = min(_LONGEST, timeout + jitter)
        scope = replace(cursor.scope, path="", recursive=True)
        asked["cursor"] = sealed(keys.seal, replace(cursor, scope=scope))
        request.body = msgspec.json.encode(asked)
    except _UNREAD:
        pass
    return None


def false_wake(route: str) -> Answer:
    """What a poll is told of nothing."""
    if route == "box.poll":
        return Answer(200, NEW_CHANGE)
    return Answer(200, msgspec.json.encode(Changes(True, None)), CORS)
