"""Everything that can go wrong, in the words of the domain.

    WakefulError
    ├── InvalidRequest          the request makes no sense, whatever the state
    │   ├── InvalidPosition     no number, or a negative one
    │   ├── InvalidCursor       no cursor of this server, or another reader's
    │   ├── InvalidName         a name or path that no item can have
    │   └── TooLarge            more than one request may carry
    ├── Unauthenticated         no token, or none that is known and valid
    │   ├── TokenExpired        its time is over
    │   └── UserDisabled        whoever it is of may not come in at present
    ├── Forbidden               known, but not allowed
    │   └── Locked              another user keeps others from changing the file
    ├── NotFound                nothing there that the asker may know of
    ├── Conflict                the state forbids it
    │   ├── NameTaken           another item of that name is in the folder
    │   ├── Outdated            the item is not as its asker knows it
    │   ├── NotEmpty            there is something in the folder
    │   ├── QuotaExceeded       more than the owner of the place may hold
    │   ├── AlreadyMember       the user is in the namespace
    │   ├── KeyReused           an idempotency key came back with another body
    │   ├── CursorExpired       what came after it is no longer known exactly
    │   └── ImpossibleMove      a folder into itself
    │       └── RootStays       the root of a namespace anywhere
    ├── RateLimited             asked too often
    └── Unavailable             try again later
        ├── StoreFull           no room on the disk: writes stop until there is
        ├── StoreFailed         the disk broke a promise: writes stop until a restart
        └── Draining            the server is going down

A class is the machine-readable code. Each dialect maps classes to its own
status and body, once, in its own table.
"""

from __future__ import annotations

from wakeful.core.items import Item, Kind


class WakefulError(Exception):
    """The root of the tree; `str(error)` is a sentence for the client's developer.

    `change` is the index of the change at fault, where the error came from a batch at work.
    """

    change: int | None = None


class InvalidRequest(WakefulError):
    """The request makes no sense. `field` names the part at fault, where one is known."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidPosition(InvalidRequest):
    """The stream position is no number, or a negative one."""


class InvalidCursor(InvalidRequest):
    """This is no cursor of this server, or one of another reader."""


class InvalidName(InvalidRequest):
    """A name or path that no item can have."""


class TooLarge(InvalidRequest):
    """More than one request may carry."""


class Unauthenticated(WakefulError):
    """No token was given, or none that is known and valid."""


class TokenExpired(Unauthenticated):
    """The token was good once; a refreshed one may be had."""


class UserDisabled(Unauthenticated):
    """The user of the token is disabled."""


class Forbidden(WakefulError):
    """The asker is known, but not allowed to do this."""


class Locked(Forbidden):
    """Another user keeps others from changing the file."""


class NotFound(WakefulError):
    """Nothing is there that the asker may know of."""


class Conflict(WakefulError):
    """The present state forbids it."""


class NameTaken(Conflict):
    """Another item of that name is in the folder: `item`. `wanted` is what was to be called so."""

    def __init__(self, message: str, *, item: Item, wanted: Kind) -> None:
        super().__init__(message)
        self.item = item
        self.wanted = wanted


class Outdated(Conflict):
    """The item has another revision than the one that its asker knows."""


class NotEmpty(Conflict):
    """There is something in the folder, which was to go only without."""


class QuotaExceeded(Conflict):
    """The owner of the place would hold more than they may."""


class AlreadyMember(Conflict):
    """The user who was to be let in is a member of the namespace."""


class KeyReused(Conflict):
    """An idempotency key came back with another body."""


class CursorExpired(Conflict):
    """What came after the cursor is no longer known exactly: its reader begins anew."""


class ImpossibleMove(Conflict):
    """A folder cannot move into itself."""


class RootStays(ImpossibleMove):
    """The root of a namespace cannot move, go, or be copied."""


class RateLimited(WakefulError):
    """Asked too often; ask again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(WakefulError):
    """Try again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StoreFull(Unavailable):
    """No room on the disk: writes stop until there is some."""


class StoreFailed(Unavailable):
    """The disk broke a promise (a failing fsync): writes stop until a restart."""


class Draining(Unavailable):
    """The server is going down; another one, or the next, will answer."""
