"""What the app needs from the rest of the program, in one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wakeful.access import Access
from wakeful.core.clock import Clock
from wakeful.core.contents import Contents, NoContents
from wakeful.dialects.box.realtime import RETRY_TIMEOUT_SECONDS
from wakeful.feed import Feed
from wakeful.http.emulation import Emulation
from wakeful.http.load import Load
from wakeful.http.metrics import Metrics
from wakeful.http.rates import RateLimit

DEFAULT_BODY_LIMIT = 8 * 1024 * 1024
DEFAULT_UPLOAD_LIMIT = 5 * 1024**3


def nothing_missing() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Services:
    """Handed to `build_app` by whoever puts the program together.

    `missing` tells what keeps the server from being ready beside the store's health (a first
    scan under way, a drain), as clauses for operators; empty when it is. `public_url` is the
    server's URL as clients see it, None to take it from each request. `body_limit` and
    `upload_limit` in bytes. `watched` are the namespaces of watched folders.
    `emulation` is what testers may do with a server in memory.
    `rate` is for requests by token, `failures` for failed authentications by client address.
    """

    feed: Feed
    access: Access
    metrics: Metrics
    missing: Callable[[], tuple[str, ...]] = nothing_missing
    public_url: str | None = None
    trust_proxy: bool = False
    body_limit: int = DEFAULT_BODY_LIMIT
    rate: RateLimit = field(default_factory=lambda: RateLimit(0))
    failures: RateLimit = field(default_factory=lambda: RateLimit(0))
    load: Load = field(default_factory=Load)
    retry_timeout: int = RETRY_TIMEOUT_SECONDS
    contents: Contents = field(default_factory=NoContents)
    clock: Clock = field(default_factory=Clock)
    emulation: Emulation | None = None
    upload_limit: int = DEFAULT_UPLOAD_LIMIT
    watched: frozenset[int] = frozenset()

    def refusals(self) -> Mapping[str, int]:
        """How many requests were refused, by what was too much."""
        return {
            "rate": self.rate.refused,
            "failures": self.failures.refused,
            "load": self.load.refused,
        }
