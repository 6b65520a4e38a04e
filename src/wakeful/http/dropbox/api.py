"""The operations of the Dropbox dialect, as `/openapi.json` describes them."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from wakeful.core.scopes import (
    CHANGE_SCOPE,
    DELETE_SCOPE,
    DOWNLOAD_SCOPE,
    ENTERPRISE_SCOPE,
    READ_SCOPE,
    UPLOAD_SCOPE,
)
from wakeful.dialects.dropbox import asked, done, shapes
from wakeful.http.description import BYTES, Answer, Body, Operation, Parameter

_REFUSALS = (409, 422)

# What a token has to be good for, and what it may be refused with.
_read = partial(Operation, refusals=_REFUSALS, scope=READ_SCOPE)
_upload = partial(Operation, refusals=_REFUSALS, scope=UPLOAD_SCOPE)
_change = partial(Operation, refusals=_REFUSALS, scope=CHANGE_SCOPE)
_delete = partial(Operation, refusals=_REFUSALS, scope=DELETE_SCOPE)

_NO_ARGUMENT = Body({"type": "null"}, required=False)

LIST_REVISIONS = _read(
    "List the revisions of a file",
    {200: Answer(done.ListRevisionsResult)},
    about="The newest first, also of a file that was deleted. Earlier ones are kept for some time.",
    body=Body(asked.ListRevisions, example={"path": "/a.txt"}),
)

LIST_FOLDER = _read(
    "List a folder, and begin to follow it",
    {200: Answer(shapes.ListFolderResult)},
    about="Go on with `continue` while `has_more`; the cursor of the last page is that of the "
    "present state. The root is the empty path.",
    body=Body(shapes.ListFolder, example={"path": "", "recursive": True}),
)

CONTINUE = _read(
    "Read what came after a cursor",
    {200: Answer(shapes.ListFolderResult)},
    about="One entry for each path that changed, with what is there now; `deleted` for what is "
    "gone. 409 `reset` where that is no longer known: list the folder anew.",
    body=Body(shapes.GivenCursor),
)

LATEST_CURSOR = _read(
    "Ask for the cursor of the present state, without listing it",
    {200: Answer(shapes.LatestCursor)},
    body=Body(shapes.ListFolder, example={"path": "", "recursive": True}),
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

GET_METADATA = _read(
    "Read what is at a path, or an item by its id",
    {200: Answer(shapes.Metadata)},
    body=Body(shapes.GetMetadata, example={"path": "/a.txt"}),
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

TEMPORARY_LINK = Operation(
    "Ask for a URL of the content of a file that needs no token",
    {200: Answer(shapes.TemporaryLink)},
    about="It can be used for four hours, and while the file has that content and the user may "
    "read it.",
    body=Body(shapes.Download, example={"path": "/a.txt"}),
    refusals=_REFUSALS,
    scope=DOWNLOAD_SCOPE,
)

CURRENT_ACCOUNT = Operation(
    "Read who asks", {200: Answer(shapes.Account)}, body=_NO_ARGUMENT, refusals=(422,)
)

SPACE_USAGE = Operation(
    "Read how many bytes the user's files have",
    {200: Answer(shapes.SpaceUsage)},
    about="In the user's own namespaces, and how many they may have.",
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

_ABOUT_BATCH = "The entries are carried out in their order; each succeeds or fails by itself."

UPLOAD = _upload(
    "Upload a file",
    {200: Answer(shapes.FileMetadata)},
    about="Folders that are missing above it are made. With `mode` `add`, a file with another "
    "content is a conflict; `overwrite` replaces it, `update` the revision that it names only. "
    "The content has at most 150 MiB.",
    parameters=(
        Parameter("Dropbox-API-Arg", 'As JSON: `{"path": "/a.txt"}`.', where="header"),
        Parameter("arg", "The same, where a client cannot set headers."),
    ),
    body=Body(BYTES, media=("application/octet-stream",)),
)

_ARGUMENT = UPLOAD.parameters[1:]
_SESSION_BODY = Body(BYTES, media=("application/octet-stream",), required=False)


def _in_header(example: str) -> tuple[Parameter, ...]:
    return (Parameter("Dropbox-API-Arg", f"As JSON: `{example}`.", where="header"), *_ARGUMENT)


START = _upload(
    "Begin to upload a file in parts",
    {200: Answer(done.Started)},
    about="A session may be used for seven days. With `session_type` `concurrent`, parts may come "
    "in any order and at once, at multiples of 4 MiB, but not with this call.",
    parameters=_in_header('{"close": false}'),
    body=_SESSION_BODY,
)

START_BATCH = _upload(
    "Begin to upload several files in parts",
    {200: Answer(done.StartedBatch)},
    body=Body(asked.StartBatch, example={"num_sessions": 2}),
)

APPEND = _upload(
    "Add a part to a session",
    {200: Answer({"type": "null"})},
    about="It is durable when this is answered. `incorrect_offset` says where the session ends.",
    parameters=_in_header('{"cursor": {"session_id": "...", "offset": 0}}'),
    body=_SESSION_BODY,
)

APPEND_V1 = _upload(
    "Add a part to a session (first version)",
    {200: Answer({"type": "null"})},
    parameters=_in_header('{"session_id": "...", "offset": 0}'),
    body=_SESSION_BODY,
)

FINISH = _upload(
    "Make a file of a session",
    {200: Answer(shapes.FileMetadata)},
    about="What the body has is added at the end. Where this is refused, the session stays as it "
    "was.",
    parameters=_in_header(
        '{"cursor": {"session_id": "...", "offset": 9}, "commit": {"path": "/a.txt"}}'
    ),
    body=_SESSION_BODY,
)

FINISH_BATCH = _upload(
    "Make files of sessions that are closed",
    {200: Answer(done.Entries)},
    about=_ABOUT_BATCH,
    body=Body(asked.Finishes, example={"entries": []}),
)

FINISH_BATCH_V1 = _upload(
    "Make files of sessions that are closed (first version)",
    {200: Answer(done.Complete)},
    about=_ABOUT_BATCH,
    body=Body(asked.Finishes, example={"entries": []}),
)

CREATE_FOLDER = _change(
    "Make a folder",
    {200: Answer(done.Changed)},
    about="And those that are missing above it.",
    body=Body(asked.NewFolder, example={"path": "/a"}),
)

CREATE_FOLDERS = _change(
    "Make folders",
    {200: Answer(done.Complete | done.Launched)},
    about=_ABOUT_BATCH + " With `force_async`, the outcome is asked for by `/check`.",
    body=Body(asked.NewFolders, example={"paths": ["/a", "/b"]}),
)

CHECK_JOB = _change(
    "Ask for the outcome of a batch",
    {200: Answer(done.Complete)},
    about="A batch is done when its job is known.",
    body=Body(asked.Job),
)

MOVE = _change(
    "Move or rename a file or a folder",
    {200: Answer(done.Changed)},
    body=Body(asked.Relocation, example={"from_path": "/a", "to_path": "/b/a"}),
)

COPY = _change(
    "Copy a file or a folder, with all that is in it",
    {200: Answer(done.Changed)},
    body=Body(asked.Relocation, example={"from_path": "/a", "to_path": "/b/a"}),
)

RELOCATE = _change(
    "Move files and folders",
    {200: Answer(done.Complete)},
    about=_ABOUT_BATCH,
    body=Body(asked.Relocations, example={"entries": [{"from_path": "/a", "to_path": "/b"}]}),
)

COPY_BATCH = replace(RELOCATE, summary="Copy files and folders")

DELETE = _delete(
    "Put a file or a folder into the trash",
    {200: Answer(done.Changed)},
    about="With `parent_rev`, the revision of a file that it names only.",
    body=Body(asked.Deletion, example={"path": "/a"}),
)

DELETE_BATCH = _delete(
    "Put files and folders into the trash",
    {200: Answer(done.Complete)},
    about=_ABOUT_BATCH,
    body=Body(asked.Deletions, example={"entries": [{"path": "/a"}]}),
)

RESTORE = _change(
    "Give a file the content of a revision",
    {200: Answer(shapes.FileMetadata)},
    about="Where nothing is at the path any more, it comes back.",
    body=Body(asked.Restoring, example={"path": "/a.txt", "rev": "3e9000000000003ea"}),
)

PURGE = _delete(
    "Remove a file or a folder for good",
    {200: Answer({"type": "null"})},
    about="Also what was put into the trash at that path last.",
    body=Body(asked.Deletion, example={"path": "/a"}),
)


def without_wrapping(operation: Operation, summary: str) -> Operation:
    """The first version of an *operation*, which answers with the metadata alone."""
    return replace(operation, summary=summary, answers={200: Answer(shapes.Metadata)})


CREATE_FOLDER_V1 = without_wrapping(CREATE_FOLDER, "Make a folder (first version)")
MOVE_V1 = without_wrapping(MOVE, "Move or rename a file or a folder (first version)")
COPY_V1 = without_wrapping(COPY, "Copy a file or a folder (first version)")
DELETE_V1 = without_wrapping(DELETE, "Put a file or a folder into the trash (first version)")
