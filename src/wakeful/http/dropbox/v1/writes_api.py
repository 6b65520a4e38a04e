"""The operations of version 1 that change something, as `/openapi.json` describes them."""

from __future__ import annotations

from wakeful.core.scopes import CHANGE_SCOPE, DELETE_SCOPE, UPLOAD_SCOPE
from wakeful.dialects.dropbox.v1 import parameters, shapes
from wakeful.http.description import BYTES, FLAG, Answer, Body, Operation, Parameter
from wakeful.http.dropbox.v1.api import LOCALE, PATH, ROOT, form

_FILE = Body(BYTES, media=("application/octet-stream",), required=False)
_COMMIT = (
    Parameter(
        "overwrite",
        "Whether a file that is there gets this content.",
        FLAG | {"default": True},
    ),
    Parameter(
        "parent_rev",
        "The `rev` that is replaced, and no other; empty where nothing is to be there.",
    ),
    Parameter(
        "autorename",
        "Whether a file that cannot have the path gets one beside it; else it is a 409.",
        FLAG | {"default": True},
    ),
    LOCALE,
)
_ROOT = Parameter("root", "All three are the same.", {"enum": list(parameters.ROOTS)})
_PATH = Parameter("path", "In any case.", example="/docs/a.txt")
_PLACES = (
    _ROOT,
    Parameter("from_path", "What it is about, in any case.", example="/a.txt"),
    Parameter("to_path", "Where it is to be.", example="/docs/a.txt"),
    LOCALE,
)

FILES_PUT = Operation(
    "Upload a file",
    {200: Answer(shapes.Metadata)},
    about="Folders that are missing above it are made.",
    parameters=(ROOT, PATH, *_COMMIT),
    body=_FILE,
    refusals=(403, 409, 413, 507),
    scope=UPLOAD_SCOPE,
)

CHUNK = Operation(
    "Upload a part of a file",
    {200: Answer(shapes.Chunk)},
    about="It is durable when this is answered. A 400 with an `offset` says where to go on.",
    parameters=(
        Parameter("upload_id", "As the part before gave it; none for the first."),
        Parameter("offset", "Where this part begins, in bytes."),
    ),
    body=_FILE,
    refusals=(404, 413),
    scope=UPLOAD_SCOPE,
)

COMMIT = Operation(
    "Make a file of the parts",
    {200: Answer(shapes.Metadata)},
    parameters=(ROOT, PATH),
    body=form(Parameter("upload_id", "As the parts gave it."), *_COMMIT),
    refusals=(403, 404, 409, 413, 507),
    scope=UPLOAD_SCOPE,
)

CREATE_FOLDER = Operation(
    "Make a folder",
    {200: Answer(shapes.Metadata)},
    body=form(_ROOT, _PATH, LOCALE),
    refusals=(403,),
    scope=CHANGE_SCOPE,
)

DELETE = Operation(
    "Put a file or a folder into the trash",
    {200: Answer(shapes.Metadata)},
    body=form(_ROOT, _PATH, LOCALE),
    refusals=(403, 404),
    scope=DELETE_SCOPE,
)

MOVE = Operation(
    "Move or rename a file or a folder",
    {200: Answer(shapes.Metadata)},
    body=form(*_PLACES),
    refusals=(403, 404),
    scope=CHANGE_SCOPE,
)

COPY = Operation(
    "Copy a file or a folder, with all that is in it",
    {200: Answer(shapes.Metadata)},
    body=form(*_PLACES),
    refusals=(403, 404, 507),
    scope=CHANGE_SCOPE,
)

RESTORE = Operation(
    "Give a file the content of a revision",
    {200: Answer(shapes.Metadata)},
    about="Where nothing is at the path any more, it comes back.",
    parameters=(ROOT, PATH),
    body=form(Parameter("rev", "A `rev` of a file."), LOCALE),
    refusals=(403, 404, 507),
    scope=CHANGE_SCOPE,
)
