"""The context that a server listens with, whose certificate can be changed while it does.

Each connection is handed the newest context when its handshake begins. Loading another pair into
the one that listens would not do: a certificate of another kind of key would be served beside the
old one, and where loading fails half-way, nothing would fit.
"""

from __future__ import annotations

import ssl

from wakeful.tls.certificates import Pair, Stamp, TlsError, load_pair


class ServerTls:
    """What is served over TLS now. Raises TlsError where the pair cannot be used."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.failure = ""
        """Why the files that are there now are not served, "" if they are."""
        self._stamp = pair.stamp()
        self._newest, self.certificate = load_pair(pair)
        # Of itself, so that it can do what the newest one can if it is asked for.
        self.context, _ = load_pair(pair)
        self.context.sni_callback = self._hand_over

    def __repr__(self) -> str:
        return f"<ServerTls {self.pair.certificate} [until {self.certificate.not_after:%Y-%m-%d}]>"

    def _hand_over(
        self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext
    ) -> None:
        """OpenSSL asks which context to go on with; also clients that name no host come here."""
        connection.context = self._newest

    def is_other(self, stamp: Stamp) -> bool:
        """Whether files with that *stamp* are others than those that were read last."""
        return stamp != self._stamp

    def read_again(self) -> None:
        """Serve what is in the files from the next connection on.

        Raises TlsError where they cannot be used; what was served is served on.
        """
        # Taken before, so that what is written meanwhile is seen as a change.
        self._stamp = self.pair.stamp()
        try:
            self._newest, self.certificate = load_pair(self.pair)
        except TlsError as error:
            self.failure = str(error)
            raise
        self.failure = ""
