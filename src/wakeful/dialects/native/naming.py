"""Those whom events name: found in the commit that tells the events, not before it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from wakeful.core.changes import Tell
from wakeful.core.errors import Forbidden, InvalidRequest
from wakeful.core.lookups.people import UserById, UserByLogin
from wakeful.core.people import ANONYMOUS, User
from wakeful.core.writes import Steps
from wakeful.dialects.native.events import Asked, Who

_MOST_DIGITS = 18


class Asker(msgspec.Struct, frozen=True):
    """Who tells of events. Only admins name others than themselves."""

    user: int
    enterprise: int
    is_admin: bool


def names_anybody(asked: tuple[Asked, ...]) -> bool:
    """Whether any of the events names a user that has to be found."""
    return any(each.names_anybody for each in asked)


def find_named(asked: tuple[Asked, ...], by: Asker) -> Steps[tuple[Tell, ...]]:
    """The events, with the ids of those in them. Raises InvalidRequest and Forbidden, with the
    field at fault."""
    finding = _Finding(by)
    told = []
    for index, each in enumerate(asked):
        # What stands before the name of a field, where there are many events.
        part = "" if len(asked) == 1 else f"events[{index}]."
        told.append((yield from finding.tell(each, part)))
    return tuple(told)


class _Finding:
    """Finds the users that one request names."""

    def __init__(self, by: Asker) -> None:
        self._by = by
        self._found: dict[Who, int] = {}

    def tell(self, asked: Asked, part: str) -> Steps[Tell]:
        tell = asked.tell
        if asked.actor is not None:
            tell = replace(tell, actor=(yield from self._actor(asked.actor, f"{part}actor")))
        if asked.action_by is not None:
            user = yield from self._id(asked.action_by, f"{part}action_by")
            tell = replace(tell, action_by=user)
        if asked.accessible_by is not None:
            user = yield from self._id(asked.accessible_by, f"{part}accessible_by")
            tell = replace(tell, accessible_by=user)
        if asked.audience is not None:
            audience = []
            for who in asked.audience:
                audience.append((yield from self._id(who, f"{part}audience")))
            tell = replace(tell, audience=tuple(audience))
        return tell

    def _actor(self, who: Who, field: str) -> Steps[int]:
        if str(who) == str(ANONYMOUS) and self._by.is_admin:
            return ANONYMOUS
        return (yield from self._id(who, field))

    def _id(self, who: Who, field: str) -> Steps[int]:
        """The id of a user of the enterprise."""
        if who not in self._found:
            self._found[who] = yield from self._look(who, field)
        return self._found[who]

    def _look(self, who: Who, field: str) -> Steps[int]:
        text = str(who)
        found: User | None
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
            found = yield UserById(int(text))
        else:
            found = yield UserByLogin(text)
        if found is not None and found.id == self._by.user:
            return found.id
        if not self._by.is_admin:
            raise Forbidden("only an admin tells for or to others")
        if found is None or found.enterprise != self._by.enterprise:
            raise InvalidRequest(f"no user {text[:80]!r}", field=field)
        return found.id
