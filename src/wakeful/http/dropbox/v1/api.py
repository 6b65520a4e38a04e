"""The operations of version 1 of Dropbox's API, as `/openapi.json` describes them."""

from __future__ import annotations

from wakeful.core.scopes import DOWNLOAD_SCOPE, READ_SCOPE
from wakeful.dialects.dropbox.arguments import LONGEST_TIMEOUT, MOST_ENTRIES, SHORTEST_TIMEOUT
from wakeful.dialects.dropbox.headers import METADATA_V1
from wakeful.dialects.dropbox.shapes import Changes
from wakeful.dialects.dropbox.v1 import parameters, shapes
from wakeful.http.content import CONTENT_HEADERS
from wakeful.http.description import BYTES, FLAG, Answer, Body, Operation, Parameter

CURSOR = Parameter("cursor", "As the page before gave it.")
LOCALE = Parameter("locale", "Not used: texts are in English.")
PREFIX = Parameter(
    "path_prefix",
    "Of what is at this path or below it only. A cursor may go on with a longer one.",
    example="/docs",
)
MEDIA = Parameter(
    "include_media_info",
    "Changes nothing, but that the cursor cannot be waited with, as at Dropbox.",
    FLAG,
)
REV = Parameter("rev", "A `rev` of the file, the present one or one that is kept.")
ROOT = Parameter("root", "All three are the same.", {"enum": list(parameters.ROOTS)}, "path")
PATH = Parameter("path", "In any case.", where="path", example="docs/a.txt")


def _whole(least: int, most: int, default: int) -> dict[str, object]:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default}


PAGE = Parameter(
    "limit",
    "The most entries of this page and of those that follow, or somewhat more. Not known to "
    "Dropbox.",
    _whole(1, MOST_ENTRIES, MOST_ENTRIES),
)
LISTING = (
    Parameter("list", "Whether to tell what is in a folder.", FLAG | {"default": True}),
    Parameter(
        "file_limit",
        "Refuse the listing of a folder that has more entries.",
        _whole(1, parameters.MOST_FILES, parameters.DEFAULT_FILE_LIMIT),
    ),
    Parameter("hash", "The `hash` of a listing that the client has already."),
    Parameter("include_deleted", "Whether a listing has what was deleted.", FLAG),
    REV,
    LOCALE,
)


def form(*taken: Parameter) -> Body:
    """The same parameters in the body."""
    properties = {parameter.name: dict(parameter.schema) for parameter in taken}
    return Body(
        {"type": "object", "properties": properties}, media=(parameters.FORM,), required=False
    )


DELTA = Operation(
    "Follow everything: list it, then read what changed",
    {200: Answer(shapes.Delta)},
    about="One entry for each path that changed; null for what is gone, with all below it. "
    "`reset`: forget what was told before. Parameters may stand in the query or in the body.",
    parameters=(CURSOR, PREFIX, MEDIA, PAGE, LOCALE),
    body=form(CURSOR, PREFIX, MEDIA, PAGE, LOCALE),
    refusals=(409, 413),
    scope=READ_SCOPE,
)

LATEST_CURSOR = Operation(
    "Ask for the cursor of the present state, without listing it",
    {200: Answer(shapes.LatestCursor)},
    parameters=(PREFIX, MEDIA, PAGE, LOCALE),
    body=form(PREFIX, MEDIA, PAGE, LOCALE),
    refusals=(409, 413),
    scope=READ_SCOPE,
)

LONGPOLL_DELTA = Operation(
    "Wait until there is something after a cursor",
    {200: Answer(Changes)},
    about="The cursor is the permission; `Authorization` is ignored. `backoff`: seconds to wait "
    "before the next call.",
    parameters=(
        Parameter("cursor", "As `delta` gave it.", required=True),
        Parameter(
            "timeout",
            "In seconds.",
            _whole(SHORTEST_TIMEOUT, LONGEST_TIMEOUT, SHORTEST_TIMEOUT),
        ),
    ),
    refusals=(400, 401),
    is_open=True,
)

DISABLE_TOKEN = Operation(
    "Revoke the token that asks",
    {200: Answer({"type": "object", "maxProperties": 0})},
)

ACCOUNT_INFO = Operation("Read who asks", {200: Answer(shapes.AccountInfo)}, parameters=(LOCALE,))

ROOT_METADATA = Operation(
    "List the root",
    {200: Answer(shapes.Metadata), 304: Answer(about="The folder has the `hash` that was given")},
    parameters=(ROOT, *LISTING),
    refusals=(404, 406, 409),
    scope=READ_SCOPE,
)

METADATA = Operation(
    "Read what is at a path, and list a folder",
    ROOT_METADATA.answers,
    about="What was deleted is told, too, with `is_deleted`.",
    parameters=(ROOT, PATH, *LISTING),
    refusals=(404, 406, 409),
    scope=READ_SCOPE,
)

_WITH_METADATA = CONTENT_HEADERS | {METADATA_V1: "The metadata of the file, as JSON."}

FILE = Operation(
    "Download a file",
    {
        200: Answer(BYTES, media="application/octet-stream", headers=_WITH_METADATA),
        206: Answer(
            BYTES,
            "A part of it",
            media="application/octet-stream",
            headers=_WITH_METADATA | {"Content-Range": "Which part it is."},
        ),
    },
    parameters=(
        ROOT,
        PATH,
        REV,
        Parameter("Range", "One range of bytes; of several all is sent.", where="header"),
        Parameter("If-Range", "An `ETag` for which the range is meant.", where="header"),
    ),
    refusals=(404, 409, 416),
    scope=DOWNLOAD_SCOPE,
)

REVISIONS = Operation(
    "List the revisions of a file, the newest first",
    {200: Answer(list[shapes.Metadata])},
    about="Also of one that was deleted. Earlier revisions are kept for some time.",
    parameters=(
        ROOT,
        PATH,
        Parameter(
            "rev_limit",
            "The most that are listed.",
            _whole(1, parameters.MOST_REVISIONS, parameters.DEFAULT_REVISIONS),
        ),
        LOCALE,
    ),
    refusals=(404,),
    scope=READ_SCOPE,
)
