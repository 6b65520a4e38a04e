"""The authorize pages: a user logs in, sees what an app asks for, and allows it or not.

Rule 1: by which page the app came decides the dialect: `/oauth2` is Dropbox's, `/1/oauth2` its
version 1, `/api/oauth2` Box's.

Rule 2: a form is sent back to the URL of its page, which says again what is asked for.

Rule 3: consent is asked for each time. What an app was allowed before says nothing about who asks
in its name now.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.accounts import digest_of
from wakeful.core.consent import (
    BOX_CODE_MS,
    CODE_MS,
    Consent,
    allow,
    is_loopback,
    may_allow,
    new_code,
    with_granted,
)
from wakeful.core.credentials import AccessType, App, Flow
from wakeful.core.errors import (
    InvalidRequest,
    RateLimited,
    Unauthenticated,
    Unavailable,
    WakefulError,
)
from wakeful.core.lookups.credentials import AppByClientId, Grants
from wakeful.core.lookups.people import Enterprises
from wakeful.core.people import User
from wakeful.core.scopes import ENTERPRISE_SCOPE, READ_SCOPE, USERS_SCOPE, WRITE_SCOPE
from wakeful.core.signin import SHORT_MS
from wakeful.dialects.authorization import (
    Denied,
    Terms,
    error_word,
    parse_query,
    redirect_of,
    terms_of,
    with_parameters,
)
from wakeful.dialects.box import oauth
from wakeful.dialects.box.oauth import Form
from wakeful.http.authorize_api import SHOW, SUBMIT
from wakeful.http.browsers import OLD_PAGE, SESSION, Browser, LogIns
from wakeful.http.description import Described
from wakeful.http.pages import STRICT, page
from wakeful.http.services import Services

_OF_QUERY = "%!$&'()*+,;=:@/?"  # RFC 3986, 3.4

_WORDS = {
    READ_SCOPE: "See your files and folders, download them, and hear of every change",
    WRITE_SCOPE: "Add, change and delete files and folders in your name",
}
_ADMINS_WORDS = {
    USERS_SCOPE: "Act for every user of {enterprise}, and manage them",
    ENTERPRISE_SCOPE: "See what happens everywhere in {enterprise}, and manage its apps",
}


class Asked(NamedTuple):
    """A request that makes sense: which app asks, and where the answer goes."""

    app: App
    values: Mapping[str, str]
    redirect_uri: str | None


class Refused(Exception):
    """The app is told no: its error, which goes to where the browser is sent back."""

    def __init__(self, asked: Asked, error: InvalidRequest | Denied) -> None:
        super().__init__(str(error))
        self.asked = asked
        self.error = error


class Authorize:
    """The page below each prefix."""

    def __init__(self, services: Services, log_ins: LogIns) -> None:
        self._services = services
        self._store = services.feed.store
        self.log_ins = log_ins

    def route(self, flow: Flow) -> Described:
        """The route to put below the prefix of *flow*."""

        async def endpoint(request: Request) -> Response:
            try:
                browser = Browser(self._services, request)
                return await _Visit(self, request, flow, browser).answer()
            except Refused as refused:
                return _tell(refused.asked, refused.error)
            except WakefulError as error:
                return _error_page(error)

        return Described("/authorize", endpoint, GET=SHOW, POST=SUBMIT)

    # --- what a visit asks for ---

    async def app(self, client_id: str | None) -> App:
        """Raises InvalidRequest."""
        if client_id is None:
            raise InvalidRequest("client_id is missing")
        app = await self._store.ask(AppByClientId(client_id))
        if app is None or app.disabled_at is not None:
            raise InvalidRequest("client_id is that of no app here")
        return app

    async def scopes(self, user: User, app: App, terms: Terms) -> tuple[str, ...]:
        if not terms.adds_granted:
            return terms.scopes
        before = await self._store.ask(Grants(user.id))
        return with_granted(app, terms.scopes, before)

    async def enterprise(self, user: User) -> str:
        found = await self._store.ask(Enterprises())
        return next((each.name for each in found if each.id == user.enterprise), "")

    async def code(self, consent: Consent) -> str:
        """A code for what was allowed."""
        text = new_code()
        await self._store.commit(allow(consent, digest_of(text)))
        return text


class _Visit:
    """One request for a page, and its answer."""

    def __init__(self, pages: Authorize, request: Request, flow: Flow, browser: Browser) -> None:
        self._pages = pages
        self._request = request
        self._flow = flow
        self._browser = browser
        self._query: bytes = request.scope["query_string"]

    async def answer(self) -> Response:
        """Raises Refused and WakefulError."""
        values = parse_query(self._query)
        app = await self._pages.app(values.get("client_id"))
        asked = Asked(app, values, redirect_of(values, app, self._flow))
        try:
            terms = terms_of(values, app, self._flow)
        except InvalidRequest as error:
            raise Refused(asked, error) from None
        user = await self._pages.log_ins.user(self._browser)
        if self._request.method == "POST":
            return await self._press(asked, terms, user)
        return await self._show(asked, terms, user)

    async def _press(self, asked: Asked, terms: Terms, user: User | None) -> Response:
        """A button was pressed."""
        form = await self._browser.read_form()
        if not self._browser.owns(form, self._query):
            return await self._show(asked, terms, user, OLD_PAGE, HTTPStatus.BAD_REQUEST)
        match form.get("do"):
            case "login":
                return await self._log_in(asked, form)
            case "logout":
                return self._again("")
            case "deny":
                raise Refused(asked, Denied("the user does not allow it"))
            case "allow" if user is not None and may_allow(user, asked.app):
                return await self._allow(asked, terms, user)
            case "allow":
                return await self._show(asked, terms, user)
        raise InvalidRequest("there is no such button", field="do")

    async def _log_in(self, asked: Asked, form: Form) -> Response:
        login = form.get("login") or ""
        try:
            password = form.get("password") or ""
            session = await self._pages.log_ins.log_in(self._request, login, password)
        except Unauthenticated as error:
            return self._login_page(asked.app, str(error), HTTPStatus.FORBIDDEN, login)
        except (RateLimited, Unavailable) as error:
            notice = f"Too many attempts. Please try again in {error.retry_after} seconds."
            status, _ = oauth.answer_for(error)
            response = self._login_page(asked.app, notice, status, login)
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        return self._again(session)

    async def _allow(self, asked: Asked, terms: Terms, user: User) -> Response:
        code = await self._pages.code(
            Consent(
                app=asked.app.id,
                user=user.id,
                scopes=await self._pages.scopes(user, asked.app, terms),
                flow=self._flow,
                access_type=terms.access_type,
                redirect_uri=asked.redirect_uri,
                challenge=terms.challenge,
            )
        )
        if asked.redirect_uri is not None:
            return _sent(asked.redirect_uri, code=code, state=asked.values.get("state"))
        lives = BOX_CODE_MS if self._flow is Flow.BOX else CODE_MS
        lasts = f"{lives // 60_000} minutes" if lives > 60_000 else f"{lives // 1000} seconds"
        return page("code", {"app": asked.app.name, "code": code, "lasts": lasts})

    # --- pages ---

    async def _show(
        self,
        asked: Asked,
        terms: Terms,
        user: User | None,
        notice: str = "",
        status: int = HTTPStatus.OK,
    ) -> Response:
        app = asked.app
        if user is None:
            return self._login_page(app, notice, status)
        who = {
            "token": self._browser.form_token(self._query),
            "name": user.name,
            "login": user.login,
        }
        if not may_allow(user, app):
            return self._browser.know(
                page("stranger", {"app": app.name, **who}, HTTPStatus.FORBIDDEN)
            )
        scopes = await self._pages.scopes(user, app, terms)
        values = {
            "app": app.name,
            "notice": notice,
            "wishes": _wishes(scopes, user, await self._pages.enterprise(user)),
            "lasting": _lasting(terms.access_type),
            "leading": _leading(asked),
            **who,
        }
        return self._browser.know(page("consent", values, status, leads_to=asked.redirect_uri))

    def _login_page(
        self, app: App, notice: str = "", status: int = HTTPStatus.OK, login: str = ""
    ) -> Response:
        values = {
            "app": app.name,
            "notice": notice,
            "login": login,
            "token": self._browser.form_token(self._query),
        }
        return self._browser.know(page("login", values, status))

    def _again(self, session: str) -> Response:
        """The same page once more, for whoever is logged in by *session*."""
        # Relative, for a proxy may serve us below a path of its own.
        target = f"authorize?{quote(self._query, safe=_OF_QUERY)}"
        response = Response(status_code=HTTPStatus.SEE_OTHER, headers=STRICT | {"Location": target})
        self._browser.keep(response, SESSION, session)
        return response


def _wishes(scopes: tuple[str, ...], user: User, enterprise: str) -> list[str]:
    """What an app would like to do, in words. What only admins can allow, others do not see."""
    words = ["See who you are: your name and your login"]
    if WRITE_SCOPE in scopes or READ_SCOPE in scopes:
        words.append(_WORDS[READ_SCOPE])
    if WRITE_SCOPE in scopes:
        words.append(_WORDS[WRITE_SCOPE])
    if user.is_admin:
        words += [
            text.format(enterprise=enterprise)
            for scope, text in _ADMINS_WORDS.items()
            if scope in scopes
        ]
    return words


def _lasting(access_type: AccessType) -> str:
    if access_type is AccessType.ONLINE:
        return f"It may do so for {SHORT_MS // 3_600_000} hours."
    return "It may do so until you take it back; whoever runs this server can do that for you."


def _leading(asked: Asked) -> str:
    if asked.redirect_uri is None:
        return "You will get a code to paste into it."
    if is_loopback(asked.redirect_uri):
        return "You will go on to a program on this device."
    return f"You will go on to {urlsplit(asked.redirect_uri).netloc}."


def _tell(asked: Asked, error: InvalidRequest | Denied) -> Response:
    """Tell the app, where a browser can be sent there, else the user."""
    if asked.redirect_uri is None:
        return _error_page(error)
    return _sent(
        asked.redirect_uri,
        error=error_word(error),
        error_description=str(error),
        state=asked.values.get("state"),
    )


def _sent(uri: str, **parameters: str | None) -> Response:
    # 303: what was a form is no form there.
    location = with_parameters(uri, **parameters)
    return Response(status_code=HTTPStatus.SEE_OTHER, headers=STRICT | {"Location": location})


def _error_page(error: WakefulError) -> Response:
    if isinstance(error, Denied):
        return _message("Not allowed", "The app was given nothing. You can close this page.")
    status, _ = oauth.answer_for(error)
    if isinstance(error, InvalidRequest):
        text = f"The app that sent you here asked for something in a wrong way: {error}."
        return _message("This link does not work", text, status)
    response = _message("Please try again later", f"{error}.", status)
    if isinstance(error, RateLimited | Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _message(title: str, text: str, status: int = HTTPStatus.OK) -> Response:
    return page("message", {"title": title, "text": text}, status)
