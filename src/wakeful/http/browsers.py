"""Browsers: who is logged in at one, what it keeps for us, and which forms are its own.

Rule 1: nothing is kept between two requests but cookies.

Rule 2: a form carries a token that only this browser, in this session, on this page, can have: no
other site can press a button.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.accounts import digest_of
from wakeful.core.errors import InvalidRequest, Unauthenticated
from wakeful.core.people import User
from wakeful.dialects.box.oauth import Form
from wakeful.http.rates import RateLimit
from wakeful.http.requests import base_url, client_address, read_body
from wakeful.http.services import Services
from wakeful.signin.login import LogIn

SESSION = "wakeful_session"
_BROWSER = "wakeful_browser"
_OF_HOST = (SESSION, _BROWSER)
# Over TLS: a browser takes such a cookie of this whole host alone, and over TLS alone.
_SECURE_PREFIX = "__Host-"
_MOST_OF_COOKIE = 200  # ours are shorter
_HERE = {"same-origin", "none"}  # of Sec-Fetch-Site: from our own page
_BODY_LIMIT = 64 * 1024
_GUESSES_PER_MINUTE = 10  # for each login, wherever they come from; who is right did not guess

OLD_PAGE = "This page was too old, or the browser keeps no cookies. Please try again."
"""What is said about a form that is not the browser's own (`Browser.owns`)."""


class LogIns:
    """How people log in at browsers: one for all pages, for guesses are counted here."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._log_in = LogIn(services.feed.store, services.access, services.clock.wall)
        self._guesses = RateLimit(_GUESSES_PER_MINUTE)

    async def user(self, browser: Browser) -> User | None:
        """Who is logged in there."""
        return await self._log_in.user(browser.cookie(SESSION))

    async def log_in(self, request: Request, login: str, password: str) -> str:
        """A session. Raises Unauthenticated and RateLimited."""
        address = client_address(self._services, request)
        self._services.failures.check(address)
        # Counted before the look, which takes its time: many guesses at once are many.
        # By its hash, for nobody says how long a login may be that there is not.
        meant = digest_of(login.strip().casefold())
        self._guesses.take(meant)
        try:
            session = await self._log_in.session(login.strip(), password)
        except Unauthenticated:
            self._services.failures.take(address)
            raise
        self._guesses.give_back(meant)
        return session


class Browser:
    """The browser that sent a request for a page."""

    def __init__(self, services: Services, request: Request) -> None:
        self._request = request
        self._seal = services.access.seal
        # With us, or with a proxy before us.
        scheme: str = request.scope["scheme"]
        self._speaks_tls = scheme == "https" or base_url(services, request).startswith("https:")
        known = self.cookie(_BROWSER)
        self._is_new = not known
        self._known_by = known or secrets.token_urlsafe(16)

    def cookie(self, name: str) -> str:
        """What it keeps under *name*, empty where that is nothing of ours."""
        value = self._request.cookies.get(self._named(name)) or ""
        return value if len(value) <= _MOST_OF_COOKIE else ""

    def keep(self, response: Response, name: str, value: str, path: str = "/") -> None:
        """Have it keep *value*, for pages below *path*; an empty one is forgotten."""
        response.set_cookie(
            self._named(name),
            value,
            max_age=None if value else 0,
            path=path,
            secure=self._speaks_tls,
            httponly=True,
            # Strict would log out whoever follows the link of an app.
            samesite="lax",
        )

    def know(self, response: Response) -> Response:
        """*response*, which has a form; a new browser keeps what its forms are known by."""
        if self._is_new:
            self.keep(response, _BROWSER, self._known_by)
        return response

    def form_token(self, page: bytes) -> str:
        """What a form on *page* carries."""
        whole = "\0".join((self._known_by, self.cookie(SESSION), "")).encode() + page
        return self._seal(b"form", hashlib.sha256(whole).digest())

    async def read_form(self) -> Form:
        """The form that was sent. Raises InvalidRequest where that did another site."""
        if self._request.headers.get("sec-fetch-site", "none") not in _HERE:
            raise InvalidRequest("the form was sent by another site")
        return Form(await read_body(self._request, _BODY_LIMIT))

    def owns(self, form: Form, page: bytes) -> bool:
        """Whether *form* is the one of *page* in this browser."""
        token = (form.get("token") or "").encode()
        return not self._is_new and hmac.compare_digest(token, self.form_token(page).encode())

    def _named(self, name: str) -> str:
        return _SECURE_PREFIX + name if self._speaks_tls and name in _OF_HOST else name
