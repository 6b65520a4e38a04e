"""The operations of the Box dialect on upload sessions, as `/openapi.json` describes them."""

from __future__ import annotations

from wakeful.core.scopes import UPLOAD_SCOPE
from wakeful.dialects.box import sessions, shapes
from wakeful.http.box.api import FIELDS, OFFSET
from wakeful.http.box.writes_api import FILE, IF_MATCH, NOTHING
from wakeful.http.description import BYTES, NATURAL, Answer, Body, Operation, Parameter

SESSION = Parameter("id", "The id of the session.", where="path", example="0" * 32)
DIGEST = Parameter(
    "Digest", "`sha=` and the SHA-1 in base64.", where="header", required=True, example="sha="
)
_BEGUN = {201: Answer(sessions.UploadSession)}
_REFUSALS = (404, 410)

BEGIN = Operation(
    "Begin to upload a new file in parts",
    _BEGUN,
    about="The answer says how long the parts are, and where they go. A session lives for 7 days.",
    body=Body(sessions.NewSession),
    refusals=(404, 409, 413, 429),
    scope=UPLOAD_SCOPE,
)

BEGIN_VERSION = Operation(
    "Begin to upload a new version of a file in parts",
    _BEGUN,
    parameters=(FILE,),
    body=Body(sessions.NewVersionSession),
    refusals=(404, 409, 413, 429),
    scope=UPLOAD_SCOPE,
)

STATUS = Operation(
    "Read an upload session",
    {200: Answer(sessions.UploadSession)},
    parameters=(SESSION,),
    refusals=_REFUSALS,
    scope=UPLOAD_SCOPE,
)

ADD = Operation(
    "Upload a part",
    {200: Answer(sessions.UploadedPart)},
    about="In any order, and several at a time. The same part again is no error.",
    parameters=(
        SESSION,
        DIGEST,
        Parameter(
            "Content-Range",
            "`bytes FIRST-LAST/SIZE`: parts as long as the session says, but for the last.",
            where="header",
            required=True,
            example="bytes 0-0/1",
        ),
    ),
    body=Body(BYTES, media=("application/octet-stream",)),
    refusals=(*_REFUSALS, 409, 412, 413, 416, 429),
    scope=UPLOAD_SCOPE,
)

ABORT = Operation(
    "Give up an upload session, with its parts",
    {204: NOTHING},
    parameters=(SESSION,),
    refusals=_REFUSALS,
    scope=UPLOAD_SCOPE,
)

PARTS = Operation(
    "List the parts that have come",
    {200: Answer(sessions.UploadParts)},
    parameters=(
        SESSION,
        Parameter("limit", f"The most entries, {sessions.MOST_PARTS} if missing.", NATURAL),
        OFFSET,
    ),
    refusals=_REFUSALS,
    scope=UPLOAD_SCOPE,
)

PLAN = Operation(
    "Ask which parts need not be sent",
    {200: Answer(sessions.Planned)},
    about="There are none: all have to be sent.",
    parameters=(SESSION,),
    body=Body(sessions.Plan),
    refusals=(*_REFUSALS, 413),
    scope=UPLOAD_SCOPE,
)

COMMIT = Operation(
    "Make the file of its parts",
    {201: Answer(shapes.Uploaded)},
    parameters=(SESSION, DIGEST, IF_MATCH, FIELDS),
    body=Body(sessions.Commit),
    refusals=(*_REFUSALS, 409, 412, 413),
    scope=UPLOAD_SCOPE,
)
