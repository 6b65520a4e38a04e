"""One wire protocol's routes, with its own form of every error.

What is raised is answered here and nowhere else: a WakefulError or an HTTP status in the
dialect's words, anything else as a bug, which is logged in full and told to nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Protocol

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import Message, Receive, Scope, Send

from wakeful.core.errors import InvalidRequest, RateLimited, Unavailable, WakefulError
from wakeful.http.description import Answer
from wakeful.http.load import SHARE, Load

log = structlog.get_logger()


class ErrorForm(Protocol):
    """How a dialect writes errors."""

    def error(self, error: WakefulError, request_id: str) -> Response: ...

    def status(self, status: int, request_id: str) -> Response:
        """An error that is nothing but its HTTP status: no such route, a method that is not
        allowed, a bug."""
        ...

    def answer(self, status: int) -> Answer:
        """What an error of that status looks like, for the API description."""
        ...


class Dialect:
    """An ASGI app of *routes*, whose errors have the form *errors*.

    Where *load* is given, what it does not bear is refused before any work.
    """

    def __init__(
        self, routes: Sequence[BaseRoute], errors: ErrorForm, load: Load | None = None
    ) -> None:
        self.routes = tuple(routes)
        self.errors = errors
        self._load = load
        self._router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        # Without an app in the scope, Starlette answers an unknown route itself.
        scope["app"] = self
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if self._load is None:
                await self._router(scope, receive, note)
            else:
                with self._load.request() as scope[SHARE]:
                    await self._router(scope, receive, note)
            return
        except ClientDisconnect:
            return  # nobody is there to be answered
        except HTTPException as error:
            response = self._refuse(error, scope["method"])
        except Exception as error:
            response = answer_to(error, self.errors, scope["method"], scope["path"])
            if started and not isinstance(error, WakefulError):
                raise  # half an answer cannot be taken back: the connection must break
        await response(scope, receive, send)

    def _refuse(self, error: HTTPException, method: str) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405 and method == "OPTIONS":
            # Asking what is allowed is allowed (RFC 9110, 9.3.7).
            return Response(status_code=204, headers={"Allow": f"{headers['Allow']}, OPTIONS"})
        response = self.errors.status(error.status_code, new_request_id())
        response.headers.update(headers)
        return response


def answer_to(error: BaseException, form: ErrorForm, method: str, path: str) -> Response:
    """What is answered where *error* was raised, in the form of a dialect; it is logged."""
    request_id = new_request_id()
    if not isinstance(error, WakefulError):
        log.error("bug", exc_info=error, request_id=request_id, method=method, path=path)
        return form.status(500, request_id)
    response = form.error(error, request_id)
    if isinstance(error, Unavailable | RateLimited):
        # Raw, for Starlette writes names in lower case and box-sdk-gen 1 reads only this one.
        response.raw_headers.append((b"Retry-After", str(error.retry_after).encode()))
    if isinstance(error, Unavailable):
        log.warning("unavailable", request_id=request_id, error=str(error))
    elif not isinstance(error, InvalidRequest):
        log.debug("refused", request_id=request_id, error=str(error))
    return response


def new_request_id() -> str:
    """Names an answer in the log: 16 hex digits."""
    return secrets.token_hex(8)
