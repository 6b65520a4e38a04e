"""What can end following or publishing; the tree is drawn in `wakeful.client`."""

from __future__ import annotations


class ClientError(Exception):
    """The root of the tree; `str(error)` is a sentence for whoever runs the program."""


class Refused(ClientError):
    """The server understood and said no: repeating the request would not help.

    `status` is the HTTP status, `code` the server's word for the reason (empty where it gave
    none), `field` the part of the request at fault, where it named one.
    """

    def __init__(
        self, message: str, *, status: int, code: str = "", field: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field


class AuthenticationFailed(Refused):
    """The server does not know the token, or no longer (401)."""


class Unavailable(ClientError):
    """No useful answer, however often it was tried: `publish` gives up, following never does."""


class PositionUnreadable(ClientError):
    """What a position store kept is no position: going on could lose events or repeat all."""
