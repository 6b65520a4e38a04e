"""What the app needs from the rest of the program, in one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from wakeful.access import Access
from wakeful.core.changes import Change
from wakeful.core.clock import Clock
from wakeful.core.contents import Contents, NoContents
from wakeful.core.drafts import Drafts, NoDrafts
from wakeful.core.publish import Acted
from wakeful.core.terms import Terms
from wakeful.dialects.box.events import render_user_event
from wakeful.dialects.box.realtime import RETRY_TIMEOUT_SECONDS
from wakeful.feed import Feed
from wakeful.http.load import Load
from wakeful.http.metrics import Metrics
from wakeful.http.rates import RateLimit
from wakeful.http.rendered import Rendered

if TYPE_CHECKING:
    from wakeful.http.emulation.emulation import Emulation

DEFAULT_BODY_LIMIT = 8 * 1024 * 1024
DEFAULT_UPLOAD_LIMIT = 5 * 1024**3


class Actions(Protocol):
    """Carries out what clients do."""

    async def act(self, actor: int, changes: tuple[Change, ...], terms: Terms) -> Acted:
        """As `Feed.act`."""
        ...


def nothing_missing() -> tuple[str, ...]:
    return ()


class Services(msgspec.Struct, frozen=True):
    """Handed to `build_app` by whoever puts the program together.

    `missing` tells what keeps the server from being ready beside the store's health (a first
    scan under way, a drain), as clauses for operators; empty when it is. `public_url` is the
    server's URL as clients see it, None to take it from each request. `body_limit` and
    `upload_limit` in bytes, as `quota`, that of users who have none of their own, 0 without limit.
    `watched` are the namespaces of watched folders, `acting` those of them that clients may act
    on; `actions` then carries out what they do.
    `emulation` is what testers may do with a server in memory.
    `user_events` are events as the Box dialect shows them in users' streams.
    `rate` is for requests by token, `failures` for failed authentications by client address,
    `link_guesses` for wrong passwords of one shared link.
    """

    feed: Feed
    access: Access
    metrics: Metrics
    missing: Callable[[], tuple[str, ...]] = nothing_missing
    public_url: str | None = None
    trust_proxy: bool = False
    body_limit: int = DEFAULT_BODY_LIMIT
    rate: RateLimit = msgspec.field(default_factory=lambda: RateLimit(0))
    failures: RateLimit = msgspec.field(default_factory=lambda: RateLimit(0))
    link_guesses: RateLimit = msgspec.field(default_factory=lambda: RateLimit(10))
    load: Load = msgspec.field(default_factory=Load)
    user_events: Rendered = msgspec.field(default_factory=lambda: Rendered(render_user_event))
    retry_timeout: int = RETRY_TIMEOUT_SECONDS
    contents: Contents = msgspec.field(default_factory=NoContents)
    drafts: Drafts = msgspec.field(default_factory=NoDrafts)
    clock: Clock = msgspec.field(default_factory=Clock)
    emulation: Emulation | None = None
    upload_limit: int = DEFAULT_UPLOAD_LIMIT
    watched: frozenset[int] = frozenset()
    acting: frozenset[int] = frozenset()
    actions: Actions | None = None
    quota: int = 0

    def refusals(self) -> Mapping[str, int]:
        """How many requests were refused, by what was too much."""
        return {
            "rate": self.rate.refused,
            "failures": self.failures.refused,
            "load": self.load.refused,
        }
