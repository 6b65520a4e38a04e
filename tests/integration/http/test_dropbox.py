"""What the functions of the Dropbox dialect answer, on each store (dropbox.md 2)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.http.conftest import Client, Json, World, limited
from tests.integration.http.test_box_contents import Shelf
from wakeful.access import Concerned
from wakeful.core.accounts import (
    add_member,
    create_grant,
    create_token,
    digest_of,
    new_token,
    remove_member,
    update_user,
)
from wakeful.core.contents import ContentChanged
from wakeful.core.people import Role
from wakeful.dialects.dropbox.names import account_id, member_id

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
BAD_CALL = 'Error in call to API function "{}": {}'


async def call(client: Client, function: str, argument: Any = None, **headers: str) -> Any:
    """The answer of a call, whatever it is."""
    body = json.dumps(argument)
    sent = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await client.ask("POST", f"/2/{function}", content=body, headers=sent)


async def done(client: Client, function: str, argument: Any = None) -> Json:
    """The JSON of a call that has to succeed."""
    answer = await call(client, function, argument)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    found: Json = answer.json()
    return found


async def listed(client: Client, path: str = "", **asked: Any) -> Json:
    return await done(client, "files/list_folder", {"path": path, **asked})


async def go_on(client: Client, cursor: str) -> Json:
    return await done(client, "files/list_folder/continue", {"cursor": cursor})


async def pages(client: Client, page: Json) -> AsyncIterator[Json]:
    yield page
    while page["has_more"]:
        page = await go_on(client, page["cursor"])
        yield page


async def paths(client: Client, page: Json) -> list[str]:
    """All paths on *page* and those that follow it; a minus before what was deleted."""
    return [
        ("-" if entry[".tag"] == "deleted" else "") + entry["path_display"]
        async for each in pages(client, page)
        for entry in each["entries"]
    ]


def is_refused(answer: Any, status: int, *tags: str, **more: Any) -> Any:
    """Check an answer that is an error union."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["error_summary"] == "/".join(tags) + "/.."
    error = told["error"]
    for tag, inner in zip(tags, [*tags[1:], None], strict=True):
        assert error[".tag"] == tag
        error = error[tag] if inner else error
    return error


def is_bad_call(answer: Any, function: str, about: str) -> None:
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == BAD_CALL.format(function, about)


async def upload(client: Client, path: str, **more: Any) -> str:
    change = {"kind": "upload", "path": path, "size": 3, **more}
    return await client.made(**change)


async def test_an_entry_has_every_field_that_clients_look_at(ann: Client) -> None:
    file = await upload(
        ann,
        "/Homework/Prime Numbers.txt",
        content_hash="0" * 64,
        content_modified_at="2015-05-12T15:50:38Z",
    )

    page = await listed(ann, recursive=True)

    folder, entry = page["entries"]
    assert folder == {
        ".tag": "folder",
        "name": "Homework",
        "id": folder["id"],
        "path_lower": "/homework",
        "path_display": "/Homework",
    }
    assert folder["id"].startswith("id:")
    assert entry == {
        ".tag": "file",
        "name": "Prime Numbers.txt",
        "id": f"id:{file}",
        "client_modified": "2015-05-12T15:50:38Z",
        "server_modified": entry["server_modified"],
        "rev": entry["rev"],
        "size": 3,
        "path_lower": "/homework/prime numbers.txt",
        "path_display": "/Homework/Prime Numbers.txt",
        "is_downloadable": False,
        "content_hash": "0" * 64,
    }
    assert TIME.fullmatch(entry["server_modified"])
    assert re.fullmatch("[0-9a-f]{9,}", entry["rev"])
    assert re.fullmatch("[A-Za-z0-9_-]+", page["cursor"])
    assert page["has_more"] is False


async def test_a_file_that_is_not_hashed_yet_has_no_content_hash(ann: Client) -> None:
    await upload(ann, "/a")
    assert "content_hash" not in (await listed(ann))["entries"][0]


async def test_a_listing_is_given_in_pages_with_parents_before_children(ann: Client) -> None:
    for name in ("a/b/c", "a/d", "e"):
        await upload(ann, "/" + name)

    first = await listed(ann, recursive=True, limit=2)

    assert len(first["entries"]) == 2
    assert first["has_more"] is True
    assert await paths(ann, first) == ["/a", "/a/b", "/a/b/c", "/a/d", "/e"]


async def test_the_limit_of_the_first_page_is_that_of_all(ann: Client) -> None:
    asked = {"path": "", "recursive": True, "limit": 2}
    latest = (await done(ann, "files/list_folder/get_latest_cursor", asked))["cursor"]
    for name in ("a", "b", "c", "d", "e"):
        await upload(ann, "/" + name)

    for first in (await listed(ann, recursive=True, limit=2), await go_on(ann, latest)):
        sizes = [len(page["entries"]) async for page in pages(ann, first)]
        assert sizes == [2, 2, 1]


async def test_a_second_slash_in_front_of_a_path_is_overlooked(ann: Client) -> None:
    """rclone 1.60 writes the folders of the root so."""
    await upload(ann, "/a/b")
    assert await paths(ann, await listed(ann, "//a")) == ["/a/b"]


async def test_a_folder_is_listed_by_itself_and_only_as_deep_as_asked(ann: Client) -> None:
    await upload(ann, "/a/b/c")
    await upload(ann, "/d")

    assert await paths(ann, await listed(ann)) == ["/a", "/d"]
    assert await paths(ann, await listed(ann, "/a")) == ["/a/b"]
    assert await paths(ann, await listed(ann, "/A", recursive=True)) == ["/a", "/a/b", "/a/b/c"]


async def test_what_changed_comes_after_the_cursor_and_the_cursor_can_be_used_again(
    ann: Client,
) -> None:
    old = await upload(ann, "/old.txt")
    cursor = (await listed(ann, recursive=True))["cursor"]
    await upload(ann, "/new.txt")
    await ann.publish({"kind": "trash", "item": old})

    page = await go_on(ann, cursor)
    again = await go_on(ann, cursor)
    assert await paths(ann, page) == ["/new.txt", "-/old.txt"]
    assert again["entries"] == page["entries"]
    assert (await go_on(ann, page["cursor"]))["entries"] == []
    assert page["entries"][1] == {
        ".tag": "deleted",
        "name": "old.txt",
        "path_lower": "/old.txt",
        "path_display": "/old.txt",
    }


async def test_a_change_made_while_paging_is_not_missed(ann: Client) -> None:
    for name in "abcd":
        await upload(ann, f"/{name}")
    first = await listed(ann, limit=2)
    await upload(ann, "/a", size=9)
    item = (await done(ann, "files/get_metadata", {"path": "/b"}))["id"].removeprefix("id:")
    await ann.publish({"kind": "rename", "item": item, "name": "z"})

    assert await paths(ann, first) == ["/a", "/b", "/c", "/d", "/a", "-/b", "/z"]


async def test_a_moved_folder_is_deleted_and_told_with_all_that_is_in_it(ann: Client) -> None:
    await upload(ann, "/a/b/c")
    cursor = (await listed(ann, recursive=True))["cursor"]
    folder = (await done(ann, "files/get_metadata", {"path": "/a"}))["id"].removeprefix("id:")
    await ann.publish({"kind": "rename", "item": folder, "name": "Z"})

    page = await go_on(ann, cursor)

    assert await paths(ann, page) == ["-/a", "-/a/b", "-/a/b/c", "/Z", "/Z/b", "/Z/b/c"]
    assert page["entries"][3]["id"] == f"id:{folder}"


async def test_a_change_of_case_is_told_with_the_same_path_lower(ann: Client) -> None:
    item = await upload(ann, "/read.me")
    cursor = (await listed(ann))["cursor"]
    await ann.publish({"kind": "rename", "item": item, "name": "README"})
    await ann.publish({"kind": "rename", "item": item, "name": "Read.Me"})

    page = await go_on(ann, cursor)

    told = {(entry["path_lower"], entry["path_display"]) for entry in page["entries"]}
    assert told == {("/readme", "/README"), ("/read.me", "/Read.Me")}


async def test_of_two_names_that_differ_only_by_case_the_second_gets_a_suffix(
    ann: Client,
) -> None:
    await upload(ann, "/Notes.txt")
    second = await upload(ann, "/NOTES.txt", size=9)

    page = await listed(ann)

    assert await paths(ann, page) == ["/Notes.txt", "/NOTES (case conflict).txt"]
    found = await done(ann, "files/get_metadata", {"path": "/NOTES (case conflict).txt"})
    assert found["id"] == f"id:{second}"
    assert found["path_lower"] == "/notes (case conflict).txt"


async def test_deleted_entries_of_a_first_listing_come_only_if_asked_for(ann: Client) -> None:
    await ann.publish({"kind": "trash", "item": await upload(ann, "/gone")})
    await upload(ann, "/here")

    assert await paths(ann, await listed(ann)) == ["/here"]
    assert await paths(ann, await listed(ann, include_deleted=True)) == ["-/gone", "/here"]


async def test_the_latest_cursor_gives_only_what_comes(ann: Client) -> None:
    await upload(ann, "/a")
    asked = {"path": "", "recursive": True}
    cursor = (await done(ann, "files/list_folder/get_latest_cursor", asked))["cursor"]
    assert (await go_on(ann, cursor))["entries"] == []
    await upload(ann, "/b")
    assert await paths(ann, await go_on(ann, cursor)) == ["/b"]


# --- shared namespaces ---


async def test_a_shared_namespace_comes_as_a_folder_and_goes_as_one(
    world: World, ann: Client, bob: Client
) -> None:
    await upload(bob, "/mine")
    cursor = (await listed(bob, recursive=True))["cursor"]
    team = await world.shared(ann, "Team", bob)
    await upload(ann, "/Team/Plans/a.txt")

    page = await go_on(bob, cursor)
    told = [entry async for each in pages(bob, page) for entry in each["entries"]]
    assert [entry["path_display"] for entry in told] == [
        "/Team",
        "/Team/Plans",
        "/Team/Plans/a.txt",
    ]
    assert told[0]["shared_folder_id"] == told[2]["parent_shared_folder_id"] == str(team.id)

    page = await listed(bob, recursive=True)
    await upload(ann, "/Team/b.txt")
    page = await go_on(bob, page["cursor"])
    assert await paths(bob, page) == ["/Team/b.txt"]

    await world.store.commit(remove_member(team.id, bob.id))
    await upload(ann, "/Team/secret.txt")
    assert await paths(bob, await go_on(bob, page["cursor"])) == ["-/Team"]
    assert await paths(bob, await listed(bob, recursive=True)) == ["/mine"]


async def test_a_folder_in_a_shared_namespace_can_be_followed_by_itself(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "Team", bob)
    await upload(ann, "/Team/Plans/a.txt")

    whole = await listed(bob, "/team", recursive=True)
    plans = await listed(bob, f"ns:{team.id}/plans")
    assert await paths(bob, whole) == ["/Team", "/Team/Plans", "/Team/Plans/a.txt"]
    assert await paths(bob, plans) == ["/Team/Plans/a.txt"]

    await world.store.commit(remove_member(team.id, bob.id))
    for page in (whole, plans):
        answer = await call(bob, "files/list_folder/continue", {"cursor": page["cursor"]})
        is_refused(answer, 409, "path", "not_found")


async def test_p7_what_others_have_is_told_from_nothing_by_nothing(
    world: World, ann: Client, bob: Client
) -> None:
    item = await upload(ann, "/secret.txt")
    team = await world.shared(ann, "Team")
    assert bob.user is not None
    assert ann.user is not None
    named = [f"id:{item}", f"ns:{team.id}", f"ns:{ann.user.home}/secret.txt", "/secret.txt"]
    never = ["id:999999", "ns:999999", "/never.txt", "id:x", "id:" + "9" * 30]
    for path in (*named, *never):
        answer = await call(bob, "files/get_metadata", {"path": path})
        is_refused(answer, 409, "path", "not_found")
        is_refused(await call(bob, "files/list_folder", {"path": path}), 409, "path", "not_found")
    rev = (await done(ann, "files/get_metadata", {"path": "/secret.txt"}))["rev"]
    answer = await call(bob, "files/get_metadata", {"path": f"rev:{rev}"})
    is_refused(answer, 409, "path", "not_found")


# --- what is refused ---


async def test_a_cursor_that_is_not_ours_is_a_bad_call(
    world: World, ann: Client, bob: Client
) -> None:
    cursor = (await listed(ann))["cursor"]
    other = await world.store.commit(create_grant(ann.id, "another app", ("root_readwrite",)))
    token = new_token()
    await world.store.commit(create_token(other.id, digest_of(token)))
    elsewhere = Client(ann.http, token, ann.user)
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    function = "files/list_folder/continue"
    for client, text in (
        (ann, "foo"),
        (ann, ""),
        (ann, "ä"),
        (ann, flipped),
        (ann, cursor + "="),
        (bob, cursor),
        (elsewhere, cursor),
    ):
        answer = await call(client, function, {"cursor": text})
        is_bad_call(answer, function, f"Invalid \"cursor\" parameter: '{text}'")


async def test_a_cursor_whose_folder_is_gone_says_so_until_it_is_back(ann: Client) -> None:
    await upload(ann, "/a/b")
    cursor = (await listed(ann, "/a"))["cursor"]
    folder = (await done(ann, "files/get_metadata", {"path": "/a"}))["id"].removeprefix("id:")
    await ann.publish({"kind": "trash", "item": folder})
    answer = await call(ann, "files/list_folder/continue", {"cursor": cursor})
    is_refused(answer, 409, "path", "not_found")

    await upload(ann, "/a")
    answer = await call(ann, "files/list_folder/continue", {"cursor": cursor})
    is_refused(answer, 409, "path", "not_folder")


async def test_p9_a_cursor_that_missed_deletions_which_are_forgotten_is_reset(
    world: World, ann: Client
) -> None:
    item = await upload(ann, "/a")
    await upload(ann, "/b")
    begun = await listed(ann, limit=1)
    behind = (await listed(ann))["cursor"]
    await ann.publish({"kind": "trash", "item": item})
    up_to_date = (await go_on(ann, behind))["cursor"]
    await upload(ann, "/c")
    while await world.store.trim_journals(1 << 50, 1000):
        pass

    for cursor in (behind, begun["cursor"]):
        answer = await call(ann, "files/list_folder/continue", {"cursor": cursor})
        is_refused(answer, 409, "reset")
    assert await paths(ann, await go_on(ann, up_to_date)) == ["/c"]
    assert await paths(ann, await listed(ann)) == ["/b", "/c"]


@pytest.mark.parametrize(
    ("argument", "about"),
    [
        ("{", "request body: could not decode input as JSON"),
        ("\xff", "request body: could not decode input as JSON"),
        ('{"path": "", "x": ' + "[" * 3000, "request body: could not decode input as JSON"),
        ('{"recursive": true}', "request body: object missing required field `path`"),
        ('{"path": 5}', "request body: path: expected `str`, got `int`"),
        ('{"path": "", "recursive": 1}', "request body: recursive: expected `bool`, got `int`"),
        ('{"path": "", "limit": 0}', "request body: limit: 0 is not in 1..2000"),
        ('{"path": "", "limit": 2001}', "request body: limit: 2001 is not in 1..2000"),
        (
            '{"path": "/"}',
            'request body: path: Specify the root folder as an empty string rather than as "/".',
        ),
        (
            '{"path": "a"}',
            "request body: path: 'a' did not match pattern "
            r"'(/(.|[\r\n])*)?|id:.*|(ns:[0-9]+(/.*)?)'",
        ),
        (
            '{"path": "ns:x/a"}',
            "request body: path: 'ns:x/a' did not match pattern "
            r"'(/(.|[\r\n])*)?|id:.*|(ns:[0-9]+(/.*)?)'",
        ),
        (
            '{"path": "", "shared_link": {"url": "x"}}',
            "request body: shared_link: there are no shared links here",
        ),
    ],
)
async def test_an_argument_that_makes_no_sense_is_a_bad_call(
    ann: Client, argument: str, about: str
) -> None:
    for function in ("files/list_folder", "files/list_folder/get_latest_cursor"):
        answer = await ann.ask(
            "POST",
            f"/2/{function}",
            content=argument.encode("latin-1"),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        is_bad_call(answer, function, about)


@pytest.mark.parametrize(
    "path", ["/a//b", "//", "///a", "ns:1//a", "/a/", "/a/../b", "/.", "/\0", "/" + "x" * 300]
)
async def test_a_path_that_nothing_can_have_is_malformed(ann: Client, path: str) -> None:
    answer = await call(ann, "files/list_folder", {"path": path})
    is_refused(answer, 409, "path", "malformed_path")


async def test_a_file_is_no_folder(ann: Client) -> None:
    await upload(ann, "/a")
    is_refused(await call(ann, "files/list_folder", {"path": "/a"}), 409, "path", "not_folder")


@pytest.mark.parametrize("given", ["application/x-www-form-urlencoded", "text/plain", ""])
async def test_a_body_that_is_not_said_to_be_json_is_a_bad_call(ann: Client, given: str) -> None:
    headers = {"Content-Type": given}
    answer = await ann.ask("POST", "/2/check/user", content=b"{}", headers=headers)
    is_bad_call(
        answer,
        "check/user",
        f'Bad HTTP "Content-Type" header: "{given}".  Expecting one of "application/json", '
        '"application/json; charset=utf-8", "text/plain; charset=dropbox-cors-hack".',
    )


async def test_what_is_no_function_is_a_bad_call_and_not_a_404(ann: Client) -> None:
    """Python's SDK takes the body of a 404 for JSON."""
    for method, path, status in (
        ("POST", "/2/files/nothing", 400),
        ("GET", "/2/nothing", 400),
        ("GET", "/2/files/list_folder", 405),
    ):
        answer = await ann.ask(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.text.startswith("Error in call to API function")


async def test_who_may_not_ask_is_told_by_a_tag(world: World, ann: Client) -> None:
    is_refused(
        await call(Client(ann.http, "wrong", None), "check/user", {}), 401, "invalid_access_token"
    )
    is_refused(
        await call(Client(ann.http, None, None), "check/user", {}), 401, "invalid_access_token"
    )
    grant = await world.store.commit(create_grant(ann.id, "app", ("manage_groups",)))
    token = new_token()
    await world.store.commit(create_token(grant.id, digest_of(token)))
    narrow = Client(ann.http, token, ann.user)
    error = is_refused(await call(narrow, "files/list_folder", {"path": ""}), 401, "missing_scope")
    assert error["required_scope"] == "files.metadata.read"
    assert (await done(narrow, "check/user", {"query": "x"})) == {"result": "x"}


async def test_an_expired_token_is_told_from_a_wrong_one(world: World, ann: Client) -> None:
    grant = await world.store.commit(create_grant(ann.id, "app", ("root_readonly",)))
    token = new_token()
    await world.store.commit(create_token(grant.id, digest_of(token), lifetime=0))
    expired = Client(ann.http, token, ann.user)
    is_refused(await call(expired, "check/user", {}), 401, "expired_access_token")


async def test_another_root_than_the_home_is_refused_with_the_right_one(ann: Client) -> None:
    assert ann.user is not None
    home = str(ann.user.home)
    for root in (
        {".tag": "home"},
        {".tag": "root", "root": home},
        {".tag": "namespace_id", "namespace_id": home},
    ):
        answer = await call(ann, "check/user", {}, Dropbox_API_Path_Root=json.dumps(root))
        assert answer.status_code == 200, answer.text
    wrong = json.dumps({".tag": "root", "root": "1"})
    answer = await call(ann, "check/user", {}, Dropbox_API_Path_Root=wrong)
    error = is_refused(answer, 422, "invalid_root")
    assert error["invalid_root"] == {
        ".tag": "user",
        "root_namespace_id": home,
        "home_namespace_id": home,
    }
    answer = await call(ann, "check/user", {}, Dropbox_API_Path_Root="{")
    assert answer.status_code == 400


async def test_an_admin_may_select_a_user_and_nobody_else_may(ann: Client, bob: Client) -> None:
    account = (await done(bob, "users/get_current_account"))["account_id"]
    for kind in ("user", "admin"):
        header = f"Dropbox_API_Select_{kind.title()}"
        for name in (account, member_id(bob.id)):
            answer = await call(ann, "users/get_current_account", **{header: name})
            assert answer.json()["account_id"] == account
        for client, name in ((bob, account_id(ann.id)), (ann, "dbmid:x"), (ann, account_id(1))):
            answer = await call(client, "check/user", {}, **{header: name})
            is_refused(answer, 401, f"invalid_select_{kind}")


async def test_who_is_disabled_is_told_so_until_they_are_not(world: World, bob: Client) -> None:
    concerned = Concerned(user=bob.id)
    await world.access.changing(update_user(bob.id, is_disabled=True), concerned)
    is_refused(await call(bob, "check/user", {}), 401, "user_suspended")

    await world.access.changing(update_user(bob.id, is_disabled=False), concerned)
    await done(bob, "check/user", {})


async def test_who_asks_too_often_is_told_when_to_come_back(world: World, ann: Client) -> None:
    """Java reads the header, Go and Python the body (dropbox.md 2.5)."""
    often = await world.client(ann.token, ann.user, rate=limited(1))
    await done(often, "check/user", {})
    answer = await call(often, "check/user", {})
    seconds = int(answer.headers["retry-after"])
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "error_summary": "too_many_requests/..",
        "error": {"reason": {".tag": "too_many_requests"}, "retry_after": seconds},
    }


async def test_names_that_dropbox_would_refuse_are_shown_as_they_are(ann: Client) -> None:
    for name in ("back\\slash", " blank ", "trailing.", "desktop.ini", "a:b|c?", "e\u0301"):
        await upload(ann, f"/{name}")

    shown = await paths(ann, await listed(ann))

    assert shown == ["/back\\slash", "/ blank ", "/trailing.", "/desktop.ini", "/a:b|c?", "/é"]
    for path in shown:
        found = await done(ann, "files/get_metadata", {"path": path})
        assert found["path_lower"] == path


# --- who asks ---


async def test_an_account_has_every_field_that_sdks_insist_on(ann: Client) -> None:
    assert ann.user is not None
    account = await done(ann, "users/get_current_account")
    assert len(account["account_id"]) == 40
    assert account["email"] == ann.user.login
    assert account["root_info"]["home_namespace_id"] == str(ann.user.home)
    assert {key for key, value in account.items() if value is not None} >= {
        "name",
        "email_verified",
        "disabled",
        "locale",
        "referral_link",
        "is_paired",
        "account_type",
    }


async def test_the_space_used_is_that_of_the_files(ann: Client) -> None:
    await upload(ann, "/a", size=1000)
    await upload(ann, "/b", size=24)
    usage = await done(ann, "users/get_space_usage")
    assert usage["used"] == 1024
    assert usage["allocation"][".tag"] == "individual"
    assert usage["allocation"]["allocated"] > 0


async def test_a_function_without_an_argument_takes_null_or_nothing(ann: Client) -> None:
    """JS sends no body and no content type, Python and Java send null (dropbox.md 2)."""
    function = "users/get_current_account"
    assert (await ann.ask("POST", f"/2/{function}")).status_code == 200
    answer = await call(ann, function, {})
    is_bad_call(answer, function, "request body: expected null, got value")


async def test_browsers_may_ask_from_any_page(ann: Client) -> None:
    origin = {"Origin": "https://app.example"}
    asked = await ann.ask("OPTIONS", "/2/files/list_folder", headers=origin)
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    answer = await call(ann, "check/user", {}, Origin="https://app.example")
    assert answer.headers["access-control-allow-origin"] == "*"


# --- content ---


@pytest.fixture
async def shelved(world: World) -> Client:
    """Ann, where the content of two files is at hand."""
    shelf = Shelf(a=b"0123456789", changing=ContentChanged("it is being written"))
    shelf.files["d\u00fc\x7f"] = b"special"
    return await world.client(world.ann.token, world.ann.user, contents=shelf)


async def download(client: Client, path: str, method: str = "POST", **headers: str) -> Any:
    argument = json.dumps({"path": path})
    return await client.ask(
        method, "/2/files/download", headers={"Dropbox-API-Arg": argument} | headers
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_content_of_a_file_comes_with_its_metadata(shelved: Client, method: str) -> None:
    item = await upload(shelved, "/Docs/a", size=10)
    for path in ("/docs/A", f"id:{item}"):
        answer = await download(shelved, path, method)
        assert (answer.status_code, answer.content) == (200, b"0123456789")
        told = json.loads(answer.headers["dropbox-api-result"])
        assert told == await done(shelved, "files/get_metadata", {"path": "/Docs/a"})
    argument = json.dumps({"path": "/Docs/a"})
    answer = await shelved.ask(method, "/2/files/download", params={"arg": argument})
    assert answer.content == b"0123456789"


async def test_a_file_is_found_by_its_present_rev_wherever_it_is(shelved: Client) -> None:
    """Maestral downloads by nothing else."""
    file = await upload(shelved, "/a", size=9)
    first = (await done(shelved, "files/get_metadata", {"path": "/a"}))["rev"]
    await upload(shelved, "/a", size=10)
    await shelved.publish({"kind": "create_folder", "path": "/d"})
    await shelved.publish({"kind": "move", "path": "/a", "to": "/d/a"})
    there = await done(shelved, "files/get_metadata", {"path": "/d/a"})

    assert there["rev"] != first
    path = f"rev:{there['rev']}"
    assert await done(shelved, "files/get_metadata", {"path": path}) == there
    answer = await download(shelved, path)
    assert json.loads(answer.headers["Dropbox-API-Result"]) == there
    assert answer.content == b"0123456789"

    await shelved.publish({"kind": "trash", "item": file})
    for rev in (first, there["rev"], "0" * 16, "f" * 30, "f" * 31, "a1c10ce0dd78"):
        path = f"rev:{rev}"
        answer = await call(shelved, "files/get_metadata", {"path": path})
        is_refused(answer, 409, "path", "not_found")
        is_refused(await download(shelved, path), 409, "path", "not_found")
    for text in ("rev:", "rev:A1C10CE0DD78", "rev:a1c10ce0"):
        answer = await call(shelved, "files/get_metadata", {"path": text})
        about = f"request body: path: '{text}' did not match pattern 'rev:[0-9a-f]{{9,}}'"
        is_bad_call(answer, "files/get_metadata", about)


async def test_a_part_of_a_file_can_be_asked_for(shelved: Client) -> None:
    await upload(shelved, "/a", size=10)
    answer = await download(shelved, "/a", Range="bytes=2-4")
    assert (answer.status_code, answer.content) == (206, b"234")
    assert (await download(shelved, "/a", Range="bytes=99-")).status_code == 416


async def test_metadata_in_a_header_is_ascii(shelved: Client) -> None:
    await upload(shelved, "/d\u00fc\x7f", size=7)
    answer = await download(shelved, "/d\u00fc\x7f")
    header = answer.headers["dropbox-api-result"]
    assert header.isascii()
    assert "\x7f" not in header
    assert json.loads(header)["name"] == "d\u00fc\x7f"


async def test_a_download_is_told_once(shelved: Client) -> None:
    await upload(shelved, "/a", size=10)
    await download(shelved, "/a")
    events = (await shelved.get("/2.0/events", limit=500))["entries"]
    types = [event["event_type"] for event in events]
    assert types.count("ITEM_DOWNLOAD") == 1


async def test_content_that_cannot_be_had_is_refused_by_the_functions_own_union(
    shelved: Client,
) -> None:
    await upload(shelved, "/folder/elsewhere")
    await upload(shelved, "/changing")
    is_refused(await download(shelved, "/nothing"), 409, "path", "not_found")
    is_refused(await download(shelved, "/folder"), 409, "path", "not_file")
    is_refused(await download(shelved, "/folder/elsewhere"), 409, "unsupported_file")
    is_refused(await download(shelved, "/changing"), 409, "path", "locked")
    answer = await shelved.ask("POST", "/2/files/download")
    is_bad_call(
        answer,
        "files/download",
        'HTTP header "Dropbox-API-Arg": could not decode input as JSON',
    )


async def test_a_member_who_may_only_look_sees_the_same(
    world: World, ann: Client, bob: Client
) -> None:
    team = await world.shared(ann, "Team")
    await world.store.commit(add_member(team.id, bob.id, Role.VIEWER))
    await upload(ann, "/Team/a")
    assert await paths(bob, await listed(bob, recursive=True)) == ["/Team", "/Team/a"]
