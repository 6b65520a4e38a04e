"""Publishing without the app: from the connection to the commit, and from it to the answer.

Rule 1: a shortcut answers what the app would answer. What cannot be carried out as it is (who is
not known yet, who acts for another, a body with an error, a limit that is reached) is left to the
app as long as nothing was begun; only the commit has errors that are answered here, in the words
of the app.

Rule 2: there is no task, and no look-up before the commit. The store calls back, once for each
publish, when it is durable.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

from wakeful.access import Identity
from wakeful.core.errors import WakefulError
from wakeful.core.publish import Changes, Published
from wakeful.core.scopes import WRITE_SCOPE
from wakeful.dialects.native import PREFIX
from wakeful.http.dialect import answer_to
from wakeful.http.front.poll import Answer, Request, Taking, Written
from wakeful.http.front.routing import Taker
from wakeful.http.native import publishing
from wakeful.http.native.routes import NativeErrors
from wakeful.http.requests import known_bearer
from wakeful.http.services import Services

_errors = NativeErrors()


def publishing_shortcuts(services: Services) -> dict[str, Taker]:
    """The shortcuts for `POST`, by path."""
    return {
        f"{PREFIX}/changes": _Shortcut(
            services, "/changes", publishing.changes_in, publishing.changes_told
        ).take,
        f"{PREFIX}/events": _Shortcut(
            services, "/events", publishing.events_in, publishing.events_told
        ).take,
    }


class _Shortcut:
    """One of the routes."""

    def __init__(
        self,
        services: Services,
        path: str,
        parse: Callable[[Identity, bytes], Changes],
        tell: Callable[[Identity, Published, int], bytes],
    ) -> None:
        self.services = services
        self.path = path
        self.route = f"POST {PREFIX}{path}"
        self.parse = parse
        self.tell = tell

    def take(self, request: Request, size: int) -> Taking | None:
        begun = time.perf_counter()
        services = self.services
        authorization: bytes | None = None
        key: bytes | None = None
        for name, value in request.headers:
            if name == b"authorization":
                if authorization is not None:
                    return None
                authorization = value
            elif name == b"as-user":
                return None
            elif name == b"idempotency-key" and key is None:
                key = value
        if authorization is None or size > services.body_limit or not services.load.has_room(size):
            return None
        try:
            identity = known_bearer(services.access, authorization)
        except WakefulError:
            return None
        if identity is None or identity.item is not None or WRITE_SCOPE not in identity.scopes:
            return None
        services.load.begin(size)
        text = None if key is None else key.decode("latin-1")
        return _Publishing(self, identity, text, size, begun)


class _Publishing(Taking):
    """One publish, from the head of its request to its answer."""

    __slots__ = ("_begun", "_identity", "_is_begun", "_key", "_shortcut", "_size", "_withdrawals")

    def __init__(
        self, shortcut: _Shortcut, identity: Identity, key: str | None, size: int, begun: float
    ) -> None:
        super().__init__()
        self._shortcut = shortcut
        self._identity = identity
        self._key = key
        self._size = size
        self._begun = begun
        self._is_begun = False
        self._withdrawals = shortcut.services.access.withdrawals

    def begin(self, body: bytes) -> bool:
        services, identity = self._shortcut.services, self._identity
        if not services.rate.has_room(identity.token):
            return self._leave()
        if services.access.withdrawals != self._withdrawals:
            return self._leave()  # the body took its time, and the token may be worth nothing now
        try:
            changes = self._shortcut.parse(identity, body)
            key = publishing.key_of(identity, self._key, body)
            services.feed.submit(
                identity.user, changes, key, publishing.terms_of(identity), self._told
            )
        except WakefulError:
            return self._leave()
        except BaseException:
            self._leave()
            raise
        services.rate.take(identity.token)
        self._is_begun = True
        return True

    def drain(self) -> None:
        """It is answered when it is durable, as any request that is under way."""

    def lost(self) -> None:
        self.line = None
        if not self._is_begun:
            self._over(0)

    def _leave(self) -> bool:
        self._shortcut.services.load.end(self._size)
        return False

    def _told(self, published: Published | None, error: BaseException | None) -> None:
        answer = self._answer(published, error)
        self._over(answer.status)
        line, self.line = self.line, None
        if line is not None:
            line.answer(answer)

    def _answer(self, published: Published | None, error: BaseException | None) -> Answer:
        shortcut = self._shortcut
        if published is not None:
            epoch = shortcut.services.feed.store.epoch
            try:
                return _success(shortcut.tell(self._identity, published, epoch))
            except Exception as bug:
                error = bug
        assert error is not None
        response = answer_to(error, _errors, "POST", shortcut.path)
        lines = b"".join(b"%b: %b\r\n" % line for line in response.raw_headers)
        phrase = HTTPStatus(response.status_code).phrase.encode()
        first = b"HTTP/1.1 %d %b\r\n" % (response.status_code, phrase)
        return Written(response.status_code, first + lines, bytes(response.body))

    def _over(self, status: int) -> None:
        """It is over; 0 where nobody was answered."""
        shortcut = self._shortcut
        services = shortcut.services
        services.load.end(self._size)
        services.metrics.answered(shortcut.route, status, time.perf_counter() - self._begun)


def _success(body: bytes) -> Answer:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-type: application/json\r\n" % len(
        body
    )
    return Written(200, head, body)
