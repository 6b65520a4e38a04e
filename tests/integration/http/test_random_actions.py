"""Random actions by both dialects, of people who let one another in and out: whatever is done, all
views agree, and what is counted is what is there."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.folding import Applied, Entries, fold_in_order, fold_sorted
from tests.integration.http.conftest import Client, Json, World
from tests.integration.http.test_box_actions import multipart
from tests.integration.http.test_dropbox import call
from tests.integration.http.test_dropbox_actions import sent
from wakeful.core.items import Kind
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.lookups.trees import SpaceOf, SubtreeSize
from wakeful.core.people import Role
from wakeful.dialects.dropbox.names import item_of

NAMES = ["a", "A", "b", "docs", "Docs", "é", "e\u0301", "x.txt", "X.txt"]
ROLES = [role.value for role in Role if role is not Role.OWNER]
QUOTA = 60
STEPS = 60

Fold = Callable[[Applied, Entries], None]


class Follower:
    """Somebody's copy, kept by the pages of a cursor."""

    def __init__(self, client: Client, fold: Fold, limit: int) -> None:
        self.client = client
        self.limit = limit
        self.state: Applied = {}
        self._fold = fold
        self._cursor: str | None = None

    async def step(self) -> bool:
        """Read one page; whether there are more."""
        if self._cursor is None:
            self.state = {}
            wanted = {"path": "", "recursive": True, "limit": self.limit}
            answer = await call(self.client, "files/list_folder", wanted)
        else:
            wanted = {"cursor": self._cursor}
            answer = await call(self.client, "files/list_folder/continue", wanted)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        self._fold(self.state, [_told(each) for each in page["entries"]])
        self._cursor = page["cursor"]
        more: bool = page["has_more"]
        return more

    async def read(self) -> Applied:
        while await self.step():
            pass
        return self.state


class Walk:
    """People, who do something at random, and their followers."""

    def __init__(self, clients: list[Client], seed: int) -> None:
        self.random = random.Random(seed)
        self.clients = clients
        self.by = clients[0]
        self.kinds: dict[str, str] = {}  # of all items that anybody was told of, by id
        self.collaborations: list[str] = []
        self.revs: list[str] = []
        self.followers = [
            Follower(client, fold, limit)
            for client in clients
            for fold, limit in ((fold_in_order, 2000), (fold_sorted, 2), (fold_in_order, 1))
        ]

    async def begin(self) -> None:
        """Two folders with something in them, which all of them are in, and one that is shared with
        nobody yet."""
        for name in ("a", "docs", "x"):
            await self._box("POST", "/folders", {"name": name, "parent": {"id": "0"}})
        shared = [*self.kinds][:2]
        for path in ("/a/docs/x.txt", "/docs/b/a/x.txt", "/x/a/b"):
            self._learn(await sent(self.by, "files/upload", {"path": path}, b"x"))
        await self._call("get_metadata", {"path": "/x/a"})
        for folder in shared:
            for other in self.clients[1:]:
                await self._invite(folder, other, "editor")

    async def step(self) -> None:
        self.by = self.random.choice(self.clients)
        if self.random.random() < 0.5:
            await self._by_box()
        else:
            await self._by_dropbox()

    async def check(self, world: World) -> None:
        for client in self.clients:
            fresh = await Follower(client, fold_in_order, 2000).read()
            for follower in self.followers:
                if follower.client is client:
                    assert await follower.read() == fresh
            shown = {}
            for path, (kind, id, *_) in fresh.items():
                above = path.rpartition("/")[0]
                shown[item_of(id)] = kind, item_of(fresh[above][1]) if above else 0
            assert shown == await _tree(client)
            for space in await world.store.ask(SpaceOf((client.id,))):
                namespace = await world.store.ask(NamespaceById(space.namespace))
                assert namespace is not None
                assert space.used == await world.store.ask(SubtreeSize(namespace.root))

    # --- what is done ---

    async def _by_dropbox(self) -> None:
        chance, path = self.random, self._path()
        autorename = chance.random() < 0.3
        from_to = {
            "from_path": chance.choice([path, f"id:{self._item()}"]),
            "to_path": self._path(),
        }
        moved = {**from_to, "autorename": autorename}
        match chance.randrange(9):
            case 0 | 1:
                mode = chance.choice(["add", "overwrite"])
                commit = {"path": path, "mode": mode, "autorename": autorename}
                self._learn(await sent(self.by, "files/upload", commit, self._data()))
            case 2:
                await self._call("create_folder_v2", {"path": path, "autorename": autorename})
            case 3:
                await self._call("move_v2", moved)
            case 4:
                await self._call("copy_v2", moved)
            case 5:
                await self._call("delete_v2", {"path": path})
            case 6:
                await self._call("permanently_delete", {"path": path})
            case 7:
                entries = [from_to, {"from_path": from_to["to_path"], "to_path": self._path()}]
                await self._call("move_batch_v2", {"entries": entries, "autorename": autorename})
            case 8 if self.revs:
                await self._call("restore", {"path": path, "rev": chance.choice(self.revs)})

    async def _by_box(self) -> None:
        chance, item = self.random, self._item()
        url = f"/{self.kinds[item]}s/{item}"
        parent, name = {"id": self._item("folder")}, chance.choice(NAMES)
        match chance.randrange(11):
            case 0:
                body = multipart({"name": name, "parent": parent}, self._data())
                self._learn(await self.by.ask("POST", "/2.0/files/content", **body))
            case 1:
                url = f"/2.0/files/{self._item('file')}/content"
                self._learn(await self.by.ask("POST", url, **multipart({}, self._data())))
            case 2:
                await self._box("PUT", url, chance.choice([{"parent": parent}, {"name": name}]))
            case 3:
                await self._box("POST", f"{url}/copy", {"parent": parent, "name": name})
            case 4 | 5:
                recursive = "?recursive=true" if self.kinds[item] == "folder" else ""
                await self._box("DELETE", url + recursive)
            case 6:
                wish = [{}, {"name": name}, {"name": name, "parent": parent}]
                await self._box("POST", url, chance.choice(wish))
            case 7:
                await self._box("DELETE", f"{url}/trash")
            case 8:
                user = chance.choice(self.clients)
                await self._invite(parent["id"], user, chance.choice(ROLES))
            case 9:
                role = {"role": chance.choice([*ROLES, "owner", "owner"])}
                await self._box("PUT", f"/collaborations/{self._collaboration()}", role)
            case 10:
                await self._box("DELETE", f"/collaborations/{self._collaboration()}")

    async def _invite(self, folder: str, user: Client, role: str) -> None:
        wish = {
            "item": {"type": "folder", "id": folder},
            "accessible_by": {"type": "user", "id": str(user.id)},
            "role": role,
        }
        await self._box("POST", "/collaborations", wish)

    async def _box(self, method: str, path: str, body: Any = None) -> None:
        more = {} if body is None else {"json": body}
        self._learn(await self.by.ask(method, f"/2.0{path}", **more))

    async def _call(self, function: str, argument: Json) -> None:
        self._learn(await call(self.by, f"files/{function}", argument))

    # --- with what ---

    def _path(self) -> str:
        follower = next(each for each in self.followers if each.client is self.by)
        paths = [*follower.state]
        depth = self.random.choice([1, 1, 2, 3])
        path = "".join(f"/{self.random.choice(NAMES)}" for _ in range(depth))
        if not paths or self.random.random() < 0.4:
            return path
        return f"/{self.random.choice(paths)}{path if self.random.random() < 0.3 else ''}"

    def _item(self, kind: str | None = None) -> str:
        """Mostly one that was told of lately."""
        known = [id for id, each in self.kinds.items() if kind in (None, each)]
        return self.random.choice(known[-self.random.choice([5, 20, 100]) :] or ["0"])

    def _collaboration(self) -> str:
        return self.random.choice(self.collaborations[-5:])

    def _data(self) -> bytes:
        return b"x" * self.random.choice([0, 1, 5, 9, 30])

    def _learn(self, answer: httpx2.Response) -> None:
        assert answer.status_code < 500, answer.text
        told = answer.json() if answer.content else None
        if answer.status_code >= 400 or told is None:
            return
        for each in (told, told.get("metadata") or {}, *told.get("entries", ())):
            kind = each.get("type", each.get(".tag"))
            if kind == "collaboration":
                self.collaborations.append(each["id"])
            elif kind in ("file", "folder"):
                self.kinds[each["id"].removeprefix("id:")] = kind
                self.revs += [each["rev"]] if "rev" in each else []


def _told(entry: Json) -> tuple[str, Any]:
    path = entry["path_lower"][1:]
    if entry[".tag"] == "deleted":
        return path, None
    told = Kind(entry[".tag"]), entry["id"], entry["name"], entry.get("rev"), entry.get("size")
    return path, told


async def _tree(client: Client) -> dict[int | None, tuple[Kind, int | None]]:
    """What Box's clients see: kinds and parents of items."""
    found: dict[int | None, tuple[Kind, int | None]] = {}
    left = [0]
    while left:
        folder = left.pop()
        page = await client.get(f"/2.0/folders/{folder}/items", limit=1000)
        for entry in page["entries"]:
            id = int(entry["id"])
            assert id not in found
            found[id] = Kind(entry["type"]), folder
            left += [id] if entry["type"] == "folder" else []
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_done_all_views_agree(world: World, seed: int) -> None:
    people = (world.ann, world.bob, world.cat)
    walk = Walk([await world.client(each.token, each.user, quota=QUOTA) for each in people], seed)
    await walk.begin()
    for number in range(STEPS):
        await walk.step()
        await walk.random.choice(walk.followers).step()
        if number % 8 == 7:
            await walk.check(world)
