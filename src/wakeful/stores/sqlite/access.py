"""Apps, passwords, codes, grants, tokens, remembered answers and settings."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

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
from wakeful.core.writes import (
    PutApp,
    PutAssertion,
    PutCode,
    PutGrant,
    PutPassword,
    PutPublicKey,
    PutRemembered,
    PutSetting,
    PutToken,
    RemoveApp,
    RemovePublicKey,
)
from wakeful.stores.driver import (
    CLIENT_ID_TAKEN,
    FORGET_AT_MOST,
    KEEP_EXPIRED_MS,
    REMEMBER_MS,
    TOKEN_TAKEN,
)
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

Row = tuple[Any, ...]

_sql = load("access.sql")
_texts = msgspec.json.Decoder(tuple[str, ...])


def app(at: Snapshot, lookup: AppById) -> App | None:
    row = at.db.execute(_sql.app, (lookup.id,)).fetchone()
    return None if row is None else _app(row)


def app_by_client_id(at: Snapshot, lookup: AppByClientId) -> App | None:
    row = at.db.execute(_sql.app_by_client_id, (lookup.client_id,)).fetchone()
    return None if row is None else _app(row)


def apps(at: Snapshot, lookup: Apps) -> tuple[App, ...]:
    return tuple(map(_app, at.db.execute(_sql.apps, (lookup.enterprise,))))


def public_keys(at: Snapshot, lookup: PublicKeys) -> tuple[PublicKey, ...]:
    return tuple(PublicKey(*row) for row in at.db.execute(_sql.keys, (lookup.app,)))


def assertion_used(at: Snapshot, lookup: AssertionUsed) -> bool:
    return at.db.execute(_sql.assertion, (lookup.app, lookup.jti)).get is not None


def password(at: Snapshot, lookup: PasswordOf) -> Password | None:
    row = at.db.execute(_sql.password, (lookup.user,)).fetchone()
    return None if row is None else Password(*row)


def code(at: Snapshot, lookup: CodeByDigest) -> Code | None:
    row = at.db.execute(_sql.code, (lookup.digest,)).fetchone()
    return None if row is None else _code(row)


def grant(at: Snapshot, lookup: GrantById) -> Grant | None:
    row = at.db.execute(_sql.grant, (lookup.id,)).fetchone()
    return None if row is None else _grant(row)


def grants(at: Snapshot, lookup: Grants) -> tuple[Grant, ...]:
    return tuple(map(_grant, at.db.execute(_sql.grants, (lookup.user,))))


def grants_of_app(at: Snapshot, lookup: GrantsOfApp) -> tuple[Grant, ...]:
    return tuple(map(_grant, at.db.execute(_sql.grants_of_app, (lookup.app,))))


def standing_grant(at: Snapshot, lookup: StandingGrant) -> Grant | None:
    row = at.db.execute(_sql.standing_grant, (lookup.user, lookup.app)).fetchone()
    return None if row is None else _grant(row)


def token(at: Snapshot, lookup: TokenById) -> Token | None:
    row = at.db.execute(_sql.token, (lookup.id,)).fetchone()
    return None if row is None else _token(row)


def token_by_digest(at: Snapshot, lookup: TokenByDigest) -> Token | None:
    row = at.db.execute(_sql.token_by_digest, (lookup.digest,)).fetchone()
    return None if row is None else _token(row)


def tokens(at: Snapshot, lookup: Tokens) -> tuple[Token, ...]:
    return tuple(map(_token, at.db.execute(_sql.tokens, (lookup.enterprise,))))


def tokens_of_grant(at: Snapshot, lookup: TokensOfGrant) -> tuple[Token, ...]:
    return tuple(map(_token, at.db.execute(_sql.tokens_of_grant, (lookup.grant,))))


def remembered(at: Snapshot, lookup: Remember) -> Remembered | None:
    row = at.db.execute(_sql.remembered, (lookup.grant, lookup.key)).fetchone()
    return None if row is None else Remembered(*row)


def setting(at: Snapshot, lookup: Setting) -> bytes | None:
    value: bytes | None = at.db.execute(_sql.setting, (lookup.name,)).get
    return value


def put_app(tx: Transaction, write: PutApp) -> None:
    """Raises Conflict where another app has the client id."""
    one = write.app
    row = (
        one.id,
        one.enterprise,
        one.client_id,
        one.secret,
        one.name,
        _json(one.scopes),
        one.service_account,
        _json(one.redirect_uris),
        one.created_at,
        one.disabled_at,
    )
    try:
        tx.db.execute(_sql.put_app, row)
    except apsw.ConstraintError as error:
        raise Conflict(CLIENT_ID_TAKEN) from error


def remove_app(tx: Transaction, write: RemoveApp) -> None:
    tx.db.execute(_sql.remove_keys, (write.app,))
    tx.db.execute(_sql.remove_app, (write.app,))


def put_public_key(tx: Transaction, write: PutPublicKey) -> None:
    one = write.key
    tx.db.execute(_sql.put_key, (one.app, one.kid, one.pem, one.created_at))


def remove_public_key(tx: Transaction, write: RemovePublicKey) -> None:
    tx.db.execute(_sql.remove_key, (write.app, write.kid))


def put_password(tx: Transaction, write: PutPassword) -> None:
    one = write.password
    tx.db.execute(_sql.put_password, (one.user, one.hashed, one.set_at))


def put_code(tx: Transaction, write: PutCode) -> None:
    one = write.code
    row = (
        one.digest,
        one.app,
        one.user,
        _json(one.scopes),
        one.flow,
        one.access_type,
        one.redirect_uri,
        one.challenge,
        one.challenge_method,
        one.created_at,
        one.expires_at,
        one.grant,
    )
    tx.db.execute(_sql.put_code, row)
    tx.db.execute(_sql.forget_codes, (tx.now - KEEP_EXPIRED_MS, FORGET_AT_MOST))


def put_grant(tx: Transaction, write: PutGrant) -> None:
    one = write.grant
    row = (
        one.id,
        one.user,
        one.enterprise,
        one.app,
        _json(one.scopes),
        one.created_at,
        one.revoked_at,
        one.app_id,
        one.standing,
    )
    tx.db.execute(_sql.put_grant, row)


def put_token(tx: Transaction, write: PutToken) -> None:
    """Raises Conflict where another token has the digest."""
    one = write.token
    row = (
        one.id,
        one.digest,
        one.grant,
        one.label,
        one.created_at,
        one.expires_at,
        one.revoked_at,
        one.kind,
        None if one.scopes is None else _json(one.scopes),
        one.item,
        one.family,
        one.parent,
        one.used_at,
    )
    try:
        tx.db.execute(_sql.put_token, row)
    except apsw.ConstraintError as error:
        raise Conflict(TOKEN_TAKEN) from error
    tx.db.execute(_sql.forget_tokens, (tx.now - KEEP_EXPIRED_MS, FORGET_AT_MOST))


def put_assertion(tx: Transaction, write: PutAssertion) -> None:
    tx.db.execute(_sql.put_assertion, (write.app, write.jti, write.expires_at))
    tx.db.execute(_sql.forget_assertions, (tx.now, FORGET_AT_MOST))


def put_remembered(tx: Transaction, write: PutRemembered) -> None:
    one = write.remembered
    tx.db.execute(_sql.remember, (write.grant, write.key, tx.now, one.digest, one.answer))
    tx.db.execute(_sql.forget, (tx.now - REMEMBER_MS, FORGET_AT_MOST))


def put_setting(tx: Transaction, write: PutSetting) -> None:
    if write.value is None:
        tx.db.execute(_sql.remove_setting, (write.name,))
    else:
        tx.db.execute(_sql.put_setting, (write.name, write.value))


def _json(texts: tuple[str, ...]) -> str:
    return msgspec.json.encode(texts).decode()


def _app(row: Row) -> App:
    id, enterprise, client_id, secret, name, scopes, service_account, uris, *rest = row
    return App(
        id,
        enterprise,
        client_id,
        secret,
        name,
        _texts.decode(scopes),
        service_account,
        _texts.decode(uris),
        *rest,
    )


def _code(row: Row) -> Code:
    digest, app, user, scopes, flow, access_type, *rest = row
    return Code(
        digest, app, user, _texts.decode(scopes), Flow(flow), AccessType(access_type), *rest
    )


def _grant(row: Row) -> Grant:
    id, user, enterprise, app, scopes, created_at, revoked_at, app_id, standing = row
    return Grant(
        id,
        user,
        enterprise,
        app,
        _texts.decode(scopes),
        created_at,
        revoked_at,
        app_id,
        bool(standing),
    )


def _token(row: Row) -> Token:
    id, digest, grant, label, created_at, expires_at, revoked_at, kind, scopes, *rest = row
    return Token(
        id,
        digest,
        grant,
        label,
        created_at,
        expires_at,
        revoked_at,
        TokenKind(kind),
        None if scopes is None else _texts.decode(scopes),
        *rest,
    )
