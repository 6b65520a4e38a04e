"""The app in the process of the test, on each store, with a few people in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from tests.box_answers import check_answer
from wakeful.access import ALL_SCOPES, Access, open_access
from wakeful.cli.contents import ServedContents
from wakeful.contents.bench import MemoryBench
from wakeful.contents.drafts import KeptDrafts
from wakeful.contents.memory import MemoryShelf
from wakeful.core.accounts import (
    add_member,
    create_enterprise,
    create_grant,
    create_namespace,
    create_token,
    create_user,
    digest_of,
    new_token,
)
from wakeful.core.people import Namespace, Role, User
from wakeful.core.ports import Store
from wakeful.feed import Feed
from wakeful.http.app import build_app
from wakeful.http.metrics import Metrics
from wakeful.http.rates import RateLimit
from wakeful.http.services import Services
from wakeful.stores.memory import MemoryStore
from wakeful.stores.sqlite import SqliteStore
from wakeful.wakeups.hub import Hub

Json = dict[str, Any]

MOST_UPLOADED = 1_000_000


class Client:
    """Somebody who asks the app, with a token or without one."""

    def __init__(self, http: httpx2.AsyncClient, token: str | None, user: User | None) -> None:
        self.http = http
        self.token = token
        self.user = user

    @property
    def id(self) -> int:
        assert self.user is not None
        return self.user.id

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        sent = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        answer = await self.http.request(method, path, headers=sent | (headers or {}), **options)
        check_answer(method, answer.url.path, answer.status_code, answer.headers, answer.content)
        return answer

    async def get(self, path: str, **params: str | int) -> Json:
        """The JSON of a GET that has to succeed."""
        answer = await self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def publish(self, *changes: Json) -> Json:
        """Publish what has to succeed."""
        return await self._post("/v1/changes", {"changes": changes})

    async def tell(self, *events: Json) -> Json:
        """Tell what has to succeed."""
        return await self._post("/v1/events", {"events": events})

    async def made(self, **change: Any) -> str:
        """Publish one change that has to succeed; the id of its item."""
        answer = await self.publish(change)
        id: str = answer["changes"][0]["item"]["id"]
        return id

    async def _post(self, path: str, body: Json) -> Json:
        answer = await self.ask("POST", path, json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


class World:
    """Ann (an admin), Bob and Cat of one enterprise, Eve of another; each with a token."""

    def __init__(self, store: Store, feed: Feed, access: Access, services: Services) -> None:
        self.store = store
        self.feed = feed
        self.access = access
        self.services = services
        self._stack = AsyncExitStack()

    async def close(self) -> None:
        await self._stack.aclose()

    async def populate(self) -> None:
        ours = await self.store.commit(create_enterprise("Ours"))
        theirs = await self.store.commit(create_enterprise("Theirs"))
        self.ann = await self.join(ours.id, "ann", is_admin=True)
        self.bob = await self.join(ours.id, "bob")
        self.cat = await self.join(ours.id, "cat")
        self.eve = await self.join(theirs.id, "eve", is_admin=True)
        self.nobody = await self.client(None)

    async def join(self, enterprise: int, login: str, *, is_admin: bool = False) -> Client:
        user = await self.store.commit(
            create_user(enterprise, login, login.title(), is_admin=is_admin)
        )
        return await self.client(await self.token(user), user)

    async def token(self, user: User, scopes: tuple[str, ...] = ALL_SCOPES) -> str:
        text = new_token()
        grant = await self.store.commit(create_grant(user.id, "tests", scopes))
        await self.store.commit(create_token(grant.id, digest_of(text)))
        return text

    async def client(self, token: str | None, user: User | None = None, **settings: Any) -> Client:
        """A client of the app as it is with *settings*."""
        app = build_app(replace(self.services, **settings))
        # As a server does: what the app raises ends the connection, not the test.
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        http = httpx2.AsyncClient(transport=transport, base_url="http://feed.test:8787")
        return Client(await self._stack.enter_async_context(http), token, user)

    async def shared(self, owner: Client, name: str, *members: Client) -> Namespace:
        """A shared namespace, in which *members* are editors."""
        namespace = await self.store.commit(create_namespace(owner.id, name))
        for member in members:
            await self.store.commit(add_member(namespace.id, member.id, Role.EDITOR))
        return namespace

    async def state(self) -> list[Json]:
        """What everybody can see of streams and trees: equal before and after what changes
        nothing."""
        seen = []
        for client in (self.ann, self.bob, self.cat, self.eve):
            seen.append(await client.get("/2.0/events", limit=500))
            seen.append(await client.get("/2.0/folders/0"))
        return seen


def limited(per_minute: int) -> RateLimit:
    """A limit from which nobody recovers, however slow the machine is."""
    return RateLimit(per_minute, clock=lambda: 0.0)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: Any, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = (
        MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "data")
    )
    yield store
    await store.close()


@asynccontextmanager
async def populated(store: Store) -> AsyncIterator[World]:
    """The app on a fresh *store*, with the people in it."""
    metrics = Metrics()
    async with Feed(store, Hub(), metrics) as feed:
        access = await open_access(store)
        contents = ServedContents(lambda: (), frozenset(), MemoryShelf(MOST_UPLOADED))
        services = Services(
            feed,
            access,
            metrics,
            contents=contents,
            drafts=KeptDrafts(MemoryBench(), MOST_UPLOADED),
            upload_limit=MOST_UPLOADED,
        )
        world = World(store, feed, access, services)
        await world.populate()
        yield world
        await world.close()


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with populated(store) as world:
        yield world


@pytest.fixture
def ann(world: World) -> Client:
    return world.ann


@pytest.fixture
def bob(world: World) -> Client:
    return world.bob
