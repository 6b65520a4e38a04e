"""Who answers what: the one table for readers and the writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from wakeful.core import lookups, writes
from wakeful.core.lookups import Lookup
from wakeful.core.writes import Command, Write
from wakeful.stores.driver import drive, is_for_readers
from wakeful.stores.sqlite import (
    access,
    journal_views,
    journals,
    listings,
    people,
    streams,
    timeline,
    trees,
)
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

T = TypeVar("T")

_LOOK_UPS: dict[type, Callable[[Snapshot, Any], Any]] = {
    lookups.ItemById: trees.item,
    lookups.ChildByName: trees.child_by_name,
    lookups.Lineage: trees.lineage,
    lookups.Children: listings.children,
    lookups.CountChildren: listings.count_children,
    lookups.Trashed: listings.trashed,
    lookups.CountTrashed: listings.count_trashed,
    lookups.ItemsOf: trees.items_of,
    lookups.NamedContents: trees.named_contents,
    lookups.JournalAt: journals.at,
    lookups.ReadJournal: journals.page,
    lookups.ListJournal: journal_views.page,
    lookups.JournalHeads: journal_views.heads,
    lookups.MountsOf: journal_views.mounts_of,
    lookups.SpaceUsed: journal_views.space_used,
    lookups.ReadStream: streams.page,
    lookups.ReadTimeline: timeline.page,
    lookups.StreamStates: streams.states,
    lookups.LastKey: streams.last_key,
    lookups.Enterprises: people.enterprises,
    lookups.UserById: people.user,
    lookups.UserByLogin: people.user_by_login,
    lookups.Users: people.users,
    lookups.DisabledUsers: people.disabled_users,
    lookups.NamespaceById: people.namespace,
    lookups.Namespaces: people.namespaces,
    lookups.Members: people.members,
    lookups.MembershipsOf: people.memberships_of,
    lookups.AppById: access.app,
    lookups.AppByClientId: access.app_by_client_id,
    lookups.Apps: access.apps,
    lookups.PublicKeys: access.public_keys,
    lookups.AssertionUsed: access.assertion_used,
    lookups.PasswordOf: access.password,
    lookups.CodeByDigest: access.code,
    lookups.GrantById: access.grant,
    lookups.Grants: access.grants,
    lookups.GrantsOfApp: access.grants_of_app,
    lookups.StandingGrant: access.standing_grant,
    lookups.TokenByDigest: access.token_by_digest,
    lookups.TokenById: access.token,
    lookups.Tokens: access.tokens,
    lookups.TokensOfGrant: access.tokens_of_grant,
    lookups.Remember: access.remembered,
    lookups.Setting: access.setting,
}

# Kept in memory until the group ends: these need no savepoint.
_IN_MEMORY: dict[type, Callable[[Transaction, Any], Any]] = {
    lookups.NewIds: lambda tx, asked: tx.take_ids(asked.count),
    lookups.LastKey: lambda tx, _: tx.last_key,
    writes.Append: streams.append,
}

_WRITES: dict[type, Callable[[Transaction, Any], Any]] = {
    writes.PutItems: trees.put_items,
    writes.RemoveSubtree: trees.remove_subtree,
    writes.RehomeSubtree: trees.rehome_subtree,
    writes.JournalPut: journals.put,
    writes.JournalDrop: journals.drop,
    writes.JournalMove: journals.move,
    writes.PutRemembered: access.put_remembered,
    writes.PutSetting: access.put_setting,
    writes.PutEnterprise: people.put_enterprise,
    writes.PutUser: people.put_user,
    writes.PutNamespace: people.put_namespace,
    writes.PutMember: people.put_member,
    writes.RemoveMember: people.remove_member,
    writes.PutApp: access.put_app,
    writes.RemoveApp: access.remove_app,
    writes.PutPublicKey: access.put_public_key,
    writes.RemovePublicKey: access.remove_public_key,
    writes.PutGrant: access.put_grant,
    writes.PutToken: access.put_token,
    writes.PutAssertion: access.put_assertion,
    writes.PutPassword: access.put_password,
    writes.PutCode: access.put_code,
}

_STEPS: dict[type, Callable[[Transaction, Any], Any]] = {**_IN_MEMORY, **_WRITES}


_GREATEST = 2**63 - 1  # no counter ever comes near it
_NO_NAME = "\0"  # nothing can be called that


def answer(at: Snapshot, lookup: Lookup[T]) -> T:
    """The answer to *lookup* as things are in the snapshot."""
    handler = _LOOK_UPS.get(type(lookup))
    if handler is None:
        raise TypeError(f"{type(lookup).__name__} can be asked only inside a command")
    try:
        reply: T = handler(at, lookup)
    except (OverflowError, UnicodeEncodeError):
        reply = handler(at, _bounded(lookup))
    return reply


def carry_out(tx: Transaction, command: Command[T]) -> T:
    """Drive the steps of *command* in the transaction."""

    def step(asked: Lookup[Any] | Write) -> Any:
        kind = type(asked)
        handler = _STEPS.get(kind)
        if handler is not None:
            if kind in _WRITES:
                tx.write()
            return handler(tx, asked)
        if isinstance(asked, Lookup) and not is_for_readers(asked):
            return answer(tx, asked)
        raise TypeError(f"{kind.__name__} in this form has no place here")

    return drive(command(tx.now), step)


def _bounded(lookup: Lookup[T]) -> Lookup[T]:
    """The same look-up in values that SQLite has: what is beyond them, nothing has either."""
    bounded: dict[str, Any] = {}
    for name in lookup.__struct_fields__:
        value = getattr(lookup, name)
        if isinstance(value, int):
            bounded[name] = max(-1, min(value, _GREATEST))
        elif isinstance(value, str):
            bounded[name] = value if _is_text(value) else _NO_NAME
    return replace(lookup, **bounded)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
