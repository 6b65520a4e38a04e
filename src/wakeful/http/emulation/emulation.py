"""What a server in memory lets its testers do, beside what every server does."""

from __future__ import annotations

from wakeful.access import Access
from wakeful.core.clock import VirtualTime
from wakeful.core.errors import NotFound
from wakeful.core.lookups.people import UserById
from wakeful.core.people import User
from wakeful.http.emulation.advancing import Advancing
from wakeful.http.emulation.askers import Askers
from wakeful.http.emulation.connection import EmulatedConnection, emulated
from wakeful.http.emulation.faults import FITS, Faults, Rule, Wish
from wakeful.http.emulation.fidelity import Fidelity, Keys
from wakeful.http.emulation.recording import Recorder
from wakeful.http.emulation.routes import Routes
from wakeful.http.emulation.stage import Stage
from wakeful.http.emulation.timeline import Timeline
from wakeful.http.emulation.view import DisturbedStore
from wakeful.http.front.front import Front
from wakeful.retention import Retention


class Emulation:
    """A server whose time can be put forward, that does wrong on demand, and remembers what it
    was asked. `owner` is the user whose token it printed."""

    def __init__(
        self,
        owner: int,
        time: VirtualTime,
        front: Front,
        retention: Retention,
        access: Access,
        store: DisturbedStore,
        fidelity: Fidelity,
    ) -> None:
        self.owner = owner
        self.time = time
        self.recorder = Recorder(time.clock)
        self.faults = Faults(time.clock)
        self.fidelity = fidelity
        keys = Keys(access.seal, access.unseal, store.epoch)
        self.stage = Stage(
            self.recorder, self.faults, Askers(access), front.polls, time.clock, fidelity, keys
        )
        self.known: list[tuple[User, str]] = []
        """The users that were made for tests, with their tokens."""
        self.timeline = Timeline(time.clock, front.polls.wheel)
        self._store = store
        store.judge_by(self.faults.late, front.polls.wheel)
        store.judge_by(fidelity.late, front.polls.wheel)
        self.faults.on_change(self._changed)
        self._advancing = Advancing(time, self.timeline, front.look, retention)

    def learn(self, routes: Routes) -> None:
        """The routes of the app are known now."""
        self.stage.routes = routes

    def remember(self, user: User, token: str) -> None:
        """This user was made, with that token."""
        self.known.append((user, token))

    def connection(self) -> type[EmulatedConnection]:
        """What the front serves its connections by."""
        return emulated(self.stage)

    async def fault(self, wish: Wish) -> Rule:
        """Let something go wrong. Raises InvalidRequest, and NotFound for a user that is not."""
        if wish.route is not None:
            self.stage.routes.check(wish.route, FITS.get(wish.fault))
        streams = None
        if wish.user is not None:
            user = await self._store.ask(UserById(wish.user))
            if user is None:
                raise NotFound(f"no user {wish.user}")
            streams = frozenset({user.id, user.enterprise})
        return self.faults.add(wish, streams)

    def _changed(self, rule: Rule) -> None:
        if not self.faults.is_in_force(rule):
            self._store.let_go(rule.id)

    async def advance(self, ms: int) -> None:
        """Let *ms* go by, as `Advancing.advance`."""
        await self._advancing.advance(ms)

    async def end(self) -> None:
        """Let go whoever waits for what is noted, and what was to happen."""
        self.recorder.end_waits()
        await self.timeline.end()
