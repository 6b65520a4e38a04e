"""The operations of the emulator, as `/openapi.json` describes them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wakeful.http.description import NATURAL, TEXT, Answer, Body, Operation, Parameter
from wakeful.http.emulation.faults import Wish
from wakeful.http.emulation.fidelity import Word
from wakeful.http.emulation.readings import Told
from wakeful.http.emulation.recording import State

MOST_SECONDS = 100 * 366 * 24 * 3600
MOST_WAIT_SECONDS = 60


class UserWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be made: with an enterprise of their own, or in that of another user.

    Without a login they get one that nobody has. `lifetime` of the token in seconds, null for one
    that stays; without `scopes` it has all. `fidelity` and `chance` are those of the server where
    they are not said.
    """

    login: str | None = None
    name: str = ""
    is_admin: bool = True
    enterprise: int | None = None
    scopes: tuple[str, ...] | None = None
    lifetime: Annotated[int, Meta(ge=1, le=MOST_SECONDS)] | None = None
    fidelity: Word | None = None
    chance: int | None = None


class FreshUser(msgspec.Struct, frozen=True):
    """A user, and a token for them."""

    id: int
    login: str
    name: str
    enterprise: int
    token: str


class UserList(msgspec.Struct, frozen=True):
    """The users that were made here, in that order, each with their first token."""

    users: list[FreshUser]


class SeedWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the folder with the full *path*, on the server's machine, is to be in the home of
    a user, below the path `into`."""

    user: int
    path: str
    into: str = "/"


class SeededAnswer(msgspec.Struct, frozen=True):
    """How much was put in."""

    folders: int
    files: int


class DoneStep(msgspec.Struct, frozen=True):
    """A step of a scenario that happened; `where` is its file and line, `error` why it failed."""

    where: str
    error: str | None


class WaitingStep(msgspec.Struct, frozen=True):
    """A step that is to come, `seconds` from now."""

    where: str
    seconds: float


class TimelineAnswer(msgspec.Struct, frozen=True):
    """What a scenario had happen, and what is to come."""

    done: list[DoneStep]
    waiting: list[WaitingStep]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the clock is put forward, in seconds."""

    seconds: Annotated[float, Meta(ge=0, le=MOST_SECONDS)]


class Time(msgspec.Struct, frozen=True):
    """What time it is in the server, and by how many milliseconds it is ahead."""

    now: str
    ahead: int


class Fault(msgspec.Struct, frozen=True):
    """A rule that is in force: `seen` requests concerned it, and it was `used` on so many, of
    `times` at most."""

    id: int
    used: int
    seen: int
    times: int | None
    rule: Wish


class FaultList(msgspec.Struct, frozen=True):
    """Rules, in the order in which they were made, in which they are asked, too."""

    faults: list[Fault]


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what it was answered.

    `began` and `ended` in seconds of the server's monotonic clock, which `advance` puts forward;
    `faults` are the numbers of the rules that were used on it. `asked_from` and `next` are where
    a page begins and where to go on: positions of Box, digests of cursors of Dropbox. `told` is
    what a page tells of, `said` what a poll was told. Bodies are texts without secrets, of 16 KiB
    at most; sizes are those of the whole.
    """

    id: int
    route: str
    template: str
    user: int | None
    method: str
    path: str
    query: str
    at: str
    began: float
    ended: float | None
    state: State
    faults: tuple[int, ...]
    status: int | None
    retry_after: float | None
    asked_from: int | str | None
    next: int | str | None
    told: tuple[Told, ...]
    said: str
    request_headers: list[tuple[str, str]]
    request_body: str
    request_size: int
    response_headers: list[tuple[str, str]]
    response_body: str
    response_size: int


class RequestList(msgspec.Struct, frozen=True):
    """What was asked, in the order in which it came; `dropped` older ones are not kept."""

    requests: list[Exchange]
    dropped: int


class Forgotten(msgspec.Struct, frozen=True):
    """How many requests are no longer kept."""

    forgotten: int


_USER = Parameter("user", "Only those of this user, by id.", NATURAL)

CREATE_USER = Operation(
    "Make a user with a token",
    {201: Answer(FreshUser)},
    body=Body(UserWish, required=False),
    refusals=(403, 404, 409),
)
LIST_USERS = Operation(
    "List the users that were made here",
    {200: Answer(UserList)},
    parameters=(Parameter("login", "Only the one with this login."),),
    refusals=(403,),
)
SEED = Operation(
    "Give a user files and folders",
    {200: Answer(SeededAnswer)},
    about="As if they had always been there: items with contents, and no events.",
    body=Body(SeedWish),
    refusals=(403, 404, 409),
)
SHOW_TIMELINE = Operation(
    "What a scenario has happen", {200: Answer(TimelineAnswer)}, refusals=(403,)
)
TELL_TIME = Operation("What time it is", {200: Answer(Time)}, refusals=(403,))
ADVANCE = Operation(
    "Put the clock forward",
    {200: Answer(Time)},
    about="Tokens expire, holds end, what is too old goes, and what the scenario has for that time "
    "happens, before it is answered; where a step of it fails, it is refused.",
    body=Body(Step),
    refusals=(403, 409),
)
ADD_FAULT = Operation(
    "Let something go wrong",
    {201: Answer(Fault)},
    about="What no rule concerns is answered as ever.",
    body=Body(Wish, example={"fault": "status", "status": 503, "route": "box.events", "times": 2}),
    refusals=(403, 404),
)
LIST_FAULTS = Operation(
    "List what goes wrong", {200: Answer(FaultList)}, parameters=(_USER,), refusals=(403,)
)
CLEAR_FAULTS = Operation(
    "Let nothing go wrong any more",
    {200: Answer(FaultList)},
    about="Answers with what was removed.",
    parameters=(_USER,),
    refusals=(403,),
)
READ_FAULT = Operation(
    "Read what goes wrong, and how often it did", {200: Answer(Fault)}, refusals=(403, 404)
)
REMOVE_FAULT = Operation(
    "Let this go right again",
    {200: Answer(Fault)},
    about="Whoever is held by it goes on.",
    refusals=(403, 404),
)
LIST_REQUESTS = Operation(
    "Look at what was asked, or wait for it",
    {200: Answer(RequestList)},
    about="With `wait`, it is answered when there are `count` of them, or after that time.",
    parameters=(
        _USER,
        Parameter("route", "Only those of this route: a name, a family, or a pattern."),
        Parameter("since", "Only those with a greater id.", NATURAL),
        Parameter("state", "Only those in this state.", {"enum": list(State), "type": "string"}),
        Parameter("told", "Only those that told of this: an event's id, a name, a path.", TEXT),
        Parameter("acknowledged", "Only those that begin behind what told of this.", TEXT),
        Parameter("count", "How many are waited for, 1 where it is not said.", NATURAL),
        Parameter("wait", "How many seconds, 60 at most.", NATURAL),
        Parameter("limit", "Only the newest.", NATURAL),
    ),
    refusals=(403,),
)
EXPORT_REQUESTS = Operation(
    "Look at what was asked as an HTTP archive",
    {200: Answer({"type": "object"}, "HAR 1.2, which browsers and proxies open.")},
    parameters=LIST_REQUESTS.parameters,
    refusals=(403,),
)
FORGET_REQUESTS = Operation(
    "Forget what was asked", {200: Answer(Forgotten)}, parameters=(_USER,), refusals=(403,)
)
