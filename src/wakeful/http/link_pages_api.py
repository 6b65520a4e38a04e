"""What the pages under shared links take and answer, for the API description."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from wakeful.http.content import CONTENT_HEADERS
from wakeful.http.description import BYTES, TEXT, Answer, Body, Operation, Parameter

_HTML = "text/html"
_KEY = Parameter("key", "Of the link.", where="path", example="AAAA")
_ITEM = Parameter(
    "item", "The id of the file or folder, or of one below it.", where="path", example="1001"
)
_ASKS = Answer(TEXT, "A page that asks for a password, or who is there.", media=_HTML)
_GONE = Answer(TEXT, "There is no such link, or not any more.", media=_HTML)


class LinkForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the forms of the pages send; `token` is that of the page."""

    do: Annotated[str, Meta(examples=["open", "login"])]
    token: str
    login: str = ""
    password: str = ""


SHOW = Operation(
    "Open a shared link",
    {
        200: Answer(TEXT, "A page: a file to download, or what is in a folder.", media=_HTML),
        403: _ASKS,
        404: _GONE,
    },
    parameters=(_KEY,),
    is_open=True,
)

SHOW_BELOW = replace(SHOW, summary="Open something below a shared link", parameters=(_KEY, _ITEM))

ENTER = Operation(
    "Give the password of a shared link, or log in for it",
    {
        303: Answer(None, "The page again, with a cookie."),
        400: Answer(TEXT, "The page again: it was too old.", media=_HTML),
        403: _ASKS,
        404: _GONE,
        429: Answer(TEXT, "Too many attempts.", media=_HTML),
    },
    parameters=(_KEY,),
    body=Body(LinkForm, media=("application/x-www-form-urlencoded",)),
    is_open=True,
)

ENTER_BELOW = replace(
    ENTER, summary="The same for something below a shared link", parameters=(_KEY, _ITEM)
)

CONTENT = Operation(
    "Download a file by a shared link",
    {
        200: Answer(BYTES, media="application/octet-stream", headers=CONTENT_HEADERS),
        206: Answer(BYTES, media="application/octet-stream", headers=CONTENT_HEADERS),
        403: _ASKS,
        404: _GONE,
        416: Answer(TEXT, "Nothing is in that range.", media=_HTML),
    },
    parameters=(
        _KEY,
        _ITEM,
        Parameter("pass", "As a redirect gave it."),
        Parameter("Range", "One range of bytes.", where="header"),
    ),
    is_open=True,
)
