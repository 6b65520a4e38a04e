"""What all routes do that change something, whatever the dialect: who asks, with what content,
under which terms, and that it is carried out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from wakeful.access import Identity
from wakeful.core.changes import Change
from wakeful.core.contents import Incoming
from wakeful.core.finding import Lineage
from wakeful.core.terms import Terms
from wakeful.http.requests import client_ip, identify, judge_again
from wakeful.http.services import Services

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def by_method(**endpoints: Endpoint) -> Endpoint:
    """One endpoint of a route with several methods."""

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return answer


class Acting:
    """Carries out what was asked for."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def actor(self, request: Request, scope: str) -> Identity:
        """Who asks, with a token that may have *scope* for one item only. Raises as `identify`."""
        identity = await identify(self.services, request, minds_item=True)
        identity.require(scope)
        return identity

    def terms(self, request: Request, identity: Identity) -> Terms:
        """What a batch of changes by *identity* is held to."""
        return Terms(
            self.services.watched,
            identity.item,
            client_ip(self.services, request),
            identity.action_by,
            quota=self.services.quota,
            done=self.services.acting,
        )

    def receive(self, namespace: int) -> AbstractAsyncContextManager[Incoming]:
        """A place for a content that is to be that of a file in *namespace*: as
        `core.contents.Contents.receive`. The change that names it is carried out within it."""
        return self.services.contents.receive(namespace)

    async def act(self, request: Request, identity: Identity, *changes: Change) -> Lineage:
        """Carry out *changes*, all or none; what the last of them changed, with all above it.

        Raises what `core.tree` raises, and as `judge_again`: a content may take long to be kept.
        """
        await judge_again(request)
        actions = self.services.actions or self.services.feed
        return (await actions.act(identity.user, changes, self.terms(request, identity))).last
