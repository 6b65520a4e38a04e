"""The operations of the emulator, as `/openapi.json` describes them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wakeful.http.description import Answer, Body, Operation

MOST_SECONDS = 100 * 366 * 24 * 3600


class UserWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be made: with an enterprise of their own, or in that of another user.

    Without a login they get one that nobody has. `lifetime` of the token in seconds, null for one
    that stays; without `scopes` it has all.
    """

    login: str | None = None
    name: str = ""
    is_admin: bool = True
    enterprise: int | None = None
    scopes: tuple[str, ...] | None = None
    lifetime: Annotated[int, Meta(ge=1, le=MOST_SECONDS)] | None = None


class FreshUser(msgspec.Struct, frozen=True):
    """A user, and a token for them."""

    id: int
    login: str
    name: str
    enterprise: int
    token: str


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the clock is put forward, in seconds."""

    seconds: Annotated[float, Meta(ge=0, le=MOST_SECONDS)]


class Time(msgspec.Struct, frozen=True):
    """What time it is in the server, and by how many milliseconds it is ahead."""

    now: str
    ahead: int


CREATE_USER = Operation(
    "Make a user with a token",
    {201: Answer(FreshUser)},
    body=Body(UserWish, required=False),
    refusals=(403, 404, 409),
)
TELL_TIME = Operation("What time it is", {200: Answer(Time)}, refusals=(403,))
ADVANCE = Operation(
    "Put the clock forward",
    {200: Answer(Time)},
    about="Tokens expire, holds end, and what is too old goes, before it is answered.",
    body=Body(Step),
    refusals=(403,),
)
