"""The operations of the Box dialect about comments, as `/openapi.json` describes them."""

from __future__ import annotations

from wakeful.core.scopes import CHANGE_SCOPE, ITEM_SCOPE
from wakeful.dialects.box.comments import BoxComment, BoxComments, CommentUpdate, NewComment
from wakeful.http.box.api import FIELDS, LIMIT, OFFSET, item_id
from wakeful.http.box.writes_api import NOTHING
from wakeful.http.description import Answer, Body, Operation

_ID = item_id("comment", "1001")

CREATE = Operation(
    "Comment on a file, or reply to a comment",
    {201: Answer(BoxComment, is_chosen=True)},
    about="`tagged_message` may mention users: `@[1001:Ann]`.",
    parameters=(FIELDS,),
    body=Body(NewComment),
    refusals=(404, 413),
    scope=CHANGE_SCOPE,
)

READ = Operation(
    "Read a comment",
    {200: Answer(BoxComment, is_chosen=True)},
    parameters=(_ID, FIELDS),
    refusals=(404,),
    scope=ITEM_SCOPE,
)

UPDATE = Operation(
    "Let a comment say something else",
    {200: Answer(BoxComment, is_chosen=True)},
    about="By who wrote it.",
    parameters=(_ID, FIELDS),
    body=Body(CommentUpdate),
    refusals=(404, 413),
    scope=CHANGE_SCOPE,
)

REMOVE = Operation(
    "Take a comment back, with the replies to it",
    {204: NOTHING},
    about="By who wrote it, and by who decides on the members of the folder.",
    parameters=(_ID,),
    refusals=(404,),
    scope=CHANGE_SCOPE,
)

LIST = Operation(
    "List the comments on a file, the oldest first",
    {200: Answer(BoxComments)},
    parameters=(item_id("file", "1001"), FIELDS, LIMIT, OFFSET),
    refusals=(404,),
    scope=ITEM_SCOPE,
)
