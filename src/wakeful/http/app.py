"""The app: every dialect under its own prefix, each with its own form of error."""

from __future__ import annotations

import re
import time
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wakeful import __version__
from wakeful.dialects.box import PREFIX as BOX
from wakeful.dialects.box.realtime import CHANNEL_PATH
from wakeful.dialects.dropbox import PREFIX as DROPBOX
from wakeful.dialects.dropbox.v1 import PREFIX as DROPBOX_V1
from wakeful.dialects.native import PREFIX as NATIVE
from wakeful.http import oauth
from wakeful.http.box import api as box_api
from wakeful.http.box import routes as box
from wakeful.http.box.answers import BoxErrors
from wakeful.http.box.uploads import UPLOAD_PREFIX
from wakeful.http.browsers import LogIns
from wakeful.http.description import Answer, Described, Operation
from wakeful.http.dialect import Dialect
from wakeful.http.dropbox import api as dropbox_api
from wakeful.http.dropbox import routes as dropbox
from wakeful.http.dropbox.answers import DropboxErrors
from wakeful.http.dropbox.poll import LONGPOLL_PATH
from wakeful.http.dropbox.v1 import api as dropbox_v1_api
from wakeful.http.dropbox.v1 import routes as dropbox_v1
from wakeful.http.dropbox.v1.answers import V1Errors
from wakeful.http.dropbox.v1.poll import LONGPOLL_DELTA_PATH
from wakeful.http.link_pages import link_pages
from wakeful.http.links import PREFIX as LINKS
from wakeful.http.metrics import Metrics
from wakeful.http.native import routes as native
from wakeful.http.native.routes import NativeErrors
from wakeful.http.openapi import Endpoint, document, endpoints
from wakeful.http.ops import ops
from wakeful.http.services import Services

OPENAPI_PATH = "/openapi.json"

_DESCRIBE = Operation(
    "This description",
    {200: Answer({"type": "object"})},
    is_open=True,
)


_POLLS = (
    Endpoint("GET", CHANNEL_PATH, box_api.POLL, BoxErrors()),
    Endpoint("POST", LONGPOLL_PATH, dropbox_api.LONGPOLL, DropboxErrors()),
    Endpoint("GET", LONGPOLL_DELTA_PATH, dropbox_v1_api.LONGPOLL_DELTA, V1Errors()),
)
"""What the front answers."""


def build_app(services: Services) -> ASGIApp:
    """The ASGI app of everything but the parked polls, which the front answers."""
    whole = every_route(services)
    app = Counted(whole, services.metrics)
    if services.emulation is None:
        return app
    # No other server has any of it.
    from wakeful.http.emulation.app import EmulatedApp
    from wakeful.http.emulation.routes import Routes

    polls = {each.path: (each.method, each.errors) for each in _POLLS}
    services.emulation.learn(Routes(whole, polls))
    return EmulatedApp(app, services.emulation.stage)


def every_route(services: Services) -> Dialect:
    """All that the app routes."""

    @cache
    def described() -> bytes:
        return msgspec.json.encode(description(whole))

    async def describe(request: Request) -> Response:
        return Response(described(), media_type="application/json")

    log_ins = LogIns(services)
    whole = Dialect(
        [
            mounted(BOX, box.box(services)),
            mounted(UPLOAD_PREFIX, box.box_uploads(services)),
            mounted(LINKS, link_pages(services, log_ins)),
            mounted(DROPBOX, dropbox.dropbox(services)),
            mounted(NATIVE, native.native(services)),
            *(Mount(*endpoint) for endpoint in oauth.token_endpoints(services, log_ins).items()),
            mounted(DROPBOX_V1, dropbox_v1.dropbox_v1(services)),
            *ops(services),
            *_emulator(services),
            Described(OPENAPI_PATH, describe, GET=_DESCRIBE),
        ],
        NativeErrors(),
    )
    return whole


def mounted(prefix: str, app: ASGIApp) -> Mount:
    """*app* under *prefix*, whatever the rest of the path has in it: by itself a mount ends at a
    line break, and what has one would get another dialect's error."""
    mount = Mount(prefix, app)
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def _emulator(services: Services) -> list[Mount]:
    if services.emulation is None:
        return []
    from wakeful.http.emulator.routes import PREFIX, emulator

    return [Mount(PREFIX, emulator(services, services.emulation))]


def description(whole: Dialect) -> dict[str, Any]:
    """The OpenAPI document of *whole*, and of what the front answers beside it."""
    return document((*endpoints(whole), *_POLLS), title="Wakeful", version=__version__)


class Counted:
    """Counts the requests that *app* answers, by route and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0  # nobody was answered

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._metrics.answered(_label(scope), status, time.perf_counter() - begun)


def _label(scope: Scope) -> str:
    """The request's route by its pattern, so that clients cannot make up labels."""
    route = scope.get("route")
    if not isinstance(route, Route):
        return "none"
    method = scope["method"] if scope["method"] in (route.methods or ()) else "other"
    return f"{method} {scope.get('root_path', '')}{route.path}"
