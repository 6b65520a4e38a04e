"""Grants, tokens, remembered answers and settings."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from wakeful.core.errors import Conflict
from wakeful.core.items import Grant, Token
from wakeful.core.lookups import (
    GrantById,
    Grants,
    Remember,
    Remembered,
    Setting,
    TokenByDigest,
    TokenById,
    Tokens,
)
from wakeful.core.writes import PutGrant, PutRemembered, PutSetting, PutToken
from wakeful.stores.driver import FORGET_AT_MOST, REMEMBER_MS, TOKEN_TAKEN
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

Row = tuple[Any, ...]

_sql = load("access.sql")
_scopes = msgspec.json.Decoder(tuple[str, ...])


def grant(at: Snapshot, lookup: GrantById) -> Grant | None:
    row = at.db.execute(_sql.grant, (lookup.id,)).fetchone()
    return None if row is None else _grant(row)


def grants(at: Snapshot, lookup: Grants) -> tuple[Grant, ...]:
    return tuple(map(_grant, at.db.execute(_sql.grants, (lookup.user,))))


def token(at: Snapshot, lookup: TokenById) -> Token | None:
    row = at.db.execute(_sql.token, (lookup.id,)).fetchone()
    return None if row is None else Token(*row)


def token_by_digest(at: Snapshot, lookup: TokenByDigest) -> Token | None:
    row = at.db.execute(_sql.token_by_digest, (lookup.digest,)).fetchone()
    return None if row is None else Token(*row)


def tokens(at: Snapshot, lookup: Tokens) -> tuple[Token, ...]:
    return tuple(Token(*row) for row in at.db.execute(_sql.tokens, (lookup.enterprise,)))


def remembered(at: Snapshot, lookup: Remember) -> Remembered | None:
    row = at.db.execute(_sql.remembered, (lookup.grant, lookup.key)).fetchone()
    return None if row is None else Remembered(*row)


def setting(at: Snapshot, lookup: Setting) -> bytes | None:
    value: bytes | None = at.db.execute(_sql.setting, (lookup.name,)).get
    return value


def put_grant(tx: Transaction, write: PutGrant) -> None:
    one = write.grant
    scopes = msgspec.json.encode(one.scopes).decode()
    row = (one.id, one.user, one.enterprise, one.app, scopes, one.created_at, one.revoked_at)
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
    )
    try:
        tx.db.execute(_sql.put_token, row)
    except apsw.ConstraintError as error:
        raise Conflict(TOKEN_TAKEN) from error


def put_remembered(tx: Transaction, write: PutRemembered) -> None:
    one = write.remembered
    tx.db.execute(_sql.remember, (write.grant, write.key, tx.now, one.digest, one.answer))
    tx.db.execute(_sql.forget, (tx.now - REMEMBER_MS, FORGET_AT_MOST))


def put_setting(tx: Transaction, write: PutSetting) -> None:
    if write.value is None:
        tx.db.execute(_sql.remove_setting, (write.name,))
    else:
        tx.db.execute(_sql.put_setting, (write.name, write.value))


def _grant(row: Row) -> Grant:
    id, user, enterprise, app, scopes, created_at, revoked_at = row
    return Grant(id, user, enterprise, app, _scopes.decode(scopes), created_at, revoked_at)
