"""What a path cannot be read or written for, in the words of Dropbox's unions.

Nearly each function has a union of its own, in which the same two stand under other names: what
is wrong with a path that something is read at (`LookupError`), and with one that is written
(`WriteError`). So rules raise these two, and each function says once what it calls them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wakeful.core.errors import (
    Forbidden,
    ImpossibleMove,
    InvalidName,
    NameTaken,
    NotFound,
    QuotaExceeded,
    WakefulError,
)
from wakeful.core.items import Item
from wakeful.dialects.dropbox.errors import Refused

MALFORMED = "malformed_path"
NO_PERMISSION = "no_write_permission"


class NoLookup(WakefulError):
    """Nothing can be read there; *tags* are a member of `LookupError`."""

    def __init__(self, *tags: str) -> None:
        super().__init__("/".join(tags))
        self.tags = tags


class NoWrite(WakefulError):
    """Nothing can be written there; *tags* are a member of `WriteError`."""

    def __init__(self, *tags: str) -> None:
        super().__init__("/".join(tags))
        self.tags = tags


def conflict(item: Item) -> NoWrite:
    """*item* is in the way."""
    return NoWrite("conflict", item.kind.value)


@contextmanager
def told_as(lookup: str | None, write: str, kind: type[Refused] = Refused) -> Iterator[None]:
    """Raise what goes wrong in the block in the words of one function: *lookup* and *write* are
    the names of the two unions in its own, which may have the second alone. There nothing can be
    written to what cannot be found."""
    unseen = (write, NO_PERMISSION)
    try:
        yield
    except Refused as error:
        if error.tags[0] != "path":
            raise
        raise kind(*(unseen if lookup is None else (lookup, *error.tags[1:]))) from None
    except NoLookup as error:
        raise kind(*(unseen if lookup is None else (lookup, *error.tags))) from None
    except NoWrite as error:
        raise kind(write, *error.tags) from None
    except InvalidName:
        raise kind(write, MALFORMED) from None
    except NameTaken as error:
        raise kind(write, *conflict(error.item).tags) from None
    except QuotaExceeded:
        raise kind(write, "insufficient_space") from None
    except (Forbidden, ImpossibleMove):
        raise kind(*unseen) from None
    except NotFound:
        raise kind(*(unseen if lookup is None else (lookup, "not_found"))) from None
