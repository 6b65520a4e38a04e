"""The token endpoint: every way to get a token, and every way to be refused."""

from __future__ import annotations

import time
from functools import cache
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.integration.http.conftest import Json, World, limited
from wakeful.access import Concerned
from wakeful.core.accounts import create_grant, digest_of, new_token, update_user
from wakeful.core.apps import add_key, create_app, disable_app
from wakeful.core.credentials import App
from wakeful.core.signin import issue_pair

SCOPES = ("root_readwrite", "manage_managed_users", "manage_enterprise_properties")
SECRET = "s" * 32
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@cache
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Stage:
    """An app of Ann's enterprise, and somebody who asks the token endpoint."""

    def __init__(self, world: World, app: App) -> None:
        self.world = world
        self.app = app
        self.credentials = {"client_id": app.client_id, "client_secret": SECRET}

    async def post(
        self, path: str, form: dict[str, str], *, known: bool = True, **options: Any
    ) -> httpx2.Response:
        data = (self.credentials if known else {}) | form
        return await self.world.nobody.http.post(path, data=data, **options)

    async def token(self, form: dict[str, str], **options: Any) -> Json:
        """The answer to a request that has to succeed."""
        answer = await self.post("/oauth2/token", form, **options)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        found: Json = answer.json()
        return found

    async def refused(self, form: dict[str, str], **options: Any) -> tuple[int, str]:
        """How a request was refused: the status and the word."""
        answer = await self.post("/oauth2/token", form, **options)
        assert answer.headers["cache-control"] == "no-store"
        told = answer.json()
        assert set(told) == {"error", "error_description"}
        return answer.status_code, told["error"]

    async def credentials_for(self, user: int) -> Json:
        return await self.token(
            {
                "grant_type": "client_credentials",
                "box_subject_type": "user",
                "box_subject_id": str(user),
            }
        )

    def assertion(self, **changes: Any) -> str:
        claims = {
            "iss": self.app.client_id,
            "sub": str(self.app.enterprise),
            "box_sub_type": "enterprise",
            "aud": "https://api.box.com/oauth2/token",
            "jti": uuid4().hex,
            "exp": int(time.time()) + 30,
        }
        return jwt.encode(claims | changes, private_key(), "RS256")

    async def me(self, token: str) -> httpx2.Response:
        client = await self.world.client(token)
        return await client.ask("GET", "/2.0/users/me")

    async def pair(self, user: int) -> tuple[str, str]:
        """An access token and a refresh token, as after a sign-in."""
        grant = await self.world.store.commit(
            create_grant(user, self.app.name, self.app.scopes, app_id=self.app.id)
        )
        access, refresh = new_token(), new_token()
        await self.world.store.commit(issue_pair(grant.id, digest_of(access), digest_of(refresh)))
        return access, refresh


@pytest.fixture
async def stage(world: World) -> Stage:
    enterprise = (await world.access.identify(world.ann.token or "")).enterprise
    app = await world.store.commit(
        create_app(enterprise, "Mirror", SCOPES, "c" * 32, digest_of(SECRET))
    )
    pem = (
        private_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    await world.store.commit(add_key(app.id, "key", pem.decode()))
    return Stage(world, app)


# --- client credentials ---


async def test_an_app_signs_in_for_a_user(stage: Stage) -> None:
    answer = await stage.credentials_for(stage.world.bob.id)

    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 3600
    assert answer["restricted_to"] == []
    assert "refresh_token" not in answer
    assert (await stage.me(answer["access_token"])).json()["login"] == "bob"


@pytest.mark.parametrize("named", [True, False], ids=["as Box", "as RFC 6749"])
async def test_an_app_signs_in_as_its_service_account(stage: Stage, named: bool) -> None:
    subject = {"box_subject_type": "enterprise", "box_subject_id": str(stage.app.enterprise)}
    form = {"grant_type": "client_credentials"} | (subject if named else {})

    token = (await stage.token(form))["access_token"]

    me = (await stage.me(token)).json()
    assert me["id"] == str(stage.app.service_account)
    assert me["login"].startswith("AutomationUser_")


async def test_the_service_account_acts_for_users(stage: Stage) -> None:
    token = (await stage.token({"grant_type": "client_credentials"}))["access_token"]
    client = await stage.world.client(token)
    bob = {"As-User": str(stage.world.bob.id)}

    me = await client.ask("GET", "/2.0/users/me", headers=bob)
    page = await client.ask("GET", "/2.0/events", headers=bob)
    url = (await client.ask("OPTIONS", "/2.0/events", headers=bob)).json()["entries"][0]["url"]

    assert me.json()["login"] == "bob"
    assert page.status_code == 200
    channel = stage.world.access.open_channel(url.partition("channel=")[2].partition("&")[0])
    assert channel.stream == stage.world.bob.id
    assert (await stage.world.access.load_grant(channel.grant)).may_follow(channel.stream)
    eve = {"As-User": str(stage.world.eve.id)}
    assert (await client.ask("GET", "/2.0/users/me", headers=eve)).status_code == 403


async def test_credentials_may_come_by_http_basic(stage: Stage) -> None:
    form = {"grant_type": "client_credentials"}
    right = httpx2.BasicAuth(stage.app.client_id, SECRET)

    assert await stage.token(form, known=False, auth=right)
    assert await stage.refused(form, auth=right) == (400, "invalid_request")
    for id, secret in ((stage.app.client_id, "wrong"), ("nobody", SECRET)):
        answer = await stage.post(
            "/oauth2/token", form, known=False, auth=httpx2.BasicAuth(id, secret)
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["Basic", "Basic %%", "Basic bm9jb2xvbg==", "Basic /w=="])
async def test_what_is_no_basic_header_is_no_client(stage: Stage, header: str) -> None:
    answer = await stage.post(
        "/oauth2/token",
        {"grant_type": "client_credentials"},
        known=False,
        headers={"Authorization": header},
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_bearer_that_comes_along_is_not_looked_at(stage: Stage) -> None:
    assert await stage.token(
        {"grant_type": "client_credentials"}, headers={"Authorization": "Bearer void"}
    )


async def test_a_token_has_fewer_scopes_where_they_are_asked_for(stage: Stage) -> None:
    form = {"grant_type": "client_credentials"}
    token = (await stage.token(form | {"scope": "root_readonly"}))["access_token"]
    client = await stage.world.client(token)

    assert (await client.ask("GET", "/2.0/events")).status_code == 200
    change = {"kind": "create_folder", "path": "/a"}
    assert (await client.ask("POST", "/v1/changes", json=change)).status_code == 403
    assert await stage.refused(form | {"scope": "manage_webhook"}) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": "", "client_secret": ""}, "invalid_client"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "guess"}, "invalid_grant"),
        ({"box_subject_type": "group", "box_subject_id": "1"}, "invalid_request"),
        ({"box_subject_type": "user"}, "invalid_request"),
        ({"box_subject_id": "1"}, "invalid_request"),
        ({"box_subject_type": "enterprise", "box_subject_id": "1"}, "invalid_grant"),
        ({"box_subject_type": "user", "box_subject_id": "1"}, "invalid_grant"),
        ({"box_subject_type": "user", "box_subject_id": "ann"}, "invalid_grant"),
    ],
)
async def test_bad_credentials_are_refused(
    stage: Stage, changes: dict[str, str], refusal: str
) -> None:
    form = {"grant_type": "client_credentials"} | changes

    assert await stage.refused(form) == (400, refusal)


async def test_nobody_signs_in_for_others_enterprises_or_disabled_users(stage: Stage) -> None:
    world = stage.world
    await world.store.commit(update_user(world.cat.id, is_disabled=True))
    for user in (world.eve.id, world.cat.id):
        form = {
            "grant_type": "client_credentials",
            "box_subject_type": "user",
            "box_subject_id": str(user),
        }
        assert await stage.refused(form) == (400, "invalid_grant")


async def test_a_disabled_app_is_no_client_and_its_tokens_are_void(stage: Stage) -> None:
    token = (await stage.token({"grant_type": "client_credentials"}))["access_token"]
    assert (await stage.me(token)).status_code == 200

    await stage.world.access.changing(
        disable_app(stage.app.id, is_disabled=True), Concerned(app=stage.app.id)
    )

    assert await stage.refused({"grant_type": "client_credentials"}) == (400, "invalid_client")
    assert (await stage.me(token)).status_code == 401


@pytest.mark.parametrize(
    "body", [b"\xff", b"grant_type", b"grant_type=a&grant_type=b", b"a=1&" * 60, b"{}"]
)
async def test_what_is_no_form_is_refused(stage: Stage, body: bytes) -> None:
    answer = await stage.world.nobody.http.post("/oauth2/token", content=body)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_errors_of_http_have_the_same_form(stage: Stage) -> None:
    http = stage.world.nobody.http

    long = await http.post("/oauth2/token", content=b"x" * 70_000)
    wrong = await http.get("/oauth2/token")
    nowhere = await http.post("/oauth2/elsewhere")

    assert (long.status_code, long.json()["error"]) == (413, "invalid_request")
    assert (wrong.status_code, wrong.json()["error"]) == (405, "invalid_request")
    assert wrong.headers["allow"] == "POST"
    assert (nowhere.status_code, nowhere.json()["error"]) == (404, "invalid_request")


# --- assertions ---


@pytest.mark.parametrize("path", ["/oauth2/token", "/api/oauth2/token"])
async def test_an_app_signs_in_by_an_assertion(stage: Stage, path: str) -> None:
    form = {"grant_type": JWT_BEARER, "assertion": stage.assertion(), "box_device_id": "0"}

    answer = await stage.post(path, form)

    assert answer.status_code == 200, answer.text
    me = (await stage.me(answer.json()["access_token"])).json()
    assert me["id"] == str(stage.app.service_account)


async def test_an_assertion_may_be_for_a_user_and_name_this_server(stage: Stage) -> None:
    assertion = stage.assertion(
        sub=str(stage.world.bob.id),
        box_sub_type="user",
        aud="http://feed.test:8787/api/oauth2/token",
    )

    answer = await stage.token({"grant_type": JWT_BEARER, "assertion": assertion})

    assert (await stage.me(answer["access_token"])).json()["login"] == "bob"


async def test_a_replayed_assertion_is_refused_with_a_word_by_which_sdks_try_again(
    stage: Stage,
) -> None:
    form = {"grant_type": JWT_BEARER, "assertion": stage.assertion()}
    await stage.token(form)

    answer = await stage.post("/oauth2/token", form)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert "jti" in answer.json()["error_description"]


async def test_an_expired_assertion_says_exp(stage: Stage) -> None:
    form = {"grant_type": JWT_BEARER, "assertion": stage.assertion(exp=int(time.time()) - 60)}

    answer = await stage.post("/oauth2/token", form)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert "exp" in answer.json()["error_description"]


async def test_an_assertion_for_somebody_elsewhere_is_refused(stage: Stage) -> None:
    for changes in (
        {"sub": str(stage.world.eve.id), "box_sub_type": "user"},
        {"sub": "1", "box_sub_type": "enterprise"},
        {"iss": "nobody"},
    ):
        form = {"grant_type": JWT_BEARER, "assertion": stage.assertion(**changes)}
        assert await stage.refused(form) == (400, "invalid_grant")
    missing = {"grant_type": JWT_BEARER}
    assert await stage.refused(missing) == (400, "invalid_request")
    assert await stage.refused(
        {"grant_type": JWT_BEARER, "assertion": stage.assertion()}, known=False
    ) == (400, "invalid_client")


# --- refresh ---


async def test_a_refresh_token_is_given_for_the_next_pair(stage: Stage) -> None:
    access, refresh = await stage.pair(stage.world.bob.id)

    answer = await stage.token({"grant_type": "refresh_token", "refresh_token": refresh})

    assert answer["refresh_token"] not in ("", refresh)
    for token in (access, answer["access_token"]):
        assert (await stage.me(token)).json()["login"] == "bob"
    assert (await stage.me(answer["refresh_token"])).status_code == 401


async def test_a_stolen_refresh_token_ends_its_line_at_once(stage: Stage) -> None:
    access, refresh = await stage.pair(stage.world.bob.id)
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    second = await stage.token(form)
    third = await stage.token(form | {"refresh_token": second["refresh_token"]})
    tokens = (access, second["access_token"], third["access_token"])
    assert [(await stage.me(token)).status_code for token in tokens] == [200, 200, 200]

    assert await stage.refused(form) == (400, "invalid_grant")

    assert [(await stage.me(token)).status_code for token in tokens] == [401, 401, 401]
    last = form | {"refresh_token": third["refresh_token"]}
    assert await stage.refused(last) == (400, "invalid_grant")


async def test_a_refresh_needs_the_app_and_a_token(stage: Stage) -> None:
    _, refresh = await stage.pair(stage.world.bob.id)
    form = {"grant_type": "refresh_token"}

    assert await stage.refused(form) == (400, "invalid_request")
    assert await stage.refused(form | {"refresh_token": "void"}) == (400, "invalid_grant")
    assert await stage.refused(form | {"refresh_token": refresh}, known=False) == (
        400,
        "invalid_client",
    )


# --- exchange ---


async def test_a_token_is_restricted_to_a_folder(stage: Stage) -> None:
    bob = stage.world.bob
    inside = await bob.made(kind="upload", path="/in/deep/a.txt")
    outside = await bob.made(kind="upload", path="/out/b.txt")
    root = await bob.get("/2.0/folders/0/items")
    folder = next(entry for entry in root["entries"] if entry["name"] == "in")
    form = {
        "grant_type": EXCHANGE,
        "subject_token": bob.token or "",
        "subject_token_type": ACCESS_TOKEN,
        "scope": "item_preview base_explorer",
        "resource": f"https://api.box.com/2.0/folders/{folder['id']}",
    }

    answer = await stage.token(form, known=False)

    assert answer["issued_token_type"] == ACCESS_TOKEN
    assert answer["restricted_to"] == [
        {"scope": scope, "object": folder} for scope in ("item_preview", "base_explorer")
    ]
    client = await stage.world.client(answer["access_token"])
    statuses = {
        path: (await client.ask("GET", path)).status_code
        for path in (
            f"/2.0/files/{inside}",
            f"/2.0/folders/{folder['id']}",
            f"/2.0/folders/{folder['id']}/items",
            f"/2.0/files/{outside}",
            "/2.0/folders/0",
            "/2.0/folders/0/items",
            "/2.0/events",
            "/2.0/folders/trash/items",
        )
    }
    assert list(statuses.values()) == [200, 200, 200, 404, 404, 404, 403, 403]
    assert (await client.ask("OPTIONS", "/2.0/events")).status_code == 403
    change = {"kind": "create_folder", "path": "/in/new"}
    assert (await client.ask("POST", "/v1/changes", json=change)).status_code == 403


async def test_a_token_that_is_restricted_to_a_file_reads_that(stage: Stage) -> None:
    bob = stage.world.bob
    ids = [await bob.made(kind="upload", path=f"/{name}") for name in ("a.txt", "b.txt")]
    answer = await stage.token(
        {
            "grant_type": EXCHANGE,
            "subject_token": bob.token or "",
            "scope": "item_read",
            "resource": f"http://feed.test:8787/2.0/files/{ids[0]}",
        },
        known=False,
    )
    client = await stage.world.client(answer["access_token"])

    assert answer["restricted_to"][0]["object"]["name"] == "a.txt"
    assert [(await client.ask("GET", f"/2.0/files/{id}")).status_code for id in ids] == [200, 404]


async def test_the_home_as_a_resource_has_what_is_mounted_in_it(stage: Stage) -> None:
    world = stage.world
    await world.shared(world.ann, "team", world.bob)
    id = await world.ann.made(kind="upload", path="/team/a.txt")
    answer = await stage.token(
        {
            "grant_type": EXCHANGE,
            "subject_token": world.bob.token or "",
            "scope": "item_read",
            "resource": "http://feed.test/2.0/folders/0",
        },
        known=False,
    )
    client = await world.client(answer["access_token"])

    assert (await client.get(f"/2.0/files/{id}"))["name"] == "a.txt"
    assert (await client.ask("GET", "/2.0/events")).status_code == 403


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"subject_token": "void"}, "invalid_grant"),
        ({"subject_token": ""}, "invalid_request"),
        ({"scope": ""}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request"),
        ({"resource": "http://feed.test/2.0/folders/999999"}, "invalid_target"),
        ({"resource": "http://feed.test/2.0/files/0"}, "invalid_target"),
        ({"resource": "http://feed.test/2.0/users/1001"}, "invalid_target"),
        ({"resource": "http://[::1/2.0/files/1"}, "invalid_target"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"box_shared_link": "https://app.box.com/s/x"}, "invalid_request"),
        ({"client_id": "nobody", "client_secret": "x"}, "invalid_client"),
    ],
)
async def test_bad_exchanges_are_refused(
    stage: Stage, changes: dict[str, str], refusal: str
) -> None:
    form = {
        "grant_type": EXCHANGE,
        "subject_token": stage.world.bob.token or "",
        "scope": "item_read",
    }

    assert await stage.refused(form | changes, known=False) == (400, refusal)


async def test_an_app_exchanges_no_token_of_another_app(stage: Stage) -> None:
    other = await stage.world.store.commit(
        create_app(stage.app.enterprise, "Other", SCOPES, "o" * 32, digest_of(SECRET))
    )
    token = (await stage.token({"grant_type": "client_credentials"}))["access_token"]
    form = {"grant_type": EXCHANGE, "subject_token": token, "scope": "item_read"}

    assert await stage.refused(form | {"client_id": other.client_id}) == (400, "invalid_grant")
    assert await stage.token(form)


# --- revocation ---


@pytest.mark.parametrize("path", ["/oauth2/revoke", "/api/oauth2/revoke"])
async def test_a_revoked_token_is_void_at_once(stage: Stage, path: str) -> None:
    token = (await stage.credentials_for(stage.world.bob.id))["access_token"]
    assert (await stage.me(token)).status_code == 200

    answer = await stage.post(path, {"token": token})

    assert (answer.status_code, answer.content) == (200, b"{}")
    assert (await stage.me(token)).status_code == 401
    assert (await stage.post(path, {"token": token})).content == b"{}"


async def test_revoking_either_of_a_pair_ends_both_and_the_grant(stage: Stage) -> None:
    for index in (0, 1):
        pair = await stage.pair(stage.world.bob.id)
        grant = (await stage.world.access.identify(pair[0])).grant
        await stage.world.access.load_grant(grant)

        await stage.post("/oauth2/revoke", {"token": pair[index]})

        form = {"grant_type": "refresh_token", "refresh_token": pair[1]}
        assert (await stage.me(pair[0])).status_code == 401
        assert await stage.refused(form) == (400, "invalid_grant")
        assert stage.world.access.may_follow(grant, stage.world.bob.id) is False


async def test_revoking_the_token_of_a_standing_grant_leaves_its_followers_alone(
    stage: Stage,
) -> None:
    token = (await stage.credentials_for(stage.world.bob.id))["access_token"]
    grant = (await stage.world.access.identify(token)).grant

    await stage.post("/oauth2/revoke", {"token": token})

    assert (await stage.world.access.load_grant(grant)).may_follow(stage.world.bob.id)


async def test_who_bears_a_token_may_end_it_and_no_app_that_of_another(stage: Stage) -> None:
    other = await stage.world.store.commit(
        create_app(stage.app.enterprise, "Other", SCOPES, "o" * 32, digest_of(SECRET))
    )
    token = (await stage.token({"grant_type": "client_credentials"}))["access_token"]

    foreign = await stage.post("/oauth2/revoke", {"token": token, "client_id": other.client_id})
    still = (await stage.me(token)).status_code
    wrong = await stage.post("/oauth2/revoke", {"token": token, "client_secret": "wrong"})
    empty = {"client_id": "", "client_secret": "", "token": stage.world.bob.token or ""}
    own = await stage.post("/oauth2/revoke", empty)

    assert (foreign.status_code, foreign.content, still) == (200, b"{}", 200)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
    assert own.content == b"{}"
    assert (await stage.me(stage.world.bob.token or "")).status_code == 401


async def test_what_is_no_token_is_not_told_apart(stage: Stage) -> None:
    assert (await stage.post("/oauth2/revoke", {"token": "void"})).content == b"{}"
    assert (await stage.post("/oauth2/revoke", {})).json()["error"] == "invalid_request"


# --- who may use what ---


async def test_a_refresh_token_opens_nothing(stage: Stage) -> None:
    _, refresh = await stage.pair(stage.world.ann.id)
    client = await stage.world.client(refresh)

    for method, path in (
        ("GET", "/2.0/events"),
        ("OPTIONS", "/2.0/events"),
        ("GET", "/2.0/users/me"),
    ):
        assert (await client.ask(method, path)).status_code == 401


async def test_who_is_refused_too_often_has_to_wait(stage: Stage) -> None:
    client = await stage.world.client(None, failures=limited(2))
    wrong = stage.credentials | {"grant_type": "client_credentials", "client_secret": "wrong"}
    right = stage.credentials | {"grant_type": "client_credentials"}

    answers = [await client.http.post("/oauth2/token", data=wrong) for _ in range(3)]
    after = await client.http.post("/oauth2/token", data=right)

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert (after.status_code, after.json()["error"]) == (429, "temporarily_unavailable")
    assert int(after.headers["retry-after"]) > 0
