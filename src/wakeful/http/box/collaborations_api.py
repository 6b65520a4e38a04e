"""The operations of the Box dialect about collaborations, as `/openapi.json` describes them."""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.scopes import READ_SCOPE, WRITE_SCOPE
from wakeful.dialects.box.collaborations import (
    Collaboration,
    Collaborations,
    CollaborationUpdate,
    NewCollaboration,
    PendingCollaborations,
)
from wakeful.http.box.api import FIELDS, LIMIT, OFFSET, item_id
from wakeful.http.box.writes_api import NOTHING
from wakeful.http.description import FLAG, NATURAL, Answer, Body, Operation, Parameter

_ID = item_id("collaboration", "1001")

CREATE = Operation(
    "Let a user into a folder",
    {201: Answer(Collaboration, is_chosen=True)},
    about="The user, by id or login, is in it at once. The folder is a shared one already, or one "
    "at the top of the user's own files, which is shared from then on.",
    parameters=(FIELDS, Parameter("notify", "Nobody is mailed in any case.", FLAG)),
    body=Body(NewCollaboration),
    refusals=(404, 409, 413),
    scope=WRITE_SCOPE,
)

READ = Operation(
    "Read a collaboration",
    {200: Answer(Collaboration, is_chosen=True)},
    parameters=(_ID, FIELDS),
    refusals=(404,),
    scope=READ_SCOPE,
)

UPDATE = Operation(
    "Give a user another role in a folder",
    {200: Answer(Collaboration, is_chosen=True), 204: NOTHING},
    about="The role `owner` (204) makes whoever was it a `co-owner`.",
    parameters=(_ID, FIELDS),
    body=Body(CollaborationUpdate, required=False),
    refusals=(404, 409, 413),
    scope=WRITE_SCOPE,
)

REMOVE = Operation(
    "Put a user out of a folder, or leave it",
    {204: NOTHING},
    parameters=(_ID,),
    refusals=(404, 409),
    scope=WRITE_SCOPE,
)

LIST_OF_FOLDER = Operation(
    "List who is in a folder beside its owner",
    {200: Answer(Collaborations)},
    about="Of a folder in a shared one: who is in that.",
    parameters=(
        item_id("folder", "1001"),
        FIELDS,
        LIMIT,
        Parameter("marker", "As the page before gave it.", NATURAL),
    ),
    refusals=(404,),
    scope=READ_SCOPE,
)

LIST_OF_FILE = replace(
    LIST_OF_FOLDER,
    summary="List who may see a file beside its owner",
    about="Those who are in the shared folder that it is in.",
    parameters=(item_id("file", "1001"), *LIST_OF_FOLDER.parameters[1:]),
)

LIST_PENDING = Operation(
    "List the invitations that wait to be accepted",
    {200: Answer(PendingCollaborations)},
    about="There are none: whoever is invited is in at once.",
    parameters=(
        Parameter("status", "Which of them.", {"enum": ["pending"]}, required=True),
        LIMIT,
        OFFSET,
    ),
    scope=READ_SCOPE,
)
