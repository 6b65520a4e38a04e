"""How true an emulator is to Box and Dropbox: with all that they do, or with Wakeful's promises.

Rule 1: what they are known to do is imitated where its source says so (docs/emulator.md), and what
only seems likely is not.

Rule 2: chance is a series for each user and each kind of thing, from a number that the test can
give. So a test that asks the same gets the same, whatever others do at the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Literal

import msgspec

from wakeful.core.clock import Clock
from wakeful.http.emulation.view import Late
from wakeful.http.rates import RateLimit

if TYPE_CHECKING:
    import random

Word = Literal["better", "faithful"]

DELAY_SECONDS = (1.0, 2.0)
"""Between an event of a user and its being shown, as recorded events have it."""

ENTERPRISE_DELAY_SECONDS = (10.0, 14.0)
"""The same of an enterprise's, of which Box says that it takes some 12 seconds."""

REPEATED_SECONDS = 10.0
"""For how long an event may come again; consumers who saw it remember ids for a minute."""

MOST_REPEATED = 3
REQUESTS_A_MINUTE = 1_000

_OFTEN = 1 / 4
_SELDOM = 1 / 10
_REMEMBERED = 50  # events of one stream, for those that come again
_NOBODY = 0  # a rule has a greater number


class Keys(msgspec.Struct, frozen=True):
    """What opens and makes cursors."""

    seal: Callable[[bytes, bytes], str]
    unseal: Callable[[bytes, str], bytes | None]
    epoch: int


class Faithful:
    """One user of Box and Dropbox as they are."""

    def __init__(self, chance: int) -> None:
        self._chance = chance
        self._series: dict[str, random.Random] = {}
        self._given: dict[Hashable, deque[tuple[float, msgspec.Raw]]] = {}

    def __repr__(self) -> str:
        return f"<Faithful [chance {self._chance}]>"

    def draw(self, what: str) -> random.Random:
        """The series of chance of *what*."""
        series = self._series.get(what)
        if series is None:
            import random  # of no use where nobody is faithful

            series = self._series[what] = random.Random(f"{self._chance} {what}")
        return series

    def often(self, what: str) -> bool:
        return self.draw(what).random() < _OFTEN

    def seldom(self, what: str) -> bool:
        return self.draw(what).random() < _SELDOM

    def shortened(self, what: str, limit: int) -> int:
        """A limit of which a page may fall short."""
        return self.draw(what).randint(max(1, limit // 4), limit) if self.often(what) else limit

    def repeated(self, stream: str, now: float) -> list[msgspec.Raw]:
        """Events of *stream* that were given a while ago and come again, if any do."""
        given = self._given.get(stream)
        while given and given[0][0] < now - REPEATED_SECONDS:
            given.popleft()
        if not given or not self.often("repeated"):
            return []
        count = self.draw("repeated").randint(1, min(MOST_REPEATED, len(given)))
        return [raw for _, raw in list(given)[-count:]]

    def gave(self, stream: str, entries: list[msgspec.Raw], now: float) -> None:
        """These were given for the first time."""
        given = self._given.setdefault(stream, deque(maxlen=_REMEMBERED))
        # Copied: a raw value is a view of the whole page.
        given.extend((now, each.copy()) for each in entries)

    def turned(self, entries: list[msgspec.Raw]) -> list[msgspec.Raw]:
        """*entries*, two neighbours of which may have changed places."""
        if len(entries) > 1 and self.often("turned"):
            at = self.draw("turned").randrange(len(entries) - 1)
            entries = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
        return entries


class Fidelity:
    """Which users of an emulator have which fidelity."""

    def __init__(self, clock: Clock, word: Word, chance: int) -> None:
        self._clock = clock
        self._word = word
        self._chance = chance
        self._users: dict[int, Faithful | None] = {}
        self._enterprises: set[int] = set()
        self._by_stream: dict[int, Faithful] = {}
        self._rate = RateLimit(REQUESTS_A_MINUTE, clock.monotonic)

    def __repr__(self) -> str:
        return f"<Fidelity [{self._word}]>"

    def add(self, user: int, enterprise: int, word: Word | None, chance: int | None) -> None:
        """There is a user; *word* and *chance* are those of the server where they are None."""
        if (self._word if word is None else word) != "faithful":
            self._users[user] = None
            return
        faithful = self._users[user] = Faithful(self._chance if chance is None else chance)
        self._by_stream[user] = faithful
        self._by_stream.setdefault(enterprise, faithful)
        self._enterprises.add(enterprise)

    def of(self, user: int | None) -> Faithful | None:
        """How *user* is faithful; None for one who has Wakeful's promises."""
        if user is None:
            return None
        if user not in self._users:
            # Not made by the emulator, but by an admin.
            is_faithful = self._word == "faithful"
            self._users[user] = Faithful(self._chance) if is_faithful else None
        return self._users[user]

    def take(self, user: int) -> None:
        """Count one request of *user*. Raises RateLimited."""
        self._rate.take(user)

    def late(self, stream: int, number: int) -> Late | None:
        """When an event that was written just now is shown, as `view.Judge`."""
        faithful = self._by_stream.get(stream)
        if faithful is None:
            return None
        is_enterprise = stream in self._enterprises
        between = ENTERPRISE_DELAY_SECONDS if is_enterprise else DELAY_SECONDS
        what = "delay of the enterprise" if is_enterprise else "delay"
        seconds = faithful.draw(what).uniform(*between)
        return Late(_NOBODY, due=self._clock.monotonic() + seconds)
