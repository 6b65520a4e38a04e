"""How long to wait before trying again.

Full jitter (a random wait between nothing and a bound that doubles) spreads the clients of a
server that comes back, so that they do not all arrive in the same instant.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_BOUND_SECONDS = 0.5  # a restart behind socket activation is over sooner than that
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 3600.0  # beyond it is a mistake, and must not stop a client for days

Jitter = Callable[[float], float]
"""A wait between 0 and the bound that it is given, in seconds."""


def full_jitter(bound: float) -> float:
    return random.uniform(0.0, bound)


def bound_after(failures: int) -> float:
    """The longest wait after so many failures in a row (0 after none), in seconds."""
    # The exponent is bounded as well: a float overflows after a thousand failures.
    return min(LONGEST_PAUSE_SECONDS, FIRST_BOUND_SECONDS * 2.0 ** min(failures, 16))


def retry_after(headers: Mapping[str, str], now: Callable[[], datetime] | None = None) -> float:
    """The seconds that `Retry-After` asks for (RFC 9110, 10.2.3: seconds or a date), else 0.

    *headers* has lower-case names.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now() if now else datetime.now(UTC))).total_seconds()
    # Written so that a NaN becomes 0.
    return min(seconds, LONGEST_RETRY_AFTER_SECONDS) if seconds > 0 else 0.0
