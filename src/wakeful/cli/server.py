"""One server process: puts the parts together, runs them, ends them in order."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
import uvloop

from wakeful import __version__
from wakeful.access import open_access
from wakeful.administration import Administration
from wakeful.cli import logs
from wakeful.cli.banner import Followed, Secured
from wakeful.cli.contents import ServedContents
from wakeful.cli.first_start import Watched, first_user, place_watches
from wakeful.cli.in_memory import InMemory
from wakeful.cli.listen import (
    ListenError,
    address_of,
    inherited,
    listen,
    notify,
    raise_file_limit,
)
from wakeful.cli.screen import Screen
from wakeful.cli.state import CannotServe, State
from wakeful.collection import Collection
from wakeful.core.clock import Clock
from wakeful.core.ports import StreamKind
from wakeful.feed import Feed
from wakeful.http.app import build_app
from wakeful.http.box.realtime import Realtime
from wakeful.http.control import build_control_app
from wakeful.http.dropbox.poll import LONGPOLL_PATH, FormV2, LongPolls
from wakeful.http.dropbox.v1.poll import LONGPOLL_DELTA_PATH, FormV1
from wakeful.http.emulation import Emulation
from wakeful.http.front.front import Front
from wakeful.http.front.limits import Limits, parked_by_file_limit
from wakeful.http.load import MOST_BODY_BYTES, Load
from wakeful.http.metrics import Metrics
from wakeful.http.rates import RateLimit
from wakeful.http.services import Services
from wakeful.http.serving import TlsSockets, listening
from wakeful.journal_feed import JournalFeed
from wakeful.retention import Retention
from wakeful.settings import Settings
from wakeful.wakeups.hub import Hub

if TYPE_CHECKING:
    from wakeful.cli.tls import Tls
    from wakeful.sources.folder import FolderSource

REALTIME_PATH = "/subscribe"

_STANDARD_INPUT = 0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Announcement:
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
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._tls: Tls | None = None

    async def run(self) -> int:
        watches = self._settings.watches
        async with AsyncExitStack() as stack:
            handed_over = inherited(os.environ)
            self._check_tls(is_handed_over=bool(handed_over.tls))
            store = await self._state.open_store(watches, self._metrics)
            stack.push_async_callback(store.close)
            host = self._settings.host
            sockets = list(handed_over.plain) if handed_over else listen(host, self._settings.port)
            secured = list(handed_over.tls)
            if not secured and self._settings.tls_port is not None:
                secured = listen(host, self._settings.tls_port, "--tls-port")
            outlived = bool(handed_over) and len(secured) == len(handed_over.tls)
            tls = await self._open_tls(stack, secured)
            self._catch_signals()
            feed = await stack.enter_async_context(Feed(store, Hub(), self._metrics))
            access = await open_access(store, self._clock.wall)
            owner = await first_user(store)
            watched = await place_watches(store, owner, watches)
            token = await self._state.token(store, access, owner)

            most = self._settings.max_polls or parked_by_file_limit()
            front = Front(
                self._metrics,
                Limits(parked=most),
                None if self._state.time is None else self._clock,
            )
            realtime = await stack.enter_async_context(
                Realtime(feed, access, front.polls, self._settings.hold)
            )
            front.route(REALTIME_PATH, realtime.subscribe)
            journals = await stack.enter_async_context(JournalFeed(feed, self._metrics))
            longpolls = await stack.enter_async_context(
                LongPolls(store, journals, access, front.polls)
            )
            front.route(LONGPOLL_PATH, longpolls.route(FormV2(store, access)))
            front.route(LONGPOLL_DELTA_PATH, longpolls.route(FormV1(store, access)))
            shelf = self._state.open_shelf(stack)
            disks = frozenset(each.namespace for each in watched)
            contents = stack.enter_context(ServedContents(lambda: self._sources, disks, shelf))
            days = {
                StreamKind.USER: self._settings.retention_user,
                StreamKind.ENTERPRISE: self._settings.retention_enterprise,
            }
            retention = Retention(feed, days, self._metrics, self._clock.wall)
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
                clock=self._clock,
                emulation=self._emulation(owner.id, front, retention),
                upload_limit=self._settings.upload_limit,
                watched=disks,
            )
            self._metrics.watch_refusals(services.refusals)
            server = await stack.enter_async_context(
                listening(sockets, build_app(services), tls=tls, http=front.protocol())
            )
            if control := self._state.control():
                administration = Administration(store, access, lambda: self._status(front))
                app = build_control_app(administration)
                await stack.enter_async_context(listening(control, app))
            await self._follow(stack, feed, watched)
            await stack.enter_async_context(retention)
            await stack.enter_async_context(Collection(store, shelf, self._metrics))
            if await self._first_scans():
                self._is_ready(self._url(sockets), token)
                await self._stop.wait()
            notify("STOPPING=1")
            log.info("stopping", polls=front.polls.parked)
            self._is_draining = True
            if outlived:
                # The supervisor keeps the sockets: who comes now waits for the next server.
                server.stop_accepting()
            draining = front.drain(self._settings.drain, has_successor=outlived)
            await _first_of(draining, self._hurry.wait())
        log.info("stopped")
        return 0

    def _emulation(self, owner: int, front: Front, retention: Retention) -> Emulation | None:
        time = self._state.time
        return None if time is None else Emulation(owner, time, front.look, retention)

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

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up, os.isatty(_STANDARD_INPUT))

    def _hung_up(self, had_terminal: bool) -> None:
        """Read the certificate again; where it is the terminal that went away, stop."""
        if had_terminal and not os.isatty(_STANDARD_INPUT):
            self._signalled()
        elif self._tls is not None:
            self._tls.read_again()

    def _signalled(self) -> None:
        """Stop; who says so twice does not want to wait for the polls."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    async def _first_scans(self) -> bool:
        """Wait until every folder was read, or is known to be unreadable for now; False if the
        server is told to stop before.

        A disk that is not mounted must not keep those who follow other folders waiting, nor
        let the service manager take the server for hung; `/readyz` tells.
        """
        with self._screen.reading():
            await _first_of(
                asyncio.gather(*(source.settled() for source in self._sources)), self._stop.wait()
            )
        return not self._stop.is_set()

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
