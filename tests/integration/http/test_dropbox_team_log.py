"""What the team log of the Dropbox dialect answers, on each store (dropbox.md 2.7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.dropbox_rules import check_team_event
from tests.integration.http.conftest import Client, Json, World
from tests.integration.http.test_dropbox import call, is_bad_call, is_refused
from wakeful.core.accounts import add_member, remove_member
from wakeful.core.clock import wall_clock
from wakeful.core.people import Role
from wakeful.core.ports import StreamKind
from wakeful.core.scopes import ENTERPRISE_SCOPE
from wakeful.dialects.dropbox.names import account_id
from wakeful.dialects.dropbox.team_log import open_cursor, seal_cursor
from wakeful.http.dropbox import team_log as dropbox_team_log

GET, CONTINUE = "team_log/get_events", "team_log/get_events/continue"


async def read(client: Client, **asked: Any) -> Json:
    return await done(client, GET, asked)


async def go_on(client: Client, page: Json) -> Json:
    return await done(client, CONTINUE, {"cursor": page["cursor"]})


async def done(client: Client, function: str, argument: Json) -> Json:
    answer = await call(client, function, argument)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    page: Json = answer.json()
    for event in page["events"]:
        check_team_event(event)
    return page


async def everything(client: Client, **asked: Any) -> list[Json]:
    """All events, however many pages they come on."""
    page = await read(client, **asked)
    events: list[Json] = page["events"]
    while page["has_more"]:
        page = await go_on(client, page)
        events += page["events"]
    return events


def tags(events: list[Json]) -> list[str]:
    return [event["event_type"][".tag"] for event in events]


def ago(**past: float) -> str:
    return (datetime.now(UTC) - timedelta(**past)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_an_admin_reads_what_all_members_did(world: World, ann: Client, bob: Client) -> None:
    file = await bob.made(kind="upload", path="/docs/a.txt", size=3)
    await bob.made(kind="upload", item=file, size=4)
    await bob.publish({"kind": "rename", "item": file, "name": "b.txt"})
    await bob.publish({"kind": "trash", "item": file})
    await world.cat.tell({"type": "LOGIN", "ip": "192.0.2.1"})
    await world.eve.tell({"type": "LOGIN"})

    page = await read(ann)

    assert tags(page["events"]) == [
        "file_add",
        "file_add",
        "file_edit",
        "file_rename",
        "file_delete",
        "login_success",
    ]
    assert page["has_more"] is False
    rename = page["events"][3]
    assert [asset["path"]["contextual"] for asset in rename["assets"]] == [
        "/docs/a.txt",
        "/docs/b.txt",
    ]
    assert rename["assets"][1]["file_id"] == f"id:{file}"
    login = page["events"][-1]
    assert login["actor"]["user"]["account_id"] == account_id(world.cat.id)
    assert login["origin"]["geo_location"] == {"ip_address": "192.0.2.1"}


async def test_the_same_cursor_goes_on_with_what_happens_later(ann: Client) -> None:
    await ann.tell({"type": "LOGIN"})
    page = await read(ann)
    assert (await go_on(ann, page))["events"] == []
    await ann.tell({"type": "COMMENT_CREATE"})

    for _ in range(2):
        assert tags((await go_on(ann, page))["events"]) == ["file_add_comment"]


async def test_pages_have_the_limit_that_was_asked_for_first(ann: Client) -> None:
    await ann.tell(*[{"type": "LOGIN"}] * 5)

    first = await read(ann, limit=2)
    second = await go_on(ann, first)
    third = await go_on(ann, second)

    sizes = [(len(page["events"]), page["has_more"]) for page in (first, second, third)]
    assert sizes == [(2, True), (2, True), (1, False)]


async def test_events_are_asked_for_by_type_and_by_category(
    world: World, ann: Client, bob: Client
) -> None:
    file = await bob.made(kind="upload", path="/a.txt", size=3)
    await bob.made(kind="upload", item=file, size=4)
    await bob.tell({"type": "LOGIN"}, {"type": "FAILED_LOGIN"}, {"type": "ALARM"})
    team = await world.shared(ann, "Team", bob)
    await world.store.commit(add_member(team.id, bob.id, Role.VIEWER))
    await world.store.commit(remove_member(team.id, bob.id, by=bob.id))

    async def by(**asked: Any) -> list[str]:
        return tags(await everything(ann, **asked))

    assert await by(event_type="file_edit") == ["file_edit"]
    assert await by(event_type={".tag": "file_add"}) == ["file_add"]
    assert await by(event_type="sso_error") == []
    assert await by(event_type={".tag": "other"}) == ["unlisted"]
    assert await by(category="logins") == ["login_success", "login_fail"]
    assert await by(category={".tag": "sharing"}) == [
        "shared_content_add_member",
        "shared_content_change_member_role",
        "shared_content_relinquish_membership",
    ]
    assert await by(category="other") == await by(category="unlisted") == ["unlisted"]
    assert await by(category="paper") == []


async def test_events_are_asked_for_by_whom_they_concern(
    world: World, ann: Client, bob: Client
) -> None:
    await bob.tell({"type": "LOGIN"})
    await world.cat.tell({"type": "LOGIN"})
    await ann.tell({"type": "LOGIN", "actor": "cat", "action_by": "bob"})
    await world.shared(ann, "Team", bob)

    assert tags(await everything(ann, account_id=account_id(bob.id))) == [
        "login_success",
        "login_success",
        "shared_content_add_member",
    ]
    assert len(await everything(ann, account_id=account_id(world.cat.id), category="logins")) == 2


@pytest.mark.parametrize("has_end", [False, True], ids=["no end", "end"])
async def test_events_are_asked_for_by_time(ann: Client, has_end: bool) -> None:
    await ann.tell(
        {"type": "LOGIN", "created_at": ago(hours=5)},
        {"type": "COMMENT_CREATE", "created_at": ago(hours=3)},
        {"type": "ADMIN_LOGIN", "created_at": ago(hours=1)},
        {"type": "COMMENT_DELETE", "created_at": ago(hours=4)},
    )
    time = {"start_time": ago(hours=4.5)} | ({"end_time": ago(hours=2)} if has_end else {})

    found = await everything(ann, time=time, limit=1)

    wanted = {"file_add_comment", "file_delete_comment"}
    if not has_end:
        wanted.add("sign_in_as_session_start")
    assert sorted(tags(found)) == sorted(wanted)
    if has_end:
        assert tags(found) == ["file_delete_comment", "file_add_comment"]
    both = await everything(ann, time=time, event_type="file_add_comment")
    assert tags(both) == ["file_add_comment"]


async def test_what_is_dated_back_is_not_missed(ann: Client) -> None:
    page = await read(ann, time={"start_time": ago(hours=2)})
    await ann.tell(
        {"type": "LOGIN", "created_at": ago(hours=1)},
        {"type": "ADMIN_LOGIN", "created_at": ago(hours=3)},
    )

    assert tags((await go_on(ann, page))["events"]) == ["login_success"]


async def test_a_page_that_looked_at_much_for_little_says_that_there_may_be_more(
    ann: Client, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropbox_team_log, "AT_ONCE", 3)
    monkeypatch.setattr(dropbox_team_log, "MOST_LOOKED_AT", 6)
    await ann.tell(*[{"type": "LOGIN"}] * 8)
    await bob.tell(*[{"type": "LOGIN"}] * 4)

    first = await read(ann, account_id=account_id(bob.id), limit=3)
    second = await go_on(ann, first)
    third = await go_on(ann, second)

    assert (first["events"], first["has_more"]) == ([], True)
    assert (len(second["events"]), second["has_more"]) == (3, True)
    assert (len(third["events"]), third["has_more"]) == (1, False)


# --- what is refused ---


async def test_only_admins_with_the_scope_read_it(world: World, ann: Client, bob: Client) -> None:
    assert ann.user is not None
    narrow = Client(ann.http, await world.token(ann.user, ("root_readwrite",)), ann.user)
    for function, asked in ((GET, {}), (CONTINUE, {"cursor": "x"})):
        error = is_refused(await call(narrow, function, asked), 401, "missing_scope")
        assert error["required_scope"] == "events.read"
        is_refused(await call(bob, function, asked), 403, "invalid_account_type", "endpoint")
        nobody = Client(ann.http, None, None)
        is_refused(await call(nobody, function, asked), 401, "invalid_access_token")
    only = Client(ann.http, await world.token(ann.user, (ENTERPRISE_SCOPE,)), ann.user)
    assert (await read(only))["events"] == []


async def test_what_dropbox_has_words_for_is_refused_in_them(world: World, ann: Client) -> None:
    for account in (account_id(999_999), account_id(world.eve.id), "dbid:" + "B" * 35):
        is_refused(await call(ann, GET, {"account_id": account}), 409, "account_id_not_found")
    both = {"category": "logins", "event_type": "login_fail"}
    is_refused(await call(ann, GET, both), 409, "invalid_filters")
    time = {"start_time": ago(hours=1), "end_time": ago(hours=2)}
    is_refused(await call(ann, GET, {"time": time}), 409, "invalid_time_range")


@pytest.mark.parametrize(
    ("asked", "about"),
    [
        ({"limit": 0}, "request body: limit: 0 is not in 1..1000"),
        ({"limit": 1001}, "request body: limit: 1001 is not in 1..1000"),
        ({"limit": "1"}, "request body: limit: expected `int`, got `str`"),
        ({"account_id": "x"}, "request body: account_id: it has 40 characters"),
        ({"category": "Logins"}, "request body: category: unknown tag 'Logins'"),
        ({"category": "no_such"}, "request body: category: unknown tag 'no_such'"),
        ({"event_type": ""}, "request body: event_type: unknown tag ''"),
        (
            {"time": {"start_time": "2026-11-21"}},
            "request body: time: start_time: '2026-11-21' is no time such as 2015-05-12T15:50:38Z",
        ),
        (
            {"time": {"end_time": "2026-13-21T00:00:00Z"}},
            "request body: time: end_time: '2026-13-21T00:00:00Z' is no time such as "
            "2015-05-12T15:50:38Z",
        ),
    ],
)
async def test_what_makes_no_sense_is_a_bad_call(ann: Client, asked: Json, about: str) -> None:
    is_bad_call(await call(ann, GET, asked), GET, about)


async def test_a_cursor_of_somebody_else_is_bad(world: World, ann: Client) -> None:
    cursor = (await read(ann))["cursor"]
    assert ann.user is not None
    again = Client(ann.http, await world.token(ann.user), ann.user)
    listing = (await call(ann, "files/list_folder", {"path": ""})).json()["cursor"]
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for client, text in (
        (ann, "none"),
        (ann, ""),
        (ann, flipped),
        (ann, listing),
        (again, cursor),
        (world.eve, cursor),
    ):
        is_refused(await call(client, CONTINUE, {"cursor": text}), 409, "bad_cursor")
    answer = await call(ann, "files/list_folder/continue", {"cursor": cursor})
    assert answer.status_code == 400


@pytest.mark.parametrize("time", [None, {"end_time": "2100-01-01T00:00:00Z"}])
async def test_a_cursor_behind_what_is_forgotten_is_reset_with_a_time_to_begin_anew(
    world: World, ann: Client, time: Json | None
) -> None:
    await ann.tell(*[{"type": "LOGIN", "created_at": "2026-01-02T03:04:05Z"}] * 2)
    first = await read(ann, time=time, limit=1)
    await ann.tell({"type": "LOGIN", "created_at": "2026-01-02T03:04:06Z"})
    await world.feed.trim(StreamKind.ENTERPRISE, wall_clock() + 1000, 2)

    answer = await call(ann, CONTINUE, {"cursor": first["cursor"]})

    assert answer.status_code == 409
    assert answer.json() == {
        "error_summary": "reset/..",
        "error": {".tag": "reset", "reset": "2026-01-02T03:04:05Z"},
    }
    again = await everything(ann, time={"start_time": "2026-01-02T03:04:05Z"})
    assert [event["timestamp"] for event in again] == ["2026-01-02T03:04:06Z"]


async def test_a_cursor_from_before_a_restore_is_reset(world: World, ann: Client) -> None:
    await ann.tell({"type": "LOGIN"})
    page = await read(ann)
    access, grant = world.access, (await world.access.identify(ann.token or "")).grant
    assert ann.user is not None
    cursor = open_cursor(access.unseal, page["cursor"], ann.user.enterprise, grant)
    assert cursor.position is not None
    other = replace(cursor, position=cursor.position + (1 << 40))

    answer = await call(ann, CONTINUE, {"cursor": seal_cursor(access.seal, other)})

    assert json.loads(answer.text)["error"] == {
        ".tag": "reset",
        "reset": page["events"][0]["timestamp"],
    }
