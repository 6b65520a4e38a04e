"""How often one client may ask.

Rule 1: who is refused is told when to come back, and nothing is done for them before.

Rule 2: an asker is one number, the time at which their allowance is whole again. There is no
timer, and what is whole again is forgotten when room is needed.

Rule 3: a token that is known is never mistaken for a guess: others may sit behind the same
address.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable, Hashable

from wakeful.core.errors import RateLimited

_MINUTE = 60.0

_ROUNDING = 1e-6  # seconds; of floating point numbers

_MOST_REMEMBERED = 20_000  # askers, some 150 bytes each
_FEW_REMEMBERED = 1_000  # as long as no more than half of them are not whole again


class RateLimit:
    """So many times a minute for each asker, all at once if they like; 0 is without limit."""

    __slots__ = ("_burst", "_clock", "_room", "_step", "_whole_at", "refused")

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._step = _MINUTE / per_minute if per_minute else 0.0
        self._burst = _MINUTE - self._step
        self._clock = clock
        self._whole_at: dict[Hashable, float] = {}
        self._room = min(
            _FEW_REMEMBERED, _MOST_REMEMBERED
        )  # askers, before it looks for those to forget
        self.refused = 0

    def __repr__(self) -> str:
        return f"<RateLimit [{len(self._whole_at)} askers]>"

    def take(self, asker: Hashable) -> None:
        """Count one time of *asker*. Raises RateLimited, and then does not count it."""
        if not self._step:
            return
        now = self._clock()
        whole_at = max(self._check(asker, now), now)
        if len(self._whole_at) >= self._room:
            self._forget(now)
        self._whole_at[asker] = whole_at + self._step

    def give_back(self, asker: Hashable) -> None:
        """Take back one time of *asker* that was counted."""
        if asker in self._whole_at:
            self._whole_at[asker] -= self._step

    def has_room(self, asker: Hashable) -> bool:
        """Whether `take` would count one time more."""
        return not self._step or self._over(asker, self._clock()) <= _ROUNDING

    def check(self, asker: Hashable) -> None:
        """As `take`, without counting."""
        if self._step:
            self._check(asker, self._clock())

    def _check(self, asker: Hashable, now: float) -> float:
        over = self._over(asker, now)
        if over > _ROUNDING:
            self.refused += 1
            raise RateLimited(
                "Request rate limit exceeded, please try again later",
                retry_after=math.ceil(over),
            )
        return self._whole_at.get(asker, 0.0)

    def _over(self, asker: Hashable, now: float) -> float:
        """The seconds by which *asker* is early; below zero where they are not."""
        return self._whole_at.get(asker, 0.0) - now - self._burst

    def _forget(self, now: float) -> None:
        """Make room: those who are whole again, else the half that has waited longest."""
        left = {asker: at for asker, at in self._whole_at.items() if at > now}
        if len(left) <= self._room // 2:
            # Half of the room at least is free, so that looking costs each asker the same.
            self._room = min(max(_FEW_REMEMBERED, 2 * len(left)), _MOST_REMEMBERED)
        elif self._room < _MOST_REMEMBERED:
            self._room = min(2 * self._room, _MOST_REMEMBERED)
        else:
            newest = list(left.items())[len(left) // 2 :]
            left = dict(newest)
        self._whole_at = left


def address_of(text: str) -> str:
    """What stands for everybody at the address *text*: of IPv6 the network of 64 bits, all of
    which one client has."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is not None:
            return str(mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
