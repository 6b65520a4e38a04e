"""What a user allows an app, the code for it, and what that is given for."""

from __future__ import annotations

import base64
import hashlib

import pytest
from msgspec.structs import replace

from tests.model.world import World
from wakeful.core.accounts import (
    Revoked,
    create_enterprise,
    create_user,
    digest_of,
    revoke_grant,
    update_user,
)
from wakeful.core.apps import create_app, disable_app
from wakeful.core.consent import (
    BOX_CODE_MS,
    CODE_MS,
    PLAIN,
    S256,
    Challenge,
    Consent,
    Redeemed,
    allow,
    check_redirect_uri,
    is_loopback,
    is_redirect,
    new_code,
    parse_challenge,
    redeem,
    with_granted,
)
from wakeful.core.credentials import AccessType, App, Code, Flow, Token
from wakeful.core.errors import InvalidRequest
from wakeful.core.lookups.credentials import CodeByDigest, GrantById, Grants, TokenById
from wakeful.core.signin import (
    ACCESS_MS,
    REFRESH_MS,
    SHORT_MS,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    Pair,
    refresh,
    sign_in,
)

SCOPES = ("root_readwrite", "manage_managed_users")
URI = "https://app.test/back"
VERIFIER = "v" * 43
S256_OF_IT = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


class Stage:
    """An app, and Ann, who allows it things."""

    def __init__(self, secret: bytes = b"s" * 32) -> None:
        self.world = World()
        self.app: App = self.world.commit(
            create_app(self.world.enterprise, "Mirror", SCOPES, "client", secret, (URI,))
        )
        self._count = 0

    def fresh(self) -> bytes:
        self._count += 1
        return digest_of(str(self._count))

    def consent(
        self,
        flow: Flow = Flow.DROPBOX,
        access_type: AccessType = AccessType.OFFLINE,
        redirect_uri: str | None = None,
        challenge: Challenge | None = None,
        user: int | None = None,
        scopes: tuple[str, ...] = ("root_readonly",),
    ) -> Consent:
        return Consent(
            app=self.app.id,
            user=self.world.ann.id if user is None else user,
            scopes=scopes,
            flow=flow,
            access_type=access_type,
            redirect_uri=redirect_uri,
            challenge=challenge,
        )

    def allow(self, consent: Consent | None = None) -> Code:
        return self.world.commit(allow(consent or self.consent(), self.fresh()))

    def redeem(
        self,
        code: Code,
        *,
        app: int | None = None,
        redirect_uri: str | None = None,
        verifier: str | None = None,
    ) -> Redeemed:
        found = self.try_again(code, app=app, redirect_uri=redirect_uri, verifier=verifier)
        assert isinstance(found, Redeemed)
        return found

    def try_again(
        self,
        code: Code,
        *,
        app: int | None = None,
        redirect_uri: str | None = None,
        verifier: str | None = None,
    ) -> Redeemed | Revoked:
        return self.world.commit(
            redeem(
                app or self.app.id,
                code.digest,
                self.fresh(),
                self.fresh(),
                redirect_uri=redirect_uri,
                verifier=verifier,
            )
        )

    def refresh(self, token: Token | None, scopes: tuple[str, ...] | None = None) -> Pair:
        assert token is not None
        pair = self.world.commit(
            refresh(self.app.id, token.digest, self.fresh(), self.fresh(), scopes)
        )
        assert isinstance(pair, Pair)
        return pair


@pytest.fixture
def stage() -> Stage:
    return Stage()


# --- what is asked for ---


@pytest.mark.parametrize(
    ("text", "method", "found"),
    [
        (None, None, None),
        (S256_OF_IT, S256, Challenge(S256_OF_IT, S256)),
        (VERIFIER, PLAIN, Challenge(VERIFIER, PLAIN)),
        pytest.param(VERIFIER, None, Challenge(VERIFIER, PLAIN), id="plain by default"),
    ],
)
def test_a_challenge_is_read(text: str | None, method: str | None, found: Challenge | None) -> None:
    assert parse_challenge(text, method) == found


@pytest.mark.parametrize(
    ("text", "method"),
    [
        pytest.param(None, S256, id="a method alone"),
        pytest.param(VERIFIER, "S512", id="another method"),
        pytest.param("short", S256, id="too short"),
        pytest.param("v" * 129, PLAIN, id="too long"),
        pytest.param("+" * 43, PLAIN, id="other characters"),
    ],
)
def test_what_is_no_challenge_is_refused(text: str | None, method: str | None) -> None:
    with pytest.raises(InvalidRequest):
        parse_challenge(text, method)


@pytest.mark.parametrize(
    ("registered", "asked", "is_good"),
    [
        (URI, URI, True),
        (URI, URI + "/", False),
        (URI, URI + "?x=1", False),
        (URI, "https://app.test:8443/back", False),
        (URI, "https://app.test.evil.test/back", False),
        ("http://localhost/cb", "http://localhost:4711/cb", True),
        ("http://127.0.0.1:80/cb", "http://127.0.0.1:4711/cb", True),
        ("http://[::1]/cb", "http://[::1]:4711/cb", True),
        ("http://localhost/cb", "http://127.0.0.1:4711/cb", False),
        ("http://localhost/cb", "http://localhost:4711/other", False),
        ("http://localhost/cb", "http://localhost:4711/cb?x=1", False),
        ("http://localhost/cb", "http://localhost:4711/cb#x", False),
        ("http://localhost/cb", "http://localhost:port/cb", False),
        ("http://localhost/cb", "http://evil.test@localhost:1/cb", False),
        ("http://localhost/cb", "http://localhost:1@evil.test/cb", False),
        ("http://localhost/cb", "http://evil.test/cb", False),
        ("http://localhost/cb", "https://localhost:4711/cb", False),
        ("http://localhost/cb", "http://localhost:1/cb\r\nX: y", False),
    ],
)
def test_a_browser_is_sent_to_the_letter_but_to_any_port_of_its_own_machine(
    registered: str, asked: str, is_good: bool
) -> None:
    assert is_redirect(("https://other.test", registered), asked) is is_good


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.test",
        "https://app.test:8443/back?of=app&x=%20(1)",
        "https://192.0.2.1/back",
        "https://[2001:db8::1]:8443/back",
        "http://localhost:53682/",
        "http://127.0.0.1",
        "http://[::1]:1/cb",
    ],
)
def test_browsers_are_sent_by_tls_or_to_programs_on_the_users_machine(uri: str) -> None:
    check_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("", id="nothing"),
        pytest.param("https:///back", id="no host"),
        pytest.param("http://app.test/", id="no TLS"),
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("https://user@app.test/", id="a user"),
        pytest.param("https://app.test/#x", id="a fragment"),
        pytest.param("https://app.test/#", id="an empty fragment"),
        pytest.param("https://*.app.test/", id="a wildcard"),
        pytest.param("https://app.test/\r\nX-Evil: 1", id="another header"),
        pytest.param("https://app.test/\tx", id="what Python would take away"),
        pytest.param("https://app.test;script-src 'unsafe-inline'", id="another policy"),
        pytest.param("https://app.test,evil.test/", id="two hosts"),
        pytest.param("https://app.test\\.evil.test/", id="what browsers take for a slash"),
        pytest.param("http://localhost\\@evil.test/", id="what browsers take for a user"),
        pytest.param("https://app.test:x/", id="a port that is none"),
        pytest.param("https://app.test:/", id="an empty port"),
        pytest.param("https://[::1/", id="half an address"),
        pytest.param("https://b\u00fccher.test/", id="letters that DNS has not"),
        pytest.param("https://app.test/" + "x" * 2000, id="too long"),
    ],
)
def test_what_browsers_could_read_otherwise_is_no_redirect_uri(uri: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_redirect_uri(uri)

    assert caught.value.field == "redirect_uris"


def test_a_program_on_the_users_own_machine_is_told_from_others() -> None:
    assert is_loopback("http://localhost:4711/cb")
    assert not is_loopback(URI)


def test_a_code_is_easily_copied() -> None:
    assert len({new_code() for _ in range(100)}) == 100
    assert len(new_code()) == 24
    assert new_code().isalnum()


# --- the code ---


@pytest.mark.parametrize(
    ("flow", "lives"),
    [(Flow.BOX, BOX_CODE_MS), (Flow.DROPBOX, CODE_MS), (Flow.DROPBOX_1, CODE_MS)],
)
def test_a_code_lives_as_long_as_its_dialect_says(stage: Stage, flow: Flow, lives: int) -> None:
    early, late = (stage.allow(stage.consent(flow, AccessType.ONLINE)) for _ in range(2))

    stage.world.clock.now = early.created_at + lives - 10
    assert stage.redeem(early)
    stage.world.clock.now = late.created_at + lives
    with pytest.raises(InvalidGrant, match="not valid"):
        stage.redeem(late)


def test_a_code_says_what_was_allowed(stage: Stage) -> None:
    code = stage.allow()

    assert stage.world.ask(CodeByDigest(code.digest)) == code
    assert (code.app, code.user, code.scopes) == (
        stage.app.id,
        stage.world.ann.id,
        ("root_readonly",),
    )
    assert code.grant is None


def test_only_people_of_the_apps_enterprise_allow_it_something(stage: Stage) -> None:
    elsewhere = stage.world.commit(create_enterprise("Elsewhere"))
    eve = stage.world.commit(create_user(elsewhere.id, "eve@elsewhere"))
    stage.world.commit(update_user(stage.world.bob.id, is_disabled=True))

    for user in (eve.id, stage.world.bob.id, stage.app.service_account, 999_999):
        with pytest.raises(InvalidGrant):
            stage.allow(stage.consent(user=user))


def test_only_admins_allow_what_only_they_can(stage: Stage) -> None:
    asked = stage.consent(scopes=("root_readonly", "manage_managed_users"))

    before = stage.allow(asked)
    stage.world.commit(update_user(stage.world.ann.id, is_admin=True))
    after = stage.allow(asked)

    assert before.scopes == ("root_readonly",)
    assert after.scopes == ("root_readonly", "manage_managed_users")


def test_a_disabled_app_is_allowed_nothing_and_gets_nothing(stage: Stage) -> None:
    code = stage.allow()
    stage.world.commit(disable_app(stage.app.id, is_disabled=True))

    with pytest.raises(InvalidClient):
        stage.allow()
    with pytest.raises(InvalidClient):
        stage.redeem(code)


# --- what it is given for ---


def test_boxs_clients_get_a_pair_that_rotates(stage: Stage) -> None:
    found = stage.redeem(stage.allow(stage.consent(Flow.BOX, AccessType.ROTATING)))

    assert found.refresh is not None
    assert found.access.expires_at == found.access.created_at + ACCESS_MS
    assert found.refresh.expires_at == found.refresh.created_at + REFRESH_MS
    assert stage.refresh(found.refresh).refresh.id != found.refresh.id


def test_offline_is_a_refresh_token_that_stays(stage: Stage) -> None:
    found = stage.redeem(stage.allow())

    assert found.refresh is not None
    assert found.refresh.expires_at is None
    assert found.access.expires_at == found.access.created_at + SHORT_MS
    for _ in range(3):
        pair = stage.refresh(found.refresh)
        assert pair.refresh == found.refresh
        assert pair.access.family == found.access.family
    narrow = stage.refresh(found.refresh, ("item_read",)).access
    assert narrow.scopes == ("item_read",)
    with pytest.raises(InvalidScope):
        stage.refresh(found.refresh, ("root_readwrite",))


def test_online_is_an_access_token_alone(stage: Stage) -> None:
    found = stage.redeem(stage.allow(stage.consent(access_type=AccessType.ONLINE)))

    assert found.refresh is None
    assert found.access.expires_at == found.access.created_at + SHORT_MS


def test_legacy_is_an_access_token_that_does_not_expire(stage: Stage) -> None:
    found = stage.redeem(stage.allow(stage.consent(access_type=AccessType.LEGACY)))

    assert found.refresh is None
    assert found.access.expires_at is None


def test_each_consent_has_a_grant_of_its_own_with_what_was_allowed(stage: Stage) -> None:
    first, second = stage.redeem(stage.allow()), stage.redeem(stage.allow())

    grant = stage.world.ask(GrantById(first.access.grant))
    assert grant is not None
    assert (grant.user, grant.app, grant.app_id) == (stage.world.ann.id, "Mirror", stage.app.id)
    assert (grant.scopes, grant.standing) == (("root_readonly",), False)
    assert first.code.grant == grant.id
    assert second.access.grant != grant.id


def test_a_code_that_comes_again_ends_what_it_was_given_for(stage: Stage) -> None:
    code = stage.allow()
    other = stage.redeem(stage.allow())
    found = stage.redeem(code)

    again = stage.try_again(code)
    once_more = stage.try_again(code)

    assert isinstance(again, Revoked)
    assert isinstance(once_more, Revoked)
    assert again.grant is not None
    assert again.grant.revoked_at is not None
    assert again.grant == once_more.grant
    assert {token.id for token in again.tokens} == {
        found.access.id,
        found.refresh.id if found.refresh else 0,
    }
    spared = stage.world.ask(GrantById(other.access.grant))
    assert spared is not None
    assert spared.revoked_at is None


def test_a_code_is_that_of_its_app(stage: Stage) -> None:
    other = stage.world.commit(
        create_app(stage.world.enterprise, "Other", SCOPES, "other", b"s" * 32)
    )
    code = stage.allow()

    with pytest.raises(InvalidGrant):
        stage.redeem(code, app=other.id)
    with pytest.raises(InvalidGrant):
        stage.redeem(replace(code, digest=digest_of("guess")))
    assert stage.redeem(code)


@pytest.mark.parametrize(
    ("flow", "asked", "shown", "is_good"),
    [
        pytest.param(Flow.DROPBOX, URI, URI, True, id="the same"),
        pytest.param(Flow.DROPBOX, None, None, True, id="none, as it was"),
        pytest.param(Flow.DROPBOX, URI, None, False, id="none any more"),
        pytest.param(Flow.DROPBOX, URI, URI + "x", False, id="another"),
        pytest.param(Flow.DROPBOX, None, URI, False, id="one now"),
        pytest.param(Flow.BOX, URI, None, True, id="Box's clients need not"),
        pytest.param(Flow.BOX, URI, URI + "x", False, id="Box's clients, another"),
    ],
)
def test_a_code_is_bound_to_its_redirect_uri(
    stage: Stage, flow: Flow, asked: str | None, shown: str | None, is_good: bool
) -> None:
    code = stage.allow(stage.consent(flow, AccessType.ONLINE, redirect_uri=asked))

    if is_good:
        assert stage.redeem(code, redirect_uri=shown)
    else:
        with pytest.raises(InvalidGrant, match="redirect_uri"):
            stage.redeem(code, redirect_uri=shown)


@pytest.mark.parametrize(
    "challenge", [Challenge(S256_OF_IT, S256), Challenge(VERIFIER, PLAIN)], ids=["S256", "plain"]
)
def test_a_code_is_bound_to_its_challenge(stage: Stage, challenge: Challenge) -> None:
    code = stage.allow(stage.consent(challenge=challenge))

    for wrong in (None, "w" * 43, "short", S256_OF_IT):
        if challenge.method == PLAIN or wrong != VERIFIER:
            with pytest.raises(InvalidGrant, match="code_verifier"):
                stage.redeem(code, verifier=wrong)
    assert stage.redeem(code, verifier=VERIFIER)


def test_a_verifier_without_a_challenge_is_refused(stage: Stage) -> None:
    with pytest.raises(InvalidGrant, match="code_challenge"):
        stage.redeem(stage.allow(), verifier=VERIFIER)


def test_an_app_without_a_secret_needs_pkce() -> None:
    stage = Stage(secret=b"")

    with pytest.raises(InvalidClient, match="PKCE"):
        stage.redeem(stage.allow())
    assert stage.redeem(
        stage.allow(stage.consent(challenge=Challenge(VERIFIER, PLAIN))), verifier=VERIFIER
    )


def test_a_user_who_was_disabled_since_gives_nothing(stage: Stage) -> None:
    code = stage.allow()
    stage.world.commit(update_user(stage.world.ann.id, is_disabled=True))

    with pytest.raises(InvalidGrant):
        stage.redeem(code)


# --- what was allowed before ---


def test_what_was_allowed_before_is_added_where_it_is_asked_for(stage: Stage) -> None:
    ann = stage.world.ann.id
    stage.world.commit(update_user(ann, is_admin=True))
    stage.redeem(stage.allow(stage.consent(scopes=("manage_managed_users",))))
    gone = stage.redeem(stage.allow(stage.consent(scopes=("root_readwrite",))))
    stage.world.commit(revoke_grant(gone.access.grant))
    stage.world.commit(sign_in(stage.app.id, ann, stage.fresh()))
    grants = stage.world.ask(Grants(ann))

    found = with_granted(stage.app, ("root_readonly",), grants)

    assert found == ("root_readonly", "manage_managed_users")
    smaller = replace(stage.app, scopes=("root_readonly",))
    assert with_granted(smaller, ("root_readonly",), grants) == ("root_readonly",)


def test_a_token_that_stays_ends_with_its_line(stage: Stage) -> None:
    found = stage.redeem(stage.allow())
    stage.try_again(found.code)

    with pytest.raises(InvalidGrant):
        stage.refresh(found.refresh)
    assert stage.world.ask(TokenById(found.access.id)) == found.access
