"""Users as their fellows and their admins see them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.box_rules import check
from tests.integration.http.conftest import Client, World

FULL = {
    "type",
    "id",
    "name",
    "login",
    "created_at",
    "modified_at",
    "space_amount",
    "space_used",
    "max_upload_size",
    "status",
}
MINI = {"type", "id", "name", "login"}


async def test_me(ann: Client) -> None:
    me = await ann.get("/2.0/users/me")

    check("User", me)
    assert me.keys() == FULL
    assert (me["id"], me["login"], me["name"]) == (str(ann.id), "ann", "Ann")
    assert await ann.get(f"/2.0/users/{ann.id}") == me


async def test_an_admin_sees_everybody_in_the_enterprise(world: World, ann: Client) -> None:
    for user in (world.bob, world.cat):
        read = await ann.get(f"/2.0/users/{user.id}")

        check("User", read)
        assert read == await user.get("/2.0/users/me")


async def test_others_see_of_those_with_whom_they_share_a_folder_name_and_login(
    world: World, ann: Client, bob: Client
) -> None:
    await world.shared(ann, "team", bob, world.cat)

    for reader, user in ((bob, ann), (bob, world.cat), (world.cat, bob)):
        read = await reader.get(f"/2.0/users/{user.id}")
        check("User--Mini", read)
        assert read.keys() == MINI
        assert read["id"] == str(user.id)
    read = await bob.get(f"/2.0/users/{ann.id}", fields="login,status")
    assert read == {"type": "user", "id": str(ann.id), "login": "ann"}


async def test_p7_nobody_else_is_told_from_nobody_at_all(
    world: World, ann: Client, bob: Client
) -> None:
    for reader, user in ((bob, ann), (bob, world.eve), (ann, world.eve), (world.eve, ann)):
        unknown = await reader.ask("GET", "/2.0/users/99999")
        assert unknown.status_code == 404
        for id in (user.id, "x", "-1", "9" * 400, "٣"):
            answer = await reader.ask("GET", f"/2.0/users/{id}")
            assert answer.status_code == 404
            assert answer.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


async def test_an_admin_who_acts_for_another_sees_what_they_see(
    world: World, ann: Client, bob: Client
) -> None:
    as_bob = {"As-User": str(bob.id)}

    me = await ann.ask("GET", "/2.0/users/me", headers=as_bob)
    other = await ann.ask("GET", f"/2.0/users/{world.cat.id}", headers=as_bob)
    everybody = await ann.ask("GET", "/2.0/users", headers=as_bob)

    assert me.json()["login"] == "bob"
    assert other.status_code == 404
    assert everybody.status_code == 403


async def test_an_admin_whose_grant_does_not_manage_people_sees_what_others_see(
    world: World, ann: Client, bob: Client
) -> None:
    assert ann.user is not None
    client = await world.client(await world.token(ann.user, ("root_readwrite",)), ann.user)

    assert (await client.ask("GET", "/2.0/users")).status_code == 403
    assert (await client.ask("GET", f"/2.0/users/{bob.id}")).status_code == 404


async def test_who_may_not_read_content_sees_themselves_only(world: World, bob: Client) -> None:
    await world.shared(world.ann, "team", bob)
    assert bob.user is not None
    client = await world.client(await world.token(bob.user, ("manage_webhook",)), bob.user)

    assert (await client.ask("GET", "/2.0/users/me")).status_code == 200
    assert (await client.ask("GET", f"/2.0/users/{world.ann.id}")).status_code == 403


# --- all of them ---


def logins(page: dict[str, Any]) -> list[str]:
    return [user["login"] for user in page["entries"]]


async def test_an_admin_lists_the_users_by_offset(ann: Client) -> None:
    whole = await ann.get("/2.0/users")

    assert logins(whole) == ["ann", "bob", "cat"]
    assert (whole["total_count"], whole["offset"], whole["limit"]) == (3, 0, 100)
    assert "next_marker" not in whole
    for user in whole["entries"]:
        check("User", user)
    second = await ann.get("/2.0/users", offset=1, limit=1)
    assert (logins(second), second["total_count"], second["offset"]) == (["bob"], 3, 1)
    assert logins(await ann.get("/2.0/users", offset=3)) == []
    assert (await ann.get("/2.0/users", limit=5000))["limit"] == 1000


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4])
async def test_an_admin_lists_the_users_by_marker(ann: Client, limit: int) -> None:
    found: list[str] = []
    marker: str | None = ""
    while marker is not None:
        page = await ann.get("/2.0/users", usemarker="true", marker=marker, limit=limit)
        assert "total_count" not in page
        found += logins(page)
        marker = page["next_marker"]

    assert found == ["ann", "bob", "cat"]


@pytest.mark.parametrize(
    ("term", "found"), [("B", ["bob"]), ("CAT", ["cat"]), ("o", []), ("", ["ann", "bob", "cat"])]
)
async def test_users_are_found_by_how_their_name_or_login_begins(
    ann: Client, term: str, found: list[str]
) -> None:
    page = await ann.get("/2.0/users", filter_term=term)

    assert logins(page) == found
    assert page["total_count"] == len(found)


async def test_users_of_a_type(ann: Client) -> None:
    assert len(logins(await ann.get("/2.0/users", user_type="managed"))) == 3
    assert logins(await ann.get("/2.0/users", user_type="external")) == []
    assert (await ann.ask("GET", "/2.0/users?user_type=robots")).status_code == 400
    assert (await ann.ask("GET", "/2.0/users?usemarker=true&marker=x")).status_code == 400


async def test_fields_of_users_are_chosen(ann: Client) -> None:
    page = await ann.get("/2.0/users", fields="login,job_title")

    assert page["entries"][0] == {"type": "user", "id": str(ann.id), "login": "ann"}


async def test_p7_only_admins_list_users_and_only_their_own(world: World, bob: Client) -> None:
    answer = await bob.ask("GET", "/2.0/users")

    assert answer.status_code == 403
    assert answer.json()["code"] == "access_denied_insufficient_permissions"
    assert logins(await world.eve.get("/2.0/users")) == ["eve"]
