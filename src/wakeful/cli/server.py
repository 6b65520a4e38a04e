"""One server process: puts the parts together, runs them, ends them in order."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
import uvloop

from wakeful import __version__
from wakeful.access import open_access
from wakeful.cli import logs
from wakeful.cli.banner import Followed, Secured
from wakeful.cli.contents import ServedContents
from wakeful.cli.first_start import Watched, first_user, place_watches
from wakeful.cli.fronting import open_front
from wakeful.cli.in_memory import InMemory
from wakeful.cli.listen import (
    BACKLOG,
    ListenError,
    address_of,
    inherited,
    listen,
    notify,
    raise_file_limit,
    several,
)
from wakeful.cli.screen import Screen
from wakeful.cli.signals import Signals
from wakeful.cli.state import CannotServe, State
from wakeful.collection import Collection
from wakeful.core.clock import Clock
from wakeful.core.contents import Contents, Shelf
from wakeful.core.ports import Store, StreamKind
from wakeful.core.terms import FREELY, Terms
from wakeful.emptying import Act, Emptying
from wakeful.feed import Feed
from wakeful.http.app import build_app
from wakeful.http.front.front import Front
from wakeful.http.load import MOST_BODY_BYTES, Load
from wakeful.http.metrics import Metrics
from wakeful.http.rates import RateLimit
from wakeful.http.services import Actions, Services
from wakeful.http.serving import TlsSockets, listening
from wakeful.retention import Retention
from wakeful.settings import Settings
from wakeful.wakeups.hub import Hub

if TYPE_CHECKING:
    from wakeful.cli.emulating import Emulator
    from wakeful.cli.tls import Tls
    from wakeful.sources.folder import FolderSource

_YOUNG_OBJECTS = 10_000  # a look at them takes less than a millisecond

_TURN_SECONDS = 0.0005  # of a thread, before another that waits for the interpreter has its turn

log = structlog.get_logger()


class Announcement(msgspec.Struct, frozen=True):
    """What is told of a server that is ready. `token_file` is None where there is no file."""

    url: str
    token: str
    token_file: Path | None
    followed: tuple[Followed, ...] = ()
    secured: Secured | None = None


Announce = Callable[[Announcement], None]


def run(settings: Settings) -> int:
    """Serve until told to stop; returns the exit code. Raises CannotServe, SettingsError."""
    logs.configure(settings.log_format, settings.log_level)
    screen = Screen()

    def announce(what: Announcement) -> None:
        # A journal keeps what is printed, for others to read; but a token without a file would
        # be lost.
        is_kept = "JOURNAL_STREAM" in os.environ and what.token_file is not None
        screen.banner(
            url=what.url,
            token=None if is_kept else what.token,
            token_file=what.token_file,
            followed=what.followed,
            secured=what.secured,
        )

    return serve(settings, _state(settings, os.environ.get("WAKEFUL_TOKEN", "")), announce, screen)


def serve(settings: Settings, state: State, announce: Announce, screen: Screen) -> int:
    """Serve until told to stop; returns the exit code. Raises as `run`."""
    raise_file_limit()
    try:
        return uvloop.run(_Server(settings, state, announce, screen).run())
    except ListenError as error:
        raise CannotServe(str(error)) from None
    except PermissionError as error:
        raise CannotServe(f"not allowed: {error.filename or error}") from None


def _state(settings: Settings, token: str) -> State:
    if settings.memory:
        return InMemory(settings.upload_limit, token)
    # A server in memory, which has to be ready at once, does without SQLite.
    from wakeful.cli.data_folder import DataFolder

    return DataFolder(settings.data, settings.upload_limit)


class _Server:
    """The whole life of one server."""

    def __init__(
        self, settings: Settings, state: State, announce: Announce, screen: Screen
    ) -> None:
        self._settings = settings
        self._state = state
        self._announce = announce
        self._screen = screen
        self._clock = Clock() if state.time is None else state.time.clock
        self._metrics = Metrics()
        self._sources: list[FolderSource] = []
        self._followed: Callable[[], tuple[Followed, ...]] = tuple
        self._is_draining = False
        self._began = time.monotonic()
        self._tls: Tls | None = None
        self._signals = Signals(self._read_certificate)

    async def run(self) -> int:
        watches = self._settings.watches
        async with AsyncExitStack() as stack:
            handed_over = inherited(os.environ)
            self._check_tls(is_handed_over=bool(handed_over.tls))
            store = await self._state.open_store(watches, self._metrics)
            stack.push_async_callback(store.close)
            emulator = self._emulator(store)
            store = store if emulator is None else emulator.store
            host = self._settings.host
            if handed_over:
                sockets = several(handed_over.plain)
            else:
                sockets = listen(host, self._settings.port)
            secured = several(handed_over.tls)
            if not secured and self._settings.tls_port is not None:
                secured = listen(host, self._settings.tls_port, "--tls-port")
            outlived = bool(handed_over) and bool(secured) == bool(handed_over.tls)
            tls = await self._open_tls(stack, secured)
            self._signals.catch()
            feed = await stack.enter_async_context(Feed(store, Hub(), self._metrics))
            access = await open_access(store, self._clock.wall)
            owner = await first_user(store)
            watched = await place_watches(store, owner, watches)
            token = await self._state.token(store, access, owner)

            clock = None if self._state.time is None else self._clock
            fronted = await open_front(stack, feed, access, self._settings, self._metrics, clock)
            front = fronted.front
            shelf = self._state.open_shelf(stack)
            disks = frozenset(each.namespace for each in watched)
            drafts = self._state.open_drafts(stack)
            read_only = self._settings.read_only
            contents = stack.enter_context(
                ServedContents(lambda: self._sources, disks, shelf, read_only=read_only)
            )
            days = {
                StreamKind.USER: self._settings.retention_user,
                StreamKind.ENTERPRISE: self._settings.retention_enterprise,
            }
            actions = self._actions(feed, disks, contents, shelf)
            emptying = Emptying(store, self._purging(feed, actions, disks))
            retention = Retention(
                feed,
                days,
                self._metrics,
                self._clock.wall,
                trash_days=self._settings.trash_days,
                purge=emptying.purge,
                version_days=self._settings.retention_versions,
            )
            emulation = None
            if emulator is not None:
                emulation = emulator.emulation(owner, front, retention, access)
            services = Services(
                feed=feed,
                access=access,
                metrics=self._metrics,
                missing=self._missing,
                public_url=self._settings.public_url,
                trust_proxy=self._settings.trust_proxy,
                body_limit=self._settings.body_limit,
                rate=RateLimit(self._settings.rate_limit, self._clock.monotonic),
                failures=RateLimit(self._settings.auth_failure_limit, self._clock.monotonic),
                load=Load(
                    self._settings.max_requests,
                    max(MOST_BODY_BYTES, self._settings.body_limit),
                ),
                contents=contents,
                drafts=drafts,
                clock=self._clock,
                emulation=emulation,
                upload_limit=self._settings.upload_limit,
                watched=disks,
                acting=frozenset() if read_only else disks,
                actions=actions,
                quota=self._settings.quota,
            )
            self._metrics.watch_refusals(services.refusals)
            if services.emulation is None:  # what testers do to answers, they do in the app
                fronted.shorten(services)
            app = build_app(services)
            if emulator is not None and emulation is not None:
                await emulator.set_up(services, emulation, app, owner)
            protocol = front.protocol(*([emulation.connection()] if emulation else ()))
            server = await stack.enter_async_context(
                listening(sockets, app, tls=tls, http=protocol, backlog=BACKLOG)
            )
            if control := self._state.control():
                from wakeful.administration import Administration
                from wakeful.http.control import build_control_app

                administration = Administration(store, access, lambda: self._status(front))
                app = build_control_app(administration)
                await stack.enter_async_context(listening(control, app))
            if emulation is not None:
                stack.push_async_callback(emulation.end)
            await self._follow(stack, feed, watched)
            await stack.enter_async_context(retention)
            await stack.enter_async_context(
                Collection(store, shelf, drafts, self._metrics, self._clock.wall)
            )
            if await self._first_scans():
                self._is_ready(self._url(sockets), token)
                await self._signals.stop.wait()
            notify("STOPPING=1")
            log.info("stopping", polls=front.polls.parked)
            self._is_draining = True
            if outlived:
                # The supervisor keeps the sockets: who comes now waits for the next server.
                server.stop_accepting()
            draining = front.drain(self._settings.drain, has_successor=outlived)
            await _first_of(draining, self._signals.hurry.wait())
        log.info("stopped")
        self._signals.ignore()
        return 0

    def _emulator(self, store: Store) -> Emulator | None:
        if self._state.time is None:
            return None
        from wakeful.cli.emulating import Emulator

        return Emulator(self._settings, self._state.time, store)

    def _purging(self, feed: Feed, actions: Actions | None, disks: frozenset[int]) -> Act:
        """Purges, from the disks too where clients may act on them."""
        if actions is None:
            return lambda actor, changes: feed.act(actor, changes, FREELY)
        terms = Terms(disks, done=disks)
        return lambda actor, changes: actions.act(actor, changes, terms)

    def _actions(
        self, feed: Feed, disks: frozenset[int], contents: Contents, shelf: Shelf
    ) -> Actions | None:
        if not disks or self._settings.read_only:
            return None
        from wakeful.sources.actions import DiskActions

        return DiskActions(feed, lambda: self._sources, contents, shelf)

    def _check_tls(self, *, is_handed_over: bool) -> None:
        """Said before anything is made: that it can be served, and where."""
        settings = self._settings
        if settings.tls_port is None and not is_handed_over:
            if settings.tls_cert is not None:
                raise CannotServe("tls_cert and tls_key are of no use without tls_port")
            return
        from wakeful.cli.tls import check_own_pair

        if settings.memory and settings.tls_cert is None:
            raise CannotServe(
                "with --memory, TLS needs --tls-cert and --tls-key: an authority of its own would "
                "be kept on the disk (`wakeful certs` makes them)"
            )
        check_own_pair(settings)

    async def _open_tls(
        self, stack: AsyncExitStack, sockets: list[socket.socket]
    ) -> TlsSockets | None:
        if not sockets:
            return None
        from wakeful.cli.tls import open_tls

        tls = self._tls = await stack.enter_async_context(open_tls(self._settings, sockets))
        self._metrics.watch_certificate(tls.end)
        return TlsSockets(tls.context, sockets)

    def _read_certificate(self) -> None:
        if self._tls is not None:
            self._tls.read_again()

    async def _first_scans(self) -> bool:
        """Wait until every folder was read, or is known to be unreadable for now; False if the
        server is told to stop before.

        A disk that is not mounted must not keep those who follow other folders waiting, nor
        let the service manager take the server for hung; `/readyz` tells.
        """
        with self._screen.reading():
            await _first_of(
                asyncio.gather(*(source.settled() for source in self._sources)),
                self._signals.stop.wait(),
            )
        return not self._signals.stop.is_set()

    async def _follow(
        self, stack: AsyncExitStack, feed: Feed, watched: tuple[Watched, ...]
    ) -> None:
        if not watched:
            return
        from wakeful.cli.following import follow, followed, numbers_of

        sources = self._sources = [
            await stack.enter_async_context(each)
            for each in await follow(feed, watched, self._settings, self._screen.progress)
        ]
        self._metrics.watch_sources(lambda: numbers_of(sources))
        self._followed = lambda: followed(self._settings.watches, sources)

    def _is_ready(self, url: str, token: str) -> None:
        # What was made so far lives as long as the server: a full collection need not look
        # at it, which would hold the loop up.
        gc.collect()
        gc.freeze()
        # Almost nothing that a request makes refers to itself. Looking for what does after every
        # 700 objects, as Python would, is a twentieth of all that a publish costs.
        gc.set_threshold(_YOUNG_OBJECTS)
        # A group of commands waits for the loop twice: to be carried out, and to be told of. Python
        # would have it wait for up to 5 ms each time while the loop is busy.
        sys.setswitchinterval(_TURN_SECONDS)
        self._state.serves(url)
        self._announce(
            Announcement(
                url,
                token,
                self._state.token_file,
                self._followed(),
                None if self._tls is None else self._tls.secured,
            )
        )
        notify(f"READY=1\nSTATUS=Serving {url}")

    def _url(self, sockets: list[socket.socket]) -> str:
        """Where a client on this machine finds the server."""
        if self._settings.public_url is not None:
            return self._settings.public_url.rstrip("/")
        for sock in sockets:
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                return f"http://{address_of(sock)}"
        if self._tls is not None and not sockets:
            return self._tls.url
        return f"http://{self._settings.host}:{self._settings.port}"

    def _missing(self) -> tuple[str, ...]:
        # Told to whoever asks, without a token: so no names of folders.
        ready = sum(source.status().ready for source in self._sources)
        unread = len(self._settings.watch) - ready
        reasons = [f"{unread} watched folders are not read yet"] if unread else []
        if self._is_draining:
            reasons.append("the server is going down")
        return tuple(reasons)

    def _status(self, front: Front) -> dict[str, Any]:
        return {
            "version": __version__,
            "uptime_seconds": round(time.monotonic() - self._began),
            "polls": front.polls.parked,
            "missing": self._missing(),
            "tls": None if self._tls is None else self._tls.status(),
            "sources": [msgspec.to_builtins(source.status()) for source in self._sources],
        }


async def _first_of(*these: Awaitable[object]) -> None:
    """Wait until one of *these* is done, and end the others."""
    tasks = [asyncio.ensure_future(each) for each in these]
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for each in done:
        each.result()
