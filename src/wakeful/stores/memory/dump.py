"""The state of a memory store as bytes, so that an emulator can be put back where it was."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from wakeful.core.credentials import App, Code, Grant, Password, PublicKey, Token
from wakeful.core.events import Head
from wakeful.core.items import Comment, Item, JournalRow, Version
from wakeful.core.lookups import Remembered
from wakeful.core.people import Enterprise, Member, Namespace, User
from wakeful.core.writes import (
    PutApp,
    PutComment,
    PutEnterprise,
    PutGrant,
    PutMember,
    PutNamespace,
    PutPublicKey,
    PutToken,
    PutUser,
)
from wakeful.stores.memory.comments import CommentTable
from wakeful.stores.memory.items import Items
from wakeful.stores.memory.journals import Journal, Journals
from wakeful.stores.memory.records import Answered, Records
from wakeful.stores.memory.streams import Body, Row, Stream, Streams


class Tables(NamedTuple):
    """All that a store keeps, by theme."""

    items: Items
    journals: Journals
    records: Records
    streams: Streams
    comments: CommentTable


class KeptStream(msgspec.Struct, frozen=True, array_like=True):
    rows: list[Row]
    trimmed: int
    trimmed_at: int
    head: Head


class KeptJournal(msgspec.Struct, frozen=True, array_like=True):
    rows: list[JournalRow]  # in the order of their numbers
    head: int
    trimmed: int
    buried: dict[str, int]


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    grant: int
    key: str
    at: int
    digest: bytes
    answer: bytes


class KeptAssertion(msgspec.Struct, frozen=True, array_like=True):
    app: int
    jti: str
    expires_at: int


class Kept(msgspec.Struct, frozen=True):
    """Everything that a memory store holds."""

    epoch: int
    now: int
    last_id: int
    last_key: int
    items: list[Item]
    comments: list[Comment]
    versions: list[Version]
    enterprises: list[Enterprise]
    users: list[User]
    namespaces: list[Namespace]
    members: list[Member]
    apps: list[App]
    keys: list[PublicKey]
    assertions: list[KeptAssertion]
    passwords: list[Password]
    codes: list[Code]
    grants: list[Grant]
    tokens: list[Token]
    answers: list[KeptAnswer]
    settings: dict[str, bytes]
    journals: dict[int, KeptJournal]
    streams: dict[int, KeptStream]
    bodies: dict[int, Body]

    def fill(self, tables: Tables) -> None:
        """Put everything into the tables of an empty store."""
        items, journals, records, streams, comments = tables
        for item in self.items:
            items.put_one(item)
        for comment in self.comments:
            comments.put(PutComment(comment))
        for version in self.versions:
            items.versions.put_one(version)
        for enterprise in self.enterprises:
            records.put_enterprise(PutEnterprise(enterprise))
        for user in self.users:
            records.put_user(PutUser(user))
        for namespace in self.namespaces:
            records.put_namespace(PutNamespace(namespace))
        for member in self.members:
            records.put_member(PutMember(member))
        for app in self.apps:
            records.put_app(PutApp(app))
        for key in self.keys:
            records.put_public_key(PutPublicKey(key))
        for one in self.assertions:
            records.assertions[one.app, one.jti] = one.expires_at
        for password in self.passwords:
            records.passwords[password.user] = password
        for code in self.codes:
            records.codes[code.digest] = code
        for grant in self.grants:
            records.put_grant(PutGrant(grant))
        for token in self.tokens:
            records.put_token(PutToken(token), self.now)
        for kept in self.answers:
            remembered = Remembered(kept.digest, kept.answer)
            records.answered[kept.grant, kept.key] = Answered(kept.at, remembered)
        records.settings.update(self.settings)
        for id, journal in self.journals.items():
            journals.by_namespace[id] = Journal.holding(*msgspec.structs.astuple(journal))
        for id, stream in self.streams.items():
            streams.by_owner[id] = Stream.holding(
                stream.rows, stream.trimmed, stream.trimmed_at, stream.head
            )
        streams.bodies.update(self.bodies)
        streams.last_key = self.last_key


def dump(epoch: int, now: int, last_id: int, tables: Tables) -> bytes:
    """The whole state, to be read by `restore`."""
    items, journals, records, streams, comments = tables
    return msgspec.msgpack.encode(
        Kept(
            epoch=epoch,
            now=now,
            last_id=last_id,
            last_key=streams.last_key,
            items=list(items.by_id.values()),
            comments=list(comments.by_id.values()),
            versions=[each for kept in items.versions.by_file.values() for each in kept.values()],
            enterprises=list(records.enterprises.values()),
            users=list(records.users.values()),
            namespaces=list(records.namespaces.values()),
            members=list(records.members.values()),
            apps=list(records.apps.values()),
            keys=list(records.keys.values()),
            assertions=[
                KeptAssertion(app, jti, at) for (app, jti), at in records.assertions.items()
            ],
            passwords=list(records.passwords.values()),
            codes=list(records.codes.values()),
            grants=list(records.grants.values()),
            tokens=list(records.tokens.values()),
            answers=[
                KeptAnswer(grant, key, one.at, one.remembered.digest, one.remembered.answer)
                for (grant, key), one in records.answered.items()
            ],
            settings=records.settings,
            journals={
                id: KeptJournal(
                    list(journal.after(0, len(journal.rows))),
                    journal.head,
                    journal.trimmed,
                    journal.buried,
                )
                for id, journal in journals.by_namespace.items()
            },
            streams={
                id: KeptStream(stream.rows, stream.trimmed, stream.trimmed_at, stream.head)
                for id, stream in streams.by_owner.items()
            },
            bodies=streams.bodies,
        )
    )


def restore(state: bytes) -> Kept:
    """What `dump` wrote; raises msgspec.MsgspecError where it is damaged."""
    return msgspec.msgpack.decode(state, type=Kept)
