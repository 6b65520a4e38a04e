"""What version 1 of Dropbox's API answers, on each store (dropbox.md 1)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.http.conftest import Client, Json, World
from tests.integration.http.test_box_contents import DATA, Shelf
from wakeful.core.accounts import (
    add_member,
    create_grant,
    create_token,
    digest_of,
    new_token,
    remove_member,
)
from wakeful.core.cursors import pack, unpack
from wakeful.core.people import Role
from wakeful.dialects.dropbox.v1.deltas import PURPOSE

TIME = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000")


async def post(client: Client, path: str, **form: Any) -> Any:
    """The answer of a POST, whatever it is."""
    return await client.ask("POST", f"/1/{path}", data={k: str(v) for k, v in form.items()})


async def delta(client: Client, cursor: str | None = None, **form: Any) -> Json:
    """A page, which has to come."""
    if cursor is not None:
        form["cursor"] = cursor
    answer = await post(client, "delta", **form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found: Json = answer.json()
    assert set(found) == {"entries", "reset", "cursor", "has_more"}
    return found


async def latest(client: Client, **form: Any) -> str:
    answer = await post(client, "delta/latest_cursor", **form)
    assert answer.status_code == 200, answer.text
    cursor: str = answer.json()["cursor"]
    return cursor


async def pages(client: Client, page: Json, **form: Any) -> AsyncIterator[Json]:
    yield page
    while page["has_more"]:
        page = await delta(client, page["cursor"], **form)
        assert not page["reset"]
        yield page


async def told(client: Client, page: Json, **form: Any) -> list[str]:
    """All paths on *page* and those that follow it; a minus before what is gone."""
    return [
        path if metadata is not None else f"-{path}"
        async for each in pages(client, page, **form)
        for path, metadata in each["entries"]
    ]


async def metadata(client: Client, path: str, **params: str | int) -> Json:
    return await client.get(f"/1/metadata/auto{path}", **params)


async def upload(client: Client, path: str, **more: Any) -> str:
    return await client.made(**{"kind": "upload", "path": path, "size": 3, **more})


def is_error(answer: Any, status: int, text: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"error": text}


# --- delta ---


async def test_an_entry_has_every_field_of_version_1(ann: Client) -> None:
    changed_at = "2011-07-18T18:04:35Z"
    await upload(ann, "/D/A.pdf", size=230783, content_modified_at=changed_at)

    page = await delta(ann)

    assert page["reset"] is True
    assert page["has_more"] is False
    (folder_path, folder), (path, file) = page["entries"]
    assert (folder_path, path) == ("/d", "/d/a.pdf")
    assert file == {
        "size": "225.4KB",
        "bytes": 230783,
        "path": "/D/A.pdf",
        "is_dir": False,
        "rev": file["rev"],
        "revision": int(file["rev"][-15:], 16),
        "thumb_exists": False,
        "icon": "page_white_acrobat",
        "root": "dropbox",
        "mime_type": "application/pdf",
        "modified": file["modified"],
        "client_mtime": "Mon, 18 Jul 2011 18:04:35 +0000",
    }
    assert re.fullmatch("[0-9a-f]{9,}", file["rev"])
    assert TIME.fullmatch(file["modified"])
    assert folder == {
        "size": "0 bytes",
        "bytes": 0,
        "path": "/D",
        "is_dir": True,
        "rev": folder["rev"],
        "revision": folder["revision"],
        "thumb_exists": False,
        "icon": "folder",
        "root": "dropbox",
        "modified": folder["modified"],
    }


async def test_both_versions_tell_of_one_file_with_one_rev(ann: Client) -> None:
    await upload(ann, "/a")
    listed = await ann.ask("POST", "/2/files/list_folder", json={"path": ""})
    ((_, file),) = (await delta(ann))["entries"]
    assert listed.json()["entries"][0]["rev"] == file["rev"]


async def test_pages_are_as_long_as_asked_and_only_the_first_resets(ann: Client) -> None:
    for name in ("a/b/c", "a/d", "e"):
        await upload(ann, f"/{name}")
    first = await delta(ann, limit=2)
    assert len(first["entries"]) == 2
    assert first["has_more"] is True
    assert await told(ann, first) == ["/a", "/a/b", "/a/b/c", "/a/d", "/e"]


async def test_the_limit_of_the_first_page_is_that_of_all(ann: Client) -> None:
    for name in "abcd":
        await upload(ann, f"/{name}")
    first = await delta(ann, limit=1)
    behind = await latest(ann, limit=2)
    for name in "efg":
        await upload(ann, f"/{name}")

    assert [len(page["entries"]) async for page in pages(ann, first)] == [1] * 7
    assert [len((await delta(ann, behind))["entries"]) for _ in "12"] == [2, 2]
    longer = await delta(ann, first["cursor"], limit=5)
    assert [len(page["entries"]) async for page in pages(ann, longer)] == [5, 1]
    within = await delta(ann, first["cursor"], path_prefix="/b")
    assert await told(ann, within) == ["/b"]


async def test_what_changed_comes_after_the_cursor_which_can_be_used_again(ann: Client) -> None:
    old = await upload(ann, "/Old/A.txt")
    cursor = (await delta(ann))["cursor"]
    await upload(ann, "/New.txt")
    await ann.publish({"kind": "trash", "item": old})

    page, again = await delta(ann, cursor), await delta(ann, cursor)

    assert await told(ann, page) == ["/new.txt", "-/old/a.txt"]
    assert page["entries"] == again["entries"]
    assert (page["reset"], page["has_more"]) == (False, False)
    assert (await delta(ann, page["cursor"]))["entries"] == []


async def test_parameters_may_stand_in_the_query_and_in_the_body(ann: Client) -> None:
    await upload(ann, "/a/b")
    asked = "/1/delta?path_prefix=/a/b&locale=en&limit=1"
    answer = await ann.ask("POST", asked, data={"include_media_info": "False"})
    assert [path for path, _ in answer.json()["entries"]] == ["/a/b"]


@pytest.mark.parametrize(
    "media",
    ["application/x-www-form-urlencoded; charset=utf-8", "Application/X-WWW-Form-URLEncoded", ""],
)
async def test_the_content_type_of_a_form_is_known_by_its_beginning(
    ann: Client, media: str
) -> None:
    await upload(ann, "/ä")
    headers = {"Content-Type": media} if media else {}
    body = b"path_prefix=%2F%C3%84"
    answer = await ann.ask("POST", "/1/delta", content=body, headers=headers)
    assert [path for path, _ in answer.json()["entries"]] == ["/ä"]


async def test_a_body_that_is_no_form_is_refused(ann: Client) -> None:
    answer = await ann.ask("POST", "/1/delta", json={"cursor": "x"})
    about = 'Expecting "application/x-www-form-urlencoded".'
    is_error(answer, 400, f'Bad HTTP "Content-Type" header: "application/json".  {about}')


async def test_the_latest_cursor_gives_only_what_comes(ann: Client) -> None:
    await upload(ann, "/a")
    cursor = await latest(ann)
    page = await delta(ann, cursor)
    assert (page["entries"], page["reset"]) == ([], False)
    await upload(ann, "/b")
    assert await told(ann, await delta(ann, cursor)) == ["/b"]


# --- prefixes ---


async def test_a_prefix_tells_what_is_at_it_and_below(ann: Client) -> None:
    await upload(ann, "/A/b/c")
    await upload(ann, "/ab")
    for prefix in ("/a", "/A/", "a"):
        page = await delta(ann, path_prefix=prefix)
        assert await told(ann, page) == ["/a", "/a/b", "/a/b/c"]
    assert await told(ann, await delta(ann, path_prefix="/")) == ["/a", "/a/b", "/a/b/c", "/ab"]
    assert await told(ann, await delta(ann, path_prefix="/a/B/c")) == ["/a/b/c"]


async def test_a_prefix_need_not_be_there_yet_and_may_go(ann: Client) -> None:
    page = await delta(ann, path_prefix="/later")
    assert (page["entries"], page["reset"]) == ([], True)
    item = await upload(ann, "/Later")
    page = await delta(ann, page["cursor"], path_prefix="/later")
    assert (await told(ann, page), page["reset"]) == (["/later"], False)
    await ann.publish({"kind": "trash", "item": item})
    assert await told(ann, await delta(ann, page["cursor"])) == ["-/later"]


async def test_a_cursor_keeps_its_prefix_and_may_go_on_with_a_longer_one(ann: Client) -> None:
    await upload(ann, "/a/b/c")
    whole = (await delta(ann))["cursor"]
    inner = (await delta(ann, path_prefix="/a"))["cursor"]
    await upload(ann, "/a/b/d")
    await upload(ann, "/a/e")

    assert await told(ann, await delta(ann, inner)) == ["/a/b/d", "/a/e"]
    for cursor in (whole, inner):
        page = await delta(ann, cursor, path_prefix="/A/b")
        assert (await told(ann, page), page["reset"]) == (["/a/b/d"], False)
    answer = await post(ann, "delta", cursor=inner, path_prefix="/")
    is_error(answer, 400, 'Invalid "path_prefix" parameter: the cursor is for another one')


async def test_a_longer_prefix_may_lead_into_a_shared_namespace(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "Team", bob)
    await upload(ann, "/Team/a.txt")
    cursor = (await delta(bob))["cursor"]
    await upload(ann, "/Team/b.txt")

    page = await delta(bob, cursor, path_prefix="/team")
    assert (await told(bob, page), page["reset"]) == (["/team/b.txt"], False)

    await world.store.commit(remove_member(team.id, bob.id))
    for used in (page["cursor"], cursor):
        gone = await delta(bob, used, path_prefix="/team")
        assert (gone["entries"], gone["reset"]) == ([], True)


async def test_a_longer_prefix_resets_where_it_is_not_known_what_was_there(
    world: World, ann: Client, bob: Client
) -> None:
    other = await world.shared(ann, "Other", bob)
    cursor = (await delta(bob))["cursor"]
    await world.shared(ann, "Team", bob)
    await upload(ann, "/Team/a.txt")
    page = await delta(bob, cursor, path_prefix="/team")
    assert (await told(bob, page), page["reset"]) == (["/team", "/team/a.txt"], True)

    # As /other, in which there was something, became a folder of Bob's own.
    await world.store.commit(remove_member(other.id, bob.id))
    await upload(bob, "/Other/b.txt")
    page = await delta(bob, cursor, path_prefix="/other")
    assert (await told(bob, page), page["reset"]) == (["/other", "/other/b.txt"], True)


async def test_a_prefix_that_becomes_a_shared_namespace_is_told_anew(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "Team")
    page = await delta(bob, path_prefix="/team")
    await upload(ann, "/Team/a.txt")
    await world.store.commit(add_member(team.id, bob.id, Role.VIEWER))
    page = await delta(bob, page["cursor"], path_prefix="/team")
    assert (await told(bob, page), page["reset"]) == (["/team", "/team/a.txt"], True)
    mount, file = (entry for _, entry in page["entries"])
    assert mount["icon"] == "folder_user"
    assert mount["shared_folder"] == {"id": str(team.id)}
    assert file["parent_shared_folder_id"] == str(team.id)


# --- cursors ---


async def test_a_cursor_that_is_not_ours_is_refused(world: World, ann: Client, bob: Client) -> None:
    cursor = (await delta(ann))["cursor"]
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    listed = await ann.ask("POST", "/2/files/list_folder", json={"path": ""})
    for text in ("foo", "ä", flipped, cursor + "=", listed.json()["cursor"]):
        is_error(
            await post(ann, "delta", cursor=text), 400, f"Invalid \"cursor\" parameter: '{text}'"
        )
    go_on = "/2/files/list_folder/continue"
    assert (await ann.ask("POST", go_on, json={"cursor": cursor})).status_code == 400

    foreign = 'Invalid "cursor" parameter: this cursor is for a different {}.'
    is_error(await post(bob, "delta", cursor=cursor), 400, foreign.format("user"))
    other = await world.store.commit(create_grant(ann.id, "another app", ("root_readwrite",)))
    token = new_token()
    await world.store.commit(create_token(other.id, digest_of(token)))
    elsewhere = Client(ann.http, token, ann.user)
    is_error(await post(elsewhere, "delta", cursor=cursor), 400, foreign.format("app"))


async def test_an_empty_cursor_is_none(ann: Client) -> None:
    assert (await delta(ann, ""))["reset"] is True


async def test_p9_a_cursor_that_is_too_old_begins_anew(world: World, ann: Client) -> None:
    await upload(ann, "/a")
    cursor = (await delta(ann, path_prefix="/a"))["cursor"]
    packed = world.access.unseal(PURPOSE, cursor)
    assert packed is not None
    cursor_now = unpack(packed)
    of_before = pack(replace(cursor_now, epoch=cursor_now.epoch + 1))
    for older in (of_before, b"\xff" + packed[1:]):
        page = await delta(ann, world.access.seal(PURPOSE, older))
        assert page["reset"] is True
        assert "/a" in await told(ann, page)
        assert (await delta(ann, page["cursor"]))["reset"] is False


async def test_p9_a_cursor_that_missed_deletions_which_are_forgotten_begins_anew(
    world: World, ann: Client
) -> None:
    item = await upload(ann, "/a")
    await upload(ann, "/b")
    behind = (await delta(ann))["cursor"]
    within = (await delta(ann, path_prefix="/a"))["cursor"]
    await ann.publish({"kind": "trash", "item": item})
    up_to_date = (await delta(ann, behind))["cursor"]
    await upload(ann, "/c")
    while await world.store.trim_journals(1 << 50, 1000):
        pass

    page = await delta(ann, behind)
    assert (page["reset"], await told(ann, page)) == (True, ["/b", "/c"])
    page = await delta(ann, within)
    assert (page["reset"], await told(ann, page)) == (True, [])
    page = await delta(ann, up_to_date)
    assert (page["reset"], await told(ann, page)) == (False, ["/c"])


async def test_a_cursor_keeps_its_flag_for_media(ann: Client) -> None:
    cursor = (await delta(ann, include_media_info="True"))["cursor"]
    assert (await delta(ann, cursor))["entries"] == []
    assert (await delta(ann, cursor, include_media_info="true"))["entries"] == []
    answer = await post(ann, "delta", cursor=cursor, include_media_info="False")
    about = "the cursor was made with another one"
    is_error(answer, 400, f'Invalid "include_media_info" parameter: {about}')


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            {"include_media_info": "perhaps"},
            "Invalid \"include_media_info\" parameter: expected a boolean, got 'perhaps'",
        ),
        ({"limit": "0"}, "Invalid \"limit\" parameter: '0' is not in 1..2000"),
        ({"limit": "x"}, "Invalid \"limit\" parameter: 'x' is not in 1..2000"),
        ({"path_prefix": "/a//b"}, 'Invalid "path_prefix" parameter: '),
        ({"path_prefix": "/\0"}, 'Invalid "path_prefix" parameter: '),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_refused(
    ann: Client, form: dict[str, str], text: str
) -> None:
    answer = await post(ann, "delta", **form)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(text)


# --- who asks ---


async def test_a_token_may_stand_in_the_query_or_the_form(world: World, ann: Client) -> None:
    token = {"access_token": ann.token}
    for sent in ("params", "data"):
        options: Any = {sent: token}
        answer = await world.nobody.ask("POST", "/1/delta", **options)
        assert answer.status_code == 200, answer.text
    info = await world.nobody.get("/1/account/info", access_token=ann.token or "")
    assert info["uid"] == ann.id


async def test_who_may_not_is_told_so_in_version_1s_words(world: World, ann: Client) -> None:
    is_error(await post(world.nobody, "delta"), 401, "No auth method found.")
    stranger = Client(ann.http, "nonsense", None)
    bad = "The given OAuth 2 access token doesn't exist or has expired."
    is_error(await post(stranger, "delta"), 401, bad)
    none = "No auth method found."
    options: Any
    for options, text in (
        ({"json": {}}, none),
        ({"content": b"cursor=%FF"}, none),
        ({"params": {"access_token": ""}}, bad),
    ):
        is_error(await world.nobody.ask("POST", "/1/delta", **options), 401, text)
    oauth1 = {"Authorization": 'OAuth oauth_token="x", oauth_signature_method="PLAINTEXT"'}
    answer = await world.nobody.ask("POST", "/1/delta", headers=oauth1)
    is_error(answer, 401, bad)
    assert ann.user is not None
    narrow = Client(ann.http, await world.token(ann.user, ("manage_webhook",)), ann.user)
    is_error(await post(narrow, "delta"), 403, "This token does not allow that.")


async def test_a_token_may_end_itself(world: World, ann: Client) -> None:
    assert ann.user is not None
    other = Client(ann.http, await world.token(ann.user, ("manage_webhook",)), ann.user)
    answer = await post(other, "disable_access_token")
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await post(other, "disable_access_token")).status_code == 401
    assert (await post(ann, "delta")).status_code == 200


async def test_an_expired_token_and_one_that_is_revoked_are_no_tokens(
    world: World, ann: Client
) -> None:
    grant = await world.store.commit(create_grant(ann.id, "app", ("root_readonly",)))
    token = new_token()
    await world.store.commit(create_token(grant.id, digest_of(token), lifetime=0))
    bad = "The given OAuth 2 access token doesn't exist or has expired."
    is_error(await post(Client(ann.http, token, ann.user), "delta"), 401, bad)

    cursor = (await delta(ann))["cursor"]
    identity = await world.access.identify(ann.token or "")
    await world.access.revoke_grant(identity.grant)
    is_error(await post(ann, "delta", cursor=cursor), 401, bad)


@pytest.mark.parametrize("path", ["/", "/nothing", "/delta/", "/delta/other", "/metadata"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_no_route_is_said_to_be_none(ann: Client, method: str, path: str) -> None:
    is_error(await ann.ask(method, f"/1{path}"), 404, "Not Found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("delta", "POST"),
        ("delta/latest_cursor", "POST"),
        ("disable_access_token", "POST"),
        ("account/info", "GET, HEAD"),
        ("metadata/auto", "GET, HEAD"),
        ("metadata/auto/a", "GET, HEAD"),
        ("files/auto/a", "GET, HEAD"),
    ],
)
async def test_another_method_is_refused_with_the_right_one(
    ann: Client, path: str, allowed: str
) -> None:
    for method in {"GET", "POST", "PUT", "DELETE"} - set(allowed.split(", ")):
        answer = await ann.ask(method, f"/1/{path}")
        is_error(answer, 405, "Method Not Allowed")
        assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")


async def test_browsers_may_call_from_any_page(ann: Client) -> None:
    headers = {"Origin": "https://app.example"}
    asked = await ann.ask("OPTIONS", "/1/delta", headers=headers)
    assert asked.status_code == 204
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    for path in ("delta", "nothing"):
        answer = await ann.ask("POST", f"/1/{path}", headers=headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "X-Dropbox-Metadata" in answer.headers["access-control-expose-headers"]


async def test_a_form_that_is_too_long_is_refused(ann: Client) -> None:
    answer = await post(ann, "delta", cursor="x" * 70_000)
    is_error(answer, 413, "the body has more than 65536 bytes")


async def test_an_account_says_who_it_is_and_what_it_uses(world: World, ann: Client) -> None:
    await upload(ann, "/mine", size=7)
    await world.shared(ann, "Team")
    await upload(ann, "/Team/ours", size=5)
    info = await ann.get("/1/account/info")
    assert info == {
        "uid": ann.id,
        "display_name": "Ann",
        "name_details": {"familiar_name": "Ann", "given_name": "Ann", "surname": ""},
        "email": "ann",
        "email_verified": True,
        "referral_link": "",
        "locale": "en",
        "country": None,
        "is_paired": False,
        "team": None,
        "quota_info": {"normal": 7, "shared": 5, "quota": 1 << 50},
    }


# --- metadata ---


async def test_a_folder_is_listed_with_a_hash_of_what_is_in_it(ann: Client) -> None:
    await upload(ann, "/D/b")
    await upload(ann, "/D/A/x")

    folder = await metadata(ann, "/d")

    assert [each["path"] for each in folder["contents"]] == ["/D/A", "/D/b"]
    assert re.fullmatch("[0-9a-f]{32}", folder["hash"])
    assert (await metadata(ann, "/d", list="false")).keys() == folder.keys() - {"hash", "contents"}
    params = {"hash": folder["hash"]}
    answer = await ann.ask("GET", "/1/metadata/auto/D", params=params)
    assert (answer.status_code, answer.content) == (304, b"")
    await upload(ann, "/D/c")
    assert (await metadata(ann, "/d", **params))["hash"] != folder["hash"]


async def test_the_root_is_a_folder_without_times(world: World, ann: Client) -> None:
    await upload(ann, "/a")
    await world.shared(ann, "Team")
    for path in ("", "/"):
        root = await metadata(ann, path)
        contents = root.pop("contents")
        assert [each["path"] for each in contents] == ["/a", "/Team"]
        assert root == {
            "path": "/",
            "is_dir": True,
            "size": "0 bytes",
            "bytes": 0,
            "root": "dropbox",
            "icon": "folder",
            "thumb_exists": False,
            "hash": root["hash"],
        }


async def test_a_shared_namespace_is_listed_like_a_folder(
    world: World, ann: Client, bob: Client
) -> None:
    await world.shared(ann, "Team", bob)
    await upload(ann, "/Team/Plans/a.txt")
    assert [e["path"] for e in (await metadata(bob, "/team"))["contents"]] == ["/Team/Plans"]
    assert (await metadata(bob, "/Team/plans/A.txt"))["path"] == "/Team/Plans/a.txt"


async def test_what_was_deleted_is_told_by_itself_and_in_a_listing_if_asked_for(
    ann: Client,
) -> None:
    await upload(ann, "/d/here")
    await ann.publish({"kind": "trash", "item": await upload(ann, "/d/gone")})
    assert [e["path"] for e in (await metadata(ann, "/d"))["contents"]] == ["/d/here"]
    both = (await metadata(ann, "/d", include_deleted="true"))["contents"]
    assert [each["path"] for each in both] == ["/d/gone", "/d/here"]
    assert both[0] == await metadata(ann, "/d/gone")
    assert both[0]["is_deleted"] is True


async def test_a_folder_with_too_many_entries_is_not_listed(ann: Client) -> None:
    for name in "abc":
        await upload(ann, f"/{name}")
    answer = await ann.ask("GET", "/1/metadata/auto/", params={"file_limit": 2})
    is_error(answer, 406, "The folder has more than 2 entries")
    assert len((await metadata(ann, "/", file_limit=3))["contents"]) == 3
    answer = await ann.ask("GET", "/1/metadata/auto/", params={"file_limit": 25_001})
    is_error(answer, 400, "Invalid \"file_limit\" parameter: '25001' is not in 1..25000")


async def test_only_the_present_revision_is_kept(ann: Client) -> None:
    file = await upload(ann, "/a")
    first = (await metadata(ann, "/a"))["rev"]
    assert (await metadata(ann, "/a", rev=first))["rev"] == first
    await ann.publish({"kind": "upload", "item": file, "size": 9})
    for what in ("metadata", "files"):
        answer = await ann.ask("GET", f"/1/{what}/auto/a", params={"rev": first})
        is_error(answer, 404, "Path not found")


@pytest.mark.parametrize("root", ["auto", "dropbox", "sandbox"])
async def test_every_root_is_the_users_view(ann: Client, root: str) -> None:
    await upload(ann, "/D/a")
    listed = await ann.get(f"/1/metadata/{root}")
    assert [each["path"] for each in listed["contents"]] == ["/D"]
    assert (await ann.get(f"/1/metadata/{root}/d/a"))["path"] == "/D/a"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("%FF", 400),
        ("a%00b", 400),
        ("a/%2E%2E/b", 400),
        ("%E4%BD%A0%2Fb", 404),
        ("%zz", 404),
        ("x" * 256, 400),
        ("x/" * 300, 400),
    ],
)
async def test_a_path_that_nothing_can_have_is_refused(ann: Client, path: str, status: int) -> None:
    for what in ("metadata", "files"):
        answer = await ann.ask("GET", f"/1/{what}/auto/{path}")
        assert answer.status_code == status, answer.text
        assert set(answer.json()) == {"error"}


async def test_what_is_not_there_is_not_found(ann: Client, bob: Client) -> None:
    await upload(ann, "/secret")
    for what in ("metadata", "files"):
        is_error(await bob.ask("GET", f"/1/{what}/auto/secret"), 404, "Path not found")
        is_error(await bob.ask("GET", f"/1/{what}/dropbox/never"), 404, "Path not found")
        answer = await bob.ask("GET", f"/1/{what}/elsewhere/a")
        is_error(
            answer, 400, "Expected 'root' to be 'dropbox', 'sandbox', or 'auto', got 'elsewhere'"
        )
        assert (await bob.ask("GET", f"/1/{what}/auto/a//b")).status_code == 400


# --- files ---


@pytest.fixture
async def reader(world: World) -> Client:
    shelf = Shelf(**{"ä.txt": DATA})
    return await world.client(world.ann.token, world.ann.user, contents=shelf)


async def test_a_file_is_given_with_its_metadata(reader: Client) -> None:
    await upload(reader, "/ä.txt", size=len(DATA))

    answer = await reader.ask("GET", "/1/files/auto/Ä.txt")

    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["x-dropbox-metadata"].isascii()
    about = json.loads(answer.headers["x-dropbox-metadata"])
    assert about == await metadata(reader, "/ä.txt")
    for rev in (about["rev"], ""):
        again = await reader.ask("GET", "/1/files/auto/ä.txt", params={"rev": rev})
        assert again.content == DATA
    assert "x-dropbox-request-id" in answer.headers


async def test_a_part_of_a_file_is_given(reader: Client) -> None:
    await upload(reader, "/ä.txt", size=len(DATA))
    answer = await reader.ask("GET", "/1/files/auto/ä.txt", headers={"Range": "bytes=1-3"})
    assert (answer.status_code, answer.content) == (206, DATA[1:4])
    answer = await reader.ask(
        "GET", "/1/files/auto/ä.txt", headers={"Range": f"bytes={len(DATA)}-"}
    )
    is_error(answer, 416, HTTPStatus(416).phrase)


async def test_a_download_is_told_like_any_other(reader: Client) -> None:
    await upload(reader, "/ä.txt", size=len(DATA))
    await reader.ask("GET", "/1/files/auto/ä.txt")
    events = (await reader.get("/2.0/events", limit=500))["entries"]
    assert [event["event_type"] for event in events].count("ITEM_DOWNLOAD") == 1


async def test_what_is_no_file_or_not_on_this_server_is_not_found(reader: Client) -> None:
    await upload(reader, "/d/b")
    gone = await upload(reader, "/gone")
    await reader.publish({"kind": "trash", "item": gone})
    for path in ("d", "d/b", "gone", ""):
        is_error(await reader.ask("GET", f"/1/files/auto/{path}"), 404, "Path not found")
