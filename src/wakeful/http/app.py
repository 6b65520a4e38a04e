"""The app: every dialect under its own prefix, each with its own form of error."""

from __future__ import annotations

import time

from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wakeful.http import box, native
from wakeful.http.dialect import Dialect
from wakeful.http.metrics import Metrics
from wakeful.http.native import NativeErrors
from wakeful.http.ops import ops
from wakeful.http.services import Services


def build_app(services: Services) -> ASGIApp:
    """The ASGI app of everything but the parked polls, which the front answers."""
    app = Dialect(
        [
            Mount(box.PREFIX, box.box(services)),
            Mount(native.PREFIX, native.native(services)),
            *ops(services),
        ],
        NativeErrors(),
    )
    return Counted(app, services.metrics)


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
