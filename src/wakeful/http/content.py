"""Answers that are the content of a file, whole or in part (RFC 9110, 14)."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Coroutine, Mapping
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import quote

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wakeful.core.contents import Content, ContentChanged
from wakeful.core.items import Item
from wakeful.http.ranges import Part, Unsatisfiable, parse_range

CHUNK_BYTES = 128 * 1024
"""What is read at once: so much of each download is in memory, and as much on its way."""

Telling = Coroutine[None, None, None]

log = structlog.get_logger()

CONTENT_HEADERS = {
    "ETag": "The id of the version, in quotes.",
    "Content-Disposition": "The name of the file.",
    "Accept-Ranges": "`bytes`",
}
"""The headers of such an answer, as the API description has them."""


async def give(
    request: Request,
    file: Item,
    content: Content,
    tell: Callable[[], Telling],
    more: Mapping[str, str] | None = None,
) -> Response:
    """What *request* asks for of *content*, which is that of *file* and is closed when done.

    *tell* is called once the answer is about to go, and what it returns runs beside it. *more*
    are further headers. Raises HTTPException (416) where nothing is in the range.
    """
    try:
        part = _part(request, file, content.size)
        headers = _headers(file) | dict(more or {})
        status = HTTPStatus.OK
        if part is None:
            part = Part(0, content.size)
        else:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{content.size}"
        headers["Content-Length"] = str(part.end - part.start)
        if request.method == "HEAD" or part.start == part.end:
            first = b""
        else:
            first = await content.read(part.start, min(CHUNK_BYTES, part.end - part.start))
    except BaseException:
        content.close()
        raise
    if request.method == "HEAD":
        content.close()
        return Response(status_code=status, headers=headers)
    return _Bytes(content, first, part, tell(), status_code=status, headers=headers)


class _Bytes(Response):
    """Some bytes of *content*, of which *first* is read already; *telling* runs beside it."""

    def __init__(
        self,
        content: Content,
        first: bytes,
        part: Part,
        telling: Telling,
        *,
        status_code: int,
        headers: dict[str, str],
    ) -> None:
        super().__init__(status_code=status_code)
        self.init_headers(headers)
        self._content = content
        self._first = first
        self._part = part
        self._telling = telling

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        telling = asyncio.create_task(self._telling, name="download told")
        gone = asyncio.create_task(_gone(receive), name="download reader gone")
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            await self._send(send, gone)
        except ContentChanged:
            # Half an answer cannot be taken back: it is left incomplete, which its reader sees
            # by its length, and the server ends the connection.
            log.warning("download broken off: the file changed", path=scope["path"][:40])
        finally:
            self._content.close()
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone
            await telling

    async def _send(self, send: Send, gone: asyncio.Task[None]) -> None:
        data, at, end = self._first, self._part.start, self._part.end
        self._first = b""  # not kept while a slow reader takes the rest
        while not gone.done():
            at += len(data)
            await send({"type": "http.response.body", "body": data, "more_body": at < end})
            if at >= end:
                return
            data = await self._content.read(at, min(CHUNK_BYTES, end - at))


async def _gone(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(request: Request, file: Item, size: int) -> Part | None:
    """The part of the file that is asked for, None for all of it."""
    condition = request.headers.get("if-range")
    headers = _headers(file)
    if condition is not None and condition not in (headers["ETag"], headers["Last-Modified"]):
        return None
    try:
        return parse_range(request.headers.get("range"), size)
    except Unsatisfiable:
        raise HTTPException(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers={"Content-Range": f"bytes */{size}"},
        ) from None


def _headers(file: Item) -> dict[str, str]:
    return {
        # Never a type that a browser would run: the content is anybody's.
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": disposition(file.name),
        "ETag": f'"{file.version}"',
        "Last-Modified": formatdate(max(0, file.content_modified_at // 1000), usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private",
    }


def disposition(name: str) -> str:
    """`Content-Disposition` for a file of that name (RFC 6266): for old clients in ASCII."""
    plain = re.sub(r"[^\w .()+-]", "_", name, flags=re.ASCII)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
