"""Sockets and the supervisor: listening, socket activation, readiness.

The two protocols are systemd's, and few enough lines to need no library: sockets handed
over by descriptor (sd_listen_fds(3)) and one datagram for each change of state
(sd_notify(3)).
"""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

BACKLOG = 65_535
"""New connections that wait on one socket; the kernel cuts it to `net.core.somaxconn`, as a rule
4,096. It drops what comes beyond, and the client tries again after a second, then after two."""

_QUEUES = 8
"""Listening sockets on one address, for all clients come back at once after a restart. Each has a
queue of its own, and of each the event loop takes one connection in a turn."""

_FIRST_FD = 3  # SD_LISTEN_FDS_START
_TLS_NAMES = ("tls", "https")
_LONGEST_SOCKET_PATH = 100  # sun_path holds 104 bytes on macOS, 108 on Linux


class ListenError(Exception):
    """The server cannot listen where it was told to. The text is for the user."""


class Inherited(msgspec.Struct, frozen=True):
    """The listening sockets that the supervisor handed over: for plain HTTP and for TLS."""

    plain: tuple[socket.socket, ...] = ()
    tls: tuple[socket.socket, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.plain or self.tls)


def inherited(environ: MutableMapping[str, str]) -> Inherited:
    """The listening sockets that the supervisor handed over; their variables are removed.

    Those that it named `tls` or `https` (`FileDescriptorName=`) are for TLS.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    # LISTEN_PID tells a child that inherited the variables, but not the sockets.
    if not count.isdigit() or (pid and pid != str(os.getpid())):
        return Inherited()
    plain: list[socket.socket] = []
    tls: list[socket.socket] = []
    for index in range(int(count)):
        fd = _FIRST_FD + index
        os.set_inheritable(fd, False)
        is_tls = index < len(names) and names[index].lower() in _TLS_NAMES
        (tls if is_tls else plain).append(socket.socket(fileno=fd))
    return Inherited(tuple(plain), tuple(tls))


def listen(host: str, port: int, flag: str = "--port") -> list[socket.socket]:
    """Listening sockets on every address of *host*, more than one on each where the system shares
    connections out; raises ListenError, which names *flag*."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise ListenError(f"cannot listen on {host}: {error.strerror}") from None
    sockets: list[socket.socket] = []
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            sockets += _queues(family, address)
        except OSError as error:
            for each in sockets:
                each.close()
            why = "the port is in use" if error.errno == errno.EADDRINUSE else error.strerror
            raise ListenError(
                f"cannot listen on {host}:{port}: {why} (choose another with {flag})"
            ) from None
        if port == 0:
            break  # another address would get another free port
    return sockets


def several(sockets: Iterable[socket.socket]) -> list[socket.socket]:
    """*sockets* that were handed over, and more of them on the same queues, which they empty as
    quickly as those that `listen` made."""
    return [each for sock in sockets for each in (sock, *(sock.dup() for _ in range(_QUEUES - 1)))]


def _queues(family: int, address: object) -> list[socket.socket]:
    """Sockets on *address* among which the kernel shares connections out."""
    first = _listening(family, address)
    sockets = [first]
    if sys.platform == "linux":  # elsewhere the last of them would be given all
        # That not so many may wait is no reason not to serve.
        with suppress(OSError):
            # Not before it listens: a port that another server shares out is in use for this one.
            _share(first)
            for _ in range(_QUEUES - 1):
                sockets.append(_listening(family, first.getsockname(), shared=True))
    return sockets


def _listening(family: int, address: object, *, shared: bool = False) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if shared:
            _share(sock)
        sock.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _share(sock: socket.socket) -> None:
    """Let the kernel share the connections to its address out, with others of this user."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def address_of(sock: socket.socket) -> str:
    """`host:port` by which a client on this machine reaches a listening socket."""
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen_on_path(path: Path) -> socket.socket:
    """A listening Unix socket that only its owner may use, in the place of an older one."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Made inaccessible from the first moment: a later chmod leaves a gap.
    before = os.umask(0o177)
    try:
        with socket_address(path) as address:
            sock.bind(address)
    finally:
        os.umask(before)
    sock.listen(16)
    return sock


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """*path* in a form that fits into a socket address, valid within the block.

    Raises ListenError where there is none.
    """
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        yield str(path)
    elif sys.platform == "linux":
        folder = os.open(path.parent, os.O_PATH)
        try:
            yield f"/proc/self/fd/{folder}/{path.name}"
        finally:
            os.close(folder)
    else:
        raise ListenError(f"the path of the data folder is too long for a socket: {path.parent}")


def notify(state: str, environ: dict[str, str] | None = None) -> None:
    """Tell the supervisor, if there is one that listens: `READY=1`, `STOPPING=1`, `STATUS=...`."""
    target = (os.environ if environ is None else environ).get("NOTIFY_SOCKET")
    if not target:
        return
    address = "\0" + target[1:] if target.startswith("@") else target
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError:
            # A supervisor that is gone must not stop the server.
            return


def raise_file_limit() -> int:
    """Raise the limit of open files to what is allowed; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, 1_048_576)
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return soft
    return hard
