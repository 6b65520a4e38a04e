"""Commands about people and access: enterprises, users, namespaces, members, grants, tokens.

Rule 1: every user has a home namespace, of which they are the only member and owner; a
shared namespace is mounted as a top-level folder in the home of each member, at a
journal row of its own.

Rule 2: a token's text is known to its bearer alone: the store keeps its SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from wakeful.core.credentials import Grant, Token
from wakeful.core.errors import Conflict, InvalidRequest, NotFound
from wakeful.core.items import Kind, fresh_item
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.credentials import GrantById, TokenById, TokensOfGrant
from wakeful.core.lookups.people import Enterprises, UserById, UserByLogin
from wakeful.core.members import join, mount
from wakeful.core.names import check_name
from wakeful.core.people import Enterprise, Member, Namespace, Role, User
from wakeful.core.quotas import check_quota
from wakeful.core.writes import (
    Command,
    PutEnterprise,
    PutGrant,
    PutItems,
    PutMember,
    PutNamespace,
    PutToken,
    PutUser,
    Steps,
)

HOME_NAME = "All Files"
"""What the root of a home is called (Box's word for folder 0)."""

LONGEST_NAME = 100
"""How long the name of an enterprise, a user or an app can be, or the label of a token."""

_LONGEST_LOGIN = 254

TOKEN_BYTES = 24


def new_token() -> str:
    """The text of a fresh token: 32 URL-safe characters, 192 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest_of(token: str) -> bytes:
    """What the store knows a token by. It is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def check_line(text: str, field: str = "name") -> str:
    """*text* without the blanks around it. Raises InvalidRequest unless it is a short line that
    can be shown: names stand in every event, and on the terminals of operators."""
    cleaned = text.strip()
    if not cleaned or len(cleaned) > LONGEST_NAME or not cleaned.isprintable():
        raise InvalidRequest(
            f"a {field} is one line of 1 to {LONGEST_NAME} characters", field=field
        )
    return cleaned


def check_login(text: str) -> str:
    """*text* without the blanks around it. Raises InvalidRequest unless it can be a login.

    None is a number: users are named by login or by id, and one must not pass for another.
    """
    cleaned = text.strip()
    is_word = cleaned.isprintable() and not any(char.isspace() for char in cleaned)
    if not cleaned or len(cleaned) > _LONGEST_LOGIN or not is_word or cleaned.isdecimal():
        raise InvalidRequest(
            f"a login is one word of at most {_LONGEST_LOGIN} characters, and no number",
            field="login",
        )
    return cleaned


def create_enterprise(name: str) -> Command[Enterprise]:
    """A tenant. Raises InvalidRequest for a name that is no short line."""

    def steps(now: int) -> Steps[Enterprise]:
        cleaned = check_line(name)
        fresh: int = yield NewIds()
        enterprise = Enterprise(fresh, cleaned, now)
        yield PutEnterprise(enterprise)
        return enterprise

    return steps


def create_user(
    enterprise: int,
    login: str,
    name: str = "",
    *,
    is_admin: bool = False,
    app: int | None = None,
    quota: int | None = None,
) -> Command[User]:
    """A user with an empty home; of *app* the service account, where it is given.

    Raises InvalidRequest, and Conflict where the login is taken (whatever its case).
    """

    def steps(now: int) -> Steps[User]:
        cleaned = check_login(login)
        called = check_line(name) if name else cleaned
        check_quota(quota)
        enterprises: tuple[Enterprise, ...] = yield Enterprises()
        if all(each.id != enterprise for each in enterprises):
            raise NotFound(f"no enterprise {enterprise}")
        present: User | None = yield UserByLogin(cleaned)
        if present is not None:
            raise Conflict(f"the login {cleaned!r} is taken")
        fresh: int = yield NewIds(2)
        user = User(fresh, enterprise, cleaned, called, is_admin, fresh + 1, now, app=app)
        user = replace(user, quota=quota)
        yield PutUser(user)
        yield from _create_namespace(fresh + 1, user, HOME_NAME, now, is_home=True)
        yield PutMember(Member(user.home, user.id, Role.OWNER, "", now))
        return user

    return steps


def update_user(
    user: int,
    *,
    name: str | None = None,
    is_admin: bool | None = None,
    is_disabled: bool | None = None,
    quota: int | UnsetType | None = UNSET,
) -> Command[User]:
    """Change what is given; what is None stays, but for the quota, which is then that of the
    server. Raises InvalidRequest, NotFound, and Conflict for
    the rights of a service account, which are those of its app."""

    def steps(now: int) -> Steps[User]:
        found: User | None = yield UserById(user)
        if found is None:
            raise NotFound(f"no user {user}")
        if found.app is not None and not (is_admin is None and is_disabled is None):
            raise Conflict("a service account is what its app is: change that")
        changed = replace(
            found,
            name=found.name if name is None else check_line(name) if name else found.login,
            is_admin=found.is_admin if is_admin is None else is_admin,
            quota=found.quota if quota is UNSET else check_quota(quota),
        )
        if is_disabled is False:
            changed = replace(changed, disabled_at=None)
        elif is_disabled and found.disabled_at is None:
            changed = replace(changed, disabled_at=now)
        yield PutUser(changed)
        return changed

    return steps


def create_namespace(owner: int, name: str) -> Command[Namespace]:
    """A shared namespace with a root folder *name*, mounted in its owner's home."""

    def steps(now: int) -> Steps[Namespace]:
        user: User | None = yield UserById(owner)
        if user is None:
            raise NotFound(f"no user {owner}")
        fresh: int = yield NewIds()
        namespace = yield from _create_namespace(fresh, user, check_name(name), now, is_home=False)
        yield from mount(namespace, user, Role.OWNER, now, by=owner)
        return namespace

    return steps


def add_member(namespace: int, user: int, role: Role, *, by: int | None = None) -> Command[Member]:
    """Let *user* into a shared namespace; *by* is who does it, the owner where None.

    Where the user is a member already, only the role changes, if it is another.
    """

    def steps(now: int) -> Steps[Member]:
        joined = yield from join(namespace, user, by)
        if joined.member is None:
            return (yield from joined.let_in(role, now))
        return (yield from joined.change_role(role, now))

    return steps


def remove_member(namespace: int, user: int, *, by: int | None = None) -> Command[None]:
    """Put *user* out of a shared namespace. Raises NotFound for somebody who is no member."""

    def steps(now: int) -> Steps[None]:
        joined = yield from join(namespace, user, by)
        yield from joined.put_out(now)

    return steps


def create_grant(
    user: int, app: str, scopes: tuple[str, ...], *, app_id: int | None = None
) -> Command[Grant]:
    """A grant of *user* for the program called *app*; *app_id* where that is registered."""

    def steps(now: int) -> Steps[Grant]:
        found: User | None = yield UserById(user)
        if found is None:
            raise NotFound(f"no user {user}")
        fresh: int = yield NewIds()
        grant = Grant(fresh, user, found.enterprise, app, scopes, now, None, app_id)
        yield PutGrant(grant)
        return grant

    return steps


def create_token(
    grant: int, digest: bytes, *, label: str = "", lifetime: int | None = None
) -> Command[Token]:
    """A token under *grant*; *lifetime* in ms, None for one that does not expire."""

    def steps(now: int) -> Steps[Token]:
        found: Grant | None = yield GrantById(grant)
        if found is None or found.revoked_at is not None:
            raise NotFound(f"no grant {grant}")
        fresh: int = yield NewIds()
        expires = None if lifetime is None else now + lifetime
        token = Token(fresh, digest, grant, label, now, expires, None)
        yield PutToken(token)
        return token

    return steps


class Revoked(NamedTuple):
    """What a revocation ended: tokens, and their grant if nothing was left to bear it."""

    tokens: tuple[Token, ...]
    grant: Grant | None


def revoke_token(token: int) -> Command[Revoked]:
    """End a token, the line of refresh tokens that it belongs to, and what was made from them.

    The grant ends with the last token that could bear it; a standing grant never does, for
    its app can get another one. Repeating it changes nothing. Raises NotFound.
    """

    def steps(now: int) -> Steps[Revoked]:
        found: Token | None = yield TokenById(token)
        if found is None:
            raise NotFound(f"no token {token}")
        return (yield from end_line(found, now))

    return steps


def end_line(token: Token, now: int) -> Steps[Revoked]:
    """The same, within another command."""
    siblings: tuple[Token, ...] = yield TokensOfGrant(token.grant)
    ended = {token.id}
    for other in siblings:  # by id: what was made from a token has a greater one
        in_family = token.family is not None and other.family == token.family
        if in_family or other.parent in ended:
            ended.add(other.id)
    revoked = []
    bears = False
    for other in siblings:
        if other.id in ended:
            if other.revoked_at is None:
                other = replace(other, revoked_at=now)
                yield PutToken(other)
            revoked.append(other)
        elif is_live(other, now):
            bears = True
    grant: Grant | None = yield GrantById(token.grant)
    if grant is None or grant.standing or bears:
        return Revoked(tuple(revoked), None)
    if grant.revoked_at is None:
        grant = replace(grant, revoked_at=now)
        yield PutGrant(grant)
    return Revoked(tuple(revoked), grant)


def is_live(token: Token, now: int) -> bool:
    """Whether somebody could still use *token*."""
    if token.revoked_at is not None or token.used_at is not None:
        return False
    return token.expires_at is None or token.expires_at > now


def revoke_grant(grant: int) -> Command[Grant]:
    """End a grant: all its tokens and channels are void. Repeating it changes nothing."""

    def steps(now: int) -> Steps[Grant]:
        found: Grant | None = yield GrantById(grant)
        if found is None:
            raise NotFound(f"no grant {grant}")
        if found.revoked_at is None:
            found = replace(found, revoked_at=now)
            yield PutGrant(found)
        return found

    return steps


def _create_namespace(
    id: int, owner: User, name: str, now: int, *, is_home: bool
) -> Steps[Namespace]:
    root_id: int = yield NewIds()
    namespace = Namespace(id, owner.enterprise, owner.id, root_id, is_home, now)
    root = fresh_item(root_id, id, None, Kind.FOLDER, name, now, owner.id)
    yield PutNamespace(namespace)
    yield PutItems((root,))
    return namespace
