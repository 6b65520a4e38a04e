"""Ports of the loopback address that nobody else gets while no server listens on them."""

from __future__ import annotations

import socket
import sys


class Port:
    """One port, whether anybody listens on it or not.

    It is bound for good by a socket that never listens: so it refuses connections while no other
    one does.
    """

    def __init__(self) -> None:
        self._kept = _bound(0)
        self.number: int = self._kept.getsockname()[1]
        if sys.platform != "linux":
            # Elsewhere two sockets cannot be bound to one port: it is ours by good luck only.
            self.release()

    def listen(self, backlog: int = 4096) -> socket.socket:
        """A socket that listens there."""
        listening = _bound(self.number)
        listening.listen(backlog)
        return listening

    def release(self) -> None:
        """Give it back."""
        self._kept.close()


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock
