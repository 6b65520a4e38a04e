"""What the front answers by itself: the long polls of both dialects, and what their clients ask
between two of them."""

from __future__ import annotations

from contextlib import AsyncExitStack

import msgspec

from wakeful.access import Access
from wakeful.core.clock import Clock
from wakeful.dialects.box.realtime import CHANNEL_PATH
from wakeful.feed import Feed
from wakeful.http.box.realtime import Realtime
from wakeful.http.box.shortcuts import EVENTS_PATH, EventShortcuts
from wakeful.http.dropbox.cursors import Cursors
from wakeful.http.dropbox.poll import LONGPOLL_PATH, FormV2, LongPolls
from wakeful.http.dropbox.shortcuts import FollowShortcuts
from wakeful.http.dropbox.v1.poll import LONGPOLL_DELTA_PATH, FormV1
from wakeful.http.front.front import Front
from wakeful.http.front.limits import Limits, parked_by_file_limit
from wakeful.http.metrics import Metrics
from wakeful.http.native.shortcuts import publishing_shortcuts
from wakeful.http.services import Services
from wakeful.journal_feed import JournalFeed
from wakeful.settings import Settings


class Fronted(msgspec.Struct, frozen=True):
    """A front in which clients may poll."""

    front: Front
    journals: JournalFeed
    cursors: Cursors

    def shorten(self, services: Services) -> None:
        """Answer in the front, too, what the app would where that can be at once."""
        for method, shortcut in EventShortcuts(services).by_method().items():
            self.front.routing.shortcut(method, EVENTS_PATH, shortcut)
        follow = FollowShortcuts(services, self.journals, self.cursors)
        for path, shortcut in follow.by_path().items():
            self.front.routing.shortcut("POST", path, shortcut)
        for path, taker in publishing_shortcuts(services).items():
            self.front.routing.take("POST", path, taker)


async def open_front(
    stack: AsyncExitStack,
    feed: Feed,
    access: Access,
    settings: Settings,
    metrics: Metrics,
    clock: Clock | None,
) -> Fronted:
    """The front with its polls, which end with *stack*; *clock* where its time is not the
    system's."""
    most = settings.max_polls or parked_by_file_limit()
    front = Front(metrics, Limits(parked=most), clock)
    realtime = await stack.enter_async_context(Realtime(feed, access, front.polls, settings.hold))
    front.routing.route(CHANNEL_PATH, realtime.subscribe)
    journals = await stack.enter_async_context(JournalFeed(feed, metrics))
    longpolls = await stack.enter_async_context(
        LongPolls(feed.store, journals, access, front.polls)
    )
    cursors = Cursors(access)
    front.routing.route(LONGPOLL_PATH, longpolls.route(FormV2(feed.store, cursors)))
    front.routing.route(LONGPOLL_DELTA_PATH, longpolls.route(FormV1(feed.store, access)))
    return Fronted(front, journals, cursors)
