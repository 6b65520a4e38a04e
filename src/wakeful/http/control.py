"""The app behind the socket in the data folder, through which commands reach a running server.

It needs no token: the mode of the socket's file decides who may connect.

`POST /` takes an operation as JSON (`{"operation": "user.list"}`) and answers its result;
errors have the native form.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from wakeful.administration import Administration, decode_operation
from wakeful.http.dialect import Dialect
from wakeful.http.native.routes import NativeErrors
from wakeful.http.requests import read_body

_BODY_LIMIT = 64 * 1024


def build_control_app(administration: Administration) -> ASGIApp:
    """The ASGI app to serve on the control socket, and nowhere else."""

    async def operate(request: Request) -> Response:
        operation = decode_operation(await read_body(request, _BODY_LIMIT))
        result = await administration.carry_out(operation)
        return Response(msgspec.json.encode(result), media_type="application/json")

    return Dialect([Route("/", operate, methods=["POST"])], NativeErrors())
