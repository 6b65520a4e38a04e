"""What the app needs from the rest of the program, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wakeful.access import Access
from wakeful.dialects.box.realtime import RETRY_TIMEOUT_SECONDS
from wakeful.feed import Feed
from wakeful.http.metrics import Metrics

DEFAULT_BODY_LIMIT = 8 * 1024 * 1024


def nothing_missing() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Services:
    """Handed to `build_app` by whoever puts the program together.

    `missing` tells what keeps the server from being ready beside the store's health (a first
    scan under way, a drain), as clauses for operators; empty when it is. `public_url` is the
    server's URL as clients see it, None to take it from each request. `body_limit` in bytes.
    """

    feed: Feed
    access: Access
    metrics: Metrics
    missing: Callable[[], tuple[str, ...]] = nothing_missing
    public_url: str | None = None
    trust_proxy: bool = False
    body_limit: int = DEFAULT_BODY_LIMIT
    retry_timeout: int = RETRY_TIMEOUT_SECONDS
