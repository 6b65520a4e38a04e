"""The operations of the Dropbox dialect, as `/openapi.json` describes them."""

from __future__ import annotations

from wakeful.core.scopes import DOWNLOAD_SCOPE, ENTERPRISE_SCOPE, READ_SCOPE
from wakeful.dialects.dropbox import shapes
from wakeful.http.description import BYTES, Answer, Body, Operation, Parameter

_NO_ARGUMENT = Body({"type": "null"}, required=False)
_REFUSALS = (409, 422)

LIST_FOLDER = Operation(
    "List a folder, and begin to follow it",
    {200: Answer(shapes.ListFolderResult)},
    about="Go on with `continue` while `has_more`; the cursor of the last page is that of the "
    "present state. The root is the empty path.",
    body=Body(shapes.ListFolder, example={"path": "", "recursive": True}),
    refusals=_REFUSALS,
    scope=READ_SCOPE,
)

CONTINUE = Operation(
    "Read what came after a cursor",
    {200: Answer(shapes.ListFolderResult)},
    about="One entry for each path that changed, with what is there now; `deleted` for what is "
    "gone. 409 `reset` where that is no longer known: list the folder anew.",
    body=Body(shapes.GivenCursor),
    refusals=_REFUSALS,
    scope=READ_SCOPE,
)

LATEST_CURSOR = Operation(
    "Ask for the cursor of the present state, without listing it",
    {200: Answer(shapes.LatestCursor)},
    body=Body(shapes.ListFolder, example={"path": "", "recursive": True}),
    refusals=_REFUSALS,
    scope=READ_SCOPE,
)

LONGPOLL = Operation(
    "Wait until there is something after a cursor",
    {200: Answer(shapes.Changes)},
    about="The cursor is the permission; `Authorization` is ignored. Answered for changes in "
    "the cursor's own folder only. `backoff`: seconds to wait before the next call.",
    body=Body(shapes.LongPoll),
    refusals=(400, 401, 409),
    is_open=True,
)

GET_METADATA = Operation(
    "Read what is at a path, or an item by its id",
    {200: Answer(shapes.Metadata)},
    body=Body(shapes.GetMetadata, example={"path": "/a.txt"}),
    refusals=_REFUSALS,
    scope=READ_SCOPE,
)

_CONTENT_HEADERS = {
    "Dropbox-API-Result": "The file's metadata, as JSON in ASCII.",
    "ETag": "Names the version of the file.",
}

DOWNLOAD = Operation(
    "Read the content of a file",
    {
        200: Answer(BYTES, media="application/octet-stream", headers=_CONTENT_HEADERS),
        206: Answer(
            BYTES,
            "The part that was asked for.",
            "application/octet-stream",
            _CONTENT_HEADERS | {"Content-Range": "Which bytes, of how many."},
        ),
    },
    about="Only of files that stand in a watched folder (`is_downloadable`).",
    parameters=(
        Parameter("Dropbox-API-Arg", 'As JSON: `{"path": "/a.txt"}`.', where="header"),
        Parameter("arg", "The same, where a client cannot set headers."),
        Parameter("Range", "A part of the content, in bytes.", where="header"),
    ),
    refusals=(409, 416, 422),
    scope=DOWNLOAD_SCOPE,
)

CURRENT_ACCOUNT = Operation(
    "Read who asks", {200: Answer(shapes.Account)}, body=_NO_ARGUMENT, refusals=(422,)
)

SPACE_USAGE = Operation(
    "Read how many bytes the user's files have",
    {200: Answer(shapes.SpaceUsage)},
    about="There is no quota.",
    body=_NO_ARGUMENT,
    refusals=(422,),
)

TEAM_EVENTS = Operation(
    "Read what happened in the team, as an admin",
    {200: Answer(shapes.TeamEvents)},
    about="Go on with `continue` while `has_more`, and with the last cursor later, for what "
    "happens then. A page may have fewer events than asked for, and none, while there are more.",
    body=Body(
        shapes.GetTeamEvents,
        example={"limit": 100, "time": {"start_time": "2026-11-01T00:00:00Z"}},
    ),
    refusals=(403, *_REFUSALS),
    scope=ENTERPRISE_SCOPE,
)

TEAM_EVENTS_CONTINUE = Operation(
    "Read what happened in the team after a cursor",
    {200: Answer(shapes.TeamEvents)},
    about="409 `reset` where what came after it is gone: begin anew at the time that it names.",
    body=Body(shapes.GivenCursor),
    refusals=(403, *_REFUSALS),
    scope=ENTERPRISE_SCOPE,
)

REVOKE_TOKEN = Operation(
    "Revoke the token, with its refresh token",
    {200: Answer({"type": "null"})},
    refusals=(422,),
)

CHECK_USER = Operation(
    "Get back what was sent, if the token is good",
    {200: Answer(shapes.Echo)},
    body=Body(shapes.Query, example={"query": "ping"}),
    refusals=(422,),
)
