"""What is done to files and folders through the Box dialect: the answer, the tree, the events."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace

from tests.integration.http.conftest import MOST_UPLOADED, Client, Json, World
from wakeful.core.accounts import add_member, create_grant, create_token, digest_of, new_token
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.credentials import TokenByDigest
from wakeful.core.people import Role
from wakeful.core.writes import PutToken, Steps

DATA = b"hello, world"
SHA1 = hashlib.sha1(DATA).hexdigest()


def multipart(attributes: Any, data: bytes = DATA, name: str = "file") -> dict[str, Any]:
    """The body of an upload, as SDKs send it."""
    files: list[tuple[str, Any]] = []
    if attributes is not None:
        files.append(("attributes", (None, json.dumps(attributes))))
    files.append((name, ("unused", data)))
    return {"files": files}


async def uploaded(client: Client, parent: str, name: str, data: bytes = DATA) -> Json:
    """A new file, which has to be made."""
    attributes = {"name": name, "parent": {"id": parent}}
    answer = await client.ask("POST", "/2.0/files/content", **multipart(attributes, data))
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()["entries"][0]
    return made


async def done(client: Client, method: str, path: str, body: Any = None, **more: Any) -> Json:
    """The JSON of what has to succeed; nothing where there is none."""
    answer = await client.ask(method, path, **({} if body is None else {"json": body}), **more)
    assert answer.status_code in (200, 201, 204), answer.text
    made: Json = answer.json() if answer.content else {}
    return made


async def folder(client: Client, name: str, parent: str = "0") -> str:
    made = await done(client, "POST", "/2.0/folders", {"name": name, "parent": {"id": parent}})
    id: str = made["id"]
    return id


async def names(client: Client, id: str = "0") -> list[str]:
    page = await client.get(f"/2.0/folders/{id}/items")
    return [entry["name"] for entry in page["entries"]]


async def content(client: Client, id: str) -> bytes:
    """What is downloaded of a file."""
    answer = await client.ask("GET", f"/2.0/files/{id}/content", follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.content


class Scene:
    """A folder of Ann's in which Bob may do everything, and Cat may look."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.namespace: int
        self.root: str
        self.ids: dict[str, str] = {}

    async def settle(self) -> None:
        world, ids = self.world, self.ids
        team = await world.shared(world.ann, "Team", world.bob)
        await world.store.commit(add_member(team.id, world.cat.id, Role.VIEWER))
        self.namespace = team.id
        self.root = ids["root"] = str(team.root)
        ids["docs"] = await folder(world.bob, "docs", self.root)
        ids["other"] = await folder(world.bob, "other", self.root)
        ids["file"] = (await uploaded(world.bob, ids["docs"], "a.txt"))["id"]
        ids["gone"] = (await uploaded(world.bob, ids["docs"], "gone.txt"))["id"]
        ids["old"] = await folder(world.bob, "old", ids["docs"])
        for item in (f"files/{ids['gone']}", f"folders/{ids['old']}"):
            await done(world.bob, "DELETE", f"/2.0/{item}")

    async def new_events(self, client: Client, position: int, stream: str = "all") -> list[Json]:
        page = await client.get(
            "/2.0/events", stream_position=position, stream_type=stream, limit=500
        )
        found: list[Json] = page["entries"]
        return found


@pytest.fixture
async def scene(world: World) -> Scene:
    scene = Scene(world)
    await scene.settle()
    return scene


@dataclass(frozen=True)
class Action:
    """What Bob does, and the events that follow: their names in users' streams and in the
    enterprise's, and which of the `Scene`'s items (or "new") they are about."""

    method: str
    path: str
    events: tuple[tuple[str, str], ...]
    about: str
    body: Any = None
    upload: Any = None
    only_actor: bool = False


CREATE, UPLOAD = ("ITEM_CREATE", "UPLOAD"), ("ITEM_UPLOAD", "UPLOAD")
RENAME, MOVE, COPY = ("ITEM_RENAME", "RENAME"), ("ITEM_MOVE", "MOVE"), ("ITEM_COPY", "COPY")
TRASH, RESTORE = ("ITEM_TRASH", "DELETE"), ("ITEM_UNDELETE_VIA_TRASH", "UNDELETE")
MODIFY, TAG = ("ITEM_MODIFY", "ITEM_MODIFY"), ("TAG_ITEM_CREATE", "TAG_ITEM_CREATE")
LOCK = ("LOCK_CREATE", "LOCK")
SYNC, UNSYNC = ("ITEM_SYNC", "ITEM_SYNC"), ("ITEM_UNSYNC", "ITEM_UNSYNC")

ACTIONS = {
    "create folder": Action(
        "POST", "/folders", (CREATE,), "new", {"name": "new", "parent": {"id": "{docs}"}}
    ),
    "rename folder": Action("PUT", "/folders/{docs}", (RENAME,), "docs", {"name": "papers"}),
    "move folder": Action("PUT", "/folders/{docs}", (MOVE,), "docs", {"parent": {"id": "{other}"}}),
    "move and rename folder": Action(
        "PUT", "/folders/{docs}", (MOVE,), "docs", {"name": "x", "parent": {"id": "{other}"}}
    ),
    "change nothing of a folder": Action(
        "PUT", "/folders/{docs}", (), "docs", {"name": "docs", "parent": {"id": "{root}"}}
    ),
    "say nothing of a folder": Action("PUT", "/folders/{docs}", (), "docs", {}),
    "sync folder": Action(
        "PUT", "/folders/{docs}", (SYNC,), "docs", {"sync_state": "synced"}, only_actor=True
    ),
    "unsync folder": Action(
        "PUT", "/folders/{docs}", (UNSYNC,), "docs", {"sync_state": "not_synced"}, only_actor=True
    ),
    "copy folder": Action(
        "POST", "/folders/{docs}/copy", (COPY,), "new", {"parent": {"id": "{other}"}}
    ),
    "trash folder": Action("DELETE", "/folders/{docs}?recursive=true", (TRASH,), "docs"),
    "restore folder": Action("POST", "/folders/{old}", (RESTORE,), "old"),
    "restore folder elsewhere": Action(
        "POST", "/folders/{old}", (RESTORE,), "old", {"name": "x", "parent": {"id": "{other}"}}
    ),
    "purge folder": Action("DELETE", "/folders/{old}/trash", (), "old"),
    "upload": Action(
        "POST",
        "/files/content",
        (UPLOAD,),
        "new",
        upload={"name": "new.txt", "parent": {"id": "{docs}"}},
    ),
    "new version": Action("POST", "/files/{file}/content", (UPLOAD,), "file", upload={}),
    "new version without attributes": Action(
        "POST", "/files/{file}/content", (UPLOAD,), "file", upload=()
    ),
    "new version with another name": Action(
        "POST", "/files/{file}/content", (UPLOAD, RENAME), "file", upload={"name": "b.txt"}
    ),
    "rename file": Action("PUT", "/files/{file}", (RENAME,), "file", {"name": "b.txt"}),
    "move file": Action("PUT", "/files/{file}", (MOVE,), "file", {"parent": {"id": "{other}"}}),
    "copy file": Action(
        "POST",
        "/files/{file}/copy",
        (COPY,),
        "new",
        {"name": "copy.txt", "parent": {"id": "{docs}"}},
    ),
    "trash file": Action("DELETE", "/files/{file}", (TRASH,), "file"),
    "restore file": Action("POST", "/files/{gone}", (RESTORE,), "gone"),
    "purge file": Action("DELETE", "/files/{gone}/trash", (), "gone"),
    "describe file": Action("PUT", "/files/{file}", (MODIFY,), "file", {"description": "mine"}),
    "describe folder": Action("PUT", "/folders/{docs}", (MODIFY,), "docs", {"description": "x"}),
    "tag file": Action("PUT", "/files/{file}", (TAG,), "file", {"tags": ["a", "b", "a"]}),
    "take off tags": Action("PUT", "/folders/{docs}", (), "docs", {"tags": []}),
    "lock file": Action("PUT", "/files/{file}", (LOCK,), "file", {"lock": {"type": "lock"}}),
    "unlock what is not locked": Action("PUT", "/files/{file}", (), "file", {"lock": None}),
    "all at once": Action(
        "PUT",
        "/files/{file}",
        (MOVE, MODIFY, TAG, LOCK),
        "file",
        {
            "name": "x",
            "parent": {"id": "{other}"},
            "description": "mine",
            "tags": ["a"],
            "lock": {"access": "lock", "expires_at": "2100-01-01T00:00:00Z"},
        },
    ),
}


def filled(value: Any, ids: dict[str, str]) -> Any:
    """*value* with the ids that it names."""
    text = json.dumps(value)
    for name, id in ids.items():
        text = text.replace("{" + name + "}", id)
    return json.loads(text)


async def carry_out(client: Client, action: Action, ids: dict[str, str]) -> Json:
    path = "/2.0" + filled(action.path, ids)
    if action.upload is not None:
        attributes = filled(action.upload, ids) if action.upload != () else None
        answer = await done(client, "POST", path, **multipart(attributes, b"other"))
        made: Json = answer["entries"][0]
        return made
    return await done(client, action.method, path, filled(action.body, ids))


@pytest.mark.parametrize("action", ACTIONS.values(), ids=list(ACTIONS))
async def test_an_action_is_told_once_to_everybody_concerned(scene: Scene, action: Action) -> None:
    world, ids = scene.world, scene.ids
    ann, bob, cat = world.ann, world.bob, world.cat
    before = {
        client.id: (await client.get("/2.0/events", stream_position="now"))["next_stream_position"]
        for client in (ann, bob, cat, world.eve)
    }
    log = await ann.get("/2.0/events", stream_type="admin_logs_streaming", stream_position="now")

    made = await carry_out(bob, action, ids)
    ids["new"] = made.get("id", "")

    for client in (bob, ann, cat):
        events = await scene.new_events(client, before[client.id])
        expected = [] if action.only_actor and client is not bob else action.events
        assert [event["event_type"] for event in events] == [user for user, _ in expected]
        for event in events:
            assert event["created_by"]["id"] == str(bob.id)
            assert event["source"]["id"] == ids[action.about]
        if made and events:
            # What the answer shows is what was told, and what a later read shows.
            assert events[-1]["source"]["etag"] == made["etag"] == made["sequence_id"]
            assert events[-1]["source"]["sequence_id"] == made["sequence_id"]
            assert events[-1]["source"]["parent"] == made["parent"]
            kind = made["type"]
            read = await client.get(f"/2.0/{kind}s/{made['id']}")
            assert (read["etag"], read["parent"]) == (made["etag"], made["parent"])
    mine = await scene.new_events(bob, before[bob.id])
    whole = await scene.new_events(ann, log["next_stream_position"], "admin_logs_streaming")
    assert [event["event_type"] for event in whole] == [name for _, name in action.events]
    assert [event["event_id"] for event in whole] == [event["event_id"] for event in mine]
    assert [event["source"]["item_id"] for event in whole] == [ids[action.about]] * len(whole)
    assert await scene.new_events(world.eve, before[world.eve.id]) == []


async def test_dropboxs_clients_see_what_is_done_too(scene: Scene) -> None:
    bob = scene.world.bob
    listing = {"path": "", "recursive": True}
    first = (await bob.ask("POST", "/2/files/list_folder", json=listing)).json()

    await uploaded(bob, scene.ids["docs"], "new.txt")
    await done(bob, "PUT", f"/2.0/folders/{scene.ids['docs']}", {"name": "papers"})

    more = await bob.ask("POST", "/2/files/list_folder/continue", json={"cursor": first["cursor"]})
    shown = {(entry[".tag"], entry["path_display"]) for entry in more.json()["entries"]}
    assert {
        ("deleted", "/Team/docs"),
        ("folder", "/Team/papers"),
        ("file", "/Team/papers/new.txt"),
        ("file", "/Team/papers/a.txt"),
    } <= shown


async def test_dropboxs_clients_download_what_is_uploaded(scene: Scene) -> None:
    bob = scene.world.bob
    argument = json.dumps({"path": f"id:{scene.ids['file']}"})

    told = await bob.ask(
        "POST",
        "/2/files/get_metadata",
        content=argument,
        headers={"Content-Type": "application/json"},
    )
    answer = await bob.ask("POST", "/2/files/download", headers={"Dropbox-API-Arg": argument})

    assert told.json()["is_downloadable"] is True
    assert (answer.status_code, answer.content) == (200, DATA)


async def test_what_is_uploaded_can_be_downloaded(scene: Scene) -> None:
    bob, file = scene.world.bob, scene.ids["file"]

    assert await content(bob, file) == DATA
    assert await content(scene.world.cat, file) == DATA
    part = await bob.ask(
        "GET", f"/2.0/files/{file}/content", headers={"Range": "bytes=2-4"}, follow_redirects=True
    )
    assert (part.status_code, part.content) == (206, DATA[2:5])


async def test_an_upload_has_its_hash_its_size_and_its_times(scene: Scene) -> None:
    attributes = {
        "name": "dated",
        "parent": {"id": scene.ids["docs"]},
        "content_created_at": "2012-12-12T10:53:43-08:00",
        "content_modified_at": "2013-12-12T10:53:43Z",
    }

    made = (await done(scene.world.bob, "POST", "/2.0/files/content", **multipart(attributes)))[
        "entries"
    ][0]

    assert (made["sha1"], made["size"], made["etag"]) == (SHA1, len(DATA), "0")
    assert made["content_created_at"] == "2012-12-12T18:53:43+00:00"
    assert made["content_modified_at"] == "2013-12-12T10:53:43+00:00"


async def test_a_new_version_is_what_is_downloaded_then(scene: Scene) -> None:
    bob, file = scene.world.bob, scene.ids["file"]
    before = await bob.get(f"/2.0/files/{file}")

    answer = await done(bob, "POST", f"/api/2.0/files/{file}/content", **multipart({}, b"other"))

    (made,) = answer["entries"]
    assert made["id"] == file
    assert made["file_version"]["id"] != before["file_version"]["id"]
    assert (made["etag"], made["size"]) == ("1", 5)
    assert await content(bob, file) == b"other"


async def test_a_copy_has_its_content_also_when_the_first_is_gone(scene: Scene) -> None:
    bob, ids = scene.world.bob, scene.ids
    await done(bob, "POST", f"/2.0/folders/{ids['docs']}/copy", {"parent": {"id": ids["other"]}})
    await done(bob, "DELETE", f"/2.0/folders/{ids['docs']}?recursive=true")
    await done(bob, "DELETE", f"/2.0/folders/{ids['docs']}/trash")

    (copied,) = (await bob.get(f"/2.0/folders/{ids['other']}/items"))["entries"]
    (file,) = (await bob.get(f"/2.0/folders/{copied['id']}/items"))["entries"]
    assert await content(bob, file["id"]) == DATA


async def test_a_claimed_hash_opens_nothing(scene: Scene) -> None:
    """Whoever knows the SHA-1 of a file of others gets nothing for it."""
    bob, dan = scene.world.bob, scene.world.eve
    claimed = await dan.made(kind="upload", path="/mine", size=len(DATA), sha1=SHA1)

    answer = await dan.ask("GET", f"/2.0/files/{claimed}/content")

    assert answer.status_code == 404
    assert (await bob.get(f"/2.0/files/{scene.ids['file']}"))["sha1"] == SHA1


async def test_only_the_fields_that_are_asked_for_come(scene: Scene) -> None:
    bob, ids = scene.world.bob, scene.ids

    renamed = await done(bob, "PUT", f"/2.0/files/{ids['file']}?fields=name", {"name": "b"})
    answer = await done(
        bob,
        "POST",
        "/2.0/files/content?fields=sha1",
        **multipart({"name": "c", "parent": {"id": ids["docs"]}}),
    )

    assert renamed == {"type": "file", "id": ids["file"], "etag": "1", "name": "b"}
    assert answer["entries"][0].keys() == {"type", "id", "etag", "sha1"}


# --- refusals ---


@dataclass(frozen=True)
class Refused:
    """What Bob asks for and does not get."""

    method: str
    path: str
    status: int
    code: str
    body: Any = None
    upload: Any = None
    headers: dict[str, str] | None = None


STALE = {"If-Match": '"7"'}
REFUSED = {
    "create a folder that is there": Refused(
        "POST",
        "/folders",
        409,
        "item_name_in_use",
        {"name": "docs", "parent": {"id": "{root}"}},
    ),
    "create a folder nowhere": Refused(
        "POST", "/folders", 404, "not_found", {"name": "x", "parent": {"id": "99999"}}
    ),
    "create a folder in a file": Refused(
        "POST", "/folders", 404, "not_found", {"name": "x", "parent": {"id": "{file}"}}
    ),
    "create a folder in the trash": Refused(
        "POST", "/folders", 404, "not_found", {"name": "x", "parent": {"id": "{old}"}}
    ),
    "create a folder with no name": Refused(
        "POST", "/folders", 400, "bad_request", {"parent": {"id": "{root}"}}
    ),
    "create a folder with no parent": Refused(
        "POST", "/folders", 400, "bad_request", {"name": "x"}
    ),
    **{
        f"create a folder called {name!r}": Refused(
            "POST",
            "/folders",
            400,
            "item_name_too_long" if len(name.encode()) > 255 else "item_name_invalid",
            {"name": name, "parent": {"id": "{root}"}},
        )
        for name in ("", ".", "..", "a/b", "../x", "a\\b", " a", "a ", "a\nb", "x" * 256, "é" * 128)
    },
    "a body that is no JSON": Refused("PUT", "/folders/{docs}", 400, "bad_request", "nonsense"),
    "rename to a taken name": Refused(
        "PUT", "/folders/{docs}", 409, "item_name_in_use", {"name": "other"}
    ),
    "a folder into itself": Refused(
        "PUT",
        "/folders/{docs}",
        400,
        "cyclical_folder_structure",
        {"parent": {"id": "{docs}"}},
    ),
    "a folder with another etag": Refused(
        "PUT", "/folders/{docs}", 412, "precondition_failed", {"name": "x"}, headers=STALE
    ),
    "a strange sync state": Refused(
        "PUT", "/folders/{docs}", 400, "bad_request", {"sync_state": "maybe"}
    ),
    "a file as a folder": Refused("PUT", "/folders/{file}", 404, "not_found", {"name": "x"}),
    "rename the root of a shared folder": Refused(
        "PUT",
        "/folders/{root}",
        403,
        "access_denied_insufficient_permissions",
        {"name": "x"},
    ),
    "rename all files": Refused(
        "PUT", "/folders/0", 403, "access_denied_insufficient_permissions", {"name": "x"}
    ),
    "trash a folder that is not empty": Refused(
        "DELETE", "/folders/{docs}", 400, "folder_not_empty"
    ),
    "trash a folder with another etag": Refused(
        "DELETE", "/folders/{docs}?recursive=true", 412, "precondition_failed", headers=STALE
    ),
    "trash what is in the trash": Refused("DELETE", "/folders/{old}", 404, "not_found"),
    "purge what is not in the trash": Refused("DELETE", "/folders/{docs}/trash", 404, "not_found"),
    "restore what is not in the trash": Refused("POST", "/folders/{docs}", 404, "not_found"),
    "copy to the same place": Refused(
        "POST",
        "/files/{file}/copy",
        409,
        "item_name_in_use",
        {"parent": {"id": "{docs}"}},
    ),
    "copy an earlier version": Refused(
        "POST",
        "/files/{file}/copy",
        404,
        "not_found",
        {"parent": {"id": "{other}"}, "version": "1"},
    ),
    "copy a folder into itself": Refused(
        "POST",
        "/folders/{docs}/copy",
        400,
        "cyclical_folder_structure",
        {"parent": {"id": "{docs}"}},
    ),
    "too long a description": Refused(
        "PUT", "/files/{file}", 400, "bad_request", {"description": "x" * 256}
    ),
    "too many tags": Refused(
        "PUT", "/files/{file}", 400, "bad_request", {"tags": [str(n) for n in range(101)]}
    ),
    "an empty tag": Refused("PUT", "/folders/{docs}", 400, "bad_request", {"tags": [""]}),
    "a lock that is over": Refused(
        "PUT",
        "/files/{file}",
        400,
        "bad_request",
        {"lock": {"expires_at": "2001-01-01T00:00:00Z"}},
    ),
    "a lock until some time": Refused(
        "PUT", "/files/{file}", 400, "bad_request", {"lock": {"expires_at": "soon"}}
    ),
    "a file with another etag": Refused(
        "PUT", "/files/{file}", 412, "precondition_failed", {"name": "x"}, headers=STALE
    ),
    "trash a file with another etag": Refused(
        "DELETE", "/files/{file}", 412, "precondition_failed", headers=STALE
    ),
    "an etag that is none": Refused(
        "DELETE", "/files/{file}", 412, "precondition_failed", headers={"If-Match": "new"}
    ),
    "a version of a file with another etag": Refused(
        "POST", "/files/{file}/content", 412, "precondition_failed", upload={}, headers=STALE
    ),
    "upload over a file": Refused(
        "POST",
        "/files/content",
        409,
        "item_name_in_use",
        upload={"name": "a.txt", "parent": {"id": "{docs}"}},
    ),
    "upload over a folder": Refused(
        "POST",
        "/files/content",
        409,
        "item_name_in_use",
        upload={"name": "docs", "parent": {"id": "{root}"}},
    ),
    "upload nowhere": Refused(
        "POST",
        "/files/content",
        404,
        "not_found",
        upload={"name": "x", "parent": {"id": "{file}"}},
    ),
    "upload a bad name": Refused(
        "POST",
        "/files/content",
        400,
        "item_name_invalid",
        upload={"name": "../x", "parent": {"id": "{docs}"}},
    ),
    "upload with a bad time": Refused(
        "POST",
        "/files/content",
        400,
        "bad_request",
        upload={
            "name": "x",
            "parent": {"id": "{docs}"},
            "content_modified_at": "yesterday",
        },
    ),
    "upload with half its attributes": Refused(
        "POST", "/files/content", 400, "bad_request", upload={"name": "x"}
    ),
    "upload without attributes": Refused(
        "POST", "/files/content", 400, "metadata_after_file_contents", upload=()
    ),
    "upload with another hash": Refused(
        "POST",
        "/files/content",
        400,
        "bad_digest",
        upload={"name": "x", "parent": {"id": "{docs}"}},
        headers={"Content-MD5": "0" * 40},
    ),
    "a version with a taken name": Refused(
        "POST", "/files/{other_file}/content", 409, "item_name_in_use", upload={"name": "a.txt"}
    ),
    "a version of a folder": Refused("POST", "/files/{docs}/content", 404, "not_found", upload={}),
    "a version of what is in the trash": Refused(
        "POST", "/files/{gone}/content", 404, "not_found", upload={}
    ),
    "JSON as an upload": Refused("POST", "/files/content", 400, "bad_request", {"name": "x"}),
    "check a taken name": Refused(
        "OPTIONS",
        "/files/content",
        409,
        "item_name_in_use",
        {"name": "a.txt", "parent": {"id": "{docs}"}, "size": 5},
    ),
    "check what is too large": Refused(
        "OPTIONS",
        "/files/content",
        413,
        "request_entity_too_large",
        {"name": "x", "parent": {"id": "{docs}"}, "size": MOST_UPLOADED + 1},
    ),
    "check nothing": Refused("OPTIONS", "/files/content", 400, "bad_request", {}),
    "check a version that is too large": Refused(
        "OPTIONS",
        "/files/{file}/content",
        413,
        "request_entity_too_large",
        {"size": MOST_UPLOADED + 1},
    ),
    "check a version of nothing": Refused("OPTIONS", "/files/99999/content", 404, "not_found", {}),
}


async def ask_for(client: Client, refused: Refused, ids: dict[str, str]) -> httpx2.Response:
    path = "/2.0" + filled(refused.path, ids)
    options: dict[str, Any] = {"headers": refused.headers}
    if refused.upload is not None:
        attributes = filled(refused.upload, ids) if refused.upload != () else None
        options |= multipart(attributes)
    elif refused.body is not None:
        options["json"] = filled(refused.body, ids)
    return await client.ask(refused.method, path, **options)


async def left_behind(world: World) -> list[str]:
    """The contents on the shelf that no item has."""
    shelf = world.services.contents._shelf  # type: ignore[attr-defined] # of the served ones, beside the port
    shelf.released()
    return list(await shelf.after("", 1_000))


@pytest.mark.parametrize("refused", REFUSED.values(), ids=list(REFUSED))
async def test_what_cannot_be_done_changes_nothing(scene: Scene, refused: Refused) -> None:
    world = scene.world
    scene.ids["other_file"] = (await uploaded(world.bob, scene.ids["docs"], "b.txt"))["id"]
    before, kept = await world.state(), await left_behind(world)

    answer = await ask_for(world.bob, refused, scene.ids)

    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (
        refused.status,
        refused.status,
        refused.code,
    )
    assert await world.state() == before
    assert await left_behind(world) == kept


WISHES = {
    name: action for name, action in ACTIONS.items() if action.events and not action.only_actor
}


@pytest.mark.parametrize("action", WISHES.values(), ids=list(WISHES))
async def test_a_viewer_changes_nothing(scene: Scene, action: Action) -> None:
    world = scene.world
    before = await world.state()
    wish = Refused(action.method, action.path, 403, "", action.body, action.upload)

    answer = await ask_for(world.cat, wish, scene.ids)

    assert answer.status_code == 403, answer.text
    assert await world.state() == before


NOTES = {"describe file", "describe folder", "tag file", "lock file"}
"""What no disk knows of: test_box_comments shows that it is done in watched folders, too."""

ON_DISK = {name: action for name, action in WISHES.items() if name not in NOTES}


@pytest.mark.parametrize("action", ON_DISK.values(), ids=list(ON_DISK))
async def test_nothing_happens_in_a_watched_folder(scene: Scene, action: Action) -> None:
    world = scene.world
    bob = await world.client(world.bob.token, world.bob.user, watched=frozenset({scene.namespace}))
    before = await world.state()
    wish = Refused(action.method, action.path, 403, "", action.body, action.upload)

    answer = await ask_for(bob, wish, scene.ids)

    assert answer.status_code == 403, answer.text
    assert "watched folder" in answer.json()["message"]
    assert await world.state() == before


async def test_who_has_the_name_is_told(scene: Scene) -> None:
    bob, ids = scene.world.bob, scene.ids
    file = await bob.get(f"/2.0/files/{ids['file']}")
    wished = {"name": "a.txt", "parent": {"id": ids["docs"]}}

    answer = await bob.ask("POST", "/2.0/files/content", **multipart(wished))
    other = await bob.ask("POST", "/2.0/folders", json=wished)

    told = answer.json()["context_info"]["conflicts"]
    assert told == {name: file[name] for name in told}
    assert (told["id"], told["sha1"]) == (ids["file"], SHA1)
    assert other.json()["context_info"]["conflicts"] == [told]


async def test_what_is_as_expected_is_done(scene: Scene) -> None:
    bob, ids = scene.world.bob, scene.ids
    for headers in ({"If-Match": "0"}, {"If-Match": '"7", W/"1"'}, {"If-Match": "*"}):
        await done(
            bob, "POST", f"/2.0/files/{ids['file']}/content", headers=headers, **multipart({})
        )

    await done(bob, "DELETE", f"/2.0/files/{ids['file']}", headers={"If-Match": '"3"'})

    assert await names(bob, ids["docs"]) == []


async def test_an_upload_that_is_what_its_hash_says_is_taken(scene: Scene) -> None:
    attributes = {"name": "x", "parent": {"id": scene.ids["docs"]}}

    await done(
        scene.world.bob,
        "POST",
        "/2.0/files/content",
        headers={"Content-MD5": SHA1.upper()},
        **multipart(attributes),
    )


async def test_where_to_upload_is_told(scene: Scene) -> None:
    bob, ids = scene.world.bob, scene.ids

    new = await done(
        bob,
        "OPTIONS",
        "/2.0/files/content",
        {"name": "new.txt", "parent": {"id": ids["docs"]}, "size": 7},
    )
    version = await done(bob, "OPTIONS", f"/2.0/files/{ids['file']}/content", {"name": "b"})

    assert new["upload_url"] == "http://feed.test:8787/api/2.0/files/content"
    assert version["upload_url"] == f"http://feed.test:8787/api/2.0/files/{ids['file']}/content"
    path = new["upload_url"].removeprefix("http://feed.test:8787")
    attributes = {"name": "new.txt", "parent": {"id": ids["docs"]}}
    assert (await bob.ask("POST", path, **multipart(attributes))).status_code == 201


async def test_a_file_that_is_too_large_leaves_nothing(scene: Scene) -> None:
    bob, ids = scene.world.bob, scene.ids
    attributes = {"name": "big", "parent": {"id": ids["docs"]}}
    kept = await left_behind(scene.world)

    answer = await bob.ask(
        "POST", "/2.0/files/content", **multipart(attributes, b"x" * (MOST_UPLOADED + 1))
    )
    largest = await bob.ask(
        "POST", "/2.0/files/content", **multipart(attributes, b"x" * MOST_UPLOADED)
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "request_entity_too_large")
    assert largest.status_code == 201
    assert len(await left_behind(scene.world)) == len(kept) + 1


BOUNDARY = "b0undary"


def raw(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def part(name: str, *more: str) -> tuple[str, ...]:
    return (f"--{BOUNDARY}", f'Content-Disposition: form-data; name="{name}"', *more)


BROKEN = {
    "no file": (*part("attributes", "", "{attributes}"), f"--{BOUNDARY}--", ""),
    "no end": (*part("attributes", "", "{attributes}"), *part("file", "", "some of it")),
    "no end of the last part": (
        *part("attributes", "", "{attributes}"),
        *part("file", "", "all of it"),
        f"--{BOUNDARY}",
    ),
    "nothing": ("",),
    "no boundary at all": ("some text",),
    "two files": (
        *part("attributes", "", "{attributes}"),
        *part("file", "", "one"),
        *part("file", "", "two"),
        f"--{BOUNDARY}--",
        "",
    ),
    "attributes last": (
        *part("attributes", "", "{attributes}"),
        *part("file", "", "one"),
        *part("attributes", "", "{attributes}"),
        f"--{BOUNDARY}--",
        "",
    ),
    "attributes that are no JSON": (
        *part("attributes", "", "nonsense"),
        *part("file", "", "one"),
        f"--{BOUNDARY}--",
        "",
    ),
    "a header that does not end": (*part("attributes", "X: " + "x" * 10_000),),
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=list(BROKEN))
async def test_a_broken_body_leaves_nothing(scene: Scene, lines: tuple[str, ...]) -> None:
    world = scene.world
    attributes = json.dumps({"name": "x", "parent": {"id": scene.ids["docs"]}})
    body = raw(*lines).replace(b"{attributes}", attributes.encode())
    before, kept = await world.state(), await left_behind(world)

    answer = await world.bob.ask(
        "POST",
        "/2.0/files/content",
        content=body,
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )

    assert answer.status_code == 400, answer.text
    assert await world.state() == before
    assert await left_behind(world) == kept


async def test_attributes_without_end_are_refused(scene: Scene) -> None:
    body = raw(*part("attributes", "", "x" * 100_000))

    answer = await scene.world.bob.ask(
        "POST",
        "/2.0/files/content",
        content=body,
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )

    assert answer.status_code == 413


async def test_other_parts_are_left_aside(scene: Scene) -> None:
    attributes = json.dumps({"name": "x", "parent": {"id": scene.ids["docs"]}})
    lines = (
        *part("more", "", "anything"),
        *part("attributes", "", attributes),
        *part("file", "Content-Type: text/plain", "", "the file"),
        *part("more", "", "anything"),
        f"--{BOUNDARY}--",
        "",
    )

    answer = await scene.world.bob.ask(
        "POST",
        "/2.0/files/content",
        content=raw(*lines),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )

    assert answer.status_code == 201, answer.text
    assert await content(scene.world.bob, answer.json()["entries"][0]["id"]) == b"the file"


async def test_of_two_who_upload_the_same_name_at_once_one_succeeds(scene: Scene) -> None:
    bob, ann = scene.world.bob, scene.world.ann
    attributes = {"name": "same", "parent": {"id": scene.ids["docs"]}}

    answers = await asyncio.gather(
        bob.ask("POST", "/2.0/files/content", **multipart(attributes, b"bob's")),
        ann.ask("POST", "/2.0/files/content", **multipart(attributes, b"ann's")),
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (made,) = [answer for answer in answers if answer.status_code == 201]
    file = made.json()["entries"][0]["id"]
    assert await content(bob, file) == (b"bob's" if made is answers[0] else b"ann's")


# --- tokens that are restricted ---


async def narrow(scene: Scene, item: str, *scopes: str) -> Client:
    """Bob, with a token for one item."""
    world, user = scene.world, scene.world.bob.user
    assert user is not None
    grant = await world.store.commit(create_grant(user.id, "tests", ("root_readwrite",)))
    text = new_token()
    await world.store.commit(create_token(grant.id, digest_of(text)))
    whole = await world.store.ask(TokenByDigest(digest_of(text)))
    assert whole is not None
    narrower = new_token()

    def steps(now: int) -> Steps[None]:
        fresh: int = yield NewIds()
        yield PutToken(
            replace(whole, id=fresh, digest=digest_of(narrower), scopes=scopes, item=int(item))
        )

    await world.store.commit(steps)
    return await world.client(narrower, user)


async def test_a_token_for_one_folder_uploads_into_that_folder_only(scene: Scene) -> None:
    ids = scene.ids
    client = await narrow(scene, ids["docs"], "base_upload")

    inside = await client.ask(
        "POST", "/2.0/files/content", **multipart({"name": "x", "parent": {"id": ids["docs"]}})
    )
    outside = await client.ask(
        "POST", "/2.0/files/content", **multipart({"name": "x", "parent": {"id": ids["other"]}})
    )
    renamed = await client.ask("PUT", f"/2.0/files/{ids['file']}", json={"name": "y"})

    assert (inside.status_code, outside.status_code, renamed.status_code) == (201, 404, 403)
    # What is above its folder has no name for it.
    path = inside.json()["entries"][0]["path_collection"]
    assert [each["name"] for each in path["entries"]] == ["All Files", "docs"]


async def test_a_token_that_uploads_gives_no_other_name_with_a_new_version(scene: Scene) -> None:
    file = scene.ids["file"]
    client = await narrow(scene, scene.ids["docs"], "base_upload")
    name = (await scene.world.bob.get(f"/2.0/files/{file}"))["name"]

    async def version(client: Client, called: str) -> int:
        path = f"/2.0/files/{file}/content"
        answer = await client.ask("POST", path, **multipart({"name": called}))
        return answer.status_code

    async def session(client: Client, called: str) -> int:
        asked = {"file_size": 9, "file_name": called}
        answer = await client.ask("POST", f"/2.0/files/{file}/upload_sessions", json=asked)
        return answer.status_code

    async def check(client: Client, called: str) -> int:
        answer = await client.ask("OPTIONS", f"/2.0/files/{file}/content", json={"name": called})
        return answer.status_code

    for ask, done in ((check, 200), (session, 201), (version, 201)):
        assert (await ask(client, "other"), await ask(client, name)) == (403, done)
    both = await narrow(scene, scene.ids["docs"], "item_upload", "item_rename")
    assert await version(both, "other") == 201


async def test_p7_a_token_for_one_folder_is_not_told_what_else_is_in_the_trash(
    scene: Scene,
) -> None:
    bob = scene.world.bob
    trashed = await bob.made(kind="upload", path="/elsewhere")
    await bob.publish({"kind": "trash", "item": trashed})
    client = await narrow(scene, scene.ids["docs"], "item_readwrite")

    for method, path in (("POST", "/2.0/files/{}"), ("DELETE", "/2.0/files/{}/trash")):
        told = await client.ask(method, path.format(trashed))
        unknown = await client.ask(method, path.format("99999"))
        assert told.status_code == unknown.status_code == 404
        assert told.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


async def test_a_token_that_renames_does_not_move(scene: Scene) -> None:
    ids = scene.ids
    client = await narrow(scene, scene.root, "item_rename")

    renamed = await client.ask("PUT", f"/2.0/folders/{ids['docs']}", json={"name": "y"})
    moved = await client.ask(
        "PUT", f"/2.0/files/{ids['file']}", json={"parent": {"id": ids["other"]}}
    )
    synced = await client.ask("PUT", f"/2.0/folders/{ids['docs']}", json={"sync_state": "synced"})

    assert [each.status_code for each in (renamed, moved, synced)] == [200, 403, 403]


# --- notes ---


async def test_notes_stand_where_they_are_asked_for(scene: Scene) -> None:
    bob, file = scene.world.bob, scene.ids["file"]
    await done(
        bob,
        "PUT",
        f"/2.0/files/{file}",
        {
            "description": "mine",
            "tags": ["a", "b"],
            "lock": {"expires_at": "2100-01-01T00:00:00Z", "is_download_prevented": True},
        },
    )

    plain = await bob.get(f"/2.0/files/{file}")
    asked = await bob.get(f"/2.0/files/{file}", fields="description,lock,tags")
    listed = await bob.get(f"/2.0/folders/{scene.ids['docs']}/items", fields="lock")
    folder = await bob.get(f"/2.0/folders/{scene.ids['docs']}", fields="tags")

    assert plain["description"] == "mine"
    assert not plain.keys() & {"lock", "tags"}
    lock = asked["lock"]
    assert (asked["description"], asked["tags"]) == ("mine", ["a", "b"])
    assert (lock["type"], lock["created_by"]["login"]) == ("lock", "bob")
    assert (lock["expired_at"], lock["is_download_prevented"]) == (
        "2100-01-01T00:00:00+00:00",
        True,
    )
    assert listed["entries"][0]["lock"] == lock
    assert folder["tags"] == []


async def test_a_locked_file_is_changed_by_nobody_but_its_locker_and_the_owner(
    scene: Scene,
) -> None:
    world, ids = scene.world, scene.ids
    bob, file = world.bob, ids["file"]
    dan = await world.join(world.bob.user.enterprise if world.bob.user else 0, "dan")
    await world.store.commit(add_member(scene.namespace, dan.id, Role.EDITOR))
    path = f"/2.0/files/{file}"
    await done(bob, "PUT", path, {"lock": {}})
    before = await world.state()

    for answer in (
        await dan.ask("PUT", path, json={"name": "x"}),
        await dan.ask("PUT", path, json={"description": "x"}),
        await dan.ask("PUT", path, json={"lock": None}),
        await dan.ask("PUT", path, json={"lock": {}}),
        await dan.ask("DELETE", path),
        await dan.ask("POST", f"{path}/content", **multipart({})),
        await dan.ask(
            "POST", "/v1/changes", json={"kind": "upload", "parent": ids["docs"], "name": "a.txt"}
        ),
    ):
        assert answer.status_code == 403, answer.text
    assert await world.state() == before

    copy = {"parent": {"id": ids["other"]}}
    copied = await done(dan, "POST", f"{path}/copy?fields=lock", copy)
    assert copied["lock"] is None
    await done(bob, "POST", f"{path}/content", **multipart({}))
    await done(world.ann, "PUT", path, {"lock": None})
    position = (await dan.get("/2.0/events", stream_position="now"))["next_stream_position"]
    assert await done(dan, "PUT", f"{path}?fields=name", {"name": "x"})
    events = await scene.new_events(dan, position - 1)
    assert [event["event_type"] for event in events] == ["LOCK_DESTROY", "ITEM_RENAME"]
