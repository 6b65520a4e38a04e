"""Tokens and scopes in Dropbox's form (dropbox.md 1.5, 2.6).

Rule: a scope of Dropbox's is one of ours by another name, or nothing that a token needs. What a
token may do is told by all the names that it covers.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from wakeful.core.scopes import ENTERPRISE_SCOPE, READ_SCOPE, USERS_SCOPE, WRITE_SCOPE, included

SCOPES: dict[str, str | None] = {
    "account_info.read": None,
    "account_info.write": None,
    "files.metadata.read": READ_SCOPE,
    "files.content.read": READ_SCOPE,
    "sharing.read": READ_SCOPE,
    "files.metadata.write": WRITE_SCOPE,
    "files.content.write": WRITE_SCOPE,
    "sharing.write": WRITE_SCOPE,
    "events.read": ENTERPRISE_SCOPE,
    "team_info.read": ENTERPRISE_SCOPE,
    "members.read": USERS_SCOPE,
    "team_data.member": USERS_SCOPE,
}
"""What each of Dropbox's scopes needs here; None: every token may do that."""

_DONE_BY_NONE = frozenset({"account_info.write"})  # known, for clients ask for it


def names_of(scopes: Iterable[str]) -> str:
    """Dropbox's names for what *scopes* allow, in one line."""
    may = included(scopes)
    return " ".join(
        name
        for name, needed in SCOPES.items()
        if name not in _DONE_BY_NONE and (needed is None or needed in may)
    )


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token. `uid` is a text; `expires_in` a number of seconds, not there for a token that
    stays; `account_id` and `scope` are of version 2."""

    access_token: str
    token_type: str
    uid: str | msgspec.UnsetType = msgspec.UNSET
    account_id: str | msgspec.UnsetType = msgspec.UNSET
    expires_in: int | msgspec.UnsetType = msgspec.UNSET
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    scope: str | msgspec.UnsetType = msgspec.UNSET
