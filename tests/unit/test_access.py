"""Who may do what: tokens, revocation, acting for others, and what a channel is worth."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.model.stages import StagedStore, turns
from tests.model.world import Clock, World
from wakeful import access as access_module
from wakeful.access import ALL_SCOPES, Access, Identity, open_access, wall_clock
from wakeful.core.accounts import (
    create_enterprise,
    create_grant,
    create_token,
    create_user,
    digest_of,
    new_token,
)
from wakeful.core.errors import Forbidden, NotFound, Unauthenticated
from wakeful.core.events import StreamClass
from wakeful.core.items import Token
from wakeful.core.lookups import GrantById, Lookup, TokenByDigest, UserById
from wakeful.core.positions import LAST_EPOCH, position
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


@pytest.fixture
def stage() -> Stage:
    return Stage()


# --- tokens ---


async def test_a_token_says_who_bears_it(stage: Stage) -> None:
    identity = await stage.identify()

    assert identity == Identity(
        user=stage.world.ann.id,
        enterprise=stage.world.enterprise,
        grant=stage.grant,
        scopes=frozenset(ALL_SCOPES),
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
        assert await stage.access.grant_alive(token.grant)

    assert sum(stage.access.known(text) is not None for text, _ in texts) == 2
    assert sum(stage.access.grant_known(token.grant) is not None for _, token in texts) == 2


# --- revocation ---


async def test_a_token_that_is_revoked_is_void_at_once_and_its_grant_is_not(stage: Stage) -> None:
    other, _ = stage.new_token()
    await stage.identify()
    await stage.access.identify(other)
    assert await stage.access.grant_alive(stage.grant)

    await stage.access.revoke_token(stage.token.id)

    assert stage.access.known(stage.text) is None
    with pytest.raises(Unauthenticated):
        await stage.identify()
    assert stage.access.known(other) is not None
    assert stage.access.grant_known(stage.grant) is True


async def test_a_grant_that_is_revoked_takes_its_tokens_and_channels_along(stage: Stage) -> None:
    texts = [stage.text, stage.new_token()[0]]
    bobs, _ = stage.new_token(stage.grant_of(stage.world.bob.id))
    for text in (*texts, bobs):
        await stage.access.identify(text)
    ended: list[int] = []
    stage.access.on_revoked(ended.append)

    await stage.access.revoke_grant(stage.grant)

    for text in texts:
        assert stage.access.known(text) is None
        with pytest.raises(Unauthenticated, match="grant"):
            await stage.access.identify(text)
    assert stage.access.known(bobs) is not None
    assert stage.access.grant_known(stage.grant) is False
    assert await stage.access.grant_alive(stage.grant) is False
    assert ended == [stage.grant]


async def test_a_grant_is_alive_until_it_is_revoked(stage: Stage) -> None:
    assert stage.access.grant_known(stage.grant) is None
    assert await stage.access.grant_alive(stage.grant) is True
    assert stage.access.grant_known(stage.grant) is True
    assert await stage.access.grant_alive(999_999) is False


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

    assert await stage.access.grant_alive(stage.grant) is False
    assert stage.access.grant_known(stage.grant) is False


async def test_a_look_up_that_another_revocation_disturbs_is_made_again(stage: Stage) -> None:
    other = stage.grant_of(stage.world.bob.id)
    stage.between(GrantById, lambda: stage.access.revoke_grant(other))

    assert await stage.access.grant_alive(stage.grant) is True
    assert len([ask for ask in stage.store.asked if isinstance(ask, GrantById)]) == 2


@pytest.mark.parametrize("what", ["token", "grant"])
async def test_a_revocation_goes_on_when_who_asked_for_it_is_gone(stage: Stage, what: str) -> None:
    """The store may have carried it out already: then the cache must hear of it."""
    await stage.identify()
    assert await stage.access.grant_alive(stage.grant)
    committed = asyncio.Event()
    stage.store.after_commit = committed.wait  # type: ignore[assignment]
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
    assert stage.access.grant_known(stage.grant) is (what == "token")


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


# --- channels ---


PLACE = position(3, 17)


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.sampled_from(StreamClass),
    st.integers(0, position(LAST_EPOCH, 2**40 - 1)),
)
def test_a_channel_says_what_it_was_made_for(
    stream: int, grant: int, cls: StreamClass, place: int
) -> None:
    access = Access(World().store, SECRET)

    text = access.channel(stream, grant, cls, place)
    channel = access.open_channel(text)

    assert (channel.stream, channel.grant, channel.cls, channel.position) == (
        stream,
        grant,
        cls,
        place,
    )
    assert len(channel.nonce) == 8
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_channels_that_are_alike_differ(stage: Stage) -> None:
    texts = {stage.access.channel(1, 2, StreamClass.ALL, PLACE) for _ in range(100)}

    assert len(texts) == 100


@settings(max_examples=30)
@given(st.data())
def test_a_channel_with_any_other_character_is_none(data: st.DataObject) -> None:
    access = Access(World().store, SECRET)
    text = access.channel(1, 2, StreamClass.SYNC, PLACE)
    index = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(
        st.sampled_from("ABCDwxyz0189-_+/=. \n%é\0\ud800").filter(lambda one: one != text[index])
    )

    with pytest.raises(NotFound):
        access.open_channel(text[:index] + char + text[index + 1 :])


def test_a_channel_with_any_bit_flipped_is_none(stage: Stage) -> None:
    text = stage.access.channel(1, 2, StreamClass.ALL, PLACE)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    for bit in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotFound):
            stage.access.open_channel(base64.urlsafe_b64encode(flipped).rstrip(b"=").decode())


def test_a_channel_has_one_text(stage: Stage) -> None:
    """Base64 has more than one text for the same bytes."""
    text = stage.access.channel(1, 2, StreamClass.ALL, PLACE)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [text[:-1] + char for char in alphabet if char != text[-1]]

    for other in (*others, text + "=", text + "==", text + "\n", " " + text, text + "A"):
        with pytest.raises(NotFound):
            stage.access.open_channel(other)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 20, 66])
def test_a_channel_that_was_cut_off_is_none(stage: Stage, length: int) -> None:
    text = stage.access.channel(1, 2, StreamClass.ALL, PLACE)

    with pytest.raises(NotFound):
        stage.access.open_channel(text[:length])


def test_a_channel_of_another_server_is_none(stage: Stage) -> None:
    text = Access(stage.store, b"t" * 32).channel(1, 2, StreamClass.ALL, PLACE)

    with pytest.raises(NotFound):
        stage.access.open_channel(text)


def test_a_signature_made_for_another_purpose_makes_no_channel(stage: Stage) -> None:
    text = stage.access.channel(1, 2, StreamClass.ALL, PLACE)
    body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-16]
    signed = body + stage.access._sign(b"cursor", body)

    with pytest.raises(NotFound):
        stage.access.open_channel(base64.urlsafe_b64encode(signed).rstrip(b"=").decode())


def test_a_channel_of_a_version_to_come_is_none(stage: Stage) -> None:
    text = stage.access.channel(1, 2, StreamClass.ALL, PLACE)
    body = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-16])
    body[0] += 1
    signed = bytes(body) + stage.access._sign(b"channel", bytes(body))

    with pytest.raises(NotFound):
        stage.access.open_channel(base64.urlsafe_b64encode(signed).rstrip(b"=").decode())


async def test_a_channel_outlives_the_server_that_gave_it(stage: Stage) -> None:
    first = await open_access(stage.store, stage.clock)
    text = first.channel(1, 2, StreamClass.CHANGES, PLACE)

    again = await open_access(stage.store, stage.clock)

    assert again.open_channel(text).position == PLACE


async def test_each_store_signs_with_a_secret_of_its_own(stage: Stage) -> None:
    one, other = await open_access(stage.store), await open_access(World().store)

    with pytest.raises(NotFound):
        other.open_channel(one.channel(1, 2, StreamClass.ALL, PLACE))


def test_the_clock_tells_the_time_in_milliseconds() -> None:
    assert 1_700_000_000_000 < wall_clock() < 10_000_000_000_000
