"""Stores of Wakeful to measure with: many users, long streams, large trees.

They are written by the rules of the core, many in one transaction, without a server.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from wakeful.access import ALL_SCOPES, Access, open_access
from wakeful.core import accounts
from wakeful.core.changes import Baseline, BaselineEntry, ById, ByPath, CreateFolder, Facts
from wakeful.core.cursors import Scope
from wakeful.core.events import ONLY_ALL, Entry, Event, Person, StreamClass, describe
from wakeful.core.items import Kind, Seen
from wakeful.core.members import mount
from wakeful.core.people import Namespace, Role, User
from wakeful.core.positions import position
from wakeful.core.publish import publish
from wakeful.core.view import begin, latest
from wakeful.core.writes import Append, Command, Steps
from wakeful.dialects.dropbox.cursors import sealed
from wakeful.http.reading import read
from wakeful.stores.sqlite import SqliteStore

AT_ONCE = 500
TEAM = "team"


Made = tuple[User, int, str]
"""A user, the id of their grant, and a token."""


@dataclass(frozen=True)
class Prepared:
    """A data folder and who is in it. A user: id, token, channel, position, cursor."""

    data: Path
    admin: tuple[str, ...]
    users: tuple[tuple[str, ...], ...]
    team: str = ""
    channels: tuple[str, ...] = ()
    """Further channels of the admin, as many as there are users."""


def prepare(
    data: Path,
    users: int,
    *,
    events: int = 0,
    event_bytes: int = 0,
    files: int = 0,
    team: bool = False,
    cursors: bool = False,
    streams: int = 1_000,
) -> Prepared:
    """A store with *users*. *events* are in the streams of the first *streams* users in turn, and
    the enterprise's; *files* came into the home of the first after its cursor. With *team* all are
    members of one namespace."""
    return asyncio.run(
        _prepare(
            data,
            users,
            events,
            event_bytes,
            files,
            has_team=team,
            has_cursors=cursors,
            streams=streams,
        )
    )


async def _prepare(
    data: Path,
    users: int,
    events: int,
    event_bytes: int,
    files: int,
    *,
    has_team: bool,
    has_cursors: bool,
    streams: int,
) -> Prepared:
    store = await SqliteStore.open(data)
    try:
        access = await open_access(store)
        enterprise = await store.commit(accounts.create_enterprise("benchmark"))
        made: list[Made] = []
        for first in range(0, users + 1, AT_ONCE):
            logins = [f"user{number}" for number in range(first, min(first + AT_ONCE, users + 1))]
            made += await store.commit(_make_users(enterprise.id, logins))
        namespace = ""
        if has_team:
            team = await store.commit(accounts.create_namespace(made[0][0].id, TEAM))
            everybody = [user for user, _, _ in made[1:]]
            for first in range(0, users, AT_ONCE):
                await store.commit(_join(team, everybody[first : first + AT_ONCE]))
            namespace = str(team.id)
        if events:
            readers = [user for user, _, _ in made[1 : 1 + min(streams, users)]]
            await _tell(store, readers, events, event_bytes)
        cursors = {}
        if has_cursors:
            cursors = {each[0].id: await _cursor(store, access, each) for each in made[1:]}
        if files:
            await _fill(store, made[1][0], files)
        described = []
        for user, grant, token in made:
            described.append(
                (
                    str(user.id),
                    token,
                    access.channel(user.id, grant, StreamClass.ALL, position(store.epoch, 0)),
                    str(position(store.epoch, 0)),
                    cursors.get(user.id, ""),
                )
            )
        admin, grant, _ = made[0]
        beginning = position(store.epoch, 0)
        channels = tuple(
            access.channel(admin.id, grant, StreamClass.ALL, beginning) for _ in range(users)
        )
        return Prepared(data, described[0], tuple(described[1:]), namespace, channels)
    finally:
        await store.close()


def _make_users(enterprise: int, logins: list[str]) -> Command[list[Made]]:
    def steps(now: int) -> Steps[list[Made]]:
        made = []
        for login in logins:
            is_admin = login == "user0"
            user = yield from accounts.create_user(enterprise, login, is_admin=is_admin)(now)
            grant = yield from accounts.create_grant(user.id, "benchmark", ALL_SCOPES)(now)
            token = accounts.new_token()
            yield from accounts.create_token(grant.id, accounts.digest_of(token))(now)
            made.append((user, grant.id, token))
        return made

    return steps


def _join(namespace: Namespace, users: list[User]) -> Command[None]:
    """Without telling anybody: who is let in by the rules is told of to all who are in."""

    def steps(now: int) -> Steps[None]:
        for user in users:
            yield from mount(namespace, user, Role.EDITOR, now, by=namespace.owner)

    return steps


async def _tell(store: SqliteStore, users: list[User], events: int, size: int) -> None:
    for first in range(0, events, 2 * AT_ONCE):
        count = min(2 * AT_ONCE, events - first)
        await store.commit(_append(users, first, count, size))


def _append(users: list[User], first: int, count: int, size: int) -> Command[None]:
    def steps(now: int) -> Steps[None]:
        entries = []
        for number in range(first, first + count):
            user = users[number % len(users)]
            person = Person(user.id, user.name, user.login)
            event = Event(
                id=f"{number:040x}",
                type="benchmark.told",
                created_at=now,
                recorded_at=now,
                enterprise=user.enterprise,
                actor=person,
                source=describe({"type": "message", "text": "x" * size}) if size else None,
            )
            entries.append(Entry(event, {user.id: ONLY_ALL, user.enterprise: ONLY_ALL}))
        yield Append(tuple(entries))

    return steps


async def _fill(store: SqliteStore, user: User, files: int) -> None:
    """Files in folders of a thousand."""
    for first in range(0, files, 1_000):
        folder = CreateFolder(parent=ByPath(user.home, ()), name=f"folder {first}")
        (made,) = (await store.commit(publish(user.id, (folder,)))).applied.items
        assert made is not None
        entries = tuple(
            BaselineEntry(Kind.FILE, f"file {number}.txt", Facts(size=1), Seen(number, 1, 1))
            for number in range(first, min(first + 1_000, files))
        )
        change = Baseline(parent=ById(made.id), entries=entries)
        await store.commit(publish(user.id, (change,)))


async def _cursor(store: SqliteStore, access: Access, made: Made) -> str:
    user, grant, _ = made
    first = await read(store, begin(user.id, grant, store.epoch, Scope()))
    return sealed(access.seal, await read(store, latest(first)))
