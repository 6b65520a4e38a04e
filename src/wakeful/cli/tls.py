"""TLS as a part of a server: which certificate it serves, and that it stays a good one.

Rule 1: a server that began to serve goes on. A certificate that cannot be renewed, or files that
do not fit together, are said in the log, and what was served is served on.

Rule 2: files that change are read when they have stopped changing: whoever renews a certificate
writes two files, one after the other. SIGHUP says that they are there.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import structlog

from wakeful.cli.banner import Secured
from wakeful.cli.listen import address_of
from wakeful.cli.state import CannotServe
from wakeful.settings import Settings
from wakeful.tls import RENEW_BEFORE, LocalFiles, Made, Pair, ServerTls, TlsError, load_pair

LOOK_SECONDS = 5.0
_SOON = dt.timedelta(days=14)

log = structlog.get_logger()


class Tls:
    """The certificate of one server; while it is open, it is kept fresh.

    Raises TlsError where there is none that can be served.
    """

    def __init__(
        self,
        settings: Settings,
        sockets: Sequence[socket.socket],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._look_seconds = look_seconds
        self._asked = asyncio.Event()
        self._said: set[str] = set()
        own = own_pair(settings)
        self._local = None if own else LocalFiles(settings.data)
        if self._local is not None:
            self._renew(self._local, _names(settings), may_fail=self._local.pair.exists())
        self._served = ServerTls(own or LocalFiles(settings.data).pair)
        self._seen = self._served.pair.stamp()
        self._address = self._where(sockets[0])
        self._warn()

    def __repr__(self) -> str:
        return f"<Tls {self._served!r}>"

    @property
    def context(self) -> ssl.SSLContext:
        """To listen with."""
        return self._served.context

    @property
    def url(self) -> str:
        return f"https://{self._address}"

    @property
    def secured(self) -> Secured:
        """For the banner."""
        return Secured(self._address, self._authority, self._served.certificate.not_after)

    def status(self) -> dict[str, Any]:
        """For `wakeful status`."""
        certificate = self._served.certificate
        return {
            "url": self.url,
            "certificate": str(self._served.pair.certificate),
            "not_after": certificate.not_after,
            "names": certificate.names,
            "authority": None if self._authority is None else str(self._authority),
            "trouble": certificate.trouble(dt.datetime.now(dt.UTC)) or self._served.failure,
        }

    def end(self) -> float:
        """When the certificate ends, in seconds since 1970; for metrics."""
        return self._served.certificate.not_after.timestamp()

    @property
    def _authority(self) -> Path | None:
        """What clients are to trust; None where the certificate is the user's own."""
        return None if self._local is None else self._local.authority

    def _where(self, sock: socket.socket) -> str:
        """Host and port by which clients find it."""
        if self._local is None:
            # A certificate of one's own is good for a name, and seldom for an address.
            for name in self._served.certificate.names:
                if not name.startswith("*") and not _is_address(name):
                    return f"{name}:{sock.getsockname()[1]}"
        return address_of(sock)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep(), name="certificates")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def read_again(self) -> None:
        """Look at the files soon, whatever they look like."""
        self._asked.set()

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_seconds):
                    await self._asked.wait()
            is_asked = self._asked.is_set()
            self._asked.clear()
            # The disk may be slow, and the loop must not be.
            await asyncio.to_thread(self._look, is_asked=is_asked)

    def _look(self, *, is_asked: bool) -> None:
        now = dt.datetime.now(dt.UTC)
        if self._local is not None and now >= self._served.certificate.not_after - RENEW_BEFORE:
            self._renew(self._local, (), may_fail=True)
        before, self._seen = self._seen, self._served.pair.stamp()
        # One glance for both: who begins to write between two would be read half-way.
        if is_asked or (before == self._seen and self._served.is_other(self._seen)):
            try:
                self._served.read_again()
            except TlsError as error:
                log.warning("cannot read the certificate again", reason=str(error))
            else:
                log.info("certificate read again", until=_day(self._served.certificate.not_after))
        self._warn()

    def _renew(self, local: LocalFiles, names: Sequence[str], *, may_fail: bool) -> None:
        try:
            made = local.ensure(names)
        except TlsError as error:
            if not may_fail:
                raise
            self._say(f"cannot renew the certificate: {error}")
        else:
            if made is not Made.NOTHING:
                log.info("certificate made", what=made.value, folder=str(local.folder))

    def _warn(self) -> None:
        certificate, now = self._served.certificate, dt.datetime.now(dt.UTC)
        text = certificate.trouble(now)
        if not text and now >= certificate.not_after - _SOON:
            text = f"the certificate ends on {_day(certificate.not_after)}"
        if text:
            self._say(text)

    def _say(self, text: str) -> None:
        """Once, however often it is found."""
        if text not in self._said:
            self._said.add(text)
            log.warning("certificate", trouble=text)


def check_own_pair(settings: Settings) -> None:
    """Raise CannotServe where the user's own certificate, if there is one, cannot be served."""
    own = own_pair(settings)
    if own is not None:
        try:
            load_pair(own)
        except TlsError as error:
            raise CannotServe(str(error)) from None


def open_tls(settings: Settings, sockets: Sequence[socket.socket]) -> Tls:
    """The certificate of a server that listens on *sockets*. Raises CannotServe."""
    try:
        return Tls(settings, sockets)
    except TlsError as error:
        raise CannotServe(str(error)) from None


def own_pair(settings: Settings) -> Pair | None:
    """The user's own certificate and key, if they are given."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Pair(settings.tls_cert, settings.tls_key)


def _names(settings: Settings) -> list[str]:
    """The names by which clients are told to reach the server."""
    url = settings.public_url
    names = [settings.host, (urlsplit(url).hostname if url else None) or settings.host]
    return [name for name in names if not _is_every_address(name)]


def _is_every_address(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _day(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d}"
