"""The pages under shared links: a file to download, a folder to look into, for those whom a link is
for.

Rule: nothing is kept between two requests but cookies: those that the authorize pages have, too
(`http.browsers`), and a pass for the link.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.changes import ById, Tell
from wakeful.core.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
    WakefulError,
)
from wakeful.core.finding import Lineage
from wakeful.core.items import Item, LinkAccess
from wakeful.core.lookups.people import Members
from wakeful.core.lookups.trees import Children
from wakeful.core.lookups.trees import Lineage as LineageOf
from wakeful.core.people import ANONYMOUS, User
from wakeful.dialects.box.types import classes_of
from wakeful.dialects.dropbox.v1.metadata import size_text
from wakeful.http import link_pages_api as api
from wakeful.http.acting import by_method
from wakeful.http.browsers import OLD_PAGE, SESSION, Browser, LogIns
from wakeful.http.content import give
from wakeful.http.description import TEXT, Answer, Described
from wakeful.http.dialect import Dialect
from wakeful.http.downloads import EVENT
from wakeful.http.links import PASS_MS, Links, Opened
from wakeful.http.pages import STRICT, page
from wakeful.http.recent import Recent
from wakeful.http.requests import client_ip
from wakeful.http.services import Services

_PASS = "wakeful_pass"
_MOST_ENTRIES = 1000  # of a folder, on its page
_MOST_DIGITS = 18
_GONE = "There is nothing under this link, or not any more."

log = structlog.get_logger()


def link_pages(services: Services, log_ins: LogIns) -> Dialect:
    """The app to mount at `/s`."""
    pages = _Pages(services, log_ins)
    answers = by_method(GET=pages.show, POST=pages.enter)
    return Dialect(
        [
            Described("/{key}", answers, GET=api.SHOW, POST=api.ENTER),
            Described("/{key}/{item}", answers, GET=api.SHOW_BELOW, POST=api.ENTER_BELOW),
            Described("/{key}/{item}/content", pages.content, GET=api.CONTENT),
        ],
        LinkErrors(),
        services.load,
    )


class LinkErrors:
    """Errors as pages."""

    def error(self, error: WakefulError, request_id: str) -> Response:
        match error:
            case NotFound():
                return _message("Nothing here", _GONE, HTTPStatus.NOT_FOUND)
            case RateLimited(retry_after=seconds) | Unavailable(retry_after=seconds):
                limited = isinstance(error, RateLimited)
                status = HTTPStatus.TOO_MANY_REQUESTS if limited else HTTPStatus.SERVICE_UNAVAILABLE
                response = _message("Please try again later", f"{error}.", status)
                response.headers["Retry-After"] = str(seconds)
                return response
            case InvalidRequest():
                return _message("This does not work", f"{error}.", HTTPStatus.BAD_REQUEST)
            case Forbidden():
                return _message("Not allowed", f"{error}.", HTTPStatus.FORBIDDEN)
        return self.status(HTTPStatus.INTERNAL_SERVER_ERROR, request_id)

    def status(self, status: int, request_id: str) -> Response:
        return _message(HTTPStatus(status).phrase, f"Request {request_id}.", status)

    def answer(self, status: int) -> Answer:
        return Answer(TEXT, "A page that says what is wrong.", media="text/html")


class _Pages:
    def __init__(self, services: Services, log_ins: LogIns) -> None:
        self._services = services
        self._store = services.feed.store
        self._links = Links(services)
        self._log_ins = log_ins
        self._told: Recent[tuple[str, int, int, str | None], int] = Recent()

    async def show(self, request: Request) -> Response:
        """The page of what a link leads to, or one that asks who is there."""
        visit = await self._visit(request)
        if visit.asks is not None:
            return visit.asking()
        lineage = await self._below(visit.opened, request.path_params.get("item"))
        return await self._shown(request, visit.opened, lineage)

    async def enter(self, request: Request) -> Response:
        """Somebody says who they are, or the password of the link."""
        visit = await self._visit(request)
        form = await visit.browser.read_form()
        if not visit.browser.owns(form, visit.page):
            return visit.asking(OLD_PAGE, HTTPStatus.BAD_REQUEST)
        password = form.get("password") or ""
        if form.get("do") == "login":
            try:
                session = await self._log_ins.log_in(request, form.get("login") or "", password)
            except Unauthenticated as error:
                return visit.asking(str(error), HTTPStatus.FORBIDDEN)
            return visit.again(SESSION, session, "/")
        if form.get("do") != "open" or visit.asks != "open":
            raise InvalidRequest("there is no such button", field="do")
        if not await self._links.check_password(visit.opened.link, password):
            return visit.asking("The password is wrong.", HTTPStatus.FORBIDDEN)
        user = 0 if visit.user is None else visit.user.id
        given = self._links.new_pass(visit.opened.link, user)
        return visit.again(_PASS, given, f"{request.scope.get('root_path', '')}/{visit.key}")

    async def content(self, request: Request) -> Response:
        """The content of a file."""
        visit = await self._visit(request)
        opened = visit.opened
        if visit.asks is not None:
            given = request.query_params.get("pass", "")
            if not await self._links.passes(opened, given):
                return visit.asking()
        if not opened.link.can_download:
            raise Forbidden("This can be looked at, and not downloaded")
        lineage = await self._below(opened, request.path_params["item"])
        file = lineage[-1]
        if file.is_folder:
            raise NotFound("Not Found")
        ip = client_ip(self._services, request)
        return await give(
            request,
            file,
            await self._services.contents.open(lineage),
            lambda: self._tell(opened, file, ip),
        )

    # --- who is there ---

    async def _visit(self, request: Request) -> _Visit:
        opened = await self._links.opened(request.path_params["key"])
        visit = _Visit(Browser(self._services, request), request, opened)
        visit.user = await self._log_ins.user(visit.browser)
        if not await self._is_for(opened, visit.user):
            visit.asks = "login"
        elif opened.link.hashed and not await self._links.passes(
            opened, visit.browser.cookie(_PASS)
        ):
            visit.asks = "open"
        return visit

    async def _is_for(self, opened: Opened, user: User | None) -> bool:
        if opened.link.access is not LinkAccess.COLLABORATORS or user is None:
            return self._links.lets_in(opened, user)
        members = await self._store.ask(Members(opened.namespace.id))
        return any(member.user == user.id for member in members)

    async def _below(self, opened: Opened, id: str | None) -> Lineage:
        """What is asked for: the item of the link, or one below it. Raises NotFound."""
        if id is None:
            return opened.lineage
        lineage: Lineage = ()
        if id.isascii() and id.isdigit() and len(id) <= _MOST_DIGITS:
            lineage = await self._store.ask(LineageOf(int(id)))
        is_below = any(item.id == opened.item for item in lineage)
        if not is_below or any(item.trashed_at is not None for item in lineage):
            raise NotFound("Not Found")
        return lineage

    # --- what is there ---

    async def _shown(self, request: Request, opened: Opened, lineage: Lineage) -> Response:
        item = lineage[-1]
        is_top = "item" not in request.path_params
        # Relative, for a proxy may serve us below a path of its own.
        base = f"{opened.link.key}/" if is_top else ""
        values: dict[str, object] = {
            "name": item.name,
            "size": size_text(item.size),
            "content": f"{base}{item.id}/content" if opened.link.can_download else "",
            "entries": None,
            "more": False,
            "above": "" if is_top else f"../{opened.link.key}",
        }
        if item.is_folder:
            found: tuple[Item, ...] = await self._store.ask(Children(item.id, 0, _MOST_ENTRIES + 1))
            values["more"] = len(found) > _MOST_ENTRIES
            values["entries"] = [
                {"name": each.name, "href": f"{base}{each.id}", "is_folder": each.is_folder}
                for each in found[:_MOST_ENTRIES]
            ]
        return page("shared", values)

    async def _tell(self, opened: Opened, file: Item, ip: str | None) -> None:
        """Tell the owner of the download, once in a while. Never raises: it is under way."""
        who_and_what = (opened.link.key, file.id, file.version, ip)
        now = self._services.clock.wall()
        if (self._told.get(who_and_what) or 0) > now:
            return
        self._told.set(who_and_what, now + PASS_MS)
        owner = opened.namespace.owner
        event = Tell(
            type=EVENT,
            classes=classes_of(EVENT),
            item=ById(file.id),
            audience=(owner,),
            actor=ANONYMOUS,
            ip=ip,
        )
        try:
            await self._services.feed.publish(owner, (event,))
        except Exception:
            self._told.set(who_and_what, 0)
            log.exception("download not told", item=file.id, version=file.version)


class _Visit:
    """One request for a page, and what it lacks: `asks` is "login" or "open", None for nothing."""

    def __init__(self, browser: Browser, request: Request, opened: Opened) -> None:
        self.browser = browser
        self._path = request.url.path
        self.page = self._path.encode()
        self.opened = opened
        self.key = opened.link.key
        self.user: User | None = None
        self.asks: str | None = None

    def asking(self, notice: str = "", status: int = HTTPStatus.FORBIDDEN) -> Response:
        """The page that asks for what is lacking."""
        wants_login = self.asks != "open"
        title = (
            "This link is for people who are logged in"
            if wants_login
            else "This link has a password"
        )
        if wants_login and self.user is not None and not notice:
            notice = "This link is not for you."
        values = {
            "title": title,
            "notice": notice,
            "asks_login": wants_login,
            "token": self.browser.form_token(self.page),
        }
        return self.browser.know(page("locked", values, status))

    def again(self, name: str, value: str, path: str) -> Response:
        """The same page once more, with a cookie."""
        target = self._path.rpartition("/")[2]
        response = Response(status_code=HTTPStatus.SEE_OTHER, headers=STRICT | {"Location": target})
        self.browser.keep(response, name, value, path)
        return response


def _message(title: str, text: str, status: int) -> Response:
    return page("message", {"title": title, "text": text}, status)
