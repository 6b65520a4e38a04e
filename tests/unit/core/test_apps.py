"""Apps, their secrets, keys and service accounts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.model.world import World
from wakeful.core.accounts import create_grant, digest_of, revoke_grant
from wakeful.core.apps import (
    add_key,
    create_app,
    delete_app,
    disable_app,
    new_client_id,
    new_client_secret,
    new_kid,
    redirect_app,
    remove_key,
    renew_secret,
)
from wakeful.core.credentials import App
from wakeful.core.errors import Conflict, InvalidRequest, NotFound
from wakeful.core.lookups.credentials import AppByClientId, Apps, Grants, PublicKeys
from wakeful.core.lookups.people import UserById
from wakeful.core.writes import PutApp, Steps

SCOPES = ("root_readwrite", "manage_managed_users")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def app(world: World) -> App:
    return world.commit(
        create_app(world.enterprise, " Mirror ", SCOPES, "client", digest_of("secret"), ("u",))
    )


def test_an_app_has_a_service_account_that_is_an_admin(world: World, app: App) -> None:
    account = world.ask(UserById(app.service_account))

    assert (app.name, app.scopes, app.redirect_uris) == ("Mirror", SCOPES, ("u",))
    assert world.ask(AppByClientId("client")) == app
    assert account is not None
    assert (account.name, account.is_admin, account.app) == ("Mirror", True, app.id)
    assert account.login.startswith(f"AutomationUser_{app.id}_")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_a_name_is_one_short_line(world: World, name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.commit(create_app(world.enterprise, name, SCOPES, "c", b""))

    assert caught.value.field == "name"


@pytest.mark.parametrize("scopes", [(), ("everything",), ("item_preview",)])
def test_an_app_has_scopes_that_a_grant_can_have(world: World, scopes: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.commit(create_app(world.enterprise, "Mirror", scopes, "c", b""))

    assert caught.value.field == "scopes"


def test_an_app_belongs_to_an_enterprise_that_exists(world: World) -> None:
    with pytest.raises(NotFound):
        world.commit(create_app(999_999, "Mirror", SCOPES, "c", b""))


def test_an_app_is_disabled_since_the_first_time_and_enabled_again(world: World, app: App) -> None:
    disabled = world.commit(disable_app(app.id, is_disabled=True))
    again = world.commit(disable_app(app.id, is_disabled=True))
    enabled = world.commit(disable_app(app.id, is_disabled=False))

    assert disabled.disabled_at is not None
    assert again == disabled
    assert enabled == app


def test_a_secret_is_replaced(world: World, app: App) -> None:
    renewed = world.commit(renew_secret(app.id, digest_of("new")))

    assert renewed == replace(app, secret=digest_of("new"))
    assert world.ask(AppByClientId("client")) == renewed


def test_a_deleted_app_takes_its_grants_and_its_service_account_along(
    world: World, app: App
) -> None:
    grants = [
        world.commit(create_grant(world.ann.id, "Mirror", SCOPES, app_id=app.id)) for _ in range(2)
    ]
    ended = world.commit(revoke_grant(grants[0].id))
    other = world.commit(create_grant(world.ann.id, "other", SCOPES))
    world.commit(add_key(app.id, "k", "pem"))

    assert world.commit(delete_app(app.id)) == app

    account = world.ask(UserById(app.service_account))
    after = world.ask(Grants(world.ann.id))
    assert world.ask(Apps(world.enterprise)) == ()
    assert world.ask(PublicKeys(app.id)) == ()
    assert account is not None
    assert account.disabled_at is not None
    assert [grant.revoked_at is None for grant in after] == [False, False, True]
    assert (after[0], after[2]) == (ended, other)


def test_an_app_whose_service_account_is_gone_is_deleted_all_the_same(
    world: World, app: App
) -> None:
    def steps(_now: int) -> Steps[None]:
        yield PutApp(replace(app, service_account=999_999))

    world.commit(steps)
    world.commit(delete_app(app.id))

    assert world.ask(Apps(world.enterprise)) == ()


def test_keys_come_and_go(world: World, app: App) -> None:
    key = world.commit(add_key(app.id, "k", "pem"))

    with pytest.raises(Conflict, match="already"):
        world.commit(add_key(app.id, "other", "pem"))
    with pytest.raises(NotFound):
        world.commit(remove_key(app.id, "other"))
    assert world.commit(remove_key(app.id, "k")) == key
    assert world.ask(PublicKeys(app.id)) == ()


def test_an_app_has_so_many_keys_and_no_more(world: World, app: App) -> None:
    for number in range(20):
        world.commit(add_key(app.id, f"k{number}", f"pem {number}"))

    with pytest.raises(Conflict, match="at most"):
        world.commit(add_key(app.id, "more", "pem"))


def test_what_is_no_app_is_not_found(world: World) -> None:
    for command in (
        disable_app(999_999, is_disabled=True),
        renew_secret(999_999, b""),
        delete_app(999_999),
        add_key(999_999, "k", "pem"),
        remove_key(999_999, "k"),
    ):
        with pytest.raises(NotFound):
            world.commit(command)


def test_ids_and_secrets_are_random_letters_and_digits() -> None:
    for make, length in ((new_client_id, 32), (new_client_secret, 32), (new_kid, 8)):
        made = {make() for _ in range(50)}
        assert len(made) == 50
        assert all(len(one) == length and one.isalnum() for one in made)


def test_browsers_are_sent_where_an_app_says_now(world: World, app: App) -> None:
    changed = world.commit(redirect_app(app.id, ("https://a.test", "https://b.test")))

    assert changed == replace(app, redirect_uris=("https://a.test", "https://b.test"))
    assert world.ask(AppByClientId("client")) == changed


def test_a_public_app_has_no_secret_and_gets_none(world: World, app: App) -> None:
    public = world.commit(create_app(world.enterprise, "Phone", SCOPES, "phone", b""))

    assert public.is_public
    assert not app.is_public
    with pytest.raises(Conflict, match="public"):
        world.commit(renew_secret(public.id, digest_of("secret")))
