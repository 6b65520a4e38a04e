"""The operations of the Box dialect, as `/openapi.json` describes them."""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.listings import SortBy
from wakeful.core.positions import MOST_ASKED
from wakeful.core.scopes import DOWNLOAD_SCOPE, ITEM_SCOPE, READ_SCOPE, USERS_SCOPE
from wakeful.dialects.box import parameters, shapes
from wakeful.dialects.box.answers import GAP_HEADER
from wakeful.dialects.box.enterprise import EnterpriseEvents
from wakeful.dialects.box.events import Events
from wakeful.dialects.box.realtime import Message, RealtimeServers
from wakeful.http.content import CONTENT_HEADERS
from wakeful.http.description import BYTES, FLAG, NATURAL, TEXT, Answer, Operation, Parameter

OLDEST_HEADER = "wakeful-oldest-position"
"""The position before the oldest event that the stream still has."""

REMAINING_HEADER = "wakeful-remaining"
"""How many events of the stream are behind a page: at most so many where some of them are left
out, or where they come by event time; 0 where there are none."""

COMPLETE_HEADER = "wakeful-complete-until"
"""Until when a page by event time, with those before it, is complete."""

POSITION = Parameter(
    "stream_position",
    "Where to go on: a position that an earlier answer gave, `now`, or `0` for the oldest "
    "event. Without one: the oldest.",
    {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": MOST_ASKED},
            {"enum": ["now", "null", ""]},
        ]
    },
)
STREAM_TYPE = Parameter(
    "stream_type",
    "`all`, or what only changes trees. For admins with the scope `manage_enterprise_properties` "
    "everything in the enterprise: `admin_logs_streaming` in the order in which it was recorded, "
    "`admin_logs` in the order in which it happened.",
    {
        "enum": ["all", "changes", "sync", *parameters.ENTERPRISE_STREAMS],
        "default": "all",
    },
)
EVENT_TYPE = Parameter(
    "event_type",
    "Names of event types with commas between: other events of the enterprise are left out. "
    "Users' streams take no notice of it.",
    example="LOGIN,UPLOAD",
)
TIME = TEXT | {"format": "date-time"}
CREATED_AFTER = Parameter(
    "created_after",
    "Of `admin_logs` only what happened then or later. Elsewhere, where no position is given, a "
    "page begins with what was recorded then.",
    TIME,
)
CREATED_BEFORE = Parameter(
    "created_before", "Of `admin_logs` only what happened before. Not used elsewhere.", TIME
)
FIELDS = Parameter(
    "fields",
    "Names of fields, with commas between; others than the usual are left out. A dot leads into "
    "an object.",
)
LIMIT = Parameter(
    "limit",
    f"The most entries; more than {parameters.MOST_ITEMS} are as so many.",
    NATURAL | {"default": parameters.DEFAULT_LIMIT},
)
OFFSET = Parameter("offset", "How many entries to skip.", NATURAL)
USE_MARKER = Parameter("usemarker", "Whether pages are found by `marker`.", FLAG)
PAGES = (
    Parameter(
        "sort",
        "What is sorted by, folders and files apart.",
        {"enum": [by.value for by in SortBy], "default": SortBy.NAME.value},
    ),
    Parameter("direction", "Rising or falling.", {"enum": ["ASC", "DESC"], "default": "ASC"}),
    LIMIT,
    OFFSET,
    USE_MARKER,
    Parameter("marker", "As the page before gave it."),
)
ETAG = {"ETag": "The `etag`, in quotes; not of the root of a home."}
IF_NONE_MATCH = Parameter("If-None-Match", "An `etag` that the client has already.", where="header")
UNCHANGED = Answer(about="The item is as the client has it")


def item_id(kind: str, example: str) -> Parameter:
    """The id of an item or user in the path."""
    return Parameter("id", f"The id of the {kind}.", where="path", example=example)


READ_EVENTS = Operation(
    "Read a page of the events of the user, or of the enterprise",
    {
        200: Answer(
            Events | EnterpriseEvents,
            headers={
                OLDEST_HEADER: "The position before the oldest event kept.",
                REMAINING_HEADER: "How many events are behind this page.",
                GAP_HEADER: "`true` where the position could not be served exactly.",
                COMPLETE_HEADER: "Until when a page of `admin_logs`, with those before it, has "
                "everything.",
            },
        )
    },
    about="A page shorter than its limit is not the end: go on until it is empty.",
    parameters=(
        STREAM_TYPE,
        POSITION,
        Parameter(
            "limit",
            f"The most events; more than {parameters.MOST_EVENTS} are as so many. With 0 the "
            "position alone is answered.",
            NATURAL | {"default": parameters.DEFAULT_LIMIT},
        ),
        EVENT_TYPE,
        CREATED_AFTER,
        CREATED_BEFORE,
    ),
    scope=READ_SCOPE,
)

OPEN_CHANNEL = Operation(
    "Ask for a realtime URL",
    {200: Answer(RealtimeServers)},
    about="Add `stream_position=` to the URL, poll it, and read events when it answers.",
    parameters=(STREAM_TYPE, EVENT_TYPE),
    scope=READ_SCOPE,
)

POLL = Operation(
    "Wait on a realtime URL until there is something to read",
    {200: Answer(Message)},
    about="The channel is the permission. 401 when its grant was revoked.",
    parameters=(
        Parameter("channel", "As in the realtime URL.", required=True),
        Parameter("stream_type", "As in the realtime URL."),
        Parameter("event_type", "As in the realtime URL."),
        Parameter("enterprise", "As in the realtime URL."),
        POSITION,
    ),
    refusals=(400, 401, 404),
    is_open=True,
)

READ_USER = Operation(
    "Read a user",
    {200: Answer(shapes.FullUser | shapes.UserMini, is_chosen=True)},
    about="Admins read everybody in the enterprise. Others read themselves, and name and login "
    "of those with whom they share a folder.",
    parameters=(item_id("user, or `me`", "me"), FIELDS),
    refusals=(404,),
)

LIST_USERS = Operation(
    "List the users of the enterprise, by offset or by marker",
    {200: Answer(shapes.Users)},
    about="For admins only.",
    parameters=(
        Parameter("filter_term", "How the name or the login begins."),
        Parameter(
            "user_type",
            "Which of them; `external` ones there are none.",
            {"enum": ["all", "managed", "external"], "default": "all"},
        ),
        FIELDS,
        LIMIT,
        OFFSET,
        USE_MARKER,
        Parameter("marker", "As the page before gave it.", NATURAL),
    ),
    scope=USERS_SCOPE,
)

READ_FILE = Operation(
    "Read a file",
    {200: Answer(shapes.File, is_chosen=True, headers=ETAG), 304: UNCHANGED},
    parameters=(item_id("file", "1001"), FIELDS, IF_NONE_MATCH),
    refusals=(404,),
    scope=ITEM_SCOPE,
)

READ_FOLDER = Operation(
    "Read a folder, with a page of what is in it",
    {200: Answer(shapes.Folder, is_chosen=True, headers=ETAG), 304: UNCHANGED},
    parameters=(item_id("folder, `0` for the root", "0"), FIELDS, IF_NONE_MATCH, *PAGES),
    refusals=(404,),
    scope=ITEM_SCOPE,
)

LIST_ITEMS = Operation(
    "List what is in a folder, by offset or by marker",
    {200: Answer(shapes.ItemCollection | shapes.MarkedItems)},
    parameters=(item_id("folder, `0` for the root", "0"), FIELDS, *PAGES),
    refusals=(404,),
    scope=ITEM_SCOPE,
)

LIST_TRASH = Operation(
    "List what is in the trash, by offset or by marker",
    {200: Answer(shapes.ItemCollection | shapes.MarkedItems)},
    parameters=(FIELDS, *PAGES),
    scope=READ_SCOPE,
)

READ_TRASHED_FILE = replace(READ_FILE, summary="Read a file in the trash", scope=READ_SCOPE)

READ_TRASHED_FOLDER = Operation(
    "Read a folder in the trash",
    {200: Answer(shapes.Folder, is_chosen=True, headers=ETAG), 304: UNCHANGED},
    parameters=(item_id("folder", "1001"), FIELDS, IF_NONE_MATCH),
    refusals=(404,),
    scope=READ_SCOPE,
)

READ_CONTENT = Operation(
    "Ask for the URL by which a file is downloaded",
    {302: Answer(headers={"Location": "The URL, good for 15 minutes; it needs no token."})},
    about="404 where the content is not on this server, 409 where it is not what is recorded.",
    parameters=(
        item_id("file", "1001"),
        Parameter("version", "The id of the file's present version; there are no others."),
        Parameter("Range", "Makes this and others like it one download.", where="header"),
    ),
    refusals=(404, 409),
    scope=DOWNLOAD_SCOPE,
)

DOWNLOAD = Operation(
    "Download a file",
    {
        200: Answer(BYTES, media="application/octet-stream", headers=CONTENT_HEADERS),
        206: Answer(
            BYTES,
            "A part of it",
            media="application/octet-stream",
            headers=CONTENT_HEADERS | {"Content-Range": "Which part it is."},
        ),
    },
    about="The ticket is the permission.",
    parameters=(
        Parameter("ticket", "As in the URL that was asked for.", where="path"),
        Parameter("Range", "One range of bytes; of several all is sent.", where="header"),
        Parameter("If-Range", "An `ETag` for which the range is meant.", where="header"),
    ),
    refusals=(404, 409, 416),
    is_open=True,
)
