"""The store itself: one thread, one event loop, nothing ever waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from wakeful.core import writes
from wakeful.core.clock import wall_clock
from wakeful.core.errors import StoreFailed
from wakeful.core.lookups import FIRST_ID, Lookup, NewIds, Remember, Setting
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
from wakeful.core.lookups.streams import (
    LastKey,
    ReadStream,
    ReadTimeline,
    StreamStates,
    TimelinePage,
)
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
    Space,
    SpaceOf,
    SpaceUsed,
    SubtreeSize,
    Trashed,
    TrashedBefore,
    VersionById,
    VersionsOf,
)
from wakeful.core.ports import Health, Hints, StreamKind, Told, Trimmed
from wakeful.core.positions import FIRST_EPOCH, LAST_EPOCH, StreamState
from wakeful.core.writes import Command, Steps, Write
from wakeful.stores.driver import Clock, CommitObserver, drive, is_for_readers
from wakeful.stores.memory.comments import CommentTable
from wakeful.stores.memory.dump import Tables, dump, restore
from wakeful.stores.memory.items import Items
from wakeful.stores.memory.journal_views import JournalViews
from wakeful.stores.memory.journals import Journals
from wakeful.stores.memory.records import Records
from wakeful.stores.memory.streams import Streams
from wakeful.stores.memory.undo import Undo

T = TypeVar("T")


class MemoryStore:
    """A `core.ports.Store` that keeps nothing beyond the life of the process.

    Between two commands its state is always whole, so a look-up needs no snapshot.
    `backup` and `restored` carry a state from one process to another.
    """

    def __init__(
        self,
        *,
        epoch: int = FIRST_EPOCH,
        clock: Clock = wall_clock,
        observer: CommitObserver | None = None,
    ) -> None:
        self._epoch = epoch
        self._clock = clock
        self._observer = observer
        self._heard: Callable[[Hints], None] | None = None
        self._health = Health.WRITABLE
        self._now = 0
        self._last_id = FIRST_ID - 1
        self._undo = Undo()
        records, comments = Records(self._undo), CommentTable(self._undo)
        self._tables = Tables(
            Items(self._undo, comments),
            Journals(self._undo),
            records,
            Streams(self._undo, epoch, records.enterprises),
            comments,
        )
        self._answers = self._look_ups()
        self._steps = self._answers | self._writes()

    def __repr__(self) -> str:
        return f"<MemoryStore [{self._health}, epoch {self._epoch}]>"

    @classmethod
    def restored(
        cls,
        file: Path,
        *,
        after: int,
        clock: Clock = wall_clock,
        observer: CommitObserver | None = None,
    ) -> MemoryStore:
        """The store that `backup` wrote to *file*, in an epoch of its own: beyond that of the
        copy and beyond *after*, the greatest that its clients may have seen.

        One copy may be restored again and again, and others between: a store that keeps nothing
        cannot know. Raises ValueError where there is no further epoch.
        """
        kept = restore(file.read_bytes())
        used = max(kept.epoch, after)
        if used >= LAST_EPOCH:
            raise ValueError(f"all {LAST_EPOCH} epochs are used up")
        store = cls(epoch=used + 1, clock=clock, observer=observer)
        store._now, store._last_id = kept.now, kept.last_id
        kept.fill(store._tables)
        # What was filled in is no part of the first command, whose failure would take it back.
        store._undo.forget()
        return store

    @property
    def epoch(self) -> int:
        return self._epoch

    @property
    def health(self) -> Health:
        return self._health

    def on_commit(self, heard: Callable[[Hints], None]) -> None:
        self._heard = heard

    async def commit(self, command: Command[T]) -> T:
        return self._commit(command)

    def submit(self, command: Command[T], told: Told[T]) -> None:
        self._check_open()
        loop = asyncio.get_running_loop()
        try:
            result = self._commit(command)
        except Exception as error:
            loop.call_soon(told, None, error)
        else:
            loop.call_soon(told, result, None)

    def _commit(self, command: Command[T]) -> T:
        self._check_open()
        now = self._now = max(self._clock(), self._now)
        last_id = self._last_id
        self._tables.streams.grown.clear()
        self._tables.journals.grown.clear()
        try:
            result = drive(command(now), self._step(now))
        except BaseException:
            self._undo.take_back()
            self._last_id = last_id
            raise
        self._undo.forget()
        self._tell(self._hints())
        return result

    async def ask(self, lookup: Lookup[T]) -> T:
        self._check_open()
        answer: T = self._answer(self._answers, lookup)
        return answer

    def ask_now(self, lookup: Lookup[T]) -> T | None:
        if self._health is Health.CLOSED:
            return None
        answer: T = self._answer(self._answers, lookup)
        return answer

    def look_now(self, steps: Steps[T]) -> T | None:
        if self._health is Health.CLOSED:
            steps.close()
            return None
        return drive(steps, partial(self._answer, self._answers))

    async def trim(self, kind: StreamKind, before: int, limit: int) -> Trimmed:
        self._check_open()
        return self._tables.streams.trim(kind, before, limit)

    async def trim_journals(self, before: int, limit: int) -> int:
        self._check_open()
        return self._tables.journals.trim(before, limit)

    async def trim_versions(self, before: int, limit: int) -> int:
        self._check_open()
        return self._tables.items.versions.trim(before, limit)

    async def backup(self, file: Path) -> None:
        self._check_open()
        state = dump(self._epoch, self._now, self._last_id, self._tables)
        with file.open("xb") as copy:
            copy.write(state)

    async def close(self) -> None:
        self._health = Health.CLOSED

    def _check_open(self) -> None:
        if self._health is Health.CLOSED:
            raise StoreFailed("The store is closed")

    def _tell(self, hints: Hints) -> None:
        try:
            if self._observer is not None:
                self._observer.committed(1, 0.0)
            if hints and self._heard is not None:
                self._heard(hints)
        except Exception as error:
            # The command is carried out whatever becomes of its hints.
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a listener of the store failed", "exception": error}
            )

    def _hints(self) -> Hints:
        """The heads of what the command wrote."""
        hints = dict(self._tables.streams.grown)
        for namespace in self._tables.journals.grown:
            journal = self._tables.journals.by_namespace[namespace]
            journal.tidy()
            hints[namespace] = (journal.head,)
        return hints

    def _step(self, now: int) -> Callable[[Lookup[Any] | Write], Any]:
        def answer(step: Lookup[Any] | Write) -> Any:
            match step:
                case writes.Append():
                    return self._tables.streams.append(step, now)
                case writes.JournalPut():
                    return self._tables.journals.put(step, now)
                case writes.JournalPuts():
                    return self._tables.journals.put_all(step, now)
                case writes.JournalDrop():
                    return self._tables.journals.drop(step, now)
                case writes.JournalMove():
                    return self._tables.journals.move(step, now)
                case writes.PutRemembered():
                    return self._tables.records.put_remembered(step, now)
                case writes.PutToken():
                    return self._tables.records.put_token(step, now)
                case writes.PutAssertion():
                    return self._tables.records.put_assertion(step, now)
                case writes.PutCode():
                    return self._tables.records.put_code(step, now)
                case _ if is_for_readers(step):
                    raise TypeError(f"{type(step).__name__} in this form has no place here")
                case NewIds():
                    first = self._last_id + 1
                    self._last_id += step.count
                    return first
                case _:
                    return self._answer(self._steps, step)

        return answer

    @staticmethod
    def _answer(handlers: Mapping[type, Callable[[Any], Any]], step: object) -> Any:
        handler = handlers.get(type(step))
        if handler is None:
            raise TypeError(f"{type(step).__name__} has no place here")
        return handler(step)

    def _look_ups(self) -> dict[type, Callable[[Any], Any]]:
        items, journals, records, streams, comments = self._tables
        views = JournalViews(items, journals, records)

        def states(lookup: StreamStates) -> tuple[StreamState, ...]:
            return tuple(streams.state(owner) for owner in lookup.streams)

        def space_of(lookup: SpaceOf) -> tuple[Space, ...]:
            return tuple(
                Space(place.owner, place.id, items.used.get(place.id, 0))
                for place in records.owned_by(lookup.owners)
            )

        def timeline(lookup: ReadTimeline) -> TimelinePage:
            # What was told must stay true of all that comes later.
            self._now = max(self._clock(), self._now)
            return streams.read_timeline(lookup, self._now)

        return {
            ItemById: items.one,
            ChildByName: items.named,
            ChildrenByName: items.named_any,
            Lineage: items.lineage,
            Children: items.children,
            CountChildren: items.count,
            Trashed: items.trashed,
            CountTrashed: items.count_trashed,
            ItemsOf: items.of,
            VersionById: items.versions.one,
            VersionsOf: items.versions.of,
            NamedContents: items.named_contents,
            TrashedBefore: items.trashed_before,
            SpaceUsed: items.space_used,
            SpaceOf: space_of,
            SubtreeSize: items.subtree_size,
            CommentById: comments.one,
            Comments: comments.page,
            RepliesTo: comments.replies,
            CountComments: comments.count,
            JournalAt: journals.at,
            JournalRowsAt: journals.at_any,
            ReadJournal: journals.read,
            ListJournal: views.page,
            JournalHeads: views.heads,
            MountsOf: views.mounts_of,
            ReadStream: streams.read,
            ReadTimeline: timeline,
            StreamStates: states,
            LastKey: lambda _: streams.last_key,
            Enterprises: records.all_enterprises,
            UserById: records.user,
            UserByLogin: records.user_by_login,
            Users: records.users_of,
            DisabledUsers: records.disabled_users_of,
            NamespaceById: records.namespace,
            Namespaces: records.namespaces_of,
            Members: records.members_of,
            MemberById: records.member,
            MembershipsOf: records.memberships_of,
            AppById: records.app,
            AppByClientId: records.app_by_client_id,
            Apps: records.apps_of,
            PublicKeys: records.keys_of,
            AssertionUsed: records.assertion_used,
            PasswordOf: records.password,
            CodeByDigest: records.code,
            GrantById: records.grant,
            Grants: records.grants_of,
            GrantsOfApp: records.grants_of_app,
            StandingGrant: records.standing_grant,
            TokenByDigest: records.token_by_digest,
            TokenById: records.token,
            Tokens: records.tokens_of,
            TokensOfGrant: records.tokens_of_grant,
            Remember: records.remembered,
            Setting: records.setting,
        }

    def _writes(self) -> dict[type, Callable[[Any], Any]]:
        items, _, records, _, comments = self._tables
        return {
            writes.PutItems: items.put,
            writes.PutVersion: items.versions.put,
            writes.RemoveSubtree: items.remove_subtree,
            writes.RehomeSubtree: items.rehome_subtree,
            writes.PutComment: comments.put,
            writes.RemoveComment: comments.remove,
            writes.PutSetting: records.put_setting,
            writes.PutEnterprise: records.put_enterprise,
            writes.PutUser: records.put_user,
            writes.PutNamespace: records.put_namespace,
            writes.RemoveNamespace: records.remove_namespace,
            writes.PutMember: records.put_member,
            writes.RemoveMember: records.remove_member,
            writes.PutApp: records.put_app,
            writes.RemoveApp: records.remove_app,
            writes.PutPublicKey: records.put_public_key,
            writes.RemovePublicKey: records.remove_public_key,
            writes.PutGrant: records.put_grant,
            writes.PutPassword: records.put_password,
        }
