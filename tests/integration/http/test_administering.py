"""What operators do with enterprises, users, apps and tokens, through the control socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from typing import Any, TypeVar

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.integration.http.conftest import World
from wakeful.administration import (
    AddEnterprise,
    AddKey,
    AddUser,
    Administration,
    CreateApp,
    CreateToken,
    DeleteApp,
    ListApps,
    ListEnterprises,
    ListTokens,
    ListUsers,
    NewApp,
    Operation,
    RemoveKey,
    RenewSecret,
    RevokeToken,
    SetPassword,
    ShowApp,
    UpdateApp,
    UpdateUser,
    decode_result,
    encode_operation,
)
from wakeful.core.errors import NotFound
from wakeful.core.lookups.credentials import PasswordOf, TokenById
from wakeful.core.passwords import is_password
from wakeful.http.control import build_control_app

T = TypeVar("T")

SCOPES = ("root_readwrite", "manage_managed_users")


@cache
def public_pem(kind: str = "good") -> str:
    key: Any
    if kind == "elliptic":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        bits = 1024 if kind == "short" else 2048
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    encoded: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded.decode()


class Desk:
    """Sends operations through the app of the control socket, and asks the token endpoint."""

    def __init__(self, http: httpx2.AsyncClient, world: World) -> None:
        self.http = http
        self.world = world

    async def do(self, operation: Operation[T]) -> T:
        answer = await self.http.post("/", content=encode_operation(operation))
        assert answer.status_code == 200, answer.text
        return decode_result(operation, answer.content)

    async def refused(self, operation: Operation[Any]) -> tuple[int, str]:
        answer = await self.http.post("/", content=encode_operation(operation))
        return answer.status_code, answer.json()["error"]["code"]

    async def app(self, name: str = "Mirror", **options: Any) -> NewApp:
        return await self.do(CreateApp(name=name, scopes=SCOPES, **options))

    async def sign_in(self, app: NewApp, secret: str | None = None, **form: str) -> httpx2.Response:
        credentials = {
            "grant_type": "client_credentials",
            "client_id": app.app.client_id,
            "client_secret": secret or app.client_secret,
        }
        return await self.world.nobody.http.post("/oauth2/token", data=credentials | form)

    async def login_of(self, token: str) -> str | None:
        answer = await (await self.world.client(token)).ask("GET", "/2.0/users/me")
        login: str | None = answer.json()["login"] if answer.status_code == 200 else None
        return login


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    transport = httpx2.ASGITransport(
        app=build_control_app(Administration(world.store, world.access))
    )
    async with httpx2.AsyncClient(transport=transport, base_url="http://control") as http:
        yield Desk(http, world)


# --- enterprises and users ---


async def test_a_user_belongs_to_the_first_enterprise_or_to_that_which_is_named(
    desk: Desk,
) -> None:
    acme = await desk.do(AddEnterprise(name="Acme"))
    first = (await desk.do(ListEnterprises()))[0]

    dan = await desk.do(AddUser(login="dan"))
    fay = await desk.do(AddUser(login="fay", enterprise="Acme"))
    gus = await desk.do(AddUser(login="gus", enterprise=str(acme.id)))

    assert (dan.enterprise, fay.enterprise, gus.enterprise) == (first.id, acme.id, acme.id)
    assert await desk.refused(AddUser(login="x", enterprise="Nowhere")) == (404, "not_found")
    await desk.do(AddEnterprise(name="Acme"))
    assert await desk.refused(AddUser(login="x", enterprise="Acme")) == (409, "conflict")
    assert await desk.refused(AddEnterprise(name="")) == (400, "invalid_request")


async def test_a_user_is_changed_at_once(desk: Desk) -> None:
    world = desk.world
    assert await desk.login_of(world.bob.token or "") == "bob"

    admin = await desk.do(UpdateUser(user="bob", is_admin=True, name="Robert"))
    disabled = await desk.do(UpdateUser(user=str(world.bob.id), is_disabled=True))
    during = await desk.login_of(world.bob.token or "")
    enabled = await desk.do(UpdateUser(user="bob", is_disabled=False))

    assert (admin.is_admin, admin.name, admin.disabled_at) == (True, "Robert", None)
    assert disabled.disabled_at is not None
    assert during is None
    assert enabled == admin
    assert await desk.login_of(world.bob.token or "") == "bob"


# --- apps ---


async def test_an_app_signs_in_with_what_it_was_told(desk: Desk) -> None:
    made = await desk.app(redirect_uris=("https://a.test/back", "http://localhost:1/back"))

    answer = await desk.sign_in(made)

    assert answer.status_code == 200
    assert made.app in await desk.do(ListApps())
    for name in ("Mirror", str(made.app.id), made.app.client_id):
        assert await desk.do(ShowApp(app=name)) == made.app
    accounts = [user for user in await desk.do(ListUsers()) if user.app == made.app.id]
    assert [user.id for user in accounts] == [made.app.service_account]
    assert await desk.login_of(answer.json()["access_token"]) == accounts[0].login


async def test_a_public_app_has_neither_secret_nor_key(desk: Desk) -> None:
    made = await desk.app("Phone", is_public=True)

    assert (made.client_secret, made.app.is_public) == (None, True)
    assert (await desk.sign_in(made, secret="guess")).status_code == 400
    assert await desk.refused(RenewSecret(app="Phone")) == (409, "conflict")
    keyed = CreateApp(name="x", is_public=True, public_key=public_pem())
    assert await desk.refused(keyed) == (400, "invalid_request")


async def test_browsers_are_sent_where_an_app_says_last(desk: Desk) -> None:
    made = await desk.app(redirect_uris=("https://a.test/back",))

    changed = await desk.do(UpdateApp(app="Mirror", redirect_uris=("http://localhost/cb",)))
    refusal = await desk.refused(UpdateApp(app="Mirror", redirect_uris=("http://a.test",)))
    cleared = await desk.do(UpdateApp(app="Mirror", redirect_uris=()))

    assert changed.redirect_uris == ("http://localhost/cb",)
    assert refusal == (400, "invalid_request")
    assert cleared.redirect_uris == ()
    assert made.app.redirect_uris == ("https://a.test/back",)


async def test_a_password_is_set_for_people_and_kept_by_its_hash(desk: Desk) -> None:
    user = await desk.do(SetPassword(user="ann", password="correct horse"))

    kept = await desk.world.store.ask(PasswordOf(user.id))
    assert kept is not None
    assert is_password("correct horse", kept.hashed)
    assert await desk.refused(SetPassword(user="ann", password="short")) == (400, "invalid_request")
    assert await desk.refused(SetPassword(user="nobody", password="12345678")) == (404, "not_found")
    made = await desk.app()
    account = SetPassword(user=str(made.app.service_account), password="12345678")
    assert await desk.refused(account) == (409, "conflict")


async def test_another_secret_voids_the_one_before(desk: Desk) -> None:
    made = await desk.app()

    renewed = await desk.do(RenewSecret(app="Mirror"))

    assert renewed.app == made.app
    assert (await desk.sign_in(made)).status_code == 400
    assert (await desk.sign_in(renewed)).status_code == 200


async def test_keys_are_added_and_removed(desk: Desk) -> None:
    made = await desk.app(public_key=public_pem())
    (first,) = made.app.keys

    second = await desk.do(AddKey(app="Mirror", public_key=public_pem("second")))
    both = (await desk.do(ShowApp(app="Mirror"))).keys
    await desk.do(RemoveKey(app="Mirror", kid=first.kid))

    assert {key.kid for key in both} == {first.kid, second.kid}
    assert len(first.fingerprint) == 64
    assert first.fingerprint != second.fingerprint
    assert (await desk.do(ShowApp(app="Mirror"))).keys == (second,)
    assert await desk.refused(RemoveKey(app="Mirror", kid=first.kid)) == (404, "not_found")


async def test_a_disabled_app_and_its_tokens_get_nowhere(desk: Desk) -> None:
    made = await desk.app()
    token = (await desk.sign_in(made)).json()["access_token"]
    assert await desk.login_of(token)

    disabled = await desk.do(UpdateApp(app="Mirror", is_disabled=True))
    during = ((await desk.sign_in(made)).status_code, await desk.login_of(token))
    await desk.do(UpdateApp(app="Mirror", is_disabled=False))

    assert disabled.disabled_at is not None
    assert during == (400, None)
    assert (await desk.sign_in(made)).status_code == 200
    assert await desk.login_of(token)


async def test_a_deleted_app_leaves_nothing_that_gets_in(desk: Desk) -> None:
    made = await desk.app()
    by_sign_in = (await desk.sign_in(made)).json()["access_token"]
    by_hand = await desk.do(CreateToken(user=str(made.app.service_account)))
    tokens = (by_sign_in, by_hand.text)
    assert [await desk.login_of(token) is None for token in tokens] == [False, False]

    assert await desk.do(DeleteApp(app="Mirror")) == made.app

    assert [await desk.login_of(token) is None for token in tokens] == [True, True]
    assert (await desk.sign_in(made)).status_code == 400
    assert await desk.refused(ShowApp(app="Mirror")) == (404, "not_found")


async def test_a_name_that_two_apps_have_is_no_name(desk: Desk) -> None:
    first, second = await desk.app(), await desk.app()

    assert await desk.refused(ShowApp(app="Mirror")) == (409, "conflict")
    assert await desk.do(ShowApp(app=str(second.app.id))) == second.app
    assert await desk.do(ShowApp(app=first.app.client_id)) == first.app


# --- tokens ---


async def test_a_token_for_an_app_has_at_most_its_scopes_and_ends_with_it(desk: Desk) -> None:
    await desk.app()

    whole = await desk.do(CreateToken(user="bob", app="Mirror"))
    less = await desk.do(CreateToken(user="bob", app="Mirror", scopes=("root_readonly",)))

    assert (whole.token.app, whole.token.scopes) == ("Mirror", SCOPES)
    assert less.token.scopes == ("root_readonly",)
    more = CreateToken(user="bob", app="Mirror", scopes=("manage_webhook",))
    assert await desk.refused(more) == (400, "invalid_request")
    assert await desk.refused(CreateToken(user="eve", app="Mirror")) == (400, "invalid_request")
    await desk.do(DeleteApp(app="Mirror"))
    assert await desk.login_of(whole.text) is None


async def test_a_refresh_token_is_for_a_registered_app(desk: Desk) -> None:
    made = await desk.app()

    pair = await desk.do(CreateToken(user="bob", app="Mirror", label="laptop", is_refreshed=True))

    assert pair.refresh_token is not None
    answer = await desk.sign_in(made, grant_type="refresh_token", refresh_token=pair.refresh_token)
    assert await desk.login_of(answer.json()["access_token"]) == "bob"
    kinds = [(each.kind, each.label) for each in await desk.do(ListTokens()) if each.label]
    assert kinds == [("refresh", "laptop"), ("access", "laptop")] * 2
    assert await desk.refused(CreateToken(user="bob", is_refreshed=True)) == (
        400,
        "invalid_request",
    )
    assert await desk.refused(
        CreateToken(user="bob", app="Mirror", is_refreshed=True, lifetime=5)
    ) == (400, "invalid_request")


async def test_a_token_is_revoked_alone_or_with_all_under_its_grant(desk: Desk) -> None:
    made = await desk.app()
    world = desk.world
    texts = [(await desk.sign_in(made)).json()["access_token"] for _ in range(3)]
    ids = [(await world.access.identify(text)).token for text in texts]
    grant = (await world.access.identify(texts[0])).grant

    await desk.do(RevokeToken(token=ids[0]))
    first = [await desk.login_of(text) is None for text in texts]
    alive = (await world.access.load_grant(grant)).is_alive
    await desk.do(RevokeToken(token=ids[1], whole_grant=True))

    assert first == [True, False, False]
    assert alive
    assert all([await desk.login_of(text) is None for text in texts])
    assert not (await world.access.load_grant(grant)).is_alive
    assert (await desk.sign_in(made)).status_code == 200


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        (CreateApp(name=""), (400, "invalid_request")),
        (CreateApp(name="x", scopes=("everything",)), (400, "invalid_request")),
        (CreateApp(name="x", enterprise="nowhere"), (404, "not_found")),
        (CreateApp(name="x", public_key="nothing"), (400, "invalid_request")),
        (CreateApp(name="x", public_key="é" * 20_000), (400, "invalid_request")),
        (CreateApp(name="x", redirect_uris=("http://a.test/",)), (400, "invalid_request")),
        (CreateApp(name="x", redirect_uris=("https://a.test/#x",)), (400, "invalid_request")),
        (CreateApp(name="x", redirect_uris=("http://[::1/",)), (400, "invalid_request")),
        (CreateApp(name="x", redirect_uris=("javascript:1",)), (400, "invalid_request")),
        (ShowApp(app="nothing"), (404, "not_found")),
        (UpdateApp(app="1", is_disabled=True), (404, "not_found")),
        (DeleteApp(app="nothing"), (404, "not_found")),
        (RenewSecret(app="nothing"), (404, "not_found")),
        (UpdateUser(user="nobody", name="x"), (404, "not_found")),
    ],
)
async def test_what_cannot_be_done_is_said(
    desk: Desk, operation: Operation[Any], refusal: tuple[int, str]
) -> None:
    assert await desk.refused(operation) == refusal


@pytest.mark.parametrize("kind", ["short", "elliptic"])
async def test_a_key_is_one_by_which_assertions_can_be_checked(desk: Desk, kind: str) -> None:
    await desk.app()

    refusal = await desk.refused(AddKey(app="Mirror", public_key=public_pem(kind)))

    assert refusal == (400, "invalid_request")


async def test_within_an_enterprise_there_is_nothing_of_others(desk: Desk) -> None:
    world = desk.world
    ours, theirs = await desk.do(ListEnterprises())
    app = await desk.app()
    administration = Administration(world.store, world.access)
    bobs = (await world.access.identify(world.bob.token or "")).token

    async def seen(operation: Operation[T]) -> T:
        return await administration.carry_out(operation, theirs.id)

    assert await seen(ListEnterprises()) == (theirs,)
    assert [user.login for user in await seen(ListUsers())] == ["eve"]
    assert await seen(ListApps()) == ()
    assert [token.login for token in await seen(ListTokens())] == ["eve"]
    assert (await seen(AddUser(login="new"))).enterprise == theirs.id
    refused: list[Operation[Any]] = [
        AddUser(login="other", enterprise=str(ours.id)),
        UpdateUser(user="bob", is_admin=True),
        ShowApp(app=app.app.client_id),
        DeleteApp(app=str(app.app.id)),
        CreateToken(user="bob"),
        RevokeToken(token=bobs),
    ]
    for operation in refused:
        with pytest.raises(NotFound):
            await seen(operation)
    made = await seen(CreateToken(user="eve", app="Mirror"))
    assert made.token.app == "Mirror", "a word: there is no such app for them"
    found = await world.store.ask(TokenById(made.token.id))
    assert found is not None
    assert (await world.access.load_grant(found.grant)).app is None
