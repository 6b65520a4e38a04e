"""Has a scenario be: makes its users, gives them what they have, and lets things happen."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.types import ASGIApp, Message

from wakeful.core.accounts import add_member, create_enterprise, create_namespace, new_token
from wakeful.core.errors import WakefulError
from wakeful.core.people import User
from wakeful.dialects.native.changes import parse_changes
from wakeful.dialects.native.events import parse_events
from wakeful.http.emulation.emulation import Emulation
from wakeful.http.emulation.scenario import Scenario, Script, StepPart
from wakeful.http.emulation.timeline import Step
from wakeful.http.emulator.people import Fresh, make_user
from wakeful.http.emulator.seeding import Seeding
from wakeful.http.services import Services


class StepFailed(Exception):
    """Something that was to happen was refused."""


class Playing:
    """Plays a script on a server, whose *app* takes what users do. Raises ScenarioError."""

    def __init__(self, services: Services, emulation: Emulation, app: ASGIApp) -> None:
        self._services = services
        self._store = services.feed.store
        self._emulation = emulation
        self._app = app
        self._seeding = Seeding(services.feed, services.contents, services.watched)
        self._users: dict[str, User] = {}
        self._tokens: dict[str, str] = {}

    async def play(self, script: Script) -> None:
        """Make all that the script has, and wait for what is to happen."""
        scenario = script.scenario
        await self._make_users(script, scenario)
        await self._share(script, scenario)
        steps = [self._step(script, index) for index in range(len(scenario.timeline))]
        for index, part in enumerate(scenario.faults):
            user = None
            if part.user is not None:
                user = self._user(script, "faults", index, part.user).id
            try:
                await self._emulation.fault(part.wish(user))
            except (msgspec.ValidationError, WakefulError) as error:
                raise script.error("faults", index, getattr(error, "field", None), error) from None
        self._emulation.timeline.add(steps)

    async def _make_users(self, script: Script, scenario: Scenario) -> None:
        enterprises: dict[str, int] = {}
        for index, part in enumerate(scenario.users):
            token = part.token or new_token()
            try:
                enterprise = None
                if part.enterprise is not None:
                    if part.enterprise not in enterprises:
                        made = await self._store.commit(create_enterprise(part.enterprise))
                        enterprises[part.enterprise] = made.id
                    enterprise = enterprises[part.enterprise]
                fresh = Fresh(part.login, part.name, part.is_admin, enterprise, quota=part.quota)
                user = await self._store.commit(make_user(fresh, token))
            except WakefulError as error:
                raise script.error("users", index, "login", error) from None
            self._users[part.login] = user
            self._tokens[part.login] = token
            self._emulation.remember(user, token)
            self._emulation.fidelity.add(user.id, user.enterprise, part.fidelity, part.chance)
            await self._seed(script, "users", index, user.id, user.home, part.seed)

    async def _share(self, script: Script, scenario: Scenario) -> None:
        for index, part in enumerate(scenario.shared):
            owner = self._user(script, "shared", index, part.owner)
            try:
                shared = await self._store.commit(create_namespace(owner.id, part.name))
                for login in part.members:
                    member = self._user(script, "shared", index, login, "members")
                    await self._store.commit(add_member(shared.id, member.id, part.role))
            except WakefulError as error:
                raise script.error("shared", index, "name", error) from None
            await self._seed(script, "shared", index, owner.id, shared.id, part.seed)

    async def _seed(
        self, script: Script, table: str, index: int, user: int, namespace: int, seed: str | None
    ) -> None:
        if seed is None:
            return
        try:
            await self._seeding.seed(user, namespace, script.folder(seed))
        except WakefulError as error:
            raise script.error(table, index, "seed", error) from None

    def _user(self, script: Script, table: str, index: int, login: str, key: str = "user") -> User:
        user = self._users.get(login)
        if user is None:
            if table == "shared" and key == "user":
                key = "owner"
            raise script.error(table, index, key, f"no user {login!r} in this file")
        return user

    def _step(self, script: Script, index: int) -> Step:
        part = script.scenario.timeline[index]
        user = self._user(script, "timeline", index, part.user)
        path, body = _request(part)
        try:
            if part.changes:
                parse_changes(body, user.home)
            else:
                parse_events(body, user.home)
        except WakefulError as error:
            key = "changes" if part.changes else "events"
            raise script.error("timeline", index, key, error) from None
        token = self._tokens[part.user]
        at = self._emulation.time.clock.monotonic() + script.seconds(index)
        where = script.where("timeline", index)
        return Step(at, where, lambda: self._do(token, path, body))

    async def _do(self, token: str, path: str, body: bytes) -> None:
        """Do something as the user of *token*. Raises StepFailed."""
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"wakeful-testing", b"1")],
            "client": None,
            "server": None,
        }
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        told: list[Message] = []

        async def receive() -> Message:
            return given.pop() if given else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            told.append(message)

        await self._app(scope, receive, send)
        if told[0]["status"] != 200:
            text = b"".join(each.get("body", b"") for each in told[1:])
            raise StepFailed(f"{told[0]['status']} {text.decode(errors='replace')}")


def _request(part: StepPart) -> tuple[str, bytes]:
    """Where a step is done, and what is said there."""
    if part.changes:
        return "/v1/changes", msgspec.json.encode(part.changes)
    return "/v1/events", msgspec.json.encode(part.events)
