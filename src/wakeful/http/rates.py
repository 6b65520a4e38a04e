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

_MOST_REMEMBERED = 20_000  # askers, some 150 bytes each


class RateLimit:
    """So many times a minute for each asker, all at once if they like; 0 is without limit."""

    __slots__ = ("_burst", "_clock", "_step", "_whole_at", "refused")

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._step = _MINUTE / per_minute if per_minute else 0.0
        self._burst = _MINUTE - self._step
        self._clock = clock
        self._whole_at: dict[Hashable, float] = {}
        self.refused = 0

    def __repr__(self) -> str:
        return f"<RateLimit [{len(self._whole_at)} askers]>"

    def take(self, asker: Hashable) -> None:
        """Count one time of *asker*. Raises RateLimited, and then does not count it."""
        if not self._step:
            return
        now = self._clock()
        whole_at = max(self._check(asker, now), now)
        if len(self._whole_at) >= _MOST_REMEMBERED:
            self._forget(now)
        self._whole_at[asker] = whole_at + self._step

    def check(self, asker: Hashable) -> None:
        """As `take`, without counting."""
        if self._step:
            self._check(asker, self._clock())

    def _check(self, asker: Hashable, now: float) -> float:
        whole_at = self._whole_at.get(asker, 0.0)
        over = whole_at - now - self._burst
        # Less than a millionth is the rounding of floating point numbers.
        if over > 1e-6:
            self.refused += 1
            raise RateLimited(
                "Request rate limit exceeded, please try again later",
                retry_after=math.ceil(over),
            )
        return whole_at

    def _forget(self, now: float) -> None:
        """Make room: those who are whole again, else the half that has waited longest."""
        left = {asker: at for asker, at in self._whole_at.items() if at > now}
        if len(left) > _MOST_REMEMBERED // 2:
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
