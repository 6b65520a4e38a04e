"""One server process: puts the parts together, runs them, ends them in order."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvloop

from wakeful import __version__
from wakeful.access import open_access
from wakeful.administration import Administration
from wakeful.cli import logs
from wakeful.cli.banner import Followed
from wakeful.cli.contents import ServedContents
from wakeful.cli.control import CONTROL_SOCKET, DATABASE, cannot_use
from wakeful.cli.first_start import first_user, no_folder, own_token, place_watches
from wakeful.cli.following import follow, numbers_of
from wakeful.cli.listen import (
    ListenError,
    address_of,
    inherited,
    listen,
    listen_on_path,
    notify,
    raise_file_limit,
)
from wakeful.cli.screen import Screen
from wakeful.cli.tls import Tls, own_pair
from wakeful.collection import Collection
from wakeful.contents.folder import FolderShelf
from wakeful.core.ports import StreamKind
from wakeful.feed import Feed
from wakeful.http.app import build_app
from wakeful.http.control import build_control_app
from wakeful.http.dropbox_poll import LONGPOLL_PATH, FormV2, LongPolls
from wakeful.http.dropbox_v1_poll import LONGPOLL_DELTA_PATH, FormV1
from wakeful.http.front import Front
from wakeful.http.limits import Limits, parked_by_file_limit
from wakeful.http.load import MOST_BODY_BYTES, Load
from wakeful.http.metrics import Metrics
from wakeful.http.rates import RateLimit
from wakeful.http.realtime import Realtime
from wakeful.http.services import Services
from wakeful.http.serving import TlsSockets, listening
from wakeful.journal_feed import JournalFeed
from wakeful.retention import Retention
from wakeful.settings import Settings, Watch
from wakeful.sources.folder import FolderSource
from wakeful.sources.status import SourceState
from wakeful.stores.sqlite import FolderError, SqliteStore
from wakeful.tls import TlsError, load_pair
from wakeful.wakeups.hub import Hub

TOKEN_FILE = "token"
URL_FILE = "url"
"""Beside the token, so that the client commands find a server that listens elsewhere."""

CONTENTS = "contents"
"""The folder of the data folder with the contents that no watched folder has."""

REALTIME_PATH = "/subscribe"

_STANDARD_INPUT = 0

log = structlog.get_logger()


class CannotServe(Exception):
    """The server cannot start. The text is for the user."""


def run(settings: Settings) -> int:
    """Serve until told to stop; returns the exit code. Raises CannotServe, SettingsError."""
    logs.configure(settings.log_format, settings.log_level)
    raise_file_limit()
    try:
        return uvloop.run(_Server(settings).run())
    except (FolderError, ListenError, TlsError) as error:
        raise CannotServe(str(error)) from None
    except PermissionError as error:
        raise CannotServe(f"not allowed: {error.filename or error}") from None


class _Server:
    """The whole life of one server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._screen = Screen()
        self._metrics = Metrics()
        self._sources: list[FolderSource] = []
        self._is_draining = False
        self._began = time.monotonic()
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._tls: Tls | None = None

    async def run(self) -> int:
        watches = self._settings.watches
        async with AsyncExitStack() as stack:
            handed_over = inherited(os.environ)
            self._check_own_certificate(is_used=bool(handed_over.tls))
            store = await self._open_store(watches)
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
            access = await open_access(store)
            owner = await first_user(store)
            watched = await place_watches(store, owner, watches)
            token_file = self._settings.data / TOKEN_FILE
            token = await own_token(store, access, owner, token_file)

            most = self._settings.max_polls or parked_by_file_limit()
            front = Front(self._metrics, Limits(parked=most))
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
            self._metrics.watch_sources(lambda: numbers_of(self._sources))
            shelf = self._open_shelf(stack)
            disks = frozenset(each.namespace for each in watched)
            contents = stack.enter_context(ServedContents(lambda: self._sources, disks, shelf))
            services = Services(
                feed=feed,
                access=access,
                metrics=self._metrics,
                missing=self._missing,
                public_url=self._settings.public_url,
                trust_proxy=self._settings.trust_proxy,
                body_limit=self._settings.body_limit,
                rate=RateLimit(self._settings.rate_limit),
                failures=RateLimit(self._settings.auth_failure_limit),
                load=Load(
                    self._settings.max_requests,
                    max(MOST_BODY_BYTES, self._settings.body_limit),
                ),
                contents=contents,
                upload_limit=self._settings.upload_limit,
                watched=disks,
            )
            self._metrics.watch_refusals(services.refusals)
            server = await stack.enter_async_context(
                listening(sockets, build_app(services), tls=tls, http=front.protocol())
            )
            administration = Administration(store, access, lambda: self._status(front))
            control = listen_on_path(self._settings.data / CONTROL_SOCKET)
            await stack.enter_async_context(listening([control], build_control_app(administration)))
            self._sources = [
                await stack.enter_async_context(each)
                for each in await follow(feed, watched, self._settings, self._screen.progress)
            ]
            days = {
                StreamKind.USER: self._settings.retention_user,
                StreamKind.ENTERPRISE: self._settings.retention_enterprise,
            }
            await stack.enter_async_context(Retention(feed, days, self._metrics))
            await stack.enter_async_context(Collection(store, shelf, self._metrics))
            if await self._first_scans():
                self._announce(self._url(sockets), token, token_file, watches)
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

    async def _open_store(self, watches: tuple[Watch, ...]) -> SqliteStore:
        data = self._settings.data
        for watch in watches:
            # Said before anything is made. What a store remembers, only it can tell.
            if not watch.path.is_dir() and not (data / DATABASE).exists():
                raise no_folder(watch)
        try:
            return await SqliteStore.open(data, observer=self._metrics)
        except OSError as error:
            raise CannotServe(cannot_use(data, error)) from None

    def _open_shelf(self, stack: AsyncExitStack) -> FolderShelf:
        data = self._settings.data
        try:
            return stack.enter_context(FolderShelf(data / CONTENTS, self._settings.upload_limit))
        except OSError as error:
            raise CannotServe(cannot_use(data, error)) from None

    def _check_own_certificate(self, *, is_used: bool) -> None:
        """Said before anything is made: that it can be served, and where."""
        own = own_pair(self._settings)
        if own is None:
            return
        if not is_used and self._settings.tls_port is None:
            raise CannotServe("tls_cert and tls_key are of no use without tls_port")
        load_pair(own)

    async def _open_tls(
        self, stack: AsyncExitStack, sockets: list[socket.socket]
    ) -> TlsSockets | None:
        if not sockets:
            return None
        tls = self._tls = await stack.enter_async_context(Tls(self._settings, sockets))
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

    def _announce(self, url: str, token: str, token_file: Path, watches: tuple[Watch, ...]) -> None:
        # What was made so far lives as long as the server: a full collection need not look
        # at it, which would hold the loop up.
        gc.collect()
        gc.freeze()
        url_file = self._settings.data / URL_FILE
        try:
            url_file.write_text(f"{url}\n", encoding="utf-8")
        except OSError as error:
            # A full disk, for one. It is a convenience, and no reason not to serve.
            log.warning("cannot write", file=str(url_file), reason=error.strerror)
        # A journal keeps what is printed, for others to read.
        self._screen.banner(
            url=url,
            token=None if "JOURNAL_STREAM" in os.environ else token,
            token_file=token_file,
            followed=[
                _followed(watch.name, source)
                for watch, source in zip(watches, self._sources, strict=True)
            ],
            secured=None if self._tls is None else self._tls.secured,
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


def _followed(name: str | None, source: FolderSource) -> Followed:
    status = source.status()
    is_read = status.state is SourceState.LIVE
    return Followed(
        path=Path(status.path),
        name=name,
        files=status.files if is_read else None,
        folders=status.folders if is_read else None,
        trouble="" if is_read else status.reason,
    )
