"""Who may do what: tokens, revocation, acting for others, and what a channel is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.model.stages import StagedStore, turns
from tests.model.world import Clock, World
from wakeful import access as access_module
from wakeful.access import ALL_SCOPES, Access, Concerned, Identity
from wakeful.core.accounts import (
    create_enterprise,
    create_grant,
    create_token,
    create_user,
    digest_of,
    new_token,
    update_user,
)
from wakeful.core.apps import create_app, delete_app, disable_app
from wakeful.core.credentials import App, Token
from wakeful.core.errors import Forbidden, NotFound, StoreFailed, Unauthenticated
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.credentials import GrantById, TokenByDigest
from wakeful.core.lookups.people import UserById
from wakeful.core.scopes import included
from wakeful.core.signin import exchange, issue_pair
from wakeful.core.writes import PutGrant, Steps

SECRET = b"s" * 32


class Stage:
    """An access over a staged store, in which Ann has a grant and a token."""

    def __init__(self) -> None:
        self.world = World()
        self.store = StagedStore(self.world.store)
        self.clock = Clock()
        self.access = Access(self.store, SECRET, self.clock)
        self.grant = self.grant_of(self.world.ann.id)
        self.text, self.token = self.new_token()

    def grant_of(self, user: int, scopes: tuple[str, ...] = ALL_SCOPES) -> int:
        return self.world.commit(create_grant(user, "app", scopes)).id

    def new_token(self, grant: int | None = None, lifetime: int | None = None) -> tuple[str, Token]:
        text = new_token()
        token = self.world.commit(
            create_token(grant or self.grant, digest_of(text), lifetime=lifetime)
        )
        return text, token

    def between(self, kind: type[Lookup[Any]], act: Callable[[], Awaitable[object]]) -> None:
        """Let *act* happen once, after the next look-up of this kind took its snapshot."""

        async def once(lookup: Lookup[Any]) -> None:
            if isinstance(lookup, kind):
                self.store.between = None
                await act()

        self.store.between = once

    async def identify(self) -> Identity:
        return await self.access.identify(self.text)

    def follows(self, grant: int | None = None) -> bool | None:
        """Whether *grant* is known to be good for Ann's stream."""
        return self.access.may_follow(grant or self.grant, self.world.ann.id)

    def app(self) -> App:
        return self.world.commit(
            create_app(self.world.enterprise, "Mirror", ALL_SCOPES, "client", digest_of("secret"))
        )


@pytest.fixture
def stage() -> Stage:
    return Stage()


# --- tokens ---


async def test_a_token_says_who_bears_it(stage: Stage) -> None:
    identity = await stage.identify()

    assert identity == Identity(
        user=stage.world.ann.id,
        enterprise=stage.world.enterprise,
        home=stage.world.ann.home,
        grant=stage.grant,
        scopes=included(ALL_SCOPES),
        is_admin=False,
        token=stage.token.id,
        expires_at=None,
    )


async def test_who_is_known_costs_no_look_up(stage: Stage) -> None:
    assert stage.access.known(stage.text) is None
    identity = await stage.identify()
    stage.store.asked.clear()

    assert stage.access.known(stage.text) == identity
    assert await stage.identify() == identity
    assert stage.store.asked == []


@pytest.mark.parametrize("text", ["", "nonsense", "\ud800", "x" * 10_000, "'; drop table --"])
async def test_an_unknown_token_is_nobodys(stage: Stage, text: str) -> None:
    with pytest.raises(Unauthenticated):
        await stage.access.identify(text)


async def test_a_token_of_a_user_who_is_gone_is_nobodys(stage: Stage) -> None:
    orphan = stage.world.commit(create_grant(stage.world.bob.id, "app", ALL_SCOPES))

    def steps(_now: int) -> Steps[None]:
        yield PutGrant(replace(orphan, user=999_999))

    stage.world.commit(steps)
    text, _ = stage.new_token(orphan.id)

    with pytest.raises(Unauthenticated, match="user"):
        await stage.access.identify(text)


async def test_a_token_is_void_from_the_millisecond_in_which_it_expires(stage: Stage) -> None:
    text, token = stage.new_token(lifetime=10_000)
    assert token.expires_at is not None
    stage.clock.now = token.expires_at - 2
    assert (await stage.access.identify(text)).token == token.id

    with pytest.raises(Unauthenticated, match="expired"):
        stage.access.known(text)
    with pytest.raises(Unauthenticated, match="expired"):
        await stage.access.identify(text)


async def test_a_token_that_has_expired_is_void_when_it_is_first_seen(stage: Stage) -> None:
    text, token = stage.new_token(lifetime=0)
    stage.clock.now = (token.expires_at or 0) + 1

    with pytest.raises(Unauthenticated, match="expired"):
        await stage.access.identify(text)


async def test_a_scope_is_required_by_name(stage: Stage) -> None:
    text, _ = stage.new_token(stage.grant_of(stage.world.ann.id, ("root_readwrite",)))
    identity = await stage.access.identify(text)

    identity.require("root_readwrite")
    with pytest.raises(Forbidden, match="manage_webhook"):
        identity.require("manage_webhook")


async def test_so_many_tokens_are_cached_and_no_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_module, "_MOST_CACHED", 3)
    texts = [stage.new_token(stage.grant_of(stage.world.bob.id)) for _ in range(5)]

    for text, token in texts:
        assert (await stage.access.identify(text)).token == token.id
        assert (await stage.access.load_grant(token.grant)).is_alive

    assert sum(stage.access.known(text) is not None for text, _ in texts) == 2
    assert sum(stage.follows(token.grant) is not None for _, token in texts) == 2


# --- revocation ---


async def test_a_token_that_is_revoked_is_void_at_once_and_its_grant_is_not(stage: Stage) -> None:
    other, _ = stage.new_token()
    await stage.identify()
    await stage.access.identify(other)
    await stage.access.load_grant(stage.grant)

    await stage.access.revoke_token(stage.token.id)

    assert stage.access.known(stage.text) is None
    with pytest.raises(Unauthenticated):
        await stage.identify()
    assert stage.access.known(other) is not None
    assert stage.follows() is True


async def test_a_grant_that_is_revoked_takes_its_tokens_and_channels_along(stage: Stage) -> None:
    texts = [stage.text, stage.new_token()[0]]
    bobs, _ = stage.new_token(stage.grant_of(stage.world.bob.id))
    for text in (*texts, bobs):
        await stage.access.identify(text)
    await stage.access.load_grant(stage.grant)
    told: list[bool | None] = []
    stage.access.on_withdrawal(lambda: told.append(stage.follows()))

    await stage.access.revoke_grant(stage.grant)

    for text in texts:
        assert stage.access.known(text) is None
        with pytest.raises(Unauthenticated, match="grant"):
            await stage.access.identify(text)
    assert stage.access.known(bobs) is not None
    assert stage.follows() is False
    assert told == [False], "those who keep polls can judge them at once"


async def test_the_last_token_that_is_revoked_takes_its_grant_along(stage: Stage) -> None:
    await stage.access.load_grant(stage.grant)

    revoked = await stage.access.revoke_token(stage.token.id)

    assert revoked.revoked_at is not None
    assert stage.follows() is False


async def test_a_grant_follows_its_users_stream_until_it_is_revoked(stage: Stage) -> None:
    assert stage.follows() is None
    assert (await stage.access.load_grant(stage.grant)).is_alive
    assert stage.follows() is True
    assert not (await stage.access.load_grant(999_999)).is_alive
    assert stage.access.may_follow(999_999, stage.world.ann.id) is False


@pytest.mark.parametrize(
    ("scopes", "follows_enterprise", "follows_others"),
    [
        pytest.param(ALL_SCOPES, True, True, id="all"),
        pytest.param(("manage_managed_users",), False, True, id="users"),
        pytest.param(("manage_enterprise_properties",), True, False, id="enterprise"),
        pytest.param(("root_readwrite",), False, False, id="content"),
    ],
)
async def test_only_an_admin_with_the_scope_follows_other_streams(
    stage: Stage, scopes: tuple[str, ...], follows_enterprise: bool, follows_others: bool
) -> None:
    grant = stage.grant_of(stage.world.ann.id, scopes)
    boss = stage.grant_of((await admin(stage)).user, scopes)

    plain = await stage.access.load_grant(grant)
    worth = await stage.access.load_grant(boss)

    assert worth.may_follow(stage.world.enterprise) is follows_enterprise
    assert worth.may_follow(stage.world.bob.id) is follows_others
    assert not plain.may_follow(stage.world.enterprise)
    assert not plain.may_follow(stage.world.bob.id)
    assert plain.may_follow(stage.world.ann.id)


# --- users and apps that change ---


async def test_in_the_name_of_who_is_disabled_nobody_follows(stage: Stage) -> None:
    boss = (await admin(stage)).grant
    bob, eve = stage.world.bob.id, stage.world.eve.id
    await stage.access.load_grant(boss)
    told: list[list[bool | None]] = []
    stage.access.on_withdrawal(
        lambda: told.append([stage.access.may_follow(boss, each) for each in (bob, eve)])
    )

    for is_disabled in (True, False):
        changed = update_user(bob, is_disabled=is_disabled)
        await stage.access.changing(changed, Concerned(user=bob))

    assert told == [[False, True], [True, True]]


async def test_who_is_admin_no_more_is_none_at_once(stage: Stage) -> None:
    identity = await admin(stage)
    other = await stage.access.load_grant(stage.grant)
    await stage.access.load_grant(identity.grant)
    streams = (identity.user, stage.world.enterprise, stage.world.bob.id)
    told: list[list[bool | None]] = []
    stage.access.on_withdrawal(
        lambda: told.append([stage.access.may_follow(identity.grant, each) for each in streams])
    )

    await stage.access.changing(
        update_user(identity.user, is_admin=False), Concerned(user=identity.user)
    )

    assert told == [[True, False, False]]
    assert await stage.access.load_grant(stage.grant) is other


async def test_who_is_disabled_is_out_at_once_and_in_again_later(stage: Stage) -> None:
    await stage.identify()
    await stage.access.load_grant(stage.grant)
    user = stage.world.ann.id

    await stage.access.changing(update_user(user, is_disabled=True), Concerned(user=user))
    during = (stage.access.known(stage.text), stage.follows())
    with pytest.raises(Unauthenticated, match="disabled"):
        await stage.identify()
    await stage.access.changing(update_user(user, is_disabled=False), Concerned(user=user))

    assert during == (None, False)
    assert (await stage.identify()).user == user
    assert stage.follows() is True


async def test_nobody_acts_for_who_is_disabled(stage: Stage) -> None:
    identity = await admin(stage)
    stage.world.commit(update_user(stage.world.bob.id, is_disabled=True))

    with pytest.raises(Forbidden, match="no such user"):
        await stage.access.act_for(identity, stage.world.bob.id)


async def test_an_app_that_is_disabled_or_gone_takes_its_grants_along(stage: Stage) -> None:
    app = stage.app()
    grant = stage.world.commit(
        create_grant(stage.world.ann.id, "Mirror", ALL_SCOPES, app_id=app.id)
    ).id
    text, _ = stage.new_token(grant)
    followed = []

    async def look() -> None:
        await stage.access.load_grant(grant)
        followed.append(stage.follows(grant))

    assert (await stage.access.identify(text)).app == app.id
    await look()
    for command in (
        disable_app(app.id, is_disabled=True),
        disable_app(app.id, is_disabled=False),
        delete_app(app.id),
    ):
        await stage.access.changing(command, Concerned(app=app.id))
        assert stage.access.known(text) is None
        await look()

    assert followed == [True, False, True, False]
    with pytest.raises(Unauthenticated):
        await stage.access.identify(text)


async def test_what_the_store_does_not_tell_after_a_change_is_not_known(stage: Stage) -> None:
    await stage.access.load_grant(stage.grant)

    async def fail() -> None:
        raise StoreFailed("the disk is gone")

    stage.between(GrantById, fail)
    told: list[bool | None] = []
    stage.access.on_withdrawal(lambda: told.append(stage.follows()))

    await stage.access.changing(
        update_user(stage.world.ann.id, name="Anna"), Concerned(user=stage.world.ann.id)
    )

    assert told == [None]


async def test_a_refresh_token_opens_nothing(stage: Stage) -> None:
    access, refresh = new_token(), new_token()
    stage.world.commit(issue_pair(stage.grant, digest_of(access), digest_of(refresh)))

    assert (await stage.access.identify(access)).grant == stage.grant
    with pytest.raises(Unauthenticated):
        await stage.access.identify(refresh)


async def test_a_narrower_token_has_its_own_scopes_and_no_more_than_the_grant(
    stage: Stage,
) -> None:
    text = new_token()
    folder = stage.world.folder("a")
    stage.world.commit(
        exchange(stage.token.id, digest_of(text), ("item_preview", "root_readonly"), folder.id)
    )

    identity = await stage.access.identify(text)

    assert identity.item == folder.id
    assert identity.scopes == included(("root_readonly",))
    identity.require("item_download")
    with pytest.raises(Forbidden, match="root_readwrite"):
        identity.require("root_readwrite")


async def test_a_token_that_is_restricted_to_an_item_acts_for_nobody_else(stage: Stage) -> None:
    boss = await admin(stage)
    text = new_token()
    stage.world.commit(exchange(boss.token, digest_of(text), ("manage_managed_users",), item=None))
    narrow = await stage.access.identify(text)

    assert (await stage.access.act_for(narrow, stage.world.bob.id)).user == stage.world.bob.id
    with pytest.raises(Forbidden, match="restricted"):
        await stage.access.act_for(replace(narrow, item=5), stage.world.bob.id)


async def test_revoking_again_changes_nothing(stage: Stage) -> None:
    first = await stage.access.revoke_token(stage.token.id)
    gone = await stage.access.revoke_grant(stage.grant)

    assert await stage.access.revoke_token(stage.token.id) == first
    assert await stage.access.revoke_grant(stage.grant) == gone


@pytest.mark.parametrize("what", ["token", "grant"])
async def test_what_does_not_exist_cannot_be_revoked(stage: Stage, what: str) -> None:
    revoke = stage.access.revoke_token if what == "token" else stage.access.revoke_grant

    with pytest.raises(NotFound):
        await revoke(999_999)


@pytest.mark.parametrize("during", [TokenByDigest, GrantById, UserById])
@pytest.mark.parametrize("what", ["token", "grant"])
async def test_what_is_revoked_while_it_is_loaded_is_not_let_in(
    stage: Stage, during: type[Lookup[Any]], what: str
) -> None:
    async def revoke() -> None:
        if what == "token":
            await stage.access.revoke_token(stage.token.id)
        else:
            await stage.access.revoke_grant(stage.grant)

    stage.between(during, revoke)

    with pytest.raises(Unauthenticated):
        await stage.identify()
    assert stage.access.known(stage.text) is None


async def test_a_grant_that_is_revoked_while_it_is_looked_up_is_dead(stage: Stage) -> None:
    stage.between(GrantById, lambda: stage.access.revoke_grant(stage.grant))

    assert not (await stage.access.load_grant(stage.grant)).is_alive
    assert stage.follows() is False


async def test_a_look_up_that_another_revocation_disturbs_is_made_again(stage: Stage) -> None:
    other = stage.grant_of(stage.world.bob.id)
    stage.between(GrantById, lambda: stage.access.revoke_grant(other))

    assert (await stage.access.load_grant(stage.grant)).is_alive
    assert len([ask for ask in stage.store.asked if isinstance(ask, GrantById)]) == 2


@pytest.mark.parametrize("what", ["token", "grant"])
async def test_a_revocation_goes_on_when_who_asked_for_it_is_gone(stage: Stage, what: str) -> None:
    """The store may have carried it out already: then the cache must hear of it."""
    stage.new_token()
    await stage.identify()
    await stage.access.load_grant(stage.grant)
    committed = asyncio.Event()
    stage.store.after_commit = committed.wait
    revoking: asyncio.Task[object] = asyncio.ensure_future(
        stage.access.revoke_token(stage.token.id)
        if what == "token"
        else stage.access.revoke_grant(stage.grant)
    )
    await turns()

    revoking.cancel()
    await asyncio.gather(revoking, return_exceptions=True)
    committed.set()
    await turns()

    assert revoking.cancelled()
    assert stage.access.known(stage.text) is None
    assert stage.follows() is (what == "token")


# --- acting for others ---


async def admin(stage: Stage, scopes: tuple[str, ...] = ALL_SCOPES) -> Identity:
    boss = stage.world.commit(create_user(stage.world.enterprise, "boss", is_admin=True))
    text, _ = stage.new_token(stage.grant_of(boss.id, scopes), lifetime=1_000_000)
    return await stage.access.identify(text)


async def test_an_admin_acts_for_a_user_of_the_enterprise_under_the_same_grant(
    stage: Stage,
) -> None:
    identity = await admin(stage)

    acting = await stage.access.act_for(identity, stage.world.bob.id)

    assert acting.user == stage.world.bob.id
    assert acting.is_admin is False
    assert (acting.grant, acting.token, acting.scopes, acting.expires_at) == (
        identity.grant,
        identity.token,
        identity.scopes,
        identity.expires_at,
    )


async def test_everybody_acts_for_themselves(stage: Stage) -> None:
    identity = await stage.identify()

    assert await stage.access.act_for(identity, identity.user) is identity


async def test_nobody_else_acts_for_others(stage: Stage) -> None:
    plain = await stage.identify()
    limited = await admin(stage, ("root_readwrite",))

    for identity in (plain, limited):
        for user in (stage.world.bob.id, 999_999):
            with pytest.raises(Forbidden, match="only an admin"):
                await stage.access.act_for(identity, user)


async def test_no_admin_acts_for_a_user_of_another_enterprise(stage: Stage) -> None:
    identity = await admin(stage)
    others = stage.world.commit(create_enterprise("Other"))
    stranger = stage.world.commit(create_user(others.id, "stranger"))

    said = []
    for user in (stranger.id, 999_999):
        with pytest.raises(Forbidden) as caught:
            await stage.access.act_for(identity, user)
        said.append(str(caught.value))

    assert said[0] == said[1]
