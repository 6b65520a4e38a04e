"""How the routes of the Box dialect answer: in JSON, and in Box's form of every error."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.errors import Unauthenticated, WakefulError
from wakeful.core.scopes import ITEM_SCOPE, READ_SCOPE
from wakeful.dialects.box import errors
from wakeful.http.description import Answer
from wakeful.http.requests import identify
from wakeful.http.services import Services


class BoxErrors:
    def error(self, error: WakefulError, request_id: str) -> Response:
        if isinstance(error, Unauthenticated):
            # Empty: an SDK takes a 401 with a body for something unexpected (box.md 7).
            return Response(
                status_code=HTTPStatus.UNAUTHORIZED,
                headers={
                    "WWW-Authenticate": 'Bearer realm="Wakeful"',
                    "Box-Request-Id": request_id,
                },
            )
        status, _ = errors.answer_for(error)
        return _failure(errors.error_body(error, request_id), status, request_id)

    def status(self, status: int, request_id: str) -> Response:
        return _failure(errors.status_body(status, request_id), status, request_id)

    def answer(self, status: int) -> Answer:
        headers = {"Box-Request-Id": "Names this answer in the server's log."}
        if status == HTTPStatus.UNAUTHORIZED:
            return Answer(headers=headers | {"WWW-Authenticate": "`Bearer`"})
        return Answer(errors.ClientError, headers=headers)


async def content_reader(services: Services, request: Request) -> Identity:
    """Who asks for files, folders or their events. Raises as `identify` does, and Forbidden."""
    identity = await identify(services, request)
    identity.require(READ_SCOPE)
    return identity


async def item_reader(services: Services, request: Request) -> Identity:
    """Who asks for a file or a folder, perhaps with a token that is restricted to one: then what
    is read is read within that. Raises as `content_reader`."""
    identity = await identify(services, request, minds_item=True)
    identity.require(ITEM_SCOPE)
    return identity


def json_answer(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers)


def events_answer(body: bytes, headers: dict[str, str] | None = None) -> Response:
    """What is said of a stream, which is another thing a moment later."""
    return json_answer(body, {"Cache-Control": "no-store"} | (headers or {}))


def _failure(body: bytes, status: int, request_id: str) -> Response:
    return Response(
        body, status, media_type="application/json", headers={"Box-Request-Id": request_id}
    )
