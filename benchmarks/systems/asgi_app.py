"""A long poll as one writes it: Starlette on uvicorn, a future for each poll that waits.

`python asgi_app.py PORT HOLD_SECONDS`
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

HOLD_SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 50.0

numbers: dict[str, int] = defaultdict(int)
waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)


async def poll(request: Request) -> Response:
    user = request.path_params["user"]
    after = int(request.query_params.get("after", "0"))
    if numbers[user] <= after:
        future = asyncio.get_running_loop().create_future()
        waiting[user].add(future)
        try:
            await asyncio.wait_for(future, HOLD_SECONDS)
        except TimeoutError:
            return JSONResponse({"message": "reconnect", "number": after})
        finally:
            waiting[user].discard(future)
    return JSONResponse({"message": "new_change", "number": numbers[user]})


async def publish(request: Request) -> Response:
    user = request.path_params["user"]
    await request.body()
    numbers[user] += 1
    for future in waiting.pop(user, ()):
        if not future.done():
            future.set_result(None)
    return JSONResponse({"number": numbers[user]})


async def ask(request: Request) -> Response:
    return JSONResponse({})


app = Starlette(
    routes=[
        Route("/poll/{user}", poll),
        Route("/publish/{user}", publish, methods=["POST"]),
        Route("/ask", ask),
    ]
)

if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=False,
        log_level="warning",
        timeout_keep_alive=300,
        backlog=4096,
    )
