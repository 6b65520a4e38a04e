"""What admins manage over HTTP: their own enterprise, with no more than they have."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.integration.http.conftest import Client, World
from tests.integration.http.test_administering import public_pem


async def ask(
    client: Client, method: str, path: str, body: Any = None, status: int = 200
) -> dict[str, Any]:
    """The answer to a request, which has *status*."""
    options = {} if body is None else {"json": body}
    answer = await client.ask(method, path, **options)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refused(client: Client, method: str, path: str, body: Any = None) -> str:
    """The code of a refusal."""
    answer = await client.ask(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code >= 400, answer.text
    code: str = answer.json()["error"]["code"]
    return code


@pytest.fixture
async def plain_admin(world: World) -> Client:
    """Ann with a token for users only."""
    assert world.ann.user is not None
    token = await world.token(world.ann.user, ("manage_managed_users",))
    return await world.client(token, world.ann.user)


async def test_users_are_added_listed_and_changed(world: World) -> None:
    dan = await ask(world.ann, "POST", "/v1/users", {"login": "dan", "name": "Dan"}, 201)

    listed = await ask(world.ann, "GET", "/v1/users")
    changed = await ask(world.ann, "PATCH", f"/v1/users/{dan['id']}", {"is_admin": True})
    await ask(world.ann, "PATCH", "/v1/users/bob", {"is_disabled": True})

    assert [user["login"] for user in listed["users"]] == ["ann", "bob", "cat", "dan"]
    assert (changed["is_admin"], changed["name"]) == (True, "Dan")
    assert (await world.bob.ask("GET", "/2.0/users/me")).status_code == 401
    assert await refused(world.ann, "POST", "/v1/users", {"login": "BOB"}) == "conflict"


async def test_nobody_takes_their_own_rights_away(world: World) -> None:
    for named in (str(world.ann.id), f"0{world.ann.id}", "ann", "ANN"):
        for change in ({"is_admin": False}, {"is_disabled": True}):
            assert await refused(world.ann, "PATCH", f"/v1/users/{named}", change) == "conflict"
    assert (await ask(world.ann, "PATCH", "/v1/users/ann", {"name": "Anna"}))["name"] == "Anna"


async def test_namespaces_are_made_and_listed_with_their_members(world: World) -> None:
    made = await ask(world.ann, "POST", "/v1/namespaces", {"owner": "bob", "name": "team"}, 201)
    await ask(world.ann, "POST", "/v1/namespaces/team/members", {"user": "cat", "role": "viewer"})

    listed = (await ask(world.ann, "GET", "/v1/namespaces"))["namespaces"]
    members = (await ask(world.ann, "GET", "/v1/namespaces/team/members"))["members"]

    roles = [(member["login"], member["role"]) for member in members]
    assert roles == [("bob", "owner"), ("cat", "viewer")]
    (team,) = [each for each in listed if not each["is_home"]]
    assert (team["id"], team["name"], team["members"]) == (made["id"], "team", members)
    homes = [each["members"][0]["login"] for each in listed if each["is_home"]]
    assert homes == ["ann", "bob", "cat"]
    seen = [entry["name"] for entry in (await world.cat.get("/2.0/folders/0/items"))["entries"]]
    assert seen == ["team"]


async def test_p7_namespaces_of_another_enterprise_are_not_there(world: World) -> None:
    await world.shared(world.ann, "team")

    listed = (await ask(world.eve, "GET", "/v1/namespaces"))["namespaces"]

    assert [each["members"][0]["login"] for each in listed] == ["eve"]
    assert await refused(world.eve, "GET", "/v1/namespaces/team/members") == "not_found"
    wish = {"owner": "bob", "name": "theirs"}
    assert await refused(world.eve, "POST", "/v1/namespaces", wish) == "not_found"
    assert await refused(world.bob, "GET", "/v1/namespaces") == "forbidden"


async def test_members_come_and_go(world: World) -> None:
    await world.shared(world.ann, "team")

    joined = await ask(world.ann, "POST", "/v1/namespaces/team/members", {"user": "bob"})
    seen = [entry["name"] for entry in (await world.bob.get("/2.0/folders/0/items"))["entries"]]
    left = await ask(world.ann, "DELETE", "/v1/namespaces/team/members/bob")

    assert (joined["login"], joined["role"]) == ("bob", "editor")
    assert (seen, left) == (["team"], {})
    assert (await world.bob.get("/2.0/folders/0/items"))["entries"] == []


async def test_an_app_is_made_shown_changed_and_deleted(world: World) -> None:
    answer = await world.ann.ask("POST", "/v1/apps", json={"name": "Mirror"})
    made = answer.json()
    form = {
        "grant_type": "client_credentials",
        "client_id": made["app"]["client_id"],
        "client_secret": made["client_secret"],
    }

    async def sign_in() -> httpx2.Response:
        return await world.nobody.http.post("/oauth2/token", data=form)

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert (await sign_in()).status_code == 200
    key = await ask(world.ann, "POST", "/v1/apps/Mirror/keys", {"public_key": public_pem()}, 201)
    shown = await ask(world.ann, "GET", "/v1/apps/Mirror")
    assert shown["keys"] == [key]
    assert (await ask(world.ann, "GET", "/v1/apps")) == {"apps": [shown]}
    await ask(world.ann, "DELETE", f"/v1/apps/Mirror/keys/{key['kid']}")
    assert await ask(world.ann, "GET", "/v1/apps/Mirror") == made["app"]
    form["client_secret"] = (await ask(world.ann, "POST", "/v1/apps/Mirror/secret"))[
        "client_secret"
    ]
    assert (await sign_in()).status_code == 200
    disabled = await ask(world.ann, "PATCH", "/v1/apps/Mirror", {"is_disabled": True})
    assert disabled["disabled_at"] is not None
    assert (await sign_in()).status_code == 400
    await ask(world.ann, "PATCH", "/v1/apps/Mirror", {"is_disabled": False})
    back = {"redirect_uris": ["https://a.test", "https://a.test"]}
    sent = await ask(world.ann, "PATCH", "/v1/apps/Mirror", back)
    assert (sent["redirect_uris"], sent["disabled_at"]) == (["https://a.test"], None)
    await ask(world.ann, "DELETE", "/v1/apps/Mirror")
    assert await ask(world.ann, "GET", "/v1/apps") == {"apps": []}


async def test_an_app_of_others_hides_none_that_has_its_id_for_a_name(world: World) -> None:
    theirs = await ask(world.eve, "POST", "/v1/apps", {"name": "Theirs"}, 201)
    name = str(theirs["app"]["id"])
    assert await refused(world.ann, "GET", f"/v1/apps/{name}") == "not_found"

    ours = await ask(world.ann, "POST", "/v1/apps", {"name": name}, 201)

    assert await ask(world.ann, "GET", f"/v1/apps/{name}") == ours["app"]


async def test_tokens_are_made_listed_and_revoked(world: World) -> None:
    made = await ask(world.ann, "POST", "/v1/tokens", {"user": "bob", "lifetime": 60}, 201)
    client = await world.client(made["text"])
    assert (await client.get("/2.0/users/me"))["login"] == "bob"

    listed = await ask(world.ann, "GET", "/v1/tokens")
    revoked = await ask(world.ann, "DELETE", f"/v1/tokens/{made['token']['id']}?grant=true")

    assert made["token"] in listed["tokens"]
    assert {token["login"] for token in listed["tokens"]} == {"ann", "bob", "cat"}
    assert revoked["revoked_at"] is not None
    assert (await client.ask("GET", "/2.0/users/me")).status_code == 401


async def test_nobody_gives_what_they_do_not_have(world: World, plain_admin: Client) -> None:
    assert world.ann.user is not None
    limited = await world.client(
        await world.token(world.ann.user, ("root_readonly", "manage_enterprise_properties"))
    )
    wide = {"name": "Wide", "scopes": ["root_readwrite", "manage_managed_users"]}
    await ask(world.ann, "POST", "/v1/apps", wide, 201)

    own = await ask(plain_admin, "POST", "/v1/tokens", {"user": "bob"}, 201)

    assert own["token"]["scopes"] == ["manage_managed_users"]
    more = {"user": "bob", "scopes": ["root_readwrite"]}
    assert await refused(plain_admin, "POST", "/v1/tokens", more) == "forbidden"
    assert await refused(limited, "POST", "/v1/apps", wide) == "forbidden"
    assert await refused(limited, "POST", "/v1/apps/Wide/secret") == "forbidden"
    key = {"public_key": public_pem()}
    assert await refused(limited, "POST", "/v1/apps/Wide/keys", key) == "forbidden"
    await ask(limited, "PATCH", "/v1/apps/Wide", {"is_disabled": True})
    enable = {"is_disabled": False}
    assert await refused(limited, "PATCH", "/v1/apps/Wide", enable) == "forbidden"
    back = {"redirect_uris": ["https://evil.test"]}
    assert await refused(limited, "PATCH", "/v1/apps/Wide", back) == "forbidden"
    narrow = {"name": "Narrow", "scopes": ["root_readonly"]}
    await ask(limited, "POST", "/v1/apps", narrow, 201)


async def test_only_admins_with_the_scope_manage_and_their_own_enterprise_only(
    world: World, plain_admin: Client
) -> None:
    app = (await ask(world.ann, "POST", "/v1/apps", {"name": "Mirror"}, 201))["app"]

    assert await refused(world.bob, "GET", "/v1/users") == "forbidden"
    assert await refused(plain_admin, "GET", "/v1/apps") == "forbidden"
    assert await refused(world.eve, "GET", f"/v1/apps/{app['client_id']}") == "not_found"
    assert await refused(world.eve, "PATCH", "/v1/users/bob", {"name": "x"}) == "not_found"
    assert await refused(world.eve, "POST", "/v1/tokens", {"user": "bob"}) == "not_found"
    assert await ask(world.eve, "GET", "/v1/apps") == {"apps": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/v1/users", {}, "invalid_request"),
        ("POST", "/v1/users", {"login": "x", "enterprise": "1"}, "invalid_request"),
        ("POST", "/v1/users", ["x"], "invalid_request"),
        ("PATCH", "/v1/users/nobody", {"name": "x"}, "not_found"),
        ("POST", "/v1/tokens", {"user": "bob", "lifetime": 0}, "invalid_request"),
        ("DELETE", "/v1/tokens/none", None, "not_found"),
        ("DELETE", "/v1/tokens/1?grant=perhaps", None, "invalid_request"),
        ("DELETE", "/v1/tokens/1", None, "not_found"),
        ("POST", "/v1/namespaces/none/members", {"user": "bob"}, "not_found"),
        ("PUT", "/v1/users", {}, "method_not_allowed"),
    ],
)
async def test_what_makes_no_sense_is_said(
    ann: Client, method: str, path: str, body: Any, code: str
) -> None:
    assert await refused(ann, method, path, body) == code


async def test_no_user_is_mistaken_for_another_by_a_login_like_an_id(world: World) -> None:
    for login in (str(world.ann.id), f"0{world.bob.id}"):
        wish = {"login": login}
        assert await refused(world.eve, "POST", "/v1/users", wish) == "invalid_request"


@pytest.mark.parametrize("name", ["x" * 101, "two\nlines", "\x1b[31mred"])
async def test_names_and_labels_are_short_lines(world: World, name: str) -> None:
    for method, path, body in (
        ("POST", "/v1/users", {"login": "dan", "name": name}),
        ("POST", "/v1/users", {"login": f"dan{name}" * 3}),
        ("PATCH", "/v1/users/bob", {"name": name}),
        ("POST", "/v1/tokens", {"user": "bob", "label": name}),
        ("POST", "/v1/tokens", {"user": "bob", "app": name}),
    ):
        assert await refused(world.ann, method, path, body) == "invalid_request"
