"""The operations of the Box dialect that change files and folders, as `/openapi.json` describes
them."""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.scopes import CHANGE_SCOPE, DELETE_SCOPE, RENAME_SCOPE, UPLOAD_SCOPE
from wakeful.dialects.box import actions, shapes
from wakeful.http.box.api import ETAG, FIELDS, item_id
from wakeful.http.description import BYTES, FLAG, TEXT, Answer, Body, Operation, Parameter

IF_MATCH = Parameter(
    "If-Match", "An `etag`: refused with 412 where the item has another.", where="header"
)
CONTENT_MD5 = Parameter(
    "Content-MD5", "The SHA-1 of the content: what comes must have it.", where="header"
)
RECURSIVE = Parameter("recursive", "Also where there is something in the folder.", FLAG)
NOTHING = Answer(about="Done")
FILE = item_id("file", "1001")
FOLDER = item_id("folder", "1001")

_PLACE = (404, 409, 413)
_CHANGE = (404, 409, 412, 413)


def _form(attributes: str) -> Body:
    return Body(
        {
            "type": "object",
            "properties": {
                "attributes": TEXT | {"description": attributes},
                "file": BYTES,
            },
            "required": ["file"],
        },
        "The attributes, as JSON, come before the file.",
        media=("multipart/form-data",),
    )


CREATE_FOLDER = Operation(
    "Make a folder",
    {201: Answer(shapes.Folder, is_chosen=True, headers=ETAG)},
    parameters=(FIELDS,),
    body=Body(actions.NewFolder),
    refusals=_PLACE,
    scope=UPLOAD_SCOPE,
)

UPDATE_FOLDER = Operation(
    "Rename or move a folder",
    {200: Answer(shapes.Folder, is_chosen=True, headers=ETAG)},
    about="`sync_state` is told to the user alone, as `ITEM_SYNC` or `ITEM_UNSYNC`. To move "
    f"it needs the scope `{CHANGE_SCOPE}`.",
    parameters=(FOLDER, FIELDS, IF_MATCH),
    body=Body(actions.FolderUpdate, required=False),
    refusals=_CHANGE,
    scope=RENAME_SCOPE,
)

COPY_FOLDER = Operation(
    "Copy a folder with all that is in it",
    {201: Answer(shapes.Folder, is_chosen=True, headers=ETAG)},
    parameters=(FOLDER, FIELDS),
    body=Body(actions.NewCopy),
    refusals=_PLACE,
    scope=CHANGE_SCOPE,
)

TRASH_FOLDER = Operation(
    "Put a folder into the trash",
    {204: NOTHING},
    parameters=(FOLDER, RECURSIVE, IF_MATCH),
    refusals=(404, 412),
    scope=DELETE_SCOPE,
)

RESTORE_FOLDER = Operation(
    "Take a folder out of the trash",
    {201: Answer(shapes.Folder, is_chosen=True, headers=ETAG)},
    about="To where it was, under its name; what the body says is for where that cannot be.",
    parameters=(FOLDER, FIELDS),
    body=Body(actions.Restoring, required=False),
    refusals=_PLACE,
    scope=DELETE_SCOPE,
)

PURGE_FOLDER = Operation(
    "Remove a folder in the trash for good",
    {204: NOTHING},
    parameters=(FOLDER,),
    refusals=(404,),
    scope=DELETE_SCOPE,
)

UPDATE_FILE = Operation(
    "Rename or move a file",
    {200: Answer(shapes.File, is_chosen=True, headers=ETAG)},
    about=f"To move it needs the scope `{CHANGE_SCOPE}`.",
    parameters=(FILE, FIELDS, IF_MATCH),
    body=Body(actions.FileUpdate, required=False),
    refusals=_CHANGE,
    scope=RENAME_SCOPE,
)

COPY_FILE = Operation(
    "Copy a file",
    {201: Answer(shapes.File, is_chosen=True, headers=ETAG)},
    parameters=(FILE, FIELDS),
    body=Body(actions.NewCopy),
    refusals=_PLACE,
    scope=CHANGE_SCOPE,
)

TRASH_FILE = Operation(
    "Put a file into the trash",
    {204: NOTHING},
    parameters=(FILE, IF_MATCH),
    refusals=(404, 412),
    scope=DELETE_SCOPE,
)

RESTORE_FILE = replace(
    RESTORE_FOLDER,
    summary="Take a file out of the trash",
    answers={201: Answer(shapes.File, is_chosen=True, headers=ETAG)},
    parameters=(FILE, FIELDS),
)

PURGE_FILE = replace(
    PURGE_FOLDER, summary="Remove a file in the trash for good", parameters=(FILE,)
)

UPLOAD = Operation(
    "Upload a new file",
    {201: Answer(shapes.Uploaded)},
    parameters=(FIELDS, CONTENT_MD5),
    body=_form("`NewFile`: name, parent, content_created_at, content_modified_at."),
    refusals=_PLACE,
    scope=UPLOAD_SCOPE,
)

UPLOAD_VERSION = Operation(
    "Upload a new version of a file",
    {201: Answer(shapes.Uploaded)},
    about="Earlier versions are kept for some time.",
    parameters=(FILE, FIELDS, CONTENT_MD5, IF_MATCH),
    body=_form("`FileVersion`: name, content_modified_at. May be left out."),
    refusals=_CHANGE,
    scope=UPLOAD_SCOPE,
)

CHECK_UPLOAD = Operation(
    "Ask whether a file could be uploaded",
    {200: Answer(shapes.UploadUrl)},
    body=Body(actions.Preflight),
    refusals=_PLACE,
    scope=UPLOAD_SCOPE,
)

CHECK_VERSION = replace(
    CHECK_UPLOAD,
    summary="Ask whether a new version of a file could be uploaded",
    parameters=(FILE,),
    body=Body(actions.Preflight, required=False),
)
