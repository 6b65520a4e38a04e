"""People, access, remembered answers and settings."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.contract.conftest import Place
from tests.contract.things import ANNA, BERT, ENTERPRISE, HOME, SHARED, an_enterprise, do
from wakeful.core.credentials import (
    AccessType,
    App,
    Code,
    Flow,
    Grant,
    Password,
    PublicKey,
    Token,
    TokenKind,
)
from wakeful.core.errors import Conflict
from wakeful.core.lookups import Lookup, Remember, Remembered, Setting
from wakeful.core.lookups.credentials import (
    AppByClientId,
    AppById,
    Apps,
    AssertionUsed,
    CodeByDigest,
    GrantById,
    Grants,
    GrantsOfApp,
    PasswordOf,
    PublicKeys,
    StandingGrant,
    TokenByDigest,
    TokenById,
    Tokens,
    TokensOfGrant,
)
from wakeful.core.lookups.journals import JournalPage, ReadJournal
from wakeful.core.lookups.people import (
    DisabledUsers,
    Enterprises,
    MemberById,
    Members,
    MembershipsOf,
    NamespaceById,
    Namespaces,
    UserById,
    UserByLogin,
    Users,
)
from wakeful.core.lookups.trees import ChildByName, Children, ItemById
from wakeful.core.people import Member, Namespace, Role, User
from wakeful.core.ports import Store
from wakeful.core.writes import (
    PutApp,
    PutAssertion,
    PutCode,
    PutGrant,
    PutMember,
    PutNamespace,
    PutPassword,
    PutPublicKey,
    PutRemembered,
    PutSetting,
    PutToken,
    PutUser,
    RemoveApp,
    RemoveMember,
    RemoveNamespace,
    RemovePublicKey,
)

A_USER = User(ANNA, ENTERPRISE, "Anna@Example.com", "Anna", True, HOME, 1_000)
A_GRANT = Grant(20, ANNA, ENTERPRISE, "app", ("read", "write"), 1_000, None)
A_TOKEN = Token(30, b"\x00" * 32, A_GRANT.id, "laptop", 1_000, None, None)
A_APP = App(
    40, ENTERPRISE, "c" * 32, b"\x01" * 32, "Mirror", ("read",), 50, ("https://a.test/cb",), 1_000
)
A_DAY = 24 * 3600 * 1000


async def test_enterprises_come_by_id(store: Store) -> None:
    second, first = an_enterprise(2), an_enterprise(1)

    await store.commit(do(second, first, first))

    assert await store.ask(Enterprises()) == (first.enterprise, second.enterprise)


async def test_a_user_is_found_by_id_and_by_login_in_any_case(store: Store) -> None:
    await store.commit(do(PutUser(A_USER)))

    assert await store.ask(UserById(ANNA)) == A_USER
    assert await store.ask(UserById(BERT)) is None
    assert await store.ask(UserByLogin("aNNA@example.COM")) == A_USER
    assert await store.ask(UserByLogin("bert@example.com")) is None


async def test_a_user_who_changes_login_gives_the_old_one_free(store: Store) -> None:
    await store.commit(do(PutUser(A_USER)))
    other = replace(A_USER, id=BERT, is_admin=False)

    await store.commit(do(PutUser(replace(A_USER, login="new")), PutUser(other)))

    assert await store.ask(UserByLogin("NEW")) == replace(A_USER, login="new")
    assert await store.ask(UserByLogin("anna@example.com")) == other


async def test_a_login_belongs_to_one_user_whatever_its_case(store: Store) -> None:
    await store.commit(do(PutUser(A_USER)))

    with pytest.raises(Conflict):
        await store.commit(
            do(PutSetting("a", b"1"), PutUser(replace(A_USER, id=BERT, login="ANNA@example.com")))
        )

    assert await store.ask(UserById(BERT)) is None
    assert await store.ask(Setting("a")) is None


async def test_a_user_who_is_disabled_and_a_service_account_are_kept_as_such(
    store: Store,
) -> None:
    disabled, service = replace(A_USER, disabled_at=7), replace(A_USER, id=BERT, login="b", app=9)

    await store.commit(do(PutUser(A_USER), PutUser(disabled), PutUser(service)))

    assert await store.ask(UserById(ANNA)) == disabled
    assert await store.ask(Users(ENTERPRISE)) == (disabled, service)


async def test_the_disabled_of_an_enterprise_are_known(store: Store) -> None:
    foreign = replace(A_USER, id=6, login="f", enterprise=2, disabled_at=7)
    await store.commit(do(PutUser(A_USER), PutUser(foreign)))
    assert await store.ask(DisabledUsers(ENTERPRISE)) == frozenset()

    await store.commit(do(PutUser(replace(A_USER, disabled_at=7))))

    assert await store.ask(DisabledUsers(ENTERPRISE)) == {ANNA}
    await store.commit(do(PutUser(A_USER)))
    assert await store.ask(DisabledUsers(ENTERPRISE)) == frozenset()


async def test_users_of_an_enterprise_come_by_id(store: Store) -> None:
    users = [replace(A_USER, id=id, login=f"u{id}") for id in (9, 7, 8)]
    foreign = replace(A_USER, id=6, login="f", enterprise=2)

    await store.commit(do(*(PutUser(user) for user in (*users, foreign))))

    assert [user.id for user in await store.ask(Users(ENTERPRISE))] == [7, 8, 9]


async def test_namespaces_are_found_by_id_and_by_enterprise(store: Store) -> None:
    home = Namespace(HOME, ENTERPRISE, ANNA, 1, True, 1_000)
    shared = Namespace(SHARED, ENTERPRISE, ANNA, 2, False, 2_000)
    foreign = Namespace(5, 2, BERT, 3, False, 3_000)

    await store.commit(do(*(PutNamespace(one) for one in (shared, home, foreign))))

    assert await store.ask(NamespaceById(HOME)) == home
    assert await store.ask(NamespaceById(99)) is None
    assert await store.ask(Namespaces(ENTERPRISE)) == (home, shared)


async def test_members_come_by_user_and_memberships_by_namespace(store: Store) -> None:
    members = [
        Member(SHARED, BERT, Role.EDITOR, "photos", 1),
        Member(SHARED, ANNA, Role.OWNER, "photos", 2),
        Member(HOME, ANNA, Role.OWNER, "", 3),
    ]

    await store.commit(do(*(PutMember(member) for member in members)))

    assert await store.ask(Members(SHARED)) == (members[1], members[0])
    assert await store.ask(MembershipsOf(ANNA)) == (members[2], members[1])
    assert await store.ask(Members(99)) == ()


async def test_a_member_can_change_role_and_leave(store: Store) -> None:
    member = Member(SHARED, BERT, Role.EDITOR, "photos", 1)
    viewer = replace(member, role=Role.VIEWER, mount_key="photos (1)")

    await store.commit(do(PutMember(member), PutMember(viewer)))
    before = await store.ask(Members(SHARED))
    await store.commit(do(RemoveMember(SHARED, BERT), RemoveMember(SHARED, ANNA)))

    assert before == (viewer,)
    assert await store.ask(Members(SHARED)) == ()


async def test_a_membership_is_found_by_its_id_while_it_lasts(store: Store) -> None:
    member = Member(SHARED, BERT, Role.PREVIEWER_UPLOADER, "photos", 1, 77, ANNA, 2)
    other = Member(SHARED, ANNA, Role.OWNER, "photos", 1, 78, ANNA, 1)
    home = Member(HOME, ANNA, Role.OWNER, "", 1)

    await store.commit(do(*(PutMember(each) for each in (member, other, home))))
    before = [await store.ask(MemberById(id)) for id in (77, 78, 0, 99)]
    await store.commit(do(PutMember(replace(member, role=Role.CO_OWNER, modified_at=3))))
    changed = await store.ask(MemberById(77))
    await store.commit(do(RemoveMember(SHARED, BERT)))

    assert before == [member, other, None, None]
    assert changed == replace(member, role=Role.CO_OWNER, modified_at=3)
    assert await store.ask(MemberById(77)) is None
    assert await store.ask(Members(SHARED)) == (other,)


async def test_a_namespace_can_be_removed_alone(store: Store) -> None:
    shared = Namespace(SHARED, ENTERPRISE, ANNA, 2, False, 2_000)
    member = Member(SHARED, BERT, Role.EDITOR, "photos", 1, 77)

    await store.commit(do(PutNamespace(shared), PutMember(member)))
    await store.commit(do(RemoveNamespace(SHARED), RemoveNamespace(99)))

    assert await store.ask(NamespaceById(SHARED)) is None
    assert await store.ask(Namespaces(ENTERPRISE)) == ()
    assert await store.ask(Members(SHARED)) == (member,)


async def test_grants_are_kept_when_they_are_revoked(store: Store) -> None:
    revoked = replace(A_GRANT, revoked_at=5_000)
    other = replace(A_GRANT, id=19, scopes=())

    await store.commit(do(PutGrant(A_GRANT), PutGrant(other), PutGrant(revoked)))

    assert await store.ask(GrantById(A_GRANT.id)) == revoked
    assert await store.ask(Grants(ANNA)) == (other, revoked)
    assert await store.ask(GrantById(99)) is None


async def test_a_token_is_found_by_its_digest(store: Store) -> None:
    await store.commit(do(PutGrant(A_GRANT), PutToken(A_TOKEN)))

    assert await store.ask(TokenByDigest(b"\x00" * 32)) == A_TOKEN
    assert await store.ask(TokenById(A_TOKEN.id)) == A_TOKEN
    assert await store.ask(TokenByDigest(b"\x01" * 32)) is None
    assert await store.ask(TokenById(99)) is None


async def test_a_digest_belongs_to_one_token(store: Store) -> None:
    await store.commit(do(PutToken(A_TOKEN)))

    with pytest.raises(Conflict):
        await store.commit(do(PutToken(replace(A_TOKEN, id=31))))

    assert await store.ask(TokenById(31)) is None


async def test_the_tokens_of_an_enterprise_come_by_id_revoked_ones_too(
    place: Place, store: Store
) -> None:
    place.clock.now = 10
    foreign_grant = replace(A_GRANT, id=21, enterprise=2)
    tokens = [
        replace(A_TOKEN, id=33, digest=b"a", revoked_at=7),
        replace(A_TOKEN, id=32, digest=b"b", expires_at=9),
        replace(A_TOKEN, id=31, digest=b"c", grant=foreign_grant.id),
    ]

    await store.commit(
        do(PutGrant(A_GRANT), PutGrant(foreign_grant), *(PutToken(token) for token in tokens))
    )

    assert await store.ask(Tokens(ENTERPRISE)) == (tokens[1], tokens[0])
    assert await store.ask(TokensOfGrant(foreign_grant.id)) == (tokens[2],)
    assert await store.ask(TokensOfGrant(99)) == ()


async def test_all_of_a_token_is_kept(store: Store) -> None:
    narrow = replace(
        A_TOKEN,
        kind=TokenKind.REFRESH,
        scopes=("item_read", "item_preview"),
        item=7,
        family=8,
        parent=9,
        used_at=10,
    )

    await store.commit(do(PutToken(A_TOKEN), PutToken(narrow)))

    assert await store.ask(TokenById(A_TOKEN.id)) == narrow


async def test_tokens_that_expired_a_day_ago_are_removed_a_few_at_a_time(
    place: Place, store: Store
) -> None:
    place.clock.now = 1_000
    old = [replace(A_TOKEN, id=100 + n, digest=bytes([n]), expires_at=2_000 + n) for n in range(20)]
    await store.commit(do(PutGrant(A_GRANT), PutToken(A_TOKEN), *map(PutToken, old)))
    place.clock.now = 2_010 + A_DAY

    await store.commit(do(PutToken(A_TOKEN)))
    first = await store.ask(Tokens(ENTERPRISE))
    place.clock.now += 100
    await store.commit(do(PutToken(A_TOKEN)))

    assert [token.id for token in first] == [A_TOKEN.id, *range(110, 120)]
    assert await store.ask(TokenByDigest(bytes([0]))) is None
    assert await store.ask(Tokens(ENTERPRISE)) == (A_TOKEN,)


async def test_apps_are_found_by_id_by_client_id_and_by_enterprise(store: Store) -> None:
    other = replace(A_APP, id=39, client_id="other", disabled_at=9, redirect_uris=("a", "b"))
    foreign = replace(A_APP, id=38, client_id="foreign", enterprise=2)

    await store.commit(do(PutApp(A_APP), PutApp(other), PutApp(foreign)))

    assert await store.ask(AppById(A_APP.id)) == A_APP
    assert await store.ask(AppByClientId("other")) == other
    assert await store.ask(Apps(ENTERPRISE)) == (other, A_APP)
    assert await store.ask(AppById(99)) is None
    assert await store.ask(AppByClientId("none")) is None


async def test_a_client_id_belongs_to_one_app(store: Store) -> None:
    await store.commit(do(PutApp(A_APP), PutApp(replace(A_APP, name="again"))))

    with pytest.raises(Conflict):
        await store.commit(do(PutApp(replace(A_APP, id=41))))

    assert await store.ask(AppById(41)) is None
    assert await store.ask(AppByClientId(A_APP.client_id)) == replace(A_APP, name="again")


async def test_an_app_goes_with_its_keys_and_frees_its_client_id(store: Store) -> None:
    keys = [PublicKey(A_APP.id, kid, f"pem {kid}", 5) for kid in ("b", "a")]
    other = PublicKey(41, "a", "pem", 6)
    await store.commit(do(PutApp(A_APP), *map(PutPublicKey, keys), PutPublicKey(other)))
    before = await store.ask(PublicKeys(A_APP.id))

    await store.commit(do(RemoveApp(A_APP.id), RemoveApp(999)))
    await store.commit(do(PutApp(replace(A_APP, id=42))))

    assert before == (keys[1], keys[0])
    assert await store.ask(AppById(A_APP.id)) is None
    assert await store.ask(PublicKeys(A_APP.id)) == ()
    assert await store.ask(PublicKeys(41)) == (other,)
    assert await store.ask(Apps(ENTERPRISE)) == (replace(A_APP, id=42),)


async def test_a_key_is_replaced_and_removed(store: Store) -> None:
    key = PublicKey(A_APP.id, "k", "pem", 5)

    await store.commit(do(PutPublicKey(key), PutPublicKey(replace(key, pem="new"))))
    before = await store.ask(PublicKeys(A_APP.id))
    await store.commit(do(RemovePublicKey(A_APP.id, "k"), RemovePublicKey(A_APP.id, "none")))

    assert before == (replace(key, pem="new"),)
    assert await store.ask(PublicKeys(A_APP.id)) == ()


async def test_an_assertion_is_remembered_for_its_app_until_it_expires(
    place: Place, store: Store
) -> None:
    place.clock.now = 1_000
    await store.commit(do(PutAssertion(1, "j", 2_000), PutAssertion(2, "j", 3_000)))
    used = [await store.ask(AssertionUsed(app, "j")) for app in (1, 2, 3)]
    place.clock.now = 2_001
    await store.commit(do(PutAssertion(1, "k", 9_000)))

    assert used == [True, True, False]
    assert await store.ask(AssertionUsed(1, "j")) is False
    assert await store.ask(AssertionUsed(2, "j")) is True


async def test_assertions_are_forgotten_a_few_at_a_time(place: Place, store: Store) -> None:
    place.clock.now = 1
    await store.commit(do(*(PutAssertion(1, f"{n:02}", 10 + n) for n in range(20))))
    place.clock.now = 1_000

    await store.commit(do(PutAssertion(1, "new", 2_000)))

    left = [n for n in range(20) if await store.ask(AssertionUsed(1, f"{n:02}"))]
    assert left == [16, 17, 18, 19]


async def test_a_standing_grant_is_found_by_its_user_and_its_app(store: Store) -> None:
    standing = replace(A_GRANT, id=22, app_id=40, standing=True)
    revoked = replace(standing, id=21, revoked_at=5)
    plain = replace(A_GRANT, id=23, app_id=40)

    await store.commit(do(*map(PutGrant, (A_GRANT, revoked, standing, plain))))

    assert await store.ask(StandingGrant(ANNA, 40)) == standing
    assert await store.ask(StandingGrant(BERT, 40)) is None
    assert await store.ask(StandingGrant(ANNA, 41)) is None
    assert await store.ask(GrantsOfApp(40)) == (revoked, standing, plain)
    assert await store.ask(GrantsOfApp(41)) == ()


async def test_settings_are_put_replaced_and_removed(store: Store) -> None:
    await store.commit(do(PutSetting("secret", b"\x00\xff"), PutSetting("empty", b"")))
    first = await store.ask(Setting("secret"))

    await store.commit(do(PutSetting("secret", b"2"), PutSetting("none", None)))
    second = await store.ask(Setting("secret"))
    await store.commit(do(PutSetting("secret", None)))

    assert (first, second) == (b"\x00\xff", b"2")
    assert await store.ask(Setting("secret")) is None
    assert await store.ask(Setting("empty")) == b""


async def test_a_user_has_one_password(place: Place) -> None:
    store = await place.open()
    await store.commit(do(PutPassword(Password(ANNA, "old", 1)), PutPassword(Password(1, "x", 2))))
    await store.commit(do(PutPassword(Password(ANNA, "new", 3))))

    await store.backup(place.folder / "copy")
    store = await place.restore(place.folder / "copy")

    assert await store.ask(PasswordOf(ANNA)) == Password(ANNA, "new", 3)
    assert await store.ask(PasswordOf(BERT)) is None


def a_code(n: int, expires_at: int) -> Code:
    return Code(
        digest=bytes([n]) * 32,
        app=A_APP.id,
        user=ANNA,
        scopes=("read",),
        flow=Flow.DROPBOX,
        access_type=AccessType.OFFLINE,
        redirect_uri=None if n % 2 else "https://a.test/cb",
        challenge="x" * 43,
        challenge_method="S256",
        created_at=0,
        expires_at=expires_at,
    )


async def test_a_code_is_found_by_its_digest_as_it_is_now(place: Place) -> None:
    store = await place.open()
    one, other = a_code(1, 10**15), a_code(2, 10**15)
    await store.commit(do(PutCode(one), PutCode(other)))
    await store.commit(do(PutCode(replace(one, grant=A_GRANT.id))))

    await store.backup(place.folder / "copy")
    store = await place.restore(place.folder / "copy")

    assert await store.ask(CodeByDigest(one.digest)) == replace(one, grant=A_GRANT.id)
    assert await store.ask(CodeByDigest(other.digest)) == other
    assert await store.ask(CodeByDigest(b"z" * 32)) is None


async def test_codes_go_a_day_after_they_expired(place: Place) -> None:
    place.clock.now = 0
    store = await place.open()
    await store.commit(do(*(PutCode(a_code(n, 1_000 + n)) for n in range(20))))

    place.clock.now = A_DAY + 2_000
    await store.commit(do(PutCode(a_code(100, 10**15))))
    left = [n for n in range(20) if await store.ask(CodeByDigest(a_code(n, 0).digest))]
    await store.commit(do(PutCode(a_code(101, 10**15))))

    assert left == [16, 17, 18, 19]
    assert await store.ask(CodeByDigest(a_code(19, 0).digest)) is None
    assert await store.ask(CodeByDigest(a_code(100, 0).digest)) is not None


async def test_an_answer_is_remembered_for_its_grant_and_key(store: Store) -> None:
    one, other = Remembered(b"d1", b"answer"), Remembered(b"d2", b"")

    await store.commit(do(PutRemembered(1, "key", one), PutRemembered(2, "key", other)))

    assert await store.ask(Remember(1, "key")) == one
    assert await store.ask(Remember(2, "key")) == other
    assert await store.ask(Remember(1, "KEY")) is None


async def test_answers_are_kept_for_seven_days_and_then_go_in_passing(place: Place) -> None:
    place.clock.now = 0
    store = await place.open()
    answer = Remembered(b"d", b"a")
    await store.commit(do(*(PutRemembered(1, f"k{n}", answer) for n in range(40))))

    place.clock.now = 7 * A_DAY
    await store.commit(do(PutRemembered(1, "week", answer)))
    after_a_week = [await store.ask(Remember(1, f"k{n}")) for n in range(40)]
    place.clock.now = 7 * A_DAY + 1
    for number in range(3):
        await store.commit(do(PutRemembered(1, f"later{number}", answer)))

    assert after_a_week == [answer] * 40
    assert [await store.ask(Remember(1, f"k{n}")) for n in range(40)] == [None] * 40
    assert await store.ask(Remember(1, "week")) == answer


async def test_an_answer_that_is_put_again_is_kept_anew(place: Place) -> None:
    place.clock.now = 0
    store = await place.open()
    await store.commit(do(PutRemembered(1, "key", Remembered(b"d", b"old"))))
    place.clock.now = 6 * A_DAY
    await store.commit(do(PutRemembered(1, "key", Remembered(b"d", b"new"))))

    place.clock.now = 8 * A_DAY
    await store.commit(do(PutRemembered(1, "other", Remembered(b"d", b"a"))))

    assert await store.ask(Remember(1, "key")) == Remembered(b"d", b"new")


@pytest.mark.parametrize(
    ("lookup", "answer"),
    [
        pytest.param(ItemById(10**30), None, id="an id beyond all ids"),
        pytest.param(UserById(-(10**30)), None, id="an id below all ids"),
        pytest.param(UserByLogin("\ud800"), None, id="a login that is no text"),
        pytest.param(ChildByName(1, "\udcff"), None, id="a name that is no text"),
        pytest.param(Members(2**63), (), id="the first id beyond"),
        pytest.param(Children(1, 2**70, 2**70), (), id="a page beyond"),
        pytest.param(ReadJournal(1, 2**70, 2**70), JournalPage((), 0, 0), id="a journal's page"),
    ],
)
async def test_what_no_record_can_have_finds_nothing(
    store: Store, lookup: Lookup[object], answer: object
) -> None:
    await store.commit(do(an_enterprise(), PutUser(A_USER)))

    assert await store.ask(lookup) == answer
    assert await store.commit(do(lookup)) == [answer]
