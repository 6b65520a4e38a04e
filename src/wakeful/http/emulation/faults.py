"""Rules by which an emulator does wrong.

Rule 1: a fault is asked for: each rule says for which route, which user, after how many requests
and how often. What no rule concerns is answered as ever.

Rule 2: of several rules that concern a request the first that was made decides, and a delay lets
those behind it have their say.

Rule 3: no fault reaches the store. Whoever reads on after it reads everything.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec
from msgspec import Meta

from wakeful.core.clock import Clock
from wakeful.core.errors import InvalidRequest, NotFound
from wakeful.http.emulation.routes import POLLS, Named
from wakeful.http.emulation.view import Late

MOST_RULES = 1_000

MOST_SECONDS = 3_600.0
MOST_COUNT = 1_000_000


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """It is answered with an error."""

    DELAY = "delay"
    """It is answered later."""

    HANG = "hang"
    """It is not answered before the rule is removed."""

    CUT = "cut"
    """The connection ends in the middle of the answer."""

    RESET = "reset"
    """The connection is reset."""

    RECONNECT = "reconnect"
    """A poll is told at once that nothing happened."""

    WAKE = "wake"
    """A poll is told at once of a change that there is not."""

    DUPLICATE = "duplicate"
    """What a page tells is told twice."""

    REORDER = "reorder"
    """A page has the newest first."""

    LATE = "late"
    """What happens is told later, behind what happened after it."""

    GAP = "gap"
    """The position is one that is no longer kept."""

    STALE = "stale"
    """The cursor is one that is no longer known."""


_PAGES = frozenset({"box.events", "dropbox.continue", "dropbox.list_folder", "dropbox_v1.delta"})

FITS: dict[Kind, frozenset[str]] = {
    Kind.RECONNECT: POLLS,
    Kind.WAKE: POLLS,
    Kind.DUPLICATE: _PAGES,
    Kind.REORDER: _PAGES,
    Kind.LATE: frozenset({"box.events", "dropbox.continue", "dropbox_v1.delta"}),
    Kind.GAP: frozenset({"box.events"}),
    Kind.STALE: frozenset(
        {"dropbox.continue", "dropbox.longpoll", "dropbox_v1.delta", "dropbox_v1.longpoll"}
    ),
}
"""The routes that a fault is for; one that is not here is for all."""

_ONCE = frozenset({Kind.GAP, Kind.STALE})
"""Faults from which a reader begins anew: for ever, it would never come to an end."""

_FIELDS: dict[str, frozenset[Kind]] = {
    "status": frozenset({Kind.STATUS}),
    "retry_after": frozenset({Kind.STATUS}),
    "seconds": frozenset({Kind.DELAY, Kind.LATE}),
    "after": frozenset({Kind.CUT, Kind.RESET}),
    "events": frozenset({Kind.LATE}),
    "backoff": frozenset({Kind.RECONNECT}),
}
"""The faults for which a field means something."""

Count = Annotated[int, Meta(ge=0, le=MOST_COUNT)]


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that is asked for.

    `route` is the name of a route (`box.events`), a family (`box`) or a pattern with `*` over
    names, templates (`GET /2.0/files/{id}`) and paths; without it the fault is for all that it can
    concern. `user` is an id. The first `skip` requests are spared, then `times` of them are not:
    null means as long as the rule is there, for `gap` and `stale` once. `status` from 400 to 599
    with `retry_after` in seconds; `seconds` of a delay, or after which a late event is told, which
    may as well be when `events` more have come; `after` so many bytes of the body a connection
    ends; `backoff` in seconds for clients of Dropbox.
    """

    fault: Kind
    route: str | None = None
    user: int | None = None
    skip: Count = 0
    times: Annotated[int, Meta(ge=1, le=MOST_COUNT)] | None = None
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    retry_after: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    seconds: Annotated[float, Meta(ge=0, le=MOST_SECONDS)] | None = None
    after: Count | None = None
    events: Annotated[int, Meta(ge=1, le=MOST_COUNT)] | None = None
    backoff: Annotated[int, Meta(ge=1, le=86_400)] | None = None

    def check(self) -> None:
        """Raise InvalidRequest for what makes no sense together."""
        for name, kinds in _FIELDS.items():
            if getattr(self, name) is not None and self.fault not in kinds:
                text = ", ".join(sorted(kinds))
                raise InvalidRequest(f"{name} is for {text}, not for {self.fault}", field=name)
        if self.fault is Kind.STATUS and self.status is None:
            raise InvalidRequest("with which status?", field="status")
        if self.fault is Kind.DELAY and self.seconds is None:
            raise InvalidRequest("by how many seconds?", field="seconds")
        if self.fault is Kind.LATE and (self.seconds is None) == (self.events is None):
            raise InvalidRequest("by how many seconds, or how many events?", field="seconds")


class Rule:
    """A fault that is in force. `seen` requests concerned it, and it was `used` on so many."""

    __slots__ = (
        "began",
        "counted",
        "fault",
        "held",
        "id",
        "seen",
        "streams",
        "times",
        "used",
        "wish",
    )

    def __init__(self, id: int, wish: Wish, began: float) -> None:
        self.id = id
        self.wish = wish
        self.fault = wish.fault
        self.began = began  # by the virtual clock
        self.times = 1 if wish.times is None and wish.fault in _ONCE else wish.times
        self.seen = 0
        self.used = 0
        self.streams: frozenset[int] | None = None
        """Those whose events are late by it; None: all."""
        self.counted: dict[int, int] = {}
        """How many events it concerned, by stream."""
        self.held: set[Callable[[], None]] = set()
        """What lets go on those whom it holds."""

    def __repr__(self) -> str:
        return f"<Rule {self.id} {self.fault} [{self.used} of {self.times}]>"

    @property
    def is_spent(self) -> bool:
        return self.times is not None and self.used >= self.times

    @property
    def concerns_events(self) -> bool:
        """Whether it is for events of Box, and not for pages of Dropbox only."""
        route = self.wish.route
        return route is None or any(
            fnmatchcase(name, route) for name in ("box.events", "box", "GET /2.0/events")
        )

    def concerns(self, route: Named, user: int | None, path: str) -> bool:
        """Whether it is for a request."""
        wish = self.wish
        fits = FITS.get(self.fault)
        return (
            (wish.user is None or wish.user == user)
            and (fits is None or route.name in fits)
            and (wish.route is None or route.matches(wish.route, path))
        )

    def is_late(self, stream: int) -> bool:
        """Count one more event of *stream*; whether it is late. One event is in several streams."""
        if self.streams is not None and stream not in self.streams:
            return False
        count = self.counted[stream] = self.counted.get(stream, 0) + 1
        self.seen = max(self.seen, count)
        used = count - self.wish.skip
        if used < 1 or (self.times is not None and used > self.times):
            return False
        self.used = max(self.used, used)
        return True

    def take(self) -> bool:
        """Count one more that it concerns; whether it is used on it."""
        self.seen += 1
        if self.seen <= self.wish.skip or self.is_spent:
            return False
        self.used += 1
        return True


class Faults:
    """The rules of one emulator."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._rules: dict[int, Rule] = {}
        self._heard: list[Callable[[Rule], None]] = []

    def __repr__(self) -> str:
        return f"<Faults [{len(self._rules)} rules]>"

    def __iter__(self) -> Iterator[Rule]:
        return iter(tuple(self._rules.values()))

    def on_change(self, heard: Callable[[Rule], None]) -> None:
        """Call *heard* with each rule that is made or removed, after that."""
        self._heard.append(heard)

    def add(self, wish: Wish, streams: frozenset[int] | None = None) -> Rule:
        """Make a rule; *streams* are those of its user. Raises InvalidRequest."""
        wish.check()
        if len(self._rules) >= MOST_RULES:
            raise InvalidRequest(f"there are {MOST_RULES} faults already: remove some")
        rule = Rule(next(self._numbers), wish, self._clock.monotonic())
        rule.streams = streams
        self._rules[rule.id] = rule
        self._tell(rule)
        return rule

    def get(self, id: int) -> Rule:
        """The rule of that number. Raises NotFound."""
        rule = self._rules.get(id)
        if rule is None:
            raise NotFound(f"no fault {id}")
        return rule

    def remove(self, id: int) -> Rule:
        """Take a rule back: whom it holds goes on. Raises NotFound."""
        rule = self.get(id)
        del self._rules[id]
        self._tell(rule)
        for go_on in tuple(rule.held):
            go_on()
        return rule

    def clear(self, user: int | None = None) -> list[Rule]:
        """Take back all rules, or those for *user*."""
        gone = [rule for rule in self if user is None or rule.wish.user == user]
        return [self.remove(rule.id) for rule in gone]

    def is_in_force(self, rule: Rule) -> bool:
        return rule.id in self._rules

    def choose(
        self, route: Named, user: int | None, path: str, asked_from: object = None
    ) -> tuple[Rule, ...]:
        """The rules that are used on a request: one, with the delays before it. They are counted.

        Those about late events are not among them: they concern events, not requests. A request
        that is not *asked_from* a position has none to lose.
        """
        chosen = []
        for rule in self._rules.values():
            if rule.fault is Kind.LATE and route.name == "box.events":
                continue
            if rule.fault is Kind.GAP and not isinstance(asked_from, int):
                continue
            if rule.concerns(route, user, path) and rule.take():
                chosen.append(rule)
                if rule.fault is not Kind.DELAY:
                    break
        return tuple(chosen)

    def late(self, stream: int, number: int) -> Late | None:
        """When the event *number* of *stream*, which was written just now, is to be shown; None:
        now."""
        for rule in self._rules.values():
            if rule.fault is Kind.LATE and rule.concerns_events and rule.is_late(stream):
                wish = rule.wish
                due = None if wish.seconds is None else self._clock.monotonic() + wish.seconds
                return Late(rule.id, due, None if wish.events is None else number + wish.events)
        return None

    def _tell(self, rule: Rule) -> None:
        for heard in self._heard:
            heard(rule)
