"""What a server has besides where it is an emulator; no other imports any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wakeful.access import Access
from wakeful.cli.state import CannotServe
from wakeful.core.clock import VirtualTime
from wakeful.core.errors import WakefulError
from wakeful.core.people import User
from wakeful.core.ports import Store
from wakeful.http.emulation.emulation import Emulation
from wakeful.http.emulation.fidelity import Fidelity
from wakeful.http.emulation.view import DisturbedStore
from wakeful.http.front.front import Front
from wakeful.http.services import Services
from wakeful.retention import Retention
from wakeful.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Emulator:
    """The parts that only an emulator has; `store` is what all others see of *store*."""

    def __init__(self, settings: Settings, time: VirtualTime, store: Store) -> None:
        self._settings = settings
        self._time = time
        self.store = DisturbedStore(store, time.clock)

    def emulation(
        self, owner: User, front: Front, retention: Retention, access: Access
    ) -> Emulation:
        """What tests may do, with a first user."""
        fidelity = Fidelity(self._time.clock, self._settings.fidelity, self._settings.chance)
        fidelity.add(owner.id, owner.enterprise, None, None)
        return Emulation(owner.id, self._time, front, retention, access, self.store, fidelity)

    async def set_up(
        self, services: Services, emulation: Emulation, app: ASGIApp, owner: User
    ) -> None:
        """Have there be what it is to begin with. Raises CannotServe."""
        scenario, seed = self._settings.scenario, self._settings.seed
        if scenario is None and seed is None:
            return
        from wakeful.http.emulation.scenario import ScenarioError, Script
        from wakeful.http.emulator.playing import Playing
        from wakeful.http.emulator.seeding import Seeding

        try:
            if seed is not None:
                seeding = Seeding(services.feed, services.contents, services.watched)
                await seeding.seed(owner.id, owner.home, seed)
            if scenario is not None:
                await Playing(services, emulation, app).play(Script(scenario))
        except (ScenarioError, WakefulError) as error:
            raise CannotServe(str(error)) from None
