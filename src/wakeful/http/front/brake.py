"""Slows whoever is answered again and again at the same place."""

from __future__ import annotations

import time
from collections.abc import Callable

from wakeful.core.positions import Asked
from wakeful.http.recent import Recent

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_COOL_SECONDS = 10.0  # after which a reader starts afresh


class Brake:
    """Slows readers who are answered at once, again and again, without getting on."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._recent: Recent[tuple[object, int, Asked], tuple[int, float]] = Recent()

    def pause(self, reader: object, stream: int, asked: Asked) -> float:
        """Seconds to wait before *reader* is answered at *asked* once more: none for the
        first time, then more and more. The answer counts as given."""
        key = (reader, stream, asked)
        now = self._now()
        times, last = self._recent.get(key) or (0, now)
        if now - last > _COOL_SECONDS:
            times = 0
        self._recent.set(key, (times + 1, now))
        if not times:
            return 0.0
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(times - 1, 10))
