"""How apps get tokens, and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from msgspec.structs import replace

from tests.model.world import World
from wakeful.core.accounts import (
    Revoked,
    create_enterprise,
    create_grant,
    create_token,
    create_user,
    digest_of,
    revoke_grant,
    revoke_token,
    update_user,
)
from wakeful.core.apps import create_app, disable_app
from wakeful.core.changes import Trash
from wakeful.core.credentials import App, Grant, Token, TokenKind
from wakeful.core.errors import NotFound
from wakeful.core.lookups.credentials import GrantById, Grants, TokenById, Tokens
from wakeful.core.people import Role
from wakeful.core.signin import (
    ACCESS_MS,
    GRACE_MS,
    REFRESH_MS,
    Assertion,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    InvalidTarget,
    Pair,
    exchange,
    issue_pair,
    refresh,
    sign_in,
)
from wakeful.core.writes import PutGrant, PutToken, Steps

SCOPES = ("root_readwrite", "manage_managed_users")


class Stage:
    """An app, and a sign-in of Ann's with it."""

    def __init__(self) -> None:
        self.world = World()
        self.names = (f"token {n}" for n in count())
        self.app = self.new_app("client")
        self.grant = self.world.commit(
            create_grant(self.world.ann.id, "Mirror", SCOPES, app_id=self.app.id)
        )
        self.texts: dict[int, str] = {}
        self.pair = self.kept(
            lambda access, fresh: self.world.commit(issue_pair(self.grant.id, access, fresh))
        )

    def new_app(self, client: str) -> App:
        return self.world.commit(
            create_app(self.world.enterprise, client, SCOPES, client, digest_of("secret"))
        )

    def fresh(self) -> bytes:
        return digest_of(next(self.names))

    def sign_in(
        self,
        user: int | None = None,
        app: int | None = None,
        scopes: tuple[str, ...] | None = None,
        assertion: Assertion | None = None,
    ) -> Token:
        return self.world.commit(
            sign_in(app or self.app.id, user or self.world.ann.id, self.fresh(), scopes, assertion)
        )

    def kept(self, issue: Callable[[bytes, bytes], Pair | Revoked]) -> Pair:
        pair = issue(self.fresh(), self.fresh())
        assert isinstance(pair, Pair)
        return pair

    def refresh(self, token: Token, app: int | None = None) -> Pair | Revoked:
        return self.world.commit(
            refresh(app or self.app.id, token.digest, self.fresh(), self.fresh())
        )

    def next(self, token: Token) -> Pair:
        pair = self.refresh(token)
        assert isinstance(pair, Pair)
        return pair

    def now(self, token: Token) -> Token:
        found = self.world.ask(TokenById(token.id))
        assert found is not None
        return found

    def is_void(self, token: Token) -> bool:
        return self.now(token).revoked_at is not None

    def grant_now(self) -> Grant:
        found = self.world.ask(GrantById(self.grant.id))
        assert found is not None
        return found

    def exchange(
        self, token: Token, scopes: tuple[str, ...] = ("item_read",), item: int | None = None
    ) -> Token:
        return self.world.commit(exchange(token.id, self.fresh(), scopes, item))


@pytest.fixture
def stage() -> Stage:
    return Stage()


# --- by credentials ---


def test_an_app_gets_its_tokens_under_one_standing_grant_for_each_user(stage: Stage) -> None:
    first, second = stage.sign_in(), stage.sign_in()
    bobs = stage.sign_in(stage.world.bob.id)
    own = stage.sign_in(stage.app.service_account)

    grant = stage.world.ask(GrantById(first.grant))
    assert grant is not None
    assert (grant.standing, grant.app_id, grant.scopes) == (True, stage.app.id, SCOPES)
    assert (grant.user, grant.app) == (stage.world.ann.id, "client")
    assert first.expires_at == first.created_at + ACCESS_MS
    assert first.grant == second.grant
    assert len({first.grant, bobs.grant, own.grant, stage.grant.id}) == 4


def test_a_standing_grant_outlives_its_tokens_and_not_its_revocation(stage: Stage) -> None:
    token = stage.sign_in()

    revoked = stage.world.commit(revoke_token(token.id))
    again = stage.sign_in()
    stage.world.commit(revoke_grant(token.grant))
    anew = stage.sign_in()

    assert [each.id for each in revoked.tokens] == [token.id]
    assert revoked.grant is None
    assert again.grant == token.grant
    assert anew.grant != token.grant


def test_an_app_signs_in_with_fewer_scopes_where_it_asks_for_them(stage: Stage) -> None:
    assert stage.sign_in().scopes is None
    assert stage.sign_in(scopes=("item_read",)).scopes == ("item_read",)
    for wrong in ((), ("manage_webhook",), ("everything",)):
        with pytest.raises(InvalidScope):
            stage.sign_in(scopes=wrong)


def test_an_app_signs_in_for_its_own_enterprise_and_for_no_other_app(stage: Stage) -> None:
    world = stage.world
    other = stage.new_app("other")
    stranger = world.commit(create_user(world.commit(create_enterprise("Other")).id, "stranger"))
    world.commit(update_user(world.eve.id, is_disabled=True))

    said = set()
    for user in (other.service_account, stranger.id, world.eve.id, 999_999):
        with pytest.raises(InvalidGrant) as caught:
            stage.sign_in(user)
        said.add(str(caught.value))

    assert len(said) == 1, "which of them it was is nobody's business"


@pytest.mark.parametrize("what", ["missing", "disabled"])
def test_an_app_that_is_no_more_gets_nothing(stage: Stage, what: str) -> None:
    app = 999_999 if what == "missing" else stage.app.id
    stage.world.commit(disable_app(stage.app.id, is_disabled=True))

    with pytest.raises(InvalidClient):
        stage.sign_in(app=app)
    with pytest.raises(InvalidClient):
        stage.refresh(stage.pair.refresh, app=app)


def test_an_assertion_counts_once_for_its_app(stage: Stage) -> None:
    assertion = Assertion("j", stage.world.clock.now + 60_000)
    other = stage.new_app("other")

    stage.sign_in(assertion=assertion)

    with pytest.raises(InvalidGrant, match="jti"):
        stage.sign_in(assertion=assertion)
    assert stage.sign_in(app=other.id, assertion=assertion).id
    assert stage.sign_in(assertion=assertion._replace(jti="k")).id


def test_an_assertion_that_gets_nothing_is_not_used_up(stage: Stage) -> None:
    assertion = Assertion("j", stage.world.clock.now + 60_000)
    with pytest.raises(InvalidGrant):
        stage.sign_in(999_999, assertion=assertion)

    assert stage.sign_in(assertion=assertion).id


# --- refresh ---


def test_a_pair_is_a_line_of_its_own(stage: Stage) -> None:
    access, first = stage.pair

    assert (first.kind, access.kind) == (TokenKind.REFRESH, TokenKind.ACCESS)
    assert first.family == access.family == first.id
    assert first.expires_at == first.created_at + REFRESH_MS
    assert access.expires_at == access.created_at + ACCESS_MS
    with pytest.raises(NotFound):
        stage.world.commit(issue_pair(999_999, b"a", b"b"))
    stage.world.commit(revoke_grant(stage.grant.id))
    with pytest.raises(NotFound):
        stage.world.commit(issue_pair(stage.grant.id, b"a", b"b"))


def test_a_refresh_token_is_given_for_the_next_pair_of_its_line(stage: Stage) -> None:
    second = stage.next(stage.pair.refresh)
    third = stage.next(second.refresh)

    assert stage.now(stage.pair.refresh).used_at is not None
    assert third.refresh.family == stage.pair.refresh.id
    assert third.refresh.parent == second.refresh.id
    assert third.access.grant == stage.grant.id
    assert not stage.is_void(stage.pair.access)


def test_an_answer_that_was_lost_is_given_again_for_a_minute(stage: Stage) -> None:
    lost = stage.next(stage.pair.refresh)

    again = stage.next(stage.pair.refresh)

    assert again.refresh.parent == lost.refresh.parent == stage.pair.refresh.id
    assert stage.next(again.refresh)
    assert not stage.is_void(lost.access), "another thread may have it"


@pytest.mark.parametrize("why", ["too late", "its successor was used"])
def test_a_used_refresh_token_that_comes_again_ends_its_line(stage: Stage, why: str) -> None:
    other = stage.kept(
        lambda access, fresh: stage.world.commit(issue_pair(stage.grant.id, access, fresh))
    )
    second = stage.next(stage.pair.refresh)
    line = [*stage.pair, *second]
    if why == "too late":
        stage.world.clock.now += GRACE_MS
    else:
        line.extend(stage.next(second.refresh))
    derived = stage.exchange(line[-2])

    outcome = stage.refresh(stage.pair.refresh)

    assert isinstance(outcome, Revoked)
    assert {token.id for token in outcome.tokens} == {each.id for each in (*line, derived)}
    assert all(stage.is_void(each) for each in (*line, derived))
    assert outcome.grant is None, "there is another sign-in"
    assert not stage.is_void(other.access)
    with pytest.raises(InvalidGrant):
        stage.refresh(line[-1])


def test_the_grant_ends_with_its_last_line(stage: Stage) -> None:
    stage.next(stage.pair.refresh)

    revoked = stage.world.commit(revoke_token(stage.pair.access.id))

    assert revoked.grant == stage.grant_now()
    assert stage.grant_now().revoked_at is not None


def test_an_access_token_that_expired_does_not_end_the_line(stage: Stage) -> None:
    stage.world.clock.now += ACCESS_MS + 1
    loose = stage.world.commit(create_token(stage.grant.id, stage.fresh()))

    revoked = stage.world.commit(revoke_token(loose.id))

    assert revoked.grant is None, "the refresh token can bear it"


def test_only_a_valid_refresh_token_of_the_app_counts(stage: Stage) -> None:
    world = stage.world
    other = stage.new_app("other")
    orphan = stage.kept(
        lambda access, fresh: world.commit(issue_pair(stage.grant.id, access, fresh))
    ).refresh

    def lose(_now: int) -> Steps[None]:
        yield PutToken(replace(orphan, grant=999_999))

    world.commit(lose)
    said = set()

    def refused(token: Token, app: int | None = None) -> None:
        with pytest.raises(InvalidGrant) as caught:
            stage.refresh(token, app)
        said.add(str(caught.value))

    refused(stage.pair.access)
    refused(replace(stage.pair.refresh, digest=b"nothing"))
    refused(stage.pair.refresh, other.id)
    refused(orphan)
    world.commit(update_user(world.ann.id, is_disabled=True))
    refused(stage.pair.refresh)
    world.commit(update_user(world.ann.id, is_disabled=False))
    world.clock.now += REFRESH_MS
    refused(stage.pair.refresh)
    world.clock.now -= REFRESH_MS
    world.commit(revoke_token(stage.pair.refresh.id))
    refused(stage.pair.refresh)
    assert len(said) == 1


@pytest.mark.parametrize("what", ["grant", "user"])
def test_a_refresh_token_whose_grant_is_void_counts_no_more(stage: Stage, what: str) -> None:
    def break_it(_now: int) -> Steps[None]:
        if what == "user":
            yield PutGrant(replace(stage.grant, user=999_999))
        else:
            yield PutGrant(replace(stage.grant, revoked_at=1))

    stage.world.commit(break_it)

    with pytest.raises(InvalidGrant):
        stage.refresh(stage.pair.refresh)


# --- exchange ---


def test_a_token_is_exchanged_for_one_that_may_do_less(stage: Stage) -> None:
    folder = stage.world.folder("a/b")
    subject = stage.sign_in()

    narrow = stage.exchange(subject, ("item_read", "item_preview"), folder.id)
    narrower = stage.exchange(narrow, ("item_preview",))

    assert (narrow.scopes, narrow.item) == (("item_read", "item_preview"), folder.id)
    assert (narrower.scopes, narrower.item) == (("item_preview",), folder.id)
    assert narrow.expires_at == subject.expires_at
    assert narrow.parent == subject.id


def test_what_was_made_from_a_token_ends_with_it_and_not_the_other_way_round(
    stage: Stage,
) -> None:
    subject = stage.sign_in()
    narrow = stage.exchange(subject)
    narrower = stage.exchange(narrow)
    other = stage.exchange(subject)

    stage.world.commit(revoke_token(narrow.id))
    first = [stage.is_void(each) for each in (subject, narrow, narrower, other)]
    stage.world.commit(revoke_token(subject.id))

    assert first == [False, True, True, False]
    assert all(stage.is_void(each) for each in (subject, narrow, narrower, other))


def test_a_token_that_never_expires_is_exchanged_for_one_that_does(stage: Stage) -> None:
    forever = stage.world.commit(create_token(stage.grant.id, stage.fresh()))

    narrow = stage.exchange(forever)

    assert narrow.expires_at == narrow.created_at + ACCESS_MS


@pytest.mark.parametrize(
    "scopes", [(), ("manage_webhook",), ("everything",), ("item_read", "root_readwritten")]
)
def test_no_scope_is_added_by_exchange(stage: Stage, scopes: tuple[str, ...]) -> None:
    with pytest.raises(InvalidScope):
        stage.exchange(stage.sign_in(), scopes)


def test_a_narrow_token_is_not_widened_again(stage: Stage) -> None:
    world = stage.world
    inner, outer, beside = world.folder("a/b"), world.at("a"), world.folder("c")
    narrow = stage.exchange(stage.sign_in(), ("item_preview",), outer.id)

    assert stage.exchange(narrow, ("item_preview",), inner.id).item == inner.id
    with pytest.raises(InvalidScope):
        stage.exchange(narrow, ("item_download",))
    with pytest.raises(InvalidTarget):
        stage.exchange(narrow, ("item_preview",), beside.id)


def test_the_root_of_a_home_has_all_that_is_mounted_in_it(stage: Stage) -> None:
    world = stage.world
    team = world.root(world.shared(world.bob, "Team", ann=Role.VIEWER))
    narrow = stage.exchange(stage.sign_in(), item=world.root(world.ann.home).id)

    assert stage.exchange(narrow, item=team.id).item == team.id


def test_nobody_exchanges_for_what_they_do_not_see(stage: Stage) -> None:
    world = stage.world
    trashed = world.folder("gone")
    world.do(Trash(item=world.home("gone")))
    bobs = world.root(world.bob.home)

    for item in (bobs.id, trashed.id, 999_999):
        with pytest.raises(InvalidTarget):
            stage.exchange(stage.sign_in(), item=item)


@pytest.mark.parametrize("why", ["revoked", "expired", "unknown", "grant revoked", "no grant"])
def test_a_void_token_is_exchanged_for_nothing(stage: Stage, why: str) -> None:
    subject = stage.sign_in()
    if why == "revoked":
        stage.world.commit(revoke_token(subject.id))
    elif why == "expired":
        stage.world.clock.now += ACCESS_MS
    elif why == "unknown":
        subject = replace(subject, id=999_999)
    elif why == "grant revoked":
        stage.world.commit(revoke_grant(subject.grant))
    else:

        def lose(_now: int) -> Steps[None]:
            yield PutToken(replace(subject, grant=999_999))

        stage.world.commit(lose)

    with pytest.raises(InvalidGrant):
        stage.exchange(subject)


def test_every_token_is_listed(stage: Stage) -> None:
    before = len(stage.world.ask(Tokens(stage.world.enterprise)))
    stage.exchange(stage.sign_in())

    assert len(stage.world.ask(Tokens(stage.world.enterprise))) == before + 2
    assert len(stage.world.ask(Grants(stage.world.ann.id))) == 2
