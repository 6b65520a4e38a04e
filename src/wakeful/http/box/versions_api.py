"""The operations of the Box dialect about earlier versions of files, as `/openapi.json` describes
them."""

from __future__ import annotations

from wakeful.core.scopes import READ_SCOPE, UPLOAD_SCOPE
from wakeful.dialects.box import versions
from wakeful.http.box.api import LIMIT, OFFSET, item_id
from wakeful.http.description import Answer, Body, Operation, Parameter

_FILE = item_id("file", "1001")
_ABOUT = "They are kept for some time, of files whose contents were uploaded here."

LIST_VERSIONS = Operation(
    "List the earlier versions of a file",
    {200: Answer(versions.FileVersions)},
    about=f"The newest first. {_ABOUT} 404 where there were some and none is kept.",
    parameters=(_FILE, LIMIT, OFFSET),
    refusals=(404,),
    scope=READ_SCOPE,
)

READ_VERSION = Operation(
    "Read about one version of a file",
    {200: Answer(versions.FileVersionFull)},
    parameters=(
        _FILE,
        Parameter("version", "The id of the version.", where="path", example="1002"),
    ),
    refusals=(404,),
    scope=READ_SCOPE,
)

PROMOTE_VERSION = Operation(
    "Give a file the content of an earlier version",
    {201: Answer(versions.FileVersionFull)},
    about="It is a new version, with the content of the one that is named.",
    parameters=(_FILE,),
    body=Body(versions.Promotion, example={"type": "file_version", "id": "1002"}),
    refusals=(403, 404),
    scope=UPLOAD_SCOPE,
)
