"""People, access and the small rest in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeVar

from wakeful.core.credentials import App, Code, Grant, Password, PublicKey, Token
from wakeful.core.errors import Conflict
from wakeful.core.lookups import Remember, Remembered, Setting
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
from wakeful.core.people import Enterprise, Member, Namespace, User
from wakeful.core.writes import (
    PutApp,
    PutAssertion,
    PutCode,
    PutEnterprise,
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
from wakeful.stores.driver import (
    CLIENT_ID_TAKEN,
    FORGET_AT_MOST,
    KEEP_EXPIRED_MS,
    LOGIN_TAKEN,
    REMEMBER_MS,
    TOKEN_TAKEN,
)
from wakeful.stores.memory.undo import Undo


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=_HasId)


def _by_id(records: Iterable[R]) -> tuple[R, ...]:
    return tuple(sorted(records, key=lambda record: record.id))


class Answered(NamedTuple):
    """What was answered, and when."""

    at: int
    remembered: Remembered


class Records:
    """Tables of records; the scanned ones are small wherever this store is the right one."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self.enterprises: dict[int, Enterprise] = {}
        self.users: dict[int, User] = {}
        self.logins: dict[str, int] = {}
        self.namespaces: dict[int, Namespace] = {}
        self.members: dict[tuple[int, int], Member] = {}
        self.memberships: dict[int, tuple[int, int]] = {}  # the keys of members by their ids
        self.apps: dict[int, App] = {}
        self.client_ids: dict[str, int] = {}
        self.keys: dict[tuple[int, str], PublicKey] = {}
        self.assertions: dict[tuple[int, str], int] = {}  # when they expire
        self.passwords: dict[int, Password] = {}
        self.codes: dict[bytes, Code] = {}
        self.grants: dict[int, Grant] = {}
        self.tokens: dict[int, Token] = {}
        self.digests: dict[bytes, int] = {}
        self.answered: dict[tuple[int, str], Answered] = {}
        self.settings: dict[str, bytes] = {}

    # --- look-ups ---

    def all_enterprises(self, _lookup: Enterprises) -> tuple[Enterprise, ...]:
        return _by_id(self.enterprises.values())

    def user(self, lookup: UserById) -> User | None:
        return self.users.get(lookup.id)

    def user_by_login(self, lookup: UserByLogin) -> User | None:
        id = self.logins.get(lookup.login.casefold())
        return None if id is None else self.users[id]

    def users_of(self, lookup: Users) -> tuple[User, ...]:
        return _by_id(user for user in self.users.values() if user.enterprise == lookup.enterprise)

    def disabled_users_of(self, lookup: DisabledUsers) -> frozenset[int]:
        return frozenset(
            user.id
            for user in self.users.values()
            if user.enterprise == lookup.enterprise and user.disabled_at is not None
        )

    def namespace(self, lookup: NamespaceById) -> Namespace | None:
        return self.namespaces.get(lookup.id)

    def namespaces_of(self, lookup: Namespaces) -> tuple[Namespace, ...]:
        return _by_id(
            space for space in self.namespaces.values() if space.enterprise == lookup.enterprise
        )

    def owned_by(self, owners: tuple[int, ...]) -> tuple[Namespace, ...]:
        return _by_id(space for space in self.namespaces.values() if space.owner in owners)

    def members_of(self, lookup: Members) -> tuple[Member, ...]:
        found = (member for key, member in self.members.items() if key[0] == lookup.namespace)
        return tuple(sorted(found, key=lambda member: member.user))

    def member(self, lookup: MemberById) -> Member | None:
        key = self.memberships.get(lookup.id)
        return None if key is None else self.members[key]

    def memberships_of(self, lookup: MembershipsOf) -> tuple[Member, ...]:
        found = (member for key, member in self.members.items() if key[1] == lookup.user)
        return tuple(sorted(found, key=lambda member: member.namespace))

    def app(self, lookup: AppById) -> App | None:
        return self.apps.get(lookup.id)

    def app_by_client_id(self, lookup: AppByClientId) -> App | None:
        id = self.client_ids.get(lookup.client_id)
        return None if id is None else self.apps[id]

    def apps_of(self, lookup: Apps) -> tuple[App, ...]:
        return _by_id(app for app in self.apps.values() if app.enterprise == lookup.enterprise)

    def keys_of(self, lookup: PublicKeys) -> tuple[PublicKey, ...]:
        found = (key for key in self.keys.values() if key.app == lookup.app)
        return tuple(sorted(found, key=lambda key: key.kid))

    def assertion_used(self, lookup: AssertionUsed) -> bool:
        return (lookup.app, lookup.jti) in self.assertions

    def password(self, lookup: PasswordOf) -> Password | None:
        return self.passwords.get(lookup.user)

    def code(self, lookup: CodeByDigest) -> Code | None:
        return self.codes.get(lookup.digest)

    def grant(self, lookup: GrantById) -> Grant | None:
        return self.grants.get(lookup.id)

    def grants_of(self, lookup: Grants) -> tuple[Grant, ...]:
        return _by_id(grant for grant in self.grants.values() if grant.user == lookup.user)

    def grants_of_app(self, lookup: GrantsOfApp) -> tuple[Grant, ...]:
        return _by_id(grant for grant in self.grants.values() if grant.app_id == lookup.app)

    def standing_grant(self, lookup: StandingGrant) -> Grant | None:
        for grant in self.grants_of_app(GrantsOfApp(lookup.app)):
            if grant.user == lookup.user and grant.standing and grant.revoked_at is None:
                return grant
        return None

    def token(self, lookup: TokenById) -> Token | None:
        return self.tokens.get(lookup.id)

    def token_by_digest(self, lookup: TokenByDigest) -> Token | None:
        id = self.digests.get(lookup.digest)
        return None if id is None else self.tokens[id]

    def tokens_of(self, lookup: Tokens) -> tuple[Token, ...]:
        return _by_id(
            token
            for token in self.tokens.values()
            if token.grant in self.grants
            and self.grants[token.grant].enterprise == lookup.enterprise
        )

    def tokens_of_grant(self, lookup: TokensOfGrant) -> tuple[Token, ...]:
        return _by_id(token for token in self.tokens.values() if token.grant == lookup.grant)

    def remembered(self, lookup: Remember) -> Remembered | None:
        answered = self.answered.get((lookup.grant, lookup.key))
        return None if answered is None else answered.remembered

    def setting(self, lookup: Setting) -> bytes | None:
        return self.settings.get(lookup.name)

    # --- writes ---

    def put_enterprise(self, write: PutEnterprise) -> None:
        self._undo.put(self.enterprises, write.enterprise.id, write.enterprise)

    def put_user(self, write: PutUser) -> None:
        user = write.user
        login = user.login.casefold()
        if self.logins.get(login, user.id) != user.id:
            raise Conflict(LOGIN_TAKEN)
        before = self.users.get(user.id)
        if before is not None:
            self._undo.drop(self.logins, before.login.casefold())
        self._undo.put(self.users, user.id, user)
        self._undo.put(self.logins, login, user.id)

    def put_namespace(self, write: PutNamespace) -> None:
        self._undo.put(self.namespaces, write.namespace.id, write.namespace)

    def put_member(self, write: PutMember) -> None:
        member = write.member
        key = (member.namespace, member.user)
        self._undo.put(self.members, key, member)
        if member.id:
            self._undo.put(self.memberships, member.id, key)

    def remove_member(self, write: RemoveMember) -> None:
        key = (write.namespace, write.user)
        if key in self.members:
            self._undo.drop(self.memberships, self.members[key].id)
            self._undo.drop(self.members, key)

    def remove_namespace(self, write: RemoveNamespace) -> None:
        self._undo.drop(self.namespaces, write.namespace)

    def put_app(self, write: PutApp) -> None:
        app = write.app
        if self.client_ids.get(app.client_id, app.id) != app.id:
            raise Conflict(CLIENT_ID_TAKEN)
        before = self.apps.get(app.id)
        if before is not None:
            self._undo.drop(self.client_ids, before.client_id)
        self._undo.put(self.apps, app.id, app)
        self._undo.put(self.client_ids, app.client_id, app.id)

    def remove_app(self, write: RemoveApp) -> None:
        for key in self.keys_of(PublicKeys(write.app)):
            self._undo.drop(self.keys, (key.app, key.kid))
        app = self.apps.get(write.app)
        if app is not None:
            self._undo.drop(self.client_ids, app.client_id)
            self._undo.drop(self.apps, app.id)

    def put_public_key(self, write: PutPublicKey) -> None:
        self._undo.put(self.keys, (write.key.app, write.key.kid), write.key)

    def remove_public_key(self, write: RemovePublicKey) -> None:
        self._undo.drop(self.keys, (write.app, write.kid))

    def put_assertion(self, write: PutAssertion, now: int) -> None:
        self._undo.put(self.assertions, (write.app, write.jti), write.expires_at)
        expired = sorted((at, key) for key, at in self.assertions.items() if at < now)
        for _, key in expired[:FORGET_AT_MOST]:
            self._undo.drop(self.assertions, key)

    def put_password(self, write: PutPassword) -> None:
        self._undo.put(self.passwords, write.password.user, write.password)

    def put_code(self, write: PutCode, now: int) -> None:
        self._undo.put(self.codes, write.code.digest, write.code)
        expired = sorted(
            (other.expires_at, other.digest)
            for other in self.codes.values()
            if other.expires_at < now - KEEP_EXPIRED_MS
        )
        for _, digest in expired[:FORGET_AT_MOST]:
            self._undo.drop(self.codes, digest)

    def put_grant(self, write: PutGrant) -> None:
        self._undo.put(self.grants, write.grant.id, write.grant)

    def put_token(self, write: PutToken, now: int) -> None:
        token = write.token
        if self.digests.get(token.digest, token.id) != token.id:
            raise Conflict(TOKEN_TAKEN)
        before = self.tokens.get(token.id)
        if before is not None:
            self._undo.drop(self.digests, before.digest)
        self._undo.put(self.tokens, token.id, token)
        self._undo.put(self.digests, token.digest, token.id)
        expired = sorted(
            (other.expires_at, other.id)
            for other in self.tokens.values()
            if other.expires_at is not None and other.expires_at < now - KEEP_EXPIRED_MS
        )
        for _, id in expired[:FORGET_AT_MOST]:
            self._undo.drop(self.digests, self.tokens[id].digest)
            self._undo.drop(self.tokens, id)

    def put_remembered(self, write: PutRemembered, now: int) -> None:
        key = (write.grant, write.key)
        # Dropped first, so that the table stays in order of time.
        self._undo.drop(self.answered, key)
        self._undo.put(self.answered, key, Answered(now, write.remembered))
        old: list[tuple[int, str]] = []
        for other, answered in self.answered.items():
            if answered.at >= now - REMEMBER_MS or len(old) >= FORGET_AT_MOST:
                break
            old.append(other)
        for other in old:
            self._undo.drop(self.answered, other)

    def put_setting(self, write: PutSetting) -> None:
        if write.value is None:
            self._undo.drop(self.settings, write.name)
        else:
            self._undo.put(self.settings, write.name, write.value)
