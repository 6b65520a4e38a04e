"""Who answers what: the one table for readers and the writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from wakeful.core import writes
from wakeful.core.lookups import Lookup, NewIds, Remember, Setting
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
from wakeful.core.lookups.journals import (
    JournalAt,
    JournalHeads,
    JournalRowsAt,
    ListJournal,
    MountsOf,
    ReadJournal,
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
from wakeful.core.lookups.streams import LastKey, ReadStream, ReadTimeline, StreamStates
from wakeful.core.lookups.trees import (
    ChildByName,
    Children,
    ChildrenByName,
    CommentById,
    Comments,
    CountChildren,
    CountComments,
    CountTrashed,
    ItemById,
    ItemsOf,
    Lineage,
    NamedContents,
    RepliesTo,
    SpaceOf,
    SpaceUsed,
    SubtreeSize,
    Trashed,
    TrashedBefore,
    VersionById,
    VersionsOf,
)
from wakeful.core.writes import Command
from wakeful.stores.driver import is_for_readers
from wakeful.stores.sqlite import (
    access,
    comments,
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
    ItemById: trees.item,
    ChildByName: trees.child_by_name,
    ChildrenByName: trees.children_by_name,
    Lineage: trees.lineage,
    Children: listings.children,
    CountChildren: listings.count_children,
    Trashed: listings.trashed,
    CountTrashed: listings.count_trashed,
    ItemsOf: trees.items_of,
    VersionById: trees.version,
    VersionsOf: trees.versions_of,
    NamedContents: trees.named_contents,
    TrashedBefore: trees.trashed_before,
    SpaceUsed: trees.space_used,
    SpaceOf: trees.space_of,
    SubtreeSize: trees.subtree_size,
    CommentById: comments.comment,
    Comments: comments.comments,
    RepliesTo: comments.replies,
    CountComments: comments.count,
    JournalAt: journals.at,
    JournalRowsAt: journals.at_any,
    ReadJournal: journals.page,
    ListJournal: journal_views.page,
    JournalHeads: journal_views.heads,
    MountsOf: journal_views.mounts_of,
    ReadStream: streams.page,
    ReadTimeline: timeline.page,
    StreamStates: streams.states,
    LastKey: streams.last_key,
    Enterprises: people.enterprises,
    UserById: people.user,
    UserByLogin: people.user_by_login,
    Users: people.users,
    DisabledUsers: people.disabled_users,
    NamespaceById: people.namespace,
    Namespaces: people.namespaces,
    Members: people.members,
    MemberById: people.member,
    MembershipsOf: people.memberships_of,
    AppById: access.app,
    AppByClientId: access.app_by_client_id,
    Apps: access.apps,
    PublicKeys: access.public_keys,
    AssertionUsed: access.assertion_used,
    PasswordOf: access.password,
    CodeByDigest: access.code,
    GrantById: access.grant,
    Grants: access.grants,
    GrantsOfApp: access.grants_of_app,
    StandingGrant: access.standing_grant,
    TokenByDigest: access.token_by_digest,
    TokenById: access.token,
    Tokens: access.tokens,
    TokensOfGrant: access.tokens_of_grant,
    Remember: access.remembered,
    Setting: access.setting,
}

# Kept in memory until the group ends: these need no savepoint.
_IN_MEMORY: dict[type, Callable[[Transaction, Any], Any]] = {
    NewIds: lambda tx, asked: tx.take_ids(asked.count),
    LastKey: lambda tx, _: tx.last_key,
    writes.Append: streams.append,
}

_WRITES: dict[type, Callable[[Transaction, Any], Any]] = {
    writes.PutItems: trees.put_items,
    writes.PutVersion: trees.put_version,
    writes.RemoveSubtree: trees.remove_subtree,
    writes.RehomeSubtree: trees.rehome_subtree,
    writes.PutComment: comments.put,
    writes.RemoveComment: comments.remove,
    writes.JournalPut: journals.put,
    writes.JournalPuts: journals.put_all,
    writes.JournalDrop: journals.drop,
    writes.JournalMove: journals.move,
    writes.PutRemembered: access.put_remembered,
    writes.PutSetting: access.put_setting,
    writes.PutEnterprise: people.put_enterprise,
    writes.PutUser: people.put_user,
    writes.PutNamespace: people.put_namespace,
    writes.RemoveNamespace: people.remove_namespace,
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


def _read_inside(tx: Transaction, asked: Lookup[Any]) -> Any:
    if is_for_readers(asked):
        raise _misplaced(type(asked))
    return _LOOK_UPS[type(asked)](tx, asked)


# What the writer often knows without asking, and all else that can be asked inside a command.
_READS: dict[type, Callable[[Transaction, Any], Any]] = {
    **_LOOK_UPS,
    Lineage: trees.known_lineage,
    UserById: people.known_user,
    NamespaceById: people.known_namespace,
    Members: people.known_members,
    ReadStream: _read_inside,
    ReadTimeline: _read_inside,
}
del _READS[LastKey]

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
    """Drive the steps of *command* in the transaction: `drive`, with nothing called in between."""
    steps = command(tx.now)
    asked: Any
    try:
        asked = next(steps)
        while True:
            kind = type(asked)
            if (read := _READS.get(kind)) is not None:
                try:
                    reply = read(tx, asked)
                except (OverflowError, UnicodeEncodeError):
                    reply = read(tx, _bounded(asked))
            elif (write := _WRITES.get(kind)) is not None:
                tx.write()
                reply = write(tx, asked)
            elif (step := _IN_MEMORY.get(kind)) is not None:
                reply = step(tx, asked)
            else:
                raise _misplaced(kind)
            asked = steps.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


def _misplaced(kind: type) -> TypeError:
    return TypeError(f"{kind.__name__} in this form has no place here")


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
