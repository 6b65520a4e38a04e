"""Routes for whoever runs the server. They need no token and tell no content."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from wakeful.core.ports import Health
from wakeful.http.description import TEXT, Answer, Described, Operation
from wakeful.http.metrics import CONTENT_TYPE
from wakeful.http.services import Services

_HEALTH = {
    Health.FULL: "the disk is full",
    Health.FAILED: "the store failed and needs a restart",
    Health.CLOSED: "the store is closed",
}


class Readiness(msgspec.Struct, frozen=True):
    """Whether the server does all its work, and if not, why not."""

    ready: bool
    reasons: tuple[str, ...] = ()


class Alive(msgspec.Struct, frozen=True):
    alive: bool = True


_HEALTHZ = Operation("Whether the process answers", {200: Answer(Alive)}, is_open=True)
_READYZ = Operation(
    "Whether the server does all its work",
    {200: Answer(Readiness, "It does"), 503: Answer(Readiness, "It does not, and why not")},
    is_open=True,
)
_METRICS = Operation(
    "Numbers for operators, in Prometheus' form",
    {200: Answer(TEXT, media="text/plain")},
    is_open=True,
)


def readiness(services: Services) -> Readiness:
    reasons = services.missing()
    health = services.feed.store.health
    if health is not Health.WRITABLE:
        reasons = (_HEALTH[health], *reasons)
    return Readiness(not reasons, reasons)


def ops(services: Services) -> list[Described]:
    """`/healthz` (alive), `/readyz` (503 with the reasons while not), `/metrics`."""

    async def healthz(request: Request) -> Response:
        return Response(msgspec.json.encode(Alive()), media_type="application/json")

    async def readyz(request: Request) -> Response:
        found = readiness(services)
        headers = {} if found.ready else {"Retry-After": "1"}
        return Response(
            msgspec.json.encode(found),
            200 if found.ready else 503,
            headers=headers,
            media_type="application/json",
        )

    async def metrics(request: Request) -> Response:
        return Response(services.metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    return [
        Described("/healthz", healthz, GET=_HEALTHZ),
        Described("/readyz", readyz, GET=_READYZ),
        Described("/metrics", metrics, GET=_METRICS),
    ]
